"""What a table of scores cannot be: one rule a function, from the table to its findings.

"error": no honest run gives this. "warning": a reader would draw a wrong conclusion, or may be
looking at chance. "note": worth knowing. A finding names lines of the file and says one sentence.
"""

from collections.abc import Sequence

import numpy as np

from experiments.checking.auditing.findings import (
    Finding,
    count,
    finding_on,
    label,
    listed,
    sizes_text,
)
from experiments.checking.auditing.score_table import Cell, Column, ScoreTable, table_cells
from experiments.checking.auditing.sizes import impossible, is_share, series


def outside_unit_interval(table: ScoreTable) -> list[Finding]:
    """Accuracies below 0 or above 1."""
    found = []
    for name in ("train", "test"):
        values = getattr(table, name).values
        bad = np.flatnonzero((values < 0) | (values > 1) | np.isinf(values))
        if bad.size:
            text = f"{count(bad.size, f'{name} score')} not between 0 and 1, such as "
            found.append(finding_on("range", "error", table, bad, f"{text}{values[bad[0]]:g}."))
    return found


def impossible_shares(table: ScoreTable) -> list[Finding]:
    """Accuracies that are no whole number of rows over the size of their set (GRIM)."""
    found = []
    for name in ("train", "test"):
        column: Column = getattr(table, name)
        bad = np.flatnonzero(impossible(column))
        for (model, group), rows in _by_series(table, bad).items():
            text = f"{model}, {group}: {count(len(rows), f'{name} score')} no share of "
            text += f"{sizes_text(column.size[rows])} rows, such as {column.values[rows[0]]:.6g}"
            text += f"{_other_share(table, name, rows)}."
            found.append(finding_on("share", "error", table, rows, text))
    return found


def _other_share(table: ScoreTable, name: str, rows: np.ndarray) -> str:
    """Whether impossible test scores would be possible on the training rows."""
    test, size = table.test, table.train.size[rows]
    if name != "test" or not (size > 0).all():
        return ""
    fits = is_share(test.values[rows], size, test.tolerance[rows])
    return f"; all are shares of the {sizes_text(size)} training rows" if fits.all() else ""


def duplicate_rows(table: ScoreTable) -> list[Finding]:
    """Two lines for one model, data set and seed."""
    if not table.seed.any():
        return []
    first: dict[tuple, int] = {}
    same, other = [], []
    keys = zip(table.benchmark, table.model, table.dataset, table.seed, strict=True)
    for row, key in enumerate(keys):
        start = first.setdefault(key, row)
        if start != row:
            (same if _same_scores(table, start, row) else other).append(row)
    found = []
    if same:
        text = f"{count(len(same), 'row')} a repetition of an earlier one and counted twice."
        found.append(finding_on("duplicate", "warning", table, same, text))
    if other:
        told_apart = any(table.others)
        text = f"{count(len(other), 'row')} for a model, data set and seed that stood before, with "
        text += "other scores" + (", maybe of other settings." if told_apart else ".")
        severity = "warning" if told_apart else "error"
        found.append(finding_on("duplicate", severity, table, other, text))
    return found


def copied_cells(table: ScoreTable) -> list[Finding]:
    """Cells that repeat another cell's scores seed by seed, under another name.

    A warning where several cells repeat those of other data sets. One alone is a note, and two
    models are: they may be one function on two devices.
    """
    first: dict[str, Cell] = {}
    copies: dict[tuple[str, str], list[tuple[Cell, np.ndarray]]] = {}
    for cell, rows in table_cells(table).items():
        scores = tuple(zip(table.train.values[rows], table.test.values[rows], strict=True))
        if len(set(scores)) < 3 or np.isnan(table.test.values[rows]).any():
            continue  # a deterministic model repeats itself, and a perfect one too
        start = first.setdefault(str(scores), cell)
        if start != cell:
            copies.setdefault(_between(start, cell), []).append((cell, rows))
    return [_copied(table, names, cells) for names, cells in copies.items()]


def _between(a: Cell, b: Cell) -> tuple[str, str]:
    """What two cells with the same scores differ in: the data sets' series, or the models."""
    if a.model != b.model:
        return a.model, b.model
    return series(a.dataset), series(b.dataset)


def _copied(table: ScoreTable, names: tuple[str, str], cells: Sequence) -> Finding:
    rows = np.concatenate([rows for _, rows in cells])
    text = f"{names[1]} repeats {names[0]} in every seed ({len(cells)} cells)."
    renamed = len(cells) > 1 and series(cells[0][0].dataset) == names[1]
    return finding_on("copy", "warning" if renamed else "note", table, rows, text)


def unequal_coverage(table: ScoreTable) -> list[Finding]:
    """Models that have scores on fewer data sets of a benchmark than there are."""
    found = []
    for benchmark, cells in _benchmarks(table).items():
        names = {cell.dataset for cell in cells}
        has: dict[str, set[str]] = {}
        for cell in cells:
            has.setdefault(cell.model, set()).add(cell.dataset)
        few = [f"{m} {len(sets)}" for m, sets in sorted(has.items()) if len(sets) < len(names)]
        if few:
            where = f"of {benchmark}" if benchmark else "there are"
            text = (
                f"{len(few)} of {len(has)} models lack some of the {len(names)} data sets {where}"
            )
            text += f" ({listed(few)}): their means are over different sets."
            found.append(Finding("coverage", "warning", (), text))
    return found


def missing_seeds(table: ScoreTable) -> list[Finding]:
    """Cells without some of the seeds that the others of their benchmark have."""
    found = []
    for benchmark, cells in _benchmarks(table).items():
        seeds = {seed for rows in cells.values() for seed in table.seed[rows].tolist()}
        few = {c: r for c, r in cells.items() if len(set(table.seed[r].tolist())) < len(seeds)}
        if few:
            text = f"{count(len(few), 'cell')} without all {len(seeds)} seeds"
            text += f" of {benchmark}" if benchmark else ""
            text += f" ({listed([label(cell) for cell in few])})."
            rows = np.concatenate(list(few.values()))
            found.append(finding_on("seeds", "warning", table, rows, text))
    return found


def missing_scores(table: ScoreTable) -> list[Finding]:
    """Rows without a score, and means over fewer runs than others: means that dropped something."""
    found = []
    for model in dict.fromkeys(table.model.tolist()):
        bad = np.flatnonzero(np.isnan(table.test.values) & (table.model == model))
        if bad.size:
            text = f"{model}: {count(bad.size, 'row')} without a test score; "
            text += "a mean that drops them is over the cells that worked."
            found.append(finding_on("missing", "warning", table, bad, text))
    most = table.repeats.max(initial=0)
    few = np.flatnonzero((table.repeats > 0) & (table.repeats < most))
    if few.size:
        text = f"{count(few.size, 'mean')} over fewer than {most} runs."
        found.append(finding_on("missing", "warning", table, few, text))
    return found


def selected_on_test(table: ScoreTable) -> list[Finding]:
    """Hyper-parameters chosen by test scores: as a column says, or as equal scores show."""
    said = np.flatnonzero(np.char.startswith(np.char.lower(table.selected_on), "test"))
    found = []
    if said.size:
        text = f"{count(said.size, 'row')} said to be selected on test data."
        found.append(finding_on("selection", "error", table, said, text))
    for model in dict.fromkeys(table.model.tolist()):
        rows = np.flatnonzero((table.model == model) & np.isfinite(table.valid))
        valid, test = table.valid[rows], table.test.values[rows]
        if len(set(test.tolist())) >= 3 and np.array_equal(valid, test):
            text = f"{model}: the validation score is the test score in all {rows.size} rows."
            found.append(finding_on("selection", "error", table, rows, text))
    return found


def _same_scores(table: ScoreTable, a: int, b: int) -> bool:
    pairs = [(c.values[a], c.values[b]) for c in (table.train, table.test)]
    return all(np.array_equal(x, y, equal_nan=True) for x, y in pairs)


def _by_series(table: ScoreTable, rows: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    found: dict[tuple[str, str], list[int]] = {}
    for row in rows.tolist():
        group = series(str(table.dataset[row] or table.benchmark[row]))
        found.setdefault((str(table.model[row]), group), []).append(row)
    return {key: np.array(value) for key, value in found.items()}


def _benchmarks(table: ScoreTable) -> dict[str, dict[Cell, np.ndarray]]:
    found: dict[str, dict[Cell, np.ndarray]] = {}
    for cell, rows in table_cells(table).items():
        found.setdefault(cell.benchmark, {})[cell] = rows
    return found
