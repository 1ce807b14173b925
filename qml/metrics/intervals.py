"""How sure one may be of a score: percentile bootstrap intervals over test events.

A resample is nothing but a row of event weights (how often each event was drawn), so every metric
of `qml.metrics` gives all resamples from one sort of the scores.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from qml.metrics.scores import checked_scores

Metric = Callable[..., Any]
BLOCK_ENTRIES = 2**18  # weights drawn at a time: 2 MiB stay in the processor's cache, 3x faster


class Interval(NamedTuple):
    """An estimate with its confidence interval: `low <= value <= high` for all but odd samples."""

    value: float
    low: float
    high: float


def bootstrap(
    metric: Metric,
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    seed: int,
    weights: ArrayLike | None = None,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of a metric, resampling events within each class.

    The class sizes stay as they are, since in a simulated sample they were chosen, not observed
    (Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13).

    Args:
        metric: `metric(scores, labels, weights)` that accepts weights (r, N), as those of
            `qml.metrics`; fix further arguments with `functools.partial`.
        scores: (N,) larger is more signal-like.
        labels: (N,) 1 for signal, 0 for background.
        seed: the same seed draws the same resamples.
        weights: (N,) event weights, multiplied by how often the event was drawn.
        resamples: number of resamples; with 1000 a 95% bound has a standard error of 4% of the
            half-width.
        level: probability content of the interval, in (0, 1).

    Returns:
        The metric on the sample itself and the bounds of its interval.

    Raises:
        ValueError: on bad input, and where the metric of a resample is NaN.

    >>> from qml.metrics.scores import accuracy
    >>> bootstrap(accuracy, [-1.0, 0.5, 2.0, -0.1], [0, 0, 1, 1], seed=0)
    Interval(value=0.5, low=0.0, high=1.0)
    """
    options: dict[str, Any] = {"seed": seed, "weights": weights, "resamples": resamples}
    return percentile(resample(lambda w: metric(scores, labels, w), labels, **options), level)


def paired_difference(
    metric: Metric,
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    labels: ArrayLike,
    *,
    seed: int,
    weights: ArrayLike | None = None,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Interval of metric(a) - metric(b) on the same events, both scored on the same resamples.

    What the two models share (easy and hard events) cancels, so this is narrower than the
    difference of two separate intervals, and is the one to quote when models are compared.

    Args:
        metric: as in `bootstrap`.
        scores_a: (N,) scores of the first model.
        scores_b: (N,) scores of the second model on the same events.
        labels: (N,) 1 for signal, 0 for background.
        seed: the same seed draws the same resamples.
        weights: (N,) event weights, multiplied by how often the event was drawn.
        resamples: number of resamples.
        level: probability content of the interval, in (0, 1).

    Returns:
        The difference on the sample itself and the bounds of its interval.

    Raises:
        ValueError: on bad input, and where the difference of a resample is NaN.

    >>> from qml.metrics.scores import accuracy
    >>> paired_difference(accuracy, [-1.0, 1.0], [-2.0, 2.0], [0, 1], seed=0)
    Interval(value=0.0, low=0.0, high=0.0)
    """

    options: dict[str, Any] = {"seed": seed, "weights": weights, "resamples": resamples}
    a, b = (
        resample(lambda w, scores=scores: metric(scores, labels, w), labels, **options)
        for scores in (scores_a, scores_b)
    )
    return percentile(a - b, level)


class Replicates(NamedTuple):
    """A statistic on the sample itself, `value`, and on every resample, `drawn` (r,).

    Replicates drawn with the same labels, seed and number stem from the same resamples, so their
    difference is the paired difference of the two statistics.

    >>> Replicates(2.0, np.array([1.0, 3.0])) - Replicates(1.0, np.array([1.0, 1.0]))
    Replicates(value=1.0, drawn=array([0., 2.]))
    """

    value: float
    drawn: np.ndarray

    def __sub__(self, other: "Replicates") -> "Replicates":
        with np.errstate(invalid="ignore"):  # inf - inf is refused by `percentile`, in words
            return Replicates(self.value - other.value, self.drawn - other.drawn)


def resample(
    statistic: Callable[[np.ndarray], Any],
    labels: ArrayLike,
    *,
    seed: int,
    weights: ArrayLike | None = None,
    resamples: int = 1000,
) -> Replicates:
    """Evaluate any function of the event weights on the sample and on its resamples.

    Args:
        statistic: weights (N,) -> number and weights (r, N) -> (r,) numbers.
        labels: (N,) 1 for signal, 0 for background; each resample keeps the class sizes.
        seed, weights, resamples: as in `bootstrap`.

    Returns:
        The statistic on the sample and on every resample.

    Raises:
        ValueError: on bad input.

    >>> resample(lambda w: w @ np.array([0.0, 1.0]), [0, 1], seed=0, resamples=2)
    Replicates(value=1.0, drawn=array([1., 1.]))
    """
    if not (isinstance(resamples, int) and resamples > 0):
        raise ValueError(f"Argument `resamples` must be a positive int, but is {resamples!r}.")
    _, labels, weights = checked_scores(np.zeros(np.shape(labels)), labels, weights)
    if weights.ndim != 1:
        raise ValueError(
            f"Argument `weights` must have shape ({labels.size},), but has {weights.shape}."
        )
    drawn = [statistic(counts * weights) for counts in _counts(labels, resamples, seed)]
    return Replicates(float(statistic(weights)), np.concatenate(drawn))


def percentile(replicates: Replicates, level: float = 0.95) -> Interval:
    """Percentile interval of a statistic from its replicates.

    Args:
        replicates: of `resample`, or a difference of two.
        level: probability content of the interval, in (0, 1).

    Returns:
        The statistic on the sample and the bounds of its interval.

    Raises:
        ValueError: on a level outside (0, 1), and where a replicate is NaN.

    >>> percentile(Replicates(2.0, np.array([1.0, 2.0, 3.0])), level=0.5)
    Interval(value=2.0, low=1.0, high=3.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"Argument `level` must be in (0, 1), but is {level}.")
    resamples = len(replicates.drawn)
    if np.isnan(replicates.drawn).any():
        n_nan = np.isnan(replicates.drawn).sum()
        raise ValueError(
            f"The statistic is NaN in {n_nan} of {resamples} resamples: use more events."
        )
    # Order statistics, rounded outwards: unlike interpolation they stay defined at infinity.
    tail, drawn = 0.5 * (1 - level) * (resamples - 1), np.sort(replicates.drawn)
    low, high = int(np.floor(tail)), int(np.ceil(resamples - 1 - tail))
    return Interval(replicates.value, float(drawn[low]), float(drawn[high]))


def _counts(labels: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks (r, N) of how often each event is drawn; every row keeps the class sizes."""
    classes = (np.flatnonzero(~labels), np.flatnonzero(labels))
    streams = np.random.default_rng(seed).spawn(2)  # one a class: the block size changes no draw
    block = max(1, BLOCK_ENTRIES // labels.size)
    for start in range(0, resamples, block):
        counts = np.empty((min(block, resamples - start), labels.size))
        for rows, stream in zip(classes, streams, strict=True):
            counts[:, rows] = _multinomial(stream, len(counts), rows.size)
        yield counts


def _multinomial(rng: np.random.Generator, r: int, n: int) -> np.ndarray:
    """(r, n) counts of n draws with replacement from n events."""
    # Counting uniform draws is several times faster than rng.multinomial, which walks all n cells.
    draws = rng.integers(n, size=(r, n)) + n * np.arange(r)[:, None]
    return np.bincount(draws.ravel(), minlength=r * n).reshape(r, n)
