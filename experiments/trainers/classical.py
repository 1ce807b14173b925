"""What quantum rows stand beside: strong and trivial classical answers."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from experiments.trainers.trained import Trained, behind, trained_since
from qml import best_threshold, fit_weak_classifiers, vote


def logistic_regression(
    x, y, seed, *, products: bool = True, inverse_penalty: float = 1.0
) -> Trained:
    """Scikit-learn's logistic regression on standardised features and their products."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    del seed  # the solver is deterministic
    pairs = PolynomialFeatures(interaction_only=products, degree=2 if products else 1)
    model = LogisticRegression(C=inverse_penalty, max_iter=2000)
    return _sklearn(make_pipeline(pairs, StandardScaler(), model), x, y)


def boosted_trees(x, y, seed, *, trees: int = 150, learning_rate: float = 0.05) -> Trained:
    """Scikit-learn's histogram gradient boosting on the features."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=learning_rate, random_state=seed
    )
    return _sklearn(model, x, y)


def untrained_sum(x, y, seed, *, products: bool = True) -> Trained:
    """The trivial ensemble: every weak classifier with weight one, nothing optimised."""
    del seed
    start = time.perf_counter()
    weak = fit_weak_classifiers(x, y, products=products)
    ones = np.ones(len(weak.cut))
    threshold = best_threshold(vote(weak, ones, 0.0, x), y)
    return trained_since(start, partial(vote, weak, ones, threshold))


def svc(x, y, seed, *, largest: float = 3.0) -> Trained:
    """Scikit-learn's support vector machine: the exact minimum, multipliers up to `largest`."""
    from sklearn.svm import SVC

    del seed  # the solver is deterministic
    return _standardised(SVC(C=largest), x, y)


def kernel_means(x, y, seed) -> Trained:
    """The trivial kernel machine: all multipliers equal, so mean similarity to either class."""
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.preprocessing import StandardScaler

    del seed
    start = time.perf_counter()
    scaler = StandardScaler().fit(x)
    z = np.asarray(scaler.transform(x))

    def score(x: np.ndarray) -> np.ndarray:
        similar = rbf_kernel(scaler.transform(x), z)  # gamma is 1 / features, as for the machines
        return similar[:, y == 1].mean(axis=1) - similar[:, y == 0].mean(axis=1)

    return trained_since(start, score)


def boosted_stumps(x, y, seed, *, count: int = 60) -> Trained:
    """Scikit-learn's AdaBoost on stumps."""
    from sklearn.ensemble import AdaBoostClassifier

    return _standardised(AdaBoostClassifier(n_estimators=count, random_state=seed), x, y)


def ridge(x, y, seed, *, alpha: float = 1.0) -> Trained:
    """Scikit-learn's ridge regression: the exact minimum."""
    from sklearn.linear_model import Ridge

    del seed  # the solver is deterministic
    return _standardised(Ridge(alpha=alpha), x, y)


def boosted_regression(x, y, seed, *, trees: int = 100, learning_rate: float = 0.05) -> Trained:
    """Scikit-learn's histogram gradient boosting for values."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        max_iter=trees, learning_rate=learning_rate, random_state=seed
    )
    return _standardised(model, x, y)


def mean_value(x, y, seed) -> Trained:
    """The trivial regression: the mean of the training values."""
    del x, seed
    mean = float(np.mean(y))
    return trained_since(time.perf_counter(), lambda x: np.full(len(x), mean))


def k_means(x, y, seed, *, clusters: int = 2) -> Trained:
    """Scikit-learn's k-means of all training events, its clusters named by majority."""
    from sklearn.cluster import KMeans

    repeats: Any = 10  # scikit-learn's annotation knows "auto" only
    model = KMeans(clusters, n_init=repeats, random_state=seed)
    named = lambda fitted, z: named_clusters(fitted.cluster_centers_, z, y)  # noqa: E731
    return _standardised(model, x, y, named)


def principal_axis(x, y, seed) -> Trained:
    """The trivial clustering: halves along the first principal component, named by majority."""
    from sklearn.decomposition import PCA

    def halves(fitted: Any, z: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        along = fitted.transform(z)[:, 0]
        middle = float(np.median(along))
        upwards = 1.0 if y[along > middle].mean() > y[along <= middle].mean() else -1.0
        return lambda z: upwards * (fitted.transform(z)[:, 0] - middle)

    return _standardised(PCA(1, random_state=seed), x, y, halves)


def relevant_features(x, y, seed, *, features: int = 8) -> Trained:
    """Logistic regression on the features that differ most between the classes, one by one."""
    from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    del seed
    ranked = SelectKBest(f_classif, k=features)
    model = LogisticRegression(max_iter=2000)
    return _standardised(make_pipeline(VarianceThreshold(), ranked, model), x, y)


def eliminated_features(x, y, seed, *, features: int = 8) -> Trained:
    """Logistic regression on what is left when it drops its own weakest feature again and again."""
    from sklearn.feature_selection import RFE
    from sklearn.linear_model import LogisticRegression

    del seed
    model = RFE(LogisticRegression(max_iter=2000), n_features_to_select=features)
    return _standardised(model, x, y)


def named_clusters(
    centres: np.ndarray, z: np.ndarray, y: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """A score from clusters: how much nearer an event is to those in which label 1 prevails.

    Args:
        centres: (k, f).
        z: (N, f) training events.
        y: (N,) their labels, used for the clusters' names only.

    Returns:
        (b, f) -> (b,); +1 or -1 for all events where all clusters have one name.

    >>> score = named_clusters(np.array([[0.0], [4.0]]), np.array([[0.0], [4.0]]), np.array([0, 1]))
    >>> score(np.array([[1.0], [3.0]])).tolist()
    [-2.0, 2.0]
    """
    from sklearn.metrics.pairwise import euclidean_distances

    nearest = euclidean_distances(z, centres).argmin(axis=1)
    is_signal = np.array(
        [2 * y[nearest == j].sum() > (nearest == j).sum() for j, _ in enumerate(centres)]
    )

    def score(z: np.ndarray) -> np.ndarray:
        if is_signal.all() or not is_signal.any():
            return np.full(len(z), 1.0 if is_signal.all() else -1.0)
        far = euclidean_distances(z, centres)
        return far[:, ~is_signal].min(axis=1) - far[:, is_signal].min(axis=1)

    return score


def _standardised(
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    finish: Callable[[Any, np.ndarray], Callable] | None = None,
) -> Trained:
    """Fit on standardised features; score by `finish`, else by decision function or prediction."""
    from sklearn.preprocessing import StandardScaler

    start = time.perf_counter()
    scaler = StandardScaler().fit(x)
    z = np.asarray(scaler.transform(x))
    model.fit(z, y)
    if finish is not None:
        score = finish(model, z)
    else:
        score = getattr(model, "decision_function", None) or model.predict
    return trained_since(start, partial(behind, scaler, score))


def _sklearn(model: Any, x: np.ndarray, y: np.ndarray) -> Trained:
    start = time.perf_counter()
    model.fit(x, y)
    return trained_since(start, model.decision_function)
