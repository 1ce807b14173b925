import json

import numpy as np
import pytest

from annealing import Exhaustive, MockAnnealer, qubo_from_ising, qubo_from_matrix, qubo_from_terms
from annealing.hardware.chips import chip_graph
from annealing.wrappers.parallel_embedding import ParallelEmbedding, joined

CHIP = ParallelEmbedding(MockAnnealer(shape=(2, 4), sweeps=100))


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """One empty cache for this file."""
    folder = tmp_path_factory.getbasetemp() / "parallel"
    monkeypatch.setattr("pooch.os_cache", lambda project: folder)
    monkeypatch.delenv("QML_DATA_MIRROR", raising=False)


def lowest(qubo):
    return Exhaustive().sample(qubo, reads=1, seed=0).energies[0]


def random(n, seed, scale=1.0):
    return qubo_from_matrix(scale * np.random.default_rng(seed).normal(size=(n, n)), float(seed))


def test_all_problems_are_answered_when_more_than_fit():
    qubos = [random(6, seed, scale=10.0 ** (seed % 5 - 2)) for seed in range(40)]
    answers = CHIP.sample_many(qubos, reads=12, seed=1)
    assert len(answers) == 40
    info = answers[0].info
    assert info["calls"] == len(info["wrapped"]) == -(-40 // info["places"]) > 1
    for qubo, samples in zip(qubos, answers, strict=True):
        np.testing.assert_allclose(samples.energies, qubo.energy(samples.bits))
        assert (np.diff(samples.energies) >= 0).all()
        assert samples.occurrences.sum() == samples.info["effective"]["reads"] == 12
        assert samples.energies[0] == pytest.approx(lowest(qubo))  # whatever its scale
        assert json.loads(json.dumps(samples.info)) == samples.info


def test_one_anneal_serves_all_that_fit():
    answers = CHIP.sample_many([random(4, seed) for seed in range(8)], reads=3, seed=0)
    info = answers[0].info
    assert info["calls"] == 1
    assert info["places"] >= 8
    assert info["wrapped"][0]["logical_variables"] == 32
    assert info["requested"] == {"reads": 3, "seed": 0}


def test_problems_may_differ_in_size_and_couplings():
    sparse = qubo_from_terms({(0, 1): 1.0, (1, 2): -2.0, (3,): -1.0}, n=5)
    qubos = [random(3, 1), sparse, qubo_from_matrix(np.zeros((0, 0)), 2.0), random(1, 2)]
    answers = CHIP.sample_many(qubos, reads=8, seed=0)
    assert [samples.bits.shape[1] for samples in answers] == [3, 5, 0, 1]
    for qubo, samples in zip(qubos, answers, strict=True):
        assert samples.energies[0] == pytest.approx(lowest(qubo))


def test_a_single_problem_is_copied():
    qubo = random(6, 3)
    samples = CHIP.sample(qubo, reads=50, seed=2)
    copies = samples.info["places"]
    assert samples.occurrences.sum() == 50
    (anneal,) = samples.info["wrapped"]
    assert anneal["logical_variables"] == 6 * copies
    assert anneal["effective"]["reads"] == -(-50 // copies)
    assert samples.energies[0] == pytest.approx(lowest(qubo))


def test_copies_are_independent():
    # A free spin: 400 reads from many copies of few anneals are as random as 400 coins.
    free = qubo_from_ising([0.0, 0.0], {(0, 1): -1.0})
    samples = CHIP.sample(free, reads=400, seed=0)
    ones = samples.occurrences @ samples.bits[:, 0]
    assert abs(ones - 200) < 4 * np.sqrt(400) / 2


def test_joined_problems_add_their_scaled_energies():
    qubos = [random(3, 0), qubo_from_terms({(0, 1): 5.0}), random(2, 1)]
    whole = joined(qubos)
    bits = np.random.default_rng(0).integers(2, size=(20, 7))
    apart = np.zeros(20)
    for qubo, columns in zip(qubos, (slice(0, 3), slice(3, 5), slice(5, 7)), strict=True):
        scale = np.ptp(joined([qubo]).energy(bits[:, columns]))
        part = qubo.energy(bits[:, columns])
        apart += (part - qubo.offset) * (scale / np.ptp(part))
    np.testing.assert_allclose(whole.energy(bits), apart)


def test_bad_requests_are_refused():
    with pytest.raises(ValueError, match="`qubos` must hold at least one problem"):
        CHIP.sample_many([], reads=1, seed=0)
    with pytest.raises(ValueError, match="`reads` must be a positive int"):
        CHIP.sample_many([random(2, 0)], reads=0, seed=0)
    assert chip_graph("zephyr", (1, 4)).number_of_nodes() == 48
    with pytest.raises(ValueError, match="20 variables were found among 48 qubits"):
        ParallelEmbedding(MockAnnealer(shape=(1, 4))).sample(random(20, 0), reads=1, seed=0)
