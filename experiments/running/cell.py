"""One cell computed: events drawn, trained or read from a checkpoint, predicted, scored."""

import inspect
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from circuits import measurement_groups
from experiments.catalogue import Pieces, build, pieces
from experiments.costs.meter import measured
from experiments.provenance import provenance
from experiments.records import Record, failure_file
from experiments.running.events import Events, choose_events
from experiments.running.loop import Outcome, Stage
from experiments.running.sharing import sharing
from experiments.running.training import plain, searched, trained_circuit
from experiments.scoring import all_metrics
from experiments.specs import (
    Cell,
    Spec,
    canonical,
    dataset_name,
    split_story,
    train_events,
)
from experiments.trainers.trained import Progress, Trained
from qml import infer, thaw
from qml.data import Dataset, load_dataset
from qml.offload_report import resources


def compute(
    spec: Spec, datasets: Mapping[str, Dataset], folder: Path, cell: Cell, stage: Stage
) -> Outcome:
    """Compute a cell; whatever goes wrong in it is a result too.

    Args:
        spec: the spec of the cell.
        datasets: {name: data set} of its rows.
        folder: where checkpoints lie; nothing else in it is read or written.
        cell: what to compute.
        stage: told of the stages with (label, done, total).

    Returns:
        a record, "ok" or "failed", its arrays, and the traceback of a failure.
    """
    dataset = datasets[dataset_name(spec, cell.row)]
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


def compute_elsewhere(
    spec: Spec, checksums: Mapping[str, str], folder: Path, cell: Cell, stage: Stage
) -> Outcome:
    """Compute a cell in a process that has to load the data itself, and keeps them.

    Args:
        spec: the spec of the cell.
        checksums: {data set: SHA-256} where the run was started.
        folder: where checkpoints lie.
        cell: what to compute.
        stage: told of the stages.

    Returns:
        the outcome.

    Raises:
        ValueError: this machine has other data under the same name; both checksums are named.
    """
    name = dataset_name(spec, cell.row)
    return compute(spec, {name: _same_data(name, checksums[name])}, folder, cell, stage)


def failed_outcome(spec: Spec, checksums: Mapping[str, str], cell: Cell, cause: str) -> Outcome:
    """The outcome of a cell whose process ended before it could tell one.

    Args:
        spec: the spec of the cell.
        checksums: {data set: SHA-256}.
        cell: the cell.
        cause: one sentence.
    """
    file = failure_file(Path(), cell.digest).name
    blank = _blank(spec, cell, checksums[dataset_name(spec, cell.row)])
    record = blank._replace(error=cause, info=blank.info | {"traceback": file})
    return Outcome(record, {}, cause + "\n")


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
    count = train_events(spec, cell.row)
    events = choose_events(spec, dataset, cell.seed, part.events, count, cell.fold)
    tell = partial(stage, f"train {cell.row.model} (seed {cell.seed})")
    if part.backend is None:
        scores, cost, info, arrays = _classical(cell, part, events, folder, tell)
    else:
        scores, cost, info, arrays = _offloaded(cell, part, events, folder, stage, tell)
    arrays |= {"scores": scores, "labels": events.y_test, "rows": events.test}
    metrics = all_metrics(scores, events.y_test, spec.metrics)
    return metrics, {"events": len(scores), **cost}, info, arrays


def _classical(cell: Cell, part: Pieces, events: Events, folder: Path, tell: Progress) -> tuple:
    """Train, on an annealer where the row has one, and predict classically."""
    train, settings = part.model
    if part.sampler is not None:
        settings = settings | {"sampler": build(part.sampler, cell.seed)}
    tell(0, 1)
    settings, tried = searched(cell, part, events, folder, settings, tell)
    if part.sampler is not None:
        own = {key: value for key, value in settings.items() if key != "sampler"}
        shared = sharing(train, events.x, events.y, cell.seed, own)
        offered = {"progress": tell, "shared": shared}
        taken = inspect.signature(train).parameters
        settings = settings | {key: value for key, value in offered.items() if key in taken}
    trained: Trained = train(events.x, events.y, cell.seed, **settings)
    start = time.perf_counter()
    scores = np.asarray(trained.score(events.x_test))
    seconds = _stages(trained.seconds, {"execute": time.perf_counter() - start})
    cost = trained.counts | {"seconds": seconds}
    return scores, cost, trained.info | tried, dict(trained.arrays)


def _offloaded(
    cell: Cell, part: Pieces, events: Events, folder: Path, stage: Stage, tell: Progress
) -> tuple:
    """Predict on a circuit backend from the checkpoint, which is trained first where absent."""
    trained, info = trained_circuit(cell, part, events, folder, tell)
    stage(f"{cell.row.label or cell.row.id} (seed {cell.seed})", 0, 1)
    assert part.backend is not None
    model, params = thaw(trained.frozen)
    outcome = infer(model, params, events.x_test, build(part.backend, cell.seed))
    told = outcome.result.info
    seconds = _stages(trained.seconds, told.get("seconds", {}))
    arrays = {"losses": trained.losses, "std": outcome.std, "values": outcome.result.values}
    arrays |= {"values_std": outcome.result.std}
    shots, asked = told.get("shots") or 0, len(events.x_test)
    counted = told.get("circuits") or told.get("cost", {}).get("circuits")
    circuits = counted or asked * len(measurement_groups(model.observables))
    cost = {"shots": shots, "circuits": circuits, "total_shots": shots * circuits}
    cost |= {"jobs": resources(told, asked)["jobs"], "seconds": seconds}
    return outcome.scores, cost, info | {"backend": told}, arrays


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
    blank = _blank(spec, cell, dataset.sha256)
    record = blank._replace(
        status=status,
        metrics={name: float(value) for name, value in metrics.items()},
        cost=plain(cost),
        info=blank.info | plain(info),
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
        info=split_story(spec, cell.fold),
        provenance=_origin() | {"precision": spec.precision},
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        data=dataset_name(spec, cell.row),
        checksum=checksum,
    )


@cache
def _origin() -> dict[str, Any]:
    """Provenance, asked once a process: versions do not change while it lives."""
    return provenance()
