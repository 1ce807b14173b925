"""Two clusters by one spin a point.

    loss(s) = sum_n |x_n|^2 - |sum_n s_n x_n|^2 / N,        x centred, s_n = -1 or +1

in the form of Bauckhage et al., arXiv:1706.05528. Where both clusters hold N / 2 points it is the
loss of k-means; elsewhere it is above it, by a share of the squared distance of the centres, so it
prefers clusters of equal size. Half the variables of one-hot clustering, and no constraint.

The relaxation to real spins of the same length is the first principal component, and cutting the
data by its sign is the classical answer to compare with. s and -s are the same clusters.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import spin
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks, finite


def two_means(X: Any) -> Problem:
    """The problem of splitting points into two clusters of small spread.

    Args:
        X: points (N, f); scale the features first. They are centred here.

    Returns:
        A problem of N variables; the parameters are the spins (N,). `relaxed` gives real spins of
        the same length, whose loss no spins can beat.

    Raises:
        ValueError: no points, or a number that is not finite.

    >>> problem = two_means([[0.0], [1.0], [5.0], [6.0]])
    >>> problem.loss([[-1, -1, 1, 1], [-1, 1, 1, 1], [1, 1, 1, 1]])
    array([ 1., 17., 26.])
    """
    X = finite("X", X, ndim=2)
    if 0 in X.shape:
        raise ValueError(f"Argument `X` must have shape (N, f) with N, f > 0, but has {X.shape}.")
    X = X - X.mean(axis=0)
    N = len(X)
    problem = quadratic_problem(
        -X @ X.T / N,
        np.zeros(N),
        (X**2).sum(),
        spin(N),
        loss=partial(_loss, X),
        name="two_means",
        details={"points": N},
    )
    return problem._replace(relaxed=partial(_principal, X))


def _loss(X: np.ndarray, spins: Any) -> Any:
    """The loss of spins (..., N), from the centred points."""
    total = (X**2).sum()
    return by_blocks(
        lambda s: total - ((s @ X) ** 2).sum(axis=1) / len(X),
        np.asarray(spins, dtype=float),
        len(X) + X.shape[1],
    )


def _principal(X: np.ndarray) -> np.ndarray:
    """Real spins (N,) of length sqrt(N) with the least loss; the largest is positive."""
    first = np.linalg.svd(X, full_matrices=False)[0][:, 0]
    return first * np.sqrt(len(X)) * np.sign(first[np.abs(first).argmax()])
