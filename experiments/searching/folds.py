"""Folds: which training events are fitted on and which are held out."""

import numpy as np

from qml.data import holds_classes

Rows = tuple[np.ndarray, np.ndarray]  # fitted on, held out


def fold_rows(y: np.ndarray, folds: int, seed: int) -> list[Rows]:
    """Rows to fit on and rows held out, for each fold.

    Args:
        y: (N,) labels, or values.
        folds: parts with equal shares of each class, or of small and large values; 1 for the last
            quarter of the shuffled rows.
        seed: of the shuffle.

    Returns:
        [(fit rows, held rows)], both in shuffled order.

    Raises:
        ValueError: a part that would lack a class.

    Example:
        >>> [sorted(held.tolist()) for _, held in fold_rows(np.array([0, 0, 1, 1]), 2, 0)]
        [[0, 2], [1, 3]]
    """
    if type(folds) is not int or folds < 1:
        raise ValueError(f"Argument `folds` must be a positive int, but is folds={folds!r}.")
    order = np.random.default_rng(seed).permutation(len(y))
    part = np.zeros(len(y), dtype=int)  # of each row; parts 0 to folds - 1 are held out in turn
    if folds == 1:
        part[order[: len(y) * 3 // 4]] = 1
    else:
        part[order[np.argsort(y[order], kind="stable")]] = np.arange(len(y)) % folds
    rows = [(order[part[order] != i], order[part[order] == i]) for i in range(folds)]
    if holds_classes(y) and any(len(np.unique(y[side])) < 2 for pair in rows for side in pair):
        raise ValueError(
            f"Argument `folds` must leave both classes in every part, but is folds={folds} for "
            f"{len(y)} events; take fewer folds or more events."
        )
    return rows
