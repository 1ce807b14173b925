"""Quantum circuits as plain data, their simulation in pure JAX, and the backends that run them."""

from circuits.angles import batch_length, check_angles
from circuits.ansatze import angle_encoding, entangler, reuploading, rotation_layer
from circuits.backends import Exact, PennyLaneBackend, QiskitBackend, Shots
from circuits.circuit import (
    Circuit,
    Gate,
    Slot,
    build_circuit,
    circuit_from_dict,
    circuit_size,
    circuit_to_dict,
    gate,
)
from circuits.dense import matrix, unitary
from circuits.estimation import Group, basis_change, estimate, measurement_groups
from circuits.gates import GATES, GateDef
from circuits.observables import PauliSum, check_observables, pauli, z
from circuits.on_pennylane import to_tape
from circuits.on_qiskit import to_qiskit
from circuits.protocol import Backend, Result
from circuits.simulation import expectation, probabilities, samples, state

__all__ = [
    # a circuit
    "GATES",
    "GateDef",
    "Slot",
    "Gate",
    "Circuit",
    "gate",
    "build_circuit",
    "circuit_size",
    "circuit_to_dict",
    "circuit_from_dict",
    "angle_encoding",
    "rotation_layer",
    "entangler",
    "reuploading",
    # what is measured
    "PauliSum",
    "pauli",
    "z",
    # simulation: pure JAX functions of the angles
    "state",
    "expectation",
    "probabilities",
    "samples",
    # backends: batches of angles on simulators and devices
    "Backend",
    "Result",
    "Exact",
    "Shots",
    "QiskitBackend",
    "PennyLaneBackend",
    "to_qiskit",
    "to_tape",
    # dense matrices, the oracle
    "unitary",
    "matrix",
    # parts to build another backend from
    "check_angles",
    "batch_length",
    "check_observables",
    "Group",
    "measurement_groups",
    "basis_change",
    "estimate",
]
