"""Chains by matrix products: their moments against enumeration, on two kinds of graph."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from annealing import Coo, qubo_from_ising
from annealing.distributions import moments
from annealing.distributions.chains import block_gibbs, colour_blocks, coupling_matrix, random_spins

CHAINS = 4000


def zephyr_piece():
    """A connected piece of 14 qubits of the smallest Zephyr chip, with cycles of three."""
    import networkx as nx

    from annealing.hardware.chips import chip_graph

    graph = chip_graph("zephyr", (1, 2))
    piece = graph.subgraph(list(nx.bfs_tree(graph, 0))[:14])
    labels = {label: i for i, label in enumerate(sorted(piece))}
    return 14, np.array([sorted((labels[a], labels[b])) for a, b in piece.edges])


def layers(*sizes):
    starts = np.cumsum([0, *sizes])
    edges = [
        np.indices(sizes[i : i + 2]).reshape(2, -1).T + starts[i : i + 2]
        for i in range(len(sizes) - 1)
    ]
    return sum(sizes), np.concatenate(edges)


GRAPHS = {"deep": layers(4, 3, 3, 2), "zephyr": zephyr_piece()}


@pytest.mark.parametrize("name", GRAPHS)
def test_moments_are_those_of_the_distribution(name):
    n, edges = GRAPHS[name]
    rng = np.random.default_rng(7)
    h, values, (rows, cols) = rng.normal(size=n) / 3, rng.normal(size=len(edges)) / 3, edges.T
    means, pairs = moments(qubo_from_ising(h, Coo(rows, cols, values)))
    J = coupling_matrix(n, rows, cols, jnp.asarray(values))
    start = random_spins(jax.random.key(0), (CHAINS, n))
    run = jax.jit(block_gibbs)
    spins = np.asarray(
        run(jax.random.key(1), start, jnp.asarray(h), J, colour_blocks(n, rows, cols), 50)
    )
    assert set(np.unique(spins)) == {-1.0, 1.0}
    # At most 14 means and 91 products, each with a standard error of at most 1/sqrt(CHAINS).
    assert np.abs(spins.mean(axis=0) - means).max() < 4.5 / np.sqrt(CHAINS)
    assert np.abs(spins.T @ spins / CHAINS - pairs).max() < 4.5 / np.sqrt(CHAINS)


def test_held_spins_stay_and_condition_the_others():
    n, edges = layers(3, 2, 2)
    rows, cols = edges.T
    rng = np.random.default_rng(2)
    values = rng.normal(size=len(edges))
    J = np.asarray(coupling_matrix(n, rows, cols, jnp.asarray(values)))
    held = np.tile([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]], (CHAINS // 2, 1))
    start = random_spins(jax.random.key(0), (CHAINS, n)).at[:, :3].set(held)
    blocks = colour_blocks(n, rows, cols, held=range(3))
    run = jax.jit(block_gibbs)
    spins = np.asarray(run(jax.random.key(1), start, jnp.zeros(n), jnp.asarray(J), blocks, 30))
    np.testing.assert_array_equal(spins[:, :3], held)
    for first in (0, 1):
        conditional = qubo_from_ising(held[first] @ J[:3, 3:], np.triu(J[3:, 3:]))
        found = spins[first::2, 3:].mean(axis=0)
        assert np.abs(found - moments(conditional)[0]).max() < 4.5 / np.sqrt(CHAINS / 2)


def test_neighbours_never_share_a_block():
    n, edges = GRAPHS["zephyr"]
    blocks = colour_blocks(n, *edges.T)
    assert sorted(i for own, _ in blocks for i in own.tolist()) == list(range(n))
    for own, near in blocks:
        assert not set(own.tolist()) & set(near.tolist())
    assert colour_blocks(2, [0], [1], held=[0, 1]) == ()


def test_chains_compile_for_a_gpu():
    n, edges = GRAPHS["deep"]
    blocks = colour_blocks(n, *edges.T)
    arguments = (jax.random.key(0), jnp.ones((3, n)), jnp.zeros(n), jnp.zeros((n, n)), blocks, 2)
    exported = jax.export.export(jax.jit(block_gibbs), platforms=["cuda"])(*arguments)
    assert exported.platforms == ("cuda",)
