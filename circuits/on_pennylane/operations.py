"""PennyLane operations as gates, with slots for their parameters where these are angles."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jax.core import Tracer

from circuits.gates.gate_data import MAX_DENSE_WIRES
from circuits.gates.gate_types import Gate, Slot, classical_bit, gate
from circuits.modifiers import controlled, inverse, power
from circuits.on_pennylane.gates import NAMES, OPPOSITES
from circuits.operations import when

# What a PennyLane operation is made of: (gate, which of its parameters, times what).
Part = tuple[str, int | None, float]

EXACT: dict[str, tuple[Part, ...]] = {
    **{theirs: ((ours, 0, 1.0),) for ours, theirs in NAMES.items()},
    **{theirs: ((ours, 0, -1.0),) for ours, theirs in OPPOSITES.items()},
    "U1": (("p", 0, 1.0),),
    "CPhase": (("cp", 0, 1.0),),
    "Rot": (("rz", 0, 1.0), ("ry", 1, 1.0), ("rz", 2, 1.0)),
    "CRot": (("crz", 0, 1.0), ("cry", 1, 1.0), ("crz", 2, 1.0)),
    "U3": (("rz", 2, 1.0), ("ry", 0, 1.0), ("rz", 1, 1.0), ("gphase", 1, 0.5), ("gphase", 2, 0.5)),
}
ROTATIONS = ("PauliRot", "MultiRZ")
MATRICES = ("QubitUnitary", "DiagonalQubitUnitary", "BlockEncode")
NOTHING = ("Barrier", "WireCut", "Snapshot", "Identity")
BASIS_STATES = ("BasisState", "BasisEmbedding")
AMPLITUDES = ("StatePrep", "AmplitudeEmbedding")

Slots = Sequence[Slot | float | None]


def is_known(operation: Any) -> bool:
    """Return whether `to_gates` reads an operation, rather than PennyLane taking it apart first.

    It reads the preparation of a state too, but only on wires that nothing acted on before.

    >>> import pennylane as qp
    >>> is_known(qp.RX(0.1, 0)), is_known(qp.QFT([0, 1]))
    (True, False)
    """
    from pennylane.operation import Channel
    from pennylane.ops import Adjoint, Conditional, Controlled

    name = operation.name
    if name == "QubitUnitary" and _is_traced(operation) and len(operation.wires) <= 2:
        return False  # a matrix is a constant of a program, but PennyLane's parts of it have angles
    if name in EXACT or name in (*ROTATIONS, *MATRICES, *NOTHING, *BASIS_STATES, "MidMeasureMP"):
        return True
    if isinstance(operation, Controlled | Adjoint | Conditional):
        return is_known(operation.base) and not isinstance(operation.base, Channel)
    if isinstance(operation, Channel):
        return True
    small = len(operation.wires) <= MAX_DENSE_WIRES
    return small and operation.has_matrix and not operation.has_decomposition


def takes_angles(operation: Any) -> bool:
    """Return whether the parameters of a known operation are angles, and not matrices and the like.

    >>> import pennylane as qp
    >>> takes_angles(qp.ctrl(qp.Rot(0.1, 0.2, 0.3, 0), 1)), takes_angles(qp.QubitUnitary([[1]], []))
    (True, False)
    """
    name = operation.name
    if name in EXACT or name in ROTATIONS:
        return True
    return hasattr(operation, "base") and takes_angles(operation.base)


def prepares_state(operation: Any) -> bool:
    """Return whether an operation prepares amplitudes that `to_gates` can put first.

    >>> import pennylane as qp
    >>> prepares_state(qp.StatePrep([0, 1], 0)), prepares_state(qp.BasisState([1], 0))
    (True, False)
    """
    from pennylane.operation import StatePrepBase

    return isinstance(operation, StatePrepBase) and operation.name not in BASIS_STATES


def to_gates(operation: Any, slots: Slots, bits: Mapping[str, int]) -> list[Gate]:
    """Return the gates of a PennyLane operation that `is_known` or `prepares_state`.

    Args:
        operation: on wires 0, 1, ...
        slots: the angle of each of its parameters, or the slot that it is read from; None for
            what is no angle, such as a matrix, which becomes the gate's data. The vector of a
            state preparation may have the slot of its first amplitude.
        bits: classical bit of each measurement by its `meas_uid`.

    Raises:
        ValueError: on a condition on several measurements, or postselection.

    >>> import pennylane as qp
    >>> to_gates(qp.adjoint(qp.MultiRZ(0.4, [0, 1])), [Slot("w", 0)], {})[0].angle
    Slot(segment='w', index=0, scale=-0.5)
    """
    name, wires = operation.name, tuple(operation.wires)
    if name in NOTHING:
        return []
    if name in EXACT:
        return [_part(part, wires, slots) for part in EXACT[name]]
    if name in ROTATIONS:
        return _rotation(operation, wires, slots[0])
    if name in BASIS_STATES:
        ones = np.asarray(operation.parameters[0]).astype(bool)
        return [gate("x", wire) for wire, one in zip(wires, ones, strict=True) if one]
    if prepares_state(operation):
        return [_preparation(operation, wires, slots)]
    if name == "MidMeasureMP":
        return _measurement(operation, bits)
    return _wrapped(operation, slots, bits)


def _wrapped(operation, slots: Slots, bits) -> list[Gate]:
    from pennylane.operation import Channel
    from pennylane.ops import Adjoint, Conditional, Controlled

    wires, data = tuple(operation.wires), operation.data
    if isinstance(operation, Conditional):
        return _conditional(operation, slots, bits)
    if _is_traced(operation) and not takes_angles(operation):
        raise ValueError(
            f"The numbers of {operation.name!r} are constants of a circuit here, but JAX traces "
            'them: give NumPy arrays, or diff_method="finite-diff" in double precision.'
        )
    if isinstance(operation, Channel):
        return [gate("kraus", *wires, data=np.stack(operation.kraus_matrices()))]
    if isinstance(operation, Adjoint):
        return [inverse(each) for each in reversed(to_gates(operation.base, slots, bits))]
    if isinstance(operation, Controlled) and operation.name != "ControlledQubitUnitary":
        return _controlled(operation, to_gates(operation.base, slots, bits))
    if operation.name == "DiagonalQubitUnitary":
        return [gate("diagonal", *wires, angle=-1.0, data=np.angle(data[0]))]
    return [gate("unitary", *wires, data=np.asarray(operation.matrix()))]


def _is_traced(operation) -> bool:
    return any(isinstance(value, Tracer) for value in operation.data)


def _part(part: Part, wires, slots: Slots) -> Gate:
    name, index, scale = part
    if name == "gphase":
        wires = wires[:1] or (0,)
    if index is None or not slots:
        return gate(name, *wires)
    return power(gate(name, *wires, angle=slots[index]), scale)


def _rotation(operation, wires, slot) -> list[Gate]:
    """``exp(-i angle P / 2)``; a string of identities alone is a phase."""
    letters = operation.hyperparameters.get("pauli_word", "Z" * len(wires))
    if not set(letters) - {"I"}:
        return [power(gate("gphase", *wires[:1], angle=slot), -0.5)]
    return [power(gate("evolution", *wires, angle=slot, data=letters), 0.5)]


def _preparation(operation, wires, slots: Slots) -> Gate:
    if slots and slots[0] is not None:
        return gate("amplitudes", *wires, angle=slots[0])
    vector = np.asarray(operation.state_vector()).reshape(-1)
    return gate("amplitudes", *wires, data=vector)


def _controlled(operation, gates: list[Gate]) -> list[Gate]:
    """Controls that ask for 0 are turned around; a global phase needs a wire that is no control."""
    controls, values = tuple(operation.control_wires), operation.control_values
    if not controls:
        return gates
    spare = 1 + max(controls)
    free = [item._replace(wires=(spare,)) if item.name == "gphase" else item for item in gates]
    zeros = zip(controls, values, strict=True)
    flips = [gate("x", wire) for wire, value in zeros if not value]
    return [*flips, *(controlled(each, *controls) for each in free), *flips]


def _measurement(operation, bits) -> list[Gate]:
    if operation.postselect is not None:
        raise ValueError(
            "A measurement with `postselect` has no counterpart: sample the circuit, and keep the "
            "rows with that bit."
        )
    (wire,) = operation.wires
    item = gate("measure", wire, data=bits[operation.meas_uid])
    return [item, when(gate("x", wire), classical_bit(item))] if operation.reset else [item]


def _conditional(operation, slots: Slots, bits) -> list[Gate]:
    measured = operation.meas_val.measurements
    if len(measured) != 1:
        raise ValueError(
            f"A condition reads one measurement, but that of {operation.base} reads "
            f"{len(measured)}: use `pennylane.defer_measurements` first."
        )
    gates, bit = to_gates(operation.base, slots, bits), bits[measured[0].meas_uid]
    asked = [value for value in (0, 1) if operation.meas_val.processing_fn(value)]
    return gates if len(asked) == 2 else [when(each, bit, asked[0]) for each in gates if asked]
