"""Matrix product states against dense states, and against closed forms of long chains."""

import json

import jax
import numpy as np
import pytest

from circuits import (
    GATES,
    build_circuit,
    entangler,
    gate,
    matrix,
    pauli,
    rotation_layer,
    unitary,
    z,
)
from circuits.backends import MatrixProduct
from circuits.simulation.chains.matrix_product import MatrixProductState, matrix_product_state
from circuits.simulation.chains.measurement import (
    chain_amplitude,
    chain_expectation,
    chain_overlap,
    chain_samples,
)
from circuits.simulation.chains.steps import ALL_RIGHT, CUT, RIGHT, chain_steps

OBSERVABLES = (
    z(0),
    0.7 * pauli("XY", (0, 3)) + -1.3 * pauli("YZ", (1, 0)) + z(2) + 0.4,
    pauli("ZXYZ", (0, 1, 2, 3)),
    pauli("", ()),
)


def run(circuit, angles, bond=64):
    return jax.jit(matrix_product_state(circuit, bond))(angles)


def dense_state(chain: MatrixProductState):
    vectors = np.eye(1, chain.tensors.shape[1])
    for tensor in np.asarray(chain.tensors):
        vectors = np.einsum("xl,lpr->xpr", vectors, tensor).reshape(-1, tensor.shape[-1])
    return vectors[:, 0]


def dense_values(circuit, angles, observables):
    psi = unitary(circuit, angles)[:, 0]
    operators = [matrix(item, circuit.n_qubits) for item in observables]
    return np.array([(psi.conj() @ each @ psi).real for each in operators])


def layers(n_qubits, depth, kind="chain"):
    """Rotations and entanglers; the weights fill one segment."""
    circuit = build_circuit([], n_qubits)
    for layer in range(depth):
        circuit += rotation_layer(n_qubits, offset=2 * n_qubits * layer)
        circuit += entangler(n_qubits, kind)
    return circuit


def random_weights(circuit, seed=0):
    return np.random.default_rng(seed).uniform(-3, 3, circuit.segments["weights"])


def ghz(n_qubits):
    flips = [gate("cx", wire, wire + 1) for wire in range(n_qubits - 1)]
    return build_circuit([gate("h", 0), *flips])


@pytest.fixture(scope="module")
def every_gate():
    """Every named gate and some with data, in random order on random wires of 5 qubits."""
    rng = np.random.default_rng(3)
    gates = [
        gate("evolution", 4, 0, 2, angle=("w", 0, -0.7), data="XZY"),
        gate("diagonal", 3, 1, angle=("w", 1), data=rng.normal(size=4)),
        gate("permutation", 4, 2, 0, data=rng.permutation(8)),
    ]
    for place, name in enumerate(GATES):
        angle = None if GATES[name].generator is None else ("w", place)
        gates.append(gate(name, *rng.permutation(5)[: GATES[name].n_wires], angle=angle))
    shuffled = [gates[place] for place in rng.permutation(len(gates))]
    circuit = build_circuit(shuffled, 5, segments={"w": len(GATES)})
    return circuit, {"w": rng.uniform(-3, 3, len(GATES))}


@pytest.fixture(scope="module")
def chain_of_every_gate(every_gate):
    return run(*every_gate)


def test_states_of_all_gates_on_all_wires_equal_dense_matrices(every_gate, chain_of_every_gate):
    chain = chain_of_every_gate
    assert chain.tensors.shape == (5, 4, 2, 4)
    np.testing.assert_allclose(dense_state(chain), unitary(*every_gate)[:, 0], atol=1e-13)
    assert 0 <= chain.discarded < 1e-25


def test_expectations_equal_those_of_dense_matrices(every_gate, chain_of_every_gate):
    values = chain_expectation(chain_of_every_gate, OBSERVABLES)
    np.testing.assert_allclose(values, dense_values(*every_gate, OBSERVABLES), atol=1e-13)


@pytest.mark.parametrize("n_qubits", [1, 2])
def test_short_chains_equal_dense_matrices(n_qubits):
    circuit = layers(n_qubits, 2)
    angles = {"weights": random_weights(circuit)}
    wanted = unitary(circuit, angles)[:, 0]
    np.testing.assert_allclose(dense_state(run(circuit, angles)), wanted, atol=1e-14)


def test_a_circuit_without_gates_is_the_zero_state():
    chain = matrix_product_state(build_circuit([], 3))({})
    assert chain_amplitude(chain, [0, 0, 0]) == 1
    assert chain.discarded == 0


@pytest.mark.parametrize("bond", [1, 2, 3])
def test_the_centre_is_in_every_block_that_is_cut(every_gate, bond):
    centre = bond.bit_length() - 1
    for kind, site, item in chain_steps(every_gate[0], bond):
        if item is None:
            assert centre == (site if kind == RIGHT else site + 1)
            centre = site + (kind == RIGHT)
        elif CUT in kind:
            assert site <= centre <= site + len(item.wires) - 1
            centre = site + len(item.wires) - 1 - kind.count(ALL_RIGHT)


def test_gradients_through_truncation_equal_finite_differences():
    circuit = layers(6, 3)
    weights = random_weights(circuit)
    observable = pauli("XZ", (1, 4)) + z(2)

    def value(weights):
        chain = matrix_product_state(circuit, bond=3)({"weights": weights})
        return chain_expectation(chain, observable)[0], chain.discarded

    evaluate = jax.jit(jax.value_and_grad(value, has_aux=True))
    (_, discarded), found = evaluate(weights)
    assert discarded > 1e-3
    step = 1e-5 * np.random.default_rng(1).normal(size=weights.shape)
    (ahead, _), _ = evaluate(weights + step)
    (behind, _), _ = evaluate(weights - step)
    np.testing.assert_allclose(found @ step, (ahead - behind) / 2, rtol=1e-6)


def test_a_truncation_cuts_the_smallest_schmidt_values_and_no_more():
    """Only the last gate makes a bond above 2: Eckart and Young tell its error."""
    rng = np.random.default_rng(0)
    blocks = [
        np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0] for _ in "123"
    ]
    pairs = zip(blocks, [(0, 1), (2, 3), (1, 2)], strict=True)
    circuit = build_circuit([gate("unitary", *wires, data=block) for block, wires in pairs])
    exact = unitary(circuit, {})[:, 0]
    cut = np.sum(np.linalg.svd(exact.reshape(4, 4), compute_uv=False)[2:] ** 2)
    chain = run(circuit, {}, bond=2)
    assert cut > 1e-3
    np.testing.assert_allclose(chain.discarded, cut, rtol=1e-12)
    np.testing.assert_allclose(abs(np.vdot(dense_state(chain), exact)) ** 2, 1 - cut, rtol=1e-12)


def test_the_reported_weight_follows_the_infidelity():
    circuit = layers(6, 3)
    angles = {"weights": random_weights(circuit)}
    chain = run(circuit, angles, bond=3)
    found = dense_state(chain)
    infidelity = 1 - abs(np.vdot(found, unitary(circuit, angles)[:, 0])) ** 2
    np.testing.assert_allclose(np.linalg.norm(found), 1, atol=1e-13)
    assert infidelity > 1e-3
    assert 0.5 < chain.discarded / infidelity < 2


def test_ghz_states_of_100_qubits_have_bond_two():
    chain = run(ghz(100), {}, bond=2)
    ends = [pauli("ZZ", (0, 99)), z(50), pauli("X" * 100, range(100)), pauli("YX", (3, 4))]
    np.testing.assert_allclose(chain_expectation(chain, ends), [1, 0, 1, 0], atol=1e-12)
    amplitudes = [chain_amplitude(chain, [bit] * 100) for bit in (0, 1)]
    np.testing.assert_allclose(np.abs(amplitudes), np.sqrt(0.5), atol=1e-12)
    assert abs(chain_amplitude(chain, [0] * 99 + [1])) < 1e-14
    bits = chain_samples(chain, jax.random.key(0), 200)
    assert bits.shape == (200, 100)
    assert np.all(bits == bits[:, :1])
    assert 60 < bits[:, 0].sum() < 140


def test_products_of_100_rotations_are_exact_at_bond_one():
    angles = np.linspace(0, 3, 100)
    circuit = build_circuit([gate("ry", wire, angle=("w", wire)) for wire in range(100)])
    chain = run(circuit, {"w": angles}, bond=1)
    values = chain_expectation(chain, [z(7), pauli("XX", (10, 90))])
    wanted = [np.cos(angles[7]), np.sin(angles[10]) * np.sin(angles[90])]
    np.testing.assert_allclose(values, wanted, atol=1e-13)


def test_an_ising_quench_of_60_qubits_follows_the_closed_form():
    """From ``|+...+>`` under ``sum Z Z`` alone, each neighbour turns ``X_j`` by 2 t."""
    n_qubits, time = 60, 0.37
    gates = [gate("h", wire) for wire in range(n_qubits)]
    gates += [gate("rzz", wire, wire + 1, angle=("t", 0, 2.0)) for wire in range(n_qubits - 1)]
    circuit = build_circuit(gates)

    chain = run(circuit, {"t": np.array([time])}, bond=2)
    values = chain_expectation(chain, [pauli("X", 30), pauli("YZ", (30, 31)), pauli("X", 0)])
    wanted = [np.cos(2 * time) ** 2, np.sin(2 * time) * np.cos(2 * time), np.cos(2 * time)]
    np.testing.assert_allclose(values, wanted, atol=1e-12)


def test_overlaps_and_amplitudes_equal_those_of_dense_states(chain_of_every_gate):
    first, second = chain_of_every_gate, run(ghz(5), {}, bond=3)
    wanted = np.vdot(dense_state(first), dense_state(second))
    np.testing.assert_allclose(chain_overlap(first, second), wanted, atol=1e-14)
    amplitude = chain_amplitude(first, [0, 1, 1, 0, 1])
    np.testing.assert_allclose(amplitude, dense_state(first)[0b01101], atol=1e-14)


def test_samples_follow_the_distribution(chain_of_every_gate):
    bits = np.asarray(chain_samples(chain_of_every_gate, jax.random.key(1), 4000))
    counts = np.bincount(np.packbits(bits, axis=1)[:, 0] >> 3, minlength=32)
    chances = np.abs(dense_state(chain_of_every_gate)) ** 2
    error = np.sqrt(4000 * chances * (1 - chances))
    np.testing.assert_array_less(np.abs(counts - 4000 * chances), 4 * error + 1e-9)


def test_the_program_does_not_grow_with_depth():
    def lines(depth):
        circuit = layers(6, depth)
        angles = {"weights": random_weights(circuit)}
        return len(jax.jit(matrix_product_state(circuit)).lower(angles).as_text().splitlines())

    assert lines(40) < 1.05 * lines(4)


def test_values_hold_to_single_precision_without_x64():
    circuit = layers(4, 2, "ring")
    angles = {"weights": random_weights(circuit)}
    with jax.enable_x64(False):
        values = MatrixProduct().expectation(circuit, OBSERVABLES, angles).values[0]
    np.testing.assert_allclose(values, dense_values(circuit, angles, OBSERVABLES), atol=5e-6)


def test_the_backend_reports_what_truncation_cut():
    circuit = layers(4, 2)
    weights = random_weights(circuit)
    batch = {"weights": np.stack([weights, 0 * weights])}
    info = MatrixProduct(bond=1).expectation(circuit, z(0), batch).info
    cut = json.loads(json.dumps(info))["truncation"]
    assert cut["exceeded"] is True
    assert cut["discarded"][0] == cut["largest"] > 1e-3
    assert cut["discarded"][1] < 1e-20


def test_a_memory_limit_shortens_chunks_and_changes_nothing_else():
    circuit = layers(3, 1)
    batch = {"weights": np.stack([random_weights(circuit, seed) for seed in range(8)])}
    whole = MatrixProduct(bond=2).expectation(circuit, z(0), batch)
    chunk, needed = (whole.info["effective"][key] for key in ("chunk", "chunk_bytes"))
    limited = MatrixProduct(bond=2, memory_limit=needed // 2)
    parts = limited.expectation(circuit, z(0), batch)
    effective = parts.info["effective"]
    assert effective["chunk"] < chunk == 8
    assert effective["chunk_bytes"] <= effective["memory_limit"] == needed // 2
    np.testing.assert_allclose(parts.values, whole.values, atol=1e-13)
    with pytest.raises(ValueError, match=r"with bond 2 needs .* bytes, but 1000 are allowed"):
        MatrixProduct(bond=2, memory_limit=1000).expectation(circuit, z(0), batch)
    with pytest.raises(ValueError, match="`memory_limit` must be a positive int"):
        MatrixProduct(memory_limit=0)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (gate("reset", 0), "unitary gates only, but got gate 'reset'"),
        (gate("x", 0, condition=(0, 1)), "'x' under a condition"),
        (
            gate("evolution", 0, 1, 2, 3, angle=0.1, data="XXXX"),
            "at most 3 wires, but .* acts on 4",
        ),
    ],
)
def test_gates_outside_the_method_are_refused(item, message):
    with pytest.raises(ValueError, match=message):
        matrix_product_state(build_circuit([item]))


def test_wrong_arguments_are_refused():
    chain = run(ghz(3), {})
    with pytest.raises(ValueError, match="must hold 3 bits"):
        chain_amplitude(chain, [0, 1])
    with pytest.raises(ValueError, match="have 3 and 4"):
        chain_overlap(chain, run(ghz(4), {}))
    with pytest.raises(ValueError, match="`bond` must be a positive int"):
        matrix_product_state(ghz(3), bond=0)
    with pytest.raises(ValueError, match="`tolerance` must be a number from 0 to 1"):
        MatrixProduct(tolerance=-1.0)
