"""Scores over seeds alone, from the metrics in the records: no array is read, nothing resampled.

These intervals answer another question than those over test events: how the score varies with other
draws of training events and other randomness, on the same test events or, where splits are random,
on others. They are also what makes a table of 100,000 cells a matter of seconds.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.records import Record
from experiments.scoring import SMALLER_IS_BETTER, Replicate, metric_values, replicate
from experiments.statistics import corrected_t_test, t_interval
from qml.metrics import Interval

LEVEL = 0.05  # chance of any false alarm among all pairs of rows


class OverSeeds:
    """Means over seeds with t intervals, corrected for training draws that overlap.

    The correction is that of Nadeau & Bengio, Machine Learning 52, 239 (2003); differences are
    paired by seed and fold, and taken only where both rows scored equally many events.
    """

    def __init__(self, records: dict[str, list[Record]], ratios: dict[str, float], folder: Path):
        """Keep each row's finished records and its ratio of test to training events."""
        self.ratios, self.folder = ratios, folder
        self.records = {row: {replicate(r): r for r in found} for row, found in records.items()}

    def value(self, metric: str, row: str) -> Interval | None:
        """A metric of a row; None for fewer than two seeds, or where one is infinite."""
        values = self._values(metric, row, sorted(self.records[row]))
        return self._interval(values, row)

    def change(self, metric: str, row: str, other: str) -> Interval | None:
        """A row's metric minus another one's over the seeds that both have; None below two."""
        pair = self._pair(metric, row, other)
        return None if pair is None else self._interval(pair[0] - pair[1], row)

    def best(self, metric: str, rows: Sequence[str]) -> frozenset[str]:
        """The best of some rows of equal coverage, and those not significantly worse.

        Because the best is picked on the same seeds, p values are multiplied by the number of all
        pairs of rows (Bonferroni).
        """
        sign = -1 if metric in SMALLER_IS_BETTER else 1
        means = {r: sign * self._values(metric, r, sorted(self.records[r])).mean() for r in rows}
        best = max(rows, key=lambda row: means[row])
        pairs = len(rows) * (len(rows) - 1) / 2
        return frozenset(
            r for r in rows if self._p_value(metric, best, r) * pairs > LEVEL or r == best
        )

    def coverage(self, row: str) -> bytes:
        """What the row was scored on, as far as the records say."""
        found = self.records[row]
        return repr([(key, _events(found[key])) for key in sorted(found)]).encode()

    def _interval(self, values: np.ndarray, row: str) -> Interval | None:
        if len(values) < 2 or not np.isfinite(values).all():
            return None
        return t_interval(values, test_to_train=self.ratios[row])

    def _p_value(self, metric: str, best: str, row: str) -> float:
        """Of the corrected paired t test; 1 where seeds without spread say nothing."""
        pair, change = self._pair(metric, best, row), self.change(metric, best, row)
        if pair is None or change is None or change.low == change.high:
            return 1.0
        return corrected_t_test(*pair, test_to_train=self.ratios[row]).p_value

    def _pair(self, metric: str, row: str, other: str) -> tuple[np.ndarray, np.ndarray] | None:
        mine, its = self.records[row], self.records.get(other, {})
        both = [
            key for key in sorted(mine) if key in its and _events(mine[key]) == _events(its[key])
        ]
        if len(both) < 2:
            return None
        return self._values(metric, row, both), self._values(metric, other, both)

    def _values(self, metric: str, row: str, keys: Sequence[Replicate]) -> np.ndarray:
        return metric_values([self.records[row][key] for key in keys], metric, self.folder)


def _events(record: Record) -> int:
    return record.cost.get("events", 0)
