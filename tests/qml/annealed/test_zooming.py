"""The box that shrinks around its last answer, and the slip that QAML-Z code was published with."""

from functools import partial

import numpy as np
import pytest

from annealing import Exhaustive, fixed_point, least_squares, quadratic_problem, zoomed_boosting
from qml.annealed import zoom
from qml.offloading import anneal

RNG = np.random.default_rng(0)


def exact(problem):
    return anneal(problem, Exhaustive(), reads=1).params


def around(target, centre, width):
    return least_squares(
        np.eye(len(target)), target, fixed_point(len(target), 1, centre - width, centre + width)
    )


def test_one_bit_a_round_finds_any_point_of_separate_parameters():
    target = RNG.uniform(-2, 2, 5)
    found = zoom(partial(around, target), exact, np.zeros(5), 1.0, rounds=12)
    np.testing.assert_allclose(found.params, target, atol=2.0**-11)
    np.testing.assert_allclose(found.widths[:, 0], 0.5 ** np.arange(12))
    assert found.answers.shape == (12, 5)
    np.testing.assert_array_equal(found.losses[-1], found.losses.min())


def test_the_best_answer_of_all_rounds_is_kept():
    # The first round meets the target; every later one of two levels must step off it.
    found = zoom(partial(around, np.ones(2)), exact, np.zeros(2), 1.0, rounds=4)
    assert found.losses[0] == 0.0 < found.losses[1]
    np.testing.assert_array_equal(found.params, [1.0, 1.0])


def test_each_parameter_has_its_own_box():
    found = zoom(partial(around, np.array([9.0, 0.1])), exact, np.zeros(2), [8.0, 0.5], rounds=10)
    np.testing.assert_allclose(found.params, [9.0, 0.1], atol=8 * 2.0**-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"centre": 0.0}, r"`centre` must have shape \(p,\)"),
        ({"width": 0.0}, "`width` must be positive"),
        ({"rounds": 0}, "`rounds` must be a positive int"),
        ({"shrink": 1.0}, "`shrink` must lie between 0 and 1"),
    ],
)
def test_bad_input_is_refused(change, message):
    given = {"centre": np.zeros(2), "width": 1.0, **change}
    with pytest.raises(ValueError, match=message):
        zoom(partial(around, np.ones(2)), exact, **given)


def ensembles(seed):
    """Answers of 10 alike weak classifiers, as of one variable cut at many places, and labels."""
    rng = np.random.default_rng(seed)
    y = rng.choice([-1, 1], 200)
    x = y + rng.normal(scale=1.5, size=(10, 200)) * 0.5 + rng.normal(scale=1.5, size=200)
    return np.clip(x.T, -1, 1), y


def test_a_lost_triangle_ends_with_a_greater_loss():
    # Public QAML-Z code multiplies the centres by the upper triangle of the Gram matrix alone.
    for seed in range(5):
        H, y = ensembles(seed)
        make_problem = zoomed_boosting(H, y)

        def slipped(centre, width, make_problem=make_problem, H=H, y=y):
            right = make_problem(centre, width)
            scale = right.details["scale"]
            A, b = H.T @ H / len(y) / scale**2, -2 * H.T @ y / len(y) / scale
            lost = 2 * np.tril(A, -1) @ centre  # of the slope 2 A centre + b
            step = width * np.ones(len(b))
            wrong = quadratic_problem(A, b, 1.0, fixed_point(10, 1, centre - step, centre + step))
            np.testing.assert_allclose(wrong.qubo.linear, right.qubo.linear, atol=1e-12)
            return right._replace(
                qubo=right.qubo._replace(linear=right.qubo.linear - 2 * step * lost)
            )

        ends = [
            zoom(make, exact, np.zeros(10), 1.0, rounds=8).losses[-1]
            for make in (make_problem, slipped)
        ]
        assert ends[1] > 1.01 * ends[0]
        assert ends[0] < make_problem(0.0, 1.0).loss(np.zeros(10))


def test_zooming_comes_near_the_linear_system():
    H, y = ensembles(0)
    make_problem = zoomed_boosting(H, y, ridge=0.01)
    found = zoom(make_problem, exact, np.zeros(10), 1.0, rounds=10)
    scale = np.sqrt(10)
    least = np.linalg.solve(
        H.T @ H / scale**2 / len(y) + 0.01 * np.eye(10), H.T @ y / scale / len(y)
    )
    # Near, not at: like classifiers share a weight, and no round takes back what is out of reach.
    gap = found.losses.min() - make_problem(0.0, 1.0).loss(least)
    assert 0 < gap < 0.02 * (1 - found.losses.min())
    assert (np.diff(found.losses) < 0).all()
