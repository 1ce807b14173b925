"""Weak classifiers: their shape, their selection, their vote."""

import numpy as np
import pytest

from qml import best_threshold, fit_weak_classifiers, respond, vote


@pytest.fixture
def events():
    rng = np.random.default_rng(1)
    y = np.arange(600) % 2
    x = rng.normal(size=(600, 4))
    x[:, 0] += 1.5 * y
    x[:, 1] -= 1.0 * y
    return x, y


def test_responses_are_in_range_and_signal_is_larger(events):
    x, y = events
    responses = respond(fit_weak_classifiers(x, y), x)
    assert responses.shape == (600, 4 + 6)
    assert np.abs(responses).max() <= 1
    assert (responses[y == 1, :2].mean(0) > responses[y == 0, :2].mean(0)).all()


def test_response_is_zero_at_the_cut_and_saturates_at_the_percentiles():
    y = np.repeat([0, 1], 101)
    x = np.concatenate([np.linspace(0, 1, 101), np.linspace(1, 2, 101)])[:, None]
    weak = fit_weak_classifiers(x, y, products=False)
    at = np.array([[1.3], [1.9], [0.1], [1.6]])
    np.testing.assert_allclose(respond(weak, at)[:, 0], [0, 1, -1, 0.5], atol=1e-9)


def test_products_are_products_of_two_features(events):
    x, y = events
    weak = fit_weak_classifiers(x, y)
    assert [(int(i), int(j)) for i, j in zip(weak.first[4:], weak.second[4:], strict=True)] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 2),
        (1, 3),
        (2, 3),
    ]


def test_selection_keeps_no_two_that_are_alike_and_the_best_first(events):
    x, y = events
    weak = fit_weak_classifiers(x, y, shifts=(-0.5, 0.0, 0.5), max_correlation=0.7, count=8)
    responses = respond(weak, x)
    relation = np.abs(np.corrcoef(responses.T)) - np.eye(len(weak.cut))
    assert relation.max() < 0.7
    strength = np.abs(np.corrcoef(np.column_stack([responses, y]).T)[-1, :-1])
    assert (np.diff(strength * responses.std(0) / responses.std(0)) <= 1e-12).all()
    assert len(weak.cut) <= 8


def test_a_constant_feature_answers_with_a_constant():
    x = np.column_stack([np.arange(10.0), np.ones(10)])
    weak = fit_weak_classifiers(x, np.arange(10) % 2, products=False)
    assert np.ptp(respond(weak, x)[:, 1]) == 0


def test_vote_is_the_weighted_sum(events):
    x, y = events
    weak = fit_weak_classifiers(x, y, products=False)
    weights = np.array([1.0, 0.0, 0.5, 0.0])
    want = respond(weak, x) @ weights - 0.2
    np.testing.assert_allclose(vote(weak, weights, 0.2, x), want, atol=1e-12)


def test_best_threshold_is_best_among_all_cuts():
    rng = np.random.default_rng(2)
    scores, y = rng.normal(size=60).round(1), rng.integers(0, 2, 60)
    cuts = np.unique(scores)
    best = max(np.mean((scores > c) == y) for c in (cuts[:-1] + cuts[1:]) / 2)
    assert np.mean((scores > best_threshold(scores, y)) == y) == pytest.approx(best)
