"""Circuits as pure JAX functions of their angles, one at a time or many in compiled chunks."""

from circuits.simulation.absorption import absorb_cliffords
from circuits.simulation.batching import compile_program, make_batch, run_chunk
from circuits.simulation.chains.matrix_product import MatrixProductState, matrix_product_state
from circuits.simulation.chains.measurement import (
    chain_amplitude,
    chain_expectation,
    chain_overlap,
    chain_samples,
)
from circuits.simulation.devices.memory import MemoryPlan, check_fits, largest_qubits, memory_plan
from circuits.simulation.devices.sharding import (
    device_mesh,
    over_devices,
    sharded_expectation,
    sharded_probabilities,
    sharded_samples,
    sharded_state,
)
from circuits.simulation.engine.explain import Explanation, explain
from circuits.simulation.evolution import evolve
from circuits.simulation.measurement import expectation, probabilities
from circuits.simulation.mixed_states import (
    fidelity,
    mutual_information,
    purity,
    renyi_entropy,
    von_neumann_entropy,
)
from circuits.simulation.open_systems.deferral import defer_measurements
from circuits.simulation.open_systems.density import (
    density_expectation,
    density_matrix,
    density_probabilities,
)
from circuits.simulation.open_systems.trajectories import (
    trajectory_expectation,
    trajectory_samples,
)
from circuits.simulation.pauli import apply_pauli_sum, apply_pauli_sums, pauli_expectations
from circuits.simulation.quantities import (
    covariance,
    fidelity_kernel,
    gram,
    hermitian_expectation,
    reduced_density_matrix,
    variance,
)
from circuits.simulation.sampling import samples
from circuits.simulation.statevector import state

__all__ = [
    "state",
    "expectation",
    "probabilities",
    "samples",
    "evolve",
    "density_matrix",
    "density_expectation",
    "density_probabilities",
    "trajectory_expectation",
    "trajectory_samples",
    "defer_measurements",
    "absorb_cliffords",
    "explain",
    "Explanation",
    "sharded_state",
    "sharded_expectation",
    "sharded_probabilities",
    "sharded_samples",
    "over_devices",
    "device_mesh",
    "memory_plan",
    "MemoryPlan",
    "largest_qubits",
    "check_fits",
    "pauli_expectations",
    "apply_pauli_sum",
    "apply_pauli_sums",
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
    "MatrixProductState",
    "matrix_product_state",
    "chain_expectation",
    "chain_samples",
    "chain_amplitude",
    "chain_overlap",
    "make_batch",
    "compile_program",
    "run_chunk",
]
