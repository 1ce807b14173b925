"""Whether scores mean what they say: calibration of scores that are log-odds of signal.

A score s claims the chance p = 1 / (1 + exp(-s)). Called as the metrics of `qml.metrics` are:
weights of shape (r, N) give r answers.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from qml.metrics.scores import checked_scores


class Reliability(NamedTuple):
    """Events binned by the chance that their scores claim, each field (g,) or (r, g).

    `claimed` is the mean chance in a bin, `observed` the share of signal in it (both NaN in an
    empty bin), `weight` the share of the event weight that falls into it.
    """

    claimed: np.ndarray
    observed: np.ndarray
    weight: np.ndarray


def brier(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Any:
    """Mean of (p - label)^2: 0 for sure and right, 1/4 for p = 1/2 everywhere.

    Brier, Monthly Weather Review 78, 1 (1950), in its form for one of two classes.

    Args:
        scores: (N,) log-odds of signal; a score of 0 says p = 1/2.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.

    Returns:
        One float, or (r,) floats for weights (r, N).

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match.

    >>> float(brier([0.0, 0.0, 0.0], [0, 0, 1]))
    0.25
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    return weights @ (_chance(scores) - labels) ** 2 / weights.sum(axis=-1)


def reliability_curve(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, bins: int = 10
) -> Reliability:
    """Share of signal against the chance that was claimed, in bins of equal width.

    Args:
        scores: (N,) log-odds of signal.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.
        bins: number g of bins of the chance; bin i holds i/g <= p < (i+1)/g, the last p = 1 too.

    Returns:
        Three arrays (g,), or (r, g) for weights (r, N).

    Raises:
        ValueError: on one class only, on NaN or infinite scores, on shapes that do not match, on
            `bins` that is not a positive int.

    >>> curve = reliability_curve([-1.0, -1.0, 3.0, 3.0], [0, 1, 1, 1], bins=2)
    >>> curve.claimed.round(3).tolist(), curve.observed.tolist(), curve.weight.tolist()
    ([0.269, 0.953], [0.5, 1.0], [0.5, 0.5])
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    chance = _chance(scores)
    members = _members(chance, bins)
    inside = weights @ members
    with np.errstate(invalid="ignore"):  # 0 / 0 in an empty bin is the NaN that is promised
        claimed, observed = ((weights * v) @ members / inside for v in (chance, labels))
    return Reliability(claimed, observed, inside / weights.sum(axis=-1, keepdims=True))


def calibration_error(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, bins: int = 10
) -> Any:
    """Expected calibration error: mean over events of |observed - claimed| of their bin.

    Guo et al., arXiv:1706.04599, Eq. 3, with the chance of signal in place of the confidence in
    the chosen class. Scatter within bins makes it positive even for a perfectly calibrated model,
    by up to 0.4 sqrt(g / N); compare models on the same events and bins only.

    Args:
        scores: (N,) log-odds of signal.
        labels: (N,) 1 for signal, 0 for background.
        weights: (N,) or (r, N) non-negative event weights; all ones where not given.
        bins: number g of bins of the chance, of equal width.

    Returns:
        One float in [0, 1], or (r,) floats for weights (r, N).

    Raises:
        ValueError: as `reliability_curve`.

    >>> float(calibration_error([0.0, 0.0, 0.0, 0.0], [0, 1, 1, 1]))
    0.25
    """
    scores, labels, weights = checked_scores(scores, labels, weights)
    chance = _chance(scores)
    gaps = (weights * (labels - chance)) @ _members(chance, bins)
    return np.abs(gaps).sum(axis=-1) / weights.sum(axis=-1)


def _chance(scores: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * scores))  # no overflow at either end


def _members(chance: np.ndarray, bins: int) -> np.ndarray:
    """(N, g) one where the event falls into the bin."""
    if not (isinstance(bins, int) and bins > 0):
        raise ValueError(f"Argument `bins` must be a positive int, but is bins={bins!r}.")
    index = np.minimum((chance * bins).astype(int), bins - 1)
    return np.eye(bins)[index]
