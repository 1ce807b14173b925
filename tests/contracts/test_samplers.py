"""Every sampler there is, through the same checks; a new one needs a line in `MAKE`."""

import json

import numpy as np
import pytest

from annealing import qubo_from_ising, qubo_from_matrix, qubo_from_terms, samplers


def from_dimod():
    from dwave.samplers import SteepestDescentSampler

    return samplers.FromDimod(SteepestDescentSampler())


MAKE = {
    "Exhaustive": lambda: samplers.Exhaustive(),
    "SteepestDescent": lambda: samplers.SteepestDescent(),
    "ChromaticAnnealing": lambda: samplers.ChromaticAnnealing(sweeps=50),
    "MultiSpinAnnealing": lambda: samplers.MultiSpinAnnealing(sweeps=50),
    "SimulatedBifurcation": lambda: samplers.SimulatedBifurcation(steps=50),
    "DenseAnnealing": lambda: samplers.DenseAnnealing(sweeps=50),
    "ParallelTempering": lambda: samplers.ParallelTempering(rounds=20),
    "SimulatedQuantumAnnealing": lambda: samplers.SimulatedQuantumAnnealing(sweeps=50, slices=8),
    "AutoSampler": lambda: samplers.AutoSampler(sweeps=50),
    "SimulatedAnnealing": lambda: samplers.SimulatedAnnealing(sweeps=50),
    "FromDimod": from_dimod,
    "MockAnnealer": lambda: samplers.MockAnnealer(shape=(2, 4), sweeps=50),
    "AnnealerStandIn": lambda: samplers.AnnealerStandIn("advantage2_small", shape=(3, 4)),
    "SpinReversal": lambda: samplers.SpinReversal(samplers.SteepestDescent()),
    "RoofDuality": lambda: samplers.RoofDuality(samplers.SteepestDescent()),
    "ConnectedComponents": lambda: samplers.ConnectedComponents(samplers.SteepestDescent()),
    "ParallelEmbedding": lambda: samplers.ParallelEmbedding(
        samplers.MockAnnealer(shape=(2, 4), sweeps=50)
    ),
}
DETERMINISTIC = {"Exhaustive"}
READS = 40  # one number, for each new one compiles each program anew


def glass(n=16, seed=0):
    """A frustrated problem with a unique pair of ground states."""
    rng = np.random.default_rng(seed)
    return qubo_from_ising(np.zeros(n), np.triu(rng.normal(size=(n, n)), 1), offset=1.5)


@pytest.fixture(params=samplers.__all__)
def name(request):
    return request.param


@pytest.fixture
def sampler(name):
    return MAKE[name]()


def test_every_sampler_is_here():
    assert set(MAKE) == set(samplers.__all__)


def test_shapes_energies_and_order(sampler):
    qubo = glass()
    samples = sampler.sample(qubo, reads=READS, seed=1)
    r = len(samples.bits)
    assert samples.bits.shape == (r, 16)
    assert samples.bits.dtype == np.uint8
    assert set(np.unique(samples.bits)) <= {0, 1}
    assert samples.energies.shape == samples.occurrences.shape == (r,)
    np.testing.assert_allclose(samples.energies, qubo.energy(samples.bits), rtol=1e-12)
    assert (np.diff(samples.energies) >= 0).all()
    assert len(np.unique(samples.bits, axis=0)) == r
    assert samples.occurrences.dtype == np.int64
    assert (samples.occurrences >= 1).all()
    assert samples.occurrences.sum() == samples.info["effective"]["reads"] == READS


def test_info_says_the_same_of_all(sampler, name):
    info = sampler.sample(glass(), reads=READS, seed=7).info
    assert json.loads(json.dumps(info)) == info
    assert name in (info["sampler"], "FromDimod")
    assert info["simulated"] is True
    assert info["requested"]["reads"] == READS
    assert info["requested"]["seed"] == 7
    assert info["effective"]["seed"] == (None if name in DETERMINISTIC else 7)
    assert all(seconds >= 0 for seconds in info["seconds"].values())


def test_same_seed_same_samples(sampler):
    first, second = (sampler.sample(glass(), reads=READS, seed=3) for _ in range(2))
    for one, other in zip(first[:3], second[:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_reads_are_independent_and_seeds_matter(sampler, name):
    # A spin glass of 24 has many local minima: reads that all agree share their random numbers.
    qubo = glass(24)
    first, second = (sampler.sample(qubo, reads=READS, seed=seed) for seed in (0, 1))
    assert len(first.bits) > 2
    if name not in DETERMINISTIC:
        assert not np.array_equal(first.bits, second.bits)


@pytest.mark.parametrize("seed", range(3))
def test_finds_the_ground_state_of_small_problems(sampler, seed):
    qubo = qubo_from_matrix(np.random.default_rng(seed).normal(size=(8, 8)))
    every = (np.arange(2**8)[:, None] >> np.arange(8)) & 1
    samples = sampler.sample(qubo, reads=READS, seed=seed)
    assert samples.energies[0] == pytest.approx(qubo.energy(every).min())


def test_sparse_and_dense_are_one_problem(sampler):
    terms = {(0, 2): 2.0, (1,): -1.0, (2,): -1.5, (4,): 1.0}  # variable 3 occurs nowhere
    sparse = qubo_from_terms(terms, n=5, offset=0.5)
    samples = sampler.sample(sparse, reads=READS, seed=0)
    assert samples.energies[0] == -2.0
    assert samples.bits[0, [0, 1, 2, 4]].tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("n", [0, 1])
def test_the_smallest_problems(sampler, n):
    samples = sampler.sample(qubo_from_matrix(-np.eye(n), 0.25), reads=READS, seed=0)
    assert samples.bits[0].tolist() == [1] * n
    assert samples.energies[0] == 0.25 - n
    assert samples.occurrences.sum() == samples.info["effective"]["reads"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reads": 0}, r"^Argument `reads` must be a positive int, but is reads=0\.$"),
        ({"reads": 2.5}, "`reads` must be a positive int, but is reads=2.5"),
        ({"seed": -1}, "`seed` must be an int from 0"),
        ({"seed": 2**31}, "`seed` must be an int from 0 to 2147483647"),
        ({"seed": None}, "`seed` must be an int"),
        ({"qubo": glass()._replace(linear=np.full(16, np.nan))}, "must be finite"),
        ({"qubo": glass()._replace(quadratic=np.full((16, 16), np.inf))}, "must be finite"),
        ({"qubo": glass()._replace(linear=np.zeros(3))}, "but has 3"),
    ],
)
def test_bad_requests_are_refused(sampler, change, message):
    request = {"qubo": glass(), "reads": 1, "seed": 0, **change}
    with pytest.raises(ValueError, match=message):
        sampler.sample(request.pop("qubo"), **request)
