"""Lists of PennyLane operations as gates whose angles are read from segments."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from circuits.gates.gate_types import Gate, Slot
from circuits.on_pennylane.operations import (
    AMPLITUDES,
    is_known,
    prepares_state,
    takes_angles,
    to_gates,
)


class Reading(NamedTuple):
    """Gates, and for every parameter of the operations where its entries went, None for data.

    A place is (segment, first index, number of entries, 0 for a scalar).
    """

    gates: list[Gate]
    places: list[tuple[str, int, int] | None]


def read_operations(operations: Sequence[Any], segments: Sequence[str]) -> Reading:
    """Return known operations as gates with a slot for every angle and real amplitude.

    Args:
        operations: on wires 0, 1, ...
        segments: for every parameter of the operations, in their order, where its slot shall be.

    Raises:
        ValueError: on a postselected measurement or a condition on several measurements.

    >>> import pennylane as qp
    >>> read_operations([qp.RX(0.1, 0), qp.CNOT([0, 1]), qp.RZ(0.3, 1)], ["w", "x"]).places
    [('w', 0, 0), ('x', 0, 0)]
    """
    measured = [item.meas_uid for item in operations if item.name == "MidMeasureMP"]
    bits = {uid: bit for bit, uid in enumerate(measured)}
    sizes: dict[str, int] = {}
    gates: list[Gate] = []
    places: list[tuple[str, int, int] | None] = []
    for item in operations:
        names = segments[len(places) : len(places) + len(item.parameters)]
        own = [_place(item, name, sizes) for name in names]
        gates += to_gates(item, [place and Slot(*place[:2]) for place in own], bits)
        places += own
    return Reading(gates, places)


def gather(xp: Any, parameters: Iterable[Any], places: Iterable[Any]) -> dict[str, Any]:
    """Return the parameters in their segments, (size,), or (b, size) where one of them is batched.

    Args:
        xp: `numpy` or `jax.numpy`, of the arrays returned.
        parameters: of the operations, in their order.
        places: as `read_operations` returned them.

    >>> import numpy as np
    >>> gather(np, [0.1, np.eye(2)], [("w", 0, 0), None])
    {'w': array([0.1])}
    """
    parts: dict[str, list[Any]] = {}
    for value, place in zip(parameters, places, strict=True):
        if place is not None:
            array = xp.real(xp.asarray(value))
            parts.setdefault(place[0], []).append(array if place[2] else array[..., None])
    return {name: _joined(xp, arrays) for name, arrays in parts.items()}


def expand(operations: Iterable[Any]) -> list[Any]:
    """Return the operations that `read_operations` knows, as PennyLane decomposes them.

    >>> import pennylane as qp
    >>> [item.name for item in expand([qp.QFT([0, 1])])]
    ['Hadamard', 'ControlledPhaseShift', 'Hadamard', 'SWAP']
    """
    return [part for _, part in expand_indexed(operations)]


def expand_indexed(operations: Iterable[Any]) -> list[tuple[int, Any]]:
    """Return what `expand` does, each with the index of the operation that it comes from.

    >>> import pennylane as qp
    >>> expand_indexed([qp.X(0), qp.X(1)])
    [(0, X(0)), (1, X(1))]
    """
    touched: set[Any] = set()
    found = []
    for index, item in enumerate(operations):
        first = prepares_state(item) and not touched & set(item.wires)
        found += [(index, part) for part in ([item] if first else _parts(item))]
        touched |= set(item.wires)
    return found


def has_real_amplitudes(operation: Any) -> bool:
    """Return whether an operation prepares real amplitudes, which a segment can hold.

    Complex numbers without imaginary parts are real; traced ones may have some.

    >>> import pennylane as qp
    >>> has_real_amplitudes(qp.StatePrep([1, 0], 0)), has_real_amplitudes(qp.StatePrep([1j, 0], 0))
    (True, False)
    """
    if operation.name not in AMPLITUDES:
        return False
    from pennylane import math

    (vector,) = operation.parameters
    if not math.get_dtype_name(vector).startswith("complex"):
        return True
    return not math.is_abstract(vector) and not math.any(math.imag(vector))


def _parts(operation) -> Iterator[Any]:
    if is_known(operation):
        yield operation
        return
    if not operation.has_decomposition:
        raise ValueError(
            f"There is no gate here for PennyLane's operation {operation.name!r} on "
            f"{operation.wires.tolist()}."
        )
    for part in operation.decomposition():
        yield from _parts(part)


def _place(operation, name: str, sizes: dict[str, int]) -> tuple[str, int, int] | None:
    """The next free entries of a segment, where the parameter can have some."""
    count = 0
    if not takes_angles(operation):
        if not has_real_amplitudes(operation):
            return None
        count = 2 ** len(operation.wires)
    first = sizes.get(name, 0)
    sizes[name] = first + max(count, 1)
    return name, first, count


def _joined(xp, arrays: list[Any]):
    lengths = {len(array) for array in arrays if array.ndim == 2}
    if not lengths:
        return xp.concatenate(arrays)
    (length,) = lengths
    return xp.concatenate(
        [xp.broadcast_to(array, (length, array.shape[-1])) for array in arrays], axis=-1
    )
