"""Metrics by name: checked before anything runs, stored, read back, set against data sets."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.records import read_arrays
from experiments.run import all_records, run
from experiments.scoring import (
    ALWAYS,
    METRICS,
    SMALLER_IS_BETTER,
    all_metrics,
    metric_values,
    score_matrix,
)
from experiments.specs import load_spec
from experiments.statistics import average_ranks
from qml.metrics import log_loss


def test_an_unknown_metric_is_refused_before_anything_runs(small_toml, tmp_path):
    spec = load_spec(str(small_toml), ['metrics=["auc", "f1"]'])
    with pytest.raises(ValueError, match="`metrics` names 'f1'; known are auc, accuracy"):
        run(spec, tmp_path)
    assert not list(tmp_path.iterdir())


def test_named_metrics_are_stored_beside_those_of_every_record(small_toml, tmp_path):
    rows = 'rows=[{id="l", model="logistic"}]'
    spec = load_spec(str(small_toml), ['metrics=["log_loss", "auc"]', rows])
    for record in run(spec, tmp_path):
        arrays = read_arrays(tmp_path, record.digest)
        assert set(record.metrics) == {*ALWAYS, "log_loss"}
        assert record.metrics["log_loss"] == log_loss(arrays["scores"], arrays["labels"])


def test_a_metric_named_later_follows_from_the_predictions(finished):
    spec, folder = finished
    records = [record for cell, record in all_records(spec, folder) if cell.row.id == "logistic"]
    with pytest.raises(ValueError, match="Row 'logistic', seed 0 has no stored 'brier'"):
        metric_values(records, "brier")
    arrays = [read_arrays(folder, record.digest) for record in records]
    expected = [METRICS["brier"](a["scores"], a["labels"]) for a in arrays]
    np.testing.assert_array_equal(metric_values(records, "brier", folder), expected)
    with pytest.raises(ValueError, match="`metrics` names 'f1'"):
        metric_values(records, "f1", folder)


def test_failed_records_have_no_value(finished):
    spec, folder = finished
    ok, other = [r for c, r in all_records(spec, folder) if c.row.id == "sum"]
    failed = other._replace(status="failed", metrics={})
    assert metric_values([ok, failed], "auc").tolist() == [ok.metrics["auc"]]


def test_an_infinite_rejection_is_left_out():
    perfect = np.array([-1.0, -2.0, 1.0, 2.0]), np.array([0, 0, 1, 1])
    assert "background_rejection" not in all_metrics(*perfect)
    assert all_metrics(*perfect)["auc"] == 1


def test_every_metric_takes_scores_labels_and_weights():
    rng = np.random.default_rng(0)
    scores, labels, weights = rng.normal(size=50), np.arange(50) % 2, rng.random((3, 50))
    assert METRICS.keys() > SMALLER_IS_BETTER
    for metric in METRICS.values():
        assert np.shape(metric(scores, labels, weights)) == (3,)
        assert metric(scores, labels) == metric(scores, labels, np.ones(50))


def test_models_over_data_sets(small_toml, tmp_path):
    grid = 'grid={data=["toy_linear", "toy_rings"], "model.products"=[false, true]}'
    rows = f"""rows=[
        {{id="l", label="logistic", model="logistic", role="classical", {grid}}},
        {{id="s", model="sum", data="toy_rings"}},
    ]"""
    spec = load_spec(str(small_toml), [rows])
    records = run(spec, tmp_path)
    assert {record.data for record in records} == {"toy_linear", "toy_rings"}
    made = score_matrix(spec, all_records(spec, tmp_path))
    assert made.models == ["logistic, products=False", "logistic, products=True", "s"]
    assert made.datasets == ["toy_linear", "toy_rings"]
    aucs = {row.id: [r.metrics["auc"] for r in records if r.row == row.id] for row in spec.rows}
    assert made.values[1, 2] == np.mean(aucs["s"])
    assert np.isnan(made.values[0, 2])
    assert made.values[0, 1] == np.mean(aucs["l data=toy_linear, products=True"])
    assert average_ranks(made.values[:, :2]).shape == (2,)
    losses = score_matrix(spec, all_records(spec, tmp_path), "log_loss", tmp_path)
    assert np.isfinite(losses.values[:, :2]).all()
    nothing = score_matrix(replace(spec, seeds=(7,)), all_records(spec, tmp_path / "none"))
    assert np.isnan(nothing.values).all()
