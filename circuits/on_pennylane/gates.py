"""Gates as PennyLane operations, which broadcast over batched angles."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, Slot, slot_count
from circuits.gates.host_matrices import generator_matrix, host_matrix

NAMES = {
    "id": "Identity",
    "h": "Hadamard",
    "x": "PauliX",
    "y": "PauliY",
    "z": "PauliZ",
    "s": "S",
    "t": "T",
    "sx": "SX",
    "rx": "RX",
    "ry": "RY",
    "rz": "RZ",
    "p": "PhaseShift",
    "cx": "CNOT",
    "cy": "CY",
    "cz": "CZ",
    "ch": "CH",
    "swap": "SWAP",
    "iswap": "ISWAP",
    "siswap": "SISWAP",
    "ecr": "ECR",
    "crx": "CRX",
    "cry": "CRY",
    "crz": "CRZ",
    "cp": "ControlledPhaseShift",
    "rxx": "IsingXX",
    "ryy": "IsingYY",
    "rzz": "IsingZZ",
    "givens": "SingleExcitation",
    "ccx": "Toffoli",
    "ccz": "CCZ",
    "cswap": "CSWAP",
}
# PennyLane's gates of the opposite angle.
OPPOSITES = {"gphase": "GlobalPhase", "xx_plus_yy": "IsingXY"}
ADJOINTS = {"sdg": "S", "tdg": "T", "sxdg": "SX"}
CONTROLLED = {"cs": "S", "csx": "SX"}


def to_operation(item: Gate, arrays: Mapping[str, Any]) -> Any:
    """Return a gate as a PennyLane operation.

    Args:
        item: a gate without a classical bit.
        arrays: angles `{segment: (size,) or (b, size)}` in radians, of any array library that
            PennyLane differentiates.

    Raises:
        ValueError: on a measurement, a reset or a condition.

    >>> from circuits.gates.gate_types import gate
    >>> to_operation(gate("rx", 0, angle=0.5), {})
    RX(0.5, wires=[0])
    """
    import pennylane as qp

    if item.name in ("measure", "reset") or item.condition is not None:
        raise ValueError(
            f"Gate {item.name!r} on wires {item.wires} uses a classical bit or a reset, which "
            "PennyLane tapes are not given here; use `QiskitBackend` or the simulator."
        )
    angle, wires = _angle(item, arrays), item.wires
    if item.name in NAMES:
        kind = getattr(qp, NAMES[item.name])
        return kind(wires=wires) if angle is None else kind(angle, wires=wires)
    if item.name in OPPOSITES:
        return getattr(qp, OPPOSITES[item.name])(-angle, wires=wires)
    if item.name in ADJOINTS:
        return qp.adjoint(getattr(qp, ADJOINTS[item.name])(wires))
    if item.name in CONTROLLED:
        return qp.ctrl(getattr(qp, CONTROLLED[item.name])(wires[1]), control=wires[0])
    return _with_data(qp, item, angle)


def _with_data(qp, item: Gate, angle):
    wires, data = item.wires, item.data
    if item.name == "rzx":
        return qp.PauliRot(angle, "ZX", wires=wires)
    if isinstance(data, str):
        return qp.PauliRot(2 * angle, data, wires=wires)
    if item.name == "amplitudes":
        vector = data.array if isinstance(data, Constant) else angle
        return qp.StatePrep(vector, wires=wires, normalize=True)
    if isinstance(data, Constant) and item.name == "kraus":
        return qp.QubitChannel(list(data.array), wires=wires)
    if isinstance(data, Constant) and item.name == "diagonal":
        return qp.DiagonalQubitUnitary(_phases(qp, angle, data.array), wires=wires)
    if angle is None:
        return qp.QubitUnitary(host_matrix(item), wires=wires)
    return qp.QubitUnitary(_exponential(qp, item, angle), wires=wires)


def _phases(qp, angle, values):
    """``exp(-i angle v)`` for every value, (m,) or (b, m), differentiable by PennyLane."""
    turns = qp.math.stack([angle * value for value in values], axis=-1)
    return qp.math.cos(turns) - 1j * qp.math.sin(turns)


def _exponential(qp, item: Gate, angle):
    """``exp(-i angle G)`` in the eigenbasis of ``G``, (m, m) or (b, m, m)."""
    values, vectors = np.linalg.eigh(generator_matrix(item.name, item.data))
    phases = qp.math.expand_dims(_phases(qp, angle, values), -2)
    return qp.math.dot(vectors * phases, vectors.conj().T)


def _angle(item: Gate, arrays) -> Any:
    """Number or (b,); for amplitudes (2**k,) or (b, 2**k); None where there is none."""
    if not isinstance(item.angle, Slot):
        return item.angle
    segment, index, scale = item.angle
    if item.name == "amplitudes":
        return arrays[segment][..., index : index + slot_count(item)]
    return scale * arrays[segment][..., index]
