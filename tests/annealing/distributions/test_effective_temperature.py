"""Temperatures estimated from samples, against samples of known temperature."""

import numpy as np
import pytest

from annealing import qubo_from_ising, qubo_from_matrix, qubo_from_terms
from annealing.distributions import effective_beta
from annealing.distributions.temperature import flip_costs
from annealing.qubo import as_coo


def boltzmann(qubo, bits, beta, reads, seed):
    """Exact samples: how often each of the bit strings `bits` is read."""
    energies = qubo.energy(bits)
    weights = np.exp(-beta * (energies - energies.min()))
    return np.random.default_rng(seed).multinomial(reads, weights / weights.sum())


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.5, -0.4])
def test_finds_the_temperature_of_exact_samples(all_bits, spin_glass, beta):
    qubo, bits = spin_glass(8), all_bits(8)
    found, error = effective_beta(qubo, bits, boltzmann(qubo, bits, beta, 4000, 1))
    assert abs(found - beta) < 4 * error
    assert 0 < error < 0.1


def test_the_error_is_the_scatter_of_the_estimates(all_bits, spin_glass):
    # 300 repetitions: the standard deviation of (estimate - truth) / error is 1 within 4 %, its
    # mean 0 within 6 %; five of those widths are allowed, and a bias of a few percent.
    qubo, bits = spin_glass(6, seed=2), all_bits(6)
    pulls = []
    for seed in range(300):
        found, error = effective_beta(qubo, bits, boltzmann(qubo, bits, 0.6, 500, seed))
        pulls.append((found - 0.6) / error)
    assert np.std(pulls) == pytest.approx(1, abs=0.2)
    assert np.mean(pulls) == pytest.approx(0, abs=0.3)


def test_one_bit_has_a_closed_form():
    found, error = effective_beta(qubo_from_matrix([[2.0]]), [[0], [1]], [90, 10])
    assert found == pytest.approx(np.log(9) / 2)
    assert error == pytest.approx(1 / np.sqrt(100 * 0.9 * 0.1) / 2)


def test_ocean_finds_the_same(all_bits, spin_glass):
    from dwave.system.temperatures import maximum_pseudolikelihood_temperature

    from annealing import to_bqm

    qubo, bits = spin_glass(7, seed=3), all_bits(7)
    counts = boltzmann(qubo, bits, 0.8, 1000, 4)
    reads = np.repeat(bits, counts, axis=0)
    bqm = to_bqm(qubo, "SPIN")
    vendor, _ = maximum_pseudolikelihood_temperature(
        bqm, (2 * reads.astype(np.int8) - 1, list(range(7)))
    )
    assert effective_beta(qubo, bits, counts)[0] == pytest.approx(1 / vendor, rel=1e-5)


def test_occurrences_are_repeated_rows_and_units_do_not_matter(all_bits, spin_glass):
    qubo, bits = spin_glass(5), all_bits(5)
    counts = boltzmann(qubo, bits, 0.5, 300, 0)
    beta, error = effective_beta(qubo, bits, counts)
    assert effective_beta(qubo, np.repeat(bits, counts, axis=0)) == pytest.approx((beta, error))
    h, J = np.zeros(5), 1e9 * as_coo(qubo).quadratic.values / 4
    large = qubo_from_ising(h, as_coo(qubo).quadratic._replace(values=J))
    assert effective_beta(large, bits, counts) == pytest.approx((beta / 1e9, error / 1e9))


def test_sparse_and_dense_flips_cost_the_same(all_bits):
    qubo = qubo_from_terms({(0,): 1.0, (0, 2): -2.0, (1, 2): 0.5}, n=4)
    bits = all_bits(4)
    flipped = np.array([qubo.energy(bits ^ np.eye(4, dtype=np.uint8)[i]) for i in range(4)]).T
    np.testing.assert_allclose(flip_costs(qubo, bits), flipped - qubo.energy(bits)[:, None])


def test_reads_without_excitation_are_infinitely_cold():
    qubo = qubo_from_matrix([[-1.0, 0.0], [0.0, -1.0]])
    assert effective_beta(qubo, [[1, 1]]) == (np.inf, np.inf)
    assert effective_beta(qubo, [[0, 0]]) == (-np.inf, np.inf)
    # A read that was never drawn says nothing.
    assert effective_beta(qubo, [[1, 1], [0, 0]], [5, 0]) == (np.inf, np.inf)


@pytest.mark.parametrize(
    ("bits", "occurrences", "message"),
    [
        ([[0, 1, 1]], None, r"`bits` must have shape \(..., 2\)"),
        ([[0, 2]], None, "`bits` must hold 0 and 1 only"),
        ([0, 1], None, "`bits` must have 2 axes"),
        ([[0, 1]], [1, 1], "`occurrences` must be one count"),
        ([[0, 1]], [-1], "`occurrences` must be one count"),
        (np.zeros((0, 2), int), None, "any beta would do"),
    ],
)
def test_bad_samples_are_refused(bits, occurrences, message):
    with pytest.raises(ValueError, match=message):
        effective_beta(qubo_from_matrix(np.eye(2)), bits, occurrences)


def test_free_bits_have_no_temperature():
    with pytest.raises(ValueError, match="every flip costs nothing"):
        effective_beta(qubo_from_matrix(np.zeros((2, 2))), [[0, 1], [1, 1]])
