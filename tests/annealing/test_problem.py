import json

import numpy as np
import pytest

from annealing import fixed_point, quadratic_problem, spin


def test_an_unsymmetric_form_is_composed_with_shift_and_scale(all_bits):
    A, b, c = np.array([[1.0, 5.0], [-2.0, 3.0]]), np.array([0.5, -1.0]), 2.0
    problem = quadratic_problem(A, b, c, fixed_point(2, 3, -1.0, 4.0))
    bits = all_bits(6)
    theta = problem.decode(bits)
    expected = [t @ A @ t + b @ t + c for t in theta]
    np.testing.assert_allclose(problem.loss(theta), expected, rtol=1e-12)
    np.testing.assert_allclose(problem.qubo.energy(bits), expected, rtol=1e-12)


def test_details_are_json_able_and_count_variables():
    problem = quadratic_problem(np.eye(2), [0, 0], 0, spin(2), name="toy", details={"why": "test"})
    assert problem.name == "toy"
    expected = {"variables": 2, "parameters": 2, "why": "test"}
    assert json.loads(json.dumps(problem.details)) == expected


def test_another_way_to_write_the_loss_is_kept():
    problem = quadratic_problem([[0.0]], [1.0], 0.0, spin(1), loss=lambda theta: theta[..., 0])
    assert problem.loss(problem.decode([1])) == problem.qubo.energy([1]) == 1.0


@pytest.mark.parametrize(
    ("A", "b", "c", "message"),
    [
        (np.eye(3), np.zeros(2), 0.0, "to fit the encoding"),
        (np.eye(2), np.zeros(3), 0.0, "to fit the encoding"),
        (np.full((2, 2), np.nan), np.zeros(2), 0.0, "`A` must be finite"),
        (np.eye(2), np.zeros(2), np.inf, "`c` must be finite"),
    ],
)
def test_bad_forms_are_refused(A, b, c, message):
    with pytest.raises(ValueError, match=message):
        quadratic_problem(A, b, c, spin(2))
