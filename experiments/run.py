"""Run a spec: every cell that has no finished record yet, one after the other.

A run is resumed by running it again: finished cells are skipped, a circuit model that was trained
before is read from its checkpoint. A cell that fails becomes a record too and the others go on.
"""

import json
import time
import traceback
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from experiments.catalogue import Pieces, build, pieces
from experiments.provenance import provenance
from experiments.records import (
    Record,
    append_record,
    latest,
    read_records,
    write_failure,
)
from experiments.specs import Cell, Row, Spec, cells
from experiments.trainers import Progress, Trained, TrainedCircuit
from qml import infer, load_checkpoint, save_checkpoint, thaw
from qml.data import Dataset, load_dataset
from qml.metrics import accuracy, auc


class Display(Protocol):
    """What a run tells while it goes on."""

    def stage(self, label: str, done: int, total: int) -> None:
        """A stage of the current cell has come this far."""

    def finished(self, record: Record, done: int, total: int) -> None:
        """A cell is done; `done` of `total` are."""


class Silent:
    """A display that shows nothing."""

    def stage(self, label: str, done: int, total: int) -> None:
        """Show nothing."""

    def finished(self, record: Record, done: int, total: int) -> None:
        """Show nothing."""


class Events(NamedTuple):
    """The events of one cell: training features and labels, test row numbers, features, labels."""

    x: np.ndarray
    y: np.ndarray
    test: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def run(
    spec: Spec, folder: Path, *, retry_failed: bool = False, display: Display | None = None
) -> list[Record]:
    """Run what is missing of a spec and return the records of all its cells.

    Args:
        spec: the spec.
        folder: where records, arrays and checkpoints lie; made where absent.
        retry_failed: run cells again whose last record is a failure.
        display: told of progress; silent by default.

    Returns:
        one record a cell, in table order.

    Raises:
        ValueError: names or settings that do not exist, data or a checkpoint that were changed.
        FileNotFoundError: data that are not there.
    """
    show = display or Silent()
    parts = {row.id: pieces(spec, row) for row in spec.rows}
    dataset = load_dataset(spec.data.name)
    _check_sizes(spec, dataset)
    todo = cells(spec, dataset.sha256)
    _check_checkpoints(todo, folder)
    done = _finished(folder, retry_failed)
    for index, cell in enumerate(todo):
        if cell.digest not in done:
            with jax.enable_x64(spec.precision == "double"):
                done[cell.digest] = _run_cell(spec, cell, parts[cell.row.id], dataset, folder, show)
        show.finished(done[cell.digest], index + 1, len(todo))
    return [done[cell.digest] for cell in todo]


def spec_records(spec: Spec, folder: Path) -> list[tuple[Cell, Record | None]]:
    """The cells of a spec with their records; None where a cell was not run yet.

    Args:
        spec: the spec.
        folder: the run's folder.

    Returns:
        (cell, record or None) in table order.
    """
    found = latest(read_records(folder).records)
    sha256 = load_dataset(spec.data.name).sha256
    return [(cell, found.get(cell.digest)) for cell in cells(spec, sha256)]


def choose_events(spec: Spec, dataset: Dataset, seed: int, limit: int) -> Events:
    """The events of a cell: a seeded draw of the training rows, the first of the fixed test rows.

    Args:
        spec: the spec.
        dataset: its data set.
        seed: the cell's seed.
        limit: at most this many test events; 0 takes all that the spec allows.

    Returns:
        the events; test events are the same for every seed.
    """
    drawn = np.random.default_rng(seed).permutation(dataset.train)
    train = drawn[: spec.data.train_events or None]
    test = dataset.test[: spec.data.test_events or None][: limit or None]
    x, y = dataset.x, dataset.y
    return Events(x[train], y[train], test, x[test], y[test])


def _run_cell(
    spec: Spec, cell: Cell, part: Pieces, dataset: Dataset, folder: Path, show: Display
) -> Record:
    events = choose_events(spec, dataset, cell.seed, part.events)
    try:
        metrics, cost, info, arrays = _result(cell, part, events, folder, show)
        record = _record(spec, cell, "ok", metrics, cost, info)
    except Exception as error:  # a failure is a result too: it is recorded, and told at the end
        file = write_failure(folder, cell.digest, traceback.format_exc())
        cause = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        record, arrays = _record(spec, cell, "failed", {}, {}, {"traceback": file.name}, cause), {}
    append_record(folder, record, arrays)
    return record


def _result(cell: Cell, part: Pieces, events: Events, folder: Path, show: Display) -> tuple:
    """Metrics, cost, info and arrays of a cell."""
    tell = partial(show.stage, f"train {cell.row.model} (seed {cell.seed})")
    if part.backend is None:
        scores, cost, info, arrays = _classical(cell, part, events, tell)
    else:
        scores, cost, info, arrays = _offloaded(cell, part, events, folder, show, tell)
    arrays |= {"scores": scores, "labels": events.y_test, "rows": events.test}
    metrics = {"auc": auc(scores, events.y_test), "accuracy": accuracy(scores, events.y_test)}
    return metrics, {"events": len(scores), **cost}, info, arrays


def _classical(cell: Cell, part: Pieces, events: Events, tell: Progress) -> tuple:
    """Train, on an annealer where the row has one, and predict classically."""
    train, settings = part.model
    if part.sampler is not None:
        settings = settings | {"sampler": build(part.sampler, cell.seed), "progress": tell}
    tell(0, 1)
    trained: Trained = train(events.x, events.y, cell.seed, **settings)
    start = time.perf_counter()
    scores = np.asarray(trained.score(events.x_test))
    seconds = _stages(trained.seconds, {"execute": time.perf_counter() - start})
    return scores, trained.counts | {"seconds": seconds}, trained.info, dict(trained.arrays)


def _offloaded(
    cell: Cell, part: Pieces, events: Events, folder: Path, show: Display, tell: Progress
) -> tuple:
    """Predict on a circuit backend from the checkpoint, which is trained first where absent."""
    trained, digest = _trained_circuit(cell, part, events, folder, tell)
    show.stage(f"{cell.row.label or cell.row.id} (seed {cell.seed})", 0, 1)
    assert part.backend is not None
    outcome = infer(*thaw(trained.frozen), events.x_test, build(part.backend, cell.seed))
    told = outcome.result.info
    seconds = _stages(trained.seconds, told.get("seconds", {}))
    arrays = {"losses": trained.losses, "std": outcome.std, "values": outcome.result.values}
    cost = {"shots": told.get("shots") or 0, "seconds": seconds}
    return outcome.scores, cost, {"checkpoint": digest, "backend": told}, arrays


def _trained_circuit(
    cell: Cell, part: Pieces, events: Events, folder: Path, tell: Progress
) -> tuple[TrainedCircuit, str]:
    """Train and freeze once; every backend predicts from the same checkpoint, byte for byte."""
    base = _checkpoint(folder, cell)
    story = base.with_name(base.name + ".training.json")
    if not story.exists():
        train, settings = part.model
        trained: TrainedCircuit = train(events.x, events.y, cell.seed, progress=tell, **settings)
        save_checkpoint(base, trained.frozen)
        losses = np.asarray(trained.losses, dtype=float).tolist()
        draft = story.with_name(story.name + ".part")
        draft.write_text(json.dumps({"seconds": trained.seconds, "losses": losses}))
        draft.replace(story)
    frozen, digest = load_checkpoint(base)
    told = json.loads(story.read_text())
    return TrainedCircuit(frozen, np.asarray(told["losses"]), told["seconds"]), digest


def _checkpoint(folder: Path, cell: Cell) -> Path:
    return folder / "checkpoints" / f"{cell.row.model}-{cell.training[:16]}"


def _check_checkpoints(todo: list[Cell], folder: Path) -> None:
    """A checkpoint that was changed is refused before anything runs on it."""
    for base in sorted({_checkpoint(folder, cell) for cell in todo}):
        if base.with_name(base.name + ".training.json").exists():
            load_checkpoint(base)


def _check_sizes(spec: Spec, dataset: Dataset) -> None:
    for name, rows in (("train_events", dataset.train), ("test_events", dataset.test)):
        if getattr(spec.data, name) > len(rows):
            raise ValueError(
                f"In [data]: `{name}` is {getattr(spec.data, name)}, but data set "
                f"{dataset.name!r} has {len(rows)} such rows."
            )


def _finished(folder: Path, retry_failed: bool) -> dict[str, Record]:
    found = latest(read_records(folder).records)
    return {d: r for d, r in found.items() if r.status == "ok" or not retry_failed}


def _stages(training: dict[str, float], predicting: dict[str, float]) -> dict[str, float]:
    """Compile, train and execute apart; stages of a vendor (transpile, embed, …) stay by name."""
    stages = dict(training)
    for name, seconds in predicting.items():
        stages[name] = stages.get(name, 0.0) + seconds
    return {name: round(seconds, 6) for name, seconds in stages.items()}


def _record(
    spec: Spec, cell: Cell, status: str, metrics: dict, cost: dict, info: dict, error: str = ""
) -> Record:
    row: Row = cell.row
    return Record(
        digest=cell.digest,
        spec=spec.name,
        row=row.id,
        seed=cell.seed,
        status=status,
        metrics={name: float(value) for name, value in metrics.items()},
        cost=_plain(cost),
        info=_plain(info),
        provenance=provenance() | {"precision": spec.precision},
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        error=error,
    )


def _plain(value: Any) -> Any:
    """JSON-able copy: NumPy numbers become Python's."""

    def plain(entry: Any) -> Any:
        return entry.tolist() if hasattr(entry, "tolist") else str(entry)

    return json.loads(json.dumps(value, default=plain))
