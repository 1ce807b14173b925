"""One cell computed: events drawn, trained or read from a checkpoint, predicted, scored."""

import json
import time
import traceback
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.catalogue import Pieces, build, pieces
from experiments.costs import measured
from experiments.provenance import provenance
from experiments.records import Record, failure_file
from experiments.running.loop import Outcome, Stage
from experiments.specs import Cell, Spec, canonical, train_events
from experiments.trainers import Progress, Trained, TrainedCircuit
from qml import infer, load_checkpoint, save_checkpoint, thaw
from qml.data import Dataset, load_dataset
from qml.metrics import accuracy, auc


class Events(NamedTuple):
    """The events of one cell: training features and labels, test row numbers, features, labels."""

    x: np.ndarray
    y: np.ndarray
    test: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def choose_events(
    spec: Spec, dataset: Dataset, seed: int, limit: int, train: int | None = None
) -> Events:
    """The events of a cell: a seeded draw of the training rows, the first of the fixed test rows.

    Args:
        spec: the spec.
        dataset: its data set.
        seed: the cell's seed.
        limit: at most this many test events; 0 takes all that the spec allows.
        train: this many training events instead of the spec's; 0 takes all.

    Returns:
        the events; test events are the same for every seed.
    """
    count = spec.data.train_events if train is None else train
    drawn = np.random.default_rng(seed).permutation(dataset.train)[: count or None]
    test = dataset.test[: spec.data.test_events or None][: limit or None]
    x, y = dataset.x, dataset.y
    return Events(x[drawn], y[drawn], test, x[test], y[test])


def compute(spec: Spec, dataset: Dataset, folder: Path, cell: Cell, stage: Stage) -> Outcome:
    """Compute a cell; whatever goes wrong in it is a result too.

    Args:
        spec: the spec of the cell.
        dataset: its data.
        folder: where checkpoints lie; nothing else in it is read or written.
        cell: what to compute.
        stage: told of the stages with (label, done, total).

    Returns:
        a record, "ok" or "failed", its arrays, and the traceback of a failure.
    """
    done = partial(_record, spec, cell, dataset)
    with jax.enable_x64(spec.precision == "double"):
        try:
            with measured() as spent:
                metrics, cost, info, arrays = _result(spec, cell, dataset, folder, stage)
            return Outcome(done("ok", metrics, cost | {"resources": spent}, info), arrays)
        except Exception as error:
            cause = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            file = failure_file(folder, cell.digest).name
            failed = done("failed", {}, {}, {"traceback": file}, cause)
            return Outcome(failed, {}, traceback.format_exc())


def compute_elsewhere(spec: Spec, checksum: str, folder: Path, cell: Cell, stage: Stage) -> Outcome:
    """Compute a cell in a process that has to load the data itself, and keeps them.

    Args:
        spec: the spec of the cell.
        checksum: SHA-256 of the data where the run was started.
        folder: where checkpoints lie.
        cell: what to compute.
        stage: told of the stages.

    Returns:
        the outcome.

    Raises:
        ValueError: this machine has other data under the same name; both checksums are named.
    """
    return compute(spec, _same_data(spec.data.name, checksum), folder, cell, stage)


def failed_outcome(spec: Spec, checksum: str, cell: Cell, cause: str) -> Outcome:
    """The outcome of a cell whose process ended before it could tell one.

    Args:
        spec: the spec of the cell.
        checksum: of the data.
        cell: the cell.
        cause: one sentence.
    """
    file = failure_file(Path(), cell.digest).name
    record = _blank(spec, cell, checksum)._replace(error=cause, info={"traceback": file})
    return Outcome(record, {}, cause + "\n")


def checkpoint_base(folder: Path, cell: Cell) -> Path:
    """Where the checkpoint of a cell's circuit model lies, without a suffix."""
    return folder / "checkpoints" / f"{cell.row.model}-{cell.training[:16]}"


def training_story(folder: Path, cell: Cell) -> Path:
    """The file that is written last: where it is, the checkpoint is whole."""
    base = checkpoint_base(folder, cell)
    return base.with_name(base.name + ".training.json")


def checkpoint_files(folder: Path, cell: Cell) -> list[tuple[str, bytes]]:
    """A cell's checkpoint as (name, content), the story last; empty where it is not whole."""
    if not training_story(folder, cell).exists():
        return []
    base = checkpoint_base(folder, cell)
    names = [base.name + suffix for suffix in (".safetensors", ".json", ".training.json")]
    return [(name, (base.parent / name).read_bytes()) for name in names]


@lru_cache(maxsize=2)
def _same_data(name: str, checksum: str) -> Dataset:
    dataset = load_dataset(name)
    if dataset.sha256 != checksum:
        raise ValueError(
            f"Data set {name!r} has checksum {dataset.sha256} on this machine, but {checksum} "
            "where the run was started; give both the same files."
        )
    return dataset


def _result(spec: Spec, cell: Cell, dataset: Dataset, folder: Path, stage: Stage) -> tuple:
    """Metrics, cost, info and arrays of a cell."""
    part = pieces(spec, cell.row)
    events = choose_events(spec, dataset, cell.seed, part.events, train_events(spec, cell.row))
    tell = partial(stage, f"train {cell.row.model} (seed {cell.seed})")
    if part.backend is None:
        scores, cost, info, arrays = _classical(cell, part, events, tell)
    else:
        scores, cost, info, arrays = _offloaded(cell, part, events, folder, stage, tell)
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
    cell: Cell, part: Pieces, events: Events, folder: Path, stage: Stage, tell: Progress
) -> tuple:
    """Predict on a circuit backend from the checkpoint, which is trained first where absent."""
    trained, digest = _trained_circuit(cell, part, events, folder, tell)
    stage(f"{cell.row.label or cell.row.id} (seed {cell.seed})", 0, 1)
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
    base, story = checkpoint_base(folder, cell), training_story(folder, cell)
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


def _stages(training: dict[str, float], predicting: dict[str, float]) -> dict[str, float]:
    """Compile, train and execute apart; stages of a vendor (transpile, embed, …) stay by name."""
    stages = dict(training)
    for name, seconds in predicting.items():
        stages[name] = stages.get(name, 0.0) + seconds
    return {name: round(seconds, 6) for name, seconds in stages.items()}


def _record(
    spec: Spec,
    cell: Cell,
    dataset: Dataset,
    status: str,
    metrics: dict,
    cost: dict,
    info: dict,
    error: str = "",
) -> Record:
    record = _blank(spec, cell, dataset.sha256)._replace(
        status=status,
        metrics={name: float(value) for name, value in metrics.items()},
        cost=_plain(cost),
        info=_plain(info),
        error=error,
    )
    canonical(record._asdict())  # a metric that is not a number fails its own cell, not the run
    return record


def _blank(spec: Spec, cell: Cell, checksum: str) -> Record:
    return Record(
        digest=cell.digest,
        spec=spec.name,
        row=cell.row.id,
        seed=cell.seed,
        status="failed",
        metrics={},
        cost={},
        info={},
        provenance=_origin() | {"precision": spec.precision},
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        data=spec.data.name,
        checksum=checksum,
    )


@cache
def _origin() -> dict[str, Any]:
    """Provenance, asked once a process: versions do not change while it lives."""
    return provenance()


def _plain(value: Any) -> Any:
    """JSON-able copy: NumPy numbers become Python's."""

    def plain(entry: Any) -> Any:
        return entry.tolist() if hasattr(entry, "tolist") else str(entry)

    return json.loads(json.dumps(value, default=plain))
