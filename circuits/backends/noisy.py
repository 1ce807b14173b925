"""Backends that run noisy circuits: density matrices for few qubits, trajectories for more."""

import time
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit, circuit_size
from circuits.estimation import basis_change, estimate, measurement_groups
from circuits.noise.channels import readout_confusion
from circuits.noise.model import (
    NoiseModel,
    Readout,
    add_noise,
    check_noise,
    confused,
    noise_to_dict,
    qubit_readouts,
)
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Result, check_count, check_seed
from circuits.simulation.batching import (
    Batch,
    Build,
    Program,
    check_limit,
    compile_within,
    make_batch,
    precision,
    run_chunk,
)
from circuits.simulation.open_systems.density import density_expectation, density_probabilities
from circuits.simulation.open_systems.trajectories import (
    CHUNK,
    trajectory_expectation,
    trajectory_samples,
)

BATCH_SIZE = 1024
Readouts = tuple[Readout, ...]  # of each qubit


@dataclass(frozen=True)
class Density:
    """Expectation values under noise, from density matrices: exact, or from a number of shots.

    Runs circuits of any gates, channels and measurements among them. Memory is 4**n numbers.

    Args:
        noise: what follows the gates and errs at readout; None for what the circuit holds itself.
        shots: for each measurement basis; None for exact values. The change of basis is ideal.
        seed: decides all draws.
        memory_limit: bytes that the device may hold at once, for which batches are cut into
            chunks; by default what it has. The result does not depend on it.

    >>> from circuits import build_circuit, gate, z
    >>> from circuits.noise.channels import (amplitude_damping)
    >>> noise = NoiseModel(one=(amplitude_damping(0.25, 0),), readout=(0.0, 0.5))
    >>> print(Density(noise).expectation(build_circuit([gate("x", 0)]), z(0), {}).values)
    [[0.25]]
    """

    noise: NoiseModel | None = None
    shots: int | None = None
    seed: int = 0
    memory_limit: int | None = None

    def __post_init__(self) -> None:
        if self.shots is not None:
            check_count("shots", self.shots)
        check_seed(self.seed)
        check_limit(self.memory_limit)
        check_noise(self.noise or NoiseModel())

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        noisy = add_noise(circuit, self.noise)
        batch = make_batch(circuit, angles, BATCH_SIZE, _numbers(circuit, self.shots or 0))
        if self.shots is None:
            build, circuits, option = _exact, [noisy], confused(checked, self.noise)
        else:
            groups = measurement_groups(checked)
            circuits = [noisy + basis_change(group, circuit.n_qubits) for group in groups]
            build, option = _measured, (self.shots, qubit_readouts(self.noise, circuit.n_qubits))
        found, seconds, batch = self._run(build, circuits, option, batch, self.seed)
        if self.shots is None:
            values, std = found[0].astype(float), np.zeros(found[0].shape)
        else:
            values, std = estimate(checked, found)
        requested = {"noise": noise_to_dict(self.noise), "shots": self.shots}
        requested |= {"seed": self.seed, "memory_limit": self.memory_limit}
        return Result(values, std, _info("Density", requested, circuit, seconds, batch, self.shots))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n) drawn from the noisy distribution; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        batch = make_batch(circuit, angles, BATCH_SIZE, _numbers(circuit, shots))
        option = (shots, qubit_readouts(self.noise, circuit.n_qubits))
        noisy = add_noise(circuit, self.noise)
        return self._run(_measured, [noisy], option, batch, seed)[0][0]

    def _run(self, build: Build, circuits: list[Circuit], option: Hashable, batch, seed: int):
        programs, batch = compile_within(
            build, circuits, option, batch, memory_limit=self.memory_limit, method="density"
        )
        return *_run(programs, batch, seed), batch


@dataclass(frozen=True)
class Trajectories:
    """Estimates under noise from pure states in which noise strikes at random; 2**n numbers each.

    Runs circuits of any gates. In each trajectory values are exact; `std` is the standard error
    over the trajectories, 0 where nothing is random, as it is without noise.

    Args:
        count: number of trajectories for each set of angles, at least 2.
        noise: what follows the gates and errs at readout; None for what the circuit holds itself.
        seed: decides all draws; every set of angles draws independently.
        memory_limit: as for `Density`.

    >>> from circuits import build_circuit, gate, z
    >>> from circuits.noise.channels import (bit_flip)
    >>> noisy = Trajectories(400, NoiseModel(one=(bit_flip(0.5, 0),)))
    >>> result = noisy.expectation(build_circuit([gate("x", 0)]), z(0), {})
    >>> bool(abs(result.values.item()) < 4 * result.std.item())
    True
    """

    count: int = 1000
    noise: NoiseModel | None = None
    seed: int = 0
    memory_limit: int | None = None

    def __post_init__(self) -> None:
        check_count("count", self.count)
        if self.count == 1:
            raise ValueError("Argument `count` must be at least 2, but is count=1.")
        check_seed(self.seed)
        check_limit(self.memory_limit)
        check_noise(self.noise or NoiseModel())

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = confused(check_observables(observables, circuit.n_qubits), self.noise)
        batch = make_batch(circuit, angles, BATCH_SIZE, _working_set(circuit, self.count))
        noisy, option = add_noise(circuit, self.noise), (checked, self.count)
        found, seconds, batch = self._run(_estimated, noisy, option, batch, self.seed)
        values, std = np.moveaxis(found[0].astype(float), 1, 0)
        requested = {"count": self.count, "noise": noise_to_dict(self.noise)}
        requested |= {"seed": self.seed, "memory_limit": self.memory_limit}
        return Result(values, std, _info("Trajectories", requested, circuit, seconds, batch, None))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n), each shot of a trajectory of its own; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        batch = make_batch(circuit, angles, BATCH_SIZE, _working_set(circuit, shots))
        option = (shots, qubit_readouts(self.noise, circuit.n_qubits))
        return self._run(_shots, add_noise(circuit, self.noise), option, batch, seed)[0][0]

    def _run(self, build: Build, circuit: Circuit, option: Hashable, batch, seed: int):
        programs, batch = compile_within(
            build, [circuit], option, batch, memory_limit=self.memory_limit, method="trajectories"
        )
        return *_run(programs, batch, seed), batch


def _exact(circuit: Circuit, observables):
    """Exact values as a function of angles and a key that they do not need."""
    values = density_expectation(circuit, observables)
    return lambda angles, key: values(angles)


def _measured(circuit: Circuit, option: tuple[int, Readouts]):
    """Bits (shots, n) as read from the final density matrix."""
    shots, readouts = option
    distribution = density_probabilities(circuit)

    def run(angles, key):
        weights = _read(jnp.maximum(distribution(angles), 0), readouts)
        outcomes = jax.random.choice(key, len(weights), (shots,), p=weights).astype(jnp.int32)
        shifts = jnp.arange(circuit.n_qubits - 1, -1, -1, dtype=jnp.int32)
        return ((outcomes[:, None] >> shifts) & 1).astype(jnp.uint8)

    return run


def _estimated(circuit: Circuit, option: tuple[tuple[PauliSum, ...], int]):
    """Means and standard errors (2, k) over trajectories."""
    estimates = trajectory_expectation(circuit, *option)
    return lambda angles, key: jnp.stack(estimates(angles, key))


def _shots(circuit: Circuit, option: tuple[int, Readouts]):
    """Bits (shots, n) as read at the end of trajectories."""
    shots, readouts = option
    zero_as_one, one_as_zero = np.array(readouts, float).T
    sample = trajectory_samples(circuit, shots)

    def run(angles, key):
        first, second = jax.random.split(key)
        bits = sample(angles, first)
        draws = jax.random.uniform(second, bits.shape, jnp.result_type(float))
        wrong = [jnp.asarray(each, draws.dtype) for each in (one_as_zero, zero_as_one)]
        chance = jnp.where(bits == 1, *wrong)
        return bits ^ (draws < chance).astype(jnp.uint8)

    return run


def _read(weights: jax.Array, readouts: Readouts) -> jax.Array:
    """Probabilities (2**n,) of what is read where each bit is confused by itself."""
    for wire, pair in enumerate(readouts):
        if any(pair):
            confusion = jnp.asarray(readout_confusion(*pair), weights.dtype)
            split = weights.reshape(2**wire, 2, -1)
            weights = jnp.einsum("rt,atb->arb", confusion, split).reshape(-1)
    return weights


def _run(programs: Sequence[Program], batch: Batch, seed: int):
    """What each program gives for the whole batch, and the seconds it took."""
    start, keys = time.perf_counter(), jax.random.split(jax.random.key(seed), len(programs))
    rows = range(0, batch.length, batch.chunk)
    found = [
        np.concatenate([run_chunk(program, batch, row, key) for row in rows])
        for program, key in zip(programs, keys, strict=True)
    ]
    compiled = sum(program.compile_seconds for program in programs)
    return found, {"compile": compiled, "execute": time.perf_counter() - start}


def _numbers(circuit: Circuit, shots: int) -> int:
    return 4**circuit.n_qubits + shots * circuit.n_qubits


def _working_set(circuit: Circuit, count: int) -> int:
    """Amplitudes that the trajectories of one set of angles hold at a time."""
    return max(2**circuit.n_qubits, min(count * 2**circuit.n_qubits, CHUNK))


def _info(name: str, requested: dict[str, Any], circuit: Circuit, seconds, batch: Batch, shots):
    effective = {"chunk": batch.chunk, "chunk_bytes": batch.chunk_bytes, "precision": precision()}
    return {
        "backend": name,
        "shots": shots,
        "simulated": True,
        "seconds": seconds,
        "circuit": circuit_size(circuit),
        "requested": requested,
        "effective": requested | effective,
    }
