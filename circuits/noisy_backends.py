"""Backends that run noisy circuits: density matrices for few qubits, trajectories for more."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.channels import readout_confusion
from circuits.circuit import Circuit, circuit_size
from circuits.estimation import basis_change, estimate, measurement_groups
from circuits.noise_model import NoiseModel, add_noise, check_noise, confused, noise_to_dict
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Result, check_count, check_seed
from circuits.simulation.batching import Batch, Program, compile_program, make_batch, run_chunk
from circuits.simulation.open_systems.density import density_expectation, density_probabilities
from circuits.simulation.open_systems.trajectories import (
    CHUNK,
    trajectory_expectation,
    trajectory_samples,
)

BATCH_SIZE = 1024
Readout = tuple[float, float]


@dataclass(frozen=True)
class Density:
    """Expectation values under noise, from density matrices: exact, or from a number of shots.

    Runs circuits of any gates, channels and measurements among them. Memory is 4**n numbers.

    Args:
        noise: what follows the gates and errs at readout; None for what the circuit holds itself.
        shots: for each measurement basis; None for exact values. The change of basis is ideal.
        seed: decides all draws.

    >>> from circuits import build_circuit, gate, z
    >>> from circuits.channels import amplitude_damping
    >>> noise = NoiseModel(one=(amplitude_damping(0.25, 0),), readout=(0.0, 0.5))
    >>> print(Density(noise).expectation(build_circuit([gate("x", 0)]), z(0), {}).values)
    [[0.25]]
    """

    noise: NoiseModel | None = None
    shots: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.shots is not None:
            check_count("shots", self.shots)
        check_seed(self.seed)
        check_noise(self.noise or NoiseModel())

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        noisy = add_noise(circuit, self.noise)
        batch = make_batch(circuit, angles, BATCH_SIZE, _numbers(circuit, self.shots or 0))
        if self.shots is None:
            programs = [compile_program(_exact, noisy, confused(checked, self.noise), batch)]
        else:
            groups = measurement_groups(checked)
            rotated = [noisy + basis_change(group, circuit.n_qubits) for group in groups]
            option = (self.shots, _readout(self.noise))
            programs = [compile_program(_measured, each, option, batch) for each in rotated]
        found, seconds = _run(programs, batch, self.seed)
        if self.shots is None:
            values, std = found[0].astype(float), np.zeros(found[0].shape)
        else:
            values, std = estimate(checked, found)
        requested = {"noise": noise_to_dict(self.noise), "shots": self.shots, "seed": self.seed}
        return Result(values, std, _info("Density", requested, circuit, seconds, batch, self.shots))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n) drawn from the noisy distribution; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        batch = make_batch(circuit, angles, BATCH_SIZE, _numbers(circuit, shots))
        option = (shots, _readout(self.noise))
        program = compile_program(_measured, add_noise(circuit, self.noise), option, batch)
        return _run([program], batch, seed)[0][0]


@dataclass(frozen=True)
class Trajectories:
    """Estimates under noise from pure states in which noise strikes at random; 2**n numbers each.

    Runs circuits of any gates. In each trajectory values are exact; `std` is the standard error
    over the trajectories, 0 where nothing is random, as it is without noise.

    Args:
        count: number of trajectories for each set of angles, at least 2.
        noise: what follows the gates and errs at readout; None for what the circuit holds itself.
        seed: decides all draws; every set of angles draws independently.

    >>> from circuits import build_circuit, gate, z
    >>> from circuits.channels import bit_flip
    >>> noisy = Trajectories(400, NoiseModel(one=(bit_flip(0.5, 0),)))
    >>> result = noisy.expectation(build_circuit([gate("x", 0)]), z(0), {})
    >>> bool(abs(result.values.item()) < 4 * result.std.item())
    True
    """

    count: int = 1000
    noise: NoiseModel | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("count", self.count)
        if self.count == 1:
            raise ValueError("Argument `count` must be at least 2, but is count=1.")
        check_seed(self.seed)
        check_noise(self.noise or NoiseModel())

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = confused(check_observables(observables, circuit.n_qubits), self.noise)
        batch = make_batch(circuit, angles, BATCH_SIZE, _working_set(circuit, self.count))
        option = (checked, self.count)
        program = compile_program(_estimated, add_noise(circuit, self.noise), option, batch)
        found, seconds = _run([program], batch, self.seed)
        values, std = np.moveaxis(found[0].astype(float), 1, 0)
        requested = {"count": self.count, "noise": noise_to_dict(self.noise), "seed": self.seed}
        return Result(values, std, _info("Trajectories", requested, circuit, seconds, batch, None))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n), each shot of a trajectory of its own; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        batch = make_batch(circuit, angles, BATCH_SIZE, _working_set(circuit, shots))
        option = (shots, _readout(self.noise))
        program = compile_program(_shots, add_noise(circuit, self.noise), option, batch)
        return _run([program], batch, seed)[0][0]


def _exact(circuit: Circuit, observables):
    """Exact values as a function of angles and a key that they do not need."""
    values = density_expectation(circuit, observables)
    return lambda angles, key: values(angles)


def _measured(circuit: Circuit, option: tuple[int, Readout]):
    """Bits (shots, n) as read from the final density matrix."""
    shots, readout = option
    distribution = density_probabilities(circuit)

    def run(angles, key):
        weights = _read(jnp.maximum(distribution(angles), 0), readout, circuit.n_qubits)
        outcomes = jax.random.choice(key, len(weights), (shots,), p=weights).astype(jnp.int32)
        shifts = jnp.arange(circuit.n_qubits - 1, -1, -1, dtype=jnp.int32)
        return ((outcomes[:, None] >> shifts) & 1).astype(jnp.uint8)

    return run


def _estimated(circuit: Circuit, option: tuple[tuple[PauliSum, ...], int]):
    """Means and standard errors (2, k) over trajectories."""
    estimates = trajectory_expectation(circuit, *option)
    return lambda angles, key: jnp.stack(estimates(angles, key))


def _shots(circuit: Circuit, option: tuple[int, Readout]):
    """Bits (shots, n) as read at the end of trajectories."""
    shots, (zero_as_one, one_as_zero) = option
    sample = trajectory_samples(circuit, shots)

    def run(angles, key):
        first, second = jax.random.split(key)
        bits = sample(angles, first)
        draws = jax.random.uniform(second, bits.shape, jnp.result_type(float))
        chance = jnp.where(bits == 1, one_as_zero, zero_as_one).astype(draws.dtype)
        return bits ^ (draws < chance).astype(jnp.uint8)

    return run


def _read(weights: jax.Array, readout: Readout, n_qubits: int) -> jax.Array:
    """Probabilities (2**n,) of what is read where each bit is confused by itself."""
    if readout == (0.0, 0.0):
        return weights
    confusion = jnp.asarray(readout_confusion(*readout), weights.dtype)
    for wire in range(n_qubits):
        split = weights.reshape(2**wire, 2, -1)
        weights = jnp.einsum("rt,atb->arb", confusion, split).reshape(-1)
    return weights


def _readout(noise: NoiseModel | None) -> Readout:
    return (0.0, 0.0) if noise is None else noise.readout


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
    precision = "double" if jnp.result_type(float) == np.float64 else "single"
    return {
        "backend": name,
        "shots": shots,
        "simulated": True,
        "seconds": seconds,
        "circuit": circuit_size(circuit),
        "requested": requested,
        "effective": requested | {"chunk": batch.chunk, "precision": precision},
    }
