"""Gates from matrices, Pauli sums and amplitudes, gates of several angles, and classical bits."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, Slot, gate
from circuits.modifiers import power
from circuits.observables import Pauli, PauliSum

Wires = int | Sequence[int]
Angle = Slot | tuple[str, int] | tuple[str, int, float] | float


def unitary_gate(matrix: npt.ArrayLike | Constant, wires: Wires) -> Gate:
    """Return the gate of any unitary matrix (2**k, 2**k); `wires[0]` is the leftmost bit of a row.

    Raises:
        ValueError: on a matrix that is misshapen or not unitary, or on more than 12 wires.

    >>> unitary_gate([[0, 1], [1, 0]], 0)
    Gate(name='unitary', wires=(0,), angle=None, data=Constant(complex128, shape (2, 2)))
    """
    return gate("unitary", *_wires(wires), data=matrix)


def generated(generator: npt.ArrayLike | Constant, wires: Wires, angle: Angle) -> Gate:
    """Return ``exp(-i angle G)`` for any Hermitian ``G`` (2**k, 2**k).

    Raises:
        ValueError: on a generator that is misshapen or not Hermitian, or on more than 12 wires.

    >>> generated(np.diag([1, -1]), 0, ("w", 0)).angle
    Slot(segment='w', index=0)
    """
    return gate("generated", *_wires(wires), angle=angle, data=generator)


def driven(drive: npt.ArrayLike, rest: npt.ArrayLike, wires: Wires, angle: Angle) -> Gate:
    """Return ``exp(-i (angle P + B))``: a drive whose strength is the angle, and what goes on then.

    Where ``P`` and ``B`` do not commute the frequencies of an expectation value depend on the
    angle; `parameter_shift` takes the stochastic rule for it. It has an inverse and powers, but
    no control, whose drive would not square to one.

    Args:
        drive: ``P`` (2**k, 2**k), Hermitian with ``P @ P = 1``, such as a Pauli string.
        rest: ``B`` (2**k, 2**k), Hermitian.
        wires: k qubits, at most 12.
        angle: a number or a slot.

    Raises:
        ValueError: on matrices that are misshapen or not as said.

    Source:
        Banchi and Crooks, Quantum 5, 386 (2021), arXiv:2005.10299, Eq. 1.

    >>> driven([[0, 1], [1, 0]], [[0.3, 0], [0, -0.3]], 0, ("w", 0)).data
    Constant(complex128, shape (2, 2, 2))
    """
    first, second = np.asarray(drive), np.asarray(rest)
    if first.shape != second.shape:
        raise ValueError(
            "Arguments `drive` and `rest` must have one shape, but have "
            f"{first.shape} and {second.shape}."
        )
    return gate("driven", *_wires(wires), angle=angle, data=np.stack([first, second]))


def diagonal(values: npt.ArrayLike | Constant, wires: Wires, angle: Angle = 1.0) -> Gate:
    """Return ``exp(-i angle d)`` for a real diagonal ``d`` (2**k,), such as a cost function's.

    Raises:
        ValueError: on values that are misshapen, complex or not finite.

    >>> diagonal([0, np.pi], 0).data
    Constant(float64, shape (2,))
    """
    return gate("diagonal", *_wires(wires), angle=angle, data=values)


def permutation(targets: npt.ArrayLike | Constant, wires: Wires) -> Gate:
    """Return the gate that takes basis state j to basis state ``targets[j]``, ints (2**k,).

    Raises:
        ValueError: where `targets` does not hold each int from 0 to 2**k - 1 once.

    >>> permutation([1, 2, 3, 0], (0, 1)).wires
    (0, 1)
    """
    return gate("permutation", *_wires(wires), data=targets)


def evolution(observable: PauliSum, time: Angle) -> list[Gate]:
    """Return ``exp(-i time H)`` for a Pauli sum whose terms all commute, one gate for each term.

    Args:
        observable: ``H``.
        time: a number or a slot, in units of one over those of ``H``.

    Returns:
        Gates "evolution" with the coefficients in their angles or scales; a multiple of the
        identity becomes "gphase".

    Raises:
        ValueError: where two terms do not commute, for then the product is not the exponential.

    >>> from circuits.observables import pauli
    >>> evolution(0.5 * pauli("XX", (0, 1)) + 2 * pauli("ZZ", (0, 1)), ("t", 0))[1]
    Gate(name='evolution', wires=(0, 1), angle=Slot(segment='t', index=0, scale=2.0), data='ZZ')
    """
    for (_, first), (_, second) in combinations(observable.terms, 2):
        if not commute(first, second):
            raise ValueError(
                f"The terms {first} and {second} do not commute: take small steps over groups of "
                "commuting terms (a Trotter formula), or `generated` with the dense matrix."
            )
    spot = min((wire for _, string in observable.terms for wire, _ in string), default=0)
    return [_term(value, string, time, spot) for value, string in observable.terms]


def amplitudes(vector: npt.ArrayLike, wires: Wires) -> Gate:
    """Return the gate that takes its wires from ``|0...0>`` to a state, normalised here.

    Args:
        vector: complex (2**k,), not zero.
        wires: k qubits that are in ``|0>`` when the gate acts.

    Raises:
        ValueError: on a vector that is misshapen, zero or not finite.

    >>> amplitudes([3, 4j], 0).data.array
    array([0.6+0.j , 0. +0.8j])
    """
    array = np.asarray(vector, complex)
    norm = np.linalg.norm(array)
    if not np.isfinite(norm) or norm == 0:
        raise ValueError(f"Argument `vector` must be finite and not zero, but has norm {norm}.")
    return gate("amplitudes", *_wires(wires), data=array / norm)


def amplitudes_from(segment: str, wires: Wires, first: int = 0) -> Gate:
    """Return the gate that prepares the real amplitudes of a segment, normalised when it runs.

    Args:
        segment: where the 2**k amplitudes are read from.
        wires: k qubits that are in ``|0>`` when the gate acts.
        first: index of the first amplitude.

    >>> amplitudes_from("inputs", (0, 1))
    Gate(name='amplitudes', wires=(0, 1), angle=Slot(segment='inputs', index=0))
    """
    return gate("amplitudes", *_wires(wires), angle=(segment, first))


def product_state(vectors: npt.ArrayLike) -> list[Gate]:
    """Return the gates that prepare a product state: row q (n, 2) is the state of qubit q.

    >>> [item.wires for item in product_state([[1, 1], [1, 1j]])]
    [(0,), (1,)]
    """
    array = np.asarray(vectors, complex)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"Argument `vectors` must have shape (n, 2), but has shape {array.shape}.")
    return [amplitudes(vector, wire) for wire, vector in enumerate(array)]


def u(theta: Angle, phi: Angle, lam: Angle, wire: int) -> list[Gate]:
    """Return Qiskit's U (also u3), ``p(phi) ry(theta) p(lam)``, in the order in which they act.

    >>> [item.name for item in u(0.1, 0.2, 0.3, 0)]
    ['p', 'ry', 'p']
    """
    return [gate("p", wire, angle=lam), gate("ry", wire, angle=theta), gate("p", wire, angle=phi)]


def cu(theta: Angle, phi: Angle, lam: Angle, gamma: Angle, control: int, wire: int) -> list[Gate]:
    """Return the controlled `u` with a phase ``exp(i gamma)`` of its own, as in OpenQASM 3.

    >>> [item.name for item in cu(0.1, 0.2, 0.3, 0.4, 0, 1)]
    ['p', 'cp', 'cry', 'cp']
    """
    return [
        gate("p", control, angle=gamma),
        gate("cp", control, wire, angle=lam),
        gate("cry", control, wire, angle=theta),
        gate("cp", control, wire, angle=phi),
    ]


def r(theta: Angle, phi: Angle, wire: int) -> list[Gate]:
    """Return the rotation by `theta` about the axis ``cos(phi) X + sin(phi) Y``.

    >>> [item.name for item in r(0.1, ("w", 0), 0)]
    ['rz', 'rx', 'rz']
    """
    turn = gate("rz", wire, angle=phi)
    return [power(turn, -1), gate("rx", wire, angle=theta), turn]


def fsim(theta: Angle, phi: Angle, first: int, second: int) -> list[Gate]:
    """Return Cirq's fSim: a hop by `theta`, and the phase ``exp(-i phi)`` on ``|11>``.

    Source:
        Foxen et al., Phys. Rev. Lett. 125, 120504 (2020), arXiv:2001.08343, Eq. 1.

    >>> [item.angle for item in fsim(0.25, 0.5, 0, 1)]
    [0.5, -0.5]
    """
    hop = gate("xx_plus_yy", first, second, angle=theta)
    return [power(hop, 2), power(gate("cp", first, second, angle=phi), -1)]


def measure(wire: int, bit: int) -> Gate:
    """Return the measurement of a qubit in the middle of a circuit, written to classical `bit`.

    >>> measure(0, 1)
    Gate(name='measure', wires=(0,), angle=None, data=Constant(1))
    """
    return gate("measure", wire, data=bit)


def reset(wire: int) -> Gate:
    """Return the operation that brings a qubit to ``|0>``, whatever its state.

    >>> reset(2)
    Gate(name='reset', wires=(2,), angle=None)
    """
    return gate("reset", wire)


def when(item: Gate, bit: int, value: int = 1) -> Gate:
    """Return a unitary gate that acts only where a classical bit has a value.

    Raises:
        ValueError: where the gate is not unitary or already has a condition.

    >>> when(gate("x", 1), bit=0).condition
    (0, 1)
    """
    if item.condition is not None:
        raise ValueError(f"Gate {item.name!r} has the condition {item.condition} already.")
    return gate(item.name, *item.wires, angle=item.angle, data=item.data, condition=(bit, value))


def _wires(wires: Wires | Iterable[int]) -> tuple[int, ...]:
    return (wires,) if isinstance(wires, (int, np.integer)) else tuple(wires)


def commute(first: Pauli, second: Pauli) -> bool:
    """Return whether two strings commute: they differ on an even number of qubits they share.

    >>> commute(((0, "X"), (1, "X")), ((0, "Z"), (1, "Z")))
    True
    """
    letters = dict(first)
    return sum(letters.get(wire, letter) != letter for wire, letter in second) % 2 == 0


def _term(value: float, string: Pauli, time: Angle, spot: int) -> Gate:
    if not string:
        return power(gate("gphase", spot, angle=time), -value)
    letters = "".join(letter for _, letter in string)
    return power(gate("evolution", *(wire for wire, _ in string), angle=time, data=letters), value)
