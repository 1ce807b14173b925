import numpy as np
import pytest

from circuits import PauliSum, check_observables, matrix, pauli, z

X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])
I2 = np.eye(2)


def test_sums_and_multiples_have_the_matrices_of_sums_and_multiples():
    observable = 0.5 * pauli("XY", (2, 0)) + z(1) * 3 + 2
    expected = 0.5 * np.kron(np.kron(Y, I2), X) + 3 * np.kron(np.kron(I2, Z), I2) + 2 * np.eye(8)
    np.testing.assert_allclose(matrix(observable, 3), expected)


def test_differences_and_numbers_of_numpy_work_too():
    difference = np.float64(2) * z(0) - pauli("X", 0) - 3
    np.testing.assert_allclose(matrix(difference, 1), 2 * Z - X - 3 * I2)
    assert np.float64(2) + z(0) == z(0) + 2
    assert -z(0) == -1 * z(0)


def test_qubit_0_is_the_leftmost_factor():
    np.testing.assert_array_equal(matrix(z(0), 2).diagonal(), [1, 1, -1, -1])


def test_equal_strings_merge_whatever_the_order_of_their_wires():
    assert pauli("XZ", (0, 1)) + pauli("ZX", (1, 0)) == 2 * pauli("XZ", (0, 1))
    assert pauli("IZ", (0, 1)) == z(1)
    assert hash(pauli("XZ", (0, 1))) == hash(pauli("ZX", (1, 0)))


def test_python_sums_work_and_the_empty_sum_is_zero():
    assert sum([z(0), z(1)]) == z(0) + z(1)
    assert pauli("", ()) == PauliSum(((1.0, ()),))
    np.testing.assert_array_equal(matrix(PauliSum(()), 1), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("A", 0), "must consist of I, X, Y and Z, but is 'A'"),
        (("XX", (0, 0)), r"2 distinct non-negative ints for letters 'XX', but is \(0, 0\)"),
        (("XX", (0,)), r"but is \(0,\)"),
        (("X", -1), r"but is \(-1,\)"),
        (("X", 0, np.nan), "`coefficient` must be a finite real number, but is nan"),
    ],
)
def test_wrong_strings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        pauli(*arguments)


def test_observables_are_checked_against_the_circuit():
    assert check_observables(z(1), 2) == check_observables([z(1)], 2) == (z(1),)
    with pytest.raises(ValueError, match="the 2 qubits of the circuit, but acts on wire 2"):
        check_observables([z(0), z(2)], 2)
    with pytest.raises(ValueError, match="at least one PauliSum, but is empty"):
        check_observables([], 2)
    with pytest.raises(TypeError, match="must hold PauliSums, but holds 'Z'"):
        check_observables(["Z"], 2)


def test_only_numbers_and_sums_can_be_added_or_multiplied():
    with pytest.raises(TypeError, match="unsupported operand"):
        z(0) + "Z"
    with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
        z(0) * z(1)
