"""Boltzmann distributions of QUBOs, against the sum over all bit strings and closed forms."""

import numpy as np
import pytest
from scipy.special import logsumexp

from annealing import SimulatedAnnealing, qubo_from_ising, qubo_from_matrix, qubo_from_terms
from annealing.distributions import boltzmann_reads, log_partition, log_partitions, moments


@pytest.mark.parametrize("beta", [0.3, 1.0, -0.5])
def test_log_partition_is_the_log_of_the_sum(all_bits, spin_glass, beta):
    for qubo in (spin_glass(8)._replace(offset=2.5), qubo_from_matrix(np.eye(3))):
        energies = qubo.energy(all_bits(qubo.n_variables))
        assert log_partition(qubo, beta) == pytest.approx(logsumexp(-beta * energies), rel=1e-12)


def test_held_variables_are_not_summed_over(all_bits):
    rng = np.random.default_rng(0)
    qubo = qubo_from_matrix(rng.normal(size=(7, 7)), offset=1.0)
    held, bits = [4, 1], all_bits(2)
    every = all_bits(7)
    weights = np.exp(-0.7 * qubo.energy(every))
    expected = [np.log(weights[(every[:, held] == row).all(axis=1)].sum()) for row in bits]
    np.testing.assert_allclose(log_partitions(qubo, held, bits, 0.7), expected, rtol=1e-12)
    everything = log_partitions(qubo, range(7), every)
    np.testing.assert_allclose(everything, -qubo.energy(every), atol=1e-12)


def test_only_the_smaller_layer_is_tried():
    # 4 centres, each coupled to 300 bits: the centres' 16 states are enough, and blocks of them fit
    # in memory for many rows.
    rng = np.random.default_rng(1)
    n, centres = 304, np.arange(4)
    rows, cols = np.repeat(centres, 300), np.tile(np.arange(4, n), 4)
    matrix = np.zeros((n, n))
    matrix[rows, cols] = rng.normal(size=1200)
    qubo = qubo_from_matrix(matrix)
    states = (np.arange(16)[:, None] >> centres) & 1
    expected = logsumexp(np.logaddexp(0, -(states @ matrix[:4, 4:])).sum(axis=1))
    assert log_partition(qubo) == pytest.approx(expected, rel=1e-12)


def test_an_open_chain_has_correlations_of_powers():
    n, coupling = 12, -0.4
    qubo = qubo_from_ising(np.zeros(n), {(i, i + 1): coupling for i in range(n - 1)})
    means, pairs = moments(qubo)
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    np.testing.assert_allclose(means, 0, atol=1e-12)
    np.testing.assert_allclose(pairs, np.tanh(0.4) ** distance, atol=1e-12)
    assert log_partition(qubo) == pytest.approx(n * np.log(2) + (n - 1) * np.log(np.cosh(0.4)))


def test_moments_are_derivatives_of_the_log_partition():
    rng = np.random.default_rng(3)
    h, J = rng.normal(size=5), np.triu(rng.normal(size=(5, 5)), 1)
    means, pairs = moments(qubo_from_ising(h, J), 0.6)

    def slope(by_h, by_J):
        return -(
            log_partition(qubo_from_ising(h + by_h, J + by_J), 0.6)
            - log_partition(qubo_from_ising(h - by_h, J - by_J), 0.6)
        ) / (2 * 0.6e-4)

    unit = 1e-4 * np.eye(5)
    assert slope(unit[2], 0) == pytest.approx(means[2], abs=1e-7)
    assert slope(0, np.outer(unit[0], np.eye(5)[3])) == pytest.approx(pairs[0, 3], abs=1e-7)


def test_reads_follow_the_scale_and_say_their_temperature(spin_glass):
    qubo = spin_glass(10, seed=5)
    thermal = SimulatedAnnealing(sweeps=200, beta_range=(0.1, 0.5))
    exact = moments(qubo, 0.4)[1]
    drawn = boltzmann_reads(qubo, thermal, reads=4000, seed=1, scale=0.8)
    assert abs(drawn.beta - 0.4) < 4 * drawn.error
    spins = 2.0 * drawn.bits - 1
    # 45 pairs with standard errors of at most 1/sqrt(4000)
    assert np.abs(spins.T @ spins / 4000 - exact).max() < 4.5 / np.sqrt(4000)
    sparse = qubo_from_terms({(0,): 1.0, (0, 1): 1.0})
    colder = boltzmann_reads(sparse, thermal, reads=2000, seed=1, scale=4.0)
    assert abs(colder.beta - 2.0) < 4 * colder.error


def test_what_is_too_large_is_refused(spin_glass):
    with pytest.raises(ValueError, match="at most 20 variables to be tried, but leaves 21"):
        log_partition(spin_glass(22))
    with pytest.raises(ValueError, match="must have at most 20 variables, but has 21"):
        moments(qubo_from_matrix(np.zeros((21, 21))))
    with pytest.raises(ValueError, match=r"`bits` must have shape \(b, 1\)"):
        log_partitions(spin_glass(3), [0], [[0, 1]])
