"""Permutations and phases of the native kernels: no table grows with the state."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import (
    GATES,
    build_circuit,
    entangler,
    expectation,
    explain,
    gate,
    permutation,
    rotation_layer,
    unitary,
    unitary_gate,
    z,
)
from circuits.gates.constants import Constant
from circuits.gates.definitions import monomial
from circuits.simulation.engine.execution import run_program
from circuits.simulation.engine.explain import FLOPS, FORWARD_STATES
from circuits.simulation.engine.kernels import Scramble, apply
from circuits.simulation.engine.permutations import flips_of
from circuits.simulation.engine.program import make_program
from circuits.simulation.native.moves import halves
from circuits.simulation.native.unrolled import fits

pytest.importorskip("numba", reason="numba, the extra `native`, is not installed")


N = 16
FAR = (0, N // 2, N - 1)
TURNED = unitary_gate(np.diag(np.exp(1j * np.arange(8))), FAR)
MIDDLES = {
    "ring": entangler(N, "ring", "cx"),
    "phases": entangler(N, "ring", "cz") + build_circuit([TURNED], N),
    "far": build_circuit([gate("ccx", *FAR), gate("cswap", *FAR), TURNED], N),
    "both": build_circuit([TURNED], N) + entangler(N, "chain", "cx"),
}


@pytest.mark.parametrize("middle", MIDDLES)
def test_one_and_a_half_states_forward_and_two_and_a_half_for_the_gradient(middle):
    circuit = rotation_layer(N) + MIDDLES[middle] + rotation_layer(N, offset=2 * N)
    values = expectation(circuit, [z(0), z(1)])
    gradient = jax.grad(lambda given: values(given).sum())
    angles = {"weights": jnp.ones(circuit.segments["weights"])}
    for function, states in ((values, 1.6), (gradient, 2.6)):
        memory = jax.jit(function).lower(angles).compile().memory_analysis()
        used = memory.temp_size_in_bytes + memory.output_size_in_bytes
        assert 1 < used / explain(circuit).state_bytes < states


def test_a_permutation_of_many_flips_stays_below_the_states_that_explain_counts():
    pairs = [(a, b) for a in range(N) for b in range(N) if a != b]
    circuit = rotation_layer(N) + build_circuit([gate("cx", *pair) for pair in pairs], N)
    circuit += rotation_layer(N, offset=2 * N)
    values = expectation(circuit, [z(0), z(1)])
    angles = {"weights": jnp.ones(circuit.segments["weights"])}
    memory = jax.jit(values).lower(angles).compile().memory_analysis()
    used = memory.temp_size_in_bytes + memory.output_size_in_bytes
    assert 1 < used / explain(circuit).state_bytes < FORWARD_STATES


def monomial_circuit(rng, n, length):
    """Gates that permute and rephase on any wires, between rotations."""
    names = [
        *["ry"] * 4,
        "cx",
        "cz",
        "swap",
        "ccx",
        "ccz",
        "cswap",
        "cs",
        "permutation",
        "diagonal",
    ]

    def one(name):
        wires = rng.permutation(n).tolist()
        if name == "permutation":
            return permutation(rng.permutation(8), wires[:3])
        if name == "diagonal":
            return unitary_gate(np.diag(np.exp(1j * rng.normal(size=8))), wires[:3])
        size = GATES[name].n_wires
        return gate(name, *wires[:size], angle=("w", rng.integers(5)) if name == "ry" else None)

    return build_circuit([one(str(name)) for name in rng.choice(names, length)], n, {"w": 5})


@pytest.mark.parametrize(("n", "length"), [(4, 25), (13, 16)])
def test_flips_and_phases_anywhere_equal_the_jax_kernels(n, length):
    rng = np.random.default_rng(n)
    program = make_program(monomial_circuit(rng, n, length), window=0)
    assert fits(program, frozenset())
    weights, angles = jnp.asarray(rng.normal(size=2**n)), {"w": jnp.asarray(rng.normal(size=5))}

    def loss(native, angles):
        real, imaginary = run_program(program, angles, "adjoint", native)
        return jnp.sum(weights * (real**2 + 0.3 * real * imaginary)), (real, imaginary)

    native, plain = (
        jax.jit(jax.grad(partial(loss, which), has_aux=True))(angles) for which in (True, False)
    )
    for got, want in zip(jax.tree.leaves(native), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["x", "cx", "swap", "ccx", "cswap"])
def test_flips_do_what_the_gate_does(name):
    wires = tuple(np.random.default_rng(1).permutation(4)[: GATES[name].n_wires].tolist())
    flips = flips_of([(wires, monomial(gate(name, *wires))[0])])
    state = np.arange(16)
    for controls, target in flips:
        holds = np.all([state >> (3 - wire) & 1 for wire in controls], axis=0)
        state = state ^ holds.astype(int) << (3 - target)
    column = np.abs(unitary(build_circuit([gate(name, *wires)], 4), {})).argmax(axis=0)
    np.testing.assert_array_equal(state, column)


def test_what_takes_many_flips_has_none():
    for wires, known in ((3, True), (4, False)):
        cycle = np.roll(np.arange(2**wires, dtype=np.int32), -1)
        flips = flips_of([(tuple(range(wires)), cycle)])
        assert flips == ((((1, 2), 0), ((2,), 1), ((), 2)) if known else None)


def test_bytes_moved_are_those_of_the_native_sweeps():
    """Tiles of 2**8 registers of 2**3 amplitudes: 16 wires take two sweeps, and one state made."""
    circuit = rotation_layer(N) + entangler(N, "ring", "cx")
    found = explain(circuit, platform="cpu")
    assert found.kernels == "native"
    assert found.bytes_moved == 2 * (1 + 2) * found.state_bytes
    assert found.flops == 16 * FLOPS * 2 * 2**N
    elsewhere = explain(circuit, platform="gpu")
    assert [name for name, *_ in elsewhere.operations].count("product") == 4
    assert elsewhere.bytes_moved == 2 * (1 + 1) * found.state_bytes


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
