"""What a rule returns, and the words that its sentences share."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from experiments.checking.auditing.score_table import Cell, ScoreTable

SEVERITIES = ("error", "warning", "note")


class Finding(NamedTuple):
    """One finding: which rule, how bad, which lines of the file (none: all of it), a sentence."""

    rule: str
    severity: str
    lines: tuple[int, ...]
    sentence: str


def finding_on(rule: str, severity: str, table: ScoreTable, rows: Iterable, text: str) -> Finding:
    """A finding about some rows (from 0) of a table."""
    return Finding(rule, severity, tuple(sorted(table.line[np.asarray(rows)].tolist())), text)


def label(cell: Cell) -> str:
    """Model and data set; the benchmark where a data set has no name."""
    return ", ".join(part for part in (cell.model, cell.dataset or cell.benchmark) if part)


def count(number: int, noun: str) -> str:
    """`1 row is`, `3 rows are`."""
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def sizes_text(sizes: np.ndarray) -> str:
    """`60 or 200`."""
    return " or ".join(str(size) for size in sorted(set(sizes.tolist()))[:3])


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a, b, c, d and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
