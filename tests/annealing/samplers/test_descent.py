import numpy as np
import pytest

from annealing import ChromaticAnnealing, SteepestDescent, qubo_from_terms, steepest_descent
from annealing.qubo import as_coo, as_dense


def turned_once(bits):
    """All strings (r, n, n) that differ from `bits` (r, n) in one place."""
    return bits[:, None] ^ np.eye(bits.shape[1], dtype=np.uint8)


def by_definition(qubo, bits):
    """The minimum below one bit string, by recomputing all energies at each step."""
    while True:
        energies = qubo.energy(turned_once(bits[None])[0])
        if energies.min() >= qubo.energy(bits) - 1e-9:
            return bits
        bits = turned_once(bits[None])[0][energies.argmin()]


@pytest.mark.parametrize("form", [as_coo, as_dense])
def test_every_path_is_the_steepest(spin_glass, form):
    qubo = form(spin_glass(12))
    starts = np.random.default_rng(0).integers(0, 2, (30, 12)).astype(np.uint8)
    expected = [by_definition(qubo, bits) for bits in starts]
    np.testing.assert_array_equal(steepest_descent(qubo, starts), expected)


def test_sparse_problems_descend_to_local_minima():
    rng = np.random.default_rng(1)
    terms = {(i, int(j)): rng.normal() for i in range(100) for j in rng.integers(0, 100, 2)}
    qubo = qubo_from_terms(terms)
    samples = SteepestDescent().sample(qubo, reads=20, seed=0)
    assert (qubo.energy(turned_once(samples.bits)) >= samples.energies[:, None] - 1e-6).all()


def test_polish_only_lowers(spin_glass):
    qubo = spin_glass(30)
    options = {"sweeps": 20, "beta_range": (0.05, 0.3)}
    raw = ChromaticAnnealing(**options, polish=False).sample(qubo, reads=50, seed=0)
    polished = ChromaticAnnealing(**options).sample(qubo, reads=50, seed=0)
    np.testing.assert_array_equal(
        np.unique(steepest_descent(qubo, raw.bits), axis=0), np.unique(polished.bits, axis=0)
    )
    mean = [np.average(s.energies, weights=s.occurrences) for s in (raw, polished)]
    assert mean[1] < mean[0]


def test_no_couplings_and_no_variables():
    qubo = qubo_from_terms({(0,): -1.0, (1,): 2.0}, n=3)
    assert steepest_descent(qubo, [[0, 1, 1], [1, 1, 0]]).tolist() == [[1, 0, 1], [1, 0, 0]]
    assert steepest_descent(qubo_from_terms({}), np.zeros((2, 0))).shape == (2, 0)
