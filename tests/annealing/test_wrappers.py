"""Wrappers around samplers; problems small enough for all bit strings are the oracle."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing import (
    Exhaustive,
    SimulatedAnnealing,
    SteepestDescent,
    as_coo,
    as_dense,
    qubo_from_matrix,
    qubo_from_terms,
)
from annealing.samplers.protocol import collect
from annealing.wrappers.connected_components import ConnectedComponents, components
from annealing.wrappers.parts import part_seeds, restricted
from annealing.wrappers.roof_duality import RoofDuality, certain_bits
from annealing.wrappers.spin_reversal import SpinReversal, turned

N = 7
every = (np.arange(2**N)[:, None] >> np.arange(N)) & 1


def problem(seed, sparse, density=0.6, whole=False):
    rng = np.random.default_rng(seed)
    matrix = np.triu(rng.normal(size=(N, N)) * (rng.random((N, N)) < density))
    qubo = qubo_from_matrix(np.round(2 * matrix) if whole else matrix, 0.75)
    return as_coo(qubo) if sparse else qubo


@dataclass(frozen=True)
class Stuck:
    """A sampler whose every qubit always reads 1; it writes down what it was asked."""

    asked: list

    def sample(self, qubo, *, reads, seed):
        self.asked.append((reads, seed))
        told = {"reads": reads, "seed": seed}
        info = {"effective": told, "seconds": {"sample": 0.5}, "simulated": True}
        return collect(qubo, np.ones((reads, qubo.n_variables), dtype=np.uint8), info)


@given(st.integers(0, 2**31), st.booleans(), st.integers(0, 2**N - 1))
def test_a_gauge_changes_no_energy(seed, sparse, number):
    qubo, flips = problem(seed, sparse), every[number]
    np.testing.assert_allclose(turned(qubo, flips).energy(every ^ flips), qubo.energy(every))


@given(st.integers(0, 2**31), st.booleans(), st.integers(0, 2**N - 1))
def test_variables_left_free_have_the_energies_of_the_whole(seed, sparse, number):
    qubo, chosen = problem(seed, sparse), every[number]
    rng = np.random.default_rng(seed)
    free, fixed = rng.permutation(np.flatnonzero(chosen)), rng.integers(2, size=N)
    bits = np.array([np.where(chosen, row, fixed) for row in every])
    rest = restricted(qubo, free, fixed)
    np.testing.assert_allclose(rest.energy(bits[:, free]), qubo.energy(bits), atol=1e-12)


def test_a_bias_of_the_machine_is_turned_with_the_gauge():
    asked = []
    qubo = problem(0, sparse=False)
    samples = SpinReversal(Stuck(asked), gauges=4).sample(qubo, reads=10, seed=3)
    assert [reads for reads, _ in asked] == [3, 3, 2, 2]
    assert len({seed for _, seed in asked}) == 4
    np.testing.assert_allclose(samples.energies, qubo.energy(samples.bits))
    ones = samples.occurrences @ samples.bits / 10
    assert ((ones > 0) & (ones < 1)).any()  # no longer stuck at 1
    assert samples.occurrences.sum() == 10
    assert samples.info["requested"]["gauges"] == samples.info["effective"]["gauges"] == 4
    assert samples.info["seconds"] == {"sample": 2.0}
    assert len(samples.info["wrapped"]) == len(samples.info["gauge_energies"]) == 4
    assert json.loads(json.dumps(samples.info)) == samples.info


def test_there_are_no_more_gauges_than_reads():
    samples = SpinReversal(SteepestDescent(), gauges=9).sample(problem(1, True), reads=2, seed=0)
    assert samples.info["effective"]["gauges"] == 2
    assert samples.info["requested"]["gauges"] == 9


def test_many_gauges_leave_no_bias():
    # 2000 gauges of a stuck machine: each bit is 1 in half of them, within 4 standard errors.
    samples = SpinReversal(Stuck([]), gauges=2000).sample(problem(0, False), reads=2000, seed=0)
    ones = samples.occurrences @ samples.bits / 2000
    assert (abs(ones - 0.5) < 4 * 0.5 / np.sqrt(2000)).all()


def test_bad_gauges_are_refused():
    with pytest.raises(ValueError, match="`gauges` must be a positive int"):
        SpinReversal(SteepestDescent(), gauges=0).sample(problem(0, False), reads=1, seed=0)


@pytest.mark.parametrize("seed", range(60))
def test_bits_are_certain_in_all_ground_states(seed):
    qubo = problem(seed, sparse=seed % 3 == 0, density=0.4, whole=seed % 2 == 1)
    lower_bound, fixed = certain_bits(qubo)
    energies = qubo.energy(every)
    ground = every[energies < energies.min() + 1e-9]
    assert lower_bound < energies.min() + 1e-9
    assert all((ground[:, variable] == bit).all() for variable, bit in fixed.items())


def test_enough_bits_are_certain_to_test_that():
    assert sum(len(certain_bits(problem(seed, False, 0.4))[1]) for seed in range(20)) > 40


@pytest.mark.parametrize("seed", range(8))
def test_reduced_problems_have_the_same_ground_states(seed):
    qubo = problem(seed, sparse=seed % 2 == 0, density=0.5)
    samples = RoofDuality(Exhaustive()).sample(qubo, reads=1, seed=0)
    assert samples.energies[0] == pytest.approx(qubo.energy(every).min())
    fixed = samples.info["fixed"]
    assert samples.bits[0, fixed["variables"]].tolist() == fixed["bits"]


def test_nothing_is_sampled_where_all_is_certain():
    asked = []
    samples = RoofDuality(Stuck(asked)).sample(
        qubo_from_matrix(np.diag([1.0, -2, 3]), 0.5), reads=6, seed=1
    )
    assert asked == []
    assert samples.bits.tolist() == [[0, 1, 0]]
    assert samples.occurrences.tolist() == [6]
    assert samples.info["effective"] == {"reads": 6, "seed": None}
    assert samples.info["lower_bound"] == pytest.approx(-1.5)


def test_nothing_is_certain_without_fields(spin_glass):
    inner = SimulatedAnnealing(sweeps=20)
    samples = RoofDuality(inner).sample(spin_glass(8), reads=5, seed=4)
    assert samples.info["fixed"]["variables"] == []
    np.testing.assert_array_equal(samples.bits, inner.sample(spin_glass(8), reads=5, seed=4).bits)


def test_components_are_found():
    terms = {(0, 5): 1.0, (5, 3): -1.0, (1, 2): 2.0, (4, 6): 0.0, (6,): 1.0}
    groups = [group.tolist() for group in components(qubo_from_terms(terms))]
    assert groups == [[0, 3, 5], [1, 2], [4, 6]]  # a coupling of zero couples nothing
    assert [g.tolist() for g in components(as_dense(qubo_from_terms(terms)))] == groups


@pytest.mark.parametrize("sparse", [True, False])
def test_the_best_of_each_component_is_the_best_of_all(sparse):
    rng = np.random.default_rng(5)
    blocks = np.kron(np.eye(6), np.ones((4, 4))) * rng.normal(size=(24, 24))
    order = rng.permutation(24)
    qubo = qubo_from_matrix(blocks[np.ix_(order, order)], 1.0)
    qubo = as_coo(qubo) if sparse else qubo
    exact = Exhaustive().sample(qubo, reads=1, seed=0)
    samples = ConnectedComponents(Exhaustive()).sample(qubo, reads=20, seed=0)
    assert samples.energies[0] == pytest.approx(exact.energies[0])
    np.testing.assert_array_equal(samples.bits[0], exact.bits[0])
    assert samples.info["components"] == [4] * 6
    assert samples.occurrences.sum() == 20  # of a component of 16 states each stands for several


def test_seeds_of_parts_differ_and_are_seeds():
    seeds = part_seeds(7, 1000)
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seeds != part_seeds(8, 1000)
