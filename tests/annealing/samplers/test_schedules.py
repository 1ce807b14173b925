import numpy as np
import pytest

from annealing.qubo import Coo
from annealing.samplers.schedules import beta_range, betas

RING = Coo(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([2.0, -2.0, 2.0]))


def as_matrix(J, n):
    matrix = np.zeros((n, n))
    matrix[J.rows, J.cols] = J.values
    return matrix + matrix.T


def test_sparse_and_dense_couplings_give_one_range():
    h = np.array([0.0, 0.5, -1.0, 0.0])
    np.testing.assert_allclose(beta_range(h, RING), beta_range(h, as_matrix(RING, 4)))


def test_range_scales_with_the_inverse_of_the_energies():
    h = np.array([0.0, 0.5, -1.0, 0.0])
    scaled = beta_range(10 * h, RING._replace(values=10 * RING.values))
    np.testing.assert_allclose(scaled, np.divide(beta_range(h, RING), 10))


def test_rounding_sets_no_scale():
    h = np.array([1e-15, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(beta_range(h, RING), beta_range(np.zeros(4), RING))


def test_equal_energies_have_a_range():
    assert beta_range(np.zeros(3), np.zeros((3, 3))) == (0.1, 1.0)
    assert beta_range(np.zeros(0), np.zeros((0, 0))) == (0.1, 1.0)


def test_narrow_ranges_are_linear_and_wide_ones_geometric():
    assert np.allclose(np.diff(betas(0.1, 4.0, 9), 2), 0)
    assert np.allclose(np.diff(np.log(betas(0.1, 40.0, 9)), 2), 0)
    assert betas(0.1, 4.0, 1).tolist() == [4.0]


@pytest.mark.parametrize("ends", [(0.0, 1.0), (2.0, 1.0), (1.0, np.inf), (np.nan, 1.0)])
def test_impossible_ranges_are_refused(ends):
    with pytest.raises(ValueError, match="`beta_range` must be two positive numbers"):
        betas(ends[0], ends[1], 5)


def test_unknown_schedules_are_refused():
    with pytest.raises(ValueError, match="`schedule` must be auto"):
        betas(0.1, 1.0, 5, "cubic")  # pyright: ignore[reportArgumentType]
