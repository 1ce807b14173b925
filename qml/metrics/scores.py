"""How good scores are: metrics in NumPy, with event weights.

Every metric is called as `metric(scores, labels, weights)`. Weights of shape (N,) give one number;
weights of shape (r, N) give r numbers from one sort of the scores, which is what makes the
intervals of `qml.metrics.intervals` cheap.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class RocCurve(NamedTuple):
    """Efficiencies (g+1,) of the cut `score >= threshold`, from nothing kept to everything kept."""

    background_efficiency: np.ndarray
    signal_efficiency: np.ndarray
    threshold: np.ndarray


def auc(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Area under the ROC curve: the chance that a signal event scores above a background event.

    A tie counts one half, as in the Mann-Whitney statistic (Hanley & McNeil, Radiology 143, 29
    (1982), Eq. 1).

    Args:
        scores: (N,) larger is more signal-like; any monotone scale.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.

    Returns:
        One float, or (r,) floats for weights (r, N).

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match.

    >>> float(auc([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1]))
    0.875
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    order = np.argsort(scores, kind="stable")
    signal, background = order[labels[order]], order[~labels[order]]
    signal_weights, background_weights = weights[..., signal], weights[..., background]
    below = _cumulative(background_weights)
    first = np.searchsorted(scores[background], scores[signal], side="left")
    last = np.searchsorted(scores[background], scores[signal], side="right")
    ranks = below[..., first]
    if (first != last).any():
        ranks = 0.5 * (ranks + below[..., last])
    won = np.einsum("...i,...i->...", signal_weights, ranks)
    return won / (signal_weights.sum(axis=-1) * below[..., -1])


def accuracy(
    scores: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    threshold: float = 0.0,
) -> Any:
    """Share of the event weight for which `score > threshold` agrees with the label.

    Args:
        scores: (N,) larger is more signal-like.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.
        threshold: the cut; 0 suits a margin or a log-odds, 0.5 a probability.

    Returns:
        One float, or (r,) floats for weights (r, N).

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match.

    >>> float(accuracy([-1.0, 0.5, 2.0, -0.1], [0, 0, 1, 1]))
    0.5
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    return weights @ ((scores > threshold) == labels) / weights.sum(axis=-1)


def balanced_accuracy(
    scores: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    threshold: float = 0.0,
) -> Any:
    """Mean of the two classes' accuracies: a model that ignores its input has 1/2.

    Args:
        scores: (N,) larger is more signal-like.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.
        threshold: the cut; 0 suits a margin or a log-odds, 0.5 a probability.

    Returns:
        One float, or (r,) floats for weights (r, N).

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match.

    >>> float(balanced_accuracy([1.0, 1.0, 1.0, -1.0], [1, 1, 1, 0]))
    1.0
    >>> float(balanced_accuracy([1.0, 1.0, 1.0, 1.0], [1, 1, 1, 0]))
    0.5
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    right = (scores > threshold) == labels
    shares = [
        weights @ (right & rows).astype(float) / (weights @ rows.astype(float))
        for rows in (labels, ~labels)
    ]
    return 0.5 * (shares[0] + shares[1])


def tagging_power(
    scores: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    threshold: float = 0.0,
) -> Any:
    """Tagging power eps (1 - 2 w)^2: the share of events that would do as well if never mistagged.

    The tag is the sign of the score and is given only where `abs(score) > threshold`; eps is the
    share of events with a tag and w the share of wrong ones among these (JHEP 08 (2022) 014,
    arXiv:2202.13943). A coin that tags some of N events reaches 1 / N on average, not zero.

    Args:
        scores: (N,) signed, 0 says nothing; larger is more signal-like.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.
        threshold: events are tagged above this absolute score; not negative.

    Returns:
        One float, or (r,) floats for weights (r, N); 0 where no event is tagged.

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match, on a
            negative threshold.

    >>> float(tagging_power([-2.0, -0.1, 0.1, 1.0], [0, 1, 1, 1]))
    0.25
    >>> float(tagging_power([-2.0, -0.1, 0.1, 1.0], [0, 1, 1, 1], threshold=0.5))
    0.5
    """
    if not threshold >= 0:
        raise ValueError(f"Argument `threshold` must not be negative, but is {threshold}.")
    scores, labels, weights = checked_scores(scores, labels, weights)
    tagged = (np.abs(scores) > threshold).astype(float)
    kept = weights @ tagged
    # Right minus wrong weight is kept * (1 - 2 w); without a tag it is 0, and so is the power.
    excess = weights @ np.where((scores > 0) == labels, tagged, -tagged)
    return excess**2 / (np.where(kept > 0, kept, 1.0) * weights.sum(axis=-1))


def log_loss(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Mean of -log p(label) in nats, for scores that are log-odds log(p / (1 - p)) of signal.

    Args:
        scores: (N,) log-odds of signal; a score of 0 says p = 1/2.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.

    Returns:
        One float, or (r,) floats for weights (r, N).

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match.

    >>> round(float(log_loss([0.0, 0.0], [0, 1])), 6)  # log 2
    0.693147
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    losses = np.logaddexp(0.0, np.where(labels, -scores, scores))
    return weights @ losses / weights.sum(axis=-1)


def roc_curve(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> RocCurve:
    """Signal against background efficiency of every cut on the score, tightest cut first.

    Args:
        scores: (N,) larger is more signal-like.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.

    Returns:
        Three arrays over the g distinct scores and the empty selection in front (threshold
        infinity); the efficiencies have shape (g+1,), or (r, g+1) for weights (r, N).

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match.

    >>> curve = roc_curve([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1])
    >>> curve.signal_efficiency.tolist(), curve.background_efficiency.tolist()
    ([0.0, 0.5, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0])
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # last event of each tie
    points = np.append(0, ends + 1)
    kept_signal = _cumulative((weights * labels)[..., order])[..., points]
    kept_background = _cumulative((weights * ~labels)[..., order])[..., points]
    return RocCurve(
        kept_background / kept_background[..., -1:],
        kept_signal / kept_signal[..., -1:],
        np.append(np.inf, ranked[ends]),
    )


def background_rejection(
    scores: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    signal_efficiency: float = 0.5,
) -> Any:
    """One over the background efficiency at a fixed signal efficiency, on the linear ROC curve.

    Args:
        scores: (N,) larger is more signal-like.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.
        signal_efficiency: share of the signal that is kept, in (0, 1].

    Returns:
        One float, or (r,) floats for weights (r, N); infinity where no background is left.

    Raises:
        ValueError: as `roc_curve`, and on a signal efficiency outside (0, 1].

    >>> float(background_rejection([0.1, 0.2, 0.5, 0.9, 0.3, 0.8], [0, 0, 0, 0, 1, 1]))
    4.0
    """
    if not 0 < signal_efficiency <= 1:
        raise ValueError(
            f"Argument `signal_efficiency` must be in (0, 1], but is {signal_efficiency}."
        )
    curve = roc_curve(scores, labels, weights)
    signal = curve.signal_efficiency
    above = np.argmax(signal >= signal_efficiency, axis=-1)  # never 0: signal starts at 0
    above = above[..., None]
    x1, x0 = (np.take_along_axis(signal, above - i, -1) for i in (0, 1))
    y1, y0 = (np.take_along_axis(curve.background_efficiency, above - i, -1) for i in (0, 1))
    kept = (y0 + (signal_efficiency - x0) * (y1 - y0) / (x1 - x0))[..., 0]
    with np.errstate(divide="ignore"):
        return 1.0 / kept


def _cumulative(weights: np.ndarray) -> np.ndarray:
    """Running sums (..., n+1) of weights (..., n), starting at 0."""
    sums = np.zeros((*weights.shape[:-1], weights.shape[-1] + 1))
    np.cumsum(weights, axis=-1, out=sums[..., 1:])
    return sums


def checked_scores(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finite float scores (N,), boolean labels (N,) of both classes, float weights (..., N)."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels)
    if scores.ndim != 1 or scores.shape != labels.shape:
        raise ValueError(
            "Arguments `scores` and `labels` must have one shape (N,), "
            f"but have {scores.shape} and {labels.shape}."
        )
    if not np.isfinite(scores).all():
        n_bad = np.count_nonzero(~np.isfinite(scores))
        raise ValueError(f"Argument `scores` must be finite, but {n_bad} are NaN or infinite.")
    if not np.isin(labels, (0, 1)).all() or np.unique(labels).size != 2:
        raise ValueError(
            "Argument `labels` must hold both classes 0 and 1 and nothing else, "
            f"but holds {np.unique(labels)[:4].tolist()}."
        )
    labels = labels.astype(bool)
    return scores, labels, _checked_weights(weights, labels)


def _checked_weights(weights, labels: np.ndarray) -> np.ndarray:
    if weights is None:
        return np.ones(labels.size)
    weights = np.asarray(weights, dtype=float)
    if weights.ndim not in (1, 2) or weights.shape[-1] != labels.size:
        raise ValueError(
            f"Argument `weights` must have shape ({labels.size},) or (r, {labels.size}), "
            f"but has {weights.shape}."
        )
    if not (weights.min() >= 0 and weights.max() < np.inf):
        raise ValueError("Argument `weights` must be finite and not negative, but is not.")
    if not all((weights @ rows > 0).all() for rows in (labels, ~labels)):
        raise ValueError("Argument `weights` must leave weight to both classes, but does not.")
    return weights
