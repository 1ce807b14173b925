"""One step of zooming into the weights of weak classifiers."""

import pickle

import numpy as np
import pytest

from annealing import boosting, qubo_to_ising, qubo_to_matrix, zoomed_boosting

RNG = np.random.default_rng(0)
H, Y = RNG.uniform(-1, 1, (40, 6)), RNG.choice([-1, 1], 40)


def test_the_box_from_zero_to_one_is_boosting():
    step = zoomed_boosting(H, Y, bits=2)(0.5, 0.5)
    whole = boosting(H, Y, bits=2)
    np.testing.assert_allclose(qubo_to_matrix(step.qubo), qubo_to_matrix(whole.qubo), atol=1e-13)
    assert step.qubo.offset == pytest.approx(whole.qubo.offset)


def test_ising_form_is_the_published_one():
    # In spins, times N / 2 and with scale 1: fields sigma (C mu - c), couplings sigma^2 C, where
    # C_ij = h_i.h_j, c_i = h_i.y and C is the whole matrix.
    mu, sigma = RNG.uniform(-1, 1, 6), 0.125
    fields, couplings, _ = qubo_to_ising(zoomed_boosting(H, Y, scale=1.0)(mu, sigma).qubo)
    np.testing.assert_allclose(fields * 20, sigma * (H.T @ H @ mu - H.T @ Y), atol=1e-12)
    expected = sigma**2 * np.triu(H.T @ H, 1)
    np.testing.assert_allclose(couplings * 20, expected, atol=1e-12)


def test_a_maker_of_problems_and_its_problems_can_be_pickled():
    make_problem = pickle.loads(pickle.dumps(zoomed_boosting(H, Y, ridge=0.1)))
    problem = pickle.loads(pickle.dumps(make_problem(np.zeros(6), 1.0)))
    bits = RNG.integers(0, 2, (9, 6))
    np.testing.assert_allclose(problem.qubo.energy(bits), problem.loss(problem.decode(bits)))
    assert problem.loss(problem.relaxed()) <= problem.qubo.energy(bits).min()


def test_event_weights_and_bad_boxes():
    doubled = zoomed_boosting(H, Y, weights=np.r_[2.0, np.ones(39)])(0.0, 1.0)
    repeated = zoomed_boosting(np.r_[H[:1], H], np.r_[Y[:1], Y])(0.0, 1.0)
    np.testing.assert_allclose(doubled.qubo.linear, repeated.qubo.linear, atol=1e-14)
    with pytest.raises(ValueError, match="must exceed"):
        zoomed_boosting(H, Y)(0.0, 0.0)
    with pytest.raises(ValueError, match="`centre` must be finite"):
        zoomed_boosting(H, Y)(np.nan, 1.0)
    with pytest.raises(ValueError, match="`ridge` must be finite"):
        zoomed_boosting(H, Y, ridge=np.nan)
