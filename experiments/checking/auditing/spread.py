"""Whether seeds differ as much as they can: too much, too little, not at all.

With k_s of n test rows right in seed s and p their mean share, sum_s (k_s - n p)^2 / (n p (1 - p))
follows chi-squared with S - 1 degrees of freedom if every seed draws its own test rows. Seeds that
share the test rows differ less, by training alone; more is instability of the training.
"""

import numpy as np
from scipy.special import chdtr, chdtrc

from experiments.checking.auditing.findings import Finding
from experiments.checking.auditing.score_table import Cell, ScoreTable, table_cells

CHANCE = 1e-3  # of a warning in a whole table whose seeds differ by their test rows only


def seed_spread(table: ScoreTable) -> list[Finding]:
    """Seeds of a model that differ by more or less than its test sets explain, or not at all.

    Args:
        table: the scores, with sizes.

    Returns:
        at most two findings a model; none for a table without seeds.
    """
    if not table.seed.any():
        return []
    cells: dict[str, list[tuple[Cell, np.ndarray]]] = {}
    for cell, rows in table_cells(table).items():
        if len(rows) > 1 and np.isfinite(table.test.values[rows]).all():
            cells.setdefault(cell.model, []).append((cell, rows))
    total = sum(len(own) for own in cells.values())
    return [finding for model, own in cells.items() for finding in _model(table, model, own, total)]


def _model(table: ScoreTable, model: str, cells: list, total: int) -> list[Finding]:
    still = [(cell, rows) for cell, rows in cells if _identical(table, rows)]
    if len(still) == len(cells):
        number = f"{len(cells)} cell{'s' * (len(cells) > 1)}"
        text = f"{model}: every seed gives the same scores ({number}); "
        text += "it is deterministic, or the seed does not reach it."
        return [Finding("spread", "note", (), text)]
    return _repeated(table, model, cells, still) + _against_binomial(table, model, cells, total)


def _repeated(table: ScoreTable, model: str, cells: list, still: list) -> list[Finding]:
    """Imperfect cells whose seeds all agree, of a model whose seeds differ elsewhere."""
    odd = [rows for _, rows in still if table.test.values[rows[0]] < 1 and len(rows) > 2]
    if not odd:
        return []
    text = f"{model}: every seed gives the same scores in {len(odd)} of its {len(cells)} cells, "
    text += "though it is not deterministic elsewhere."
    return [Finding("spread", "note", _lines(table, odd), text)]


def _against_binomial(table: ScoreTable, model: str, cells: list, total: int) -> list[Finding]:
    told = [(rows, *_statistic(table, rows)) for _, rows in cells]
    told = [entry for entry in told if entry[2]]
    if not told:
        return []
    wide = [rows for rows, value, free in told if chdtrc(free, value) < CHANCE / total]
    found = []
    if wide:
        worst = max(wide, key=lambda rows: np.ptp(table.test.values[rows]))
        low, high = table.test.values[worst].min(), table.test.values[worst].max()
        text = f"{model}: seeds differ by more than the test rows explain in {len(wide)} of "
        text += f"{len(cells)} cells (up to {low:.3f} to {high:.3f}); its training is unstable."
        found.append(Finding("spread", "warning", _lines(table, wide), text))
    value, free = (sum(entry[i] for entry in told) for i in (1, 2))
    if not wide and chdtr(free, value) < CHANCE / total:
        text = (
            f"{model}: seeds differ by {np.sqrt(value / free):.2f} of what test sets of that size "
        )
        text += "scatter; they share the test rows, so their spread is no error of the score."
        found.append(Finding("spread", "note", (), text))
    return found


def _statistic(table: ScoreTable, rows: np.ndarray) -> tuple[float, int]:
    """The chi-squared value and its degrees of freedom; (0, 0) where it says nothing."""
    values, size = table.test.values[rows], table.test.size[rows]
    mean = values.mean()
    if not (size > 0).all() or not 0 < mean < 1:
        return 0.0, 0
    return float(np.sum(size * (values - mean) ** 2) / (mean * (1 - mean))), len(rows) - 1


def _identical(table: ScoreTable, rows: np.ndarray) -> bool:
    columns = (table.train.values[rows], table.test.values[rows])
    return all(np.array_equal(c, np.full_like(c, c[0]), equal_nan=True) for c in columns)


def _lines(table: ScoreTable, cells: list[np.ndarray]) -> tuple[int, ...]:
    return tuple(table.line[np.concatenate(cells)].tolist())
