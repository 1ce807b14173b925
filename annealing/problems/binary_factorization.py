"""Matrix factorisation with a binary factor: one column of it.

    V ~ W H,  H binary:         loss(h) = |v - W h|^2,        h_i = 0 or 1

Each column v of V chooses which columns of W are summed; with W held, the columns of H are QUBOs of
their own, of rank-many variables each. In the form of O'Malley, Vesselinov, Alexandrov and
Alexandrov, PLoS ONE 13, e0206653 (2018), who write that classical heuristics would likely beat the
annealer. `qml.annealed` alternates it with least squares for W.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import binary
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks, finite


def binary_factorization(basis: Any, target: Any) -> Problem:
    """The problem of summing columns of `basis` to come near `target`.

    Args:
        basis: W (f, rank).
        target: v (f,), one column of V.

    Returns:
        A problem of `binary_factorization_variables(rank)` variables; the parameters are h (rank,).

    Raises:
        ValueError: shapes do not fit each other, or a number is not finite.

    >>> problem = binary_factorization([[1.0, 0.0], [1.0, 2.0]], [1.0, 3.0])
    >>> problem.qubo.energy([[0, 0], [1, 0], [0, 1], [1, 1]])
    array([10.,  4.,  2.,  0.])
    """
    W, v = finite("basis", basis, ndim=2), finite("target", target, ndim=1)
    if 0 in W.shape or len(W) != len(v):
        raise ValueError(
            f"Arguments `basis` (f, rank) and `target` (f,) must have one f > 0 and rank > 0, "
            f"but have shapes {W.shape} and {v.shape}."
        )
    return quadratic_problem(
        W.T @ W,
        -2 * W.T @ v,
        float(v @ v),
        binary(W.shape[1]),
        loss=partial(_loss, W, v),
        name="binary_factorization",
    )


def binary_factorization_variables(rank: int) -> int:
    """Variables of `binary_factorization`: one a column of the basis.

    >>> binary_factorization_variables(35)
    35
    """
    return rank


def _loss(W: np.ndarray, v: np.ndarray, h: Any) -> Any:
    """Squared distances (...) of the sums chosen by h (..., rank) from the target."""
    return by_blocks(
        lambda t: ((t @ W.T - v) ** 2).sum(axis=-1), np.asarray(h, dtype=float), len(v)
    )
