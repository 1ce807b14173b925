"""Quantum circuits as plain data, their simulation in pure JAX, and the backends that run them."""

from circuits.angles import batch_length, check_angles
from circuits.ansatze import angle_encoding, entangler, reuploading, rotation_layer
from circuits.backends import (
    Exact,
    MatrixProduct,
    PennyLaneBackend,
    QiskitBackend,
    Shots,
    Stabilizer,
)
from circuits.channels import (
    amplitude_damping,
    bit_flip,
    channel,
    depolarizing,
    over_rotated,
    pauli_channel,
    phase_damping,
    phase_flip,
    readout_confusion,
    superoperator,
    thermal_relaxation,
)
from circuits.circuit import (
    Circuit,
    build_circuit,
    circuit_from_dict,
    circuit_size,
    circuit_to_dict,
)
from circuits.constants import Constant
from circuits.definitions import definition, frequencies, structure
from circuits.dense import density, matrix, unitary
from circuits.estimation import Group, basis_change, estimate, measurement_groups
from circuits.gate_types import Gate, Slot, gate, gate_angle
from circuits.gates import GATES, GateDef
from circuits.gradients import Gradient, finite_differences, hessian_vector, parameter_shift
from circuits.modifiers import controlled, inverse, power
from circuits.observables import PauliSum, check_observables, pauli, z
from circuits.on_pennylane import to_tape
from circuits.on_qiskit import to_qiskit
from circuits.on_stim import to_stim
from circuits.operations import (
    amplitudes,
    amplitudes_from,
    cu,
    diagonal,
    evolution,
    fsim,
    generated,
    measure,
    permutation,
    product_state,
    r,
    reset,
    u,
    unitary_gate,
    when,
)
from circuits.protocol import Backend, Result
from circuits.shift_rules import ShiftRule, shift_rule
from circuits.simulation import (
    MatrixProductState,
    apply_pauli_sum,
    chain_amplitude,
    chain_expectation,
    chain_overlap,
    chain_samples,
    covariance,
    expectation,
    fidelity,
    fidelity_kernel,
    gram,
    hermitian_expectation,
    matrix_product_state,
    mutual_information,
    pauli_expectations,
    probabilities,
    purity,
    reduced_density_matrix,
    renyi_entropy,
    samples,
    state,
    variance,
    von_neumann_entropy,
)

__all__ = [
    # gates
    "GATES",
    "GateDef",
    "Constant",
    "Slot",
    "Gate",
    "gate",
    "unitary_gate",
    "generated",
    "diagonal",
    "permutation",
    "evolution",
    "u",
    "cu",
    "r",
    "fsim",
    "controlled",
    "inverse",
    "power",
    "amplitudes",
    "amplitudes_from",
    "product_state",
    "measure",
    "reset",
    "when",
    "definition",
    "structure",
    "frequencies",
    "gate_angle",
    # channels
    "channel",
    "depolarizing",
    "pauli_channel",
    "bit_flip",
    "phase_flip",
    "amplitude_damping",
    "phase_damping",
    "thermal_relaxation",
    "over_rotated",
    "readout_confusion",
    "superoperator",
    # a circuit
    "Circuit",
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
    "MatrixProductState",
    "matrix_product_state",
    "chain_expectation",
    "chain_samples",
    "chain_amplitude",
    "chain_overlap",
    # what a state tells
    "pauli_expectations",
    "apply_pauli_sum",
    "variance",
    "covariance",
    "hermitian_expectation",
    "reduced_density_matrix",
    "purity",
    "von_neumann_entropy",
    "renyi_entropy",
    "mutual_information",
    "fidelity",
    "gram",
    "fidelity_kernel",
    # gradients on any backend
    "Gradient",
    "parameter_shift",
    "finite_differences",
    "hessian_vector",
    "ShiftRule",
    "shift_rule",
    # backends: batches of angles on simulators and devices
    "Backend",
    "Result",
    "Exact",
    "Shots",
    "MatrixProduct",
    "Stabilizer",
    "QiskitBackend",
    "PennyLaneBackend",
    "to_qiskit",
    "to_tape",
    "to_stim",
    # dense matrices, the oracle
    "unitary",
    "density",
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
