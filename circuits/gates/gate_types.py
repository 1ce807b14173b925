"""One gate as plain data, and where its angle comes from."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant
from circuits.gates.gate_data import DATA_GATES, NEEDS_ANGLE, UNITARY_DATA, Data, check_data
from circuits.gates.table import GATES


class Slot(NamedTuple):
    """Where a gate's angle is read from: `scale` times entry `index` of the segment `segment`."""

    segment: str
    index: int
    scale: float = 1.0

    def __repr__(self) -> str:
        scale = "" if self.scale == 1.0 else f", scale={self.scale}"
        return f"Slot(segment={self.segment!r}, index={self.index}{scale})"


class Gate(NamedTuple):
    """A gate on wires; `angle` in radians is a number, a slot, or None for a constant gate.

    `data` is what a gate of `DATA_GATES` carries, None for the named gates of `GATES`. With
    `condition` = (classical bit, value) the gate acts only where the bit has that value.
    """

    name: str
    wires: tuple[int, ...]
    angle: Slot | float | None = None
    data: Constant | str | None = None
    condition: tuple[int, int] | None = None

    def __repr__(self) -> str:
        extras = {"data": self.data, "condition": self.condition}
        shown = "".join(f", {key}={value!r}" for key, value in extras.items() if value is not None)
        return f"Gate(name={self.name!r}, wires={self.wires}, angle={self.angle!r}{shown})"


def gate(
    name: str,
    *wires: int,
    angle: "Slot | tuple[str, int] | tuple[str, int, float] | float | None" = None,
    data: "npt.ArrayLike | Constant | None" = None,
    condition: tuple[int, int] | None = None,
) -> Gate:
    """Return a checked gate.

    Args:
        name: a key of `GATES` (OpenQASM 3 names in lower case) or one of `DATA_GATES`.
        wires: the qubits it acts on, control first.
        angle: radians, or a slot ``(segment, index)`` or ``(segment, index, scale)``; given if and
            only if the gate has an angle. For "amplitudes" the slot of the first amplitude.
        data: of the gates with data: the matrix of "unitary" (2**k, 2**k), the Hermitian ``G`` of
            "generated" (2**k, 2**k), ``P`` and ``B`` of "driven" (2, 2**k, 2**k), the real ``d``
            of "diagonal" (2**k,), the ints of "permutation" (2**k,), the letters of "evolution",
            the vector of "amplitudes" (2**k,), the operators of "kraus" (m, 2**k, 2**k), the
            classical bit of "measure".
        condition: ``(classical bit, value)`` of a unitary gate; bits not yet measured are 0.

    Raises:
        ValueError: on an unknown name, a wrong number of wires, repeated or negative wires, a
            missing or superfluous angle, one that is not finite, or data that does not fit.

    >>> gate("rx", 0, angle=("weights", 2))
    Gate(name='rx', wires=(0,), angle=Slot(segment='weights', index=2))
    >>> gate("cx", 0, 1)
    Gate(name='cx', wires=(0, 1), angle=None)
    >>> gate("evolution", 0, 2, angle=("w", 0, 0.5), data="XY")
    Gate(name='evolution', wires=(0, 2), angle=Slot(segment='w', index=0, scale=0.5), data='XY')
    """
    if name not in GATES and name not in DATA_GATES:
        known = ", ".join((*GATES, *DATA_GATES))
        raise ValueError(f"Argument `name` must be one of {known}, but is {name!r}.")
    _check_wires(name, wires)
    checked = _angle(angle)
    _check_use(name, checked, data)
    return Gate(
        name,
        tuple(int(wire) for wire in wires),
        checked,
        _data(name, len(wires), data),
        _condition(name, condition),
    )


def gate_angle(gate: Gate, angles: Mapping[str, Any]) -> Any:
    """Return the angle of a gate in radians: a number, or ``scale * angles[segment][index]``.

    Args:
        gate: any gate but "amplitudes", whose slot names a first amplitude.
        angles: `{segment: (size,)}`, arrays of NumPy or JAX (traced ones too).

    Returns:
        A scalar; None for a constant gate.

    >>> gate_angle(gate("rx", 0, angle=("w", 1, -2.0)), {"w": [0.1, 0.3]})
    -0.6
    """
    if not isinstance(gate.angle, Slot):
        return gate.angle
    value = angles[gate.angle.segment][gate.angle.index]
    return value if gate.angle.scale == 1.0 else gate.angle.scale * value


def slot_count(gate: Gate) -> int:
    """Return how many entries of its segment the gate reads, from its slot on; 0 without a slot.

    >>> slot_count(gate("rx", 0, angle=("w", 0))), slot_count(gate("h", 0))
    (1, 0)
    """
    if not isinstance(gate.angle, Slot):
        return 0
    return 2 ** len(gate.wires) if gate.name == "amplitudes" else 1


def classical_bit(gate: Gate) -> int:
    """Return the classical bit that a "measure" gate writes.

    >>> classical_bit(gate("measure", 0, data=3))
    3
    """
    assert isinstance(gate.data, Constant), "the data of a measurement is its bit"
    return int(gate.data.array)


def is_unitary(gate: Gate) -> bool:
    """Return whether a gate is unitary: all but "amplitudes", "kraus", "measure" and "reset".

    >>> is_unitary(gate("h", 0)), is_unitary(gate("reset", 0))
    (True, False)
    """
    return gate.name in GATES or gate.name in UNITARY_DATA


def _check_wires(name, wires):
    if not all(isinstance(wire, (int, np.integer)) and wire >= 0 for wire in wires):
        raise ValueError(f"Wires of gate {name!r} must be non-negative ints, but are {wires}.")
    n_wires = _needed_wires(name)
    if n_wires is not None and (len(wires) != n_wires or len(set(wires)) != n_wires):
        raise ValueError(f"Gate {name!r} acts on {n_wires} distinct wires, but got {wires}.")
    if not wires or len(set(wires)) != len(wires):
        raise ValueError(f"Gate {name!r} acts on one or more distinct wires, but got {wires}.")


def _needed_wires(name) -> int | None:
    if name in GATES:
        return GATES[name].n_wires
    return 1 if name in ("measure", "reset") else None


def _check_use(name, angle, data):
    """Refuse an angle or data that the gate lacks or has no use for."""
    if name == "amplitudes":
        slot = isinstance(angle, Slot) and angle.scale == 1.0
        if (angle is None) == (data is None) or not (slot or angle is None):
            raise ValueError(
                "Gate 'amplitudes' needs either a vector as `data` or a slot of scale 1 as "
                f"`angle`, but `angle` is {angle!r} and `data` is {data!r}."
            )
        return
    has_angle = GATES[name].generator is not None if name in GATES else name in NEEDS_ANGLE
    if has_angle != (angle is not None):
        need = "needs an angle" if has_angle else "takes no angle"
        raise ValueError(f"Gate {name!r} {need}, but `angle` is {angle!r}.")
    if name in GATES and data is not None:
        raise ValueError(f"Gate {name!r} takes no data, but `data` is {data!r}.")


def _data(name, n_wires, data) -> Data:
    has_none = name in GATES or (name == "amplitudes" and data is None)
    return None if has_none else check_data(name, n_wires, data)


def _condition(name, condition) -> tuple[int, int] | None:
    if condition is None:
        return None
    if name not in GATES and name not in UNITARY_DATA:
        raise ValueError(f"Only unitary gates take a condition, but gate {name!r} has one.")
    match condition:
        case ((int() | np.integer()) as bit, (int() | np.integer()) as value):
            if bit >= 0 and value in (0, 1):
                return int(bit), int(value)
    raise ValueError(
        f"Argument `condition` must be (classical bit >= 0, value 0 or 1), but is {condition!r}."
    )


def _angle(angle) -> Slot | float | None:
    if angle is None:
        return None
    if isinstance(angle, Real):
        if not math.isfinite(angle):
            raise ValueError(f"Argument `angle` must be finite, but is {angle}.")
        return float(angle)
    match angle:
        case (str() as segment, (int() | np.integer()) as index, *scale) if index >= 0:
            match scale:
                case [] | [Real()] if all(math.isfinite(value) for value in scale):
                    return Slot(segment, int(index), *map(float, scale))
    raise ValueError(
        "Argument `angle` must be a number or a slot (segment, index >= 0) with or without a "
        f"finite scale, but is {angle!r}."
    )
