"""The minimum in a box beside an exact solver, and by the conditions that a minimum keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from annealing.box_minimum import box_minimum


def checked_slopes(A, b, low, high):
    """The answer, whose slopes lead out of the box or nowhere."""
    x = box_minimum(A, b, low, high)
    slope = (A + A.T) @ x + b
    small = 1e-9 * max(1.0, np.abs(b).max())
    assert ((x >= low) & (x <= high)).all()
    assert (slope[x > low] <= small).all()
    assert (slope[x < high] >= -small).all()
    return x


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 30))
def test_least_squares_in_a_box(seed, p, N):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(N, p)) * rng.exponential(size=p), 3 * rng.normal(size=N)
    low, high = -rng.exponential(size=p), rng.exponential(size=p)
    x = checked_slopes(X.T @ X, -2 * X.T @ y, low, high)
    exact = lsq_linear(X, y, (low, high), method="bvls", tol=1e-14)
    assert ((X @ x - y) ** 2).sum() == pytest.approx(2 * exact.cost, rel=1e-8, abs=1e-8)


def test_many_coordinates_and_an_ill_conditioned_form():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 200)) * np.logspace(0, -2, 200)
    checked_slopes(X.T @ X, -2 * X.T @ rng.normal(size=300), np.full(200, -0.5), np.full(200, 0.5))


def test_a_form_that_is_not_convex_has_a_local_minimum():
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(40, 40)), rng.normal(size=40)
    x = checked_slopes(A, b, -np.ones(40), np.ones(40))
    assert x @ A @ x + b @ x < 0


def test_a_form_that_is_flat_goes_to_the_walls():
    x = box_minimum(np.zeros((3, 3)), np.array([1.0, 0.0, -1.0]), -np.ones(3), 2 * np.ones(3))
    assert x.tolist() == [-1.0, 0.5, 2.0]
