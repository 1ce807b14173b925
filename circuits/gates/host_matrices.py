"""Matrices of gates in double precision on the host: for adapters, oracles and gate algebra."""

from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant
from circuits.gates.gate_data import MAX_DENSE_WIRES, Data
from circuits.gates.gate_types import Gate, is_unitary
from circuits.gates.table import CONSTANTS, GENERATORS, PAULIS, Matrix


def host_matrix(gate: Gate, angle: npt.ArrayLike | None = None) -> Matrix:
    """Return the matrix of a unitary gate.

    Args:
        gate: named or with data, on at most 12 wires; its own angle is not looked at.
        angle: radians, a number or (b,), for a gate that has an angle.

    Returns:
        Complex array (2**k, 2**k), or (b, 2**k, 2**k) for b angles.

    Raises:
        ValueError: where the gate is not unitary or acts on more than 12 wires.

    >>> from circuits.gates.gate_types import gate
    >>> host_matrix(gate("rz", 0, angle=("w", 0)), [0.0, np.pi]).shape
    (2, 2, 2)
    """
    check_dense(gate)
    if gate.angle is None:
        return constant_matrix(gate.name, gate.data)
    if isinstance(gate.data, Constant) and gate.name == "driven":
        drive, rest = gate.data.array
        values, vectors = np.linalg.eigh(np.asarray(angle, float)[..., None, None] * drive + rest)
        phases = np.exp(-1j * values)[..., None, :]
        return (vectors * phases) @ np.swapaxes(vectors.conj(), -1, -2)
    values, vectors = _spectrum(gate.name, gate.data)
    phases = np.exp(-1j * np.asarray(angle, float)[..., None] * values)
    return (vectors * phases[..., None, :]) @ vectors.conj().T


def check_dense(gate: Gate) -> None:
    """Refuse a gate that has no matrix, or none that fits in memory.

    Raises:
        ValueError: where the gate is not unitary or acts on more than 12 wires.
    """
    check_unitary(gate, "matrix")
    if len(gate.wires) > MAX_DENSE_WIRES:
        raise ValueError(
            f"The dense matrix of gate {gate.name!r} is made for at most {MAX_DENSE_WIRES} wires, "
            f"but it has {len(gate.wires)}."
        )


def check_unitary(gate: Gate, what: str) -> None:
    """Refuse a gate that is not unitary, and so lacks what was asked for.

    Raises:
        ValueError: where the gate is not unitary.
    """
    if not is_unitary(gate):
        raise ValueError(f"Gate {gate.name!r} is not unitary, so it has no {what}.")


def constant_matrix(name: str, data: Data) -> Matrix:
    """Return the matrix of a constant gate by its name and data.

    >>> constant_matrix("permutation", Constant([1, 0])).real
    array([[0., 1.],
           [1., 0.]])
    """
    if isinstance(data, Constant) and name == "permutation":
        return np.eye(len(data.array), dtype=complex)[np.argsort(data.array)]
    return data.array if isinstance(data, Constant) else CONSTANTS[name]


def generator_matrix(name: str, data: Data) -> Matrix:
    """Return the generator ``G`` of a gate with an angle by its name and data.

    Raises:
        ValueError: for "driven", which has no generator that is the same at all angles.

    >>> generator_matrix("evolution", "Z").real
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    if name == "driven":
        raise ValueError(
            "Gate 'driven' is exp(-i (angle P + B)), which has no generator that is the same at "
            "all angles, as is needed here: give its matrix at one angle to `unitary_gate`."
        )
    if isinstance(data, str):
        return reduce(np.kron, [PAULIS[letter] for letter in data])
    if isinstance(data, Constant):
        return data.array if name == "generated" else np.diag(data.array).astype(complex)
    return GENERATORS[name]


@lru_cache(maxsize=64)
def _spectrum(name: str, data: Data):
    """Eigenvalues and eigenvectors of a generator."""
    return np.linalg.eigh(generator_matrix(name, data))
