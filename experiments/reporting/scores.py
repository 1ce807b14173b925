"""Stored predictions of rows, and what two rows have in common: the same events, the same seeds."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.records import Record, read_arrays
from experiments.scoring import METRICS, SMALLER_IS_BETTER, Replicate, replicate
from experiments.statistics import not_worse_than_best
from qml.data import holds_classes
from qml.metrics import Interval, Replicates, percentile, resample

NEEDED = ("scores", "labels", "rows")


class Scores(NamedTuple):
    """Stored predictions of one row.

    `scores` (s, e), NaN where a replicate has not scored an event; `labels` (e,); `rows` (e,) event
    numbers; `seeds` the (seed, fold) of each of the s replicates.
    """

    scores: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    seeds: tuple[Replicate, ...]


def stored_scores(folder: Path, records: Sequence[Record]) -> Scores:
    """The predictions of one row.

    Args:
        folder: the run's folder.
        records: finished records of the row, one a seed and fold.

    Returns:
        scores of all seeds on the row's events: those that any seed has, in the order of the first
        one where all have the same.
    """
    arrays = [read_arrays(folder, record.digest, NEEDED) for record in records]
    seeds = tuple(map(replicate, records))
    first = arrays[0]
    if all(np.array_equal(a["rows"], first["rows"]) for a in arrays):
        scores = np.stack([a["scores"] for a in arrays]).astype(float)
        return Scores(scores, first["labels"], first["rows"], seeds)
    labels, every = (np.concatenate([a[name] for a in arrays]) for name in ("labels", "rows"))
    rows, place = np.unique(every, return_index=True)
    scores = np.full((len(seeds), len(rows)), np.nan)
    for line, a in zip(scores, arrays, strict=True):
        line[np.searchsorted(rows, a["rows"])] = a["scores"]
    return Scores(scores, labels[place], rows, seeds)


def shared(mine: Scores, other: Scores) -> tuple[Scores, Scores] | None:
    """Two rows on the seeds and events that both have.

    Args:
        mine: a row; its order of events and seeds is kept.
        other: another row.

    Returns:
        both with equal seeds, events, and gaps; None where they share no seed, no event, or of
        events with classes not both of them.
    """
    events = mine.rows[np.isin(mine.rows, other.rows)]
    seeds = tuple(seed for seed in mine.seeds if seed in other.seeds)
    if not seeds or not events.size:
        return None
    a, b = _part(mine, events, seeds), _part(other, events, seeds)
    gaps = np.isnan(a.scores) | np.isnan(b.scores)
    if gaps.any():
        a, b = (side._replace(scores=np.where(gaps, np.nan, side.scores)) for side in (a, b))
    needed = 2 if holds_classes(a.labels) else 1
    enough = all(np.unique(a.labels[~gap]).size >= needed for gap in gaps)
    return (a, b) if enough else None


def metric_by_seed(metric: Callable, mine: Scores, weights: np.ndarray) -> np.ndarray:
    """A metric of each replicate on the events that it scored: (s, r) for weights (r, e)."""
    if not np.isnan(mine.scores).any():
        return np.array([metric(scores, mine.labels, weights) for scores in mine.scores])
    return np.array(
        [
            metric(scores[seen], mine.labels[seen], weights[..., seen])
            for scores, seen in zip(mine.scores, ~np.isnan(mine.scores), strict=True)
        ]
    )


def coverage(mine: Scores) -> bytes:
    """A fingerprint of seeds, events and gaps: rows that are alike in it can be ranked."""
    parts = (repr(mine.seeds).encode(), mine.rows.tobytes(), np.isnan(mine.scores).tobytes())
    return hashlib.sha256(b"|".join(parts)).digest()


class OverEvents:
    """Means over seeds with intervals over test events, all rows on the same resamples.

    Test events are shared by all seeds, so they are resampled once for all seeds together.
    Replicates are computed once for each row and each part of its events that is asked for.
    """

    def __init__(self, stored: dict[str, Scores], resamples: int, seed: int):
        """Keep the scores of every row by its id."""
        self.stored = stored
        self.options: dict[str, int] = {"resamples": resamples, "seed": seed}
        self.kept: dict[tuple, Replicates] = {}

    def value(self, metric: str, row: str) -> Interval | None:
        """A metric of a row, with its percentile interval."""
        return percentile(self._replicates(metric, row, self.stored[row]))

    def change(self, metric: str, row: str, other: str) -> Interval | None:
        """A row's metric minus another one's on what both have; None where that is too little."""
        if other not in self.stored:
            return None
        pair = shared(self.stored[row], self.stored[other])
        if pair is None:
            return None
        mine, its = (self._replicates(metric, *of) for of in zip((row, other), pair, strict=True))
        return percentile(mine - its)

    def best(self, metric: str, rows: Sequence[str]) -> frozenset[str]:
        """The best of some rows of equal coverage, and those not significantly worse."""
        if len(rows) < 2:
            return frozenset(rows)
        drawn = [self._replicates(metric, row, self.stored[row]) for row in rows]
        larger = metric not in SMALLER_IS_BETTER
        alike = not_worse_than_best(drawn, larger_is_better=larger).not_worse
        return frozenset(row for row, kept in zip(rows, alike, strict=True) if kept)

    def coverage(self, row: str) -> bytes:
        """What the row was scored on."""
        return coverage(self.stored[row])

    def _replicates(self, metric: str, row: str, mine: Scores) -> Replicates:
        if not holds_classes(mine.labels):
            raise ValueError("Resamples of test events keep class sizes: say --over seeds here.")
        key = (metric, row, coverage(mine))
        if key not in self.kept:
            statistic = partial(_mean, METRICS[metric], mine)
            self.kept[key] = resample(statistic, mine.labels, **self.options)
        return self.kept[key]


def _mean(metric: Callable, mine: Scores, weights: np.ndarray) -> np.ndarray:
    """A metric averaged over seeds, for each row of event weights."""
    return metric_by_seed(metric, mine, weights).mean(axis=0)


def _part(mine: Scores, events: np.ndarray, seeds: tuple[Replicate, ...]) -> Scores:
    """A row on some of its events, by their numbers, and on some of its seeds."""
    if seeds == mine.seeds and np.array_equal(events, mine.rows):
        return mine
    order = np.argsort(mine.rows, kind="stable")
    index = order[np.searchsorted(mine.rows, events, sorter=order)]
    lines = [mine.seeds.index(seed) for seed in seeds]
    return Scores(mine.scores[lines][:, index], mine.labels[index], events, seeds)
