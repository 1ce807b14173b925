"""Metrics of what is no score of two classes: predicted values, selections, log-probabilities.

Called as those of `qml.metrics`, `metric(scores, labels, weights)`; weights (r, N) give r numbers.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qml.metrics.scores import checked_scores


def rmse(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Root of the mean squared difference of predictions and values, in the unit of the values.

    Args:
        scores: (N,) predictions.
        labels: (N,) values.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.

    Returns:
        One float, or (r,) floats for weights (r, N).

    Raises:
        ValueError: on shapes that do not match, or numbers that are not finite.

    >>> float(rmse([1.0, 5.0], [1.0, 3.0]))
    1.4142135623730951
    """
    scores, labels, weights = _checked(scores, labels, weights)
    return np.sqrt(weights @ (scores - labels) ** 2 / weights.sum(axis=-1))


def r2(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Share of the values' variance that predictions explain: 1 at best, 0 for their mean.

    Args, returns, raises: as of `rmse`; values that are all equal are refused too.

    >>> float(r2([1.0, 1.0], [0.0, 2.0])), float(r2([0.0, 2.0], [0.0, 2.0]))
    (0.0, 1.0)
    """
    scores, labels, weights = _checked(scores, labels, weights)
    total = weights.sum(axis=-1)
    centred = labels - labels.mean()  # so that the difference of two squares below keeps digits
    spread = weights @ centred**2 / total - (weights @ centred / total) ** 2
    if not (spread > 0).all():
        raise ValueError("Argument `labels` must hold different values, but does not.")
    return 1.0 - weights @ (scores - labels) ** 2 / total / spread


def mean_score(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Mean of the scores, whatever the labels: of log-probabilities the mean log-likelihood.

    Args, returns, raises: as of `rmse`.

    >>> float(mean_score([-1.0, -2.0], [0.0, 0.0]))
    -1.5
    """
    scores, _, weights = _checked(scores, labels, weights)
    return weights @ scores / weights.sum(axis=-1)


def efficiency(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Share of the true ones that are kept, that is, whose score is above 0; also called recall.

    Args:
        scores: (N,), positive for what is kept.
        labels: (N,) 1 for what is true, 0 for what is not.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.

    Returns:
        One float, or (r,) floats for weights (r, N).

    Raises:
        ValueError: as of `qml.metrics.auc`.

    >>> float(efficiency([1.0, -1.0, 1.0], [1, 1, 0]))
    0.5
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    return weights @ ((scores > 0) & labels) / (weights @ labels)


def purity(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Share of those kept that are true; 1 where none is kept. Also called precision.

    Args, returns, raises: as of `efficiency`.

    >>> float(purity([1.0, -1.0, 1.0], [1, 1, 0]))
    0.5
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    kept, wrong = weights @ (scores > 0), weights @ ((scores > 0) & ~labels)
    return 1.0 - wrong / np.where(kept > 0, kept, 1.0)


def _checked(scores, labels, weights) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finite floats (N,), (N,), (..., N)."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels, dtype=float)
    if scores.ndim != 1 or scores.shape != labels.shape or not scores.size:
        raise ValueError(
            "Arguments `scores` and `labels` must have one shape (N,), "
            f"but have {scores.shape} and {labels.shape}."
        )
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape[-1:] != scores.shape:
        raise ValueError(f"Argument `weights` must have {len(scores)} columns: {weights.shape}.")
    for name, values in (("scores", scores), ("labels", labels), ("weights", weights)):
        if not np.isfinite(values).all():
            raise ValueError(f"Argument `{name}` must be finite, but is not.")
    return scores, labels, weights
