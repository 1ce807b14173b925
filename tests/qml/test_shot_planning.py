"""Planned shots hold in simulation; shots shared by variance beat equal ones."""

import numpy as np
import pytest

from circuits import Exact, Shots, build_circuit, gate, pauli, z
from qml.metrics import accuracy, auc
from qml.shot_planning import (
    group_variances,
    metric_errors,
    plan_shots,
    share_shots,
    shared_expectation,
)


@pytest.fixture(scope="module")
def events():
    """Scores, labels and the spread of one shot of a Pauli Z whose value is the score."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400)
    scores = np.tanh(0.5 * (2 * labels - 1) + 0.7 * rng.standard_normal(400))
    return scores, labels, np.sqrt(1 - scores**2)


@pytest.mark.parametrize(("metric", "error"), [(auc, 0.005), (accuracy, 0.01)])
def test_planned_shots_are_enough_and_not_too_many(events, metric, error):
    """Drawn as binomial shots, not as the Gaussians of the plan."""
    scores, labels, spread = events
    plan = plan_shots(metric, scores, labels, spread, error, seed=1)
    assert plan.error <= error
    rng = np.random.default_rng(2)

    def rms(shots):
        drawn = 2 * rng.binomial(shots, (1 + scores) / 2, (200, len(scores))) / shots - 1
        return np.sqrt(
            np.mean([(metric(each, labels) - metric(scores, labels)) ** 2 for each in drawn])
        )

    assert rms(plan.shots) < 1.2 * error
    assert rms(max(1, plan.shots // 3)) > error


def test_errors_fall_with_shots_and_lower_the_auc(events):
    scores, labels, spread = events
    found = [metric_errors(auc, scores, labels, spread, each, seed=3) for each in (20, 80, 320)]
    sizes = [np.sqrt(np.mean(each**2)) for each in found]
    assert sizes[0] > 1.5 * sizes[1] > 2.25 * sizes[2]
    assert found[0].mean() < 0


def test_what_no_shots_reach_is_refused():
    with pytest.raises(ValueError, match="No number of shots"):
        plan_shots(accuracy, np.zeros(3), [0, 1, 1], 1.0, 1e-3, draws=5)


@pytest.fixture(scope="module")
def circuit():
    return build_circuit([gate("ry", 0, angle=("x", 0)), gate("cx", 0, 1)])


OBSERVABLES = [0.2 * z(0) + 0.3 * pauli("ZZ", (0, 1)) + 2 * pauli("XX", (0, 1)), pauli("Y", 1)]
ANGLES = {"x": np.array([[0.4], [1.0]])}


def test_group_variances_are_those_of_single_shots(circuit):
    found = group_variances(circuit, OBSERVABLES, ANGLES)
    cosines, sines = np.cos(ANGLES["x"][:, 0]), np.sin(ANGLES["x"][:, 0])
    expected = np.zeros((2, 2, 3))
    expected[:, 0, 0] = 0.2**2 * (1 - cosines**2)  # ZZ is 1 for certain
    expected[:, 0, 1] = 4 * (1 - sines**2)
    expected[:, 1, 2] = 1
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_shared_shots_err_less_than_equal_ones(circuit):
    observable, angles, total = OBSERVABLES[0], {"x": ANGLES["x"][0]}, 2000
    variances = group_variances(circuit, observable, angles)[0, 0]
    shares = share_shots(variances, total)
    equal = np.full(2, total // 2)
    assert np.sum(variances / shares) < 0.65 * np.sum(variances / equal)
    exact = Exact().expectation(circuit, observable, angles).values.item()
    errors = [
        shared_expectation(Shots(), circuit, observable, angles, shares, seed=seed)[0] - exact
        for seed in range(60)
    ]
    assert np.std(errors) == pytest.approx(np.sqrt(np.sum(variances / shares)), rel=0.35)


def test_shares_are_optimal_among_all():
    variances, total = np.array([5.0, 1.0, 0.3]), 30
    splits = [(a, b, total - a - b) for a in range(1, total) for b in range(1, total - a)]
    best = min(np.sum(variances / each) for each in splits)
    found = share_shots(variances, total)
    assert found.sum() == total
    assert np.sum(variances / found) <= 1.01 * best


def test_shares_of_a_batch_serve_its_mean():
    np.testing.assert_array_equal(share_shots([[4.0, 0.0], [0.0, 4.0]], 10), [5, 5])
    np.testing.assert_array_equal(share_shots([0.0, 0.0], 4), [2, 2])
    with pytest.raises(ValueError, match="at least 2, one for each basis"):
        share_shots([1.0, 1.0], 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1], [0, 1], 1.0, 0.1), "must be \\(b,\\) each"),
        (([0.1], [0], -1.0, 0.1), "must be finite and not negative"),
        (([0.1], [0], 1.0, 0.0), "`error` must be positive"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plan_shots(accuracy, *arguments)
    with pytest.raises(ValueError, match="`draws` and `shots` must be positive"):
        metric_errors(accuracy, [0.1], [0], 1.0, 0)
