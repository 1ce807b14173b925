"""Metrics against scikit-learn, closed forms and full enumeration."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as reference

from qml.metrics import accuracy, auc, background_rejection, log_loss, roc_curve

METRICS = [auc, accuracy, log_loss, background_rejection]


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_agree_with_scikit_learn(sample, weighted):
    scores, labels, weights = sample
    weights = weights if weighted else None
    chance = 1 / (1 + np.exp(-scores))
    pairs = [
        (auc, reference.roc_auc_score(labels, scores, sample_weight=weights)),
        (accuracy, reference.accuracy_score(labels, scores > 0, sample_weight=weights)),
        (log_loss, reference.log_loss(labels, chance, sample_weight=weights)),
    ]
    for metric, expected in pairs:
        np.testing.assert_allclose(metric(scores, labels, weights), expected, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_roc_curve_agrees_with_scikit_learn(sample, weighted):
    scores, labels, weights = sample
    weights = weights if weighted else None
    expected = reference.roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    for ours, theirs in zip(roc_curve(scores, labels, weights), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_auc_is_the_area_under_roc_curve(sample):
    curve = roc_curve(*sample)
    area = np.trapezoid(curve.signal_efficiency, curve.background_efficiency)
    np.testing.assert_allclose(auc(*sample), area, rtol=1e-12)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(0, 3)), min_size=2, max_size=12
    )
)
def test_auc_counts_pairs(events):
    scores, labels, weights = np.array(events).T
    assume(all(weights[labels == label].sum() for label in (0, 1)))
    pairs = product(np.flatnonzero(labels == 1), np.flatnonzero(labels == 0))
    won, total = 0.0, 0.0
    for i, j in pairs:
        weight = weights[i] * weights[j]
        won += weight * (float(scores[i] > scores[j]) + 0.5 * float(scores[i] == scores[j]))
        total += weight
    np.testing.assert_allclose(auc(scores, labels, weights), won / total, rtol=1e-12)


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


def test_auc_survives_a_monotone_change_and_turns_with_the_sign(sample):
    scores, labels, weights = sample
    value = auc(scores, labels, weights)
    np.testing.assert_allclose(auc(np.exp(scores), labels, weights), value, rtol=1e-12)
    np.testing.assert_allclose(auc(-scores, labels, weights), 1 - value, rtol=1e-12)


def test_background_rejection_by_hand():
    scores = [5, 4, 3, 2, 1, 0]
    labels = [1, 0, 1, 0, 0, 1]
    assert background_rejection(scores, labels, signal_efficiency=1 / 3) == np.inf
    np.testing.assert_allclose(background_rejection(scores, labels, signal_efficiency=2 / 3), 3.0)
    # Half of the signal lies between the cuts at 4 and 3, which keep the same one background event.
    np.testing.assert_allclose(background_rejection(scores, labels), 3.0)
    np.testing.assert_allclose(background_rejection(scores, labels, signal_efficiency=1.0), 1.0)


def test_log_loss_of_a_sure_wrong_score_stays_finite():
    np.testing.assert_allclose(log_loss([1000.0, 1000.0], [0, 1]), 500.0)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("scores", "labels", "weights", "message"),
    [
        ([0.1, 0.2], [1, 1], None, "both classes"),
        ([0.1, 0.2, 0.3], [0, 1, 2], None, "nothing else"),
        ([0.1, 0.2], [-1, 1], None, "nothing else"),
        ([0.1, np.nan], [0, 1], None, "1 are NaN or infinite"),
        ([0.1, np.inf], [0, 1], None, "1 are NaN or infinite"),
        ([0.1, 0.2, 0.3], [0, 1], None, "one shape"),
        ([[0.1, 0.2]], [[0, 1]], None, "one shape"),
        ([], [], None, "both classes"),
        ([0.1, 0.2], [0, 1], [1.0], "`weights` must have shape"),
        ([0.1, 0.2], [0, 1], [1.0, -1.0], "not negative"),
        ([0.1, 0.2], [0, 1], [1.0, np.nan], "finite"),
        ([0.1, 0.2], [0, 1], [1.0, 0.0], "both classes"),
    ],
)
def test_bad_input_is_refused_in_words(metric, scores, labels, weights, message):
    with pytest.raises(ValueError, match=message):
        metric(scores, labels, weights)
