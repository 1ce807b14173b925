"""The files of well-known collections, as problems to be minimised.

The files are not part of this package. G-set: web.stanford.edu/~yyye/yyye/Gset; Beasley's problems:
OR-Library, files bqp50 to bqp2500; the same one a file, with others: the Biq Mac Library.
"""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import numpy as np

from annealing.instances.generators import max_cut
from annealing.qubo import Qubo, qubo_from_terms

Record = tuple[int, list[str]]  # number of a line, and its words


def read_gset(path: str | PathLike) -> Qubo:
    """The MaxCut problem of a G-set file (rudy's format): the energy is minus the cut.

    Args:
        path: a file of a header "nodes edges" and one line "i j weight" an edge, nodes from 1. What
            follows in the header is passed over.

    Raises:
        ValueError: the file is not of this format; file and line are named.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    ...     _ = file.write("3 2\\n1 2 1\\n2 3 4\\n")
    ...     file.flush()
    ...     read_gset(file.name).energy([0, 1, 0])
    np.float64(-5.0)
    """
    lines = _lines(path)
    n, rows, cols, weights = _entries(path, lines)
    _end(path, lines)
    if (rows == cols).any():
        raise ValueError(f"{path}: node {rows[rows == cols][0] + 1} has an edge to itself.")
    return max_cut(n, rows, cols, weights)


def read_beasley(path: str | PathLike, number: int = 1) -> Qubo:
    """One of the problems of an OR-Library file bqp*: the energy is *minus* the published value.

    The library maximises the sum over all i and j of q_ij x_i x_j with symmetric q, each pair
    written once. So a pair counts twice, and all signs are turned.

    Args:
        path: a file of the number of problems; for each a line "variables entries" and one line
            "i j q_ij" an entry, variables from 1.
        number: which problem, from 1.

    Raises:
        ValueError: no such problem, or the file is not of this format; file and line are named.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    ...     _ = file.write("1\\n2 2\\n1 1 3\\n1 2 -1\\n")
    ...     file.flush()
    ...     read_beasley(file.name).energy([[1, 0], [1, 1]])
    array([-3., -1.])
    """
    lines = _lines(path)
    line, words = _next(path, lines, "the number of problems")
    (count,) = _whole(path, line, words, 1, "the number of problems")
    if not 1 <= number <= count:
        raise ValueError(f"Argument `number` must be 1 to {count}, but is number={number}.")
    for _ in range(number - 1):
        _entries(path, lines)
    return _quadratic(-1.0, *_entries(path, lines))


def read_biqmac(path: str | PathLike) -> Qubo:
    """The problem of a Biq Mac file *.sparse: its energy is x.Q.x with symmetric Q, minimised.

    Args:
        path: a file of a header "variables entries" and one line "i j Q_ij" an entry, each pair
            once, variables from 1.

    Raises:
        ValueError: the file is not of this format; file and line are named.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".sparse") as file:
    ...     _ = file.write("2 2\\n1 1 -3\\n1 2 1\\n")
    ...     file.flush()
    ...     read_biqmac(file.name).energy([[1, 0], [1, 1]])
    array([-3., -1.])
    """
    lines = _lines(path)
    entries = _entries(path, lines)
    _end(path, lines)
    return _quadratic(1.0, *entries)


def _quadratic(sign: float, n: int, rows: np.ndarray, cols: np.ndarray, values: np.ndarray) -> Qubo:
    """sign * x.Q.x of a symmetric Q of which each pair is given once."""
    return qubo_from_terms((rows, cols, sign * np.where(rows == cols, 1, 2) * values), n)


def _lines(path: str | PathLike) -> Iterator[Record]:
    """Numbers and words of the lines of a file that are not blank."""
    text = Path(path).read_text(encoding="ascii", errors="replace")
    numbered = ((number, line.split()) for number, line in enumerate(text.splitlines(), 1))
    return ((number, words) for number, words in numbered if words)


def _entries(
    path: str | PathLike, lines: Iterator[Record]
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """A header and its entries: n, rows (e,) and cols (e,) from 0, values (e,)."""
    header = 'a header "variables entries"'
    n, count = _whole(path, *_next(path, lines, header), 2, header)
    places, values = np.empty((count, 2), dtype=int), np.empty(count)
    for k in range(count):
        wanted = f'entry {k + 1} of {count}, "i j value"'
        line, words = _next(path, lines, wanted)
        places[k] = _whole(path, line, words, 2, wanted)
        if not 1 <= places[k].min() <= places[k].max() <= n:
            raise ValueError(f"{path}, line {line}: indices must be 1 to {n}, but are {words[:2]}.")
        values[k] = _value(path, line, words, wanted)
    return n, places[:, 0] - 1, places[:, 1] - 1, values


def _next(path: str | PathLike, lines: Iterator[Record], wanted: str) -> Record:
    record = next(lines, None)
    if record is None:
        raise ValueError(f"{path} ends where {wanted} should stand.")
    return record


def _whole(path: str | PathLike, line: int, words: list[str], count: int, wanted: str) -> list[int]:
    """The first `count` words as whole numbers that are not negative."""
    if len(words) < count or not all(word.isdecimal() for word in words[:count]):
        raise ValueError(f"{path}, line {line}: {wanted} must stand here, but not {words[:4]}.")
    return [int(word) for word in words[:count]]


def _value(path: str | PathLike, line: int, words: list[str], wanted: str) -> float:
    try:
        value = float(words[2])
    except (IndexError, ValueError):
        value = np.nan
    if len(words) != 3 or not np.isfinite(value):
        raise ValueError(f"{path}, line {line}: {wanted} must stand here, but not {words[:4]}.")
    return value


def _end(path: str | PathLike, lines: Iterator[Record]) -> None:
    record = next(lines, None)
    if record is not None:
        raise ValueError(f"{path}, line {record[0]}: no more entries were announced, but one is.")
