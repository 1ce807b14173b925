"""The gates: one table, every parametric gate given by its generator.

Names follow OpenQASM 3 and Qiskit in lower case. A gate's first wire is the leftmost bit of its
matrix's row index, and the control of a controlled gate comes first. A parametric gate is
``exp(-i angle G)`` with a constant Hermitian generator ``G``; its angle is in radians.
"""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Matrix = np.ndarray

I2: Matrix = np.eye(2, dtype=complex)
X: Matrix = np.array([[0, 1], [1, 0]], dtype=complex)
Y: Matrix = np.array([[0, -1j], [1j, 0]], dtype=complex)
Z: Matrix = np.array([[1, 0], [0, -1]], dtype=complex)
H: Matrix = (X + Z) / np.sqrt(2)
S: Matrix = np.diag([1, 1j])
T: Matrix = np.diag([1, np.exp(1j * np.pi / 4)])
SX: Matrix = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
SWAP: Matrix = np.eye(4, dtype=complex)[[0, 2, 1, 3]]
ISWAP: Matrix = SWAP * np.array([1, 1j, 1j, 1])
ONE: Matrix = np.array([[0, 0], [0, 1]], dtype=complex)


class GateDef(NamedTuple):
    """What a gate name stands for.

    `matrix` maps the angle in radians (nothing for a constant gate) to the unitary of shape
    (2**n_wires, 2**n_wires); `generator` is its Hermitian ``G``, None for a constant gate.
    """

    n_wires: int
    matrix: Callable[..., jax.Array]
    generator: Matrix | None


def controlled(matrix: Matrix) -> Matrix:
    """Unitary that applies `matrix` where a new first wire is 1, of twice its size."""
    return np.kron(I2 - ONE, np.eye(len(matrix))) + np.kron(ONE, matrix)


def constant(matrix: Matrix) -> GateDef:
    """Gate without an angle."""
    # The type is always named: jax 0.12 may keep that of another precision for a NumPy constant.
    return GateDef(_n_wires(matrix), lambda: jnp.asarray(matrix, jnp.result_type(complex)), None)


def rotation(generator: Matrix) -> GateDef:
    """Gate ``exp(-i angle G)``, from the spectral form ``sum_v exp(-i angle v) P_v`` of ``G``.

    The eigenvalues of all generators here are multiples of 1/2, so the projectors ``P_v`` are
    exact, and one formula serves the whole table and its derivatives.
    """
    values = np.unique(np.round(2 * np.linalg.eigvalsh(generator))) / 2
    projectors = np.stack([_projector(generator, value, values) for value in values])

    def matrix(angle) -> jax.Array:
        real, complex_ = jnp.result_type(float), jnp.result_type(complex)
        turns = jnp.asarray(angle, real) * jnp.asarray(values, real)
        phases = jax.lax.complex(jnp.cos(turns), -jnp.sin(turns))
        return jnp.sum(phases[:, None, None] * jnp.asarray(projectors, complex_), axis=0)

    return GateDef(_n_wires(generator), matrix, generator)


def _projector(generator: Matrix, value: float, values: np.ndarray) -> Matrix:
    """Projector on the eigenspace of `value`: the Lagrange polynomial of the generator."""
    eye = np.eye(len(generator), dtype=complex)
    factors = [(generator - other * eye) / (value - other) for other in values if other != value]
    return reduce(np.matmul, factors, eye)


def _n_wires(matrix: Matrix) -> int:
    return len(matrix).bit_length() - 1


GATES: dict[str, GateDef] = {
    "id": constant(I2),
    "h": constant(H),
    "x": constant(X),
    "y": constant(Y),
    "z": constant(Z),
    "s": constant(S),
    "sdg": constant(S.conj().T),
    "t": constant(T),
    "tdg": constant(T.conj().T),
    "sx": constant(SX),
    "rx": rotation(X / 2),
    "ry": rotation(Y / 2),
    "rz": rotation(Z / 2),
    "p": rotation(-ONE),
    "cx": constant(controlled(X)),
    "cy": constant(controlled(Y)),
    "cz": constant(controlled(Z)),
    "ch": constant(controlled(H)),
    "swap": constant(SWAP),
    "iswap": constant(ISWAP),
    "crx": rotation(np.kron(ONE, X / 2)),
    "cry": rotation(np.kron(ONE, Y / 2)),
    "crz": rotation(np.kron(ONE, Z / 2)),
    "cp": rotation(np.kron(ONE, -ONE)),
    "rxx": rotation(np.kron(X, X) / 2),
    "ryy": rotation(np.kron(Y, Y) / 2),
    "rzz": rotation(np.kron(Z, Z) / 2),
    "ccx": constant(controlled(controlled(X))),
    "cswap": constant(controlled(SWAP)),
}
