"""Support vector machines by annealing, in their dual form: one multiplier for each event.

    loss(a) = sum_nm a_n a_m y_n y_m k(x_n, x_m) / 2 - sum_n a_n + xi (sum_n a_n y_n)^2,
    a_n = C sum_k base^k bit_nk / sum_k base^k

In the form of Willsch, Willsch, De Raedt and Michielsen, Comput. Phys. Commun. 248, 107006 (2020),
arXiv:1906.06283, whose C is sum_k base^k. With base 2 and a free C it is the k-bit machine of
Muecke, arXiv:2510.26323, who finds one bit often enough. The price xi of an unbalanced sum stands
for the constraint of the dual; it is soft, and part of the loss: as if 2 xi were added to the
kernel.

N events take N * bits variables that are all coupled, so a chip of today holds about 180 of them;
larger sets are cut into subsets. A classical solver finds the exact multipliers at once.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import geometric
from annealing.problem import Problem, quadratic_problem
from annealing.problems.boosting import check_signs
from annealing.qubo import by_blocks, finite


def svm_dual(
    kernel: Any,
    labels: Any,
    *,
    bits: int = 2,
    base: float = 2.0,
    C: float | None = None,
    xi: float = 1.0,
) -> Problem:
    """The problem of training a kernel machine: multipliers of the events, few of them not zero.

    Args:
        kernel: (N, N), of every two events; also one measured on a quantum circuit.
        labels: (N,), -1 or +1.
        bits: bits of one multiplier.
        base: ratio of two neighbouring bits; 2 gives equally spaced levels from 0 to C.
        C: largest multiplier; larger fits the training events harder. By default the sum of
            base**k, so that the least bit counts 1, as published.
        xi: price of the squared sum of signed multipliers.

    Returns:
        A problem of `svm_dual_variables(N, bits)` variables; the parameters are the multipliers
        (N,), the most significant bit first.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = svm_dual([[1.0, 0.0], [0.0, 1.0]], [1, -1], bits=1)
    >>> problem.qubo.energy([[0, 0], [1, 0], [1, 1]])
    array([ 0. ,  0.5, -1. ])
    """
    K, y = finite("kernel", kernel, ndim=2), finite("labels", labels, ndim=1)
    if len(y) == 0 or K.shape != (len(y), len(y)):
        raise ValueError(
            f"Arguments `kernel` and `labels` must have shapes (N, N) and (N,) with N > 0, "
            f"but have {K.shape} and {y.shape}."
        )
    check_signs(y)
    xi = float(finite("xi", xi))
    if xi < 0:
        raise ValueError(f"Argument `xi` must not be negative, but is xi={xi}.")
    if C is not None and not finite("C", C) > 0:
        raise ValueError(f"Argument `C` must be positive or None, but is C={C}.")
    encoding = geometric(len(y), bits, base)
    published = float(encoding.box()[1][0])
    largest = published if C is None else float(C)
    return quadratic_problem(
        (K / 2 + xi) * np.outer(y, y),
        -np.ones(len(y)),
        0.0,
        encoding._replace(matrix=encoding.matrix * (largest / published)),
        loss=partial(_loss, K, y, xi),
        name="svm_dual",
        details={"bits": bits, "base": float(base), "C": largest, "xi": xi},
    )


def svm_dual_variables(N: int, bits: int) -> int:
    """Variables of `svm_dual` for N events.

    >>> svm_dual_variables(90, 2)
    180
    """
    return N * bits


def _loss(K: np.ndarray, y: np.ndarray, xi: float, alpha: Any) -> Any:
    """The loss of multipliers `alpha` (..., N), from kernel and labels."""

    def rows(a: np.ndarray) -> np.ndarray:
        signed = a * y
        length = ((signed @ K) * signed).sum(axis=-1)
        return length / 2 - a.sum(axis=-1) + xi * signed.sum(axis=-1) ** 2

    return by_blocks(rows, np.asarray(alpha, dtype=float), len(y))
