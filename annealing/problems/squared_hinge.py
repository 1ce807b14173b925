"""Linear support vector machines with the squared hinge loss, by annealing.

    min_w,b  sum_n max(0, 1 - m_n)^2 / N + ridge |w|^2,         m_n = y_n (w.x_n + b)

A maximum is no square, but a minimum over a surplus s_n >= 0 of one: max(0, 1 - m)^2 is the least
of (1 + s - m)^2. So with a surplus for each event as a further parameter,

    loss(w, b, s) = sum_n (1 + s_n - m_n)^2 / N + ridge |w|^2

is quadratic, needs no constraint and no penalty weight, and its minimum is that of the machine. The
epigraph and the surplus variables are those of Sci. Rep. (2026), doi:10.1038/s41598-026-53864-y,
which ties them by a penalty; here the equation is solved for the violation instead.

(d + 1 + N) * bits variables. A surplus is bounded: an event further from the boundary than
1 + surplus costs again, and the steps of s cost up to (step / 2)^2 each, which few bits make large.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import fixed_point
from annealing.problem import Problem, quadratic_problem
from annealing.problems.boosting import check_signs
from annealing.qubo import by_blocks, finite


def squared_hinge(
    X: Any,
    labels: Any,
    *,
    bits: int = 3,
    largest: float = 1.0,
    surplus: float = 2.0,
    ridge: float = 0.01,
) -> Problem:
    """The problem of training a linear machine by its squared hinge loss.

    Args:
        X: features (N, d), best scaled to about 1.
        labels: (N,), -1 or +1.
        bits: bits of each coefficient and each surplus.
        largest: coefficients and intercept lie between -largest and largest.
        surplus: the margins from 1 to 1 + surplus cost nothing.
        ridge: price of the squared length of the coefficients, without the intercept.

    Returns:
        A problem of `squared_hinge_variables(N, d, bits)` variables; the parameters (d + 1 + N,)
        are the coefficients, the intercept and the surpluses.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = squared_hinge([[2.0], [-2.0]], [1, -1], bits=1, surplus=1.0, ridge=0.0)
    >>> float(problem.qubo.energy([1, 1, 1, 0])), problem.decode([1, 1, 1, 0]).tolist()
    (0.5, [1.0, 1.0, 1.0, 0.0])
    """
    X, y = finite("X", X, ndim=2), finite("labels", labels, ndim=1)
    if 0 in X.shape or len(X) != len(y):
        raise ValueError(
            f"Arguments `X` (N, d) and `labels` (N,) must have one N > 0 and d > 0, "
            f"but have shapes {X.shape} and {y.shape}."
        )
    check_signs(y)
    for name, value in {"largest": largest, "surplus": surplus}.items():
        if not finite(name, value) > 0:
            raise ValueError(f"Argument `{name}` must be positive, but is {name}={value}.")
    ridge = float(finite("ridge", ridge))
    (N, d), own = X.shape, np.arange(X.shape[1])
    design = np.hstack([y[:, None] * X, y[:, None], -np.eye(N)])  # residual = 1 - design.theta
    A = design.T @ design / N
    A[own, own] += ridge
    bound = np.repeat([largest, surplus], [d + 1, N])
    return quadratic_problem(
        A,
        -2 * design.mean(axis=0),
        1.0,
        fixed_point(d + 1 + N, bits, np.where(np.arange(d + 1 + N) > d, 0.0, -bound), bound),
        loss=partial(_loss, X, y, ridge),
        name="squared_hinge",
        details={"events": N, "bits": bits, "ridge": ridge},
    )


def squared_hinge_variables(N: int, d: int, bits: int) -> int:
    """Variables of `squared_hinge` for N events of d features.

    >>> squared_hinge_variables(40, 4, 4)
    180
    """
    return (d + 1 + N) * bits


def _loss(X: np.ndarray, y: np.ndarray, ridge: float, theta: Any) -> Any:
    """The loss of parameters `theta` (..., d + 1 + N), from the data themselves."""
    d = X.shape[1]

    def rows(t: np.ndarray) -> np.ndarray:
        w, intercept, surplus = t[:, :d], t[:, d : d + 1], t[:, d + 1 :]
        residual = 1 + surplus - y * (w @ X.T + intercept)
        return (residual**2).mean(axis=-1) + ridge * (w**2).sum(axis=-1)

    return by_blocks(rows, np.asarray(theta, dtype=float), len(y))
