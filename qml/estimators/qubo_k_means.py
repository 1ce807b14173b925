"""Clustering of a sample of the points by an annealer, of the others by the nearest centre."""

import time
from typing import Any, Literal

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils.validation import check_is_fitted

from annealing import (
    Problem,
    assignment_clustering,
    balanced_k_means,
    cluster_labels,
    squared_distances,
    two_means,
)
from qml.estimators.labels import checked
from qml.estimators.solving import TrainedByAnnealer

SHARES = np.array([1 / 8, 1 / 4, 1 / 2, 1.0])  # of the penalty weight that is always enough


class QUBOKMeans(
    TrainedByAnnealer,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Clustering: an annealer splits at most `max_samples` points, others join the nearest centre.

    Scale the features first. scikit-learn's `KMeans` takes all points; what this offers is the
    constraint of equal sizes, and a benchmark of annealers. `labels_` holds the
    annealer's clusters of the points it was given, which need not be those of the nearest centre,
    as `predict` gives them.

    A penalty weight that is always enough walls an annealer in, so the first QUBO has an eighth of
    it, and while the best read breaks a constraint another one has twice the weight.

    Args:
        n_clusters: clusters.
        formulation: "balanced", clusters of equal size (of the points given to the annealer);
            "pairs", the least sum of squared distances inside clusters, of any size; "two_means",
            half the variables, for two clusters of about equal size.
        max_samples: points given to the annealer, spread evenly along the first principal
            component; the QUBO has n_clusters times as many variables ("two_means": as many).
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides the annealer's draws.

    After `fit`: `labels_` (N,), `cluster_centers_` (k, f), k being less than `n_clusters` where a
    cluster stayed empty, `sample_indices_` (m,) of the points given to the annealer, `problem_`,
    `solution_`, `solutions_`. Sources: those of `annealing.problems`.

    Example:
        >>> x = np.array([[0.0], [0.1], [5.0], [5.1]])
        >>> model = QUBOKMeans(2, random_state=0).fit(x)
        >>> np.sort(model.cluster_centers_, axis=0).ravel(), model.predict(x) == model.labels_
        (array([0.05, 5.05]), array([ True,  True,  True,  True]))
    """

    def __init__(
        self,
        n_clusters: int = 2,
        formulation: Literal["balanced", "pairs", "two_means"] = "balanced",
        max_samples: int = 40,
        sampler: Any = None,
        reads: int = 100,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.formulation = formulation
        self.max_samples = max_samples
        self.sampler = sampler
        self.reads = reads
        self.random_state = random_state

    def fit(self, X, y=None):
        """Cluster X (N, f); `y` is not used."""
        X = checked(self, X)
        if not self.n_clusters <= min(len(X), self.max_samples):
            raise ValueError(
                f"n_samples={len(X)} and max_samples={self.max_samples} should both be >= "
                f"n_clusters={self.n_clusters}."
            )
        self.sample_indices_ = spread_choice(X, self.max_samples)
        self._trained_on = X
        self._learn(self._anneal(X[self.sample_indices_]))
        return self

    def predict(self, X) -> np.ndarray:
        """Index (b,) of the nearest centre of X (b, f)."""
        return self.transform(X).argmin(axis=1)

    def transform(self, X) -> np.ndarray:
        """Distances (b, k) of X (b, f) to the centres."""
        check_is_fitted(self)
        return euclidean_distances(checked(self, X, reset=False), self.cluster_centers_)

    def _anneal(self, X) -> np.ndarray:
        """Parameters of points X (m, f) at the least weight whose best read keeps constraints."""
        rng, params = self._draws(), np.empty(0)
        enough = self._pose(X).details.get("penalty_weight")
        for weight in [None] if enough is None else enough * SHARES:
            start = time.perf_counter()
            problem = self._pose(X, weight)
            params = self._minimise(problem, rng, time.perf_counter() - start)
            if not self.solution_.violated:
                break
        return params

    def _pose(self, X, weight: float | None = None) -> Problem:
        if self.formulation == "balanced":
            return balanced_k_means(X, self.n_clusters, weight=weight)
        if self.formulation == "pairs":
            return assignment_clustering(squared_distances(X), self.n_clusters, weight=weight)
        if self.formulation != "two_means" or self.n_clusters != 2:
            raise ValueError(
                "Argument `formulation` must be 'balanced', 'pairs' or, with n_clusters=2, "
                f"'two_means', but is {self.formulation!r} with n_clusters={self.n_clusters}."
            )
        return two_means(X)

    def _learn(self, params):
        X, chosen = self._trained_on, self.sample_indices_
        if self.formulation == "two_means":
            labels = (params > 0).astype(int)
        else:
            labels = cluster_labels(params, self.n_clusters)
        sure = labels >= 0  # a read that breaks a constraint leaves points in no cluster or in two
        if not sure.any():
            raise ValueError("No read puts a point into one cluster; raise `reads` or the sweeps.")
        found, labels[sure] = np.unique(labels[sure], return_inverse=True)
        self.cluster_centers_ = np.array(
            [X[chosen][labels == j].mean(axis=0) for j in range(len(found))]
        )
        self.labels_ = euclidean_distances(X, self.cluster_centers_).argmin(axis=1)
        self.labels_[chosen[sure]] = labels[sure]

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)


def spread_choice(X: np.ndarray, count: int) -> np.ndarray:
    """Indices of `count` points of X (N, f), evenly spaced in order along the first component.

    Example:
        >>> spread_choice(np.array([[4.0], [0.0], [3.0], [1.0], [2.0]]), 3).tolist()
        [0, 1, 4]
    """
    if len(X) <= count:
        return np.arange(len(X))
    centred = X - X.mean(axis=0)
    first = np.linalg.svd(centred, full_matrices=False)[2][0]
    order = np.argsort(centred @ first, kind="stable")
    return np.sort(order[np.linspace(0, len(X) - 1, count).round().astype(int)])
