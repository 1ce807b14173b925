"""Which rows of a data set train and which test: fixed, repeated random splits, or k folds.

    fixed      the data set's own rows; every seed draws its training events from them
    repeated   for each seed a stratified random part of all rows is held out
    kfold      for each seed all rows are dealt into k stratified parts, each held out once

Events of one group stay on one side of a random split, which is then not stratified.

A split is decided by the data, the seed and the fold alone, so all rows of a table that share them
are compared on the same events. Only `fixed` has the same test events for all seeds; replicates of
the others overlap in their training events, for which tests and intervals need `split_ratio`.
"""

from typing import NamedTuple

import numpy as np

from experiments.searching.folds import fold_rows
from experiments.specs import DataSpec, Row, Spec, by_dataset, train_events
from qml.data import Dataset, holds_classes


class Split(NamedTuple):
    """Row numbers of a data set to train on and to test on, disjoint and in shuffled order."""

    train: np.ndarray
    test: np.ndarray


def split_rows(data: DataSpec, dataset: Dataset, seed: int, fold: int = 0) -> Split:
    """The rows that a cell may train on and those it may be tested on, before any cap.

    Args:
        data: the protocol.
        dataset: the data set; all protocols use the rows of its training and test part only.
        seed: decides random splits and folds; without effect on fixed rows.
        fold: which part is held out, of `data.folds`.

    Returns:
        the split.

    Raises:
        ValueError: a part that would lack a class.

    >>> from qml.data import load_dataset
    >>> data = DataSpec("toy_rings", split="kfold", folds=4)
    >>> [len(part) for part in split_rows(data, load_dataset("toy_rings"), seed=0, fold=3)]
    [300, 100]
    """
    if data.split == "fixed":
        return Split(dataset.train, dataset.test)
    rows = np.sort(np.concatenate([dataset.train, dataset.test]))
    labels = dataset.y[rows]
    if dataset.groups is not None:
        fit, held = _held_groups(dataset.groups[rows], data, seed, fold)
    elif data.split == "kfold":
        fit, held = fold_rows(labels, data.folds, seed)[fold]
    else:
        fit, held = _held_out(labels, data.test_fraction, seed)
    return Split(rows[fit], rows[held])


def split_ratio(spec: Spec, row: Row, dataset: Dataset) -> float:
    """Test over training events of one replicate: the `test_to_train` of tests and intervals.

    It stands for the correlation of replicates, t / n where t of n events are tested. Where splits
    are random, all events that are not tested count as trained on: those that a cap leaves out of
    one draw may be in another, so draws that are capped overlap less, not more.

    Args:
        spec: the spec; where its split is fixed the ratio is that of its caps.
        row: one of its rows.
        dataset: the row's data set.

    Returns:
        the ratio; 1 / (k - 1) for k folds of which all test events are used.
    """
    split = split_rows(spec.data, dataset, spec.seeds[0])
    tested = min(spec.data.test_events or len(split.test), len(split.test))
    if spec.data.split == "fixed":
        return tested / (train_events(spec, row) or len(split.train))
    return tested / (len(split.train) + len(split.test) - tested)


def require_one_split(spec: Spec) -> None:
    """Refuse a spec whose cells are not all tested on the same events of one data set.

    Args:
        spec: the spec.

    Raises:
        ValueError: rows on several data sets, or a split that changes with the seed.
    """
    parts = by_dataset(spec)
    if list(parts) != [spec.data.name]:
        raise ValueError(
            f"Spec {spec.name!r} has rows on {', '.join(parts)}, which are not one table: take "
            "each of `experiments.specs.by_dataset`."
        )
    if spec.data.split != "fixed":
        raise ValueError(
            f"Spec {spec.name!r} has {spec.data.split!r} splits, whose test events change with the "
            "seed: `qml table` shows them, but only a fixed split can be packed and verified."
        )


def _held_groups(
    groups: np.ndarray, data: DataSpec, seed: int, fold: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and rows held out, whole groups of them, in order."""
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    if data.split == "kfold":
        chosen = names[fold :: data.folds]
    else:
        chosen = names[: round(data.test_fraction * len(names))]
    is_held = np.isin(groups, chosen)
    if is_held.all() or not is_held.any():
        raise ValueError(
            f"In [data]: {len(names)} groups of events are too few to be split so; take fewer "
            "`folds`, or another `test_fraction`."
        )
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def _held_out(labels: np.ndarray, part: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and rows held out: the same share of each class, in shuffled order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    classes = holds_classes(labels)
    by_class = [order[labels[order] == label] for label in (0, 1)] if classes else [order]
    is_held = np.isin(order, np.concatenate([c[: round(part * len(c))] for c in by_class]))
    both = [len(np.unique(labels[order[side]])) == 2 for side in (is_held, ~is_held)]
    if classes and not all(both):
        raise ValueError(
            "In [data]: `test_fraction` must leave both classes in both parts, but is "
            f"{part} of {len(labels)} events."
        )
    # Shuffled once more: the class whose share is filled first is missing from the end of one part.
    return rng.permutation(order[~is_held]), rng.permutation(order[is_held])
