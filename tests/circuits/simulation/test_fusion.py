"""The engine against the dense matrix: every gate, fused, scanned, batched, differentiated."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import (
    GATES,
    amplitudes_from,
    build_circuit,
    diagonal,
    evolution,
    expectation,
    gate,
    generated,
    inverse,
    pauli,
    permutation,
    probabilities,
    product_state,
    reuploading,
    state,
    unitary,
    unitary_gate,
    z,
)
from circuits.simulation.engine.execution import run_program
from circuits.simulation.engine.fusion import Dense, Monomial, fuse
from circuits.simulation.engine.kernels import Matrix, Permutation
from circuits.simulation.engine.program import find_period, make_program


def random_unitary(rng, size):
    return np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))[0]


def random_circuit(seed, n=4, repeats=1):
    """All named gates and gates with data in random order on random wires."""
    rng = np.random.default_rng(seed)
    hermitian = random_unitary(rng, 4)
    gates = []
    for name in rng.permutation(list(GATES)):
        wires = rng.permutation(n)[: GATES[str(name)].n_wires]
        angle = [("w", rng.integers(5)), ("x", rng.integers(3), -0.7), rng.uniform(-4, 4)]
        parametric = GATES[str(name)].generator is not None
        gates.append(gate(str(name), *wires, angle=angle[rng.integers(3)] if parametric else None))
    pairs = [tuple(int(w) for w in rng.permutation(n)[:2]) for _ in range(4)]
    gates += [
        unitary_gate(random_unitary(rng, 4), pairs[0]),
        generated(hermitian + hermitian.conj().T, pairs[1], angle=("w", 0)),
        diagonal(rng.normal(size=8), (3, 0, 2), angle=("x", 1)),
        permutation(rng.permutation(8), (2, 3, 1)),
        *evolution(pauli("XYZ", (0, 3, 1)), ("w", 2)),
    ]
    gates = [gates[i] for i in rng.permutation(len(gates))]
    return build_circuit(gates * repeats, n, {"w": 5, "x": 3})


def random_angles(seed):
    rng = np.random.default_rng(seed)
    return {"w": jnp.asarray(rng.normal(size=5)), "x": jnp.asarray(rng.normal(size=3))}


def first_column(circuit, angles):
    return unitary(circuit, angles)[:, 0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [1, 2, 4])
def test_every_gate_fused_is_the_dense_matrix(seed, width):
    circuit, angles = random_circuit(seed), random_angles(seed)
    program = make_program(circuit, width)
    real, imaginary = jax.jit(partial(run_program, program))(angles)
    np.testing.assert_allclose(
        np.asarray(real) + 1j * np.asarray(imaginary), first_column(circuit, angles), atol=1e-12
    )


@pytest.mark.parametrize("seed", range(2))
def test_single_precision_gives_the_same_to_its_rounding(seed):
    circuit, angles = random_circuit(seed), random_angles(seed)
    with jax.enable_x64(False):
        single = {name: jnp.asarray(np.asarray(x), jnp.float32) for name, x in angles.items()}
        psi = np.asarray(jax.jit(state(circuit))(single)).ravel()
        mapped = jax.vmap(lambda x: state(circuit)(single | {"x": x}))(jnp.stack([single["x"]] * 3))
    assert psi.dtype == np.complex64
    np.testing.assert_allclose(psi, first_column(circuit, angles), atol=2e-6)
    np.testing.assert_allclose(np.asarray(mapped)[2].ravel(), psi, atol=2e-6)


def test_repeated_layers_are_scanned_and_give_the_same():
    circuit, angles = random_circuit(7, repeats=3), random_angles(7)
    program = make_program(circuit)
    assert len(program.repeats) >= 2
    np.testing.assert_allclose(
        state(circuit)(angles).ravel(), first_column(circuit, angles), atol=1e-12
    )


def test_a_mapped_circuit_gives_what_its_samples_give_one_by_one():
    circuit, angles = random_circuit(3), random_angles(3)
    rows = jnp.asarray(np.random.default_rng(1).normal(size=(5, 3)))
    function = expectation(circuit, [z(0), pauli("XY", (1, 2))])
    mapped = jax.vmap(lambda x: function(angles | {"x": x}))(rows)
    single = jnp.stack([function(angles | {"x": x}) for x in rows])
    np.testing.assert_allclose(mapped, single, atol=1e-12)


def test_nested_maps_are_one_batch_of_both():
    circuit = reuploading(2, 2, 2)
    function = expectation(circuit, z(0))
    rng = np.random.default_rng(0)
    weights = jnp.asarray(rng.normal(size=(3, circuit.segments["weights"])))
    inputs = jnp.asarray(rng.normal(size=(4, circuit.segments["inputs"])))
    both = jax.vmap(lambda w: jax.vmap(lambda x: function({"weights": w, "inputs": x}))(inputs))(
        weights
    )
    for i, w in enumerate(weights):
        for j, x in enumerate(inputs):
            single = function({"weights": w, "inputs": x})
            np.testing.assert_allclose(both[i, j], single, atol=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_adjoint_and_reverse_gradients_agree_and_so_do_higher_derivatives(seed):
    whole, angles = random_circuit(seed, n=4), random_angles(seed)
    circuit = build_circuit(whole.gates[seed::3], 4, whole.segments)
    program = make_program(circuit, 2)
    weights = jnp.asarray(np.random.default_rng(seed).normal(size=2**4))

    def loss(method, angles):
        real, imaginary = run_program(program, angles, method)
        return jnp.sum(weights * (real**2 + 0.3 * real * imaginary))

    reverse = jax.jit(jax.grad(partial(loss, "reverse")))(angles)
    adjoint = jax.jit(jax.grad(partial(loss, "adjoint")))(angles)
    forward = jax.jit(jax.jacfwd(partial(loss, "adjoint")))(angles)
    for name in angles:
        np.testing.assert_allclose(adjoint[name], reverse[name], atol=1e-10)
        np.testing.assert_allclose(forward[name], reverse[name], atol=1e-10)


def test_hessians_agree_in_all_orders_of_differentiation():
    gates = [
        gate("ry", 0, angle=("weights", 0)),
        gate("cx", 0, 1),
        gate("rx", 1, angle=("weights", 1)),
    ]
    circuit = build_circuit([*gates, gate("rzz", 0, 1, angle=("weights", 0)), gate("h", 0)])
    angles = {"weights": jnp.array([0.3, 1.1])}

    def value(w):
        return expectation(circuit, z(0))(angles | {"weights": w})[0]

    w = angles["weights"]
    modes = [(a, b) for a in (jax.jacfwd, jax.jacrev) for b in (jax.jacfwd, jax.jacrev)]
    first, *others = jax.jit(lambda w: [outer(inner(value))(w) for outer, inner in modes])(w)
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-10)


def test_a_circuit_and_its_inverse_return_to_zero():
    circuit, angles = random_circuit(5), random_angles(5)
    back = probabilities(circuit + inverse(circuit))(angles)
    np.testing.assert_allclose(back[0], 1, atol=1e-12)


def test_amplitudes_start_the_state_and_are_differentiable():
    gates = [amplitudes_from("a", (2, 0)), gate("h", 1), gate("cx", 1, 2)]
    circuit = build_circuit(gates, 3)
    entries = jnp.array([1.0, -2.0, 0.5, 3.0])
    small = entries / jnp.linalg.norm(entries)
    psi = state(circuit)({"a": entries})
    # Wire 2 is the high bit of the prepared vector, wire 0 the low one; wire 1 is |+>.
    expected = np.zeros((2, 2, 2))
    for high in range(2):
        for low in range(2):
            for control in range(2):
                expected[low, control, high ^ control] += small[2 * high + low] / np.sqrt(2)
    np.testing.assert_allclose(psi, expected, atol=1e-12)
    gradient = jax.grad(lambda a: expectation(circuit, z(0))({"a": a})[0])(entries)
    np.testing.assert_allclose(gradient @ entries, 0, atol=1e-12)  # the norm does not matter
    rows = jnp.stack([entries, 2 * entries, entries[::-1]])
    mapped = jax.vmap(lambda a: state(circuit)({"a": a}))(rows)
    np.testing.assert_allclose(mapped[1], psi, atol=1e-12)


def test_a_product_state_is_prepared_without_entangling_gates():
    vectors = [np.array([1, 1j]) / np.sqrt(2), np.array([0.6, -0.8])]
    circuit = build_circuit(product_state(vectors))
    np.testing.assert_allclose(state(circuit)({}).ravel(), np.kron(*vectors), atol=1e-12)


def test_a_layered_circuit_is_one_stage_of_each_kind_a_layer():
    stages = fuse(reuploading(4, 3, 4).gates)
    assert [type(stage) for stage in stages] == [Dense, Monomial] * 3
    assert all(len(stage.blocks) == 4 for stage in stages if isinstance(stage, Dense))


def test_a_ring_of_cnots_is_one_permutation_of_two_short_tables():
    program = make_program(build_circuit([gate("cx", q, (q + 1) % 6) for q in range(6)]))
    (op,) = program.after or program.before
    assert isinstance(op.kernel, Permutation)
    assert [len(table.array) for table in op.kernel.tables] == [8, 8]


def test_wires_are_joined_up_to_the_width_and_batched_ones_are_not():
    circuit = build_circuit([gate("ry", q, angle=("x", q)) for q in range(4)])

    def widths(**options):
        return [len(op.kernel.wires) for op in make_program(circuit, **options).before]

    assert widths(width=4) == [4]
    assert widths(width=3) == [3, 1]
    assert widths(width=4, batched=frozenset("x")) == [1, 1, 1, 1]
    assert isinstance(make_program(circuit).before[0].kernel, Matrix)


@pytest.mark.parametrize(
    ("series", "period"),
    [("ababab", (0, 2, 3)), ("xxabcabcy", (2, 3, 2)), ("abcd", (0, 0, 0)), ("", (0, 0, 0))],
)
def test_the_period_that_covers_most_is_found(series, period):
    assert find_period(series) == period


def test_the_program_does_not_grow_with_depth():
    sizes = [
        len(
            jax.make_jaxpr(state(reuploading(3, layers, 3)))(
                {"inputs": jnp.zeros(3 * layers), "weights": jnp.zeros(6 * layers)}
            )
            .pretty_print()
            .splitlines()
        )
        for layers in (4, 40)
    ]
    lowered = [
        jax.jit(state(reuploading(3, layers, 3)))
        .lower({"inputs": jnp.zeros(3 * layers), "weights": jnp.zeros(6 * layers)})
        .as_text()
        .count("\n")
        for layers in (4, 40)
    ]
    assert sizes[0] == sizes[1]
    assert lowered[1] <= 1.05 * lowered[0]


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ([gate("reset", 0)], "'reset' on (0,) is not unitary"),
        ([gate("x", 0, condition=(0, 1))], "'x' on (0,) has a condition"),
        ([gate("x", 0), gate("amplitudes", 0, data=[1, 0])], "put it first"),
    ],
)
def test_what_has_no_pure_state_is_refused_by_name(gates, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        state(build_circuit(gates))
