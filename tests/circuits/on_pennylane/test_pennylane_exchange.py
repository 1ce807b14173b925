"""Circuits to PennyLane and back: the same unitary, and slots that are read as before."""

import numpy as np
import pennylane as qp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennylane import numpy as pnp

from circuits import GATES, build_circuit, density, gate, matrix, pauli, unitary, z
from circuits.on_pennylane import from_pennylane, to_pennylane, to_tape
from circuits.on_pennylane.affine import read_affine
from circuits.operations import amplitudes_from, diagonal, evolution, generated, unitary_gate

N_QUBITS = 3
SIZES = {"inputs": 3, "weights": 4}


@st.composite
def circuits(draw):
    """Named gates on any wires; angles are numbers, or slots with scales."""
    names = draw(st.lists(st.sampled_from(sorted(GATES)), min_size=1, max_size=8))
    gates = []
    for name in names:
        wires = draw(st.permutations(range(N_QUBITS)))[: GATES[name].n_wires]
        slot = st.sampled_from(sorted(SIZES)).flatmap(
            lambda key: st.tuples(
                st.just(key), st.integers(0, SIZES[key] - 1), st.sampled_from([1.0, -0.5, 2.0, 0.3])
            )
        )
        angle = draw(st.floats(-4, 4) | slot) if GATES[name].generator is not None else None
        gates.append(gate(name, *wires, angle=angle))
    return build_circuit(gates, N_QUBITS, SIZES)


def angles_of(seed):
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-3, 3, size) for name, size in SIZES.items()}


@settings(max_examples=20)
@given(circuits(), st.integers(0, 99))
def test_a_tape_and_back_is_the_same_unitary(circuit, seed):
    angles = angles_of(seed)
    tape = to_tape(circuit, [z(0)], angles)
    tape.trainable_params = [0] if tape.num_params else []
    found = from_pennylane(tape)
    assert set(found.angles) == set(found.circuit.segments) <= {"weights", "inputs"}
    back = unitary(found.circuit._replace(n_qubits=N_QUBITS), found.angles)
    np.testing.assert_allclose(back, unitary(circuit, angles), atol=1e-12)


@settings(max_examples=15)
@given(circuits(), st.integers(0, 99))
def test_a_qnode_and_back_reads_its_segments_as_before(circuit, seed):
    observables = [z(0), 0.5 * pauli("XY", (0, 2)) + 2]
    found = from_pennylane(to_pennylane(circuit, observables), **angles_of(seed))
    assert found.circuit.segments == SIZES
    assert found.observables == tuple(observables)
    other = angles_of(seed + 100)
    back = unitary(found.circuit._replace(n_qubits=N_QUBITS), other)
    np.testing.assert_allclose(back, unitary(circuit, other), atol=1e-7)


def test_gates_with_data_come_back():
    mixed = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    gates = [
        amplitudes_from("w", (1, 0)),
        diagonal([0.1, 0.2, 0.3, 0.4], (2, 0)),
        generated(mixed + mixed.T, (0, 2), 0.3),
        *evolution(pauli("XZ", (0, 2)) * 0.3 + 0.2, ("w", 1, -2)),
        unitary_gate(mixed, (1, 2)),
    ]
    circuit, angles = build_circuit(gates), {"w": np.array([0.3, 0.1, -0.4, 0.8])}
    found = from_pennylane(to_tape(circuit, [z(0)], angles))
    expected = density(circuit, angles)
    np.testing.assert_allclose(density(found.circuit, found.angles), expected, atol=1e-12)
    node = from_pennylane(to_pennylane(circuit, z(0)), angles["w"])
    assert node.circuit.gates[0].angle == ("w", 0, 1.0)
    np.testing.assert_allclose(density(node.circuit, angles), expected, atol=1e-8)


def test_a_batched_tape_has_batched_angles():
    circuit = build_circuit([gate("rx", 0, angle=("w", 0)), gate("ry", 1, angle=("x", 0))])
    angles = {"w": [0.3], "x": [[0.1], [0.2]]}
    found = from_pennylane(to_tape(circuit, [z(0)], angles))
    np.testing.assert_array_equal(found.angles["weights"], [[0.3, 0.1], [0.3, 0.2]])


def templates(weights, x, scale=2):
    qp.AngleEmbedding(x, wires=range(3), rotation="Y")
    qp.StronglyEntanglingLayers(weights, wires=range(3))
    qp.RX(scale * x[0] + np.pi * weights[0, 0, 0] + 0.3, 1)
    qp.ctrl(qp.Rot(x[1], 0.2, -x[2], 0), 2, control_values=[0])
    qp.QFT(range(3))
    return qp.expval(qp.Z(0)), qp.expval(qp.Hermitian([[1, 1j], [-1j, 0]], 1))


def test_arguments_of_a_qnode_become_segments_through_templates():
    rng = np.random.default_rng(1)
    shape = qp.StronglyEntanglingLayers.shape(2, 3)
    node = qp.QNode(templates, qp.device("default.qubit", wires=3))
    found = from_pennylane(node, rng.normal(size=shape), rng.normal(size=3))
    weights, x = rng.normal(size=shape), rng.normal(size=3)
    psi = unitary(found.circuit, {"weights": weights.ravel(), "x": x})[:, 0]
    values = [(psi.conj() @ matrix(each, 3) @ psi).real for each in found.observables]
    np.testing.assert_allclose(values, node(weights, x), atol=1e-7)


def test_amplitudes_and_labels_of_wires():
    def node(x, w):
        qp.AmplitudeEmbedding(x, wires=["b", 0], normalize=True)
        qp.RX(w, "a")
        return qp.expval(qp.Z("a") @ qp.X(0))

    node = qp.QNode(node, qp.device("default.qubit", wires=["a", "b", 0]))
    found = from_pennylane(node, [0.1, 0.2, 0.3, 0.4], 0.3)
    assert found.circuit.gates[0] == amplitudes_from("x", (1, 2))
    assert found.circuit.gates[1] == gate("rx", 0, angle=("w", 0))
    assert found.observables == (pauli("ZX", (0, 2)),)


def test_measurements_conditions_and_resets_come_along():
    def circuit():
        qp.H(0)
        bit = qp.measure(0, reset=True)
        qp.cond(bit, qp.X)(1)
        qp.cond(bit == 0, qp.H)(2)

    found = from_pennylane(qp.tape.make_qscript(circuit)()).circuit
    names = [(item.name, item.condition) for item in found.gates]
    conditions = [("x", (0, 1)), ("x", (0, 1)), ("h", (0, 0))]
    assert names == [("h", None), ("measure", None), *conditions]


def two_bits():
    first, second = qp.measure(0), qp.measure(1)
    qp.cond(first & second, qp.X)(2)


@pytest.mark.parametrize(
    ("circuit", "message"),
    [(two_bits, "reads one measurement"), (lambda: qp.measure(0, postselect=1), "postselect")],
)
def test_what_has_no_counterpart_is_refused(circuit, message):
    with pytest.raises(ValueError, match=message):
        from_pennylane(qp.tape.make_qscript(circuit)())


def squared(x):
    qp.RX(x**2, 0)


def sometimes(x):
    if x > 0.5:
        qp.X(0)
    qp.RX(x, 0)


def bounded(x):
    qp.RX(np.clip(x, -4, 4), 0)


def one_sided(x):
    qp.RX(abs(x), 0)


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        (squared, "no affine function"),
        (bounded, "no affine function"),
        (one_sided, "no affine function"),
        (sometimes, "must not depend"),
    ],
)
def test_qnodes_that_are_no_affine_circuit_are_refused(gates, message):
    def node(x):
        gates(x)
        return qp.expval(qp.Z(0))

    with pytest.raises(ValueError, match=message):
        from_pennylane(qp.QNode(node, qp.device("default.qubit")), 0.1)


def test_observables_that_depend_on_an_argument_are_refused():
    def node(x, c):
        qp.RX(x, 0)
        return qp.expval(c * qp.Z(0))

    with pytest.raises(ValueError, match="observables of the QNode must not depend"):
        from_pennylane(qp.QNode(node, qp.device("default.qubit")), 0.1, 0.5)


def test_qnodes_without_floats_are_read():
    def node(turns=1, **named):
        qp.RX(0.5 * turns + named.get("more", 0.0), 0)
        return qp.expval(qp.Z(0))

    node = qp.QNode(node, qp.device("default.qubit"))
    assert from_pennylane(node).circuit.gates == (gate("rx", 0, angle=0.5),)
    assert from_pennylane(node, 2, more=0.25).circuit.gates == (gate("rx", 0, angle=1.25),)


def test_what_cannot_be_read_is_named():
    def ragged(*arrays):
        return qp.expval(qp.Z(0))

    node = qp.QNode(ragged, qp.device("default.qubit"))
    with pytest.raises(ValueError, match="Argument 'arrays' of the QNode must be one array"):
        from_pennylane(node, np.zeros(2), np.zeros((1, 3)))
    with pytest.raises(TypeError, match="`source` must be a PennyLane tape or QNode, but is a int"):
        from_pennylane(3)
    tape = qp.tape.QuantumScript([qp.QubitDensityMatrix(np.eye(2) / 2, 1)])
    with pytest.raises(ValueError, match=r"no gate here .* 'QubitDensityMatrix' on \[1\]"):
        from_pennylane(tape)


def test_a_batch_of_arguments_is_refused():
    node = to_pennylane(build_circuit([gate("rx", 0, angle=("w", 0))]), z(0))
    with pytest.raises(ValueError, match="hold a batch"):
        from_pennylane(node, np.zeros((3, 1)))


@settings(max_examples=20)
@given(st.integers(0, 999), st.integers(1, 6), st.integers(1, 5))
def test_affine_maps_are_found(seed, size, outputs):
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=(outputs, size)) * rng.integers(0, 2, (outputs, size))
    offsets = rng.normal(size=outputs)
    maps = read_affine(lambda x: slopes @ x + offsets, rng.normal(size=size))
    found = np.zeros_like(slopes)
    for row, each in enumerate(maps):
        for index, scale in each.terms:
            found[row, index] = scale
    np.testing.assert_allclose(found, slopes, atol=1e-9)
    np.testing.assert_allclose([each.offset for each in maps], offsets, atol=1e-9)


def test_gradients_flow_through_an_exported_qnode():
    gates = [generated([[1, 1], [1, -1]], 0, ("w", 0)), diagonal([0.1, 0.7], 0, ("w", 1))]
    circuit = build_circuit([gate("h", 0), *gates, gate("rx", 0, angle=("w", 1, 2.0))])
    node = to_pennylane(circuit, z(0))
    point = pnp.array([0.4, -0.3], requires_grad=True)
    shifted = [(node(point + step) - node(point - step)) / 2e-5 for step in np.eye(2) * 1e-5]
    np.testing.assert_allclose(qp.grad(node)(point), shifted, atol=1e-8)
