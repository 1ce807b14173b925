"""A circuit as plain data: a tuple of gates whose angles are numbers or slots.

A slot names where an angle is read from: entry `index` of the array called `segment`. Angles stay
in segments ("weights", "inputs", ...) and are never concatenated, so that what depends on the data
and what does not can be told apart. Qubit 0 is the leftmost axis of a state and the leftmost bit
of a bit string.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from circuits.gates.constants import Constant, constant_from_dict, constant_to_dict
from circuits.gates.gate_types import Gate, Slot, classical_bit, gate, slot_count


class Circuit(NamedTuple):
    """Gates in the order in which they act, on `n_qubits` qubits that start in ``|0...0>``.

    `segments` maps the name of each segment of angles to its size. ``a + b`` acts with `a` first
    and shares segments of the same name. Circuits hash and compare by value. Classical bits, which
    "measure" writes and conditions read, are 0 at first.
    """

    gates: tuple[Gate, ...]
    n_qubits: int
    segments: dict[str, int]

    @property
    def n_bits(self) -> int:
        """Number of classical bits that its measurements and conditions need."""
        return max((_last_bit(item) + 1 for item in self.gates), default=0)

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
        ValueError: where `n_qubits` is no int, a gate does not fit into it, or a slot not into its
            segment.
        TypeError: on what is no gate.

    >>> circuit = build_circuit([gate("ry", 0, angle=("weights", 0)), gate("cx", 0, 1)])
    >>> circuit.n_qubits, circuit.segments
    (2, {'weights': 1})
    """
    gates = tuple(_checked(item) for item in gates)
    needed_qubits = max((wire + 1 for item in gates for wire in item.wires), default=0)
    n_qubits = needed_qubits if n_qubits is None else n_qubits
    if not isinstance(n_qubits, (int, np.integer)) or n_qubits < max(needed_qubits, 1):
        raise ValueError(
            f"Argument `n_qubits` must be at least {max(needed_qubits, 1)} for these gates, and "
            f"an int, but is n_qubits={n_qubits!r}."
        )
    return Circuit(gates, int(n_qubits), _check_segments(_needed_segments(gates), segments or {}))


def circuit_size(circuit: Circuit) -> dict[str, int]:
    """Return the numbers that tell what a circuit costs: qubits, gates, 2-qubit gates, depth.

    Gates on three qubits count as 2-qubit gates too; the depth is that of all gates.

    >>> circuit_size(build_circuit([gate("h", 0), gate("h", 1), gate("cx", 0, 1)]))
    {'n_qubits': 2, 'gates': 3, 'two_qubit_gates': 1, 'depth': 2}
    """
    return _size(circuit)._asdict()


def circuit_to_dict(circuit: Circuit) -> dict[str, Any]:
    """Return the circuit as plain data of dicts, lists, strings and numbers, fit for JSON.

    >>> circuit_to_dict(build_circuit([gate("rx", 0, angle=("w", 0)), gate("h", 0)]))
    {'n_qubits': 1, 'segments': {'w': 1}, 'gates': [{'name': 'rx', 'wires': [0],
    'angle': {'segment': 'w', 'index': 0}}, {'name': 'h', 'wires': [0], 'angle': None}]}
    """
    gates = [_write_gate(item) for item in circuit.gates]
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
        gates = [_read_gate(item) for item in data["gates"]]
        return build_circuit(gates, data["n_qubits"], data["segments"])
    except KeyError as error:
        raise ValueError(f"The data of a circuit must have the key {error}.") from None


class _Size(NamedTuple):
    n_qubits: int
    gates: int
    two_qubit_gates: int
    depth: int


@lru_cache(maxsize=512)
def _size(circuit: Circuit) -> _Size:
    """Counted once, as every result of a backend tells it."""
    depths = [0] * circuit.n_qubits
    for item in circuit.gates:
        level = 1 + max(depths[wire] for wire in item.wires)
        for wire in item.wires:
            depths[wire] = level
    two = sum(len(item.wires) > 1 for item in circuit.gates)
    return _Size(circuit.n_qubits, len(circuit.gates), two, max(depths))


def _write_gate(item: Gate) -> dict[str, Any]:
    """Fields that have their default are left out, all but the angle."""
    data = constant_to_dict(item.data) if isinstance(item.data, Constant) else item.data
    condition = None if item.condition is None else list(item.condition)
    extras = {"data": data, "condition": condition}
    return {
        "name": item.name,
        "wires": list(item.wires),
        "angle": _write_angle(item.angle),
    } | {key: value for key, value in extras.items() if value is not None}


def _write_angle(angle):
    if not isinstance(angle, Slot):
        return angle
    slot = angle._asdict()
    return slot if angle.scale != 1.0 else {key: slot[key] for key in ("segment", "index")}


def _read_gate(item: Mapping[str, Any]) -> Gate:
    angle, data, condition = item.get("angle"), item.get("data"), item.get("condition")
    if isinstance(angle, Mapping):
        angle = (angle["segment"], angle["index"], angle.get("scale", 1.0))
    if isinstance(data, Mapping):
        data = constant_from_dict(data)
    condition = None if condition is None else tuple(condition)
    return gate(item["name"], *item["wires"], angle=angle, data=data, condition=condition)


def _checked(item: Any) -> Gate:
    if not isinstance(item, Gate):
        raise TypeError(
            f"Argument `gates` must hold gates, but holds a {type(item).__name__}: put those of a "
            "list, as `u` and `evolution` return, or of a circuit there one by one."
        )
    name, wires, angle, data, condition = item
    return gate(name, *wires, angle=angle, data=data, condition=condition)


def _last_bit(item: Gate) -> int:
    """Largest classical bit of a gate, -1 for none."""
    written = classical_bit(item) if item.name == "measure" else -1
    return max(written, item.condition[0] if item.condition else -1)


def _needed_segments(gates) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for item in gates:
        if isinstance(item.angle, Slot):
            end = item.angle.index + slot_count(item)
            sizes[item.angle.segment] = max(sizes.get(item.angle.segment, 0), end)
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
