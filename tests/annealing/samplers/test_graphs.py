import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing import qubo_from_matrix
from annealing.samplers.graphs import by_slot, colouring, couplings, dense_ising, ising, layout


def pairs(graph):
    edges = np.array(graph.edges, dtype=int).reshape(-1, 2)
    return edges[:, 0], edges[:, 1]


@given(st.integers(0, 40), st.floats(0, 1), st.integers(0, 10))
def test_colours_are_proper_and_few(n, density, seed):
    graph = nx.gnp_random_graph(n, density, seed=seed)
    rows, cols = pairs(graph)
    colour = colouring(n, rows, cols)
    assert (colour[rows] != colour[cols]).all()
    assert colour.max(initial=0) <= max((d for _, d in graph.degree), default=0)


def test_colours_are_nearly_equally_used():
    rows, cols = pairs(nx.random_regular_graph(3, 600, seed=0))
    sizes = np.bincount(colouring(600, rows, cols))
    assert sizes.max() - sizes.min() <= 0.1 * 600


@given(st.integers(1, 60), st.floats(0, 0.4), st.integers(0, 10))
def test_layout_holds_the_graph(n, density, seed):
    rows, cols = pairs(nx.gnp_random_graph(n, density, seed=seed))
    values = np.arange(1.0, len(rows) + 1)
    made = layout(n, rows, cols)
    assert len(np.unique(made.place)) == n
    assert sum(group.slots.shape[2] for group in made.groups) == made.width
    full = np.zeros((made.colours * made.width,) * 2)
    own = np.arange(made.colours * made.width).reshape(made.colours, made.width)
    start = 0
    for group in made.groups:
        m = group.slots.shape[2]
        weight = couplings(group, values)
        np.add.at(full, (own[:, None, start : start + m], group.slots), weight)
        start += m
    expected = np.zeros((n, n))
    expected[rows, cols] = expected[cols, rows] = values
    np.testing.assert_array_equal(full[np.ix_(made.place, made.place)], expected)
    assert full.sum() == expected.sum()


def test_fields_stand_where_their_variables_do():
    made = layout(5, np.array([0, 1]), np.array([1, 2]))
    placed = by_slot(made, np.arange(5.0), fill=-1)
    np.testing.assert_array_equal(placed.ravel()[made.place], np.arange(5.0))
    assert (placed == -1).sum() == placed.size - 5


def test_sparse_and_dense_models_have_the_energies_of_the_qubo(all_bits):
    qubo = qubo_from_matrix(np.random.default_rng(0).normal(size=(5, 5)), 0.5)
    bits = all_bits(5)
    spins = 2.0 * bits - 1
    h, (rows, cols, values), scale = ising(qubo)
    sparse = scale * (spins @ h + (spins[:, rows] * spins[:, cols]) @ values)
    h, J, scale = dense_ising(qubo)
    dense = scale * (spins @ h + ((spins @ J) * spins).sum(axis=1) / 2)
    energies = qubo.energy(bits)
    np.testing.assert_allclose(sparse - sparse[0], energies - energies[0], atol=1e-12)
    np.testing.assert_allclose(dense, sparse, atol=1e-12)
    assert max(np.abs(h).max(), np.abs(J).max()) == 1


@pytest.mark.parametrize("model", [ising, dense_ising])
def test_large_coefficients_fit_and_larger_ones_are_refused(model):
    h, _, scale = model(qubo_from_matrix([[1e300, 0.0], [0.0, -1e300]]))
    assert h.tolist() == [1.0, -1.0]
    assert scale == 5e299
    with pytest.raises(ValueError, match="sums overflow"):
        model(qubo_from_matrix(np.triu(np.full((40, 40), 1.7e308))))
