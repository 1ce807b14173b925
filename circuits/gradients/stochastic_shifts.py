"""The stochastic parameter-shift rule, for gates ``exp(-i (angle P + B))`` with ``P**2 = 1``.

With ``H = angle P + B`` the derivative of the gate is an integral over where it is split, of ``P``
between the parts ``exp(-i (1-s) H)`` and ``exp(-i s H)``. As ``P**2 = 1``, what ``P`` does there to
an expectation value is a difference of two values: a turn ``exp(-i x P)`` by ``x = pi/4`` between
the parts, less one by ``-pi/4``. Random splits estimate the integral without bias.

Source:
    Banchi and Crooks, Quantum 5, 386 (2021), arXiv:2005.10299, Eq. 9.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length
from circuits.circuit import Circuit, build_circuit
from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, Slot, gate
from circuits.protocol import Backend

Array = npt.NDArray[np.float64]


class Splits(NamedTuple):
    """What the splits of d driven gates gave for b sets of angles and k observables.

    `gates` (d) with the slots they read; `estimates` (b, d, s, k) of the derivatives by the angles
    of the gates, one for each split; `info` the backend's own record of its last run.
    """

    gates: list[Gate]
    estimates: Array
    info: object


def driven_gates(circuit: Circuit, chosen: tuple[str, ...]) -> list[int]:
    """Return the places of the driven gates that read one of the chosen segments.

    >>> from circuits.operations import driven
    >>> flip = driven([[0, 1], [1, 0]], [[1, 0], [0, -1]], 0, ("w", 0))
    >>> driven_gates(build_circuit([gate("h", 0), flip]), ("w",))
    [1]
    """
    return [
        place
        for place, item in enumerate(circuit.gates)
        if item.name == "driven" and isinstance(item.angle, Slot) and item.angle.segment in chosen
    ]


def split_estimates(
    circuit: Circuit,
    observables,
    arrays: Angles,
    backend: Backend,
    places: list[int],
    points: npt.ArrayLike,
) -> Splits:
    """Return the differences of values for every split of some driven gates.

    At given angles a part of such a gate is a "generated" one, whose angle is how much of it acts:
    all splits of all gates are rows of one call of the backend, one call for each set of angles.

    Args:
        circuit: on n qubits.
        observables: k of them, checked by the backend.
        arrays: `{segment: (size,) or (b, size)}` in radians, checked.
        backend: anything with the method `expectation`.
        places: of d driven gates that read slots.
        points: (s,) from 0 to 1, or (d, s) of each gate's own.
    """
    gates = [circuit.gates[place] for place in places]
    points = np.broadcast_to(np.asarray(points, float), (len(gates), np.shape(points)[-1]))
    fresh = "splits"
    while fresh in circuit.segments:
        fresh += "_"
    rows = _rows(points)
    found = []
    info: object = None
    for each in range(batch_length(arrays)):
        one = {name: array if array.ndim == 1 else array[each] for name, array in arrays.items()}
        result = backend.expectation(
            _opened(circuit, places, one, fresh), observables, one | {fresh: rows}
        )
        values = result.values.reshape(*points.shape, 2, -1)
        found.append(values[:, :, 0] - values[:, :, 1])
        info = result.info
    return Splits(gates, np.stack(found), info)


def _rows(points: Array) -> Array:
    """Parts and turns (d * s * 2, 3 d) of all gates, for each split and each sign of the turn."""
    count, splits = points.shape
    rows = np.zeros((count, splits, 2, count, 3))
    rows[..., 0] = 1
    for each in range(count):
        rows[each, :, :, each, 0] = 1 - points[each, :, None]
        rows[each, :, :, each, 1] = np.pi / 4, -np.pi / 4
        rows[each, :, :, each, 2] = points[each, :, None]
    return rows.reshape(-1, 3 * count)


def _opened(circuit: Circuit, places: list[int], angles: Angles, fresh: str) -> Circuit:
    """The circuit with each driven gate as a part, a turn, and the other part."""
    gates: list[Gate] = []
    for place, item in enumerate(circuit.gates):
        if place in places:
            gates += _parts(item, angles, fresh, 3 * places.index(place))
        else:
            gates.append(item)
    return build_circuit(gates, circuit.n_qubits, circuit.segments | {fresh: 3 * len(places)})


def _parts(item: Gate, angles: Angles, fresh: str, first: int) -> list[Gate]:
    assert isinstance(item.data, Constant), "checked by `gate`"
    assert isinstance(item.angle, Slot), "as `driven_gates` finds them"
    drive, rest = item.data.array
    segment, index, scale = item.angle
    whole = Constant(scale * angles[segment][index] * drive + rest)
    return [
        gate(
            "generated",
            *item.wires,
            angle=(fresh, first + at),
            data=data,
            condition=item.condition,
        )
        for at, data in enumerate((whole, Constant(drive), whole))
    ]
