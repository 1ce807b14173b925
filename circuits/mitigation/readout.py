"""Readout mitigation: measure how bits are confused, and undo it on average."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit, build_circuit, circuit_size
from circuits.estimation import measurement_groups
from circuits.gates.gate_types import gate
from circuits.mitigation.confusion import assignment_matrix, mitigated_estimate, unconfused
from circuits.mitigation.placing import placed
from circuits.mitigation.wrapping import Array, check_same_qubits, reseeded, wrapped_info
from circuits.noise.model import Readout
from circuits.observables import PauliSum, check_observables, z
from circuits.protocol import Backend, Result, check_count, check_seed

METHODS = ("tensored", "full", "subspace")


@dataclass(frozen=True)
class ReadoutMitigation:
    """Values as a readout without errors would give them on average.

    Each call measures the confusion anew, on the circuits of no gates and of an X on each qubit,
    unless `readouts` says it; errors of these X gates are taken for those of readout. The errors
    of the calibration are part of `std`. For a Qiskit target the circuit is transpiled once, and
    the qubits are calibrated on which it ends (`placed`).

    Args:
        backend: what runs the circuits.
        method: "tensored", each qubit by itself, for any backend and any number of qubits: Pauli
            strings are measured as sums that undo the confusion. "full", a matrix of all 2**n bit
            strings, which sees errors of neighbours together, up to 8 qubits. "subspace", each
            qubit by itself, but solved on the bit strings that were seen only, which errs less on
            states of few strings and is slightly biased.
        shots: of each basis (and of each basis state for "full"); unused where "tensored", which
            takes those of the backend.
        seed: of these shots, likewise.
        readouts: (0 read as 1, 1 read as 0) of each qubit where known, such as those of
            `noise_from_target`; for "tensored" only.

    Source:
        Bravyi et al., Phys. Rev. A 103, 042605 (2021), Sec. II (tensored and full); Nation et
        al., PRX Quantum 2, 040326 (2021), Sec. II (subspace, "M3"; solved densely here).

    >>> from circuits import Density, NoiseModel
    >>> noisy = Density(NoiseModel(readout=(0.1, 0.3)))
    >>> result = ReadoutMitigation(noisy).expectation(build_circuit([gate("x", 0)]), z(0), {})
    >>> raw = noisy.expectation(build_circuit([gate("x", 0)]), z(0), {})
    >>> raw.values.round(5), result.values.round(5)
    (array([[-0.4]]), array([[-1.]]))
    """

    backend: Backend
    method: str = "tensored"
    shots: int = 4096
    seed: int = 0
    readouts: tuple[Readout, ...] | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"Argument `method` must be one of {METHODS}, but is {self.method!r}.")
        if self.readouts is not None and self.method != "tensored":
            raise ValueError("Argument `readouts` is for method 'tensored' only; leave it out.")
        check_count("shots", self.shots)
        check_seed(self.seed)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables without the readout's errors; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        if self.readouts is not None:  # of the circuit's own wires
            return self._tensored(circuit, checked, angles)
        made = placed(self.backend, circuit, angles)
        inside = replace(self, backend=made.backend)
        run = inside._tensored if self.method == "tensored" else inside._sampled
        result = run(made.circuit, made.moved(checked), angles)
        return result._replace(info=result.info | {"circuit": circuit_size(circuit)})

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return the bits of the backend inside, as confused as they are; see `Backend`."""
        return self.backend.sample(circuit, angles, shots=shots, seed=seed)

    def _tensored(self, circuit: Circuit, observables: Sequence[PauliSum], angles: Angles):
        if self.readouts is None:
            readouts, errors, runs = calibrate(self.backend, circuit.n_qubits)
        else:
            readouts = np.array(self.readouts, float)[: circuit.n_qubits]
            errors, runs = np.zeros(readouts.shape), []
            _check_readouts(readouts, circuit.n_qubits)
        undone = [unconfused(item, readouts) for item in observables]
        owners, shifted = _shifted(observables, readouts, errors)
        run = self.backend.expectation(circuit, [*undone, *shifted], angles)
        check_same_qubits([run, *runs], "final_layout")
        values, variances = run.values[:, : len(undone)], run.std[:, : len(undone)] ** 2
        for owner, column in zip(owners, run.values[:, len(undone) :].T, strict=True):
            variances[:, owner] += (column - values[:, owner]) ** 2
        calls = [(run, undone), *((each, [z(0)]) for each in runs)]
        return Result(values, np.sqrt(variances), self._info(circuit, calls, readouts))

    def _sampled(self, circuit: Circuit, observables: Sequence[PauliSum], angles: Angles):
        readouts, errors, runs = calibrate(self.backend, circuit.n_qubits)
        start = time.perf_counter()
        full = None
        if self.method == "full":
            full = assignment_matrix(self.backend, circuit.n_qubits, self.shots, self.seed)
        draws = (readouts, errors) if full is None else (full, self.shots)
        values, std = mitigated_estimate(
            self.backend, circuit, observables, angles, self.shots, self.seed, draws
        )
        info = self._info(circuit, [(each, [z(0)]) for each in runs], readouts)
        count = len(values) * len(measurement_groups(observables))
        count += 0 if full is None else len(full)
        info["cost"]["calls"] += len(measurement_groups(observables)) + (full is not None)
        info["cost"]["circuits"] += count
        info["cost"]["shots"] = (info["cost"]["shots"] or 0) + count * self.shots
        info["seconds"]["execute"] += time.perf_counter() - start
        info["shots"] = self.shots
        return Result(values, std, info)

    def _info(self, circuit, calls, readouts: Array) -> dict[str, Any]:
        given = None if self.readouts is None else [list(map(float, each)) for each in readouts]
        options = {"method": self.method, "readouts": given}
        if self.method != "tensored":
            options |= {"shots": self.shots, "seed": self.seed}
        found = {"readouts": readouts.tolist()}
        return wrapped_info("ReadoutMitigation", circuit, calls, options, found)


def calibrate(backend: Backend, n_qubits: int) -> tuple[Array, Array, list[Result]]:
    """Return (n, 2) probabilities that each qubit's 0 is read as 1 and 1 as 0, their errors, runs.

    >>> from circuits import Density, NoiseModel
    >>> calibrate(Density(NoiseModel(readout=(0.1, 0.3))), 1)[0].round(5)
    array([[0.1, 0.3]])
    """
    flips = build_circuit([gate("x", wire) for wire in range(n_qubits)])
    signs = [z(wire) for wire in range(n_qubits)]
    runs = [
        reseeded(backend, number).expectation(each, signs, {})
        for number, each in ((1, Circuit((), n_qubits, {})), (2, flips))
    ]
    readouts = np.stack([(1 - runs[0].values[0]) / 2, (1 + runs[1].values[0]) / 2], axis=1)
    return readouts, np.stack([run.std[0] / 2 for run in runs], axis=1), runs


def _check_readouts(readouts: Array, n_qubits: int) -> None:
    if len(readouts) < n_qubits:
        raise ValueError(
            f"Argument `readouts` must have a pair for each of {n_qubits} qubits, but has "
            f"{len(readouts)}."
        )


def _shifted(observables: Sequence[PauliSum], readouts: Array, errors: Array):
    """Which observable, and what it would be were one probability larger by its error."""
    owners, shifted = [], []
    for owner, item in enumerate(observables):
        wires = sorted({wire for _, string in item.terms for wire, _ in string})
        for wire in wires:
            for side in np.flatnonzero(errors[wire]):
                moved = readouts.copy()
                moved[wire, side] += errors[wire, side]
                owners.append(owner)
                shifted.append(unconfused(item, moved))
    return owners, shifted
