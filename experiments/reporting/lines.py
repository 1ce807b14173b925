"""One line of a table and the whole table, and how a line comes to its numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from experiments.costs.prices import Price, read_prices
from experiments.records import Record
from experiments.reporting import spending
from experiments.scoring import metric_values
from experiments.specs import ROLES, Row, Spec
from qml.metrics import Interval


class Line(NamedTuple):
    """One line of a table.

    `scores` {metric: interval}, the spec's main metric first, empty where nothing was run;
    `versus` holds the paired change of the main metric to ideal, classical, trivial; `seeds` and
    `failed` count cells; `seconds` compile, train, execute, and queue where there was one;
    `resources` CPU seconds, peak memory, energy and carbon, means over seeds; `price` what a cell
    would cost on the device that the row stands for.
    """

    row: Row
    trained_on: str
    predicted_on: str
    seeds: int
    failed: int
    events: int
    scores: dict[str, Interval]
    spread: float
    versus: dict[str, Interval]
    draws: str
    seconds: dict[str, float]
    resources: dict[str, float]
    price: Price | None
    simulated: bool

    @property
    def main(self) -> Interval | None:
        """The spec's main metric; None where nothing was run."""
        return next(iter(self.scores.values()), None)

    @property
    def offloaded(self) -> bool:
        """Whether a circuit predicted, here or where stored outputs come from."""
        return self.predicted_on != "classical"

    @property
    def auc(self) -> Interval | None:
        """The AUC, where it is one of the spec's metrics."""
        return self.scores.get("auc")

    @property
    def accuracy(self) -> Interval | None:
        """The accuracy, where it is one of the spec's metrics."""
        return self.scores.get("accuracy")


class Table(NamedTuple):
    """A spec's lines, the notes that belong under them, and the records they came from.

    `covered` names the rows that were scored on the most events and seeds, all of them alike;
    `best` those of them with the highest score or not significantly below it.
    """

    spec: Spec
    lines: list[Line]
    notes: list[str]
    records: list[Record]
    best: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()

    @property
    def metric(self) -> str:
        """The name of the main metric."""
        return self.spec.metrics[0]


class Judge(Protocol):
    """Who says what rows score: over test events, or over seeds."""

    def value(self, metric: str, row: str) -> Interval | None:
        """A metric of a row."""
        ...

    def change(self, metric: str, row: str, other: str) -> Interval | None:
        """A row's metric minus another one's on what both have."""
        ...

    def best(self, metric: str, rows: Sequence[str]) -> frozenset[str]:
        """The best of some rows of equal coverage, and those not significantly worse."""
        ...

    def coverage(self, row: str) -> bytes:
        """What a row was scored on."""
        ...


def make_line(spec: Spec, folder: Path, row: Row, records: list[Record], judge: Judge) -> Line:
    """The line of a row.

    Args:
        spec: the spec.
        folder: the run's folder, for metrics that a record does not hold.
        row: one of its rows.
        records: of the row, failed ones too.
        judge: says what rows score.

    Returns:
        the line; without scores where no record is finished.
    """
    everything, records = records, [record for record in records if record.status == "ok"]
    sampler = spec.samplers.get(row.sampler or "", {}).get("kind", "")
    stored = "stored outputs" if any(r.info.get("backend") for r in records) else ""
    backend = row.backend or stored
    scores, versus = _judged(spec, row, judge) if records else ({}, {})
    values = metric_values(records, spec.metrics[0], folder)
    return Line(
        row=row,
        trained_on=f"annealer: {sampler.replace('_', ' ')}" if sampler else "classical",
        predicted_on=f"circuit: {backend.replace('_', ' ')}" if backend else "classical",
        seeds=len(records),
        failed=len(everything) - len(records),
        events=records[0].cost["events"] if records else 0,
        scores=scores,
        spread=float(np.std(values, ddof=1)) if len(values) > 1 else float("nan"),
        versus=versus,
        draws=spending.draws(records),
        seconds=spending.seconds(records),
        resources=spending.resources(records),
        price=spending.row_price(records, read_prices()),
        simulated=spending.simulated(records),
    )


def _judged(spec: Spec, row: Row, judge: Judge) -> tuple[dict, dict]:
    """The metrics of one row, and the changes of the main one to the rows it stands beside."""
    values = {name: judge.value(name, row.id) for name in spec.metrics}
    others: dict[str, str | None] = {"ideal": row.ideal}
    others |= {role: _baseline(spec, row, role) for role in ROLES}
    main = spec.metrics[0]
    changes = {n: judge.change(main, row.id, other) for n, other in others.items() if other}
    return _known(values), _known(changes)


def _known(found: dict[str, Interval | None]) -> dict[str, Interval]:
    return {name: value for name, value in found.items() if value is not None}


def _baseline(spec: Spec, row: Row, role: str) -> str | None:
    """The row of a role, with as many training events as this one where a grid has several."""
    if row.role == role:
        return None
    found = [other for other in spec.rows if other.role == role]
    alike = [other for other in found if other.train_events == row.train_events]
    return next((other.id for other in alike or found), None)
