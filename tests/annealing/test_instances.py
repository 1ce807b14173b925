"""Standard problems: closed forms, known optima, and files that are not what they should be."""

import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from annealing import ChromaticAnnealing, instances, qubo_to_ising

MIRROR = Path(os.environ.get("QML_DATA_MIRROR", "no-such-folder")) / "annealing"


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "instance.txt"
        path.write_text(text)
        return path

    return write


def test_the_energy_of_a_cut_is_minus_its_weight(all_bits):
    graph = nx.gnm_random_graph(7, 12, seed=1)
    rows, cols = np.array(graph.edges).T
    weights = np.random.default_rng(0).integers(-3, 4, 12).astype(float)
    bits = all_bits(7)
    cut = (weights * (bits[:, rows] != bits[:, cols])).sum(axis=1)
    np.testing.assert_array_equal(instances.max_cut(7, rows, cols, weights).energy(bits), -cut)


def test_the_largest_cut_of_a_complete_graph():
    # n even: n**2 / 4 edges between two equal halves.
    rows, cols = np.triu_indices(12, 1)
    samples = ChromaticAnnealing(sweeps=50).sample(
        instances.max_cut(12, rows, cols), reads=64, seed=0
    )
    assert samples.energies[0] == -36


@pytest.mark.parametrize(
    ("make", "n", "degree"),
    [
        (lambda **k: instances.zephyr_glass(2, **k), 160, None),
        (lambda **k: instances.regular_max_cut(40, 5, **k), 40, 5),
        (lambda **k: instances.sherrington_kirkpatrick(30, **k), 30, 29),
    ],
)
def test_glasses_have_no_fields_and_one_instance_a_seed(make, n, degree):
    for values, size in (("signs", 1.0), ("gaussian", None)):
        h, J, _ = qubo_to_ising(make(seed=3, values=values))
        dense = J if isinstance(J, np.ndarray) else None
        rows, cols = np.nonzero(dense) if dense is not None else J[:2]
        found = dense[rows, cols] if dense is not None else J.values
        assert len(h) == n
        np.testing.assert_allclose(h, 0, atol=1e-12)
        if degree:
            assert set(np.bincount(np.concatenate([rows, cols]))) == {degree}
        if size:
            assert set(np.abs(found)) == {size}
            assert abs(found.mean()) < 4 / np.sqrt(len(found))
        else:
            assert found.std() == pytest.approx(1, abs=0.2)
    again, other = make(seed=3), make(seed=4)
    bits = np.random.default_rng(0).integers(0, 2, (5, n))
    np.testing.assert_array_equal(again.energy(bits), make(seed=3).energy(bits))
    assert (again.energy(bits) != other.energy(bits)).any()


@pytest.mark.parametrize("seed", range(3))
def test_no_state_is_below_the_planted_one(seed, all_bits):
    graph = nx.random_regular_graph(3, 12, seed=seed)
    rows, cols = np.array(graph.edges).T
    problem = instances.planted_loops(12, rows, cols, loops=6, seed=seed)
    energies = problem.qubo.energy(all_bits(12))
    assert problem.qubo.energy(problem.bits) == problem.energy == energies.min()


def test_loops_pass_by_dead_ends_and_need_a_cycle():
    # A triangle with a tail: the tail gets no coupling.
    problem = instances.planted_loops(5, [0, 1, 2, 2, 3], [1, 2, 0, 3, 4], loops=4)
    assert set(np.concatenate(problem.qubo.quadratic[:2])) <= {0, 1, 2}
    assert problem.energy == -4
    with pytest.raises(ValueError, match="must be a graph with a cycle"):
        instances.planted_loops(3, [0, 1], [1, 2], loops=1)


def test_unknown_values_are_refused():
    with pytest.raises(ValueError, match="`values` must be signs or gaussian"):
        instances.zephyr_glass(1, values="uniform")  # pyright: ignore[reportArgumentType]


def test_a_gset_file_with_blanks_and_a_longer_header(file):
    qubo = instances.read_gset(file("\n 4 3 J\n 1 2 1\n3 2 -2\n\n4 1 3 \n"))
    assert qubo.energy([0, 1, 0, 1]) == -(1 - 2 + 3)


def test_one_problem_of_an_or_library_file(file, all_bits):
    path = file("2\n2 1\n1 2 5\n3 3\n1 1 2\n2 3 -4\n3 3 1\n")
    q = np.array([[2, 0, 0], [0, 0, -4], [0, -4, 1]])
    bits = all_bits(3)
    published = np.einsum("bi,ij,bj->b", bits.astype(int), q, bits.astype(int))
    np.testing.assert_array_equal(instances.read_beasley(path, number=2).energy(bits), -published)
    assert instances.read_beasley(path).energy([1, 1]) == -10
    with pytest.raises(ValueError, match="`number` must be 1 to 2"):
        instances.read_beasley(path, number=3)


def test_a_biq_mac_file_is_minimised_as_it_stands(file):
    assert instances.read_biqmac(file("2 2\n1 1 3\n1 2 -4\n")).energy([1, 1]) == 3 - 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends where a header"),
        ("3\n", "line 1: a header"),
        ("3 2\n1 2 1\n", "ends where entry 2 of 2"),
        ("3 1\n1 2\n", "line 2: entry 1 of 1"),
        ("3 1\n1 2 x\n", "line 2: entry 1 of 1"),
        ("3 1\n1 2 nan\n", "line 2: entry 1 of 1"),
        ("3 1\n\n1 4 1\n", "line 3: indices must be 1 to 3"),
        ("3 1\n0 2 1\n", "line 2: indices must be 1 to 3"),
        ("3 1\n-1 2 1\n", "line 2: entry 1 of 1"),
        ("3 1\n1 2 1\n2 3 1\n", "line 3: no more entries"),
        ("3 1\n2 2 1\n", "node 2 has an edge to itself"),
    ],
)
def test_malformed_files_are_refused_by_name_and_line(text, message, file):
    with pytest.raises(ValueError, match=rf"instance\.txt.*{message}"):
        instances.read_gset(file(text))


@pytest.mark.skipif(not MIRROR.is_dir(), reason="QML_DATA_MIRROR holds no annealing instances")
def test_published_files_and_their_known_values():
    qubo = instances.read_gset(MIRROR / "gset" / "G43.txt")
    assert (qubo.n_variables, len(qubo.quadratic.values)) == (1000, 9990)
    samples = ChromaticAnnealing(sweeps=200).sample(qubo, reads=32, seed=0)
    assert -6660 <= samples.energies[0] <= -6660 * 0.99
    small = instances.read_biqmac(MIRROR / "bqp" / "bqp50-1.sparse")
    samples = ChromaticAnnealing(sweeps=200).sample(small, reads=64, seed=0)
    assert samples.energies[0] == -2098
