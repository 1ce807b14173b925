"""The compiled loops: that they agree with the definitions, and what does not change the reads."""

import numpy as np
import pytest

from annealing import (
    Budget,
    ChromaticAnnealing,
    MultiSpinAnnealing,
    qubo_from_ising,
    qubo_from_terms,
    steepest_descent,
)
from annealing.qubo import Coo
from annealing.samplers.graphs import Ising, ising
from annealing.samplers.native import calls, tables

numba = pytest.importorskip("numba", reason="numba, the extra `native`, is not installed")

BOTH = [ChromaticAnnealing, MultiSpinAnnealing]


def glass(n, degree, seed, values=(-1.0, 1.0), fields=(0.0,)):
    """Each spin coupled to the next `degree` of a ring."""
    rng = np.random.default_rng(seed)
    pairs = [(i, (i + step) % n) for i in range(n) for step in range(1, degree + 1)]
    terms = {pair: rng.choice(values) for pair in pairs}
    return qubo_from_ising(rng.choice(fields, n), terms)


def test_bonds_hold_the_weights_in_binary_digits():
    h, J = np.array([0, -5, 2]), Coo(np.array([0, 0]), np.array([1, 2]), np.array([3, -6]))
    table = tables.bonds(h, J, 7)
    held = np.zeros((3, 4), int)
    for i in range(3):
        for digit in range(table.first.shape[1] - 1):
            for k in range(table.first[i, digit], table.first[i, digit + 1]):
                held[i, table.near[k]] += (-1 if table.like[k] else 1) << digit
    assert held[0, 1:3].tolist() == held[1:3, 0].tolist() == [3, -6]
    assert held[:, 3].tolist() == h.tolist()
    assert table.totals.tolist() == [9, 8, 8]
    assert (np.diag(held) > 0).all()  # what fills up the sevens: unlike itself, never satisfied


def test_streams_depend_on_their_counter_alone_and_differ():
    one, other = calls.counters_of(3, 0, 64, 1), calls.counters_of(3, 32, 64, 1)
    first, second = tables.streams(one, 2), tables.streams(other, 2)
    np.testing.assert_array_equal(first[:, 32:], second[:, :32])
    every = np.concatenate(
        [tables.streams(calls.counters_of(seed, 0, 500, 1), 2) for seed in (0, 1)]
    )
    assert len(np.unique(every)) == every.size


@pytest.mark.parametrize("sampler", BOTH)
def test_blocks_threads_and_memory_do_not_change_the_reads(sampler, monkeypatch):
    qubo = glass(30, 3, 0)
    many = sampler(sweeps=70, kernel="native").sample(qubo, reads=1100, seed=5)
    monkeypatch.setattr(calls, "cores", lambda: 3)
    less = Budget(memory=2**16)
    parts = sampler(sweeps=70, kernel="native", budget=less).sample(qubo, reads=1100, seed=5)
    few = sampler(sweeps=70, kernel="native").sample(qubo, reads=40, seed=5)
    np.testing.assert_array_equal(many.bits, parts.bits)
    np.testing.assert_array_equal(many.occurrences, parts.occurrences)
    assert {bits.tobytes() for bits in few.bits} <= {bits.tobytes() for bits in many.bits}


@pytest.mark.parametrize("sampler", BOTH)
def test_the_kernel_is_named_and_both_reach_the_same_mean_energy(sampler):
    qubo, means = glass(16, 2, 1, (-2.0, 3.0), (-1.0, 0.0, 2.0)), []
    for kernel in ("native", "jax"):
        samples = sampler(sweeps=60, kernel=kernel).sample(qubo, reads=512, seed=1)
        assert samples.info["effective"]["kernel"] == kernel
        assert samples.info["requested"]["kernel"] == kernel
        spread = np.repeat(samples.energies, samples.occurrences)
        means.append((spread.mean(), spread.var() / 512))
    (one, error), (other, more) = means
    assert abs(one - other) < 4 * np.sqrt(error + more)


@pytest.mark.parametrize("sampler", BOTH)
def test_wide_neighbourhoods_and_large_weights(sampler):
    # All spins like each other: two ground states, whose energy is the sum of the couplings.
    n = 45
    rows, cols = np.triu_indices(n, 1)
    weights = -np.random.default_rng(0).integers(1, 16, len(rows)).astype(float)
    qubo = qubo_from_ising(np.zeros(n), Coo(rows, cols, weights))
    samples = sampler(sweeps=50, kernel="native").sample(qubo, reads=64, seed=0)
    assert samples.energies[0] == pytest.approx(weights.sum())
    assert len(samples.bits) == 2


@pytest.mark.parametrize("dense", [False, True])
def test_descents_end_where_those_in_jax_do(dense):
    rng = np.random.default_rng(2)
    J = Coo(*np.triu_indices(20, 1), rng.normal(size=190))
    qubo = qubo_from_ising(rng.normal(size=20), J)
    starts = rng.integers(0, 2, (50, 20)).astype(np.uint8)
    model = ising(qubo)
    polish = calls.descent(model, np.zeros(20), dense)
    np.testing.assert_array_equal(polish(starts, 10**6), steepest_descent(qubo, starts))
    np.testing.assert_array_equal(polish(starts, 0), starts)
    once = qubo.energy(polish(starts, 1)) - qubo.energy(starts)
    flipped = [
        qubo.energy(starts ^ row) - qubo.energy(starts) for row in np.eye(20, dtype=np.uint8)
    ]
    np.testing.assert_allclose(once, np.minimum(0, np.min(flipped, axis=0)), atol=1e-9)


@pytest.mark.parametrize("rule", ["metropolis", "gibbs"])
def test_cold_and_hot_ends_neither_overflow_nor_freeze(rule):
    qubo = qubo_from_terms({(0,): -1e6, (1,): 1e6, (0, 2): 1e-6}, n=3)
    cold = ChromaticAnnealing(sweeps=5, beta_range=(1e3, 1e9), rule=rule, kernel="native")
    assert cold.sample(qubo, reads=64, seed=0).bits.tolist() == [[1, 0, 0]]
    hot = ChromaticAnnealing(
        sweeps=9, beta_range=(1e-12, 1e-12), rule=rule, polish=False, kernel="native"
    ).sample(qubo, reads=640, seed=0)
    assert np.average(hot.bits, axis=0, weights=hot.occurrences) == pytest.approx(0.5, abs=0.1)


def test_an_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match="`kernel` must be auto, native or jax"):
        ChromaticAnnealing(kernel="cuda").sample(  # pyright: ignore[reportArgumentType]
            qubo_from_terms({(0, 1): 1.0}), reads=1, seed=0
        )


def test_without_numba_auto_is_jax_and_native_is_refused(monkeypatch):
    monkeypatch.setattr(calls, "available", lambda: False)
    assert calls.picked_kernel("auto") == "jax"
    with pytest.raises(ValueError, match="pip install 'qml-offload"):
        calls.picked_kernel("native")


def test_no_fields_no_couplings_no_variables():
    assert Ising(*ising(qubo_from_terms({}, n=0))).h.size == 0
    for sampler in BOTH:
        samples = sampler(sweeps=3, kernel="native").sample(
            qubo_from_terms({}, n=0), reads=4, seed=0
        )
        assert samples.occurrences.tolist() == [4]
        free = sampler(sweeps=3, kernel="native").sample(
            qubo_from_terms({}, n=2), reads=640, seed=0
        )
        assert free.occurrences.min() > 100
