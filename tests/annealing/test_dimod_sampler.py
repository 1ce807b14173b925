"""dimod's own conformance suite on our samplers, and what it leaves out."""

import unittest

import dimod
import dimod.testing
import numpy as np
import pytest

from annealing import AsDimod, Exhaustive, SimulatedAnnealing


def exhaustive():
    return AsDimod(Exhaustive())


def annealing():
    return AsDimod(SimulatedAnnealing(sweeps=20))


@dimod.testing.load_sampler_bqm_tests(exhaustive)
@dimod.testing.load_sampler_bqm_tests(annealing)
class TestConformance(unittest.TestCase):
    def test_api(self):
        for sampler in (exhaustive(), annealing()):
            dimod.testing.assert_sampler_api(sampler)


@pytest.fixture(params=[exhaustive, annealing])
def sampler(request):
    return request.param()


@pytest.fixture
def bqm():
    # Labels of every kind; the ground state is unique.
    return dimod.BinaryQuadraticModel(
        {"a": 1.0, 3: -0.5, ("t", 1): 0.0}, {("a", 3): 2.0, (3, ("t", 1)): -1.5}, 7.0, "SPIN"
    )


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_ground_state_under_its_own_labels(sampler, bqm, vartype):
    expected = dimod.ExactSolver().sample(bqm).first
    sampleset = sampler.sample(bqm.change_vartype(vartype, inplace=False), num_reads=20, seed=1)
    assert sampleset.vartype.name == vartype
    assert sampleset.first.energy == pytest.approx(expected.energy)
    assert {v: int(s > 0) for v, s in sampleset.first.sample.items()} == {
        v: int(s > 0) for v, s in expected.sample.items()
    }


def test_reads_and_seed(sampler, bqm):
    first, second = (sampler.sample(bqm, num_reads=8, seed=3) for _ in range(2))
    assert first.record.num_occurrences.sum() == 8
    np.testing.assert_array_equal(first.record.sample, second.record.sample)
    assert first.info["simulated"] is True


def test_without_a_seed_calls_differ():
    bqm = dimod.generators.ran_r(1, 30, seed=0)
    sampler = AsDimod(SimulatedAnnealing(sweeps=1))
    first, second = (sampler.sample(bqm, num_reads=5) for _ in range(2))
    assert not np.array_equal(first.record.sample, second.record.sample)


def test_unknown_keywords_warn(sampler, bqm):
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning, match="chain_strength"):
        sampler.sample(bqm, chain_strength=2.0)


def test_stands_inside_composites(bqm):
    composite = dimod.TruncateComposite(exhaustive(), 2)
    dimod.testing.assert_sampler_api(composite)
    assert len(composite.sample(bqm, num_reads=5)) == 2


def test_says_what_it_wraps():
    assert exhaustive().properties == {"sampler": "Exhaustive(max_variables=26)"}
