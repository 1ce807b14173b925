import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from circuits import GATES

PARAMETRIC = [name for name, definition in GATES.items() if definition.generator is not None]
CONSTANT = [name for name, definition in GATES.items() if definition.generator is None]
ANGLES = [-7.3, -np.pi, 0.0, 1e-9, 0.4, 2 * np.pi, 11.0]

HALF = 1 / np.sqrt(2)
CLOSED_FORMS = {
    "id": np.eye(2),
    "h": HALF * np.array([[1, 1], [1, -1]]),
    "x": [[0, 1], [1, 0]],
    "y": [[0, -1j], [1j, 0]],
    "z": np.diag([1, -1]),
    "s": np.diag([1, 1j]),
    "sdg": np.diag([1, -1j]),
    "t": np.diag([1, HALF * (1 + 1j)]),
    "tdg": np.diag([1, HALF * (1 - 1j)]),
    "cx": np.eye(4)[[0, 1, 3, 2]],
    "cy": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, -1j], [0, 0, 1j, 0]],
    "cz": np.diag([1, 1, 1, -1]),
    "ch": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, HALF, HALF], [0, 0, HALF, -HALF]],
    "cs": np.diag([1, 1, 1, 1j]),
    "csdg": np.diag([1, 1, 1, -1j]),
    "siswap": [[1, 0, 0, 0], [0, HALF, 1j * HALF, 0], [0, 1j * HALF, HALF, 0], [0, 0, 0, 1]],
    "ecr": HALF * np.array([[0, 0, 1, 1j], [0, 0, 1j, 1], [1, -1j, 0, 0], [-1j, 1, 0, 0]]),
    "dcx": np.eye(4)[[0, 2, 3, 1]],
    "ccz": np.diag([1, 1, 1, 1, 1, 1, 1, -1]),
    "swap": np.eye(4)[[0, 2, 1, 3]],
    "iswap": [[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]],
    "ccx": np.eye(8)[[0, 1, 2, 3, 4, 5, 7, 6]],
    "cswap": np.eye(8)[[0, 1, 2, 3, 4, 6, 5, 7]],
}


def test_the_table_has_the_gates_of_openqasm_and_more():
    assert " ".join(GATES) == (
        "id h x y z s sdg t tdg sx sxdg cx cy cz ch cs csdg csx swap iswap siswap ecr dcx "
        "ccx ccz cswap rx ry rz p gphase crx cry crz cp rxx ryy rzz rzx "
        "xx_plus_yy xx_minus_yy givens"
    )


@pytest.mark.parametrize("name", CONSTANT)
def test_constant_gates_are_unitary_and_have_their_closed_form(name):
    definition = GATES[name]
    matrix = np.asarray(definition.matrix())
    np.testing.assert_allclose(matrix @ matrix.conj().T, np.eye(2**definition.n_wires), atol=1e-15)
    expected = CLOSED_FORMS.get(name, matrix)
    np.testing.assert_allclose(matrix, expected, atol=1e-15)


def test_sx_is_the_principal_root_of_x():
    root = np.asarray(GATES["sx"].matrix())
    np.testing.assert_allclose(root @ root, CLOSED_FORMS["x"], atol=1e-15)
    np.testing.assert_allclose(
        np.sort(np.angle(np.linalg.eigvals(root))), [0, np.pi / 2], atol=1e-15
    )


@pytest.mark.parametrize("name", PARAMETRIC)
def test_rotations_are_exponentials_of_their_hermitian_generators(name):
    definition = GATES[name]
    generator = definition.generator
    np.testing.assert_array_equal(generator, generator.conj().T)
    for angle in ANGLES:
        matrix = np.asarray(definition.matrix(angle))
        np.testing.assert_allclose(matrix, expm(-1j * angle * generator), atol=1e-13)
        np.testing.assert_allclose(
            matrix @ matrix.conj().T, np.eye(2**definition.n_wires), atol=1e-14
        )


@pytest.mark.parametrize("name", PARAMETRIC)
def test_derivatives_of_rotations_are_minus_i_generator_times_the_gate(name):
    definition = GATES[name]
    slope = jax.jacfwd(definition.matrix)(0.7)
    expected = -1j * definition.generator @ np.asarray(definition.matrix(0.7))
    np.testing.assert_allclose(slope, expected, atol=1e-15)


def test_phase_gates_turn_forward():
    np.testing.assert_allclose(GATES["p"].matrix(0.3), np.diag([1, np.exp(0.3j)]), atol=1e-16)
    np.testing.assert_allclose(GATES["gphase"].matrix(0.3), np.exp(0.3j) * np.eye(2), atol=1e-16)


def test_givens_takes_01_to_10():
    column = np.asarray(GATES["givens"].matrix(0.6))[:, 1]
    np.testing.assert_allclose(column, [0, np.cos(0.3), np.sin(0.3), 0], atol=1e-16)


def test_matrices_follow_the_precision_of_jax():
    assert GATES["rx"].matrix(0.1).dtype == GATES["h"].matrix().dtype == jnp.complex128
    with jax.enable_x64(False):
        assert GATES["rx"].matrix(0.1).dtype == GATES["h"].matrix().dtype == jnp.complex64
