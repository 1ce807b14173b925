"""Which events a cell trains on and which it is tested on."""

from typing import NamedTuple

import numpy as np

from experiments.specs import Spec
from experiments.splits import split_rows
from qml.data import Dataset


class Events(NamedTuple):
    """The events of one cell: training features and labels, test row numbers, features, labels."""

    x: np.ndarray
    y: np.ndarray
    test: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def choose_events(
    spec: Spec, dataset: Dataset, seed: int, limit: int, train: int | None = None, fold: int = 0
) -> Events:
    """The events of a cell: a seeded draw of its training rows, the first of its test rows.

    Args:
        spec: the spec.
        dataset: the data set of the cell's row.
        seed: the cell's seed.
        limit: at most this many test events; 0 takes all that the spec allows.
        train: this many training events instead of the spec's; 0 takes all.
        fold: the cell's fold.

    Returns:
        the events; where the split is fixed, test events are the same for every seed.
    """
    count = spec.data.train_events if train is None else train
    rows = split_rows(spec.data, dataset, seed, fold)
    # Random splits have used the stream of the bare seed.
    stream = seed if spec.data.split == "fixed" else [seed, fold + 1]
    drawn = np.random.default_rng(stream).permutation(rows.train)[: count or None]
    test = rows.test[: spec.data.test_events or None][: limit or None]
    x, y = dataset.x, dataset.y
    return Events(x[drawn], y[drawn], test, x[test], y[test])
