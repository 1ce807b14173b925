"""Dynamics under Hamiltonians: exact states, product formulas, and spins on lattices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from circuits import (
    apply_pauli_sum,
    chain_edges,
    evolve,
    expectation,
    grid_edges,
    heisenberg,
    pauli,
    state,
    transverse_ising,
    trotterize,
    unitary,
    z,
)

MODELS = {
    "ising": transverse_ising(chain_edges(4), 1.0, 0.7),
    "heisenberg": heisenberg(chain_edges(4, periodic=True), (1.0, 0.8, -0.5), 0.3),
    "with Y and a constant": pauli("XYZ", (0, 1, 3), 0.4) + pauli("Y", 2, 1.2) + 0.5,
}


def dense(hamiltonian, n=4):
    columns = jnp.eye(2**n, dtype=jnp.complex128)
    return np.asarray(apply_pauli_sum(hamiltonian, columns, n))


def random_state(n, seed=0):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    return jnp.asarray(psi / np.linalg.norm(psi))


@pytest.mark.parametrize("name", MODELS)
def test_states_and_gradients_are_those_of_the_matrix_exponential(name):
    hamiltonian, times, psi = MODELS[name], [0.0, 0.3, 0.3, 4.0], random_state(4)
    matrices = np.stack([expm(-1j * t * dense(hamiltonian)) for t in times])
    run = jax.jit(evolve(hamiltonian, times, 4))
    np.testing.assert_allclose(run(psi), matrices @ np.asarray(psi), atol=1e-12)
    seen = jnp.asarray(np.random.default_rng(1).normal(size=(4, 16)) + 0j)

    def overlap(states):
        return jnp.sum(jnp.abs(seen * states) ** 2)

    found = jax.grad(lambda psi: overlap(run(psi)))(psi)
    wanted = jax.grad(lambda psi: overlap(jnp.asarray(matrices) @ psi))(psi)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    change = jax.jvp(run, (psi,), (1j * psi,))[1]
    np.testing.assert_allclose(change, 1j * run(psi), atol=1e-12)


def test_a_spin_in_a_field_turns_as_rabi_said():
    times = np.linspace(0, 40, 9)
    states = evolve(pauli("X", 0, 0.5), times, 1)(jnp.array([1.0, 0.0]))
    np.testing.assert_allclose(np.abs(states[:, 1]) ** 2, np.sin(times / 2) ** 2, atol=1e-12)


def test_a_single_excitation_walks_along_the_chain():
    """In an XX chain it hops as a free particle: amplitudes exp(-i t A) of the chain's graph."""
    n, times = 6, [0.5, 1.5]
    start = jnp.zeros(2**n).at[2 ** (n - 1)].set(1.0)
    states = evolve(heisenberg(chain_edges(n), (0.5, 0.5, 0.0)), times, n)(start)
    graph = np.diag(np.ones(n - 1), 1)
    sites = 2 ** np.arange(n - 1, -1, -1)
    for psi, t in zip(np.asarray(states), times, strict=True):
        np.testing.assert_allclose(psi[sites], expm(-1j * t * (graph + graph.T))[:, 0], atol=1e-12)


@pytest.mark.parametrize(("order", "factor"), [(1, 2), (2, 4), (4, 16)])
def test_product_formulas_converge_at_their_order(order, factor):
    hamiltonian, time = MODELS["heisenberg"], 0.8
    exact = expm(-1j * time * dense(hamiltonian))
    errors = [
        np.linalg.norm(
            unitary(trotterize(hamiltonian, time, steps=steps, order=order), {}) - exact, 2
        )
        for steps in (16, 32)
    ]
    assert errors[0] / errors[1] == pytest.approx(factor, rel=0.15)
    assert errors[1] < 0.1 / order**4


def test_one_step_is_exact_where_all_terms_commute():
    hamiltonian = transverse_ising(chain_edges(3), 0.6, 0.0) + pauli("ZZZ", (0, 1, 2), 0.2) + 0.1
    circuit = trotterize(hamiltonian, 1.3)
    np.testing.assert_allclose(
        unitary(circuit, {}), expm(-1.3j * dense(hamiltonian, 3)), atol=1e-12
    )


def test_the_time_of_a_circuit_can_be_an_angle_with_a_gradient():
    """d<O>/dt = <i [H, O]>, where the steps are so short that the formula is exact enough."""
    hamiltonian = MODELS["ising"]
    circuit = trotterize(hamiltonian, ("t", 0), steps=40, order=4)
    values = jax.jit(jax.grad(lambda t: expectation(circuit, z(1))({"t": t[None]})[0]))
    psi = np.ravel(np.asarray(state(circuit)({"t": jnp.array([0.9])})))
    matrix, flip = dense(hamiltonian), dense(z(1))
    slope = (1j * np.conj(psi) @ (matrix @ flip - flip @ matrix) @ psi).real
    assert values(jnp.array(0.9)) == pytest.approx(slope, abs=1e-6)


def test_lattices_are_their_edges():
    assert chain_edges(4) == [(0, 1), (1, 2), (2, 3)]
    assert chain_edges(2, periodic=True) == [(0, 1)]
    assert len(grid_edges(3, 4)) == 3 * 3 + 2 * 4
    edges = grid_edges(3, 4, periodic=True)
    degrees = np.bincount(np.ravel(edges))
    assert len(edges) == 24
    assert (degrees == 4).all()


def test_the_ground_energy_of_a_ring_is_that_of_free_fermions():
    """Pfeuty, Ann. Phys. 57, 79 (1970): minus the sum of sqrt(J^2 + h^2 - 2 J h cos k)."""
    n, J, h = 8, 1.0, 0.6
    hamiltonian = transverse_ising(chain_edges(n, periodic=True), J, h)
    k = (2 * np.arange(n) + 1) * np.pi / n
    wanted = -np.sqrt(J**2 + h**2 - 2 * J * h * np.cos(k)).sum()
    assert np.linalg.eigvalsh(dense(hamiltonian, n))[0] == pytest.approx(wanted, abs=1e-10)


def test_two_spins_have_a_singlet_and_a_triplet():
    energies = np.linalg.eigvalsh(dense(heisenberg([(0, 1)]), 2))
    np.testing.assert_allclose(energies, [-3, 1, 1, 1], atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: evolve(z(0), [1.0, 0.5], 1), "`times` must hold finite numbers"),
        (lambda: evolve(z(0), [-1.0], 1), "`times` must hold finite numbers"),
        (lambda: evolve(z(3), [1.0], 2), "acts on wire 3"),
        (lambda: trotterize(z(0), 1.0, order=3), "`order` must be 1 or even"),
        (lambda: trotterize(z(0), 1.0, steps=0), "`steps` must be"),
        (lambda: trotterize(z(3), 1.0, n_qubits=2), "acts on wire 3"),
        (lambda: transverse_ising([]), "`edges` must hold a pair"),
        (lambda: heisenberg([(0, 1)], (1.0, 2.0)), r"J or \(Jx, Jy, Jz\)"),
        (lambda: transverse_ising([(0, 1)], float("nan")), "`coupling` must be a finite number"),
        (lambda: heisenberg([(0, 0)]), "distinct"),
    ],
)
def test_bad_input_is_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_dynamics_are_ready_for_a_gpu():
    run = jax.jit(evolve(MODELS["ising"], [0.5, 1.0], 4))
    exported = jax.export.export(run, platforms=["cuda"])(random_state(4))
    assert exported.out_avals[0].shape == (2, 16)
