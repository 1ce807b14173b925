"""Records to a table: one line a row of the spec, with intervals and baselines beside every score.

Per line, over replicates s (seeds, and folds where there are some) and test events e:

    score      mean over s of the metric, with an interval over e (bootstrap) or over s (t)
    spread     sample standard deviation over s, training draw and all randomness included
    change     the same metric minus another row's on what both rows have (paired)

Rows with fewer test events or seeds than the others say so and are never ranked with them.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from experiments.records import Record
from experiments.reporting.lines import Judge, Line, Table, make_line
from experiments.reporting.notes import table_notes
from experiments.reporting.over_seeds import OverSeeds
from experiments.reporting.scores import OverEvents, stored_scores
from experiments.run import all_records
from experiments.specs import ROLES, Spec, by_dataset
from experiments.splits import split_ratio
from qml.data import load_dataset

__all__ = [
    "Line",
    "Table",
    "make_table",
    "require_baselines",
    "require_equal_coverage",
]

RESAMPLES = 1000
OVER = ("events", "seeds")


def make_table(
    spec: Spec,
    folder: Path,
    *,
    baselines: bool = True,
    over: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Table:
    """Build the table from stored predictions; nothing is trained.

    Args:
        spec: the spec, with rows on one data set (`experiments.specs.by_dataset` gives such ones).
        folder: the run's folder.
        baselines: refuse a table without a classical and a trivial row; without them it says so.
        over: "events" for bootstrap intervals over test events, "seeds" for t intervals over seeds
            and splits, which need the records only; None takes events where all seeds have the
            same ones, else seeds.
        resamples: bootstrap resamples of the test events.
        seed: decides the resamples.
        progress: called with (rows done, rows).

    Returns:
        the table; rows without finished cells are shown as missing.

    Raises:
        ValueError: no finished cell at all, no baselines, several data sets, an unknown `over`.
    """
    spec = _of_one_dataset(spec)
    if baselines:
        require_baselines(spec)
    over = over or ("events" if spec.data.split == "fixed" else "seeds")
    if over not in OVER:
        raise ValueError(f"Argument `over` must be one of {OVER}, but is {over!r}.")
    by_row = _by_row(spec, folder)
    finished = {i: [r for r in records if r.status == "ok"] for i, records in by_row.items()}
    finished = {i: records for i, records in finished.items() if records}
    if not finished:
        raise ValueError(f"Folder {folder} has no finished cell of {spec.name!r}; `qml run` it.")
    judge: Judge
    if over == "seeds":
        judge = OverSeeds(finished, _ratios(spec), folder)
    else:
        stored = {i: stored_scores(folder, records) for i, records in finished.items()}
        judge = OverEvents(stored, resamples, seed)
    lines: list[Line] = []
    for row in spec.rows:
        lines.append(make_line(spec, folder, row, by_row[row.id], judge))
        progress(len(lines), len(spec.rows))
    covered = _covered(lines, judge)
    best = judge.best(spec.metrics[0], [r.id for r in spec.rows if r.id in covered])
    records = [record for row in spec.rows for record in by_row[row.id]]
    notes = table_notes(spec, lines, records, covered, resamples if over == "events" else None)
    return Table(spec, lines, notes, records, best, covered)


def require_baselines(spec: Spec) -> None:
    """Refuse a spec without a classical and a trivial row.

    Args:
        spec: the spec.

    Raises:
        ValueError: a role that no row has.
    """
    missing = [role for role in ROLES if all(row.role != role for row in spec.rows)]
    if missing:
        raise ValueError(
            f"Spec {spec.name!r} has no {' and no '.join(missing)} row, so its table would prove "
            "nothing: give a row that `role`, or say --no-baselines."
        )


def require_equal_coverage(table: Table) -> None:
    """Refuse a table in which some row has other test events or fewer seeds than the best covered.

    Args:
        table: the table.

    Raises:
        ValueError: such rows; all are named, with what they have.
    """
    fewer = [line for line in table.lines if line.row.id not in table.covered]
    if fewer:
        told = ", ".join(f"{ln.row.id} ({ln.events} events, {ln.seeds} seeds)" for ln in fewer)
        most = next(line for line in table.lines if line.row.id in table.covered)
        raise ValueError(
            f"Coverage is not equal: {told} against {most.events} events and {most.seeds} seeds of "
            "the others; run what is missing, or give all rows the same `events`."
        )


def _of_one_dataset(spec: Spec) -> Spec:
    parts = by_dataset(spec)
    if len(parts) > 1:
        raise ValueError(
            f"Spec {spec.name!r} has rows on {', '.join(parts)}, and a table is of one data set: "
            "take each of `experiments.specs.by_dataset`."
        )
    name, only = next(iter(parts.items()))
    told = f", data={name}"  # what a grid over data sets wrote into every label
    rows = tuple(replace(row, label=row.label.replace(told, "")) for row in only.rows)
    return replace(only, rows=rows)


def _by_row(spec: Spec, folder: Path) -> dict[str, list[Record]]:
    """The records of each row, in order of seeds and folds."""
    by_row: dict[str, list[Record]] = {row.id: [] for row in spec.rows}
    for cell, record in all_records(spec, folder):
        if record is not None:
            by_row[cell.row.id].append(record)
    return by_row


def _ratios(spec: Spec) -> dict[str, float]:
    """Test events over training events of each row."""
    dataset = load_dataset(spec.data.name)
    by_count = {row.train_events: split_ratio(spec, row, dataset) for row in spec.rows}
    return {row.id: by_count[row.train_events] for row in spec.rows}


def _covered(lines: list[Line], judge: Judge) -> frozenset[str]:
    """The rows that were scored on the most events and seeds, and on the very same ones."""
    scored = [line for line in lines if line.scores]
    if not scored:
        return frozenset()
    most = judge.coverage(max(scored, key=lambda line: (line.events, line.seeds)).row.id)
    return frozenset(line.row.id for line in scored if judge.coverage(line.row.id) == most)
