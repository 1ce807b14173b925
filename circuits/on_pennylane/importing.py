"""PennyLane tapes and QNodes as circuits of ours."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from circuits.circuit import Circuit, build_circuit
from circuits.gates.gate_types import Gate, Slot, slot_count
from circuits.observables import PauliSum
from circuits.on_pennylane.affine import Affine, Vector, read_affine
from circuits.on_pennylane.observables import decomposed
from circuits.on_pennylane.reading import expand, expand_indexed, gather, read_operations
from circuits.operations import amplitudes

Build = Callable[[Vector], list[Gate]]

TRAINED, OTHERS = "weights", "inputs"


class FromPennyLane(NamedTuple):
    """A circuit, the observables of its ``expval``s in order, and the angles that were given.

    `angles` is `{segment: (size,) or (b, size)}` in radians.
    """

    circuit: Circuit
    observables: tuple[PauliSum, ...]
    angles: dict[str, Vector]


def from_pennylane(source: Any, *args: Any, **named: Any) -> FromPennyLane:
    """Return a PennyLane tape or QNode as a circuit.

    Of a tape, every angle becomes a slot: those of operations with trainable parameters in the
    segment "weights", the others in "inputs", in the order in which they act. So do real amplitudes
    of a state preparation; matrices, channels and complex amplitudes are part of the circuit.

    Of a QNode, every argument that holds floats becomes a segment of the argument's name, its
    entries in C order, and the circuit reads them as the QNode does: an angle may be any affine
    function of them, such as ``2 * x[0] + w + 0.3``, which becomes gates one after the other. Other
    arguments are fixed at what is given. A batch belongs into the angles afterwards.

    Operations that are no gates of ours are decomposed by PennyLane. Wires that are no ints from 0
    are numbered in the order of the device, or else of the tape. Measurements other than ``expval``
    are not taken over.

    Args:
        source: `pennylane.tape.QuantumScript` or `pennylane.QNode`.
        args: arguments of the QNode, at which it is read.
        named: keyword arguments of the QNode.

    Raises:
        TypeError: on what is neither a tape nor a QNode.
        ValueError: where an angle of a QNode is no affine function of the arguments, the gates or
            observables depend on their values, or an operation has no counterpart.

    >>> import pennylane as qp
    >>> @qp.qnode(qp.device("default.qubit"))
    ... def node(w, x):
    ...     qp.RX(2 * x, 0)
    ...     qp.RY(w, 0)
    ...     return qp.expval(qp.Z(0))
    >>> found = from_pennylane(node, 0.1, 0.2)
    >>> found.circuit.gates[0], found.angles
    (Gate(name='rx', wires=(0,), angle=Slot(segment='x', index=0, scale=2.0)),
     {'w': array([0.1]), 'x': array([0.2])})
    """
    import pennylane as qp
    from pennylane.tape import QuantumScript

    if isinstance(source, qp.QNode):
        return _from_qnode(source, args, named)
    if not isinstance(source, QuantumScript):
        raise TypeError(
            "Argument `source` must be a PennyLane tape or QNode, but is a "
            f"{type(source).__name__}."
        )
    tape = _standard(source, None)
    trained = {source.get_operation(i)[1] for i in range(len(source.trainable_params))}
    pairs = expand_indexed(tape.operations)
    operations = [item for _, item in pairs]
    segments = [
        TRAINED if index in trained else OTHERS for index, item in pairs for _ in item.parameters
    ]
    reading = read_operations(operations, segments)
    parameters = [value for item in operations for value in item.parameters]
    circuit = build_circuit(reading.gates, n_qubits=_n_qubits(tape))
    angles = gather(np, parameters, reading.places)
    return FromPennyLane(circuit, _observables(tape), {k: angles[k] for k in circuit.segments})


def _from_qnode(node, args, named) -> FromPennyLane:
    import pennylane as qp

    bound = inspect.signature(node.func).bind(*args, **named)
    bound.apply_defaults()
    given = {k: np.asarray(v) for k, v in bound.arguments.items() if _is_float(k, v)}
    start = np.concatenate([np.zeros(0), *(array.ravel() for array in given.values())])

    def tape_at(vector: Vector):
        # What is left behind the last argument is empty, and all there is without arguments.
        *parts, _ = np.split(vector, np.cumsum([array.size for array in given.values()], dtype=int))
        arrays = {k: part.reshape(given[k].shape) for k, part in zip(given, parts, strict=True)}
        full = inspect.BoundArguments(bound.signature, bound.arguments | arrays)
        tape = qp.workflow.construct_tape(node, level="user")(*full.args, **full.kwargs)
        return _standard(tape, node.device.wires)

    tape = tape_at(start)
    if tape.batch_size is not None:
        raise ValueError("The arguments must be those of one evaluation, but hold a batch.")
    observables = _observables(tape)
    if _observables(tape_at(_moved(start))) != observables:
        raise ValueError("The observables of the QNode must not depend on its arguments, but do.")
    slots = [Slot(name, index) for name, array in given.items() for index in range(array.size)]
    gates = _with_slots(lambda vector: _plain_gates(tape_at(vector)), start, slots)
    sizes = {name: array.size for name, array in given.items() if array.size}
    circuit = build_circuit(gates, _n_qubits(tape), sizes)
    angles = {name: given[name].ravel().astype(float) for name in sizes}
    return FromPennyLane(circuit, observables, angles)


def _moved(start: Vector) -> Vector:
    """Other values of all arguments."""
    return start + np.random.default_rng(1).uniform(0.1, 1, len(start))


def _plain_gates(tape) -> list[Gate]:
    """Gates whose angles are numbers, and whose amplitudes are data."""
    operations = expand(tape.operations)
    values = [value for item in operations for value in item.parameters]
    reading = read_operations(operations, [OTHERS] * len(values))
    angles = gather(np, values, reading.places)
    return [_at(item, angles.get(OTHERS)) for item in reading.gates]


def _at(item: Gate, angles) -> Gate:
    if not isinstance(item.angle, Slot):
        return item
    _, index, scale = item.angle
    if item.name == "amplitudes":
        return amplitudes(angles[index : index + slot_count(item)], item.wires)
    return item._replace(angle=float(scale * angles[index]))


def _with_slots(build: Build, start: Vector, slots: Sequence[Slot]) -> list[Gate]:
    """The gates of `build` with slots for the entries of its argument."""
    first, other = build(start), _moved(start)
    shape = [_without_numbers(item) for item in first]

    def gates_at(vector: Vector) -> list[Gate]:
        gates = build(vector)
        if [_without_numbers(item) for item in gates] != shape:
            raise ValueError("The gates of the QNode must not depend on its arguments, but do.")
        return gates

    def angles_at(vector: Vector) -> Vector:
        return np.array([item.angle for item in gates_at(vector) if item.angle is not None], float)

    maps = iter(read_affine(angles_at, start))
    result: list[Gate] = []
    for item, moved in zip(first, gates_at(other), strict=True):
        if item.angle is not None:
            result += _turns(item, next(maps), slots)
        elif item.data == moved.data:
            result.append(item)
        else:
            result.append(_amplitudes(item, moved, start, other, slots))
    return result


def _without_numbers(item: Gate) -> Gate:
    return item._replace(angle=None, data=None if item.name == "amplitudes" else item.data)


def _amplitudes(item: Gate, moved: Gate, start: Vector, other: Vector, slots) -> Gate:
    """Amplitudes from the entries that they are proportional to, at both points."""
    size = 2 ** len(item.wires)
    for index in range(len(start) - size + 1):
        rows = slice(index, index + size)
        pairs = ((item, start[rows]), (moved, other[rows]))
        same = len({slot.segment for slot in slots[rows]}) == 1
        if same and all(_is_parallel(each.data.array, entries) for each, entries in pairs):  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
            return item._replace(angle=slots[index], data=None)
    raise ValueError(
        f"The amplitudes on wires {item.wires} must be entries of an argument, normalised, or "
        "constants, but are neither."
    )


def _is_parallel(amplitudes, entries: Vector) -> bool:
    norm = np.linalg.norm(entries)
    return bool(norm) and np.allclose(amplitudes, entries / norm, rtol=0, atol=1e-9)


def _turns(item: Gate, found: Affine | None, slots: Sequence[Slot]) -> list[Gate]:
    """A turn by a sum is the turns by its terms, one after the other."""
    if found is None:
        raise ValueError(
            f"The angle of gate {item.name!r} on wires {item.wires} is no affine function of the "
            "QNode's arguments: give the tape of "
            "`pennylane.workflow.construct_tape(node)(...)`, whose angles are slots themselves."
        )
    turns = [slots[index]._replace(scale=scale) for index, scale in found.terms]
    fixed = [found.offset] if found.offset or not turns else []
    return [item._replace(angle=angle) for angle in (*turns, *fixed)]


def _is_float(name: str, value) -> bool:
    if isinstance(value, (str, bytes, dict)):
        return False
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"Argument {name!r} of the QNode must be one array, but holds arrays of unlike shapes: "
            "give each an argument of its own."
        ) from None
    return array.dtype.kind == "f" and array.size > 0


def _standard(tape, order):
    """The tape on wires 0, 1, ...; ints stay, unless the device has another order."""
    labels = tape.wires if order is None else order
    if all(isinstance(label, (int, np.integer)) and label >= 0 for label in labels):
        return tape
    import pennylane as qp

    (mapped,), _ = qp.map_wires(tape, {label: index for index, label in enumerate(labels)})
    return mapped


def _n_qubits(tape) -> int:
    return max((int(wire) + 1 for wire in tape.wires), default=1)


def _observables(tape) -> tuple[PauliSum, ...]:
    from pennylane.measurements import ExpectationMP

    return tuple(
        decomposed(item.obs)
        for item in tape.measurements
        if type(item) is ExpectationMP and item.obs is not None
    )
