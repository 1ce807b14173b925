"""Qiskit circuits and OpenQASM 3 text as ours and back, against the dense oracle."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import CXGate, HamiltonianGate, PermutationGate, RXGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator

from circuits import GATES, build_circuit, gate, to_qiskit, unitary
from circuits.noise import bit_flip
from circuits.observables import pauli
from circuits.on_qiskit import from_openqasm3, from_qiskit, to_openqasm3
from circuits.operations import diagonal, evolution, measure, reset, unitary_gate, when

NAMES = sorted(GATES)
ANGLES = {"x": np.linspace(-2, 3, 12), "w": np.array([0.4])}


@st.composite
def circuits(draw):
    """Any named gates on three qubits, with numbers and slots of two segments."""
    gates = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)):
        wires = draw(st.permutations(range(3)))[: GATES[name].n_wires]
        angles = st.sampled_from([0.3, -2.5, ("x", 11, 1.0), ("x", 2, -0.5), ("w", 0, 1.0)])
        angle = None if GATES[name].generator is None else draw(angles)
        gates.append(gate(name, *wires, angle=angle))
    return build_circuit(gates, 3, {"x": 12, "w": 1})


def up_to_phase(first, second):
    """Largest deviation of two unitaries, whatever the phase between them."""
    return 1 - abs(np.vdot(first, second)) / len(first)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(circuits())
def test_there_and_back_is_the_same_unitary(circuit):
    back = from_qiskit(to_qiskit(circuit)[0])
    angles = {name: ANGLES[name] for name in back.segments}
    np.testing.assert_allclose(unitary(back, angles), unitary(circuit, ANGLES), atol=1e-13)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(circuits())
def test_openqasm_keeps_the_unitary_up_to_a_phase(circuit):
    back = from_openqasm3(to_openqasm3(circuit))
    angles = {name: ANGLES[name][:size] for name, size in back.segments.items()}
    assert up_to_phase(unitary(back, angles), unitary(circuit, ANGLES)) < 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_any_circuit_of_qiskits_gates_is_read(seed):
    built = random_circuit(3, 5, max_operands=3, seed=seed)
    expected = Operator(built.reverse_bits()).data
    np.testing.assert_allclose(unitary(from_qiskit(built), {}), expected, atol=1e-13)


def test_gates_with_data_are_read():
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))
    terms = pauli("XY", (0, 2), 0.3) + pauli("ZZ", (0, 2), 0.2)
    circuit = build_circuit(
        [unitary_gate(q, (2, 0)), diagonal(rng.normal(size=4), (1, 2)), *evolution(terms, ("w", 0))]
    )
    back = from_qiskit(to_qiskit(circuit)[0])
    angles = {"w": ANGLES["w"]}
    np.testing.assert_allclose(unitary(back, angles), unitary(circuit, angles), atol=1e-13)


def test_vectors_become_segments_and_loose_parameters_one_segment():
    x, b, a = ParameterVector("x", 12), Parameter("b"), Parameter("a")
    built = QuantumCircuit(2, global_phase=b)
    built.rx(x[10], 0)
    built.rz(2 * x[2] - 0.5 * b + a + 0.7, 1)
    circuit = from_qiskit(built)
    assert circuit.segments == {"x": 12, "parameters": 2}
    angles = {"x": ANGLES["x"], "parameters": np.array([0.1, 0.9])}
    bound = built.assign_parameters(
        {x[2]: angles["x"][2], x[10]: angles["x"][10], a: 0.1, b: 0.9}
    ).reverse_bits()
    np.testing.assert_allclose(unitary(circuit, angles), Operator(bound).data, atol=1e-14)


def test_other_controls_and_namesakes_are_taken_apart():
    namesake = QuantumCircuit(1, name="x")
    namesake.h(0)
    built = QuantumCircuit(2)
    built.append(CXGate(ctrl_state=0), [0, 1])
    built.append(namesake.to_gate(), [1])
    expected = Operator(built.reverse_bits()).data
    np.testing.assert_allclose(unitary(from_qiskit(built), {}), expected, atol=1e-15)


@pytest.fixture
def classical():
    return build_circuit(
        [
            gate("h", 0),
            measure(0, 0),
            when(gate("x", 1), 0),
            when(gate("h", 1), 0, 0),
            reset(0),
            measure(1, 1),
        ]
    )


def test_measurements_resets_and_conditions_are_read(classical):
    built, _ = to_qiskit(classical)
    assert from_qiskit(built, final_measurements=True) == classical
    assert from_qiskit(built).gates == classical.gates[:-1], "the last measurement is final"
    text = to_openqasm3(classical)
    assert from_openqasm3(text, final_measurements=True) == classical


def test_bits_of_parts_are_those_of_the_whole():
    part = QuantumCircuit(1, 1)
    part.h(0)
    part.measure(0, 0)
    built = QuantumCircuit(2, 3)
    built.append(part.to_instruction(), [1], [2])
    built.x(1)
    assert from_qiskit(built).gates == (gate("h", 1), measure(1, 2), gate("x", 1))


def test_gates_without_a_definition_are_read_by_their_numbers():
    t, hermitian = Parameter("t"), np.array([[1, 0.3j], [-0.3j, -1]])
    built = QuantumCircuit(3)
    built.append(PermutationGate([2, 0, 1]), [1, 0, 2])
    built.append(RXGate(0.3).control(2, annotated=True), [2, 0, 1])
    built.append(HamiltonianGate(hermitian, 2 * t), [1])
    circuit = from_qiskit(built)
    expected = Operator(built.assign_parameters({t: 0.4}).reverse_bits()).data
    np.testing.assert_allclose(unitary(circuit, {"parameters": [0.4]}), expected, atol=1e-14)


def test_openqasm_writes_diagonals_and_leaves_phases_out_under_conditions():
    """Qiskit's writer knows neither; a phase under a measured bit is none that anyone sees."""
    turn = diagonal(np.array([0.3, -1, 0.7, 2, 0.1, 0.4, -0.2, 0.9]), (2, 0, 1), 0.8)
    back = from_openqasm3(to_openqasm3(build_circuit([turn])))
    assert up_to_phase(unitary(back, {}), unitary(build_circuit([turn]), {})) < 1e-12
    gates = [measure(0, 0), when(gate("gphase", 1, angle=0.3), 0), when(gate("x", 1), 0)]
    assert from_openqasm3(to_openqasm3(build_circuit(gates))).gates == (gates[0], gates[2])


def test_channels_are_read():
    circuit = build_circuit([bit_flip(0.2, 1)])
    (back,) = from_qiskit(to_qiskit(circuit)[0]).gates
    assert back.wires == (1,)
    np.testing.assert_allclose(back.data.array, circuit.gates[0].data.array, atol=1e-15)


def test_barriers_and_final_measurements_are_left_out():
    built = QuantumCircuit(2)
    built.h(0)
    built.barrier()
    built.measure_all()
    assert from_qiskit(built) == build_circuit([gate("h", 0)], 2)


def test_what_is_not_linear_or_not_a_gate_is_refused():
    t = Parameter("t")
    built = QuantumCircuit(1)
    built.rx(t * t, 0)
    with pytest.raises(ValueError, match=r"must be linear in their parameters, but one is t"):
        from_qiskit(built)
    loop = QuantumCircuit(1)
    with loop.for_loop(range(3)):
        loop.h(0)
    with pytest.raises(ValueError, match="no gate here for Qiskit's operation 'for_loop'"):
        from_qiskit(loop)
    wide = QuantumCircuit(2, 2)
    with wide.if_test((wide.cregs[0], 3)):
        wide.x(0)
    with pytest.raises(ValueError, match="must be on one classical bit"):
        from_qiskit(wide)
    inner = QuantumCircuit(2, 2)
    with inner.if_test((0, 1)):
        inner.measure(1, 1)
    with pytest.raises(ValueError, match="Only unitary gates take a condition, but gate 'measure'"):
        from_qiskit(inner)
    nested = QuantumCircuit(2, 2)
    with nested.if_test((0, 1)), nested.if_test((1, 1)):
        nested.x(1)
    with pytest.raises(ValueError, match=r"'x' has the condition .1, 1. already"):
        from_qiskit(nested)
    mixed = QuantumCircuit(1)
    mixed.rx(ParameterVector("parameters", 1)[0] + t, 0)
    with pytest.raises(ValueError, match="must not be called 'parameters'"):
        from_qiskit(mixed)


def test_text_that_is_no_openqasm_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="`text` must be OpenQASM 3, but"):
        from_openqasm3("qubit[1] q; nonsense q[0];")
    with pytest.raises(ValueError, match="`text` must be OpenQASM 3, but"):
        from_openqasm3("")
    with pytest.raises(TypeError, match="`text` must be a str, but is a int"):
        from_openqasm3(3)
    with pytest.raises(ValueError, match="OpenQASM 3 has no channels"):
        to_openqasm3(build_circuit([bit_flip(0.2, 1)]))
    monkeypatch.setitem(sys.modules, "qiskit_qasm3_import", None)
    with pytest.raises(ImportError, match="pip install qiskit-qasm3-import"):
        from_openqasm3("OPENQASM 3.0;")
