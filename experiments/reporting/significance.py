"""Every row of a table tested against one of its rows, by tests that ask different questions.

    corrected t    would another draw of training events show the same? (Nadeau & Bengio 2003)
    Wilcoxon       the same by ranks; below six seeds it cannot reach 0.05
    McNemar        do these very models, of the first seed, decide test events differently?
    posterior      how probable is worse, practically equal, better? (Corani & Benavoli 2015)

Two rows are compared on the seeds and test events that both have. The seeds of a run overlap in
their training events, so the first and the last take the ratio of test to training events as the
correlation between them.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich import box
from rich.table import Table as RichTable

from experiments.reporting.scores import Scores, shared, stored_scores
from experiments.reporting.tables import Table
from experiments.specs import Row
from experiments.splits import split_ratio
from experiments.statistics import (
    Posterior,
    bayesian_t_test,
    corrected_t_test,
    holm,
    mcnemar_test,
    wilcoxon_test,
)
from qml.data import load_dataset
from qml.metrics import auc

ROPE = 0.005  # differences in AUC that make no difference in practice


class Tested(NamedTuple):
    """One row against the reference; `p_*` are p values, NaN where a test does not apply.

    `change` is the mean difference in AUC over seeds; `p_t` is corrected for the number of rows.
    """

    row: Row
    change: float
    p_t: float
    p_wilcoxon: float
    p_mcnemar: float
    posterior: Posterior | None


def compare_rows(table: Table, folder: Path, against: str, *, rope: float = ROPE) -> list[Tested]:
    """Test every row of a table against one of them.

    Args:
        table: the table.
        folder: the run's folder, where the predictions lie.
        against: the id of a row, or a role: classical or trivial.
        rope: differences in AUC within this count as none.

    Returns:
        one entry for each other row whose seeds the reference has.

    Raises:
        ValueError: a reference that the table has not, or that was not run; no classes.
    """
    if not load_dataset(table.spec.data.name).has_classes:
        raise ValueError("Rows are tested by their AUC, which events without classes have not.")
    stored = {
        line.row.id: stored_scores(folder, [r for r in table.records if _is(r, line.row)])
        for line in table.lines
        if line.seeds
    }
    reference = _reference(table, against)
    if reference not in stored:
        raise ValueError(f"Row {reference!r} has no finished cell to compare with.")
    dataset, events = load_dataset(table.spec.data.name), max(line.events for line in table.lines)
    test = partial(_test, stored, stored[reference], rope=rope)
    tested = [
        test(line.row, events / split_ratio(table.spec, line.row, dataset))
        for line in table.lines
        if line.row.id in stored and line.row.id != reference
    ]
    known = [i for i, entry in enumerate(tested) if np.isfinite(entry.p_t)]
    for i, p in zip(known, holm([tested[i].p_t for i in known]) if known else [], strict=True):
        tested[i] = tested[i]._replace(p_t=float(p))
    return tested


def significance_rich(tested: list[Tested], against: str, rope: float = ROPE) -> RichTable:
    """The tests as a table for a terminal.

    Args:
        tested: of `compare_rows`.
        against: the name of the reference.
        rope: the region of equivalence.

    Returns:
        a rich renderable.
    """
    shown = RichTable(title=f"Against {against}; equal means within {rope} of AUC", box=box.SIMPLE)
    heads = ("row", "Δ AUC", "corrected t, Holm p", "Wilcoxon p", "McNemar p, first seed")
    for index, head in enumerate((*heads, "P(worse)", "P(equal)", "P(better)")):
        shown.add_column(head, justify="right" if index else "left", no_wrap=True)
    for entry in tested:
        values = (entry.p_t, entry.p_wilcoxon, entry.p_mcnemar, *(entry.posterior or [np.nan] * 3))
        cells = ["-" if np.isnan(value) else f"{value:.3f}" for value in values]
        shown.add_row(entry.row.label or entry.row.id, f"{entry.change:+.4f}", *cells)
    return shown


def _test(stored: dict[str, Scores], reference: Scores, row: Row, trained: float, *, rope: float):
    nan = float("nan")
    pair = shared(stored[row.id], reference)
    if pair is None:
        return Tested(row, nan, nan, nan, nan, None)
    a, b = (_by_seed(side) for side in pair)
    seen = ~np.isnan(pair[0].scores[0])
    right = [(side.scores[0] > 0)[seen] == side.labels[seen] for side in pair]
    ratio = seen.sum() / trained
    # Rows without any spread over seeds cannot be tested over seeds; McNemar still can.
    spread = len(a) > 1 and (np.ptp(a - b) > 0 or not (a - b).any())
    return Tested(
        row,
        float(np.mean(a - b)),
        corrected_t_test(a, b, test_to_train=ratio).p_value if spread else nan,
        wilcoxon_test(a, b).p_value if spread else nan,
        mcnemar_test(*right).p_value,
        bayesian_t_test(a, b, rope=rope, test_to_train=ratio) if spread else None,
    )


def _by_seed(side: Scores) -> np.ndarray:
    """AUC of each replicate on the events that it scored."""
    seen = ~np.isnan(side.scores)
    return np.array([auc(s[k], side.labels[k]) for s, k in zip(side.scores, seen, strict=True)])


def _is(record, row: Row) -> bool:
    return record.row == row.id and record.status == "ok"


def _reference(table: Table, against: str) -> str:
    for row in table.spec.rows:
        if against in (row.id, row.role):
            return row.id
    known = ", ".join(row.id for row in table.spec.rows)
    raise ValueError(f"Argument `against` must be classical, trivial or one of {known}.")
