import numpy as np
import pytest
from scipy.linalg import expm

from circuits import build_circuit, gate, matrix, pauli, unitary, z
from circuits.dense import density
from circuits.operations import (
    amplitudes,
    amplitudes_from,
    cu,
    diagonal,
    evolution,
    fsim,
    generated,
    measure,
    permutation,
    product_state,
    r,
    reset,
    u,
    unitary_gate,
    when,
)


def dense(*gates, n_qubits=1, **angles):
    return unitary(build_circuit(gates, n_qubits), angles)


def test_constructors_make_the_gates_of_their_matrices():
    rng = np.random.default_rng(1)
    hermitian = rng.normal(size=(4, 4))
    hermitian += hermitian.T
    values = rng.normal(size=4)
    np.testing.assert_allclose(
        dense(generated(hermitian, (0, 1), ("w", 0, 2.0)), n_qubits=2, w=[0.3]),
        expm(-0.6j * hermitian),
        atol=1e-13,
    )
    np.testing.assert_allclose(
        dense(diagonal(values, [0, 1]), n_qubits=2), np.diag(np.exp(-1j * values)), atol=1e-15
    )
    np.testing.assert_allclose(dense(unitary_gate([[0, 1j], [1, 0]], 0)), [[0, 1j], [1, 0]])
    step = dense(permutation([1, 2, 3, 0], (0, 1)), n_qubits=2)
    np.testing.assert_array_equal(step @ [10, 11, 12, 13], [13, 10, 11, 12])


def test_evolution_is_the_exponential_of_a_sum_that_commutes():
    terms = 0.3 * pauli("XX", (0, 2)) - 0.7 * pauli("ZZ", (2, 0)) + 0.4 * pauli("Y", 1) + 0.25
    expected = expm(-1.3j * matrix(terms, 3))
    np.testing.assert_allclose(dense(*evolution(terms, 1.3), n_qubits=3), expected, atol=1e-14)
    gates = evolution(terms, ("t", 0, 0.5))
    np.testing.assert_allclose(dense(*gates, n_qubits=3, t=[2.6]), expected, atol=1e-14)
    only = evolution(pauli("", ()) * 2, 0.1)
    np.testing.assert_allclose(dense(*only), np.exp(-0.2j) * np.eye(2), atol=1e-15)


def test_evolution_refuses_what_does_not_commute():
    with pytest.raises(ValueError, match=r"do not commute: take small steps .* Trotter"):
        evolution(pauli("X", 0) + pauli("Z", 0), 0.1)


def test_gates_of_several_angles_have_their_closed_forms():
    theta, phi, lam, gamma = 0.4, 1.1, -0.8, 0.3
    c, s = np.cos(theta / 2), np.sin(theta / 2)
    of_u = np.array(
        [
            [c, -np.exp(1j * lam) * s],
            [np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c],
        ]
    )
    np.testing.assert_allclose(dense(*u(theta, phi, lam, 0)), of_u, atol=1e-15)
    of_cu = np.eye(4, dtype=complex)
    of_cu[2:, 2:] = np.exp(1j * gamma) * of_u
    gates = cu(theta, phi, lam, gamma, 0, 1)
    np.testing.assert_allclose(dense(*gates, n_qubits=2), of_cu, atol=1e-15)
    axis = np.array([[0, np.exp(-1j * phi)], [np.exp(1j * phi), 0]])
    np.testing.assert_allclose(
        dense(*r(theta, ("w", 0), 0), w=[phi]), expm(-0.5j * theta * axis), atol=1e-15
    )
    of_fsim = np.diag([1, np.cos(theta), np.cos(theta), np.exp(-1j * phi)])
    of_fsim[1, 2] = of_fsim[2, 1] = -1j * np.sin(theta)
    gates = fsim(("w", 0), phi, 0, 1)
    np.testing.assert_allclose(dense(*gates, n_qubits=2, w=[theta]), of_fsim, atol=1e-15)


def test_states_are_prepared_normalised():
    vector = np.array([1, 2j, -3, 4])
    rho = density(build_circuit([amplitudes(vector, (1, 0))]), {})
    psi = vector[[0, 2, 1, 3]] / np.sqrt(30)
    np.testing.assert_allclose(rho, np.outer(psi, psi.conj()), atol=1e-15)
    circuit = build_circuit([gate("h", 0), amplitudes_from("x", 1, first=1)])
    rho = density(circuit, {"x": [9.0, 3.0, 4.0]})
    psi = np.kron([1, 1], [0.6, 0.8]) / np.sqrt(2)
    np.testing.assert_allclose(rho, np.outer(psi, psi), atol=1e-15)
    rho = density(build_circuit(product_state([[1, 1], [0, 2j]])), {})
    np.testing.assert_allclose(rho.diagonal(), [0, 0.5, 0, 0.5], atol=1e-15)


def test_wrong_states_are_refused():
    with pytest.raises(ValueError, match=r"`vector` must be finite and not zero, .* norm 0.0"):
        amplitudes([0, 0], 0)
    with pytest.raises(ValueError, match=r"must have shape \(4,\) for its wires"):
        amplitudes([1, 0], (0, 1))
    with pytest.raises(ValueError, match=r"`vectors` must have shape \(n, 2\)"):
        product_state([1, 0])
    with pytest.raises(ValueError, match=r"'amplitudes' acts on wires \(0,\) that are not in"):
        density(build_circuit([gate("x", 0), amplitudes([1, 1], 0)]), {})
    circuit = build_circuit([amplitudes_from("x", 0)])
    with pytest.raises(ValueError, match="Amplitudes in segment 'x' must not all be zero"):
        density(circuit, {"x": [0.0, 0.0]})


def test_conditions_follow_what_was_measured():
    theta = 0.8
    circuit = build_circuit(
        [gate("ry", 0, angle=theta), measure(0, 0), when(gate("x", 1), 0), when(gate("x", 0), 0)]
    )
    rho = density(circuit, {})
    np.testing.assert_allclose(
        rho, np.diag([np.cos(theta / 2) ** 2, np.sin(theta / 2) ** 2, 0, 0]), atol=1e-15
    )
    with pytest.raises(ValueError, match=r"has the condition \(0, 1\) already"):
        when(circuit.gates[2], 1)


def test_teleportation_moves_any_state():
    state = [gate("ry", 0, angle=0.7), gate("rz", 0, angle=1.9)]
    bell = [gate("h", 1), gate("cx", 1, 2), gate("cx", 0, 1), gate("h", 0)]
    fixes = [measure(0, 0), measure(1, 1), when(gate("x", 2), 1), when(gate("z", 2), 0)]
    rho = density(build_circuit([*state, *bell, *fixes, reset(0), reset(1)]), {})
    expected = density(build_circuit([item._replace(wires=(2,)) for item in state], 3), {})
    np.testing.assert_allclose(rho, expected, atol=1e-15)


def test_circuits_without_a_unitary_say_so():
    for item in (measure(0, 0), reset(0), when(gate("x", 0), 0), amplitudes([1, 0], 0)):
        with pytest.raises(ValueError, match=f"{item.name!r} .* has no unitary; `density`"):
            unitary(build_circuit([item]), {})


def test_density_of_a_unitary_circuit_is_that_of_its_state():
    circuit = build_circuit([gate("h", 0), gate("cx", 0, 2), gate("ry", 1, angle=("w", 0))])
    psi = unitary(circuit, {"w": [0.3]})[:, 0]
    rho = density(circuit, {"w": [0.3]})
    np.testing.assert_allclose(rho, np.outer(psi, psi.conj()), atol=1e-15)
    assert abs(np.trace(rho @ matrix(z(1), 3)) - np.cos(0.3)) < 1e-15
