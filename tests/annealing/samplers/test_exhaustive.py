import numpy as np
import pytest

from annealing import Exhaustive, as_coo, qubo_from_ising, qubo_from_matrix
from annealing.samplers import exhaustive
from annealing.samplers.exhaustive import bit_strings


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10])
@pytest.mark.parametrize("block", [2**22, 64, 1])
def test_lowest_states_are_those_of_the_full_list(all_bits, monkeypatch, n, block):
    monkeypatch.setattr(exhaustive, "BLOCK", block)
    qubo = qubo_from_matrix(np.random.default_rng(n).normal(size=(n, n)), 3.0)
    energies = qubo.energy(all_bits(n))
    for problem in (qubo, as_coo(qubo)):
        samples = Exhaustive().sample(problem, reads=5, seed=0)
        expected = np.argsort(energies)[:5]
        np.testing.assert_array_equal(samples.bits, all_bits(n)[expected])
        np.testing.assert_allclose(samples.energies, energies[expected], rtol=1e-12)
        assert samples.info["ground_states"] == 1


def test_agrees_with_dimods_exact_solver():
    import dimod

    from annealing import to_bqm

    qubo = qubo_from_matrix(np.random.default_rng(0).normal(size=(9, 9)))
    theirs = dimod.ExactSolver().sample(to_bqm(qubo))
    ours = Exhaustive().sample(qubo, reads=2**9, seed=0)
    np.testing.assert_allclose(ours.energies, np.sort(theirs.record.energy), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("block", [2**22, 32])
@pytest.mark.parametrize("seed", range(3))
def test_ground_states_are_counted_within_rounding(all_bits, monkeypatch, block, seed):
    monkeypatch.setattr(exhaustive, "BLOCK", block)
    rng = np.random.default_rng(seed)
    J = np.triu(rng.choice([-0.1, 0.1], size=(10, 10)), 1)  # tenths are not exact in binary
    qubo = qubo_from_ising(np.zeros(10), J)
    energies = np.round(10 * qubo.energy(all_bits(10)))
    found = Exhaustive().sample(qubo, reads=1, seed=0).info["ground_states"]
    assert found == (energies == energies.min()).sum()
    assert found % 2 == 0  # without fields, turning all spins changes nothing


def test_a_problem_of_equal_energies_has_only_ground_states():
    samples = Exhaustive().sample(qubo_from_matrix(np.zeros((12, 12)), 1.0), reads=3, seed=0)
    assert samples.info["ground_states"] == 2**12
    assert samples.energies.tolist() == [1.0] * 3
    assert len(np.unique(samples.bits, axis=0)) == 3


def test_more_reads_than_states_give_every_state_once():
    samples = Exhaustive().sample(qubo_from_matrix([[1.0]]), reads=10, seed=0)
    assert samples.bits.tolist() == [[0], [1]]
    assert samples.occurrences.tolist() == [1, 1]
    assert samples.info["effective"]["reads"] == 2


def test_twenty_variables_in_many_blocks(monkeypatch):
    # A planted ground state: E = |x - target|^2 counts wrong bits, so levels are binomials.
    monkeypatch.setattr(exhaustive, "BLOCK", 2**14)
    target = np.random.default_rng(0).integers(0, 2, 20)
    qubo = qubo_from_matrix(np.diag(1.0 - 2 * target), float(target.sum()))
    samples = Exhaustive().sample(qubo, reads=1 + 20 + 190, seed=0)
    np.testing.assert_array_equal(samples.bits[0], target)
    assert np.bincount(samples.energies.round().astype(int)).tolist() == [1, 20, 190]


def test_too_many_variables_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"at most max_variables=26 .* 27; use SimulatedAnnealing"):
        Exhaustive().sample(qubo_from_matrix(np.zeros((27, 27))), reads=1, seed=0)
    with pytest.raises(ValueError, match="max_variables=2"):
        Exhaustive(max_variables=2).sample(qubo_from_matrix(np.zeros((3, 3))), reads=1, seed=0)


def test_bit_strings_read_from_the_left(all_bits):
    np.testing.assert_array_equal(bit_strings(np.arange(16), 4), all_bits(4))
    assert bit_strings([0], 0).shape == (1, 0)
