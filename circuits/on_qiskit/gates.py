"""Gates as Qiskit instructions; its first qubit is the last bit of a row, so wires turn round."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, Slot, classical_bit, gate_angle, slot_count
from circuits.gates.host_matrices import check_dense, generator_matrix, host_matrix
from circuits.gates.table import GATES

# Named gates that a QuantumCircuit has no method for; the others' is of the same name.
WITHOUT_METHOD = {"gphase", "siswap", "xx_plus_yy", "xx_minus_yy", "givens"}


def append_gate(built, item: Gate, known: Mapping[str, Any]) -> None:
    """Append a gate to a `qiskit.QuantumCircuit`.

    Args:
        built: with as many classical bits as the circuit needs.
        item: any gate.
        known: by segment, numbers or Qiskit parameters, to read the angle from.

    Raises:
        ValueError: where Qiskit has no gate for it while its parameters are free.
    """
    if item.condition is not None:
        bit, value = item.condition
        with built.if_test((built.clbits[bit], value)):
            append_gate(built, item._replace(condition=None), known)
    elif item.name == "measure":
        built.measure(item.wires[0], classical_bit(item))
    elif item.name == "reset":
        built.reset(item.wires[0])
    elif item.name == "amplitudes":
        built.append(_preparation(item, known), item.wires[::-1])
    elif item.name in GATES and item.name not in WITHOUT_METHOD:
        value = gate_angle(item, known)
        getattr(built, item.name)(*([] if value is None else [value]), *item.wires)
    else:
        operation = _operation(item, gate_angle(item, known))
        built.append(operation, item.wires[::-1] if operation.num_qubits else [])


def _operation(item: Gate, angle):
    """Instruction on the wires in reverse order."""
    from qiskit.circuit import library

    match item.name:
        case "gphase":
            return library.GlobalPhaseGate(angle)
        case "siswap":
            return library.XXPlusYYGate(-np.pi / 2)
        case "xx_plus_yy":
            return library.XXPlusYYGate(angle)
        case "xx_minus_yy":
            return library.XXMinusYYGate(angle)
        case "givens":
            return library.XXPlusYYGate(angle, np.pi / 2)
        case "kraus":
            return _channel(item)
    if angle is None or isinstance(angle, (int, float)):
        return _numeric(item, angle)
    return _evolution(item, angle)


def _numeric(item: Gate, angle):
    from qiskit.circuit.library import DiagonalGate, UnitaryGate

    if item.name == "evolution":
        return _evolution(item, angle)
    if item.name == "diagonal" and isinstance(item.data, Constant):
        return DiagonalGate(np.exp(-1j * angle * item.data.array).tolist())
    return UnitaryGate(host_matrix(item, angle))


def _evolution(item: Gate, angle):
    """``exp(-i angle G)`` for a Pauli string, or a generator whose Pauli strings all commute."""
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.quantum_info import Operator, SparsePauliOp

    if isinstance(item.data, str):
        return _rotations(PauliEvolutionGate(SparsePauliOp(item.data), time=angle))
    check_dense(item)
    # Qiskit's letters count from the last qubit, and so do the reversed wires.
    generator = Operator(generator_matrix(item.name, item.data))
    strings: Any = SparsePauliOp.from_operator(generator).simplify()
    if any(not a.commutes(b) for a, b in combinations(strings.paulis, 2)):
        raise ValueError(
            f"Gate {item.name!r} on wires {item.wires} needs a number as its angle in Qiskit, as "
            "the Pauli strings of its generator do not commute."
        )
    return _rotations(PauliEvolutionGate(strings, time=angle))


def _rotations(evolution):
    """Exact for terms that commute, where Qiskit's own matrix is a sparse exponential."""
    return evolution.definition.to_gate(label="evolution")


def _channel(item: Gate):
    from qiskit.quantum_info import Kraus

    assert isinstance(item.data, Constant), "checked by `gate`"
    operators: Any = list(item.data.array)
    return Kraus(operators).to_instruction()


def _preparation(item: Gate, known: Mapping[str, Any]):
    from qiskit.circuit.library import StatePreparation

    if isinstance(item.data, Constant):
        return StatePreparation(item.data.array.tolist())
    assert isinstance(item.angle, Slot), "checked by `gate`"
    first = item.angle.index
    entries = known[item.angle.segment][first : first + slot_count(item)]
    if not isinstance(entries[0], float):
        raise ValueError(
            f"Gate 'amplitudes' on wires {item.wires} needs numbers in Qiskit, but segment "
            f"{item.angle.segment!r} is free or batched."
        )
    return StatePreparation((np.asarray(entries) / np.linalg.norm(entries)).tolist())
