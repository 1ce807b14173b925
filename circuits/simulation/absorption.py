"""Clifford gates at the end of a circuit, moved into the observables: fewer gates, equal values.

A Clifford gate ``C`` takes every Pauli string to one Pauli string, ``C^dagger P C``, with a sign.
What ends a circuit therefore need not be run where only Pauli sums are measured: the observables
are conjugated instead, once, on the host, and keep their number of terms.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, reduce
from itertools import product

import numpy as np

from circuits.circuit import Circuit
from circuits.gates.gate_data import Data
from circuits.gates.gate_types import Gate, Slot, is_unitary
from circuits.gates.host_matrices import host_matrix
from circuits.gates.table import PAULIS
from circuits.observables import Pauli, PauliSum, check_observables

# Gates on more wires are left alone: their tables of 4**k strings would grow.
MAX_WIRES = 3
# Largest deviation of an image from a Pauli string: rounding in double precision.
EXACT = 1e-12

Image = tuple[float, str]  # sign and letters
Observables = tuple[PauliSum, ...]


def absorb_cliffords(
    circuit: Circuit,
    observables: PauliSum | Iterable[PauliSum],
    *,
    accept: Callable[[Observables, Observables], bool] | None = None,
) -> tuple[Circuit, Observables]:
    """Return a circuit without the Clifford gates at its end, and observables of equal values.

    A gate is at the end where all gates that stay behind it act on other wires. Clifford are those
    whose matrix is, to rounding in double precision: "h", "s", "cx" and their like, rotations by a
    multiple of a quarter turn, and unitaries of such a matrix; on up to 3 wires, without a
    condition, and with an angle that is a number.

    Args:
        circuit: on n qubits, of any gates.
        observables: k of them, or a single one.
        accept: says, of the observables before and after a gate is absorbed, whether to; all gates
            that can be are where not given.

    Returns:
        The circuit, with the qubits and segments it had, and the k observables.

    Raises:
        ValueError: where there is no observable or one acts outside the circuit.

    Source:
        Gottesman, arXiv:quant-ph/9807006, Sec. 3: gates that conjugate Pauli operators.

    >>> from circuits import build_circuit, gate, z
    >>> bell = build_circuit([gate("ry", 0, angle=("w", 0)), gate("cx", 0, 1)])
    >>> shorter, (observable,) = absorb_cliffords(bell, z(1))
    >>> len(shorter.gates), observable.terms
    (1, ((1.0, ((0, 'Z'), (1, 'Z'))),))
    """
    absorbed = check_observables(observables, circuit.n_qubits)
    kept: list[Gate] = []
    blocked: set[int] = set()
    for gate in reversed(circuit.gates):
        images = None if blocked & set(gate.wires) else _images(gate)
        changed = absorbed if images is None else _conjugate(absorbed, gate.wires, images)
        if images is not None and (accept is None or accept(absorbed, changed)):
            absorbed = changed
        else:
            kept.append(gate)
            blocked |= set(gate.wires)
    return circuit._replace(gates=tuple(reversed(kept))), absorbed


def _images(gate: Gate) -> dict[str, Image] | None:
    """Images of all strings on the gate's wires; None where it is no Clifford gate."""
    known = gate.condition is None and not isinstance(gate.angle, Slot)
    if not known or not is_unitary(gate) or len(gate.wires) > MAX_WIRES:
        return None
    return _table(gate.name, gate.data, gate.angle, len(gate.wires))


@lru_cache(maxsize=1024)
def _table(name: str, data: Data, angle: float | None, n_wires: int) -> dict[str, Image] | None:
    matrix = host_matrix(Gate(name, tuple(range(n_wires)), angle, data), angle)
    names = ["".join(letters) for letters in product("IXYZ", repeat=n_wires)]
    strings = np.stack([reduce(np.kron, [PAULIS[x] for x in letters]) for letters in names])
    turned = matrix.conj().T @ strings @ matrix
    # Row s holds the Pauli coefficients of the image of string s.
    table = np.einsum("sij,pji->sp", turned, strings).real / len(matrix)
    if np.abs(np.abs(table) - (np.abs(table) > 0.5)).max() > EXACT:
        return None
    at = np.abs(table).argmax(axis=1)
    signs = np.sign(table[np.arange(len(names)), at])
    return {
        letters: (float(sign), names[place])
        for letters, sign, place in zip(names, signs, at, strict=True)
    }


def _conjugate(
    observables: Observables, wires: Sequence[int], images: dict[str, Image]
) -> Observables:
    return tuple(
        PauliSum(tuple(_term(value, string, wires, images) for value, string in each.terms))
        for each in observables
    )


def _term(value: float, string: Pauli, wires: Sequence[int], images) -> tuple[float, Pauli]:
    letters = dict(string)
    if letters.keys().isdisjoint(wires):
        return value, string
    sign, image = images["".join(letters.get(wire, "I") for wire in wires)]
    letters |= dict(zip(wires, image, strict=True))
    return sign * value, tuple(sorted(pair for pair in letters.items() if pair[1] != "I"))
