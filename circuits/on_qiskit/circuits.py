"""Our circuits as Qiskit's.

Qiskit writes qubit 0 last and orders parameters by name; both are dealt with in this folder and
nowhere else: bits are read by index, never as strings, and parameters are bound by object.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from circuits.angles import check_shapes
from circuits.circuit import Circuit
from circuits.on_qiskit.gates import append_gate


def to_qiskit(circuit: Circuit, constants: Mapping[str, Any] | None = None):
    """Return the circuit as a Qiskit circuit with free parameters.

    Args:
        circuit: on n qubits; wire q becomes Qiskit's qubit q.
        constants: `{segment: (size,)}` in radians, segments to be put in as numbers.

    Returns:
        A `qiskit.QuantumCircuit`, and `{segment: ParameterVector}` of the other segments.

    Raises:
        ValueError: on an unknown or misshapen constant, or a gate that Qiskit has no match for
            while its segment is free: "amplitudes", "driven", and "generated" with terms that do
            not commute.

    >>> from circuits import build_circuit, gate
    >>> built, vectors = to_qiskit(build_circuit([gate("rx", 0, angle=("w", 0))]))
    >>> built.num_parameters, list(vectors)
    (1, ['w'])
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    fixed = dict(constants or {})
    free = {name: size for name, size in circuit.segments.items() if name not in fixed}
    check_shapes(circuit, fixed | {name: np.zeros(size) for name, size in free.items()})
    numbers = {name: np.asarray(array, float).tolist() for name, array in fixed.items()}
    vectors = {name: ParameterVector(name, size) for name, size in free.items()}
    known = vectors | numbers
    built = QuantumCircuit(circuit.n_qubits, circuit.n_bits)
    for gate in circuit.gates:
        append_gate(built, gate, known)
    return built, vectors
