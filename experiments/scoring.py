"""Metrics: the scores that every cell is given, and how those of many cells are read.

`METRICS` is the one place where a name in a spec's `metrics` becomes a function
`metric(scores, labels, weights)`. Every cell keeps `ALWAYS` and what its spec asks for; any other
metric follows from the stored predictions, so that naming one later computes nothing again.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.records import Record, read_arrays
from experiments.specs import Cell, Spec, dataset_name, model_label
from qml.data import holds_classes
from qml.metrics import (
    accuracy,
    auc,
    background_rejection,
    balanced_accuracy,
    brier,
    calibration_error,
    efficiency,
    log_loss,
    mean_score,
    purity,
    r2,
    rmse,
    tagging_power,
)

METRICS: dict[str, Callable] = {
    "auc": auc,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "background_rejection": background_rejection,  # at half of the signal kept
    "tagging_power": tagging_power,
    # These take scores as log-odds, which those of an ensemble's vote are not.
    "log_loss": log_loss,
    "brier": brier,
    "calibration_error": calibration_error,
    # What is kept, of what should be kept: for selections such as tracks.
    "efficiency": efficiency,
    "purity": purity,
    # These take scores as predictions of values, or as log-probabilities of the events.
    "r2": r2,
    "rmse": rmse,
    "mean_score": mean_score,
}
# Kept of every cell whose events have classes.
ALWAYS = ("auc", "accuracy", "balanced_accuracy", "background_rejection", "tagging_power")
SMALLER_IS_BETTER = frozenset({"log_loss", "brier", "calibration_error", "rmse"})

Replicate = tuple[int, int]  # seed and fold


class ScoreMatrix(NamedTuple):
    """Scores (d, m) of m models on d data sets, NaN where one was not run on the other."""

    models: list[str]
    datasets: list[str]
    values: np.ndarray


def check_metrics(names: Iterable[str]) -> None:
    """Refuse names that are no metric.

    Args:
        names: of a spec's `metrics`.

    Raises:
        ValueError: an unknown name; the known ones are given.
    """
    for name in names:
        if name not in METRICS:
            raise ValueError(
                f"In the spec: `metrics` names {name!r}; known are {', '.join(METRICS)}."
            )


def all_metrics(
    scores: np.ndarray, labels: np.ndarray, names: Iterable[str] = ()
) -> dict[str, float]:
    """Metrics on these events.

    Args:
        scores: (e,) scores, positive where label 1 is predicted.
        labels: (e,) labels 0/1, or values to predict.
        names: metrics besides those that are always kept of labels.

    Returns:
        {name: value}; an infinite rejection (no background left) is left out.

    >>> sorted(all_metrics(np.array([-1.0, 3.0, 2.0, 0.5]), np.array([0, 0, 1, 1])))
    ['accuracy', 'auc', 'background_rejection', 'balanced_accuracy', 'tagging_power']
    """
    wanted = dict.fromkeys((*(ALWAYS if holds_classes(labels) else ()), *names))
    values = {name: float(METRICS[name](scores, labels)) for name in wanted}
    return {name: value for name, value in values.items() if not math.isinf(value)}


def replicate(record: Record) -> Replicate:
    """The seed and fold of a record: records of two rows with equal ones have equal splits."""
    return record.seed, record.info.get("split", {}).get("fold", 0)


def metric_values(records: Iterable[Record], name: str, folder: Path | None = None) -> np.ndarray:
    """A metric of each finished record.

    Args:
        records: of one row, say; failed ones are left out.
        name: of a metric.
        folder: the run's folder, from whose stored predictions a metric is computed that a record
            does not hold.

    Returns:
        (s,) values in the order of the records; infinity where a rejection has no background left.

    Raises:
        ValueError: an unknown metric, or one that a record lacks where no folder is given.

    >>> record = Record("d", "s", "r", 0, "ok", {"auc": 0.75}, {}, {}, {}, "")
    >>> metric_values([record, record._replace(metrics={"auc": 0.5})], "auc")
    array([0.75, 0.5 ])
    """
    check_metrics([name])
    done = [record for record in records if record.status == "ok"]
    return np.array([_value(record, name, folder) for record in done], dtype=float)


def score_matrix(
    spec: Spec,
    found: Sequence[tuple[Cell, Record | None]],
    metric: str | None = None,
    folder: Path | None = None,
) -> ScoreMatrix:
    """Scores of models over data sets, as `experiments.statistics.average_ranks` takes them.

    Rows that differ in nothing but their data set are one model, named by the label of the first.

    Args:
        spec: a spec with rows on several data sets.
        found: its cells with their records, as of `experiments.run.all_records`.
        metric: which; the spec's main one by default (see `SMALLER_IS_BETTER`).
        folder: as in `metric_values`.

    Returns:
        means over seeds and folds, models in order of the rows.
    """
    name = metric or spec.metrics[0]
    scores: dict[tuple, dict[str, list[float]]] = {}
    labels: dict[tuple, str] = {}
    for cell, record in found:
        row, home = cell.row, dataset_name(spec, cell.row)
        model = (row.model, row.sampler, row.backend, row.train_events)
        labels.setdefault(model, model_label(row))
        mine = scores.setdefault(model, {}).setdefault(home, [])
        mine += metric_values([record] if record else [], name, folder).tolist()
    datasets = list(dict.fromkeys(dataset_name(spec, cell.row) for cell, _ in found))
    values = [
        [np.mean(by_data[home]) if by_data.get(home) else np.nan for by_data in scores.values()]
        for home in datasets
    ]
    return ScoreMatrix([labels[model] for model in scores], datasets, np.array(values, dtype=float))


def _value(record: Record, name: str, folder: Path | None) -> float:
    if name in record.metrics:
        return record.metrics[name]
    if folder is None:
        raise ValueError(
            f"Row {record.row!r}, seed {record.seed} has no stored {name!r}; give the run's folder "
            "to compute it from the predictions."
        )
    arrays = read_arrays(folder, record.digest)
    return float(METRICS[name](arrays["scores"], arrays["labels"]))
