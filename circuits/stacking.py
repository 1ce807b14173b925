"""Circuits of one shape as one circuit with a batch of angles: compiled once, run together."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from circuits.circuit import Circuit, build_circuit
from circuits.gates.gate_types import Gate, Slot, gate


def stack_circuits(
    circuits: Iterable[Circuit], segment: str = "angles"
) -> tuple[Circuit, dict[str, npt.NDArray[np.float64]]]:
    """Return one circuit and the angles with which it is each of the given ones.

    Args:
        circuits: b of them, alike but for the numbers that are angles; slots must be the same, and
            stay as they are.
        segment: name of the new segment, for the numbers that are not the same in all circuits.

    Returns:
        The circuit, and `{segment: (b, size)}` in radians, to join with the angles of the slots;
        nothing where all circuits are equal. `expectation` takes them under `jax.vmap`, a backend
        as one batch.

    Raises:
        ValueError: on no circuit, a segment that is there already, or circuits that differ in more
            than the numbers.

    >>> from circuits import Exact, build_circuit, gate, z
    >>> tilted = [build_circuit([gate("rx", 0, angle=x), gate("h", 0)]) for x in (0.0, 0.5, 1.0)]
    >>> circuit, angles = stack_circuits(tilted)
    >>> angles["angles"].ravel().tolist(), Exact().expectation(circuit, z(0), angles).values.shape
    ([0.0, 0.5, 1.0], (3, 1))
    """
    stacked = list(circuits)
    if not stacked:
        raise ValueError("Argument `circuits` must hold a circuit, but is empty.")
    first = stacked[0]
    if segment in first.segments:
        raise ValueError(f"Argument `segment` must be a new name, but is {segment!r}.")
    for number, other in enumerate(stacked):
        _check_alike(first, other, number)
    gates: list[Gate] = []
    columns: list[list[float]] = []
    for items in zip(*(each.gates for each in stacked), strict=True):
        numbers = [item.angle for item in items if isinstance(item.angle, float)]
        if len(set(numbers)) > 1:
            gates.append(_slotted(items[0], segment, len(columns)))
            columns.append(numbers)
        else:
            gates.append(items[0])
    made = build_circuit(gates, first.n_qubits, first.segments)
    return made, {segment: np.array(columns).T} if columns else {}


def _slotted(item: Gate, segment: str, index: int) -> Gate:
    angle = (segment, index)
    return gate(item.name, *item.wires, angle=angle, data=item.data, condition=item.condition)


def _check_alike(first: Circuit, other: Circuit, number: int) -> None:
    if (first.n_qubits, first.segments) != (other.n_qubits, other.segments):
        raise ValueError(
            f"Circuits of one shape have the same qubits and segments, but circuit {number} has "
            f"{other.n_qubits} and {other.segments}, circuit 0 {first.n_qubits} and "
            f"{first.segments}."
        )
    place = _difference(first.gates, other.gates)
    if place is not None:
        raise ValueError(
            "Circuits of one shape have the same gates but for numbers that are angles, but "
            f"circuits 0 and {number} differ at gate {place}: stack circuits of each shape apart."
        )


def _difference(first: Sequence[Gate], second: Sequence[Gate]) -> int | None:
    """Place of the first gate that differs in more than a number, None where there is none."""
    pairs = zip(map(_shape, first), map(_shape, second), strict=False)
    different = next((at for at, (one, two) in enumerate(pairs) if one != two), None)
    if different is None and len(first) != len(second):
        return min(len(first), len(second))
    return different


def _shape(item: Gate) -> tuple:
    angle = item.angle if item.angle is None or isinstance(item.angle, Slot) else "number"
    return item._replace(angle=None), angle
