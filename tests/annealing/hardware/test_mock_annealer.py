import json
from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from annealing import Exhaustive, MockAnnealer, clique_embedding, qubo_from_matrix, qubo_to_ising


def graph_of(topology, shape):
    import dwave.graphs

    return getattr(dwave.graphs, f"{topology}_graph")(*shape)


@pytest.mark.parametrize(
    ("topology", "shape", "sizes"),
    [
        ("zephyr", (2, 4), range(1, 25)),  # minorminer itself never returns from 5 to 8
        ("zephyr", (6, 4), [88]),
        ("chimera", (4, 4, 4), range(1, 17)),  # and from 3 to 4
        ("pegasus", (3,), [1, 2, 8, 24]),
    ],
)
def test_chains_form_a_clique(topology, shape, sizes):
    graph = graph_of(topology, shape)
    for n in sizes:
        chains = clique_embedding(topology, shape, n)
        assert sorted(chains) == list(range(n))
        assert len(set().union(*chains.values())) == sum(map(len, chains.values()))
        assert all(nx.is_connected(graph.subgraph(chain)) for chain in chains.values())
        for a, b in combinations(chains.values(), 2):
            assert any(graph.has_edge(u, v) for u in a for v in b)


def test_problem_and_answer_go_through_the_chip(spin_glass):
    problem = spin_glass(12)
    samples = MockAnnealer(shape=(2, 4), sweeps=200).sample(problem, reads=30, seed=1)
    exact = Exhaustive().sample(problem, reads=1, seed=0)
    assert samples.energies[0] == pytest.approx(exact.energies[0])
    info = samples.info
    chains = clique_embedding("zephyr", (2, 4), 12)
    assert info["logical_variables"] == 12
    assert info["physical_variables"] == sum(map(len, chains.values()))
    assert info["max_chain_length"] == max(map(len, chains.values())) > 1
    assert info["simulated"] is True
    assert set(info["seconds"]) == {"embed", "sample"}
    assert json.loads(json.dumps(info)) == info


def test_chain_strength_is_the_published_rule(spin_glass):
    # sqrt(2) * rms coupling * sqrt(mean degree), in the Ising form: a QUBO's couplings are 4 times
    # as large, and would give chains 4 times as strong.
    problem = spin_glass(10)
    couplings = qubo_to_ising(problem)[1][np.triu_indices(10, 1)]
    expected = 1.414 * np.sqrt((couplings**2).mean()) * np.sqrt(9)
    info = MockAnnealer(shape=(2, 4), sweeps=1).sample(problem, reads=1, seed=0).info
    assert info["chain_strength"] == info["effective"]["chain_strength"] == pytest.approx(expected)
    assert info["requested"]["chain_strength"] is None


def test_weak_chains_break_and_strong_ones_hold(spin_glass):
    problem = spin_glass(20)

    def broken(strength):
        annealer = MockAnnealer(shape=(2, 4), sweeps=50, chain_strength=strength)
        samples = annealer.sample(problem, reads=20, seed=0)
        np.testing.assert_allclose(samples.energies, problem.energy(samples.bits))
        return samples.info["chain_break_fraction"]

    assert broken(0.01) > 0.3
    assert broken(50.0) < 0.02


def test_no_variables_need_no_qubits():
    samples = MockAnnealer().sample(qubo_from_matrix(np.zeros((0, 0)), 2.0), reads=3, seed=0)
    assert samples.bits.shape == (1, 0)
    assert samples.energies.tolist() == [2.0]
    assert samples.occurrences.tolist() == [3]


@pytest.mark.parametrize(
    ("annealer", "n", "message"),
    [
        (MockAnnealer(), 89, r"at most 88 variables on zephyr \(6, 4\), but has 89"),
        (MockAnnealer(shape=(1, 4)), 30, "at most 4 variables"),
        (MockAnnealer("zephyr", (6,)), 2, r"must be zephyr \(m, t\)"),
        (MockAnnealer("hypercube", (6,)), 2, r"but are hypercube \(6,\)"),
        (MockAnnealer(sweeps=0), 2, "`sweeps` must be a positive int"),
        (MockAnnealer(chain_strength=-1.0), 2, "`chain_strength` must be positive"),
    ],
)
def test_what_cannot_be_done_is_said(annealer, n, message):
    with pytest.raises(ValueError, match=message):
        annealer.sample(qubo_from_matrix(np.ones((n, n))), reads=1, seed=0)
