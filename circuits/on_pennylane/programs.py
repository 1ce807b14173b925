"""PennyLane tapes as compiled programs, which tapes of one structure share."""

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits.circuit import Circuit, build_circuit
from circuits.gates.gate_types import is_unitary
from circuits.observables import PauliSum
from circuits.on_pennylane.observables import to_pauli_sum
from circuits.on_pennylane.reading import gather, read_operations
from circuits.simulation import density_expectation, density_matrix, expectation, state

SINGLE, BATCHED = "single", "batched"


class Job(NamedTuple):
    """What a tape runs: a circuit, its angles, and what is read of its final state.

    `angles` has the segments "single" (size,) and "batched" (b, size), `places` says where each
    parameter of the tape's operations went, `observables` are None where the state is asked for.
    """

    circuit: Circuit
    angles: dict[str, Any]
    places: list[tuple[str, int, int] | None]
    observables: tuple[PauliSum, ...] | None

    @property
    def is_pure(self) -> bool:
        """Whether its final state is a vector and not a density matrix."""
        return all(is_unitary(item) or item.name == "amplitudes" for item in self.circuit.gates)


def make_job(tape: Any) -> Job:
    """Return what a tape on wires 0, 1, ... of known operations runs.

    >>> import pennylane as qp
    >>> tape = qp.tape.QuantumScript([qp.RX(0.5, 0)], [qp.expval(qp.Z(0))])
    >>> make_job(tape).observables
    (PauliSum(terms=((1.0, ((0, 'Z'),)),)),)
    """
    names = [name for item in tape.operations for name in _segments(item)]
    reading = read_operations(tape.operations, names)
    parameters = [value for item in tape.operations for value in item.parameters]
    xp = jnp if any(isinstance(value, jax.Array) for value in parameters) else np
    circuit = build_circuit(reading.gates, n_qubits=max(len(tape.wires), 1))
    angles = gather(xp, parameters, reading.places)
    return Job(circuit, angles, reading.places, None if tape.shots else _pauli_sums(tape))


def _segments(item: Any) -> list[str]:
    """Of each parameter of an operation; sums and products of operators know no batches."""
    if item.batch_size is None:
        return [SINGLE] * len(item.parameters)
    pairs = zip(item.parameters, item.ndim_params, strict=True)
    return [BATCHED if np.ndim(value) > rank else SINGLE for value, rank in pairs]


def run(jobs: list[Job]) -> list[Any]:
    """Return what each job reads, those of one structure as one program mapped over them.

    Values are (k,) or (b, k), states (2,)*n or (b, *(2,)*n), density matrices (2,)*2n alike.
    """
    return _mapped(_read, jobs)


def run_gradients(jobs: list[Job]) -> list[tuple[Any, Any]]:
    """Return (values (k,), Jacobian (k, size)) of each job without a batch."""
    return _mapped(_values_and_jacobian, jobs)


def _mapped(build, jobs: list[Job]) -> list[Any]:
    """Jobs without a batch run together where their circuits are equal; the others one by one."""
    groups: dict[Any, list[int]] = {}
    for index, job in enumerate(jobs):
        together = bool(job.angles) and BATCHED not in job.angles
        key = (job.circuit, job.observables, None if together else index)
        groups.setdefault(key, []).append(index)
    results: list[Any] = [None] * len(jobs)
    for group in groups.values():
        for index, result in zip(group, _together(build, [jobs[i] for i in group]), strict=True):
            results[index] = result
    return results


def _together(build, jobs: list[Job]) -> list[Any]:
    first = jobs[0]
    if len(jobs) == 1:
        axes = tuple((name, 0 if name == BATCHED else None) for name in first.angles)
        program = _program(build, first.circuit, first.observables, first.is_pure, axes)
        return [program(first.angles)]
    stacked = {SINGLE: jnp.stack([job.angles[SINGLE] for job in jobs])}
    program = _program(build, first.circuit, first.observables, first.is_pure, ((SINGLE, 0),))
    results = program(stacked)
    if isinstance(first.angles[SINGLE], np.ndarray):  # rows of NumPy arrays are cheaper to take
        results = jax.tree.map(np.asarray, results)
    return [jax.tree.map(lambda array, row=row: array[row], results) for row in range(len(jobs))]


@lru_cache(maxsize=256)
def _program(build, circuit: Circuit, observables, is_pure: bool, axes):
    function = build(circuit, observables, is_pure)
    over = dict(axes)
    return jax.jit(jax.vmap(function, in_axes=(over,)) if 0 in over.values() else function)


def _read(circuit: Circuit, observables, is_pure: bool):
    if observables is not None:
        return (expectation if is_pure else density_expectation)(circuit, observables)
    if is_pure:
        return state(circuit)
    matrix = density_matrix(circuit)
    return lambda angles: matrix(angles).reshape((2,) * 2 * circuit.n_qubits)


def _values_and_jacobian(circuit: Circuit, observables, is_pure: bool):
    """One pass forward, and one backward for each observable."""
    function = _read(circuit, observables, is_pure)

    def both(angles):
        values, pull = jax.vjp(function, angles)
        (jacobian,) = jax.vmap(pull)(jnp.eye(len(values), dtype=values.dtype))
        return values, jacobian[SINGLE]

    return both


def _pauli_sums(tape) -> tuple[PauliSum, ...] | None:
    """The observables where all are expectation values of Pauli sums with numbers."""
    from pennylane.measurements import ExpectationMP

    sums = []
    for item in tape.measurements:
        if type(item) is not ExpectationMP or item.obs is None:
            return None
        terms = to_pauli_sum(item.obs)
        if terms is None:
            return None
        sums.append(terms)
    return tuple(sums) or None
