"""Control, inverse and power of any gate: the named gate where there is one, else one with data."""

import math
from typing import overload

import numpy as np
import numpy.typing as npt
from scipy.linalg import schur

from circuits.circuit import Circuit
from circuits.gates.constants import Constant
from circuits.gates.definitions import generator_diagonal, monomial, structure
from circuits.gates.gate_types import Gate, Slot, gate
from circuits.gates.host_matrices import check_dense, check_unitary, generator_matrix, host_matrix
from circuits.gates.table import ONE, Matrix, with_control

CONTROLLED = {
    "x": "cx",
    "y": "cy",
    "z": "cz",
    "h": "ch",
    "s": "cs",
    "sdg": "csdg",
    "sx": "csx",
    "rx": "crx",
    "ry": "cry",
    "rz": "crz",
    "p": "cp",
    "swap": "cswap",
    "cx": "ccx",
    "cz": "ccz",
}
SELF_INVERSE = {"id", "h", "x", "y", "z", "cx", "cy", "cz", "ch", "swap", "ecr"}
SELF_INVERSE |= {"ccx", "ccz", "cswap"}
# Powers that have a name of their own.
NAMED_POWERS = {
    ("s", -1): "sdg",
    ("sdg", -1): "s",
    ("t", -1): "tdg",
    ("tdg", -1): "t",
    ("sx", -1): "sxdg",
    ("sxdg", -1): "sx",
    ("cs", -1): "csdg",
    ("csdg", -1): "cs",
    ("x", 0.5): "sx",
    ("x", -0.5): "sxdg",
    ("sx", 2): "x",
    ("cx", 0.5): "csx",
    ("csx", 2): "cx",
    ("z", 0.5): "s",
    ("z", 0.25): "t",
    ("s", 2): "z",
    ("s", 0.5): "t",
    ("t", 2): "s",
    ("cz", 0.5): "cs",
    ("cs", 2): "cz",
    ("iswap", 0.5): "siswap",
    ("siswap", 2): "iswap",
}
# Constant gates that are a gate with an angle at the angle given.
TURNS = {
    "z": ("p", math.pi),
    "s": ("p", math.pi / 2),
    "sdg": ("p", -math.pi / 2),
    "t": ("p", math.pi / 4),
    "tdg": ("p", -math.pi / 4),
    "cz": ("cp", math.pi),
    "cs": ("cp", math.pi / 2),
    "csdg": ("cp", -math.pi / 2),
    "iswap": ("xx_plus_yy", -math.pi),
    "siswap": ("xx_plus_yy", -math.pi / 2),
}


def controlled(item: Gate, *controls: int) -> Gate:
    """Return the gate that acts where all `controls` are 1; they come first among its wires.

    Args:
        item: a unitary gate. Without a named result it becomes a "permutation", "diagonal",
            "generated" or "unitary" gate; the last two are dense and act on at most 12 wires.
        controls: one or more qubits that the gate does not act on.

    Raises:
        ValueError: where the gate is not unitary or is "driven", or a control is missing or one
            of its wires.

    >>> controlled(gate("rx", 2, angle=("w", 0)), 0)
    Gate(name='crx', wires=(0, 2), angle=Slot(segment='w', index=0))
    >>> controlled(gate("x", 3), 0, 1, 2)
    Gate(name='permutation', wires=(0, 1, 2, 3), angle=None, data=Constant(int32, shape (16,)))
    """
    check_unitary(item, "control")
    if not controls:
        raise ValueError("Argument `controls` must name at least one qubit, but is empty.")
    ints = all(isinstance(control, (int, np.integer)) for control in controls)
    if not ints or len({*controls, *item.wires}) < len(controls) + len(item.wires):
        raise ValueError(
            f"Argument `controls` must be distinct qubits other than the gate's {item.wires}, "
            f"but is {controls}."
        )
    for control in reversed(controls):
        item = _with_control(item, control)
    return item


@overload
def inverse(item: Gate) -> Gate: ...
@overload
def inverse(item: Circuit) -> Circuit: ...
def inverse(item: Gate | Circuit) -> Gate | Circuit:
    """Return the inverse of a unitary gate, or of a circuit of such gates in reverse order.

    Raises:
        ValueError: where a gate is not unitary.

    >>> inverse(gate("s", 0)).name, inverse(gate("rx", 0, angle=("w", 3))).angle
    ('sdg', Slot(segment='w', index=3, scale=-1.0))
    """
    if isinstance(item, Circuit):
        return item._replace(gates=tuple(inverse(each) for each in reversed(item.gates)))
    check_unitary(item, "inverse")
    if item.name in SELF_INVERSE:
        return item
    if item.name == "dcx":
        return item._replace(wires=item.wires[::-1])
    if item.angle is None and item.name not in TURNS and structure(item) == "matrix":
        named = NAMED_POWERS.get((item.name, -1))
        return item._replace(name=named) if named else _unitary(item, host_matrix(item).conj().T)
    return power(item, -1)


def power(item: Gate, exponent: float) -> Gate:
    """Return a power of a unitary gate, by the principal branch: phases of -pi < phi <= pi.

    Args:
        item: a unitary gate; one with an angle has its angle (or the scale of its slot) multiplied.
        exponent: any finite number.

    Raises:
        ValueError: where the gate is not unitary or the exponent not finite.

    >>> power(gate("x", 0), 0.5).name, power(gate("rz", 0, angle=0.2), 3).angle
    ('sx', 0.6000000000000001)
    """
    check_unitary(item, "power")
    if not math.isfinite(exponent):
        raise ValueError(f"Argument `exponent` must be finite, but is {exponent}.")
    if item.angle is not None:
        data = item.data
        if isinstance(data, Constant) and item.name == "driven":
            data = Constant(data.array * np.array([1, exponent])[:, None, None])
        return item._replace(angle=_times(item.angle, exponent), data=data)
    if exponent == 1 or item.name == "id":
        return item
    if (item.name, exponent) in NAMED_POWERS:
        return item._replace(name=NAMED_POWERS[item.name, exponent])
    if item.name in TURNS:
        name, angle = TURNS[item.name]
        return _like(item, name, angle=angle * exponent)
    return _data_power(item, exponent)


def _data_power(item: Gate, exponent: float) -> Gate:
    kind = structure(item)
    if kind == "diagonal":
        phases = _principal(monomial(item)[1])
        return _like(item, "diagonal", data=-phases, angle=exponent)
    if kind == "monomial" and float(exponent).is_integer():
        targets, phases = monomial(item)
        if np.all(phases == 1):
            return _like(item, "permutation", data=_permutation_power(targets, int(exponent)))
    # A unitary matrix is normal, so that its Schur form is diagonal.
    form, basis = schur(host_matrix(item), output="complex")[:2]
    phases = _principal(form.diagonal())
    return _unitary(item, basis * np.exp(1j * exponent * phases) @ basis.conj().T)


def _with_control(item: Gate, control: int) -> Gate:
    if item.name in CONTROLLED:
        return _like(item, CONTROLLED[item.name], control, angle=item.angle)
    if item.name == "gphase":
        return gate("p", control, angle=item.angle, condition=item.condition)
    is_diagonal = structure(item) == "diagonal"
    if item.angle is not None and is_diagonal:
        values = generator_diagonal(item)
        data = np.concatenate([np.zeros(len(values)), values])
        return _like(item, "diagonal", control, angle=item.angle, data=data)
    if item.angle is not None:
        check_dense(item)
        data = np.kron(ONE, generator_matrix(item.name, item.data))
        return _like(item, "generated", control, angle=item.angle, data=data)
    return _constant_with_control(item, control)


def _constant_with_control(item: Gate, control: int) -> Gate:
    if structure(item) != "matrix":
        targets, phases = monomial(item)
        size = len(targets)
        if np.all(phases == 1):
            data = np.concatenate([np.arange(size), size + targets])
            return _like(item, "permutation", control, data=data)
        if structure(item) == "diagonal":
            data = np.concatenate([np.zeros(size), -_principal(phases)])
            return _like(item, "diagonal", control, data=data, angle=1.0)
    return _unitary(item, with_control(host_matrix(item)), control)


def _like(item: Gate, name: str, *controls: int, angle=None, data=None) -> Gate:
    """A gate on the wires, and under the condition, of another one."""
    return gate(name, *controls, *item.wires, angle=angle, data=data, condition=item.condition)


def _unitary(item: Gate, matrix: Matrix, *controls: int) -> Gate:
    return _like(item, "unitary", *controls, data=matrix)


def _times(angle: Slot | float, factor: float) -> Slot | float:
    if isinstance(angle, Slot):
        return angle._replace(scale=float(angle.scale * factor))
    return float(angle * factor)


def _principal(phases: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Angles of phases in (-pi, pi]; rounding must not take -1 to the other end."""
    angles = np.angle(phases)
    return np.where(angles < 1e-9 - np.pi, np.pi, angles)


def _permutation_power(targets: npt.NDArray[np.int32], exponent: int) -> npt.NDArray[np.int32]:
    """By repeated squaring, as exponents such as 2**k are common."""
    if exponent < 0:
        targets, exponent = np.argsort(targets).astype(np.int32), -exponent
    result = np.arange(len(targets), dtype=np.int32)
    while exponent:
        result = targets[result] if exponent % 2 else result
        targets, exponent = targets[targets], exponent // 2
    return result
