"""The stand-in's chip under Ocean's composites, its mock and dimod's own checks."""

import dimod
import dimod.testing
import pytest

from annealing.hardware.stand_in.annealer import AnnealerStandIn
from annealing.hardware.stand_in.profiles import chip_profile

SMALL = chip_profile("advantage2_small")._replace(shape=(2, 4))


@pytest.fixture(scope="module")
def chip():
    return AnnealerStandIn(SMALL, sweeps=50).as_dimod()


def test_ocean_sees_a_structured_sampler(chip):
    dimod.testing.assert_sampler_api(chip)
    dimod.testing.assert_structured_api(chip)
    assert chip.properties["extended_j_range"] == [-2.0, 1.0]
    q, p = chip.edgelist[0]
    for vartype in ("SPIN", "BINARY"):
        bqm = dimod.BinaryQuadraticModel({q: 1.0, p: 0.5}, {(p, q): -2.0}, 3.0, vartype)
        answer = chip.sample(bqm, num_reads=30, seed=0)
        dimod.testing.assert_response_energies(answer, bqm)
        assert answer.first.energy == dimod.ExactSolver().sample(bqm).first.energy
        assert answer.record.num_occurrences.sum() == 30
    assert answer.info["timing"]["qpu_anneal_time_per_sample"] == pytest.approx(20)
    assert answer.info["simulated"] is True
    assert len(chip.sample(dimod.BinaryQuadraticModel("SPIN"))) <= 1
    with pytest.raises(dimod.exceptions.BinaryQuadraticModelStructureError):
        chip.sample_ising({}, {(min(chip.nodelist), max(chip.nodelist)): 1.0})


def test_ocean_sets_times_and_scales(chip):
    q = chip.nodelist[0]
    long = chip.sample_ising({q: 1.0}, {}, annealing_time=100.0, seed=0, num_reads=2)
    assert long.info["timing"]["qpu_anneal_time_per_sample"] == pytest.approx(100)
    assert chip.sample_ising({q: 1.0}, {}, seed=0).info["scale"] == 4.0
    assert chip.sample_ising({q: 1.0}, {}, seed=0, auto_scale=False).info["scale"] == 1.0
    with pytest.raises(ValueError, match="must have fields from"):
        chip.sample_ising({q: 5.0}, {}, auto_scale=False)
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning):
        chip.sample_ising({q: 1.0}, {}, flux_biases=[0.0])


def test_oceans_composites_and_mock_run_on_it(chip):
    from dwave.system import EmbeddingComposite, FixedEmbeddingComposite
    from dwave.system.testing import MockDWaveSampler

    bqm = dimod.generators.gnp_random_bqm(7, 0.9, "SPIN", random_state=1)
    lowest = dimod.ExactSolver().sample(bqm).first.energy
    mock = MockDWaveSampler(
        topology_type="zephyr",
        topology_shape=[2, 4],
        nodelist=chip.nodelist,
        edgelist=chip.edgelist,
        substitute_sampler=chip,
        substitute_kwargs={"seed": 1},
    )
    for child in (chip, mock):
        answer = EmbeddingComposite(child, embedding_parameters={"random_seed": 0}).sample(
            bqm, num_reads=50
        )
        assert answer.first.energy == pytest.approx(lowest)
    q, p = chip.edgelist[0]
    fixed = FixedEmbeddingComposite(chip, {"a": [q], "b": [p]})
    answer = fixed.sample_ising({"a": 1.0}, {("a", "b"): -1.0}, num_reads=10, seed=0)
    assert answer.first.sample == {"a": -1, "b": -1}
