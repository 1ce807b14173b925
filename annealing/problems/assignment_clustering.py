"""Clustering by assignment: each point into one of k clusters, near points together.

    loss(w) = sum_j sum_{n<m} w_nj w_mj d_nm,       w_nj = 1 where point n is in cluster j

in the form of Kumar, Bass, Tomlin and Dulny, arXiv:1708.05753. It is the weighted maximum k-cut,
not k-means: a cluster pays for its pairs, so a large one pays more than its spread, and clusters of
like size are preferred. The names of the clusters are free, so every answer occurs k! times.

N * k variables: a chip that embeds 180 coupled variables takes 60 points in 3 clusters. Classical
clustering takes millions: it is what an answer has to be compared with.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import binary
from annealing.encodings.choices import exactly_one
from annealing.problem import Problem, constrained, quadratic_problem
from annealing.qubo import by_blocks, finite


def assignment_clustering(distances: Any, k: int, *, weight: float | None = None) -> Problem:
    """The problem of splitting N points into k clusters with the least sum of distances inside.

    Args:
        distances: (N, N), symmetric, not negative, zero on the diagonal; any dissimilarity, such as
            `squared_distances`.
        k: number of clusters, from 1 to N; some may stay empty.
        weight: price of a point in no cluster, or in two. By default just above the largest of
            sum_m d_nm / k, which is enough: adding a lost point to the cheapest cluster costs no
            more than the mean over clusters, and taking one out of a second cluster costs nothing.

    Returns:
        A problem of `clustering_variables(N, k)` variables; the parameters are w (N * k,), all
        clusters of the first point first. `cluster_labels` reads them.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = assignment_clustering([[0.0, 9.0, 1.0], [9.0, 0.0, 9.0], [1.0, 9.0, 0.0]], 2)
    >>> problem.loss([[1, 0, 0, 1, 1, 0], [1, 0, 1, 0, 0, 1]])
    array([1., 9.])
    """
    D = _checked_distances(distances)
    check_clusters(len(D), k)
    problem = quadratic_problem(
        np.kron(D / 2, np.eye(k)),
        np.zeros(len(D) * k),
        0.0,
        binary(len(D) * k),
        loss=partial(_loss, D, k),
        name="assignment_clustering",
        details={"points": len(D), "clusters": int(k)},
    )
    if weight is None:
        weight = float(D.sum(axis=1).max() / k) * (1 + 1e-9) or 1.0
    return constrained(problem, exactly_one(len(D), k), weight)._replace(relaxed=None)


def clustering_variables(N: int, k: int) -> int:
    """Variables of `assignment_clustering` and `balanced_k_means` for N points in k clusters.

    >>> clustering_variables(60, 3)
    180
    """
    return N * k


def cluster_labels(w: Any, k: int) -> np.ndarray:
    """Clusters (..., N) of the points by their assignments `w` (..., N * k); -1 if not just one.

    >>> cluster_labels([1, 0, 0, 1, 1, 1, 0, 0], 2)
    array([ 0,  1, -1, -1])
    """
    W = np.asarray(w)
    W = W.reshape(*W.shape[:-1], -1, k)
    return np.where(W.sum(axis=-1) == 1, W.argmax(axis=-1), -1)


def squared_distances(X: Any) -> np.ndarray:
    """Squared Euclidean distances (N, N) of points `X` (N, f).

    >>> squared_distances([[0.0, 0.0], [3.0, 4.0]])
    array([[ 0., 25.],
           [25.,  0.]])
    """
    X = finite("X", X, ndim=2)
    X = X - X.mean(axis=0)  # far from the origin the differences below would lose their digits
    length = (X**2).sum(axis=1)
    D = np.maximum(length[:, None] + length - 2 * X @ X.T, 0.0)
    D = (D + D.T) / 2
    np.fill_diagonal(D, 0.0)
    return D


def check_clusters(N: int, k: Any) -> None:
    """Refuse a number of clusters that N points cannot fill.

    >>> check_clusters(3, 4)
    Traceback (most recent call last):
    ValueError: Argument `k` must be an int from 1 to the number of points 3, but is k=4.
    """
    if not isinstance(k, int | np.integer) or not 1 <= k <= N:
        raise ValueError(
            f"Argument `k` must be an int from 1 to the number of points {N}, but is k={k!r}."
        )


def _checked_distances(distances: Any) -> np.ndarray:
    D = finite("distances", distances, ndim=2)
    if D.shape[0] != D.shape[1] or (D < 0).any() or D.diagonal().any() or (D != D.T).any():
        raise ValueError(
            f"Argument `distances` must be a symmetric (N, N) of numbers from 0 on with a zero "
            f"diagonal, but is another matrix of shape {D.shape}."
        )
    return D


def _loss(D: np.ndarray, k: int, w: Any) -> Any:
    """Sum of the distances inside clusters, for assignments `w` (..., N * k)."""

    def rows(t: np.ndarray) -> np.ndarray:
        W = t.reshape(len(t), len(D), k)
        return ((D @ W) * W).sum(axis=(1, 2)) / 2

    return by_blocks(rows, np.asarray(w, dtype=float), len(D) * k)
