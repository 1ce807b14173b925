"""A circuit as plain data: a tuple of gates whose angles are numbers or slots.

A slot names where an angle is read from: entry `index` of the array called `segment`. Angles stay
in segments ("weights", "inputs", ...) and are never concatenated, so that what depends on the data
and what does not can be told apart. Qubit 0 is the leftmost axis of a state and the leftmost bit
of a bit string.
"""

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from circuits.gates import GATES


class Slot(NamedTuple):
    """Where a gate's angle is read from: entry `index` of the segment called `segment`."""

    segment: str
    index: int


class Gate(NamedTuple):
    """A gate on wires; `angle` in radians is a number, a slot, or None for a constant gate."""

    name: str
    wires: tuple[int, ...]
    angle: Slot | float | None = None


class Circuit(NamedTuple):
    """Gates in the order in which they act, on `n_qubits` qubits that start in ``|0...0>``.

    `segments` maps the name of each segment of angles to its size. ``a + b`` acts with `a` first
    and shares segments of the same name. Circuits hash and compare by value.
    """

    gates: tuple[Gate, ...]
    n_qubits: int
    segments: dict[str, int]

    def __hash__(self) -> int:
        return hash((self.gates, self.n_qubits, frozenset(self.segments.items())))

    def __add__(self, other: "Circuit") -> "Circuit":  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.n_qubits != other.n_qubits:
            raise ValueError(
                "Two circuits can be joined when they have the same number of qubits, "
                f"but they have {self.n_qubits} and {other.n_qubits}."
            )
        return Circuit(
            self.gates + other.gates, self.n_qubits, _larger(self.segments, other.segments)
        )


def gate(name: str, *wires: int, angle: Slot | tuple[str, int] | float | None = None) -> Gate:
    """Return a checked gate.

    Args:
        name: a key of `GATES`, OpenQASM 3 names in lower case.
        wires: the qubits it acts on, control first.
        angle: radians, or a slot ``(segment, index)``; given if and only if the gate has an angle.

    Raises:
        ValueError: on an unknown name, a wrong number of wires, repeated or negative wires, a
            missing or superfluous angle, or one that is not finite.

    >>> gate("rx", 0, angle=("weights", 2))
    Gate(name='rx', wires=(0,), angle=Slot(segment='weights', index=2))
    >>> gate("cx", 0, 1)
    Gate(name='cx', wires=(0, 1), angle=None)
    """
    if name not in GATES:
        raise ValueError(f"Argument `name` must be one of {', '.join(GATES)}, but is {name!r}.")
    _check_wires(name, wires)
    has_angle = GATES[name].generator is not None
    if has_angle != (angle is not None):
        need = "needs an angle" if has_angle else "takes no angle"
        raise ValueError(f"Gate {name!r} {need}, but `angle` is {angle!r}.")
    return Gate(name, tuple(int(wire) for wire in wires), _angle(angle))


def build_circuit(
    gates: Iterable[Gate],
    n_qubits: int | None = None,
    segments: Mapping[str, int] | None = None,
) -> Circuit:
    """Return a checked circuit.

    Args:
        gates: in the order in which they act.
        n_qubits: number of qubits; the largest wire plus one where not given.
        segments: sizes by name; a segment not given gets the size that its slots need, and one
            given may be larger than that.

    Raises:
        ValueError: where a gate does not fit into `n_qubits` or a slot not into its segment.

    >>> circuit = build_circuit([gate("ry", 0, angle=("weights", 0)), gate("cx", 0, 1)])
    >>> circuit.n_qubits, circuit.segments
    (2, {'weights': 1})
    """
    gates = tuple(gate(name, *wires, angle=angle) for name, wires, angle in gates)
    needed_qubits = max((wire + 1 for item in gates for wire in item.wires), default=0)
    n_qubits = needed_qubits if n_qubits is None else int(n_qubits)
    if n_qubits < max(needed_qubits, 1):
        raise ValueError(
            f"Argument `n_qubits` must be at least {max(needed_qubits, 1)} for these gates, "
            f"but is n_qubits={n_qubits}."
        )
    return Circuit(gates, n_qubits, _check_segments(_needed_segments(gates), segments or {}))


def circuit_size(circuit: Circuit) -> dict[str, int]:
    """Return the numbers that tell what a circuit costs: qubits, gates, 2-qubit gates, depth.

    Gates on three qubits count as 2-qubit gates too; the depth is that of all gates.

    >>> circuit_size(build_circuit([gate("h", 0), gate("h", 1), gate("cx", 0, 1)]))
    {'n_qubits': 2, 'gates': 3, 'two_qubit_gates': 1, 'depth': 2}
    """
    depths = [0] * circuit.n_qubits
    for item in circuit.gates:
        level = 1 + max(depths[wire] for wire in item.wires)
        for wire in item.wires:
            depths[wire] = level
    return {
        "n_qubits": circuit.n_qubits,
        "gates": len(circuit.gates),
        "two_qubit_gates": sum(len(item.wires) > 1 for item in circuit.gates),
        "depth": max(depths),
    }


def circuit_to_dict(circuit: Circuit) -> dict[str, Any]:
    """Return the circuit as plain data of dicts, lists, strings and numbers, fit for JSON.

    >>> circuit_to_dict(build_circuit([gate("rx", 0, angle=("w", 0)), gate("h", 0)]))
    {'n_qubits': 1, 'segments': {'w': 1}, 'gates': [{'name': 'rx', 'wires': [0],
    'angle': {'segment': 'w', 'index': 0}}, {'name': 'h', 'wires': [0], 'angle': None}]}
    """
    gates = [
        {
            "name": item.name,
            "wires": list(item.wires),
            "angle": item.angle._asdict() if isinstance(item.angle, Slot) else item.angle,
        }
        for item in circuit.gates
    ]
    return {"n_qubits": circuit.n_qubits, "segments": dict(circuit.segments), "gates": gates}


def circuit_from_dict(data: Mapping[str, Any]) -> Circuit:
    """Return the checked circuit that `circuit_to_dict` wrote.

    Raises:
        ValueError: where a key is missing or a gate is not valid.

    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> circuit_from_dict(circuit_to_dict(circuit)) == circuit
    True
    """
    try:
        gates = [
            Gate(item["name"], tuple(item["wires"]), _read_angle(item.get("angle")))
            for item in data["gates"]
        ]
        return build_circuit(gates, data["n_qubits"], data["segments"])
    except KeyError as error:
        raise ValueError(f"The data of a circuit must have the key {error}.") from None


def _read_angle(angle):
    return Slot(angle["segment"], angle["index"]) if isinstance(angle, Mapping) else angle


def _check_wires(name, wires):
    n_wires = GATES[name].n_wires
    if not all(isinstance(wire, (int, np.integer)) and wire >= 0 for wire in wires):
        raise ValueError(f"Wires of gate {name!r} must be non-negative ints, but are {wires}.")
    if len(wires) != n_wires or len(set(wires)) != n_wires:
        raise ValueError(f"Gate {name!r} acts on {n_wires} distinct wires, but got {wires}.")


def _angle(angle):
    if angle is None:
        return None
    if isinstance(angle, Real):
        if not math.isfinite(angle):
            raise ValueError(f"Argument `angle` must be finite, but is {angle}.")
        return float(angle)
    match angle:
        case (str() as segment, (int() | np.integer()) as index) if index >= 0:
            return Slot(segment, int(index))
    raise ValueError(
        f"Argument `angle` must be a number or a slot (segment, index >= 0), but is {angle!r}."
    )


def _needed_segments(gates) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for slot in (item.angle for item in gates if isinstance(item.angle, Slot)):
        sizes[slot.segment] = max(sizes.get(slot.segment, 0), slot.index + 1)
    return sizes


def _check_segments(needed, given) -> dict[str, int]:
    for name, size in given.items():
        if not isinstance(size, (int, np.integer)) or size < max(needed.get(name, 0), 1):
            raise ValueError(
                f"Segment {name!r} must have a size of at least {max(needed.get(name, 0), 1)} "
                f"for these gates, but has {size!r}."
            )
    return needed | {name: int(size) for name, size in given.items()}


def _larger(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    return first | {name: max(size, first.get(name, 0)) for name, size in second.items()}
