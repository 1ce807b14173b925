"""How well a device did its own task: an annealer at finding low energies, a circuit at averages.

`energies` and `occurrences` are those of `annealing`'s samples; reads of several calls are joined
by `np.concatenate`.
"""

from math import inf, log1p, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from qml.metrics.intervals import Interval

METHODS = ("clopper-pearson", "jeffreys")


class EnergyGap(NamedTuple):
    """Energy above the ground state, of the best read and of the mean read."""

    best: float
    mean: float


class Agreement(NamedTuple):
    """Measured against exact expectation values: root mean square error, and the line through them.

    `slope` below 1 is the mark of depolarising noise, `offset` of a biased readout; both are NaN
    where all exact values are equal.
    """

    rmse: float
    slope: float
    offset: float


def energy_gap(
    energies: ArrayLike, ground: float, occurrences: ArrayLike | None = None
) -> EnergyGap:
    """Measure how far above the ground state a sampler's reads end.

    Args:
        energies: (r,) energies of the samples, in the unit of the QUBO.
        ground: lowest energy there is, or the lowest known.
        occurrences: (r,) reads of each sample; one each where not given.

    Returns:
        The gap of the best and of the mean read, in the unit of the QUBO; negative where the ground
        energy given is none.

    Raises:
        ValueError: on bad shapes, NaN energies, or no read.

    >>> energy_gap([-3.0, -1.0], ground=-4.0, occurrences=[3, 1])
    EnergyGap(best=1.0, mean=1.5)
    """
    energies, occurrences = _checked_reads(energies, occurrences)
    read = energies[occurrences > 0]
    mean = float(np.average(energies, weights=occurrences))
    return EnergyGap(float(read.min()) - ground, mean - ground)


def success_probability(
    energies: ArrayLike,
    target: float,
    occurrences: ArrayLike | None = None,
    *,
    tolerance: float = 1e-9,
    level: float = 0.95,
    method: str = "clopper-pearson",
) -> Interval:
    """Probability that one read reaches a target energy, with its binomial interval.

    Args:
        energies: (r,) energies of the samples, in the unit of the QUBO.
        target: a read is a hit where its energy is not above this.
        occurrences: (r,) reads of each sample; one each where not given.
        tolerance: rounding error allowed above the target, times max(1, |target|).
        level: probability content of the interval, in (0, 1).
        method: as in `binomial_interval`; reads must be independent draws for either.

    Returns:
        Hits over reads with its interval.

    Raises:
        ValueError: on bad shapes, NaN energies, no read, an unknown method, a level outside (0, 1).

    >>> print(success_probability([-4.0, -3.0], -4.0, [1, 3]).value)
    0.25
    """
    energies, occurrences = _checked_reads(energies, occurrences)
    hit = energies <= target + tolerance * max(1.0, abs(target))
    hits, reads = int(occurrences[hit].sum()), int(occurrences.sum())
    return binomial_interval(hits, reads, level=level, method=method)


def binomial_interval(
    hits: int, reads: int, *, level: float = 0.95, method: str = "clopper-pearson"
) -> Interval:
    """Interval of a probability from the number of hits among independent reads.

    Clopper & Pearson, Biometrika 26, 404 (1934) never covers less than the level; Jeffreys' is
    narrower and covers it on average (Brown, Cai & DasGupta, Statist. Sci. 16, 101 (2001)).

    Args:
        hits: 0 to reads.
        reads: a positive int.
        level: probability content of the interval, in (0, 1).
        method: "clopper-pearson" or "jeffreys".

    Returns:
        hits / reads and its interval, which starts at 0 without a hit and ends at 1 without a miss.

    Raises:
        ValueError: on counts that are impossible, an unknown method, a level outside (0, 1).

    >>> interval = binomial_interval(0, 100)
    >>> interval.low, round(interval.high, 4)  # 1 - 0.025 ** (1 / 100)
    (0.0, 0.0362)
    """
    from scipy.special import betaincinv

    if not 0 <= hits <= reads or reads < 1:
        raise ValueError(
            "Arguments `hits` and `reads` must be 0 <= hits <= reads and reads > 0, "
            f"but are hits={hits} and reads={reads}."
        )
    if method not in METHODS:
        raise ValueError(f"Argument `method` must be one of {METHODS}, but is {method!r}.")
    if not 0 < level < 1:
        raise ValueError(f"Argument `level` must be in (0, 1), but is {level}.")
    misses, tail = reads - hits, 0.5 * (1 - level)
    # Both ends are quantiles of beta laws: of one posterior, or of two that are half a count apart.
    a, b = (0.5, 0.5) if method == "jeffreys" else (0.0, 1.0)
    low = float(betaincinv(hits + a, misses + b, tail)) if hits else 0.0
    high = float(betaincinv(hits + b, misses + a, 1 - tail)) if misses else 1.0
    return Interval(hits / reads, low, high)


def time_to_target(
    success: Interval, seconds_per_read: float, *, confidence: float = 0.99
) -> Interval:
    """Time after which the target was reached at least once with 99% confidence (TTS99).

    t ln(1 - 0.99) / ln(1 - p) for reads of time t that succeed with probability p (Rønnow et al.,
    Science 345, 420 (2014), arXiv:1401.2910; here not rounded up), and never less than one read.

    Args:
        success: of `success_probability`.
        seconds_per_read: time of one read; say whether it holds overheads.
        confidence: in (0, 1).

    Returns:
        Seconds, in an interval that contains the time as surely as `success` the probability.
        Without a hit value and high end are infinite and the low end is a lower bound.

    Raises:
        ValueError: on a time that is not positive, a confidence outside (0, 1), no probability.

    >>> value, low, high = time_to_target(Interval(0.9, 0.5, 1.0), 1.0)
    >>> round(value, 3), round(low, 3), round(high, 3)
    (2.0, 1.0, 6.644)
    """
    if not 0 < seconds_per_read < inf:
        raise ValueError(
            f"Argument `seconds_per_read` must be positive, but is {seconds_per_read}."
        )
    if not 0 < confidence < 1:
        raise ValueError(f"Argument `confidence` must be in (0, 1), but is {confidence}.")
    if not all(0 <= p <= 1 for p in success):
        raise ValueError(f"Argument `success` must hold probabilities, but is {success}.")

    def seconds(p: float) -> float:
        if p == 0:
            return inf
        reads = 1.0 if p >= confidence else log1p(-confidence) / log1p(-p)
        return seconds_per_read * reads

    return Interval(seconds(success.value), seconds(success.high), seconds(success.low))


def expectation_agreement(measured: ArrayLike, exact: ArrayLike) -> Agreement:
    """Compare expectation values of a device with the exact ones.

    Args:
        measured: (b, k) or any shape, values of the device.
        exact: the same shape, values without noise and shots.

    Returns:
        Root mean square error (shot noise included) and the least squares line
        measured = slope * exact + offset.

    Raises:
        ValueError: on shapes that do not match, no value, NaN or infinite values.

    >>> expectation_agreement([0.5, 0.0, -0.5], [1.0, 0.0, -1.0]).slope
    0.5
    """
    measured, exact = (np.asarray(v, dtype=float) for v in (measured, exact))
    if measured.shape != exact.shape or not measured.size:
        raise ValueError(
            "Arguments `measured` and `exact` must have one shape and not be empty, "
            f"but have {measured.shape} and {exact.shape}."
        )
    if not (np.isfinite(measured).all() and np.isfinite(exact).all()):
        raise ValueError("Arguments `measured` and `exact` must be finite, but are not.")
    rmse = float(np.sqrt(np.mean((measured - exact) ** 2)))
    if np.ptp(exact) == 0:
        return Agreement(rmse, nan, nan)
    centred = exact - exact.mean()
    slope = float((centred * measured).sum() / (centred**2).sum())
    return Agreement(rmse, slope, float(measured.mean() - slope * exact.mean()))


def _checked_reads(
    energies: ArrayLike, occurrences: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Energies (r,) and int counts (r,) of at least one read."""
    energies = np.asarray(energies, dtype=float)
    counts = np.ones(energies.shape) if occurrences is None else np.asarray(occurrences)
    if energies.ndim != 1 or energies.shape != counts.shape:
        raise ValueError(
            "Arguments `energies` and `occurrences` must have one shape (r,), "
            f"but have {energies.shape} and {counts.shape}."
        )
    if np.isnan(energies).any():
        raise ValueError("Argument `energies` must not hold NaN, but does.")
    if not counts.size or counts.min() < 0 or counts.sum() < 1 or (counts % 1).any():
        raise ValueError("Argument `occurrences` must count one read or more, but does not.")
    return energies, counts.astype(int)
