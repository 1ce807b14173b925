"""What a gate stands for: matrix, generator and structure, whether it is named or carries data."""

import math
from collections.abc import Mapping
from functools import lru_cache, partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant
from circuits.gates.gate_data import Data
from circuits.gates.gate_types import Gate, slot_count
from circuits.gates.host_matrices import (
    check_dense,
    check_unitary,
    constant_matrix,
    generator_matrix,
)
from circuits.gates.table import CONSTANTS, GATES, PAULIS, GateDef, Matrix, constant

# Entries of a matrix below this part of the largest are zero: rounding of products, not physics.
ZERO = 1e-12
# Of an exponential: terms of its series, for double precision, and most halvings of its matrix.
TERMS, HALVINGS = 14, 20


def definition(gate: Gate) -> GateDef:
    """Return the number of wires, matrix and generator of a unitary gate.

    Args:
        gate: named or with data, on at most 12 wires, as the matrices are dense.

    Returns:
        As in `GATES`: `matrix` maps the angle (nothing for a constant gate) to a JAX array
        (2**k, 2**k); `generator` is the Hermitian ``G`` of ``exp(-i angle G)``, None for a
        constant gate and for "driven".

    Raises:
        ValueError: where the gate is not unitary or acts on more than 12 wires.

    >>> from circuits.gates.gate_types import gate
    >>> definition(gate("evolution", 0, 1, angle=0.3, data="ZZ")).generator.real.diagonal()
    array([ 1., -1., -1.,  1.])
    """
    if gate.name in GATES:
        return GATES[gate.name]
    check_dense(gate)
    return _define(gate.name, gate.data)


def structure(gate: Gate) -> str:
    """Return what kind of matrix a unitary gate has, without making it where data says so.

    Returns:
        "diagonal", "monomial" (constant, one entry in each row and column; see `monomial`) or
        "matrix". A gate with an angle is judged by its generator, for all angles at once.

    Raises:
        ValueError: where the gate is not unitary.

    >>> from circuits.gates.gate_types import gate
    >>> [structure(gate(name, 0)) for name in ("s", "y", "h")]
    ['diagonal', 'monomial', 'matrix']
    """
    check_unitary(gate, "structure")
    return _structure(gate.name, gate.data)


def generator_diagonal(gate: Gate) -> npt.NDArray[np.float64]:
    """Return the diagonal (2**k,) of the generator of a diagonal gate that has an angle.

    Raises:
        ValueError: where the gate has no angle or is not diagonal.

    >>> from circuits.gates.gate_types import gate
    >>> generator_diagonal(gate("rz", 0, angle=0.1))
    array([ 0.5, -0.5])
    """
    if gate.angle is None or structure(gate) != "diagonal":
        raise ValueError(f"Gate {gate.name!r} must have an angle and be diagonal, but is not.")
    if isinstance(gate.data, Constant) and gate.name == "diagonal":
        return gate.data.array
    if isinstance(gate.data, str):
        signs = [np.real(PAULIS[letter].diagonal()) for letter in gate.data]
        return reduce(np.kron, signs).astype(np.float64)
    return np.real(generator_matrix(gate.name, gate.data).diagonal()).copy()


def monomial(gate: Gate) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.complex128]]:
    """Return what a constant diagonal or monomial gate does: it moves basis states and turns them.

    Returns:
        `permutation` (2**k,) and `phases` (2**k,): basis state j goes to
        ``phases[j] * |permutation[j]>``.

    Raises:
        ValueError: where the gate has an angle or is neither diagonal nor monomial.

    >>> from circuits.gates.gate_types import gate
    >>> monomial(gate("x", 0))
    (array([1, 0], dtype=int32), array([1.+0.j, 1.+0.j]))
    """
    if gate.angle is not None or structure(gate) == "matrix":
        raise ValueError(f"Gate {gate.name!r} must be constant and monomial, but is not.")
    if isinstance(gate.data, Constant) and gate.name == "permutation":
        return gate.data.array, np.ones(len(gate.data.array), complex)
    matrix = constant_matrix(gate.name, gate.data)
    permutation = np.abs(matrix).argmax(axis=0)
    return permutation.astype(np.int32), matrix[permutation, np.arange(len(matrix))]


def frequencies(gate: Gate) -> npt.NDArray[np.float64]:
    """Return the positive differences of the generator's eigenvalues, in ascending order.

    An expectation value is a Fourier sum of these frequencies in the angle, which is what
    parameter-shift rules rest on.

    Raises:
        ValueError: where the gate has no angle, is not unitary, or is "driven", whose frequencies
            depend on the angle.

    Source:
        Wierichs et al., Quantum 6, 677 (2022), arXiv:2107.12390, Sec. 2.

    >>> from circuits.gates.gate_types import gate
    >>> frequencies(gate("rx", 0, angle=0.1)), frequencies(gate("crx", 0, 1, angle=0.1))
    (array([1.]), array([0.5, 1. ]))
    """
    if gate.angle is None:
        raise ValueError(f"Gate {gate.name!r} must have an angle to have frequencies.")
    check_unitary(gate, "frequencies")
    return _frequencies(gate.name, gate.data)


def amplitude_vector(gate: Gate, angles: Mapping[str, Any]) -> jax.Array:
    """Return the state (2**k,) that an "amplitudes" gate prepares, normalised; safe under tracing.

    Args:
        gate: of the name "amplitudes".
        angles: `{segment: (size,)}`.

    >>> from circuits.gates.gate_types import gate
    >>> print(amplitude_vector(gate("amplitudes", 0, angle=("x", 0)), {"x": np.array([3.0, 4.0])}))
    [0.6+0.j 0.8+0.j]
    """
    complex_ = jnp.result_type(complex)
    if isinstance(gate.data, Constant):
        return jnp.asarray(gate.data.array, complex_)
    segment, first, _ = gate.angle  # pyright: ignore[reportGeneralTypeIssues]
    entries = jnp.asarray(angles[segment], jnp.result_type(float))[first : first + slot_count(gate)]
    return (entries / jnp.linalg.norm(entries)).astype(complex_)


def unit(values: npt.NDArray) -> float:
    """Return what numbers are to be counted in before digits are cut: 1, or as small as they are.

    >>> unit(np.array([3.0])), unit(np.array([1e-9])) < 1e-9
    (1.0, True)
    """
    largest = np.abs(values).max()
    return min(1.0, 2.0 ** math.floor(math.log2(largest))) if largest else 1.0


@lru_cache(maxsize=64)
def _structure(name: str, data: Data) -> str:
    if name == "driven":
        return "matrix"
    if name in ("diagonal", "permutation"):
        return "diagonal" if name == "diagonal" else "monomial"
    if isinstance(data, str):
        return "matrix" if set(data) & set("XY") else "diagonal"
    is_constant = name in CONSTANTS or name == "unitary"
    sizes = np.abs((constant_matrix if is_constant else generator_matrix)(name, data))
    entries = sizes > ZERO * sizes.max()
    if not entries[~np.eye(len(entries), dtype=bool)].any():
        return "diagonal"
    return "monomial" if is_constant and (entries.sum(axis=0) == 1).all() else "matrix"


@lru_cache(maxsize=64)
def _frequencies(name: str, data: Data) -> npt.NDArray[np.float64]:
    if isinstance(data, str):
        return np.array([2.0]) if set(data) - {"I"} else np.zeros(0)
    if isinstance(data, Constant) and name == "diagonal":
        values = data.array
    else:
        values = np.linalg.eigvalsh(generator_matrix(name, data))
    small = unit(values)
    levels = np.unique((values / small).round(10))
    gaps = np.unique((levels[:, None] - levels).round(10))
    return small * gaps[gaps > 0]


@lru_cache(maxsize=64)
def _define(name: str, data: Data) -> GateDef:
    if name in ("unitary", "permutation"):
        return constant(constant_matrix(name, data))
    if isinstance(data, Constant) and name == "driven":
        return _driven(*data.array)
    generator = generator_matrix(name, data)
    if name == "diagonal":
        return _diagonal(generator)
    return _pauli(generator) if name == "evolution" else _generated(generator)


def _diagonal(generator: Matrix) -> GateDef:
    def matrix(angle) -> jax.Array:
        return jnp.diag(_phases(angle, np.real(generator.diagonal())))

    return GateDef(_n_wires(generator), matrix, generator)


def _pauli(string: Matrix) -> GateDef:
    """``exp(-i angle P) = cos(angle) - i sin(angle) P``, as ``P**2`` is the identity."""

    def matrix(angle) -> jax.Array:
        complex_ = jnp.result_type(complex)
        eye, pauli = jnp.eye(len(string), dtype=complex_), jnp.asarray(string, complex_)
        angle = jnp.asarray(angle, jnp.result_type(float))
        return jnp.cos(angle).astype(complex_) * eye - 1j * jnp.sin(angle).astype(complex_) * pauli

    return GateDef(_n_wires(string), matrix, string)


def _generated(generator: Matrix) -> GateDef:
    """``exp(-i angle G)`` in the eigenbasis of ``G``, which is found once."""
    values, vectors = np.linalg.eigh(generator)

    def matrix(angle) -> jax.Array:
        basis = jnp.asarray(vectors, jnp.result_type(complex))
        turned = basis * _phases(angle, values)
        return jnp.matmul(turned, basis.conj().T, precision=jax.lax.Precision.HIGHEST)

    return GateDef(_n_wires(generator), matrix, generator)


def _driven(drive: Matrix, rest: Matrix) -> GateDef:
    """``exp(-i (angle P + B))``, whose eigenvectors depend on the angle."""

    def matrix(angle) -> jax.Array:
        complex_ = jnp.result_type(complex)
        angle = jnp.asarray(angle, jnp.result_type(float)).astype(complex_)
        return _exponential(
            -1j * (angle * jnp.asarray(drive, complex_) + jnp.asarray(rest, complex_))
        )

    return GateDef(_n_wires(drive), matrix, None)


def _exponential(matrix: jax.Array) -> jax.Array:
    """Taylor's series of a matrix halved until its norm is below 1/2, squared as often.

    Two short loops: eigenvectors have singular derivatives where eigenvalues are equal, and what
    `jax.scipy.linalg.expm` does takes several times as long to compile.
    """
    norm = jax.lax.stop_gradient(jnp.abs(matrix).sum(0).max())
    halvings = jnp.clip(jnp.ceil(jnp.log2(2 * norm)), 0, HALVINGS)
    small = matrix / jnp.exp2(halvings).astype(matrix.dtype)
    eye = jnp.eye(len(matrix), dtype=matrix.dtype)
    product = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)

    def add(total, place):
        return eye + product(small, total) / place, None

    def square(total, place):
        return jnp.where(place < halvings, product(total, total), total), None

    places = jnp.arange(TERMS, 0, -1).astype(matrix.dtype)
    total = jax.lax.scan(add, eye, places)[0]
    return jax.lax.scan(square, total, jnp.arange(HALVINGS).astype(halvings.dtype))[0]


def _phases(angle, values) -> jax.Array:
    real = jnp.result_type(float)
    turns = jnp.asarray(angle, real) * jnp.asarray(values, real)
    return jax.lax.complex(jnp.cos(turns), -jnp.sin(turns))


def _n_wires(matrix: Matrix) -> int:
    return len(matrix).bit_length() - 1
