"""The law of every formulation, for every bit string: its energy is its loss plus its penalty."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annealing import (
    Exhaustive,
    Problem,
    binary,
    broken,
    constrained,
    correlations,
    domain_wall,
    fixed_point,
    geometric,
    mutual_informations,
    one_hot,
    problems,
    quadratic_problem,
    spin,
    squared_distances,
    twos_complement,
)

RNG = np.random.default_rng(0)
OUTPUTS, LABELS = RNG.uniform(-1, 1, (30, 4)), RNG.choice([-1, 1], 30)
X, Y = RNG.normal(size=(30, 4)), RNG.normal(size=30)
INPUTS, CHANNEL = RNG.uniform(-1, 1, (30, 2, 3)), RNG.normal(size=(4, 3)) + 1j * X[:4, :3]
CATEGORIES, CLASSES = RNG.integers(0, 5, 30), np.arange(30) % 3


def chosen_levels(make) -> Problem:
    encoding, constraint = make(2, [[-1.0, 0.2, 0.5, 3.0], [-2.0, 0.0, 1.0, 0.0]])
    return constrained(problems.least_squares(X[:, :2], Y, encoding), constraint)


EXAMPLES = {
    "boosting": [
        lambda: problems.boosting(np.repeat(OUTPUTS, 3, axis=1), LABELS),
        lambda: problems.boosting(OUTPUTS, LABELS, scale=4, penalty=0.3, bits=3),
        lambda: problems.boosting(OUTPUTS, LABELS, scale=1, weights=RNG.exponential(size=30)),
        lambda: problems.boosting(OUTPUTS, LABELS, weights=np.r_[-0.5, np.ones(29)]),
        lambda: problems.boosting(np.sign(OUTPUTS[:1]), LABELS[:1], penalty=-0.1, bits=2),
    ],
    "zoomed_boosting": [
        lambda: problems.zoomed_boosting(OUTPUTS, LABELS)(np.linspace(-1, 1, 4), 0.25),
        lambda: problems.zoomed_boosting(OUTPUTS, LABELS, scale=2, ridge=0.1, bits=3)(0.5, 0.5),
    ],
    "svm_dual": [
        lambda: problems.svm_dual(X[:9] @ X[:9].T, LABELS[:9], bits=1, C=0.3),
        lambda: problems.svm_dual(X[:5] @ X[:5].T, LABELS[:5], bits=2, base=3.0, xi=0.4),
        lambda: problems.svm_dual([[0.5]], [-1], bits=3, xi=0.0),
    ],
    "squared_hinge": [
        lambda: problems.squared_hinge(X[:2], LABELS[:2], bits=2, ridge=0.2),
        lambda: problems.squared_hinge(X[:6, :1], LABELS[:6], bits=1, largest=2.0, surplus=0.7),
    ],
    "least_squares": [
        lambda: problems.least_squares(X, Y, twos_complement(4, 3, scale=2.0)),
        lambda: problems.least_squares(X, Y, fixed_point(4, 2, [-1, 0, 1, 2], 3.0), ridge=0.7),
        lambda: problems.least_squares(X, Y, spin(4), ridge=[0.0, 1.0, 2.0, 3.0]),
        lambda: problems.least_squares(X[:1, :1], Y[:1], binary(1), ridge=1.0),
        lambda: problems.least_squares(X[:, :3], Y, geometric(3, 3, base=1.5, scale=0.2)),
        lambda: chosen_levels(one_hot),
        lambda: chosen_levels(domain_wall),
    ],
    "assignment_clustering": [
        lambda: problems.assignment_clustering(squared_distances(X[:5]), 2),
        lambda: problems.assignment_clustering(np.sqrt(squared_distances(X[:4])), 3, weight=0.5),
        lambda: problems.assignment_clustering(np.zeros((3, 3)), 1),
    ],
    "balanced_k_means": [
        lambda: problems.balanced_k_means(X[:6], 2),
        lambda: problems.balanced_k_means(X[:5, :1] + 100.0, 2, weight=1.5),
        lambda: problems.balanced_k_means(np.ones((3, 1)), 3),
    ],
    "two_means": [lambda: problems.two_means(X[:9]), lambda: problems.two_means(X[:2, :1])],
    "feature_selection": [
        lambda: problems.feature_selection(*correlations(OUTPUTS, LABELS), alpha=0.8),
        lambda: problems.feature_selection(*mutual_informations(X, LABELS, bins=4), count=3),
        lambda: problems.feature_selection([0.0], [[1.0]], alpha=0.0, count=1),
    ],
    "binary_network": [
        lambda: problems.binary_network(INPUTS[:, :1], LABELS),
        lambda: problems.binary_network(INPUTS, LABELS),
        lambda: problems.binary_network(np.sign(INPUTS[:1]), LABELS[:1], scale=2.0),
    ],
    "classification_head": [
        lambda: problems.classification_head(X[:, :2], CLASSES)(RNG.normal(size=(3, 3)), 1, 0.5),
        lambda: problems.classification_head(X, CLASSES, bits=2, ridge=0.3)(np.zeros((4, 5)), 3, 2),
    ],
    "tree_split": [
        lambda: problems.tree_split(CATEGORIES, Y),
        lambda: problems.tree_split(CATEGORIES, np.eye(3)[CLASSES], ratio=0.2),
        lambda: problems.tree_split([1], [2.0], ratio=1.0),
    ],
    "binary_factorization": [
        lambda: problems.binary_factorization(X[:6], Y[:6]),
        lambda: problems.binary_factorization(X[:1], Y[:1]),
    ],
    "mimo": [
        lambda: problems.mimo(CHANNEL, 1j * CHANNEL[:, 0]),
        lambda: problems.mimo(CHANNEL, CHANNEL[:, 1], "QPSK"),
        lambda: problems.mimo(CHANNEL[:1, :2], CHANNEL[:1, 0], "16QAM"),
        lambda: problems.mimo(CHANNEL[:, :1], CHANNEL[:, 2], "64QAM"),
    ],
    "tracking": [
        lambda: problems.tracking(Y[:6], [[1, 0], [0, 1], [5, 2]], [-1.0, 0.5, 3.0]),
        lambda: problems.tracking(Y[:2], [], []),
    ],
    "thrust": [
        lambda: problems.thrust(X[:7, :3]),
        lambda: problems.thrust([[0.0, 0.0], [0.0, -2.0]]),
    ],
}
CASES = [
    pytest.param(make, id=f"{name}-{i}")
    for name in EXAMPLES
    for i, make in enumerate(EXAMPLES[name])
]


def check_law(problem: Problem):
    n = problem.qubo.n_variables
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    losses = problem.loss(problem.decode(bits))
    if problem.penalty is not None:
        losses = losses + problem.penalty(bits)
    scale = 1 + np.abs(problem.qubo.linear).sum() + np.abs(problem.qubo.quadratic).sum()
    np.testing.assert_allclose(problem.qubo.energy(bits), losses, rtol=1e-12, atol=1e-13 * scale)
    return bits, losses


def test_every_formulation_is_here():
    assert set(EXAMPLES) == set(problems.__all__)


@pytest.mark.parametrize("make", CASES)
def test_law_and_ground_state(make):
    problem = make()
    bits, losses = check_law(problem)
    best = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    assert best.energies[0] == pytest.approx(losses.min(), abs=1e-12)
    ground = best.bits[0]
    paid = 0.0 if problem.penalty is None else problem.penalty(ground)
    assert problem.loss(problem.decode(ground)) + paid == pytest.approx(losses.min(), abs=1e-12)
    theta = problem.decode(bits[0])
    assert theta.shape == (problem.details["parameters"],)
    assert np.ndim(problem.loss(theta)) == 0
    assert problem.details["variables"] == problem.qubo.n_variables
    assert json.loads(json.dumps(problem.details)) == problem.details
    assert problem.name in problems.__all__


@pytest.mark.parametrize("make", CASES)
def test_a_problem_survives_pickling(make):
    problem = make()
    again = pickle.loads(pickle.dumps(problem))
    bits = np.random.default_rng(0).integers(0, 2, (5, problem.qubo.n_variables))
    np.testing.assert_array_equal(again.qubo.energy(bits), problem.qubo.energy(bits))
    theta = problem.decode(bits)
    np.testing.assert_array_equal(again.decode(bits), theta)
    np.testing.assert_array_equal(again.loss(theta), problem.loss(theta))
    np.testing.assert_array_equal(broken(again, bits), broken(problem, bits))


numbers = st.floats(-10, 10, allow_subnormal=False)
encodings = st.one_of(
    st.builds(binary, st.integers(1, 6)),
    st.builds(spin, st.integers(1, 6)),
    st.builds(fixed_point, st.integers(1, 3), st.integers(1, 3), st.just(-1.5), st.floats(-1, 5)),
    st.builds(twos_complement, st.integers(1, 3), st.integers(2, 3), st.floats(0.1, 10)),
    st.builds(geometric, st.integers(1, 3), st.integers(1, 3), st.floats(0.5, 4)),
)


@given(st.data())
def test_law_of_any_quadratic_loss(data):
    encoding = data.draw(encodings)
    p = encoding.n_parameters
    A, b = (
        data.draw(arrays(float, (p, p), elements=numbers)),
        data.draw(arrays(float, p, elements=numbers)),
    )
    check_law(quadratic_problem(A, b, data.draw(numbers), encoding))


@given(st.data())
def test_law_of_boosting_on_any_data(data):
    N, m = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    outputs = data.draw(arrays(float, (N, m), elements=st.floats(-1, 1, allow_subnormal=False)))
    labels = data.draw(arrays(float, N, elements=st.sampled_from([-1.0, 1.0])))
    weights = data.draw(arrays(float, N, elements=st.floats(0.1, 10)))
    options = {
        "penalty": data.draw(st.floats(-1, 1)),
        "scale": data.draw(st.none() | st.floats(0.5, 10)),
        "bits": data.draw(st.integers(1, 2)),
    }
    check_law(problems.boosting(outputs, labels, weights=weights, **options))


@given(st.data())
def test_law_of_least_squares_on_any_data(data):
    encoding = data.draw(encodings)
    N = data.draw(st.integers(1, 5))
    design = data.draw(arrays(float, (N, encoding.n_parameters), elements=numbers))
    targets = data.draw(arrays(float, N, elements=numbers))
    check_law(problems.least_squares(design, targets, encoding, ridge=data.draw(st.floats(0, 2))))
