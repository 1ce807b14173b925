"""Tables and findings against values computed from the stored predictions by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from experiments.reporting.findings import findings
from experiments.reporting.formats import HEADS, table_cells, to_markdown
from experiments.reporting.tables import make_table


@pytest.fixture(scope="module")
def table(finished):
    return make_table(*finished, resamples=200)


def test_auc_is_the_mean_over_seeds_of_the_stored_scores(stored, table):
    for line in table.lines:
        arrays = stored(table, line.row.id)
        aucs = [roc_auc_score(a["labels"], a["scores"]) for a in arrays]
        assert line.auc.value == pytest.approx(np.mean(aucs))
        assert line.auc.low <= line.auc.value <= line.auc.high
        assert line.spread == pytest.approx(np.std(aucs, ddof=1))


def test_change_to_ideal_is_taken_on_the_same_events(stored, table):
    line = next(line for line in table.lines if line.row.id == "shots")
    assert line.events == 40
    want = []
    exact, shots = stored(table, "exact"), stored(table, "shots")
    for ideal, device in zip(exact, shots, strict=True):
        same = np.isin(ideal["rows"], device["rows"])
        want.append(
            roc_auc_score(device["labels"], device["scores"])
            - roc_auc_score(ideal["labels"][same], ideal["scores"][same])
        )
    assert line.versus["ideal"].value == pytest.approx(np.mean(want))


def test_every_row_stands_beside_both_baselines(table):
    for line in table.lines:
        others = {"classical", "trivial"} - {line.row.role}
        assert others <= set(line.versus)


def test_simulated_rows_are_labelled(table):
    assert any("none ran on hardware" in note for note in table.notes)


def test_markdown_has_a_line_a_row(table):
    lines = to_markdown(table).splitlines()
    assert lines[0].count("|") == len(HEADS) + 1
    assert len([line for line in lines if line.startswith("|")]) == 2 + len(table.lines)
    assert all(len(cells) == len(HEADS) for cells in table_cells(table))


def test_findings_claim_no_difference_that_an_interval_does_not_show(table):
    text = "\n".join(findings(table))
    assert "The highest AUC" in text
    assert "The annealer adds nothing here that these test events can show" in text


def test_missing_seeds_and_baselines_are_said(finished):
    spec, folder = finished
    rows = tuple(replace(row, role=None) for row in spec.rows)
    bare = replace(spec, seeds=(0, 1, 2), rows=rows)
    with pytest.raises(ValueError, match="has no classical and no trivial row"):
        make_table(bare, folder)
    notes = make_table(bare, folder, baselines=False, resamples=20).notes
    assert any("no classical baseline" in note for note in notes)
    assert any("no trivial baseline" in note for note in notes)
    assert any("Not all seeds are there for: logistic" in note for note in notes)
