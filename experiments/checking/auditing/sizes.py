"""How many rows a share was taken over: as given, as the file says, or as the shares show.

An accuracy over n rows is k/n with a whole k: the GRIM test of N. J. L. Brown and J. A. J. Heathers
(Soc. Psychol. Personal. Sci. 8, 363 (2017)). Rounding to d digits loosens it by half a unit.
"""

import re

import numpy as np

from experiments.checking.auditing.score_table import Cell, Column, ScoreTable, table_cells

LARGEST_GUESS = 2500  # larger sizes must be given: their shares lie too close to tell by themselves
DISTINCT = 12  # so many different shares all on a grid twice too coarse: chance below 2**-12


def is_share(values: np.ndarray, size: np.ndarray | int, tolerance: np.ndarray) -> np.ndarray:
    """Whether each value can be a share of `size` rows.

    Args:
        values: (r,) shares.
        size: (r,) or scalar number of rows.
        tolerance: (r,) half a unit of the last digit given.

    Returns:
        (r,) bool.

    Example:
        >>> is_share(np.array([0.975, 0.98333]), 60, np.array([5e-6, 5e-6])).tolist()
        [False, True]
    """
    counts = values * size
    return np.abs(counts - np.round(counts)) <= tolerance * size * 1.001


def impossible(column: Column) -> np.ndarray:
    """(r,) bool: scores inside [0, 1] that cannot be a share of their known size."""
    values = column.values
    judged = (column.size > 0) & (values >= 0) & (values <= 1)
    return judged & ~is_share(np.where(judged, values, 0.0), column.size, column.tolerance)


def series(dataset: str) -> str:
    """The name of a data set with every number replaced: what a benchmark's data sets share.

    Example:
        >>> series("two_curves-10d-2degree")
        'two_curves-#d-#degree'
    """
    return re.sub(r"\d+(\.\d+)?", "#", dataset)


def with_sizes(table: ScoreTable, n_test: int = 0, n_train: int = 0) -> ScoreTable:
    """The table with the size of every test and train score filled in where it can be known.

    Args:
        table: the scores.
        n_test: test rows of every data set; 0 takes what the file says, or else what shares show.
        n_train: the same for training rows.

    Returns:
        the table with new sizes.
    """
    test = _sized(table, table.test, n_test)
    return table._replace(test=test, train=_sized(table, table.train, n_train))


def _sized(table: ScoreTable, column: Column, given: int) -> Column:
    said = np.full_like(column.size, given) if given else column.size
    said = said * np.maximum(table.repeats, 1)  # a mean over s runs of n rows is a share of s n
    if not table.seed.any():
        return column._replace(size=said)  # rows without a seed may be means, which show no size
    shown = np.where(table.repeats > 1, 0, _shown(table, column))
    return column._replace(size=np.where(said > 0, said, shown))


def _shown(table: ScoreTable, column: Column) -> np.ndarray:
    """The size (r,) that the shares of each series of data sets show; 0 where they do not."""
    size = np.zeros(len(table.line), dtype=int)
    groups: dict[tuple[str, str], dict[Cell, np.ndarray]] = {}
    for cell, rows in table_cells(table).items():
        groups.setdefault((cell.benchmark, series(cell.dataset)), {})[cell] = rows
    for cells in groups.values():
        rows = np.concatenate(list(cells.values()))
        found = _common(column, rows, table.model[rows])
        for dataset in {cell.dataset for cell in cells} if found else ():
            own = [r for cell, r in cells.items() if cell.dataset == dataset]
            if _majority([is_share(*_at(column, r, found)).all() for r in own]):
                size[np.concatenate(own)] = found
    return size


def _common(column: Column, rows: np.ndarray, models: np.ndarray) -> int:
    """The smallest size that every share of more than half of the models allows; 0 if none.

    A vote of whole models, since a faulty one is faulty in many rows.
    """
    values, tolerance = column.values[rows], column.tolerance[rows]
    telling = (values > 0) & (values < 1)
    names, of = np.unique(models[telling], return_inverse=True)
    once = np.unique(np.stack([values[telling], tolerance[telling], of]), axis=1)
    values, tolerance, of = once[0], once[1], once[2].astype(int)
    if np.unique(values).size < DISTINCT:
        return 0
    for size in range(2, min(LARGEST_GUESS, int(0.05 / tolerance.max())) + 1):
        allowed = np.ones(names.size, dtype=bool)
        allowed[of[~is_share(values, size, tolerance)]] = False
        if _majority(allowed) and np.unique(values[allowed[of]]).size >= DISTINCT:
            return size
    return 0


def _at(column: Column, rows: np.ndarray, size: int):
    given = rows[np.isfinite(column.values[rows])]
    return column.values[given], size, column.tolerance[given]


def _majority(votes) -> bool:
    return 2 * int(np.sum(votes)) > len(votes)
