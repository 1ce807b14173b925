from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from annealing import clique_embedding
from annealing.hardware.chips import chip_graph
from annealing.hardware.embedding import (
    checked_embedding,
    clique_chains,
    find_embedding,
    problem_edges,
    problem_graph,
)
from annealing.qubo import qubo_from_terms

SMALL_CHIP = ("zephyr", (2, 4))


def regular(n, seed=0):
    return sorted(nx.random_regular_graph(3, n, seed=seed).edges)


def qubits(chains):
    return sum(map(len, chains.values()))


def assert_embeds(chains, edges, graph, n):
    """The definition, without minorminer's or dwave's own check."""
    assert sorted(chains) == list(range(n))
    assert len(set().union(*chains.values())) == qubits(chains)
    assert all(nx.is_connected(graph.subgraph(chain)) for chain in chains.values())
    assert all(len(graph.subgraph(chain)) == len(chain) for chain in chains.values())
    for a, b in edges:
        assert any(graph.has_edge(u, v) for u in chains[a] for v in chains[b])


def test_a_sparse_problem_takes_far_fewer_qubits():
    graph, edges = chip_graph("zephyr", (6, 4)), regular(60)
    chains = find_embedding(edges, graph)
    assert_embeds(chains, edges, graph, 60)
    assert qubits(chains) < qubits(clique_embedding("zephyr", (6, 4), 60)) / 3


def test_a_sparse_problem_fits_where_no_clique_of_its_size_does():
    graph, edges = chip_graph(*SMALL_CHIP), [(i, (i + 1) % 60) for i in range(60)]
    assert not clique_chains(graph, 60)
    assert_embeds(find_embedding(edges, graph), edges, graph, 60)


def test_a_nearly_complete_problem_gets_a_clique():
    edges = list(combinations(range(40), 2))[5:]
    chains = find_embedding(edges, chip_graph("zephyr", (6, 4)))
    assert dict(chains) == dict(clique_embedding("zephyr", (6, 4), 40))


def test_the_seed_decides():
    graph, edges = chip_graph(*SMALL_CHIP), regular(30)
    first = find_embedding(edges, graph, seed=1)
    shuffled = [(b, a) for a, b in reversed(edges)]
    again = nx.Graph(list(graph.edges)[::-1], **graph.graph)
    assert dict(find_embedding(shuffled, again, seed=1)) == dict(first)
    assert dict(find_embedding(edges, graph, seed=2)) != dict(first)


def test_lone_variables_get_a_qubit_too():
    graph = chip_graph(*SMALL_CHIP)
    assert_embeds(find_embedding([(0, 2)], graph, n=5), [(0, 2)], graph, 5)
    assert dict(find_embedding([], graph, n=0)) == {}


@pytest.mark.parametrize("n", range(1, 13))
def test_small_complete_problems(n):
    # minorminer's own cliques of 5 to 8 on zephyr never return.
    graph, edges = chip_graph(*SMALL_CHIP), list(combinations(range(n), 2))
    chains = find_embedding(edges, graph, n=n)
    assert_embeds(chains, edges, graph, n)
    assert qubits(chains) <= qubits(clique_embedding(*SMALL_CHIP, n))


def test_defects_are_avoided():
    graph = chip_graph(*SMALL_CHIP)
    graph.remove_nodes_from(np.random.default_rng(0).choice(160, 20, replace=False).tolist())
    for edges in (regular(20), list(combinations(range(10), 2))):
        n = max(map(max, edges)) + 1
        assert_embeds(find_embedding(edges, graph), edges, graph, n)


def test_any_graph_will_do():
    grid = nx.convert_node_labels_to_integers(nx.grid_2d_graph(6, 6))
    triangle = [(0, 1), (1, 2), (0, 2)]
    assert_embeds(find_embedding(triangle, grid), triangle, grid, 3)


def test_what_does_not_fit_is_said():
    edges = list(combinations(range(60), 2))
    with pytest.raises(
        ValueError, match=r"60 variables and 1770 couplings .* 160 qubits in 0\.5 s"
    ):
        find_embedding(edges, chip_graph(*SMALL_CHIP), timeout=0.5)


@pytest.mark.parametrize("edges", [[(0, 3)], [(1, 1)], [(-1, 0)]])
def test_edges_that_are_none_are_refused(edges):
    with pytest.raises(ValueError, match="two different variables from 0 to 2"):
        problem_graph(edges, 3)


def test_every_coupling_listed_is_an_edge():
    qubo = qubo_from_terms({(2, 0): 1.0, (0, 1): 0.0, (1,): 2.0})
    assert problem_edges(qubo) == [(0, 1), (0, 2)]


@pytest.mark.parametrize(
    ("chains", "message"),
    [
        ({0: [0]}, "chain for 1 is empty"),
        ({0: [0], 1: [10**6]}, "contains a node label 1000000"),
        ({0: [0, 159], 1: [2]}, "chain for 0 is not connected"),
        ({0: [0, 0], 1: [1]}, "chain for 0 is not connected"),
        ({0: [0], 1: [159]}, "edge .0, 1. is not represented"),
    ],
)
def test_bad_chains_are_refused(chains, message):
    graph = chip_graph(*SMALL_CHIP)
    assert not graph.has_edge(0, 159)
    with pytest.raises(ValueError, match=f"`embedding` must fit problem and chip, .*{message}"):
        checked_embedding(chains, [(0, 1)], graph, 2)


def test_good_chains_are_taken():
    graph = chip_graph(*SMALL_CHIP)
    a, b = next(iter(graph.edges))
    chains = checked_embedding({0: [a], 1: [b], 2: []}, [(0, 1)], graph, 2)
    assert dict(chains) == {0: (a,), 1: (b,)}
