"""Pure states, exactly and by shots: our own simulator as a Backend."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import jax
import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit, circuit_size
from circuits.estimation import basis_change, estimate, measurement_groups
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Result, check_count, check_seed
from circuits.simulation import expectation, samples
from circuits.simulation.batching import (
    Batch,
    check_limit,
    compile_within,
    make_batch,
    precision,
    run_chunk,
)

BATCH_SIZE = 1024


@dataclass(frozen=True)
class Exact:
    """Exact expectation values from the state, without shots.

    Compiles ahead of time and keeps the program, so that calls of the same shape compile once.

    Args:
        batch_size: most sets of angles in one program, fewer where states are large; the result
            does not depend on it.
        memory_limit: bytes that the device may hold at once, for which batches are cut into
            chunks; by default what it has. The result does not depend on it either.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> result = Exact().expectation(circuit, z(0), {"w": [[0.0], [np.pi]]})
    >>> print(result.values.ravel(), result.std.ravel())
    [ 1. -1.] [0. 0.]
    """

    batch_size: int = BATCH_SIZE
    memory_limit: int | None = None

    def __post_init__(self) -> None:
        check_count("batch_size", self.batch_size)
        check_limit(self.memory_limit)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return exact values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        batch = make_batch(circuit, angles, self.batch_size, 2**circuit.n_qubits)
        (program,), batch = compile_within(
            _expectation, [circuit], checked, batch, memory_limit=self.memory_limit
        )
        start, key = time.perf_counter(), jax.random.key(0)
        rows = range(0, batch.length, batch.chunk)
        values = np.concatenate([run_chunk(program, batch, row, key) for row in rows])
        seconds = {"compile": program.compile_seconds, "execute": time.perf_counter() - start}
        info = _info(self, circuit, seconds, batch, shots=None)
        return Result(values.astype(float), np.zeros(values.shape), info)

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n) drawn from the exact distribution; see `Backend`."""
        return Shots(shots, seed, self.memory_limit).sample(circuit, angles, shots=shots, seed=seed)


@dataclass(frozen=True)
class Shots:
    """Estimates from a finite number of shots, drawn from the exact distribution of each basis.

    What an ideal device would give: shot noise and nothing else.

    Args:
        shots: for each measurement basis (each qubit-wise commuting group of terms).
        seed: decides all draws; every set of angles and every basis draws independently.
        memory_limit: as for `Exact`.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> result = Shots(shots=100).expectation(circuit, z(0), {"w": [np.pi / 2]})
    >>> bool(abs(result.values.item()) < 3 * result.std.item()), result.info["shots"]
    (True, 100)
    """

    shots: int = 1024
    seed: int = 0
    memory_limit: int | None = None

    def __post_init__(self) -> None:
        check_count("shots", self.shots)
        check_seed(self.seed)
        check_limit(self.memory_limit)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return estimated values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        groups = measurement_groups(checked)
        rotated = [circuit + basis_change(group, circuit.n_qubits) for group in groups]
        batch = make_batch(circuit, angles, BATCH_SIZE, _numbers(circuit, self.shots))
        programs, batch = compile_within(
            samples, rotated, self.shots, batch, memory_limit=self.memory_limit
        )
        start, keys = time.perf_counter(), jax.random.split(jax.random.key(self.seed), len(groups))
        parts = []
        for row in range(0, batch.length, batch.chunk):
            pairs = zip(programs, keys, strict=True)
            bits = [run_chunk(program, batch, row, key) for program, key in pairs]
            parts.append(estimate(checked, bits))
        values, std = (np.concatenate(part) for part in zip(*parts, strict=True))
        compiled = sum(program.compile_seconds for program in programs)
        seconds = {"compile": compiled, "execute": time.perf_counter() - start}
        return Result(values, std, _info(self, circuit, seconds, batch, shots=self.shots))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n) drawn from the exact distribution; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        batch = make_batch(circuit, angles, BATCH_SIZE, _numbers(circuit, shots))
        (program,), batch = compile_within(
            samples, [circuit], shots, batch, memory_limit=self.memory_limit
        )
        rows, key = range(0, batch.length, batch.chunk), jax.random.key(seed)
        return np.concatenate([run_chunk(program, batch, row, key) for row in rows])


def _expectation(circuit, observables):
    """Exact values as a function of angles and a key that they do not need."""
    values = expectation(circuit, observables)
    return lambda angles, key: values(angles)


def _numbers(circuit: Circuit, shots: int) -> int:
    return 2**circuit.n_qubits + shots * circuit.n_qubits


def _info(backend, circuit: Circuit, seconds, batch: Batch, shots: int | None):
    options = asdict(backend)
    effective = {"chunk": batch.chunk, "chunk_bytes": batch.chunk_bytes, "precision": precision()}
    return {
        "backend": type(backend).__name__,
        "shots": shots,
        "simulated": True,
        "seconds": seconds,
        "circuit": circuit_size(circuit),
        "requested": options,
        "effective": options | effective,
    }
