import numpy as np
import pytest

from annealing import Exhaustive, fixed_point, least_squares, spin, twos_complement


def ground(problem):
    return problem.decode(Exhaustive().sample(problem.qubo, reads=1, seed=0).bits[0])


def test_finds_a_solution_that_is_a_level():
    rng = np.random.default_rng(0)
    X, theta = rng.normal(size=(30, 3)), np.array([-0.75, 0.5, 0.25])
    problem = least_squares(X, X @ theta, twos_complement(3, 3))
    np.testing.assert_array_equal(ground(problem), theta)
    assert problem.loss(theta) == pytest.approx(0.0, abs=1e-15)


def test_orthogonal_designs_round_the_ordinary_solution():
    # With orthogonal columns no coefficient feels another: each goes to its nearest level.
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.normal(size=(20, 4)))[0]
    exact = rng.uniform(-0.9, 0.9, 4)
    encoding = fixed_point(4, 3, -1.0, 1.0)
    levels = np.linspace(-1, 1, 8)
    nearest = levels[np.abs(levels - exact[:, None]).argmin(axis=1)]
    np.testing.assert_allclose(ground(least_squares(X, X @ exact, encoding)), nearest, atol=1e-12)


def test_ridge_pulls_to_zero():
    X, y = np.eye(2), np.array([1.0, -1.0])
    encoding = fixed_point(2, 3, -1.0, 0.75)
    np.testing.assert_array_equal(ground(least_squares(X, y, encoding)), [0.75, -1.0])
    np.testing.assert_array_equal(ground(least_squares(X, y, encoding, ridge=0.5)), [0.5, -0.5])
    np.testing.assert_array_equal(ground(least_squares(X, y, encoding, ridge=50.0)), [0.0, 0.0])


def test_a_price_of_each_coefficient():
    encoding = fixed_point(2, 3, -1.0, 0.75)
    X, y = np.eye(2), np.array([1.0, -1.0])
    np.testing.assert_array_equal(
        ground(least_squares(X, y, encoding, ridge=[50.0, 0.0])), [0.0, -1.0]
    )
    with pytest.raises(ValueError, match=r"`ridge` must be a number or have shape \(2,\)"):
        least_squares(X, y, encoding, ridge=[1.0])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((3, 1)), np.zeros(3), "to fit the encoding"),
        (np.zeros((3, 2)), np.zeros(4), "to fit the encoding"),
        (np.zeros((0, 2)), np.zeros(0), "to fit the encoding"),
        (np.full((3, 2), np.inf), np.zeros(3), "`X` must be finite"),
        (np.zeros((3, 2)), [0.0, np.nan, 0.0], "`y` must be finite"),
    ],
)
def test_bad_input_is_refused(X, y, message):
    with pytest.raises(ValueError, match=message):
        least_squares(X, y, spin(2))
