"""Matrix product states as a backend: many qubits, little entanglement."""

import time
from collections.abc import Hashable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit, circuit_size
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Result, check_count, check_seed
from circuits.simulation.batching import (
    Batch,
    Build,
    Program,
    check_limit,
    fit_chunk,
    make_batch,
    precision,
    run_chunk,
)
from circuits.simulation.chains.matrix_product import matrix_product_state
from circuits.simulation.chains.measurement import chain_expectation, chain_samples
from circuits.simulation.devices.memory import device_memory

BATCH_SIZE = 64


@dataclass(frozen=True)
class MatrixProduct:
    """Expectation values from matrix product states, without shots.

    Exact where no bond needs more than `bond`; else `info["truncation"]` says how much was cut:
    the accumulated weight "discarded" in each evaluation (see `MatrixProductState`), the "largest"
    of them, and whether that has "exceeded" the tolerance. An expectation value of a Pauli string
    may be off by up to about twice the root of the weight; `std` is 0, for nothing is random.
    For gradients use `matrix_product_state`.

    Args:
        bond: largest bond dimension; memory grows with its square, time with its cube.
        tolerance: weight up to which a result counts as exact.
        memory_limit: bytes that the device may hold at once, for which batches are cut into
            chunks; by default what it has. The result does not depend on it.

    >>> from circuits import build_circuit, gate, pauli
    >>> ghz = build_circuit([gate("h", 0)] + [gate("cx", q, q + 1) for q in range(29)])
    >>> result = MatrixProduct(bond=2).expectation(ghz, pauli("ZZ", (0, 29)), {})
    >>> print(result.values.round(4), result.info["truncation"]["exceeded"])
    [[1.]] False
    """

    bond: int = 64
    tolerance: float = 1e-6
    memory_limit: int | None = None

    def __post_init__(self) -> None:
        check_count("bond", self.bond)
        if not 0 <= self.tolerance < 1:
            raise ValueError(
                "Argument `tolerance` must be a number from 0 to 1, "
                f"but is tolerance={self.tolerance!r}."
            )
        check_limit(self.memory_limit)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        batch = make_batch(circuit, angles, BATCH_SIZE, self._numbers(circuit))
        program, batch = self._compile(_values, circuit, (self.bond, checked), batch)
        start = time.perf_counter()
        found = _run(program, batch, jax.random.key(0)).astype(float)
        seconds = {"compile": program.compile_seconds, "execute": time.perf_counter() - start}
        values, discarded = found[:, :-1], found[:, -1]
        info = _info(self, circuit, seconds, batch, discarded)
        return Result(values, np.zeros(values.shape), info)

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n) drawn from the matrix product states; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        numbers = self._numbers(circuit) + 4 * shots * self.bond
        batch = make_batch(circuit, angles, BATCH_SIZE, numbers)
        program, batch = self._compile(_bits, circuit, (self.bond, shots), batch)
        return _run(program, batch, jax.random.key(seed))

    def _numbers(self, circuit: Circuit) -> int:
        """Of the tensors, and of a block on three sites with its factors."""
        return (2 * circuit.n_qubits + 64) * self.bond**2

    def _compile(
        self, build: Build, circuit: Circuit, option: Hashable, batch: Batch
    ) -> tuple[Program, Batch]:
        """A program that fits, and the batch with the chunk that it is for."""
        limit = device_memory() if self.memory_limit is None else self.memory_limit

        def refusal(needed: int) -> str:
            return (
                f"One evaluation on {circuit.n_qubits} qubits with bond {self.bond} needs {needed} "
                f"bytes, but {limit} are allowed (by `memory_limit`, or by the device where it is "
                "None): take a smaller `bond`."
            )

        (program,), batch = fit_chunk(build, [circuit], option, batch, limit, refusal)
        return program, batch


def _values(circuit: Circuit, option):
    """Values and discarded weight (k + 1,) as a function of angles and a key it does not need."""
    bond, observables = option
    state = matrix_product_state(circuit, bond)

    def run(angles, key):
        chain = state(angles)
        return jnp.append(chain_expectation(chain, observables), chain.discarded)

    return run


def _bits(circuit: Circuit, option):
    bond, shots = option
    state = matrix_product_state(circuit, bond)
    return lambda angles, key: chain_samples(state(angles), key, shots)


def _run(program, batch: Batch, key: jax.Array) -> npt.NDArray[Any]:
    rows = range(0, batch.length, batch.chunk)
    return np.concatenate([run_chunk(program, batch, row, key) for row in rows])


def _info(backend: MatrixProduct, circuit: Circuit, seconds, batch: Batch, discarded):
    options = asdict(backend)
    effective = {"chunk": batch.chunk, "chunk_bytes": batch.chunk_bytes, "precision": precision()}
    largest = float(discarded.max())
    return {
        "backend": "MatrixProduct",
        "shots": None,
        "simulated": True,
        "seconds": seconds,
        "circuit": circuit_size(circuit),
        "truncation": {
            "discarded": discarded.tolist(),
            "largest": largest,
            "tolerance": backend.tolerance,
            "exceeded": largest > backend.tolerance,
        },
        "requested": options,
        "effective": options | effective,
    }
