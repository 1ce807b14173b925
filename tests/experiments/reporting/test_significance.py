"""Rows tested against a row: the same numbers as the tests give on the stored predictions."""

import numpy as np
import pytest

from experiments.reporting.significance import compare_rows
from experiments.reporting.tables import make_table
from experiments.statistics import bayesian_t_test, corrected_t_test, mcnemar_test
from qml.metrics import auc


@pytest.fixture(scope="module")
def table(finished):
    return make_table(*finished, resamples=20)


def test_every_other_row_is_tested_on_the_events_of_both(finished, stored, table):
    tested = {entry.row.id: entry for entry in compare_rows(table, finished[1], "classical")}
    assert set(tested) == {"sum", "exact", "shots", "best", "annealed"}
    mine, other = (stored(table, row) for row in ("shots", "logistic"))
    same = np.isin(other[0]["rows"], mine[0]["rows"])
    a = np.array([auc(m["scores"], m["labels"]) for m in mine])
    b = np.array([auc(o["scores"][same], o["labels"][same]) for o in other])
    entry = tested["shots"]
    assert entry.change == pytest.approx(np.mean(a - b))
    ratio = 40 / 60
    assert entry.p_t >= corrected_t_test(a, b, test_to_train=ratio).p_value
    want = bayesian_t_test(a, b, rope=0.005, test_to_train=ratio)
    assert entry.posterior == pytest.approx(want)
    right = [(x["scores"] > 0) == x["labels"] for x in (mine[0], other[0])]
    want = mcnemar_test(right[0], right[1][same])
    assert entry.p_mcnemar == pytest.approx(want.p_value)


def test_rows_that_are_equal_are_called_equal(finished, table):
    tested = {entry.row.id: entry for entry in compare_rows(table, finished[1], "best")}
    same = tested["annealed"]
    assert (same.change, same.p_mcnemar) == (0.0, 1.0)
    assert same.posterior.equivalent == 1.0


def test_a_reference_that_is_not_there_is_refused(finished, table):
    with pytest.raises(ValueError, match="must be classical, trivial or one of logistic"):
        compare_rows(table, finished[1], "quantum")
