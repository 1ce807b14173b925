"""Unequal coverage is shown, never ranked, compared on what both have, and refused on request."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from experiments.records import append_lines, append_record, read_arrays, read_records
from experiments.reporting.formats import table_cells
from experiments.reporting.over_seeds import OverSeeds
from experiments.reporting.scores import OverEvents, Scores, coverage, shared, stored_scores
from experiments.reporting.significance import compare_rows
from experiments.reporting.tables import make_table, require_equal_coverage
from experiments.specs import cells
from experiments.statistics import t_interval
from qml.data import load_dataset

TWO = ((0, 0), (1, 0))


def made(scores, rows, seeds=TWO):
    """Scores of a row on events whose label is their number's parity."""
    rows = np.array(rows)
    return Scores(np.array(scores, float), rows % 2, rows, seeds)


@pytest.fixture
def without(finished, tmp_path):
    """A copy of the finished run that lacks the cells of (row, seed) pairs."""
    spec, source = finished

    def copied(*gone):
        for record in read_records(source).records:
            if (record.row, record.seed) not in gone:
                append_record(tmp_path, record, read_arrays(source, record.digest))
        return spec, tmp_path

    return copied


def test_two_rows_share_seeds_events_and_gaps():
    mine = made([[1, 2, 3, 4], [5, 6, 7, 8]], [3, 2, 1, 0])
    other = made([[10, 20, 30, 40, 50]], [0, 1, 2, 3, 4], seeds=((1, 0),))
    a, b = shared(mine, other)
    assert (a.seeds, b.seeds) == (((1, 0),), ((1, 0),))
    assert a.rows.tolist() == b.rows.tolist() == [3, 2, 1, 0]
    assert (a.scores.tolist(), b.scores.tolist()) == ([[5, 6, 7, 8]], [[40, 30, 20, 10]])
    gap = mine._replace(scores=np.array([[1, 2, 3, 4], [np.nan, 6, 7, 8]]))
    a, b = shared(gap, other)
    assert np.isnan(b.scores).tolist() == np.isnan(a.scores).tolist() == [[True] + [False] * 3]
    assert coverage(a) == coverage(b) != coverage(gap)


@pytest.mark.parametrize(
    "other",
    [
        made([[1, 2]], [0, 1], seeds=((7, 0),)),  # no common seed
        made([[1, 2], [1, 2]], [8, 9]),  # no common event
        made([[1, 2], [1, 2]], [0, 8]),  # one class only
    ],
)
def test_rows_that_share_too_little_are_not_compared(other):
    mine = made([[1, 2, 3, 4], [5, 6, 7, 8]], [0, 1, 2, 3])
    assert shared(mine, other) is None
    assert OverEvents({"a": mine, "b": other}, 10, 0).change("auc", "a", "b") is None


def test_seeds_with_test_events_of_their_own_are_scored_on_their_own(finished, tmp_path):
    first = read_records(finished[1]).records[0]
    rng = np.random.default_rng(0)
    arrays, records = [], []
    for seed, rows in enumerate(([0, 1, 2, 3, 4, 5], [4, 5, 6, 7, 8, 9])):
        rows = rng.permutation(rows)
        arrays.append({"scores": rng.random(6), "labels": rows % 2, "rows": rows})
        records.append(first._replace(digest=str(seed) * 64, seed=seed))
        append_record(tmp_path, records[-1], arrays[-1])
    found = stored_scores(tmp_path, records)
    assert found.rows.tolist() == list(range(10))
    assert np.isnan(found.scores).sum(axis=1).tolist() == [4, 4]
    want = np.mean([roc_auc_score(a["labels"], a["scores"]) for a in arrays])
    assert OverEvents({"a": found}, 5, 0).value("auc", "a").value == pytest.approx(want)


def test_a_row_that_lacks_a_seed_is_shown_compared_by_its_seeds_and_not_ranked(without):
    spec, folder = without(("logistic", 0))
    table = make_table(spec, folder, resamples=50)
    line = table.lines[0]
    assert table_cells(table)[0][0] == "logistic (1 of 2 seeds)"
    assert "logistic" not in table.covered | table.best
    note = next(note for note in table.notes if note.startswith("Coverage is not equal"))
    assert "logistic, shots" in note
    assert "Not all seeds are there for: logistic." in table.notes
    by_row = {r.row: read_arrays(folder, r.digest) for r in table.records if r.seed == 1}
    aucs = [roc_auc_score(by_row[r]["labels"], by_row[r]["scores"]) for r in ("logistic", "sum")]
    assert line.versus["trivial"].value == pytest.approx(aucs[0] - aucs[1])
    tested = {entry.row.id: entry for entry in compare_rows(table, folder, "logistic")}
    assert tested["sum"].change == pytest.approx(aucs[1] - aucs[0])


def test_equal_coverage_is_refused_by_name(finished):
    table = make_table(*finished, resamples=20)
    assert table.covered == {row.id for row in table.spec.rows} - {"shots"}
    with pytest.raises(ValueError, match=r"not equal: shots \(40 events, 2 seeds\) against 100"):
        require_equal_coverage(table)
    require_equal_coverage(table._replace(lines=[ln for ln in table.lines if ln.row.id != "shots"]))


def test_a_baseline_on_fewer_events_does_not_stop_the_table(finished):
    spec, folder = finished
    rows = [replace(row, role="trivial" if row.id == "shots" else None) for row in spec.rows]
    rows[0] = replace(rows[0], role="classical")
    table = make_table(replace(spec, rows=tuple(rows)), folder, resamples=20)
    assert all("trivial" in line.versus for line in table.lines if line.row.id != "shots")


def test_over_seeds_needs_the_records_only(finished, tmp_path):
    spec, folder = finished
    append_lines(tmp_path, read_records(folder).records)
    table = make_table(spec, tmp_path, over="seeds")
    events = make_table(spec, folder, resamples=20)
    for line, other in zip(table.lines, events.lines, strict=True):
        assert line.auc.value == pytest.approx(other.auc.value)
    assert table.covered == events.covered
    assert any("t interval" in note for note in table.notes)
    records = {r: [x for x in table.records if x.row == r] for r in ("logistic", "sum")}
    values = [[x.metrics["auc"] for x in found] for found in records.values()]
    judge = OverSeeds(records, {"logistic": 0.5, "sum": 0.5}, tmp_path)
    want = t_interval(np.subtract(*values), test_to_train=0.5)
    assert judge.change("auc", "logistic", "sum") == want


def test_over_seeds_marks_what_cannot_be_told_from_the_best(finished, tmp_path):
    first = read_records(finished[1]).records[0]
    rng = np.random.default_rng(1)
    noise, own = rng.normal(0, 0.01, 20), rng.normal(0, 0.01, (3, 20))
    means = {"best": 0.80, "alike": 0.799, "worse": 0.70}
    records = {
        name: [
            first._replace(row=name, seed=s, metrics={"auc": mean + noise[s] + own[i, s]})
            for s in range(20)
        ]
        for i, (name, mean) in enumerate(means.items())
    }
    judge = OverSeeds(records, dict.fromkeys(means, 0.1), tmp_path)
    assert judge.best("auc", list(means)) == {"best", "alike"}
    assert judge.best("auc", ["worse"]) == {"worse"}
    shifted = [r._replace(metrics={"auc": r.metrics["auc"] - 0.039}) for r in records["best"]]
    silent = OverSeeds({"a": records["best"], "b": shifted}, {"a": 0.1, "b": 0.1}, tmp_path)
    assert silent.best("auc", ["a", "b"]) == {"a", "b"}  # seeds without spread say nothing
    one = OverSeeds({"best": records["best"][:1]}, {"best": 0.1}, tmp_path)
    assert one.value("auc", "best") is None


def test_an_unknown_way_is_refused(finished):
    with pytest.raises(ValueError, match=r"`over` must be one of .*'folds'"):
        make_table(*finished, over="folds")


def test_other_metrics_lead_the_table(finished):
    spec, folder = finished
    table = make_table(replace(spec, metrics=("log_loss", "auc")), folder, resamples=20)
    for line, other in zip(table.lines, make_table(spec, folder, resamples=20).lines, strict=True):
        assert list(line.scores) == ["log_loss", "auc"]
        assert line.auc == other.auc
    best = min(
        (ln for ln in table.lines if ln.row.id in table.covered), key=lambda ln: ln.main.value
    )
    assert best.row.id in table.best


def test_the_cells_of_a_spec_are_told_apart_by_row(finished):
    spec, folder = finished
    digests = {cell.digest for cell in cells(spec, load_dataset(spec.data.name).sha256)}
    assert {record.digest for record in make_table(spec, folder, resamples=5).records} == digests


def test_a_table_is_of_one_data_set_and_its_labels_do_not_repeat_it(finished):
    spec, folder = finished
    rows = tuple(replace(row, label=f"{row.id}, data={spec.data.name}") for row in spec.rows)
    table = make_table(replace(spec, rows=rows), folder, resamples=5)
    assert [line.row.label for line in table.lines] == [row.id for row in spec.rows]
    two = (replace(spec.rows[0], data="toy_rings"), *spec.rows[1:])
    with pytest.raises(ValueError, match="rows on toy_rings, toy_linear, and a table is of one"):
        make_table(replace(spec, rows=two), folder)
