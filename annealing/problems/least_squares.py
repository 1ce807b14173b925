"""Linear regression by annealing.

    loss(theta) = |X theta - y|^2 / N + ridge |theta|^2

Date, Arthur and Pusey-Nazzaro, Sci. Rep. 11, 10029 (2021), who minimise the sum, not the mean.
The honest baseline is the ordinary solution rounded to the nearest levels of the encoding, which
few-bit annealing seldom beats: print it beside. A box of two or three bits that shrinks around the
last answer (`around`; iterative least squares, arXiv:2505.02788) reaches any precision instead.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import Encoding
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks, finite


def least_squares(X: Any, y: Any, encoding: Encoding, *, ridge: Any = 0.0) -> Problem:
    """The problem of fitting y by X theta over the levels of `encoding`.

    Args:
        X: design matrix (N, p); add a column of ones for an intercept.
        y: targets (N,).
        encoding: from bits to the p coefficients.
        ridge: price of the squared length of the coefficients, one number or (p,) of each.

    Raises:
        ValueError: shapes do not fit each other, or a number is not finite.

    >>> from annealing.encodings.affine import (twos_complement)
    >>> problem = least_squares([[1.0], [2.0]], [-0.5, -1.0], twos_complement(1, 2))
    >>> problem.qubo.energy([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0.625, 2.5  , 0.625, 0.   ])
    """
    X, y, ridge = finite("X", X, ndim=2), finite("y", y, ndim=1), finite("ridge", ridge)
    if len(X) == 0 or X.shape != (len(y), encoding.n_parameters):
        raise ValueError(
            f"Arguments `X` and `y` must have shapes (N, {encoding.n_parameters}) and (N,) with "
            f"N > 0 to fit the encoding, but have {X.shape} and {y.shape}."
        )
    if ridge.shape not in ((), (X.shape[1],)):
        raise ValueError(
            f"Argument `ridge` must be a number or have shape {(X.shape[1],)}, "
            f"but has shape {ridge.shape}."
        )
    N = len(y)
    return quadratic_problem(
        X.T @ X / N + ridge * np.eye(X.shape[1]),
        -2 * X.T @ y / N,
        y @ y / N,
        encoding,
        loss=partial(_loss, X, y, ridge),
        name="least_squares",
        details={"events": N, "ridge": ridge.tolist()},
    )


def _loss(X: Any, y: Any, ridge: Any, theta: Any) -> Any:
    """The loss of coefficients `theta` (..., p), from the data themselves."""
    return by_blocks(
        lambda t: ((t @ X.T - y) ** 2).mean(axis=-1) + (ridge * t**2).sum(axis=-1),
        np.asarray(theta, dtype=float),
        len(y),
    )
