"""PennyLane devices as a backend.

Circuits go to a device as NumPy tapes with parameter broadcasting: one tape for a whole batch,
which the device's own preprocessing splits where it cannot broadcast, and all tapes in one call,
so that a remote device makes one job of them. Nothing here runs inside
JAX's tracing, so any pair of PennyLane and JAX versions works.
"""

import inspect
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit, circuit_size
from circuits.estimation import basis_change, estimate, measurement_groups
from circuits.observables import PauliSum, check_observables
from circuits.on_pennylane.tape import to_tape
from circuits.protocol import Result, check_count, check_seed

# Packages whose devices are all simulators.
SIMULATORS = ("pennylane", "pennylane_lightning", "circuits")


@dataclass(frozen=True)
class PennyLaneBackend:
    """Runs circuits on any PennyLane device, each call as one batch of tapes.

    Args:
        device: name of a device, made with as many wires as the circuit has, or a device object
            whose wires include 0, 1, ...
        shots: for each measurement basis; None for the exact values of a simulator.
        seed: of a device made by name that takes one; `info["effective"]["seed"]` is None where
            the device decides for itself.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> result = PennyLaneBackend().expectation(circuit, z(0), {"w": [[0.0], [np.pi]]})
    >>> print(result.values.ravel())
    [ 1. -1.]
    """

    device: Any = "default.qubit"
    shots: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.shots is not None:
            check_count("shots", self.shots)
        check_seed(self.seed)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        arrays = check_angles(circuit, angles)
        device, seed = _open(self.device, circuit.n_qubits, self.seed)
        start = time.perf_counter()
        if self.shots is None:
            values = _exact(device, to_tape(circuit, checked, arrays), batch_length(arrays))
            std = np.zeros(values.shape)
        else:
            groups = measurement_groups(checked)
            rotated = [circuit + basis_change(group, circuit.n_qubits) for group in groups]
            bits = _bits(device, rotated, arrays, self.shots)
            values, std = estimate(checked, bits)
        seconds = {"compile": 0.0, "execute": time.perf_counter() - start}
        return Result(values, std, _info(self, device, seed, circuit, seconds))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return measured bits (b, shots, n); see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        arrays = check_angles(circuit, angles)
        device, _ = _open(self.device, circuit.n_qubits, seed)
        return _bits(device, [circuit], arrays, shots)[0]


def _open(device, n_qubits: int, seed: int):
    """Device and the seed that it took, None where it takes none."""
    import pennylane as qp

    if isinstance(device, str):
        opened = _named(device, n_qubits)
        if "seed" not in inspect.signature(type(opened)).parameters:
            return opened, None
        return qp.device(device, wires=n_qubits, seed=seed), seed
    if device.wires is not None and not set(range(n_qubits)) <= set(device.wires):
        raise ValueError(
            f"The circuit has {n_qubits} qubits, but the device {device.name!r} has the wires "
            f"{list(device.wires)}."
        )
    return device, None


def _named(name: str, n_qubits: int):
    import pennylane as qp
    from pennylane.exceptions import DeviceError

    try:
        return qp.device(name, wires=n_qubits)
    except DeviceError as error:
        raise ValueError(f"PennyLane cannot open the device {name!r}: {error}") from error


def _exact(device, tape, length: int) -> npt.NDArray[np.float64]:
    import pennylane as qp

    (values,) = qp.execute([tape], device, diff_method=None)
    values = values if isinstance(values, tuple) else (values,)
    shapes = {np.shape(value) for value in values}
    if not shapes <= {(), (length,)} or not all(np.isfinite(value).all() for value in values):
        raise ValueError(
            f"The device {device.name!r} must return finite values for {length} sets of angles, "
            f"but returned NaN, infinity, or values of shapes {sorted(shapes)}; they are not used."
        )
    columns = [np.broadcast_to(np.asarray(value, float), (length,)) for value in values]
    return np.stack(columns, axis=1)


def _bits(device, circuits: list[Circuit], arrays, shots: int) -> list[npt.NDArray[np.uint8]]:
    """Bits (b, shots, n) of each circuit, from one call of the device."""
    import pennylane as qp

    length = batch_length(arrays)
    tapes = [_sampling_tape(each, arrays, shots, length) for each in circuits]
    shape = (length, shots, circuits[0].n_qubits)
    found = [np.asarray(bits) for bits in qp.execute(tapes, device, diff_method=None)]
    for bits in found:
        if bits.size != np.prod(shape) or not np.isin(bits, (0, 1)).all():
            raise ValueError(
                f"The device {device.name!r} must return bits of shape {shape} (sets of angles, "
                f"shots, qubits), but returned {bits.dtype} of shape {bits.shape}; they are not "
                "used."
            )
    return [bits.astype(np.uint8).reshape(shape) for bits in found]


def _sampling_tape(circuit: Circuit, arrays, shots: int, length: int):
    """A tape that does not depend on the batch runs b times the shots."""
    tape = to_tape(circuit, [], arrays, shots)
    return tape if tape.batch_size else to_tape(circuit, [], arrays, shots * length)


def _info(backend: PennyLaneBackend, device, seed: int | None, circuit: Circuit, seconds):
    is_ours = type(device).__module__.split(".")[0] in SIMULATORS
    requested = {"device": str(backend.device), "shots": backend.shots, "seed": backend.seed}
    effective = {"device": device.name, "shots": backend.shots, "seed": seed}
    return {
        "backend": "PennyLaneBackend",
        "shots": backend.shots,
        "simulated": True if is_ours else None,
        "seconds": seconds,
        "circuit": circuit_size(circuit),
        "requested": requested,
        "effective": effective if backend.shots else effective | {"seed": None},
    }
