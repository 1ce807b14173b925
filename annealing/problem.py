"""A learning task written as a QUBO, with the way back from bits to parameters.

A loss that is quadratic in the parameters stays quadratic under an affine encoding: with
theta = shift + M b the loss theta.A.theta + b.theta + c is a QUBO in the bits, exactly.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from annealing.encodings import Encoding
from annealing.qubo import Qubo, by_blocks, finite, qubo_from_matrix


class Problem(NamedTuple):
    """A loss to minimise over bit strings.

    Every problem keeps one law, for every bit string: `qubo.energy(bits)` equals
    `loss(decode(bits))`, the offset being part of the QUBO.

    `decode` maps bits (..., n) to parameters (..., p), `loss` parameters (..., p) to (...);
    `details` says in JSON-able words and numbers what was encoded.
    """

    qubo: Qubo
    decode: Callable[[Any], np.ndarray]
    loss: Callable[[Any], Any]
    name: str
    details: dict


def quadratic_problem(
    A: Any,
    b: Any,
    c: float,
    encoding: Encoding,
    *,
    loss: Callable | None = None,
    name: str = "quadratic",
    details: Mapping | None = None,
) -> Problem:
    """The problem of minimising theta.A.theta + b.theta + c over the levels of `encoding`.

    Args:
        A: (p, p), need not be symmetric.
        b: (p,).
        c: constant.
        encoding: from bits to the p parameters.
        loss: the same function of parameters (..., p) written in its own way (from the data, say);
            the quadratic form itself by default.
        name: what the problem is called in records.
        details: what else records should say.

    Raises:
        ValueError: shapes do not fit the encoding, or a coefficient is not finite.

    >>> from annealing.encodings import spin
    >>> problem = quadratic_problem([[0.0, 1.0], [0.0, 0.0]], [0.5, 0.0], 2.0, spin(2))
    >>> float(problem.qubo.energy([1, 0])), float(problem.loss(problem.decode([1, 0])))
    (1.5, 1.5)
    """
    p = encoding.n_parameters
    A, b, c = finite("A", A, ndim=2), finite("b", b, ndim=1), float(finite("c", c))
    if A.shape != (p, p) or b.shape != (p,):
        raise ValueError(
            f"Arguments `A` and `b` must have shapes {(p, p)} and {(p,)} to fit the encoding, "
            f"but have {A.shape} and {b.shape}."
        )

    def form(theta):
        theta = np.asarray(theta, dtype=float)
        return by_blocks(lambda t: ((t @ A) * t).sum(axis=-1) + t @ b + c, theta, p)

    return Problem(
        qubo=_compose(A, b, c, encoding),
        decode=encoding.decode,
        loss=form if loss is None else loss,
        name=name,
        details={"variables": encoding.n_variables, "parameters": p, **(details or {})},
    )


def _compose(A: np.ndarray, b: np.ndarray, c: float, encoding: Encoding) -> Qubo:
    """The QUBO of the loss theta.A.theta + b.theta + c at theta = shift + M bits."""
    shift, M = encoding
    linear = M.T @ ((A + A.T) @ shift + b)
    constant = float(shift @ A @ shift + b @ shift + c)
    return qubo_from_matrix(M.T @ A @ M + np.diag(linear), constant)
