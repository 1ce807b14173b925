import json

import dimod
import numpy as np
import pytest

from annealing import MockAnnealer, qubo_from_ising, to_bqm
from annealing.hardware.chains import METHODS, chain_report, resolution

CHAINS = {0: (10, 11, 12), 1: (20, 21), 2: (30,)}


@pytest.fixture
def logical():
    return to_bqm(qubo_from_ising([0.0, 0.2, -1.0], {(0, 1): 1.0, (1, 2): -2.0}), "SPIN")


def physical(rows, occurrences=None):
    qubits = [30, 10, 21, 11, 20, 12]  # in no order
    return dimod.SampleSet.from_samples(
        (np.array(rows), qubits), "SPIN", np.zeros(len(rows)), num_occurrences=occurrences
    )


def resolved(method, logical, reads, seed=0):
    return resolution(method, logical, CHAINS, seed)(reads, [CHAINS[i] for i in range(3)])


#            30  10  21  11  20  12
INTACT = [+1, -1, +1, -1, +1, -1]
SPLIT = [+1, -1, +1, +1, +1, -1]  # chain 0 is two against one
TIED = [+1, +1, -1, +1, +1, +1]  # chain 1 is one against one


@pytest.mark.parametrize("method", METHODS)
def test_intact_chains_are_read_as_they_are(logical, method):
    values, kept = resolved(method, logical, physical([INTACT]))
    assert values.tolist() == [[-1, 1, 1]]
    assert kept.tolist() == [0]


def test_majority_and_discard(logical):
    reads = physical([SPLIT, INTACT, TIED])
    assert resolved("majority_vote", logical, reads)[0][0].tolist() == [-1, 1, 1]
    values, kept = resolved("discard", logical, reads)
    assert kept.tolist() == [1]
    assert values.tolist() == [[-1, 1, 1]]


def test_minimised_energy_is_the_lower_of_the_two(logical):
    values, _ = resolved("minimize_energy", logical, physical([SPLIT, TIED]))
    for row, broken in zip(values, (0, 1), strict=True):
        other = row * np.where(np.arange(3) == broken, -1, 1)
        assert logical.energy(dict(enumerate(row))) < logical.energy(dict(enumerate(other)))


def test_random_choice_follows_the_chain_and_is_new_for_each_read(logical):
    reads = physical([SPLIT, TIED] * 3000)
    values, kept = resolved("weighted_random", logical, reads, seed=1)
    assert len(kept) == 6000
    # Binomial: four standard errors of 3000 draws.
    assert abs((values[::2, 0] == 1).mean() - 1 / 3) < 4 * np.sqrt(2 / 9 / 3000)
    assert abs((values[1::2, 1] == 1).mean() - 1 / 2) < 4 * np.sqrt(1 / 4 / 3000)
    assert (values[1::2, 0] == 1).all()
    again, _ = resolved("weighted_random", logical, reads, seed=1)
    np.testing.assert_array_equal(values, again)


def test_a_report_counts(logical):
    reads = physical([SPLIT, INTACT, TIED, [1, 1, 1, -1, -1, -1]], occurrences=[3, 4, 2, 1])
    report = chain_report(reads, CHAINS)
    assert report.break_fraction == pytest.approx((3 + 2 + 2) / 30)
    assert report.lengths == [3, 2, 1]
    assert report.break_fractions == pytest.approx([0.4, 0.3, 0.0])
    assert report.broken_chains == [4, 5, 1, 0]


def test_the_annealer_reports_when_asked(spin_glass):
    problem = spin_glass(12)
    annealer = MockAnnealer(shape=(2, 4), sweeps=20, chain_strength=0.2, report=True)
    info = annealer.sample(problem, reads=25, seed=2).info
    chains = info["chains"]
    assert json.loads(json.dumps(info)) == info
    assert max(chains["lengths"]) == info["max_chain_length"]
    assert sum(chains["lengths"]) == info["physical_variables"]
    assert np.mean(chains["break_fractions"]) == pytest.approx(info["chain_break_fraction"])
    assert sum(chains["broken_chains"]) == 25
    assert np.arange(13) @ chains["broken_chains"] / 25 / 12 == pytest.approx(
        info["chain_break_fraction"]
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_annealer_repairs_as_told(spin_glass, method):
    problem = spin_glass(12)
    strength = 1.0 if method == "discard" else 0.2
    annealer = MockAnnealer(
        shape=(2, 4), sweeps=20, chain_strength=strength, chain_break=method, report=True
    )
    samples = annealer.sample(problem, reads=40, seed=2)
    intact = samples.info["chains"]["broken_chains"][0]
    kept = intact if method == "discard" else 40
    assert samples.occurrences.sum() == samples.info["effective"]["reads"] == kept
    assert 0 < intact < 40 or method != "discard"
    assert samples.info["chain_break_fraction"] > 0  # of all reads, kept or not
    np.testing.assert_allclose(samples.energies, problem.energy(samples.bits))
    again = annealer.sample(problem, reads=40, seed=2)
    np.testing.assert_array_equal(samples.bits, again.bits)


def test_greedy_repair_ends_lower_than_majority(spin_glass):
    problem = spin_glass(20)

    def mean(method):
        annealer = MockAnnealer(shape=(2, 4), sweeps=20, chain_strength=0.1, chain_break=method)
        samples = annealer.sample(problem, reads=50, seed=0)
        return np.average(samples.energies, weights=samples.occurrences)

    assert mean("minimize_energy") < mean("majority_vote") < mean("weighted_random")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chain_break": "coin"}, "`chain_break` must be one of majority_vote, weighted_random"),
        ({"chain_break": "discard", "chain_strength": 1e-3}, "every read has a broken chain"),
        ({"embedding": "best"}, "`embedding` must be clique, auto or"),
        ({"embedding": {0: [0]}}, "`embedding` must fit problem and chip"),
        ({"chain_strength": "torque"}, "`chain_strength` must be one of"),
    ],
)
def test_bad_options_are_refused(spin_glass, options, message):
    with pytest.raises(ValueError, match=message):
        MockAnnealer(shape=(2, 4), sweeps=2, **options).sample(spin_glass(12), reads=3, seed=0)


def test_chains_found_and_chains_given(tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path)
    monkeypatch.delenv("QML_DATA_MIRROR", raising=False)
    ring = qubo_from_ising(np.zeros(40), {(i, (i + 1) % 40): -1.0 for i in range(40)})
    annealer = MockAnnealer(shape=(2, 4), sweeps=200, embedding="auto")
    with pytest.raises(ValueError, match="at most 24 variables"):
        MockAnnealer(shape=(2, 4)).sample(ring, reads=1, seed=0)
    samples = annealer.sample(ring, reads=40, seed=0)
    assert samples.energies[0] == -40.0
    assert samples.info["physical_variables"] < 60
    from annealing.hardware.chips import chip_graph
    from annealing.hardware.embedding import find_embedding, problem_edges

    chains = dict(find_embedding(problem_edges(ring), chip_graph("zephyr", (2, 4))))
    given = MockAnnealer(shape=(2, 4), sweeps=200, embedding=chains).sample(ring, reads=40, seed=0)
    np.testing.assert_array_equal(given.bits, samples.bits)
    assert given.info["requested"]["embedding"] == "given"
