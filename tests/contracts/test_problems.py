"""The law of every formulation, for every bit string: its energy is its loss plus its penalty."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annealing import (
    Exhaustive,
    Problem,
    binary,
    fixed_point,
    problems,
    quadratic_problem,
    spin,
    twos_complement,
)

RNG = np.random.default_rng(0)
OUTPUTS, LABELS = RNG.uniform(-1, 1, (30, 4)), RNG.choice([-1, 1], 30)
X, Y = RNG.normal(size=(30, 4)), RNG.normal(size=30)

EXAMPLES = {
    "boosting": [
        lambda: problems.boosting(np.repeat(OUTPUTS, 3, axis=1), LABELS),
        lambda: problems.boosting(OUTPUTS, LABELS, scale=4, penalty=0.3, bits=3),
        lambda: problems.boosting(OUTPUTS, LABELS, scale=1, weights=RNG.exponential(size=30)),
        lambda: problems.boosting(np.sign(OUTPUTS[:1]), LABELS[:1], penalty=-0.1, bits=2),
    ],
    "least_squares": [
        lambda: problems.least_squares(X, Y, twos_complement(4, 3, scale=2.0)),
        lambda: problems.least_squares(X, Y, fixed_point(4, 2, [-1, 0, 1, 2], 3.0), ridge=0.7),
        lambda: problems.least_squares(X, Y, spin(4)),
        lambda: problems.least_squares(X[:1, :1], Y[:1], binary(1), ridge=1.0),
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


numbers = st.floats(-10, 10, allow_subnormal=False)
encodings = st.one_of(
    st.builds(binary, st.integers(1, 6)),
    st.builds(spin, st.integers(1, 6)),
    st.builds(fixed_point, st.integers(1, 3), st.integers(1, 3), st.just(-1.5), st.floats(-1, 5)),
    st.builds(twos_complement, st.integers(1, 3), st.integers(2, 3), st.floats(0.1, 10)),
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
