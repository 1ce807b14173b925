"""Two made-up run folders: cells that are equal, agree, moved, or stand on one side only."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from experiments.checking.compare import compare, comparison_rich, comparison_summary
from experiments.records import Record, append_record, read_records
from qml.metrics import auc, paired_difference

EVENTS = 400
ENVIRONMENT = {"commit": "aaa", "dirty": False, "device": "cpu", "versions": {"jax": "0.10.2"}}


def _arrays(noise, seed=0):
    """Scores of 400 events; more noise makes them worse, another seed makes other events."""
    rng = np.random.default_rng(seed)
    labels = np.arange(EVENTS) % 2
    scores = labels + noise * rng.normal(size=EVENTS)
    return {"scores": scores, "labels": labels, "rows": np.arange(EVENTS) + seed * EVENTS}


def _put(folder, row, arrays, seed=0, digest=None, provenance=ENVIRONMENT, **more):
    record = Record(
        digest=digest or f"{row}-{seed}",
        spec="made-up",
        row=row,
        seed=seed,
        status="ok",
        metrics={"auc": float(auc(arrays["scores"], arrays["labels"]))},
        cost={"events": EVENTS, "seconds": {}},
        info={},
        provenance=provenance,
        time="2024-01-01T00:00:00+00:00",
    )
    append_record(folder, record._replace(**more), arrays)


@pytest.fixture
def folders(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    good = _arrays(1.0)
    labels, other = good["labels"], _arrays(1.0, seed=7)["scores"]
    # Labels plus noise of the same size, most of it the same noise.
    slightly = good | {"scores": 0.8 * good["scores"] + 0.6 * other - 0.4 * labels}
    for row, ours, theirs in (
        ("equal", good, good),
        ("agrees", good, slightly),
        ("worse", good, _arrays(3.0)),
        ("elsewhere", good, _arrays(1.0, seed=1)),
    ):
        _put(a, row, ours)
        _put(b, row, theirs)
    _put(a, "lost", good)
    _put(b, "new", good, seed=3)
    return a, b


def _cell(made, row):
    return next(cell for cell in made.cells if cell.row == row)


def test_verdicts(folders):
    made = compare(*folders, resamples=300)
    assert {cell.row: cell.verdict for cell in made.cells} == {
        "equal": "identical",
        "agrees": "within",
        "worse": "moved",
        "elsewhere": "within",
    }
    assert made.exit_code == 1


def test_change_is_b_minus_a_and_paired_on_the_same_events(folders):
    made = compare(*folders, resamples=300)
    worse, good, bad = _cell(made, "worse"), _arrays(1.0), _arrays(3.0)
    assert worse.a == pytest.approx(roc_auc_score(good["labels"], good["scores"]))
    assert worse.b == pytest.approx(roc_auc_score(bad["labels"], bad["scores"]))
    want = paired_difference(
        auc, bad["scores"], good["scores"], good["labels"], seed=0, resamples=300
    )
    assert (worse.paired, worse.change) == (True, want)
    assert worse.change.value < 0


def test_other_events_are_resampled_each_on_their_own(folders):
    made = compare(*folders, resamples=300)
    elsewhere = _cell(made, "elsewhere")
    assert not elsewhere.paired
    assert elsewhere.change.value == pytest.approx(elsewhere.b - elsewhere.a)
    # Two independent samples: wider than the paired change of nearly equal scores.
    agrees = _cell(made, "agrees").change
    assert elsewhere.change.high - elsewhere.change.low > agrees.high - agrees.low


def test_cells_on_one_side_are_named(folders, as_text):
    made = compare(*folders, resamples=50)
    assert (made.only_a, made.only_b) == (("lost (seed 0)",), ("new (seed 3)",))
    text = as_text(comparison_rich(made))
    assert "Only A has 1: lost (seed 0)." in text
    assert "Only B has 1: new (seed 3)." in text


def test_a_folder_compared_with_itself_is_identical(folders):
    made = compare(folders[0], folders[0], resamples=50)
    assert {cell.verdict for cell in made.cells} == {"identical"}
    assert made.exit_code == 0
    summary = comparison_summary(made)
    assert "Cells in common: identical 5, within 0, moved 0." in summary
    assert "Environment: no difference that the records tell of." in summary


def test_a_changed_spec_is_matched_by_row_and_seed_and_said(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    _put(a, "row", _arrays(1.0), digest="one")
    _put(b, "row", _arrays(1.0), digest="two")
    made = compare(a, b, resamples=50)
    assert [cell.same_digest for cell in made.cells] == [False]
    want = "Cells with another digest, so another spec or other data: 1."
    assert want in comparison_summary(made)


def test_a_renamed_row_is_matched_by_its_digest(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    _put(a, "old name", _arrays(1.0), digest="same")
    _put(b, "new name", _arrays(1.0), digest="same")
    assert [cell.verdict for cell in compare(a, b, resamples=50).cells] == ["identical"]


def test_what_differs_around_the_cells_is_told(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    other = ENVIRONMENT | {"dirty": True, "versions": {"jax": "0.12.0", "optax": "0.2.5"}}
    _put(a, "row", _arrays(1.0), data="diphoton", checksum="1" * 64)
    _put(b, "row", _arrays(1.0), provenance=other, data="diphoton", checksum="2" * 64)
    made = compare(a, b, resamples=50)
    assert made.environment == (
        ("dirty", "False", "True"),
        ("jax", "0.10.2", "0.12.0"),
        ("optax", "absent", "0.2.5"),
    )
    assert made.data == (("SHA-256 of diphoton", "1" * 64, "2" * 64),)
    assert "Environment: jax is 0.10.2 in A, 0.12.0 in B." in comparison_summary(made)


def test_failed_cells_do_not_count_and_a_later_record_replaces_an_earlier(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    for folder in (a, b):
        _put(folder, "row", _arrays(1.0))
    _put(a, "row", _arrays(1.0), seed=1, status="failed")
    _put(b, "row", _arrays(1.0), seed=1)
    assert compare(a, b, resamples=50).only_b == ("row (seed 1)",)
    assert len(read_records(a).records) == 2


def test_nothing_to_compare_is_said(tmp_path, folders):
    with pytest.raises(FileNotFoundError, match="not a run's folder"):
        compare(folders[0], tmp_path / "none")
    _put(tmp_path / "c", "another", _arrays(1.0))
    with pytest.raises(ValueError, match=r"no finished cell in common: .* against another"):
        compare(folders[0], tmp_path / "c")


def test_a_real_run_compared_with_itself(finished):
    made = compare(finished[1], finished[1], resamples=20)
    assert len(made.cells) == 12
    assert made.exit_code == 0
