import json

import dimod
import numpy as np
import pytest

from annealing import (
    Exhaustive,
    FromDimod,
    SimulatedAnnealing,
    as_coo,
    from_bqm,
    qubo_from_ising,
    qubo_from_matrix,
    qubo_from_terms,
    qubo_to_ising,
    qubo_to_matrix,
    to_bqm,
)
from annealing.on_dimod import default_beta_range


@pytest.fixture
def qubo():
    return qubo_from_matrix(np.random.default_rng(0).normal(size=(6, 6)), offset=0.5)


@pytest.mark.parametrize("vartype", ["BINARY", "SPIN"])
def test_bqm_has_the_same_energies(qubo, all_bits, vartype):
    bits = all_bits(6)
    values = bits if vartype == "BINARY" else 2 * bits.astype(np.int8) - 1
    for form in (qubo, as_coo(qubo)):
        bqm = to_bqm(form, vartype)
        assert bqm.vartype.name == vartype
        np.testing.assert_allclose(bqm.energies(values), qubo.energy(bits), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", [dimod.Float64BQM, dimod.Float32BQM, dimod.DictBQM])
@pytest.mark.parametrize("vartype", ["BINARY", "SPIN"])
def test_qubo_of_any_bqm(all_bits, kind, vartype):
    bqm = kind({"b": 1.0, 7: -2.0}, {("b", ("x",)): 0.5, (7, "b"): 0.25}, 1.5, vartype)
    bits = all_bits(3)
    values = bits.astype(np.int8) if vartype == "BINARY" else 2 * bits.astype(np.int8) - 1
    expected = bqm.energies((values, list(bqm.variables)))
    np.testing.assert_allclose(from_bqm(bqm).energy(bits), expected, rtol=1e-12, atol=1e-12)


def test_round_trip_keeps_isolated_variables():
    qubo = qubo_from_terms({(0, 3): 1.0, (1,): 0.5}, n=5, offset=2.0)
    back = from_bqm(to_bqm(qubo))
    np.testing.assert_array_equal(qubo_to_matrix(back), qubo_to_matrix(qubo))
    assert back.offset == 2.0
    assert from_bqm(dimod.BinaryQuadraticModel("SPIN")).n_variables == 0


class Shuffled(dimod.ExactSolver):
    """Answers in spins, with the variables in reverse order."""

    def sample(self, bqm, **options):
        reverse = list(bqm.variables)[::-1]
        sampleset = super().sample(bqm.change_vartype("SPIN", inplace=False), **options)
        columns = [sampleset.variables.index(variable) for variable in reverse]
        samples = (sampleset.record.sample[:, columns], reverse)
        return dimod.SampleSet.from_samples(samples, "SPIN", energy=sampleset.record.energy)


def test_order_and_kind_of_the_variables_do_not_matter(qubo):
    theirs = FromDimod(Shuffled()).sample(qubo, reads=1, seed=0)
    ours = Exhaustive().sample(qubo, reads=64, seed=0)
    np.testing.assert_array_equal(theirs.bits, ours.bits)
    np.testing.assert_allclose(theirs.energies, ours.energies)


def test_info_tells_what_the_sampler_took(qubo):
    from dwave.samplers import SteepestDescentSampler

    seeded = FromDimod(SteepestDescentSampler(), {"large_sparse_opt": True})
    info = seeded.sample(qubo, reads=7, seed=3).info
    assert info["sampler"] == "SteepestDescentSolver"
    assert info["requested"] == {"reads": 7, "seed": 3, "large_sparse_opt": True}
    assert info["effective"] == {"reads": 7, "seed": 3, "large_sparse_opt": True}
    assert info["simulated"] is True
    assert set(info["seconds"]) == {"convert", "sample"}
    assert json.loads(json.dumps(info)) == info

    info = FromDimod(dimod.ExactSolver()).sample(qubo, reads=7, seed=3).info
    assert info["requested"] == {"reads": 7, "seed": 3}
    assert info["effective"] == {"reads": 64, "seed": None}


@pytest.mark.parametrize("name", ["sweeps", "num_reads", "seed"])
def test_parameters_the_sampler_lacks_are_refused(qubo, name):
    from dwave.samplers import SteepestDescentSampler

    with pytest.raises(ValueError, match=f"parameters of SteepestDescentSolver .* has '{name}'"):
        FromDimod(SteepestDescentSampler(), {name: 1}).sample(qubo, reads=1, seed=0)


def test_only_a_remote_solver_is_not_simulated(qubo):
    hardware = type("DWaveSampler", (dimod.ExactSolver,), {})
    hardware.__module__ = "dwave.system.samplers.dwave_sampler"
    behind = dimod.TrackingComposite(hardware())
    assert FromDimod(behind).sample(qubo, reads=1, seed=0).info["simulated"] is False


def test_annealing_needs_sweeps(qubo):
    with pytest.raises(ValueError, match="`sweeps` must be a positive int, but is sweeps=0"):
        SimulatedAnnealing(sweeps=0).sample(qubo, reads=1, seed=0)


def test_info_of_simulated_annealing(qubo):
    info = SimulatedAnnealing(sweeps=10).sample(qubo, reads=2, seed=5).info
    assert info["sampler"] == "SimulatedAnnealing"
    assert info["requested"] == {"reads": 2, "seed": 5, "sweeps": 10, "beta_range": None}
    betas = list(default_beta_range(*qubo_to_ising(qubo)))
    assert info["effective"] == {"reads": 2, "seed": 5, "sweeps": 10, "beta_range": betas}
    given = SimulatedAnnealing(10, (0.1, 2.0)).sample(qubo, reads=2, seed=5).info
    assert given["requested"]["beta_range"] == given["effective"]["beta_range"] == [0.1, 2.0]


def test_reads_of_one_call_are_independent_draws(spin_glass):
    # Some annealers give every read of a seeded call the same random numbers. Independent reads
    # of one glass overlap as little within a call as across calls with other seeds.
    n, reads = 40, 150
    problem = spin_glass(n)
    sampler = SimulatedAnnealing(sweeps=3)

    def spins(seed):
        samples = sampler.sample(problem, reads=reads, seed=seed)
        return 2.0 * np.repeat(samples.bits, samples.occurrences, axis=0) - 1

    def squares(a, b):
        return (a @ b.T / n) ** 2

    first, second = spins(1), spins(2)
    assert len(np.unique(first, axis=0)) > 0.9 * reads
    within = squares(first, first)[np.triu_indices(reads, 1)]
    across = squares(first, second)
    # The overlaps of one read with all others are correlated, so their means, one a read, are the
    # independent numbers.
    error = across.mean(axis=1).std() * np.sqrt(2 / reads)
    assert abs(within.mean() - across.mean()) < 5 * error


def test_default_betas_of_one_spin_are_the_closed_form():
    hot, cold = default_beta_range(np.array([2.0]), np.zeros((1, 1)))
    assert hot == pytest.approx(np.log(2) / 4)
    assert cold == pytest.approx(np.log(100) / 4)


def test_default_betas_scale_as_the_inverse_of_energy(spin_glass):
    h, J, _ = qubo_to_ising(spin_glass(12))
    scaled = default_beta_range(1000 * h, 1000 * J)
    np.testing.assert_allclose(np.array(scaled) * 1000, default_beta_range(h, J), rtol=1e-12)


def test_one_tiny_coefficient_does_not_freeze_the_anneal(spin_glass):
    h, J, _ = qubo_to_ising(spin_glass(12))
    J[np.abs(J) < 0.5] = 0.0
    plain = default_beta_range(h, J)
    tiny, rounding = J.copy(), J + np.triu(np.where(J == 0, 1e-14, 0.0), 1)
    tiny[0, 1] = 1e-6
    assert (rounding != J).sum() > 10
    np.testing.assert_allclose(default_beta_range(h, tiny), plain, rtol=0.5)
    np.testing.assert_allclose(default_beta_range(h, rounding), plain, rtol=1e-6)


def test_a_flat_problem_is_annealed_without_complaint():
    samples = SimulatedAnnealing(10).sample(qubo_from_ising(np.zeros(3), {}), reads=4, seed=0)
    assert samples.occurrences.sum() == 4
    assert (samples.energies == 0).all()
