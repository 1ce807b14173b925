"""Splits: stratified, decided by the seed, and blind to what is held out."""

from dataclasses import replace

import numpy as np
import pytest

from experiments import catalogue
from experiments.records import read_arrays
from experiments.reporting.tables import make_table
from experiments.run import all_records, run, spec_records
from experiments.running.events import choose_events
from experiments.scoring import metric_values, replicate
from experiments.specs import DataSpec, load_spec
from experiments.splits import split_ratio, split_rows
from experiments.trainers.trained import Trained
from qml.data import load_dataset, make_dataset

FOLDS = ['data.split="kfold"', "data.folds=4", "data.train_events=0", "data.test_events=0"]
REPEATED = ['data.split="repeated"', "data.test_fraction=0.25", "data.test_events=0"]
ROWS = """rows=[
    {id="logistic", model="logistic", role="classical"},
    {id="sum", model="sum", role="trivial"},
]"""


@pytest.fixture(scope="module")
def rings():
    """400 events, half of each class."""
    return load_dataset("toy_rings")


@pytest.fixture
def folds_spec(small_toml):
    """Two rows, two seeds, four folds of all events."""
    return load_spec(str(small_toml), [*FOLDS, ROWS])


@pytest.fixture
def repeated_spec(small_toml):
    """Two rows, three random splits."""
    return load_spec(str(small_toml), [*REPEATED, ROWS, "seeds=[0, 1, 2]"])


def test_fixed_rows_are_the_data_set_s_own(rings):
    split = split_rows(DataSpec("toy_rings"), rings, seed=3)
    np.testing.assert_array_equal(split.train, rings.train)
    np.testing.assert_array_equal(split.test, rings.test)


def test_each_fold_is_held_out_once_with_its_share_of_each_class(rings):
    data = DataSpec("toy_rings", split="kfold", folds=4)
    splits = [split_rows(data, rings, seed=5, fold=fold) for fold in range(4)]
    np.testing.assert_array_equal(np.sort(np.concatenate([s.test for s in splits])), np.arange(400))
    for split in splits:
        assert not set(split.train) & set(split.test)
        assert (len(split.train), rings.y[split.test].sum(), len(split.test)) == (300, 50, 100)


def test_a_repeated_split_is_stratified_and_drawn_anew_for_each_seed(rings):
    data = DataSpec("toy_rings", split="repeated", test_fraction=0.3)
    splits = [split_rows(data, rings, seed) for seed in range(40)]
    for split in splits:
        assert (len(split.test), rings.y[split.test].sum(), len(split.train)) == (120, 60, 280)
        assert len(set(split.train) | set(split.test)) == 400
    assert len({tuple(np.sort(split.test)) for split in splits}) == 40
    # Each row is held out with chance 0.3, so 12 +- 2.9 times of 40.
    counts = np.bincount(np.concatenate([split.test for split in splits]), minlength=400)
    assert abs(counts.std() - np.sqrt(40 * 0.3 * 0.7)) < 3 * np.sqrt(40 * 0.21 / (2 * 400))
    again = split_rows(data, rings, 0)
    np.testing.assert_array_equal(again.test, splits[0].test)


def test_rows_that_a_data_set_leaves_out_stay_out():
    x, y = np.arange(12.0)[:, None], np.arange(12) % 2
    dataset = make_dataset("some", x, y, features=("a",), train=[0, 1, 2, 3], test=[8, 9, 10, 11])
    for data in (
        DataSpec("some", split="kfold", folds=2),
        DataSpec("some", split="repeated", test_fraction=0.5),
    ):
        split = split_rows(data, dataset, seed=0)
        assert set(split.train) | set(split.test) == {0, 1, 2, 3, 8, 9, 10, 11}


def test_a_part_without_a_class_is_refused(rings):
    with pytest.raises(ValueError, match="`test_fraction` must leave both classes in both parts"):
        split_rows(DataSpec("toy_rings", split="repeated", test_fraction=0.001), rings, 0)
    with pytest.raises(ValueError, match="`folds` must leave both classes"):
        split_rows(DataSpec("toy_rings", split="kfold", folds=300), rings, 0)


def test_caps_take_the_first_rows_and_the_draw_is_the_seed_s(folds_spec, rings):
    whole = choose_events(folds_spec, rings, 1, 0, 0, fold=2)
    capped = choose_events(folds_spec, rings, 1, 30, 50, fold=2)
    np.testing.assert_array_equal(capped.test, whole.test[:30])
    np.testing.assert_array_equal(capped.x, whole.x[:50])
    assert 10 < capped.y.sum() < 40


@pytest.mark.parametrize("overrides", [FOLDS, REPEATED])
def test_training_gets_none_of_the_events_that_it_is_tested_on(
    small_toml, tmp_path, monkeypatch, overrides
):
    """A spy in place of a model sees what `train` and `score` are given in a real run."""
    seen = []

    def spy(x, y, seed):
        trained = {row.tobytes() for row in x}

        def score(new):
            seen.append((trained, {row.tobytes() for row in new}))
            return new[:, 0]

        return Trained(score, {}, {}, {}, {})

    monkeypatch.setitem(catalogue.MODELS, "spy", spy)
    rows = ['models={m={kind="spy"}}', 'rows=[{id="m", model="m"}]']
    records = run(load_spec(str(small_toml), [*overrides, *rows]), tmp_path)
    assert {record.error for record in records} == {""}
    assert len(seen) == len(records)
    for record, (trained, tested) in zip(records, seen, strict=True):
        assert not trained & tested
        assert len(tested) == record.cost["events"] == 100


def test_folds_become_cells_and_are_told_in_their_records(folds_spec, tmp_path):
    records = run(folds_spec, tmp_path)
    assert len(records) == 2 * 2 * 4
    told = [(r.row, r.seed, r.info["split"]["fold"]) for r in records[:5]]
    assert told == [*[("logistic", 0, fold) for fold in range(4)], ("logistic", 1, 0)]
    found = all_records(folds_spec, tmp_path)
    assert [record for _, record in found] == records
    assert run(folds_spec, tmp_path) == records


def test_a_table_of_folds_is_the_mean_over_them(folds_spec, tmp_path):
    records = run(folds_spec, tmp_path)
    table = make_table(folds_spec, tmp_path)
    for line in table.lines:
        values = metric_values([r for r in records if r.row == line.row.id], "auc")
        assert len(values) == 8
        assert line.scores["auc"].value == pytest.approx(values.mean(), rel=1e-12)


def test_rows_with_one_seed_are_tested_on_the_same_split(repeated_spec, tmp_path):
    records = run(repeated_spec, tmp_path)
    by_row = {i: [r for r in records if r.row == i] for i in ("logistic", "sum")}
    tested = [[read_arrays(tmp_path, r.digest)["rows"] for r in by_row[i]] for i in by_row]
    for one, two in zip(*tested, strict=True):
        np.testing.assert_array_equal(one, two)
    assert len({tuple(rows) for rows in tested[0]}) == 3
    assert [replicate(r) for r in by_row["sum"]] == [(0, 0), (1, 0), (2, 0)]
    ratio = split_ratio(repeated_spec, repeated_spec.rows[0], load_dataset("toy_linear"))
    assert ratio == 100 / 300  # though 60 events are trained on: draws of them hardly overlap


def test_the_ratio_of_whole_folds(folds_spec, rings):
    assert split_ratio(folds_spec, folds_spec.rows[0], rings) == 1 / 3
    fixed = replace(folds_spec, data=DataSpec("toy_rings", train_events=50, test_events=25))
    assert split_ratio(fixed, fixed.rows[0], rings) == 0.5


def test_records_of_changing_test_events_are_no_single_table(repeated_spec, tmp_path):
    with pytest.raises(ValueError, match="'small' has 'repeated' splits, whose test events change"):
        spec_records(repeated_spec, tmp_path)
    two = (repeated_spec.rows[0], replace(repeated_spec.rows[1], data="toy_rings"))
    with pytest.raises(ValueError, match="has rows on toy_linear, toy_rings, which are not one"):
        spec_records(replace(repeated_spec, rows=two), tmp_path)


def test_more_events_than_a_fold_has(small_toml, tmp_path):
    spec = load_spec(str(small_toml), [*FOLDS, ROWS, "data.test_events=101"])
    with pytest.raises(ValueError, match="`test_events` is 101, but data set 'toy_linear' has 100"):
        run(spec, tmp_path)


def test_a_circuit_is_trained_anew_for_each_fold_and_once_for_its_backends(small_toml, tmp_path):
    names = 'rows=[{id="a", model="circuit", backend="exact"},{id="b", model="circuit", backend='
    more = [names + '"shots"}]', "seeds=[0]", "data.folds=2", "data.train_events=40"]
    records = run(load_spec(str(small_toml), [*FOLDS, *more]), tmp_path)
    assert [record.error for record in records] == [""] * 4
    points = [record.info["checkpoint"] for record in records]
    assert points[:2] == points[2:]
    assert points[0] != points[1]


@pytest.mark.parametrize(
    "protocol", [{"split": "kfold", "folds": 3}, {"split": "repeated", "test_fraction": 0.3}]
)
def test_groups_stay_together(protocol):
    groups = np.repeat(np.arange(6), 5)
    data = make_dataset(
        "g",
        np.arange(30.0)[:, None],
        np.arange(30) % 2,
        features=("a",),
        train=range(20),
        test=range(20, 30),
        groups=groups,
    )
    split = split_rows(DataSpec("g", **protocol), data, seed=0)
    assert not set(groups[split.train]) & set(groups[split.test])
    assert sorted([*split.train, *split.test]) == list(range(30))
    if protocol["split"] == "kfold":
        parts = [split_rows(DataSpec("g", **protocol), data, 0, fold).test for fold in range(3)]
        assert sorted(np.concatenate(parts)) == list(range(30))
    one = data._replace(groups=np.zeros(30, int))
    with pytest.raises(ValueError, match="groups of events are too few"):
        split_rows(DataSpec("g", **protocol), one, seed=0)


def test_values_are_dealt_evenly_into_folds():
    data = load_dataset("sklearn_diabetes")
    folds = DataSpec("sklearn_diabetes", split="kfold", folds=5)
    means = [data.y[split_rows(folds, data, 0, fold).test].mean() for fold in range(5)]
    assert np.ptp(means) < 2  # of a standard deviation of 77
    half = split_rows(DataSpec("d", split="repeated", test_fraction=0.5), data, seed=0)
    assert len(half.train) == len(half.test) == 221
