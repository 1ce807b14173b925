"""Rows that stand in the training and in the test part: found by hashes of their content."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.checking.auditing.findings import Finding
from experiments.checking.auditing.score_table import ScoreTable

# A share of repeated rows that few coarse features can produce by themselves.
TOLERATED = 0.01


class Sizes(NamedTuple):
    """Rows of a data set's two files."""

    train: int
    test: int


def shared_rows(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Rows of the test part that are in the training part too, byte for byte.

    Args:
        train: (N, f) features.
        test: (M, f) features.

    Returns:
        their numbers (k,) in `test`.

    Example:
        >>> shared_rows(np.eye(3), np.array([[0.0, 2.0, 0.0], [0.0, 1.0, 0.0]])).tolist()
        [1]
    """
    return np.flatnonzero(np.isin(row_hashes(test), row_hashes(train)))


def leaked(name: str, train: np.ndarray, test: np.ndarray) -> list[Finding]:
    """A finding where test rows are training rows.

    Args:
        name: of the data set.
        train: (N, f) features.
        test: (M, f) features.

    Returns:
        nothing, or one finding: an error from 1 % of the test rows on.
    """
    return worst_leak(name, [(len(shared_rows(train, test)), len(test))])


def worst_leak(name: str, splits: Sequence[tuple[int, int]]) -> list[Finding]:
    """A finding where test rows are training rows in any of several splits of one data set.

    Args:
        name: of the data set.
        splits: (test rows that are training rows, test rows) of each.

    Returns:
        nothing, or one finding: an error from 1 % of the test rows on.

    >>> worst_leak("toy", [(0, 50), (2, 50)])[0].sentence
    'toy: 2 of 50 test rows are training rows too, in the worst of 2 splits.'
    """
    count, size = max(splits, key=lambda split: split[0] / max(split[1], 1), default=(0, 0))
    if not count:
        return []
    severity = "error" if count >= TOLERATED * size else "warning"
    of = f", in the worst of {len(splits)} splits" if len(splits) > 1 else ""
    text = f"{name}: {count} of {size} test rows are training rows too{of}."
    return [Finding("leakage", severity, (), text)]


def check_files(table: ScoreTable, folder: Path) -> tuple[ScoreTable, list[Finding]]:
    """Leakage in the files of the data sets, and the sizes that they have.

    Args:
        table: the scores.
        folder: holds NAME_train.csv and NAME_test.csv of data sets, at any depth.

    Returns:
        the table with the sizes of the data sets that are there, and the findings.

    Raises:
        FileNotFoundError: no file of any data set of the table.
    """
    paths = {path.name: path for path in sorted(folder.rglob("*_t*.csv"))}
    known, findings = {}, []
    for name in dict.fromkeys(table.dataset.tolist()):
        pair = [paths.get(f"{name}_{part}.csv") for part in ("train", "test")]
        if pair[0] is None or pair[1] is None:
            continue
        train, test = (np.loadtxt(path, delimiter=",", ndmin=2) for path in pair if path)
        known[name] = Sizes(len(train), len(test))
        findings += leaked(name, train[:, :-1], test[:, :-1])  # the last column is the label
    if not known:
        raise FileNotFoundError(f"Folder {folder} has no NAME_train.csv and NAME_test.csv.")
    text = f"{len(known)} of {len(set(table.dataset))} data sets have files that were compared."
    return _with(table, known), [*findings, Finding("leakage", "note", (), text)]


def _with(table: ScoreTable, known: dict[str, Sizes]) -> ScoreTable:
    sizes = np.array([known.get(name, Sizes(0, 0)) for name in table.dataset.tolist()])
    train, test = (
        column._replace(size=np.where(sizes[:, at] > 0, sizes[:, at], column.size))
        for at, column in enumerate((table.train, table.test))
    )
    return table._replace(train=train, test=test)


def row_hashes(rows: np.ndarray) -> np.ndarray:
    """64 bits a row: sums of mixed words, so that memory stays small for millions of rows.

    Args:
        rows: (N, f) features.

    Returns:
        (N,) hashes, equal for equal rows.
    """
    words = (np.asarray(rows, dtype=np.float64) + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    total = np.zeros(len(words), dtype=np.uint64)
    for column in words.T:
        total = (total ^ column ^ (column >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        total ^= total >> np.uint64(32)
    return total
