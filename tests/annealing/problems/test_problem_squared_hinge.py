"""The squared hinge as a QUBO without a penalty: its surplus makes it exact."""

import numpy as np
import pytest
from scipy.optimize import minimize

from annealing import Exhaustive, squared_hinge
from annealing.problems.squared_hinge import squared_hinge_variables

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(4, 1)), np.array([1, -1, 1, -1])


def hinge(X, y, w, b, ridge):
    return (np.maximum(0, 1 - y * (X @ w + b)) ** 2).mean() + ridge * w @ w


def test_the_least_over_the_surplus_is_the_squared_hinge():
    problem = squared_hinge(X, Y, ridge=0.3)
    for w, b in RNG.normal(size=(20, 2)):
        margin = Y * (X[:, 0] * w + b)
        best = np.maximum(0, margin - 1)
        theta = np.r_[w, b, best]
        assert problem.loss(theta) == pytest.approx(hinge(X, Y, np.array([w]), b, 0.3))
        assert problem.loss(theta) <= problem.loss(np.r_[w, b, best + RNG.exponential(size=4)])


def test_without_bits_it_is_the_squared_hinge_machine():
    x = np.r_[RNG.normal(0.5, 1, (20, 3)), RNG.normal(-0.5, 1, (20, 3))]
    y = np.repeat([1, -1], 20)
    problem = squared_hinge(x, y, largest=3.0, surplus=20.0, ridge=0.1)
    relaxed = problem.relaxed()
    least = minimize(lambda t: hinge(x, y, t[:3], t[3], 0.1), np.zeros(4), tol=1e-12)
    assert problem.loss(relaxed) == pytest.approx(least.fun, abs=1e-6)
    np.testing.assert_allclose(relaxed[:4], least.x, atol=1e-3)


def test_the_ground_state_is_the_best_on_the_levels():
    problem = squared_hinge(X, Y, bits=2, largest=1.5, surplus=0.9, ridge=0.05)
    coefficient, slack = np.linspace(-1.5, 1.5, 4), np.linspace(0, 0.9, 4)
    losses = [
        0.05 * w**2 + (((1 + slack[:, None] - Y * (X[:, 0] * w + b)) ** 2).min(axis=0)).mean()
        for w in coefficient
        for b in coefficient
    ]
    found = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    assert found.energies[0] == pytest.approx(min(losses))
    assert problem.qubo.n_variables == squared_hinge_variables(4, 1, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 1]}, r"labels in \{0, 1\} become"),
        ({"labels": [1]}, "must have one N > 0"),
        ({"X": np.zeros((2, 0))}, "must have one N > 0"),
        ({"bits": 0}, "`bits` must be"),
        ({"largest": 0.0}, "`largest` must be positive"),
        ({"surplus": -1.0}, "`surplus` must be positive"),
        ({"ridge": np.inf}, "`ridge` must be finite"),
    ],
)
def test_bad_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        squared_hinge(**{"X": np.ones((2, 1)), "labels": [1, -1], **change})
