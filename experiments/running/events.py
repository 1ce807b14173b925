"""Which events a cell trains on and which it is tested on."""

from typing import NamedTuple

import numpy as np

from experiments.specs import Spec
from qml.data import Dataset


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
