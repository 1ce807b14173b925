"""Records to a table: one line a row of the spec, with intervals and baselines beside every score.

Per line, over seeds s and test events e:

    score      mean over s of the metric, interval from resampling e (percentile bootstrap)
    spread     sample standard deviation over s, training draw and all randomness included
    change     the same metric minus another row's on the same events, seeds and resamples (paired)

Test events are shared by all seeds, so they are resampled once for all seeds together.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.records import Record, read_arrays
from experiments.run import spec_records
from experiments.specs import ROLES, Row, Spec
from experiments.statistics import not_worse_than_best
from qml.intervals import Interval, Replicates, percentile, resample
from qml.metrics import accuracy, auc

RESAMPLES = 1000


class Scores(NamedTuple):
    """Stored predictions of one row: `scores` (s, e), `labels` (e,), `rows` (e,) event numbers."""

    scores: np.ndarray
    labels: np.ndarray
    rows: np.ndarray


class Line(NamedTuple):
    """One line of a table.

    `versus` holds the paired change in AUC to ideal, classical, trivial; `seconds` compile, train
    and execute; `resources` CPU seconds, peak memory, energy and carbon, means over seeds.
    """

    row: Row
    trained_on: str
    predicted_on: str
    seeds: int
    failed: int
    events: int
    auc: Interval | None
    accuracy: Interval | None
    spread: float
    versus: dict[str, Interval]
    draws: str
    seconds: dict[str, float]
    resources: dict[str, float]
    simulated: bool


class Table(NamedTuple):
    """A spec's lines, the notes that belong under them, and the records they came from.

    `best` names the row with the highest AUC and all rows that are not significantly worse.
    """

    spec: Spec
    lines: list[Line]
    notes: list[str]
    records: list[Record]
    best: frozenset[str] = frozenset()


def make_table(
    spec: Spec,
    folder: Path,
    *,
    baselines: bool = True,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Table:
    """Build the table from stored predictions; nothing is trained.

    Args:
        spec: the spec.
        folder: the run's folder.
        baselines: refuse a table without a classical and a trivial row; without them it says so.
        resamples: bootstrap resamples of the test events.
        seed: decides the resamples.
        progress: called with (rows done, rows).

    Returns:
        the table; rows without finished cells are shown as missing.

    Raises:
        ValueError: no finished cell at all, or no baselines.
    """
    if baselines:
        require_baselines(spec)
    found = spec_records(spec, folder)
    records = [record for _, record in found if record is not None]
    by_row = {row.id: [r for c, r in found if c.row.id == row.id and r] for row in spec.rows}
    finished = {i: [r for r in rs if r.status == "ok"] for i, rs in by_row.items()}
    if not any(finished.values()):
        raise ValueError(f"Folder {folder} has no finished cell of {spec.name!r}; `qml run` it.")
    stored = {i: stored_scores(folder, rs) for i, rs in finished.items() if rs}
    bootstrap = Bootstrap(stored, resamples, seed)
    compare = partial(_compare, spec, bootstrap)
    lines = []
    for row in spec.rows:
        lines.append(_line(spec, row, by_row[row.id], finished[row.id], compare))
        progress(len(lines), len(spec.rows))
    best = _best(lines, bootstrap)
    return Table(spec, lines, _notes(spec, lines, records, resamples), records, best)


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


def stored_scores(folder: Path, records: list[Record]) -> Scores:
    """The predictions of one row.

    Args:
        folder: the run's folder.
        records: finished records of the row, one a seed.

    Returns:
        scores of all seeds on the row's events.
    """
    arrays = [read_arrays(folder, record.digest) for record in records]
    scores = np.stack([a["scores"] for a in arrays]).astype(float)
    return Scores(scores, arrays[0]["labels"], arrays[0]["rows"])


class Bootstrap:
    """Replicates of rows on the events of another row, each computed once.

    Rows on the same events are resampled alike, so differences of their replicates are paired.
    """

    def __init__(self, stored: dict[str, Scores], resamples: int, seed: int):
        """Keep the scores of every row by its id."""
        self.stored = stored
        self.options: dict[str, int] = {"resamples": resamples, "seed": seed}
        self.kept: dict[tuple, Replicates] = {}

    def __call__(self, metric: Callable, row: str, events: np.ndarray) -> Replicates:
        """A metric of a row, averaged over its seeds, on these events."""
        key = (metric, row, events.tobytes())
        if key not in self.kept:
            mine = on_events(self.stored[row], events)
            self.kept[key] = resample(partial(_mean, metric, mine), mine.labels, **self.options)
        return self.kept[key]


def _compare(spec: Spec, bootstrap: Bootstrap, row: Row) -> tuple:
    """AUC, accuracy, and paired AUC changes of one row, all on the same resampled events."""
    events = bootstrap.stored[row.id].rows
    own = bootstrap(auc, row.id, events)
    others: dict[str, str | None] = {"ideal": row.ideal}
    others |= {role: _baseline(spec, row, role) for role in ROLES}
    versus = {
        name: percentile(own - bootstrap(auc, other, events))
        for name, other in others.items()
        if other in bootstrap.stored
    }
    return percentile(own), percentile(bootstrap(accuracy, row.id, events)), versus


def _best(lines: list[Line], bootstrap: Bootstrap) -> frozenset[str]:
    """The best row and those not significantly worse, among the rows that saw the most events."""
    full = max(line.events for line in lines)
    rows = [line.row.id for line in lines if line.events == full]
    replicates = [bootstrap(auc, row, bootstrap.stored[row].rows) for row in rows]
    if len(rows) < 2:
        return frozenset(rows)
    alike = not_worse_than_best(replicates).not_worse
    return frozenset(row for row, kept in zip(rows, alike, strict=True) if kept)


def _baseline(spec: Spec, row: Row, role: str) -> str | None:
    """The row of a role, with as many training events as this one where a grid has several."""
    if row.role == role:
        return None
    found = [other for other in spec.rows if other.role == role]
    alike = [other for other in found if other.train_events == row.train_events]
    return next((other.id for other in alike or found), None)


def _mean(metric: Callable, mine: Scores, weights: np.ndarray) -> np.ndarray:
    """A metric averaged over seeds, for each row of event weights."""
    return np.mean([metric(scores, mine.labels, weights) for scores in mine.scores], axis=0)


def on_events(scores: Scores, events: np.ndarray) -> Scores:
    """Scores of a row on some of its events, by their row numbers (e,)."""
    place = {row: i for i, row in enumerate(scores.rows.tolist())}
    index = [place[row] for row in events.tolist()]
    return Scores(scores.scores[:, index], scores.labels[index], events)


def _line(spec: Spec, row: Row, all_records, records, compare) -> Line:
    sampler = spec.samplers.get(row.sampler or "", {}).get("kind", "")
    backend = row.backend or ""
    values = (None, None, {}) if not records else compare(row)
    aucs = [record.metrics["auc"] for record in records]
    return Line(
        row=row,
        trained_on=f"annealer: {sampler.replace('_', ' ')}" if sampler else "classical",
        predicted_on=f"circuit: {backend.replace('_', ' ')}" if backend else "classical",
        seeds=len(records),
        failed=sum(record.status != "ok" for record in all_records),
        events=records[0].cost["events"] if records else 0,
        auc=values[0],
        accuracy=values[1],
        spread=float(np.std(aucs, ddof=1)) if len(aucs) > 1 else float("nan"),
        versus=values[2],
        draws=_draws(records),
        seconds=_seconds(records),
        resources=_resources(records),
        simulated=any(_said_simulated(record) for record in records),
    )


def _draws(records: list[Record]) -> str:
    sampler = records[0].info.get("sampler", {}).get("sampler") if records else None
    if sampler == "Exhaustive":
        return f"all 2^{records[0].info['weak_classifiers']}"
    for name in ("shots", "reads"):
        counts = [record.cost.get(name, 0) for record in records]
        if any(counts):
            return f"{max(counts)} {name}"
    return "-"


def _seconds(records: list[Record]) -> dict[str, float]:
    """Mean over seeds of compile, train and execute; a vendor's own stages belong to execute."""
    stages = [record.cost["seconds"] for record in records]
    own = {name: [s.get(name, 0.0) for s in stages] for name in ("compile", "train")}
    vendor = ("execute", "transpile")
    own["execute"] = [sum(s.get(name, 0.0) for name in vendor) for s in stages]
    return {name: float(np.mean(values)) if values else 0.0 for name, values in own.items()}


def _resources(records: list[Record]) -> dict[str, float]:
    """Means over seeds of what the cells measured of themselves, where they did."""
    used = [record.cost.get("resources", {}) for record in records]
    names = sorted({name for entry in used for name in entry if name != "energy_source"})
    return {name: float(np.mean([entry.get(name, np.nan) for entry in used])) for name in names}


def _said_simulated(record: Record) -> bool:
    told = record.info.get("backend") or record.info.get("sampler") or {}
    return bool(told.get("simulated"))


def _notes(spec: Spec, lines: list[Line], records: list[Record], resamples: int) -> list[str]:
    count = len(spec.seeds)
    notes = [
        f"AUC and accuracy: mean over {count} seed{'s' * (count > 1)}; [95 % interval from "
        f"{resamples} resamples of the test events, the same for all seeds]; ± seeds: standard "
        "deviation over seeds, each with a draw of training events of its own (the draws overlap). "
        "Changes are paired: same events, same seeds, same resamples.",
        "Bold: the best row and all that are not significantly worse (paired bootstrap over the "
        "test events, corrected for choosing the best, level 0.05), among rows with all events.",
        "Train seconds of a circuit model are spent once for all its backends; of an annealed "
        "ensemble they contain the search of the penalty on held-out training events.",
    ]
    if any(line.simulated for line in lines):
        notes.append("Every quantum row is simulated on this machine; none ran on hardware.")
    if not any(line.row.role == "classical" for line in lines):
        notes.append("This table has no classical baseline.")
    if not any(line.row.role == "trivial" for line in lines):
        notes.append("This table has no trivial baseline.")
    missing = [line.row.id for line in lines if line.seeds < len(spec.seeds)]
    if missing:
        notes.append(f"Not all seeds are there for: {', '.join(missing)}.")
    commits = {record.provenance.get("commit") for record in records}
    if len(commits) > 1:
        notes.append(f"Records come from {len(commits)} commits of the code.")
    return notes
