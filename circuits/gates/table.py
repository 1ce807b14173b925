"""The named gates: one table, every parametric gate given by its generator.

Names follow OpenQASM 3 and Qiskit in lower case. A gate's first wire is the leftmost bit of its
matrix's row index, and the control of a controlled gate comes first. A parametric gate is
``exp(-i angle G)`` with a constant Hermitian generator ``G``; its angle is in radians.
"gphase" turns the whole state by ``exp(i angle)``; its wire only says where its control, "p", acts.
"givens" turns ``|01>`` into ``cos(angle/2) |01> + sin(angle/2) |10>``: one particle hops.
"""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Matrix = np.ndarray

ROOT2 = np.sqrt(2)
I2: Matrix = np.eye(2, dtype=complex)
X: Matrix = np.array([[0, 1], [1, 0]], dtype=complex)
Y: Matrix = np.array([[0, -1j], [1j, 0]], dtype=complex)
Z: Matrix = np.array([[1, 0], [0, -1]], dtype=complex)
H: Matrix = (X + Z) / ROOT2
S: Matrix = np.diag([1, 1j])
T: Matrix = np.diag([1, np.exp(1j * np.pi / 4)])
SX: Matrix = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
CX: Matrix = np.eye(4, dtype=complex)[[0, 1, 3, 2]]
SWAP: Matrix = np.eye(4, dtype=complex)[[0, 2, 1, 3]]
ISWAP: Matrix = SWAP * np.array([1, 1j, 1j, 1])
SISWAP: Matrix = np.diag([1, 1 / ROOT2, 1 / ROOT2, 1]) + (ISWAP - np.diag([1, 0, 0, 1])) / ROOT2
ECR: Matrix = (np.kron(X, I2) - np.kron(Y, X)) / ROOT2
DCX: Matrix = SWAP @ CX @ SWAP @ CX
ONE: Matrix = np.array([[0, 0], [0, 1]], dtype=complex)
PAULIS: dict[str, Matrix] = {"I": I2, "X": X, "Y": Y, "Z": Z}


class GateDef(NamedTuple):
    """What a gate name stands for.

    `matrix` maps the angle in radians (nothing for a constant gate) to the unitary of shape
    (2**n_wires, 2**n_wires); `generator` is its Hermitian ``G``, None for a constant gate.
    """

    n_wires: int
    matrix: Callable[..., jax.Array]
    generator: Matrix | None


def with_control(matrix: Matrix) -> Matrix:
    """Unitary that applies `matrix` where a new first wire is 1, of twice its size."""
    return np.kron(I2 - ONE, np.eye(len(matrix))) + np.kron(ONE, matrix)


def constant(matrix: Matrix) -> GateDef:
    """Gate without an angle."""
    # The type is always named: jax 0.12 may keep that of another precision for a NumPy constant.
    return GateDef(_n_wires(matrix), lambda: jnp.asarray(matrix, jnp.result_type(complex)), None)


def rotation(generator: Matrix) -> GateDef:
    """Gate ``exp(-i angle G)``, from the spectral form of ``G``.

    With the projector ``P_v`` on the eigenspace of v it is the sum over all ``|v|`` of
    ``cos(|v| angle) (P_v + P_-v) - i sin(|v| angle) (P_v - P_-v)``: one sine and one cosine for a
    pair. The eigenvalues of all generators here are multiples of 1/2, so the projectors are exact.
    """
    values = np.unique(np.round(2 * np.linalg.eigvalsh(generator))) / 2
    projectors = {value: projector(generator, value, values) for value in values}
    sizes = np.unique(np.abs(values))
    zero = np.zeros_like(generator)
    up = np.stack([projectors.get(size, zero) for size in sizes])
    down = np.stack([projectors.get(-size, zero) if size else zero for size in sizes])

    def matrix(angle) -> jax.Array:
        real, complex_ = jnp.result_type(float), jnp.result_type(complex)
        turns = jnp.asarray(angle, real) * jnp.asarray(sizes, real)
        cosines = jnp.cos(turns).astype(complex_)[:, None, None]
        sines = jnp.sin(turns).astype(complex_)[:, None, None]
        even, odd = (jnp.asarray(each, complex_) for each in (up + down, -1j * (up - down)))
        return jnp.sum(cosines * even + sines * odd, axis=0)

    return GateDef(_n_wires(generator), matrix, generator)


def projector(generator: Matrix, value: float, values: np.ndarray) -> Matrix:
    """Return the projector on the eigenspace of `value`: a Lagrange polynomial of the generator."""
    eye = np.eye(len(generator), dtype=complex)
    factors = [(generator - other * eye) / (value - other) for other in values if other != value]
    return reduce(np.matmul, factors, eye)


def _n_wires(matrix: Matrix) -> int:
    return len(matrix).bit_length() - 1


# Matrices of the gates without an angle.
CONSTANTS: dict[str, Matrix] = {
    "id": I2,
    "h": H,
    "x": X,
    "y": Y,
    "z": Z,
    "s": S,
    "sdg": S.conj().T,
    "t": T,
    "tdg": T.conj().T,
    "sx": SX,
    "sxdg": SX.conj().T,
    "cx": CX,
    "cy": with_control(Y),
    "cz": with_control(Z),
    "ch": with_control(H),
    "cs": with_control(S),
    "csdg": with_control(S.conj().T),
    "csx": with_control(SX),
    "swap": SWAP,
    "iswap": ISWAP,
    "siswap": SISWAP,
    "ecr": ECR,
    "dcx": DCX,
    "ccx": with_control(CX),
    "ccz": with_control(with_control(Z)),
    "cswap": with_control(SWAP),
}
# Generators of the gates with an angle.
GENERATORS: dict[str, Matrix] = {
    "rx": X / 2,
    "ry": Y / 2,
    "rz": Z / 2,
    "p": -ONE,
    "gphase": -I2,
    "crx": np.kron(ONE, X / 2),
    "cry": np.kron(ONE, Y / 2),
    "crz": np.kron(ONE, Z / 2),
    "cp": np.kron(ONE, -ONE),
    "rxx": np.kron(X, X) / 2,
    "ryy": np.kron(Y, Y) / 2,
    "rzz": np.kron(Z, Z) / 2,
    "rzx": np.kron(Z, X) / 2,
    "xx_plus_yy": (np.kron(X, X) + np.kron(Y, Y)) / 4,
    "xx_minus_yy": (np.kron(X, X) - np.kron(Y, Y)) / 4,
    "givens": (np.kron(Y, X) - np.kron(X, Y)) / 4,
}
GATES: dict[str, GateDef] = {name: constant(matrix) for name, matrix in CONSTANTS.items()} | {
    name: rotation(generator) for name, generator in GENERATORS.items()
}
