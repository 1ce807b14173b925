"""Matrices of fused blocks, and the waves they are summed from, against dense matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import (
    GATES,
    build_circuit,
    evolution,
    expectation,
    gate,
    generated,
    pauli,
    unitary,
    z,
)
from circuits.gates.host_matrices import host_matrix
from circuits.simulation.engine.choice import choose
from circuits.simulation.engine.fusion import Block
from circuits.simulation.engine.matrices import block_matrices, place_blocks
from circuits.simulation.engine.waves import product_terms, sections, waves

ANGLES = {"w": np.array([0.3, -1.2, 2.0, 0.7]), "x": np.array([[0.5, 1.5, -0.4], [0.1, 3.0, 2.2]])}


def dense(block, sample=0):
    local = [item._replace(wires=tuple(map(block.wires.index, item.wires))) for item in block.gates]
    circuit = build_circuit(local, len(block.wires), {"w": 4, "x": 2})
    return np.asarray(unitary(circuit, ANGLES | {"x": ANGLES["x"][:, sample]}))


def rotations(wire, count):
    names = ("rx", "rz", "ry")
    return tuple(gate(names[i % 3], wire, angle=("w", i % 4, 0.5 + i)) for i in range(count))


BLOCKS = {
    "one rotation": Block((2,), (gate("ry", 2, angle=("w", 1)),)),
    "constants": Block((1,), (gate("h", 1), gate("t", 1), gate("sx", 1))),
    "a number as an angle": Block((1,), (gate("rx", 1, angle=0.4), gate("h", 1))),
    "more terms than one sum holds": Block((0,), rotations(0, 14)),
    "two wires": Block(
        (1, 3),
        (
            *rotations(3, 2),
            gate("crx", 3, 1, angle=("w", 2)),
            gate("h", 1),
            gate("givens", 1, 3, angle=("w", 0, -2.0)),
        ),
    ),
    "three wires": Block(
        (0, 1, 2),
        (
            generated(np.diag(np.arange(8.0)) + np.ones((8, 8)), (2, 0, 1), angle=("w", 3)),
            *rotations(1, 2),
        ),
    ),
    "a batch": Block((0,), (gate("h", 0), gate("rx", 0, angle=("x", 1)), *rotations(0, 1))),
    "a batch in a long product": Block(
        (0, 1),
        (*rotations(0, 7), gate("rxx", 0, 1, angle=("x", 0)), gate("ry", 1, angle=("x", 1))),
    ),
    "a batch on three wires": Block(
        (0, 1, 2), (gate("ccx", 2, 0, 1), gate("rx", 1, angle=("x", 0)), gate("h", 2))
    ),
}


@pytest.mark.parametrize("columns", [None, 1])
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_the_products_of_their_gates(name, columns):
    block = BLOCKS[name]
    (made,) = jax.jit(lambda angles: block_matrices(place_blocks([block]), angles, columns))(ANGLES)
    got = np.asarray(made)[0, 0] + 1j * np.asarray(made)[0, 1]
    batched = any(getattr(item.angle, "segment", "") == "x" for item in block.gates)
    want = [dense(block, sample)[:, :columns] for sample in range(3 if batched else 1)]
    np.testing.assert_allclose(got, np.stack(want, -1) if batched else want[0], atol=1e-13)


def test_blocks_of_one_recipe_stand_in_one_array():
    blocks = [Block((q,), (gate("rx", q, angle=("w", q)), gate("h", q))) for q in range(4)]
    places = place_blocks([*blocks, BLOCKS["constants"], blocks[2]])
    assert [len(group) for group in places.groups] == [4, 1]
    arrays = block_matrices(places, ANGLES)
    real, imaginary = map(np.asarray, places.take(arrays, blocks[1:3]))
    for row, block in enumerate(blocks[1:3]):
        np.testing.assert_allclose(real[row] + 1j * imaginary[row], dense(block), atol=1e-14)


@pytest.mark.parametrize("name", [n for n in GATES if GATES[n].n_wires <= 2])
def test_waves_of_every_named_gate_add_up_to_its_matrix(name):
    turned = GATES[name].generator is not None
    item = gate(name, *range(GATES[name].n_wires), angle=0.7 if turned else None)
    frequencies, matrices = waves(item)
    turns = 0.7 * np.array(frequencies)
    factors = [*np.cos(turns), *np.sin(turns[turns != 0])] if turned else [1.0]
    want = host_matrix(item, 0.7)
    np.testing.assert_allclose(np.einsum("s,sab->ab", factors, matrices), want, atol=1e-14)


def test_waves_of_a_generator_with_close_eigenvalues_are_told_apart():
    item = generated(np.diag([1.0, 1.0 + 1e-6, -1.0, 0.0]), (0, 1), angle=0.3)
    assert len(waves(item).frequencies) == 3
    (rotation,) = evolution(pauli("XY", (0, 1)), 0.2)
    assert waves(rotation).frequencies == (1.0,)


def test_long_products_are_divided_and_no_gate_is_lost():
    gates = [*rotations(0, 9), gate("h", 0)]
    assert [i for part in sections(gates) for i in part] == list(range(10))
    assert product_terms(gates[:6], (0,)).shape == (2,) * 6 + (2, 2)


def test_one_matrix_for_a_batch_and_its_gradient_are_those_of_single_samples():
    """With 300 samples of 3 qubits, the inputs' gates become product states of their own."""
    gates = [gate("ry", q, angle=("x", q)) for q in range(3)]
    for layer in range(2):
        gates += [gate("rx", q, angle=("w", 3 * layer + q)) for q in range(3)]
        gates += [gate("rz", q, angle=("w", q)) for q in range(3)] + [gate("cx", 0, 2)]
    circuit = build_circuit(gates, 3)
    assert choose(circuit, frozenset("x"), 300, True, "cpu").shared
    rng = np.random.default_rng(0)
    w, x = jnp.asarray(rng.normal(size=6)), jnp.asarray(rng.normal(size=(300, 3)))
    value = expectation(circuit, [z(0), pauli("XY", (1, 2))])

    def loss(w, x):
        return jnp.sum(jax.vmap(lambda row: value({"w": w, "x": row}))(x) ** 2)

    parts = [x[at : at + 30] for at in range(0, 300, 30)]
    both = jax.jit(jax.grad(loss, (0, 1)))
    want = [both(w, part) for part in parts]
    got = both(w, x)
    np.testing.assert_allclose(got[0], sum(each[0] for each in want), atol=1e-11)
    np.testing.assert_allclose(got[1], jnp.concatenate([each[1] for each in want]), atol=1e-11)
    np.testing.assert_allclose(jax.jit(jax.grad(loss))(w, x), got[0], atol=1e-11)


@pytest.mark.parametrize("interleaved", [False, True])
def test_a_batch_that_enters_first_is_shared_whatever_stands_between(interleaved):
    gates = [gate("ry", q, angle=("x", q)) for q in range(2)]
    gates += [gate("rx", 0, angle=("w", 0))]
    gates += [gate("ry", 0, angle=("x", 0))] * interleaved + [gate("cx", 0, 1)]
    chosen = choose(build_circuit(gates, 2), frozenset("x"), 300, True, "cpu")
    first = chosen.program.before[0].blocks[0]
    assert chosen.shared
    assert len(first.gates) == (3 if interleaved else 1)
