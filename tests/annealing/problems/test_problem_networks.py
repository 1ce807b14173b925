"""Binary networks and classification heads as QUBOs, against all weights and exact bounds."""

import itertools

import numpy as np
import pytest

from annealing import (
    Exhaustive,
    binary_network,
    broken,
    classification_head,
    cross_entropy,
    majorities,
)
from annealing.problems.binary_network import binary_network_variables
from annealing.problems.classification_head import classification_head_variables

RNG = np.random.default_rng(0)
CORNERS = np.array(list(itertools.product((-1, 1), repeat=3)))


def test_units_are_majorities_at_the_corners():
    inputs = CORNERS[:, None, :]
    np.testing.assert_array_equal(
        majorities(inputs, CORNERS[:, None, :])[..., 0],
        np.sign((CORNERS[:, None] * CORNERS).sum(axis=-1)),
    )


def test_inputs_between_give_the_mean_majority_of_rounded_ones():
    x = RNG.uniform(-1, 1, 3)
    chances = np.prod((1 + CORNERS * x) / 2, axis=1)
    expected = chances @ np.sign(CORNERS.sum(axis=1))
    assert majorities(x[None, None], np.ones((1, 3)))[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize("binary", [True, False])
def test_the_ground_state_has_the_best_of_all_weights(binary):
    inputs = RNG.uniform(-1, 1, (20, 2, 3))
    inputs = np.sign(inputs) if binary else inputs
    labels = RNG.choice([-1, 1], 20)
    problem = binary_network(inputs, labels)
    every = np.array(list(itertools.product((-1, 1), repeat=6)))
    units = np.sign((every.reshape(-1, 1, 2, 3) * inputs).sum(-1)) if binary else None
    losses = problem.loss(every)
    if binary:
        expected = ((units.sum(-1) / np.sqrt(2) - labels) ** 2).mean(-1)
        np.testing.assert_allclose(losses, expected)
    best = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    assert best.energies[0] == pytest.approx(losses.min())
    assert problem.loss(problem.decode(best.bits[0])) == pytest.approx(losses.min())


@pytest.mark.parametrize("units", [1, 2, 5])
def test_seven_variables_a_unit_for_any_number_of_events(units):
    sizes = {
        binary_network(RNG.uniform(-1, 1, (N, units, 3)), RNG.choice([-1, 1], N)).qubo.n_variables
        for N in (1, 3, 50)
    }
    assert sizes == {binary_network_variables(units)} == {7 * units}


def test_a_planted_network_is_found_and_its_products_are_right():
    secret = RNG.choice([-1, 1], (2, 3))
    inputs = RNG.choice([-1, 1], (60, 1, 3)) * np.ones((1, 2, 1))
    inputs[:, 1] = RNG.choice([-1, 1], (60, 3))
    answers = majorities(inputs, secret).sum(axis=-1)
    kept = answers != 0
    problem = binary_network(inputs[kept], np.sign(answers[kept]), scale=2.0)
    best = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    assert best.energies[0] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_array_equal(problem.decode(best.bits[0]), secret.ravel())
    bits = problem.nearest(secret.ravel())
    np.testing.assert_array_equal(bits, best.bits[0])
    assert not broken(problem, bits)
    wrong = np.r_[bits[:6], 1 - bits[6:]]
    assert broken(problem, wrong)
    assert problem.qubo.energy(wrong) > problem.loss(problem.decode(wrong))


def four_classes():
    X, labels = RNG.normal(size=(40, 3)), np.arange(40) % 4
    X[:, 0] += labels
    return X, labels


@pytest.mark.parametrize("width", [0.1, 1.0, 5.0])
def test_the_surrogates_of_all_classes_bound_the_cross_entropy(width):
    X, labels = four_classes()
    make_problem = classification_head(X, labels)
    for _ in range(20):
        now = RNG.normal(size=(4, 4))
        then = now + width * RNG.normal(size=(4, 4))
        gains = [make_problem(now, c, width).loss(then[c]) for c in range(4)]
        assert cross_entropy(X, labels, then) <= cross_entropy(X, labels, now) + sum(gains) + 1e-12


def test_a_surrogate_has_the_slope_of_the_cross_entropy():
    X, labels = four_classes()
    now, step = RNG.normal(size=(4, 4)), 1e-6 * np.eye(4)
    problem = classification_head(X, labels)(now, 2, 1.0)
    for change in step:
        moved = [now + sign * np.outer(np.arange(4) == 2, change) for sign in (1, -1)]
        slope = np.subtract(*[cross_entropy(X, labels, W) for W in moved])
        found = problem.loss(moved[0][2]) - problem.loss(moved[1][2])
        assert found == pytest.approx(slope, rel=1e-6)


def test_the_weights_of_now_cost_nothing_and_can_be_written():
    X, labels = four_classes()
    now = RNG.normal(size=(4, 4))
    problem = classification_head(X, labels, bits=3, ridge=0.4)(now, 1, 0.7)
    assert problem.loss(now[1]) == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(problem.decode(problem.nearest(now[1])), now[1])
    assert problem.loss(problem.relaxed()) < 0
    assert problem.qubo.n_variables == classification_head_variables(3, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: binary_network(np.ones((2, 1, 4)), [1, 1]), r"\(N, units, 3\)"),
        (lambda: binary_network(np.ones((2, 1, 3)), [1]), r"\(N, units, 3\)"),
        (lambda: binary_network(np.full((1, 1, 3), 2.0), [1]), r"lie in \[-1, 1\]"),
        (lambda: binary_network(np.ones((1, 1, 3)), [0]), r"-1 and \+1 only"),
        (lambda: binary_network(np.ones((1, 1, 3)), [1], scale=0.0), "`scale` must be positive"),
        (lambda: classification_head(np.ones((2, 1)), [0]), r"\(N, d\) and \(N,\)"),
        (lambda: classification_head(np.ones((2, 1)), [0, -1]), "ints from 0 on"),
        (lambda: classification_head(np.ones((2, 1)), [0, 1], ridge=-1.0), "not be negative"),
        (
            lambda: classification_head(np.ones((2, 1)), [0, 2])(np.zeros((2, 2)), 0, 1.0),
            r"shape \(C, 2\) with C > 2",
        ),
        (
            lambda: classification_head(np.ones((2, 1)), [0, 1])(np.zeros((2, 2)), 2, 1.0),
            "`chosen` must be an int from 0 to 1",
        ),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
