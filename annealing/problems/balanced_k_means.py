"""k-means with clusters of equal size.

    loss(w) = sum_j sum_{n<m} w_nj w_mj |x_n - x_m|^2,      w_nj = 1 where point n is in cluster j

under two constraints: each point is in one cluster, and clusters hold N / k points. In the form of
Arthur and Date, Quantum Inf. Process. 20 (2021), doi:10.1007/s11128-021-03240-8, and of Date,
Arthur and Pusey-Nazzaro, Sci. Rep. 11, 10029 (2021). Pairs inside a cluster of s points sum to s
times their squared distances to the centre, so with equal sizes it is the loss of k-means times
N / k. Where k does not divide N we ask for floor(N / k) or one more, still by a quadratic penalty.

The authors report that the quantum annealer is usually worse than the best classical algorithm.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import binary
from annealing.encodings.choices import exactly_one
from annealing.problem import Problem, added, constrained, quadratic_problem
from annealing.problems.assignment_clustering import check_clusters, squared_distances
from annealing.qubo import Qubo, by_blocks, finite, qubo_from_matrix


def balanced_k_means(X: Any, k: int, *, weight: float | None = None) -> Problem:
    """The problem of splitting points into k clusters of equal size with the least spread.

    Args:
        X: points (N, f); scale the features first.
        k: number of clusters, from 1 to N.
        weight: price of one unit of broken constraint, of either kind; by default
            `balanced_weight`, which is enough.

    Returns:
        A problem of `clustering_variables(N, k)` variables; the parameters are w (N * k,), all
        clusters of the first point first. `cluster_labels` reads them.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = balanced_k_means([[0.0], [1.0], [5.0], [6.0]], 2)
    >>> problem.loss([[1, 0, 1, 0, 0, 1, 0, 1], [1, 0, 0, 1, 1, 0, 0, 1]])
    array([ 2., 50.])
    """
    X = finite("X", X, ndim=2)
    check_clusters(len(X), k)
    D = squared_distances(X)
    problem = quadratic_problem(
        np.kron(D / 2, np.eye(k)),
        np.zeros(len(X) * k),
        0.0,
        binary(len(X) * k),
        loss=partial(_loss, X - X.mean(axis=0), k),
        name="balanced_k_means",
        details={"points": len(X), "clusters": int(k)},
    )
    constraint = added(equal_sizes(len(X), k), exactly_one(len(X), k))
    weight = balanced_weight(D, k) if weight is None else weight
    return constrained(problem, constraint, weight)._replace(relaxed=None)


def equal_sizes(N: int, k: int) -> Qubo:
    """The constraint that each of k clusters holds floor(N / k) points or, if N needs it, one more.

    (s - q)^2 of the size s where q = N / k is whole, (s - q)(s - q - 1) / 2 with its floor where
    not: 0 at the sizes allowed, and from 1 on at all others.

    >>> equal_sizes(3, 2).energy([[1, 0, 1, 0, 0, 1], [1, 0, 1, 0, 1, 0]])
    array([0., 2.])
    """
    q, rest = divmod(N, k)
    upper, unit = (q, 1) if rest == 0 else (q + 1, 2)
    square = np.kron(np.ones((N, N)), np.eye(k))
    return qubo_from_matrix((square - (q + upper) * np.eye(N * k)) / unit, k * q * upper / unit)


def balanced_weight(distances: np.ndarray, k: int) -> float:
    """A price of one unit of broken constraint that no gain in distance can pay for.

    Any broken answer has a cheaper neighbour. Points assigned twice or not at all can be exchanged,
    moved or added without a size getting worse, and of sizes that differ by two or more a point can
    go from the larger to the smaller. Each such step ends a unit of penalty and puts one point
    among q = floor(N / k) others at most, so the largest sum of q distances of one point is enough.
    A point that stays where it belongs pays much less: a fraction often is enough too, and walls an
    annealer in less; check the answer with `broken`.

    >>> round(balanced_weight(squared_distances([[0.0], [1.0], [5.0], [6.0]]), 2), 6)
    61.0
    """
    q = len(distances) // k
    return float(np.sort(distances, axis=1)[:, -q:].sum(axis=1).max()) * (1 + 1e-9) or 1.0


def _loss(X: np.ndarray, k: int, w: Any) -> Any:
    """The loss of assignments `w` (..., N * k): sizes times second moments minus squared sums."""
    length = (X**2).sum(axis=1)

    def rows(t: np.ndarray) -> np.ndarray:
        W = t.reshape(len(t), len(X), k)
        sizes, moments, sums = W.sum(axis=1), length @ W, W.swapaxes(1, 2) @ X
        return (sizes * moments - (sums**2).sum(axis=2)).sum(axis=1)

    return by_blocks(rows, np.asarray(w, dtype=float), len(X) * k + k * X.shape[1])
