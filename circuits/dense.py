"""Dense matrices of circuits and observables: slow, memory 4**n, obviously right.

They share nothing with the simulator but the gate table, and are the oracle of its tests.
"""

from functools import reduce

import numpy as np

from circuits.angles import Angles, check_angles
from circuits.circuit import Circuit
from circuits.gates.constants import Constant
from circuits.gates.definitions import amplitude_vector
from circuits.gates.gate_types import Gate, classical_bit, gate_angle, is_unitary
from circuits.gates.host_matrices import host_matrix
from circuits.gates.table import PAULIS, Matrix
from circuits.observables import PauliSum, check_observables


def unitary(circuit: Circuit, angles: Angles) -> Matrix:
    """Return the unitary of a circuit.

    Args:
        circuit: on n qubits, of unitary gates without conditions.
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
    arrays = _one_set(circuit, angles)
    for gate in circuit.gates:
        if not is_unitary(gate) or gate.condition:
            raise ValueError(
                f"A circuit with {gate.name!r} of condition {gate.condition} has no unitary; "
                "`density` returns its state."
            )
    factors = [
        _embed(_matrix(gate, arrays), gate.wires, circuit.n_qubits) for gate in circuit.gates
    ]
    return reduce(lambda total, factor: factor @ total, factors, np.eye(2**circuit.n_qubits) + 0j)


def density(circuit: Circuit, angles: Angles) -> Matrix:
    """Return the density matrix at the end of a circuit, averaged over what is measured in it.

    Every outcome of the measurements is followed, with its probability, so that conditions act
    as they should.

    Args:
        circuit: on n qubits, of any gates.
        angles: `{segment: (size,)}` in radians.

    Returns:
        Complex array (2**n, 2**n).

    Raises:
        ValueError: where `angles` does not fit the circuit or is batched, or amplitudes are
            prepared on qubits that are not in ``|0>``.

    >>> from circuits.circuit import build_circuit
    >>> from circuits.operations import measure
    >>> from circuits.gates.gate_types import gate
    >>> density(build_circuit([gate("h", 0), measure(0, 0)]), {}).real.round(3)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    arrays = _one_set(circuit, angles)
    start = np.zeros((2**circuit.n_qubits,) * 2, dtype=complex)
    start[0, 0] = 1
    branches = {(0,) * circuit.n_bits: start}
    for gate in circuit.gates:
        branches = _step(gate, branches, arrays, circuit.n_qubits)
    return sum(branches.values(), np.zeros_like(start))


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


Bits = tuple[int, ...]


def _one_set(circuit: Circuit, angles: Angles):
    arrays = check_angles(circuit, angles)
    if any(array.ndim == 2 for array in arrays.values()):
        raise ValueError("Argument `angles` must be one set {segment: (size,)}, but is batched.")
    return arrays


def _matrix(gate: Gate, arrays) -> Matrix:
    return host_matrix(gate, gate_angle(gate, arrays))


def _step(gate: Gate, branches: dict[Bits, Matrix], arrays, n_qubits: int) -> dict[Bits, Matrix]:
    """Act on the state, its trace the probability, of each content of the classical bits."""
    if gate.name == "measure":
        return _measured(gate, branches, n_qubits)
    operators = [_embed(each, gate.wires, n_qubits) for each in _kraus(gate, arrays)]

    def act(bits: Bits, rho: Matrix) -> Matrix:
        if gate.condition and bits[gate.condition[0]] != gate.condition[1]:
            return rho
        result = sum((each @ rho @ each.conj().T for each in operators), np.zeros_like(rho))
        if abs(np.trace(result) - np.trace(rho)) > 1e-5:
            raise ValueError(f"Gate {gate.name!r} acts on wires {gate.wires} that are not in |0>.")
        return result

    return {bits: act(bits, rho) for bits, rho in branches.items()}


def _measured(gate: Gate, branches: dict[Bits, Matrix], n_qubits: int) -> dict[Bits, Matrix]:
    """Split each branch in two; those that come to agree in their bits are one again."""
    bit, result = classical_bit(gate), {}
    for value in (0, 1):
        projector = _embed(np.diag([1.0 - value, value]), gate.wires, n_qubits)
        for bits, rho in branches.items():
            key = (*bits[:bit], value, *bits[bit + 1 :])
            result[key] = result.get(key, 0) + projector @ rho @ projector
    return result


def _kraus(gate: Gate, arrays) -> list[Matrix]:
    """Operators of a gate; those of "amplitudes" only hold for wires in ``|0...0>``."""
    if gate.name == "reset":
        return [np.array([[1, 0], [0, 0]]), np.array([[0, 1], [0, 0]])]
    if gate.name == "kraus":
        assert isinstance(gate.data, Constant), "checked by `gate`"
        return list(gate.data.array)
    if gate.name == "amplitudes":
        vector = np.asarray(amplitude_vector(gate, arrays))
        return [np.outer(vector, np.eye(len(vector))[0])]
    return [_matrix(gate, arrays)]


def _embed(small: Matrix, wires: tuple[int, ...], n_qubits: int) -> Matrix:
    """Kronecker product with the identity on the other wires, wires put into their order."""
    order = [*wires, *(wire for wire in range(n_qubits) if wire not in wires)]
    full = np.kron(small, np.eye(2 ** (n_qubits - len(wires)))).reshape((2,) * 2 * n_qubits)
    axes = np.argsort(order)
    return full.transpose([*axes, *(axes + n_qubits)]).reshape(2**n_qubits, 2**n_qubits)
