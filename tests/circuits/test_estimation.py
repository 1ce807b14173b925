import numpy as np
import pytest

from circuits import (
    PauliSum,
    basis_change,
    estimate,
    matrix,
    measurement_groups,
    pauli,
    unitary,
    z,
)


def test_terms_share_a_group_when_their_bases_agree_qubit_by_qubit():
    groups = measurement_groups(
        [z(0) + pauli("X", 1), pauli("ZX", (0, 2)) + 5, pauli("YY", (0, 1)), pauli("Y", 1)]
    )
    assert [group.basis for group in groups] == [{0: "Z", 1: "X", 2: "X"}, {0: "Y", 1: "Y"}]
    assert groups[0].terms == [(0, 1.0, (0,)), (0, 1.0, (1,)), (1, 1.0, (0, 2))]
    assert groups[1].terms == [(2, 1.0, (0, 1)), (3, 1.0, (1,))]


@pytest.mark.parametrize("letters", ["XYZ", "YYX", "ZIX"])
def test_the_change_of_basis_turns_a_pauli_string_into_zs(letters):
    observable = pauli(letters, (0, 1, 2))
    (group,) = measurement_groups([observable])
    change = unitary(basis_change(group, 3), {})
    signs = pauli("".join("I" if letter == "I" else "Z" for letter in letters), (0, 1, 2))
    np.testing.assert_allclose(
        change @ matrix(observable, 3) @ change.conj().T, matrix(signs, 3), atol=1e-15
    )


def test_the_error_includes_one_pseudo_observation_at_the_far_end():
    bits = np.array([[[0], [0], [0], [1]]], np.uint8)
    values, std = estimate([2 * z(0) + 7], [bits])
    assert values.tolist() == [[7 + np.mean([2, 2, 2, -2])]]
    np.testing.assert_allclose(std, [[np.std([2, 2, 2, -2, -2]) / np.sqrt(5)]])


def test_equal_outcomes_do_not_pretend_to_certainty():
    shots = 1000
    _, std = estimate([z(0)], [np.zeros((1, shots, 1), np.uint8)])
    np.testing.assert_allclose(std, 2 / shots, rtol=2e-3)


def test_terms_of_one_group_keep_their_correlation():
    observable = z(0) + pauli("Z", 1) * -1
    same = np.random.default_rng(0).integers(0, 2, (1, 4000, 1)).astype(np.uint8)
    bits = np.repeat(same, 2, axis=2)
    values, std = estimate([observable], [bits])
    assert values.item() == 0
    np.testing.assert_allclose(std.item(), 2 / 4000, rtol=1e-3)


def test_variances_of_groups_add():
    observables = [z(0) + pauli("X", 0), z(0), pauli("X", 0)]
    groups = measurement_groups(observables)
    rng = np.random.default_rng(1)
    bits = [rng.integers(0, 2, (3, 50, 1)).astype(np.uint8) for _ in groups]
    values, std = estimate(observables, bits)
    np.testing.assert_allclose(values[:, 0], values[:, 1] + values[:, 2])
    np.testing.assert_allclose(std[:, 0] ** 2, std[:, 1] ** 2 + std[:, 2] ** 2)


def test_multiples_of_the_identity_have_no_error():
    observables = [PauliSum(()) + 3, PauliSum(())]
    values, std = estimate(observables, [np.zeros((2, 5, 1), np.uint8)])
    assert values.tolist() == [[3, 0], [3, 0]]
    assert not std.any()
