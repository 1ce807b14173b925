"""The audit of our own folders: planted faults are found, a clean run is clean."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.checking import audit
from experiments.records import Record, append_record
from experiments.run import run
from experiments.specs import DataSpec, load_spec
from experiments.splits import split_rows
from qml.data import DATASETS, make_dataset
from qml.metrics import accuracy, auc


@pytest.fixture
def folder(tmp_path):
    """Write a results folder of two rows with three seeds; `change(record, arrays)` plants."""

    def write(change=lambda record, arrays: (record, arrays)):
        draw = np.random.default_rng(0)
        labels = draw.integers(0, 2, 200)
        for row, scale in (("a", 1.0), ("b", 2.0)):
            for seed in range(3):
                scores = labels - 0.5 + draw.normal(size=200) / scale
                arrays = {"scores": scores, "labels": labels, "rows": np.arange(200)}
                metrics = {"auc": float(auc(scores, labels)), "accuracy": accuracy(scores, labels)}
                record = Record(
                    *(f"{row}{seed}", "planted", row, seed, "ok"),
                    *(metrics, {"events": 200}, {}, {"commit": "c0"}, "2026-01-01T00:00:00"),
                )
                append_record(tmp_path, *change(record, arrays))
        findings = audit(tmp_path).findings
        return [(f.rule, f.severity, f.lines) for f in findings if f.severity != "note"]

    return write


def planted(digest, **fields):
    """Change one record."""

    def change(record, arrays):
        return (record._replace(**fields) if record.digest == digest else record), arrays

    return change


def test_clean_folder(folder):
    assert folder() == []


def test_recorded_metric_that_predictions_do_not_give(folder):
    change = planted("a1", metrics={"auc": 0.9, "accuracy": 0.9})
    assert [f for f in folder(change) if f[1] == "error"] == [("arrays", "error", (2,))] * 2


def test_predictions_that_are_gone_or_broken(folder, tmp_path):
    folder()
    (tmp_path / "arrays" / "a0.npz").unlink()
    file = tmp_path / "arrays" / "b2.npz"
    file.write_bytes(file.read_bytes()[:100])
    lines = [f.lines for f in audit(tmp_path).findings if f.severity == "error"]
    assert lines == [(1,), (6,)]


def test_records_of_several_commits(folder):
    change = planted("b0", provenance={"commit": "c1", "dirty": True})
    assert folder(change) == [("origin", "warning", (4,))] * 2


def test_records_of_several_states_of_the_data(folder):
    def change(record, arrays):
        checksum = "1" if record.seed else "0"
        if record.digest == "b2":
            arrays = arrays | {"labels": 1 - arrays["labels"], "scores": -arrays["scores"]}
        return record._replace(data="nowhere", checksum=checksum), arrays

    assert folder(change) == [
        ("data", "error", tuple(range(1, 7))),
        ("data", "error", (6,)),
    ]


def test_failed_cells_and_torn_lines(folder, tmp_path):
    change = planted("a2", status="failed", error="ValueError: no", metrics={})
    assert ("failed", "warning", (3,)) in folder(change)
    with open(tmp_path / "records.jsonl", "a") as file:
        file.write('{"digest": "half')
    assert ("torn", "warning", ()) in [(f.rule, f.severity, f.lines) for f in audit(tmp_path)[2]]


def test_search_decided_by_the_test_figure(folder):
    def change(record, arrays):
        best = record.metrics["auc"] if record.digest == "b1" else 0.9
        return record._replace(info={"scan": [{"auc": 0.4}, {"auc": best}]}), arrays

    assert folder(change) == [("selection", "error", (5,))]


def test_events_that_are_no_test_events(folder):
    from qml.data import load_dataset

    data = load_dataset("toy_linear")

    def change(record, arrays):
        rows = data.test[:200] if record.digest != "a0" else data.train[:200]
        labels = data.y[rows] if record.digest != "b1" else 1 - data.y[rows]
        scores = labels + np.random.default_rng(record.seed).normal(size=len(rows))
        metrics = {"auc": float(auc(scores, labels)), "accuracy": accuracy(scores, labels)}
        record = record._replace(
            data="toy_linear", checksum=data.sha256, metrics=metrics, cost={"events": len(rows)}
        )
        return record, {"scores": scores, "labels": labels, "rows": rows}

    errors = [found for found in folder(change) if found[1] == "error"]
    assert [lines for _, _, lines in errors] == [(5,), (1,), (5,)]  # b1 contradicts the others too


def test_a_folder_of_failures_only(tmp_path):
    cause = {"status": "failed", "error": "ValueError: no"}
    record = Record(
        "a0", "p", "a", 0, **cause, metrics={}, cost={}, info={}, provenance={}, time=""
    )
    append_record(tmp_path, record, {})
    sentences = [f.sentence for f in audit(tmp_path).findings if f.rule == "failed"]
    assert sentences == ["a, seed 0 failed: ValueError: no"]


def test_folder_without_a_whole_record(tmp_path):
    (tmp_path / "records.jsonl").write_text('{"digest"')
    with pytest.raises(ValueError, match="holds no whole record"):
        audit(tmp_path)


def test_our_own_run_has_no_error(finished):
    spec, folder = finished
    result = audit(folder, spec=spec)
    assert [f.sentence for f in result.findings if f.severity == "error"] == []
    assert "cells" not in {f.rule for f in result.findings}
    assert result.rows == len((folder / "records.jsonl").read_text().splitlines())


FOLDS = {"protocol": "kfold", "folds": 4}
HALVES = {"protocol": "repeated", "test_fraction": 0.5}


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """Audit a record of each split of 80 events, two of which may be equal; `change` plants."""

    def write(splits, copied=(), change=lambda record, split, data: split.test):
        x = np.random.default_rng(0).normal(size=(80, 2))
        x[list(copied[1:])] = x[list(copied[:1])]
        rows, names = np.arange(80), ("a", "b")
        data = make_dataset("eighty", x, rows % 2, features=names, train=rows[:40], test=rows[40:])
        monkeypatch.setitem(DATASETS, "eighty", lambda folder: data)
        for seed, told in splits:
            options = {"split": told["protocol"], **told}
            fold = options.pop("fold", 0)
            del options["protocol"]
            record = Record(f"{seed}{fold}", "p", "a", seed, "ok", {}, {}, {"split": told}, {}, "")
            record = record._replace(data="eighty", checksum=data.sha256)
            split = split_rows(DataSpec("eighty", **options), data, seed, fold)
            events = change(record, split, data)
            arrays = {"scores": x[events, 0], "labels": data.y[events], "rows": events}
            append_record(tmp_path, record, arrays)
        rules = ("data", "leakage")
        found = [f for f in audit(tmp_path).findings if f.rule in rules and f.severity != "note"]
        return [(f.severity, f.sentence) for f in found]

    return write


@pytest.mark.parametrize(
    "splits",
    [
        [(seed, FOLDS | {"fold": fold}) for seed in (0, 1) for fold in range(4)],
        [(seed, HALVES) for seed in range(5)],
    ],
)
def test_folds_and_random_splits_are_audited_by_their_own_rows(audited, splits):
    assert audited(splits) == []


def test_equal_rows_leak_in_the_splits_that_part_them(audited):
    """Rows 0 and 1 both train in the data set's own split: only folds can part them."""
    splits = [(0, FOLDS | {"fold": fold}) for fold in range(4)]
    told = "1 of 20 test rows are training rows too, in the worst of 4 splits."
    assert audited(splits, copied=(0, 1)) == [("error", f"eighty: {told}")]


def test_equal_rows_on_both_sides_of_the_data_set_s_own_split(audited):
    assert audited([(0, {"protocol": "fixed"})], copied=(0, 70)) == [
        ("error", "eighty: 1 of 40 test rows are training rows too.")
    ]


def test_training_rows_of_a_fold_are_no_test_rows_of_it(audited):
    def train_of_one(record, split, data):
        return split.train if record.digest == "02" else split.test

    splits = [(0, FOLDS | {"fold": fold}) for fold in range(4)]
    told = "a, seed 0, fold 2: was measured on training events."
    assert audited(splits, change=train_of_one) == [("error", told)]


def test_a_split_that_cannot_be_made_again(audited, tmp_path):
    audited([(0, HALVES)])
    lines = (tmp_path / "records.jsonl").read_text()
    (tmp_path / "records.jsonl").write_text(lines.replace("repeated", "guessed"))
    sentences = [f.sentence for f in audit(tmp_path).findings if f.rule == "data"]
    assert sentences == ["a, seed 0: its split cannot be made again (unknown protocol 'guessed')."]


def test_runs_with_folds_on_several_data_sets_are_clean(small_toml, tmp_path):
    rows = """rows=[
        {id="l", model="logistic", role="classical", grid={data=["toy_linear", "toy_rings"]}},
        {id="s", model="sum", role="trivial", grid={data=["toy_linear", "toy_rings"]}},
    ]"""
    folds = ['data.split="kfold"', "data.folds=4", "data.test_events=0", rows]
    spec = load_spec(str(small_toml), folds)
    run(spec, tmp_path)
    findings = audit(tmp_path, spec=spec).findings
    assert [f.sentence for f in findings if f.severity == "error"] == []
    assert not {"cells", "duplicates", "seeds", "data", "leakage"} & {f.rule for f in findings}
    fewer = replace(spec, rows=spec.rows[:2])
    (told,) = (f.sentence for f in audit(tmp_path, spec=fewer).findings if f.rule == "cells")
    assert told == "small: 16 records are of other settings or other data."


def test_missing_and_foreign_cells(finished):
    spec, folder = finished
    more = spec.__class__(**{**vars(spec), "seeds": (1, 2)})
    sentences = [f.sentence for f in audit(folder, spec=more).findings if f.rule == "cells"]
    assert [s.split(" (")[0] for s in sentences] == [
        "small: 6 of 12 cells have no record",
        "small: 6 records are of other settings or other data.",
    ]
