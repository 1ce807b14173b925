"""Balanced accuracy, tagging power and calibration against scikit-learn and closed forms."""

import os
from functools import partial

import numpy as np
import pytest
import sklearn.metrics as reference
from sklearn.calibration import calibration_curve

from qml.data import lhcb_published_scores, load_dataset
from qml.data.fetching import MIRROR
from qml.metrics import (
    accuracy,
    auc,
    balanced_accuracy,
    bootstrap,
    brier,
    calibration_error,
    reliability_curve,
    tagging_power,
)

METRICS = [
    balanced_accuracy,
    tagging_power,
    partial(tagging_power, threshold=0.7),
    brier,
    calibration_error,
]


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_agree_with_scikit_learn(sample, weighted):
    scores, labels, weights = sample
    weights = weights if weighted else None
    chance = 1 / (1 + np.exp(-scores))
    pairs = [
        (
            balanced_accuracy,
            reference.balanced_accuracy_score(labels, scores > 0, sample_weight=weights),
        ),
        (brier, reference.brier_score_loss(labels, chance, sample_weight=weights)),
    ]
    for metric, expected in pairs:
        np.testing.assert_allclose(metric(scores, labels, weights), expected, rtol=1e-12)


def test_reliability_curve_agrees_with_scikit_learn(sample):
    scores, labels, _ = sample
    curve = reliability_curve(scores, labels, bins=5)
    expected = calibration_curve(labels, 1 / (1 + np.exp(-scores)), n_bins=5)
    full = curve.weight > 0
    np.testing.assert_allclose((curve.observed[full], curve.claimed[full]), expected, rtol=1e-12)


def test_calibration_error_is_read_off_the_reliability_curve(sample):
    curve = reliability_curve(*sample)
    gaps = curve.weight * np.abs(curve.observed - curve.claimed)
    np.testing.assert_allclose(calibration_error(*sample), np.nansum(gaps), rtol=1e-12)
    np.testing.assert_allclose(curve.weight.sum(), 1.0)


def test_empty_bins_are_nan_and_the_last_holds_certainty():
    curve = reliability_curve([-1000.0, 1000.0], [0, 1], bins=3)
    np.testing.assert_array_equal(curve.claimed, [0.0, np.nan, 1.0])
    np.testing.assert_array_equal(curve.observed, [0.0, np.nan, 1.0])
    np.testing.assert_array_equal(curve.weight, [0.5, 0.0, 0.5])
    assert calibration_error([-1000.0, 1000.0], [0, 1]) == brier([-1000.0, 1000.0], [0, 1]) == 0


def test_a_calibrated_model_has_the_calibration_error_of_its_scatter():
    rng, events, bins = np.random.default_rng(2), 20_000, 10
    chance = rng.uniform(0.01, 0.99, size=events)
    labels = rng.random(events) < chance
    scores = np.log(chance / (1 - chance))
    assert 0 < calibration_error(scores, labels, bins=bins) < 0.4 * np.sqrt(bins / events)
    # Scores that are too sure by a factor two in log-odds are seen at once.
    assert calibration_error(2 * scores, labels, bins=bins) > 0.08


def test_tagging_power_is_efficiency_times_dilution_squared(sample):
    scores, labels, weights = sample
    np.testing.assert_allclose(
        tagging_power(scores[scores != 0], labels[scores != 0]),
        (2 * accuracy(scores[scores != 0], labels[scores != 0]) - 1) ** 2,
    )
    tagged = np.abs(scores) > 0.7
    efficiency = weights[tagged].sum() / weights.sum()
    wrong = 1 - accuracy(scores[tagged], labels[tagged], weights[tagged])
    expected = efficiency * (1 - 2 * wrong) ** 2
    power = tagging_power(scores, labels, weights, threshold=0.7)
    np.testing.assert_allclose(power, expected, rtol=1e-12)


def test_tagging_power_without_tags_is_zero():
    assert tagging_power([0.0, 0.1, -0.1], [0, 1, 1], threshold=1.0) == 0.0
    assert tagging_power([0.0, 0.0], [0, 1]) == 0.0
    with pytest.raises(ValueError, match="`threshold` must not be negative, but is -1"):
        tagging_power([0.0, 0.0], [0, 1], threshold=-1)


def test_tagging_power_of_a_coin_is_one_over_the_number_of_events():
    labels = np.array([0, 1, 1, 0, 1, 0])
    signs = 2 * ((np.arange(2**6)[:, None] >> np.arange(6)) & 1) - 1  # every outcome of the coin
    np.testing.assert_allclose(np.mean([tagging_power(s, labels) for s in signs]), 1 / 6)


def test_integer_weights_are_repeated_events(sample):
    scores, labels, _ = sample
    times = np.random.default_rng(2).integers(0, 4, size=labels.size)
    for metric in METRICS:
        repeated = metric(np.repeat(scores, times), np.repeat(labels, times))
        np.testing.assert_allclose(metric(scores, labels, times), repeated, rtol=1e-12)


def test_rows_of_weights_are_separate_samples(sample):
    scores, labels, _ = sample
    rows = np.random.default_rng(3).gamma(1.0, size=(5, labels.size))
    for metric in METRICS:
        one_by_one = [metric(scores, labels, row) for row in rows]
        np.testing.assert_allclose(metric(scores, labels, rows), one_by_one, rtol=1e-12)
    curves = [reliability_curve(scores, labels, row) for row in rows]
    together = reliability_curve(scores, labels, rows)
    for ours, theirs in zip(together, zip(*curves, strict=True), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("metric", [*METRICS, reliability_curve])
def test_bad_input_is_refused_in_words(metric):
    with pytest.raises(ValueError, match="both classes"):
        metric([0.1, 0.2], [1, 1])
    with pytest.raises(ValueError, match="1 are NaN or infinite"):
        metric([0.1, np.nan], [0, 1])
    with pytest.raises(ValueError, match="not negative"):
        metric([0.1, 0.2], [0, 1], [1.0, -1.0])


@pytest.mark.parametrize("bins", [0, -1, 2.5])
def test_bad_bins_are_refused(bins):
    with pytest.raises(ValueError, match="`bins` must be a positive int"):
        calibration_error([0.1, 0.2], [0, 1], bins=bins)


def test_published_lhcb_circuit_has_its_published_tagging_power():
    folder = os.environ.get(MIRROR)
    if not folder or not os.path.isdir(os.path.join(folder, "lhcb_bjets")):
        pytest.skip(f"{MIRROR} names no folder with lhcb_bjets")
    labels, scores = load_dataset("lhcb_bjets").y, lhcb_published_scores()
    np.testing.assert_allclose(tagging_power(scores, labels), 0.036864, rtol=1e-12)
    np.testing.assert_allclose(auc(scores, labels), 0.617092, rtol=1e-12)
    interval = bootstrap(tagging_power, scores, labels, seed=0)
    assert 0.01 < interval.low < 0.036864 < interval.high < 0.08
