"""Dense matrices of circuits and observables: slow, memory 4**n, obviously right.

They share nothing with the simulator but the gate table, and are the oracle of its tests.
"""

from collections.abc import Mapping
from functools import reduce

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, check_angles
from circuits.circuit import Circuit, Gate, Slot
from circuits.gates import GATES, I2, Matrix, X, Y, Z
from circuits.observables import PauliSum, check_observables

PAULIS = {"I": I2, "X": X, "Y": Y, "Z": Z}


def unitary(circuit: Circuit, angles: Angles) -> Matrix:
    """Return the unitary of a circuit.

    Args:
        circuit: on n qubits.
        angles: `{segment: (size,)}` in radians.

    Returns:
        Complex array (2**n, 2**n); rows and columns count bits with qubit 0 leftmost.

    Raises:
        ValueError: where `angles` does not fit the circuit or is batched.

    >>> from circuits import build_circuit, gate
    >>> unitary(build_circuit([gate("cx", 0, 1)]), {}).real.astype(int)
    array([[1, 0, 0, 0],
           [0, 1, 0, 0],
           [0, 0, 0, 1],
           [0, 0, 1, 0]])
    """
    arrays = check_angles(circuit, angles)
    if any(array.ndim == 2 for array in arrays.values()):
        raise ValueError("Argument `angles` must be one set {segment: (size,)}, but is batched.")
    factors = [
        _embed(_matrix(gate, arrays), gate.wires, circuit.n_qubits) for gate in circuit.gates
    ]
    return reduce(lambda total, factor: factor @ total, factors, np.eye(2**circuit.n_qubits) + 0j)


def matrix(observable: PauliSum, n_qubits: int) -> Matrix:
    """Return the matrix of an observable, complex of shape (2**n_qubits, 2**n_qubits).

    Raises:
        ValueError: where the observable acts outside `n_qubits`.

    >>> from circuits import z
    >>> matrix(z(1), 2).real.diagonal()
    array([ 1., -1.,  1., -1.])
    """
    (observable,) = check_observables(observable, n_qubits)
    total = np.zeros((2**n_qubits, 2**n_qubits), dtype=complex)
    for value, string in observable.terms:
        letters = dict(string)
        total += value * reduce(np.kron, [PAULIS[letters.get(q, "I")] for q in range(n_qubits)])
    return total


def _matrix(gate: Gate, arrays: Mapping[str, npt.NDArray[np.float64]]) -> Matrix:
    if gate.angle is None:
        return np.asarray(GATES[gate.name].matrix())
    at = gate.angle
    return np.asarray(GATES[gate.name].matrix(arrays[at[0]][at[1]] if isinstance(at, Slot) else at))


def _embed(small: Matrix, wires: tuple[int, ...], n_qubits: int) -> Matrix:
    """Kronecker product with the identity on the other wires, wires put into their order."""
    order = [*wires, *(wire for wire in range(n_qubits) if wire not in wires)]
    full = np.kron(small, np.eye(2 ** (n_qubits - len(wires)))).reshape((2,) * 2 * n_qubits)
    axes = np.argsort(order)
    return full.transpose([*axes, *(axes + n_qubits)]).reshape(2**n_qubits, 2**n_qubits)
