"""Permutations of the native kernels: two tables stand for an index, so two states are enough."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import entangler, expectation, explain, rotation_layer, z
from circuits.gates.constants import Constant
from circuits.simulation.engine.explain import FORWARD_STATES, GRADIENT_STATES
from circuits.simulation.engine.kernels import Scramble, apply
from circuits.simulation.native.moves import halves

pytest.importorskip("numba", reason="numba, the extra `native`, is not installed")


def test_two_permutations_stay_below_the_states_that_explain_counts():
    n = 16
    circuit = rotation_layer(n, offset=4 * n)
    for at, kind in enumerate(["ring", "chain"]):
        circuit = rotation_layer(n, offset=2 * n * at) + entangler(n, kind, "cx") + circuit
    angles = {"weights": jnp.ones(circuit.segments["weights"])}
    values = expectation(circuit, [z(0), z(1)])
    for function, limit in (
        (values, FORWARD_STATES),
        (jax.grad(lambda given: values(given).sum()), GRADIENT_STATES),
    ):
        memory = jax.jit(function).lower(angles).compile().memory_analysis()
        used = memory.temp_size_in_bytes + memory.output_size_in_bytes
        assert 1 < used / explain(circuit).state_bytes < limit


@pytest.mark.parametrize(
    ("wires", "sizes"),
    [
        ((0, 2), (8, 128)),
        ((2, 5), (64, 16)),
        ((2, 7), (4, 256)),
        ((3, 5, 6), (8, 128)),
        ((8, 9), (64, 16)),
        ((0, 9), (1, 1024)),
    ],
)
def test_two_tables_stand_for_the_index_of_any_permutation(wires, sizes):
    moves = np.random.default_rng(0).permutation(2 ** len(wires)).astype(np.int32)
    kernel = Scramble(wires, Constant(moves), Constant(np.argsort(moves).astype(np.int32)))
    high, low = halves(kernel, 10)
    assert (len(high), len(low)) == sizes
    states = jnp.arange(2**10, dtype=jnp.int32)
    whole, _ = apply(kernel, None, (states, states), 10)
    np.testing.assert_array_equal((high[:, None] ^ low).ravel(), whole)
