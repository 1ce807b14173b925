"""Doublets of detector hits that are kept or dropped by an annealer, event by event.

    E(T) = price sum_i T_i - sum_{j continues i} smoothness_ij T_i T_j + sum_{conflicts} T_i T_j

Denby and Peterson's network in the form of `annealing.problems.tracking`. Two doublets conflict
where they begin, or end, at one hit. Nothing is learned of the weights but two widths and the
price, so it is the events of the test sectors that the annealer is given, without their labels.
"""

import time
from functools import partial
from typing import NamedTuple

import numpy as np

from annealing import Problem, Sampler, Samples
from annealing.problems import tracking
from experiments.trainers.trained import Trained
from qml.metrics import efficiency, purity

INNER, OUTER = slice(0, 3), slice(3, 6)  # columns of the data set `tracking_doublets`
TURN, SLOPE = 6, 8
NARROWEST = 1e-9  # a width: straight tracks without any error differ by rounding only
KEPT_SHARE = 0.95  # of the continuations of true doublets that are allowed for


class Widths(NamedTuple):
    """Largest change of curvature and of slope of a continuation."""

    bend: float
    slope: float


def tracking_qubo(
    x,
    y,
    seed,
    *,
    sampler: Sampler,
    prices: tuple[float, ...] = (0.05, 0.2, 0.5),
    reads: int = 10,
) -> Trained:
    """Doublets that continue each other smoothly and do not conflict; price by training events."""
    start = time.perf_counter()
    widths = fit_widths(x, y)
    scan = {}
    for price in prices:
        found = sampler.sample(_problem(x, widths, price).qubo, reads=reads, seed=seed)
        scan[price] = found, _harmonic_mean(_kept(found), y)
    best = max(scan, key=lambda price: scan[price][1])
    samples = scan[best][0]
    info = {
        "sampler": samples.info,
        "price": best,
        "scan": {str(price): value for price, (_, value) in scan.items()},
        "variables": len(x),
        "lowest_energy": float(samples.energies[0]),
    }
    score = partial(_annealed, sampler, widths, best, reads, seed)
    counts = {"reads": (len(prices) + 1) * reads}
    return Trained(score, {"train": time.perf_counter() - start}, counts, {}, info)


def smooth_doublets(x, y, seed) -> Trained:
    """The classical cut: a doublet is kept if any other continues it within the same widths."""
    del seed
    start = time.perf_counter()
    widths = fit_widths(x, y)
    return Trained(partial(_smoothest, widths), {"train": time.perf_counter() - start}, {}, {}, {})


def all_doublets(x, y, seed) -> Trained:
    """The trivial selection: everything."""
    del x, y, seed
    return Trained(lambda x: np.ones(len(x)), {"train": 0.0}, {}, {}, {})


def fit_widths(x: np.ndarray, y: np.ndarray) -> Widths:
    """The changes that all but a few continuations of true doublets stay below."""
    before, after = continuations(x)
    both = (y[before] == 1) & (y[after] == 1)
    if not both.any():
        raise ValueError("No true doublet of the training events continues another; take more.")
    widths = [np.quantile(change[both], KEPT_SHARE) for change in changes(x, before, after)]
    return Widths(*(max(float(width), NARROWEST) for width in widths))


def continuations(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Doublets (m,) and those (m,) that begin where they end.

    >>> x = np.arange(3.0)[:, None] * np.ones(3)
    >>> before, after = continuations(np.concatenate([x, x + 1, x], axis=1))
    >>> list(zip(before.tolist(), after.tolist()))
    [(0, 1), (1, 2)]
    """
    return _matches(x[:, OUTER], x[:, INNER])


def changes(x: np.ndarray, before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Change of curvature (m,), in 1/mm, and of slope (m,) from doublets to what continues them."""
    bend = x[:, TURN] / (x[:, OUTER.start] - x[:, INNER.start])
    return np.abs(bend[after] - bend[before]), np.abs(x[after, SLOPE] - x[before, SLOPE])


def _problem(x: np.ndarray, widths: Widths, price: float) -> Problem:
    before, after, smoothness = _smooth(x, widths)
    conflicts = np.concatenate([_conflicts(x[:, INNER]), _conflicts(x[:, OUTER])])
    pairs = np.concatenate([np.stack([before, after], axis=1), conflicts])
    scores = np.concatenate([-smoothness, np.ones(len(conflicts))])
    return tracking(np.full(len(x), price), pairs, scores)


def _smooth(x: np.ndarray, widths: Widths) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Continuations within the widths, and how smooth they are: 1 where nothing changes."""
    before, after = continuations(x)
    bend, slope = changes(x, before, after)
    smoothness = 1 - np.maximum(bend / widths.bend, slope / widths.slope)
    kept = smoothness > 0
    return before[kept], after[kept], smoothness[kept]


def _conflicts(ends: np.ndarray) -> np.ndarray:
    """Pairs (m, 2) of doublets with one hit in common."""
    first, second = _matches(ends, ends)
    return np.stack([first, second], axis=1)[first < second]


def _matches(ends: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of all equal rows of two arrays (n, 3)."""
    _, numbers = np.unique(np.concatenate([ends, starts]), axis=0, return_inverse=True)
    numbers = numbers.reshape(-1)
    mine, its = numbers[: len(ends)], numbers[len(ends) :]
    order = np.argsort(its, kind="stable")
    low, high = (np.searchsorted(its[order], mine, side=side) for side in ("left", "right"))
    first = np.repeat(np.arange(len(mine)), high - low)
    place = np.arange(len(first)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    return first, order[np.repeat(low, high - low) + place]


def _annealed(sampler, widths: Widths, price: float, reads: int, seed: int, x: np.ndarray):
    found = sampler.sample(_problem(x, widths, price).qubo, reads=reads, seed=seed)
    return _kept(found)


def _kept(found: Samples) -> np.ndarray:
    """+1 for doublets that the best read keeps, -1 for others."""
    return 2.0 * found.bits[0] - 1.0


def _smoothest(widths: Widths, x: np.ndarray) -> np.ndarray:
    """Smoothness (n,) of the best continuation in either direction, -1 where there is none."""
    before, after, smoothness = _smooth(x, widths)
    best = np.full(len(x), -1.0)
    np.maximum.at(best, before, smoothness)
    np.maximum.at(best, after, smoothness)
    return best


def _harmonic_mean(kept: np.ndarray, y: np.ndarray) -> float:
    """Of efficiency and purity."""
    both = float(efficiency(kept, y)), float(purity(kept, y))
    return 2 * both[0] * both[1] / max(sum(both), 1e-9)
