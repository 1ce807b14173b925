"""Train scores published as test scores: equal in every seed, where chance is ruled out."""

import re
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from scipy.special import gammaln, xlogy

from experiments.checking.auditing.findings import Finding, finding_on, label, listed
from experiments.checking.auditing.score_table import Cell, ScoreTable, table_cells
from experiments.checking.auditing.sizes import impossible, series

CHANCE = 1e-3  # of an error in a whole table whose train and test scores meet by chance


def train_as_test(table: ScoreTable) -> list[Finding]:
    """Test scores that equal the train scores in every seed of a cell.

    Data sets of a series stand in the order of the numbers in their names. A run of such cells is
    proven by a share that is impossible for the test set, or by more equal scores below 1 than
    chance gives a table of that length. A cell at 1.0 throughout proves nothing; it joins a proven
    run only where the nearest data set outside makes it unlikely to have no wrong row.
    """
    found = []
    for cells in _models_series(table):
        runs = groupby(cells, key=lambda pair: _equal(table, pair[1]))
        for run in [list(group) for same, group in runs if same]:
            found += _equal_run(table, cells, run)
    return found


def _equal_run(table: ScoreTable, cells: Sequence, run: Sequence) -> list[Finding]:
    below = [pair for pair in run if _imperfect(table, [pair])]
    if not _proven(table, run):
        return [_coincidence(table, *pair) for pair in below]
    first = {rows[0] for _, rows in below}
    bad = [p for p in run if p[1][0] in first or _unlikely_perfect(table, cells, run, p[1])]
    text = f"{bad[0][0].model}: test equals train in every seed of {_named(bad)}; that is no chance"
    if rest := len(bad) - len(below):
        text += f" in {len(below)}, and a perfect score beside them is unlikely in {rest}"
    return [finding_on("train-as-test", "error", table, _rows(bad), text + ".")]


def _proven(table: ScoreTable, run: Sequence) -> bool:
    possible = _chance(table, run) * len(table.line) >= CHANCE
    return not possible or bool(impossible(table.test)[_rows(run)].any())


def _chance(table: ScoreTable, run: Sequence) -> float:
    """Bound on the chance that the different test scores of each cell meet the train scores.

    A test score is at best binomial about the train score v, so it meets it with the probability of
    n v of n: (1 - 1/n)^(n - 1), about 0.4, next to 1 and less elsewhere. Rounding makes several
    counts meet; two digits and an unknown n prove nothing.
    """
    chance = 1.0
    for _, rows in run:
        values, first = np.unique(table.test.values[rows], return_index=True)
        size, tolerance = table.test.size[rows][first], table.test.tolerance[rows][first]
        right = size * values
        wrong = size - right
        known = np.exp(
            gammaln(size + 1) - gammaln(right + 1) - gammaln(wrong + 1)
            + xlogy(right, values) + xlogy(wrong, 1 - values)
        ) * (1 + 2 * tolerance * size)  # fmt: skip
        unknown = np.where(tolerance < 1e-3, 0.4, 1.0)
        met = np.where(size > 0, np.minimum(known, 1.0), unknown)
        chance *= float(np.prod(met[(values > 0) & (values < 1)]))
    return chance


def _coincidence(table: ScoreTable, cell: Cell, rows: np.ndarray) -> Finding:
    text = f"{label(cell)}: test equals train ({table.test.values[rows[0]]:.6g}) in every seed; "
    return finding_on(
        "train-as-test", "warning", table, rows, text + "chance can do that, so look."
    )


def _equal(table: ScoreTable, rows: np.ndarray) -> bool:
    return bool(np.all(table.train.values[rows] == table.test.values[rows]))  # never with NaN


def _imperfect(table: ScoreTable, cells: Sequence) -> set[float]:
    """The different test scores of some cells that are not 1."""
    return set(table.test.values[_rows(cells)].tolist()) - {1.0}


def _rows(cells: Sequence) -> np.ndarray:
    return np.concatenate([rows for _, rows in cells])


def _named(cells: Sequence) -> str:
    """`1 data set (a)`, `3 data sets (a, b, c)`; its benchmark where a data set has no name."""
    names = [cell.dataset or cell.benchmark for cell, _ in cells]
    shown = f" ({listed(names)})" if any(names) else ""
    return f"{len(cells)} data set{'s' * (len(cells) > 1)}{shown}"


def _unlikely_perfect(table: ScoreTable, cells: Sequence, run: Sequence, rows: np.ndarray) -> bool:
    """No wrong test row is unlikely (< 1 %) at the error rate of the nearest cell outside."""
    first = [own[0] for _, own in cells]
    inside, here = {own[0] for _, own in run}, first.index(rows[0])
    means = [table.test.values[own].mean() for _, own in cells]
    outside = [at for at, row in enumerate(first) if row not in inside and means[at] >= 0]
    size = int(table.test.size[rows[0]])
    if not outside or not size:
        return False
    return bool(means[min(outside, key=lambda at: abs(at - here))] ** size < 0.01)


def _models_series(table: ScoreTable) -> list[list[tuple[Cell, np.ndarray]]]:
    """The cells of one model on one series of data sets, by the numbers in their names."""
    found: dict[tuple, list] = {}
    for cell, rows in table_cells(table).items():
        found.setdefault((cell.benchmark, cell.model, series(cell.dataset)), []).append(
            (cell, rows)
        )
    return [sorted(cells, key=_place) for cells in found.values()]


def _place(pair: tuple[Cell, np.ndarray]) -> tuple[float, ...]:
    return tuple(float(number) for number in re.findall(r"\d+(?:\.\d+)?", pair[0].dataset))
