"""Qiskit backends through the primitives V2: one broadcast job for a whole batch.

Qiskit writes qubit 0 last and orders parameters by name; both are dealt with here and nowhere
else: bits are read by index, never as strings, and parameters are bound by object.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles, check_shapes
from circuits.circuit import Circuit, circuit_size
from circuits.estimation import basis_change, estimate, measurement_groups
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Result, check_count, check_seed
from circuits.qiskit_gates import append_gate


@dataclass(frozen=True)
class QiskitBackend:
    """Runs circuits on a Qiskit backend.

    Each measurement basis (qubit-wise commuting group of terms) is transpiled once, with free
    parameters for what the batch changes, and sent as one broadcast PUB; all bases are one job.
    `info["transpiled"]` holds size and layout of each basis' circuit.
    Standard errors are those of the shots; the bias of a noisy device is not in them.

    Args:
        target: a Qiskit `BackendV2`: a device, an Aer simulator, or a fake backend, which is
            simulated with the noise of its device. None for `StatevectorEstimator`: exact values.
        shots: for each measurement basis; without effect where `target` is None.
        seed: of transpiler and simulator. A device decides its draws for itself;
            `info["effective"]["seed_simulator"]` is then None.
        optimization_level: of the transpiler, 0 to 3.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> result = QiskitBackend().expectation(circuit, z(0), {"w": [[0.0], [np.pi]]})
    >>> print(result.values.ravel())
    [ 1. -1.]
    """

    target: Any = None
    shots: int | None = 1024
    seed: int = 0
    optimization_level: int = 1

    def __post_init__(self) -> None:
        if self.target is not None or self.shots is not None:
            check_count("shots", self.shots)
        check_seed(self.seed)
        if self.optimization_level not in range(4):
            raise ValueError(
                "Argument `optimization_level` must be 0, 1, 2 or 3, "
                f"but is {self.optimization_level!r}."
            )

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        arrays = check_angles(circuit, angles)
        _check_gates(self.target, circuit)
        if self.target is None:
            values, job = _exact(circuit, checked, arrays)
            return Result(values, np.zeros(values.shape), _info(self, circuit, job))
        groups = measurement_groups(checked)
        rotated = [circuit + basis_change(group, circuit.n_qubits) for group in groups]
        job = _measure(self, rotated, arrays, self.shots, self.seed)
        values, std = estimate(checked, job.bits)
        return Result(values, std, _info(self, circuit, job))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return measured bits (b, shots, n); see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        _check_gates(self.target, circuit)
        return _measure(self, [circuit], check_angles(circuit, angles), shots, seed).bits[0]


def to_qiskit(circuit: Circuit, constants: Mapping[str, Any] | None = None):
    """Return the circuit as a Qiskit circuit with free parameters.

    Args:
        circuit: on n qubits; wire q becomes Qiskit's qubit q.
        constants: `{segment: (size,)}` in radians, segments to be put in as numbers.

    Returns:
        A `qiskit.QuantumCircuit`, and `{segment: ParameterVector}` of the other segments.

    Raises:
        ValueError: on an unknown or misshapen constant, or a gate that Qiskit has no match for
            while its segment is free: "amplitudes", and "generated" with terms that do not commute.

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


class _Job(NamedTuple):
    """How a job was run, and the bits it gave for each circuit."""

    seconds: dict[str, float]
    simulated: bool | None = True
    primitive: str = "qiskit.StatevectorEstimator"
    shots: int | None = None
    seed: int | None = None
    transpiled: tuple[dict[str, Any], ...] = ()
    bits: tuple[npt.NDArray[np.uint8], ...] = ()


def _exact(circuit: Circuit, observables: Sequence[PauliSum], arrays):
    """Values (b, k) without shots, and the job that they took."""
    from qiskit.primitives import StatevectorEstimator
    from qiskit.quantum_info import SparsePauliOp

    start = time.perf_counter()
    built, columns = _split(circuit, arrays)
    operators = [
        SparsePauliOp.from_sparse_list(
            [
                ("".join(letter for _, letter in string), [wire for wire, _ in string], value)
                for value, string in item.terms or ((0.0, ()),)
            ],
            num_qubits=circuit.n_qubits,
        )
        for item in observables
    ]
    ready = time.perf_counter()
    pub = (built, [[operator] for operator in operators], _bindings(built, columns, arrays))
    data: Any = StatevectorEstimator().run([pub]).result()[0].data
    return np.asarray(data.evs, float).T, _Job(_seconds(start, ready))


def _measure(backend: QiskitBackend, circuits: Sequence[Circuit], arrays, shots, seed) -> _Job:
    """Transpile the circuits and measure all their qubits, in one job."""
    _check_size(backend.target, circuits[0])
    start = time.perf_counter()
    sampler, taken, simulated = _sampler(backend.target, seed)
    pubs = []
    for circuit in circuits:
        built, columns = _split(circuit, arrays)
        built.measure_all()
        built = _transpile(backend, built, seed)
        pubs.append((built, _bindings(built, columns, arrays)))
    ready = time.perf_counter()
    results: Any = sampler.run(pubs, shots=shots).result()
    bits = [each.data.meas.to_bool_array(order="little").astype(np.uint8) for each in results]
    return _Job(
        seconds=_seconds(start, ready),
        simulated=simulated,
        primitive=f"{type(sampler).__module__.split('.')[0]}.{type(sampler).__name__}",
        shots=bits[0].shape[1],
        seed=taken,
        transpiled=tuple(_size(built) for built, _ in pubs),
        bits=tuple(bits),
    )


def _seconds(start: float, ready: float) -> dict[str, float]:
    return {"compile": ready - start, "execute": time.perf_counter() - ready}


def _split(circuit: Circuit, arrays):
    """Qiskit circuit with unbatched angles as numbers, and `{Parameter: (b,)}` for the others."""
    constants = {name: array for name, array in arrays.items() if array.ndim == 1}
    built, vectors = to_qiskit(circuit, constants)
    pairs = [(vector, arrays[name]) for name, vector in vectors.items()]
    return built, {vector[i]: array[:, i] for vector, array in pairs for i in range(len(vector))}


def _bindings(built, columns, arrays) -> dict[tuple, npt.NDArray[np.float64]]:
    """Values (b, m) of the m parameters that the circuit still has."""
    parameters = tuple(built.parameters)
    values = np.zeros((batch_length(arrays), len(parameters)))
    for index, parameter in enumerate(parameters):
        values[:, index] = columns[parameter]
    return {parameters: values}


def _transpile(backend: QiskitBackend, built, seed: int):
    """One circuit at a time: a list would fork processes, which JAX's threads do not survive."""
    if backend.target is None:
        return built
    from qiskit.transpiler import generate_preset_pass_manager

    level = backend.optimization_level
    return generate_preset_pass_manager(level, backend.target, seed_transpiler=seed).run(built)


def _sampler(target, seed: int):
    """Sampler primitive for a target, the seed it takes or None, and whether it simulates.

    What takes the seed of a simulator is one; what else is not IBM's may be anything: None.
    """
    from qiskit.primitives import BackendSamplerV2, StatevectorSampler

    if target is None:
        # A generator, since an int would start every set of angles with the same draws.
        return StatevectorSampler(seed=np.random.default_rng(seed)), seed, True
    from qiskit_ibm_runtime import IBMBackend
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    if isinstance(target, IBMBackend):
        from qiskit_ibm_runtime.executor_sampler import Sampler

        return Sampler(mode=target), None, False
    simulator = _noisy_simulator(target) if isinstance(target, FakeBackendV2) else target
    taken = seed if hasattr(target.options, "seed_simulator") else None
    sampler = BackendSamplerV2(backend=simulator, options={"seed_simulator": taken})
    return sampler, taken, True if taken is not None else None


@lru_cache(maxsize=8)
def _noisy_simulator(fake):
    """Aer with the noise of a fake backend; kept, as large devices take seconds to read."""
    from qiskit_aer import AerSimulator

    return AerSimulator.from_backend(fake, max_parallel_experiments=0)


def _check_gates(target, circuit: Circuit) -> None:
    """Qiskit's own reference primitives hold pure states only."""
    for gate in circuit.gates:
        if target is None and (gate.condition or gate.name in ("kraus", "measure", "reset")):
            raise ValueError(
                f"Qiskit's statevector primitives cannot run gate {gate.name!r} on wires "
                f"{gate.wires} of a noisy or conditional circuit; give a `target` such as Aer."
            )


def _check_size(target, circuit: Circuit) -> None:
    available = getattr(target, "num_qubits", None)
    if available is not None and circuit.n_qubits > available:
        raise ValueError(
            f"The circuit has {circuit.n_qubits} qubits, but the backend {target.name!r} has "
            f"{available}."
        )


def _size(built) -> dict[str, Any]:
    """Size of a transpiled circuit, counted as `circuit_size` does, and the qubit of each wire."""
    from qiskit.circuit import Gate

    wires = range(built.num_qubits)
    layout = built.layout.initial_index_layout(filter_ancillas=True) if built.layout else [*wires]
    sizes = [len(item.qubits) for item in built.data if isinstance(item.operation, Gate)]
    return {
        "gates": len(sizes),
        "two_qubit_gates": sum(size > 1 for size in sizes),
        "depth": built.depth(lambda item: isinstance(item.operation, Gate)),
        "layout": layout,
    }


def _info(backend: QiskitBackend, circuit: Circuit, job: _Job) -> dict[str, Any]:
    requested = {
        "target": getattr(backend.target, "name", None),
        "shots": backend.shots,
        "seed": backend.seed,
        "optimization_level": backend.optimization_level,
    }
    return {
        "backend": "QiskitBackend",
        "shots": job.shots,
        "simulated": job.simulated,
        "seconds": job.seconds,
        "circuit": circuit_size(circuit),
        "transpiled": list(job.transpiled),
        "requested": requested,
        "effective": {
            "primitive": job.primitive,
            "shots": job.shots,
            "seed_simulator": job.seed,
            "optimization_level": backend.optimization_level if job.transpiled else None,
        },
    }
