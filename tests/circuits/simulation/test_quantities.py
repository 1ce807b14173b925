import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import matrix, pauli, z
from circuits.simulation.mixed_states import (
    fidelity,
    mutual_information,
    purity,
    renyi_entropy,
    von_neumann_entropy,
)
from circuits.simulation.quantities import (
    covariance,
    fidelity_kernel,
    gram,
    hermitian_expectation,
    reduced_density_matrix,
    variance,
)

BELL = np.array([1, 0, 0, 1]) / np.sqrt(2)
GHZ = np.eye(8)[[0, 7]].sum(axis=0) / np.sqrt(2)
W = np.eye(8)[[1, 2, 4]].sum(axis=0) / np.sqrt(3)
OBSERVABLES = [z(0), pauli("XY", (0, 2)) + 0.5 * pauli("Y", 1) - 2, pauli("ZZ", (1, 2))]


def random_states(count, n_qubits=3, seed=0):
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(count, 2**n_qubits, 2)) @ [1, 1j]
    return states / np.linalg.norm(states, axis=1, keepdims=True)


def random_mixed(seed, rank=3):
    states = random_states(rank, 2, seed)
    weights = np.random.default_rng(seed + 50).dirichlet(np.ones(rank))
    return np.einsum("s,si,sj->ij", weights, states, states.conj())


def schmidt(angle):
    """State with Schmidt coefficients cos and sin."""
    return jnp.stack([jnp.cos(angle), 0 * angle, 0 * angle, jnp.sin(angle)])


def bits(*weights):
    weights = np.array(weights)
    return -np.sum(weights * np.log2(weights))


def test_covariance_and_variance_agree_with_dense_matrices():
    (psi,) = random_states(1)
    dense = [matrix(item, 3) for item in OBSERVABLES]
    means = [(psi.conj() @ each @ psi).real for each in dense]
    expected = [
        [
            (psi.conj() @ a @ b @ psi).real - mean * other
            for b, other in zip(dense, means, strict=True)
        ]
        for a, mean in zip(dense, means, strict=True)
    ]
    found = covariance(psi.reshape(2, 2, 2), OBSERVABLES)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(variance(psi, OBSERVABLES), np.diagonal(expected), atol=1e-12)


def test_an_eigenstate_of_a_shifted_observable_has_no_variance():
    assert abs(variance(np.eye(8)[3] + 0j, z(0) + 1e6).item()) < 1e-18


def test_hermitian_expectation_reads_the_wires_in_their_order():
    (psi,) = random_states(1)
    operator = matrix(pauli("XZ", (0, 1)), 2)
    expected = (psi.conj() @ matrix(pauli("XZ", (2, 0)), 3) @ psi).real
    np.testing.assert_allclose(hermitian_expectation(psi, operator, (2, 0)), expected, atol=1e-12)


def test_reduced_states_of_ghz_and_w():
    np.testing.assert_allclose(
        reduced_density_matrix(GHZ, (2, 0)), np.diag([0.5, 0, 0, 0.5]), atol=1e-12
    )
    expected = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]) / 3
    np.testing.assert_allclose(reduced_density_matrix(W, (0, 1)), expected, atol=1e-12)


def test_the_wires_of_a_reduced_state_are_in_the_order_asked_for():
    (psi,) = random_states(1)
    straight = reduced_density_matrix(psi, (0, 2)).reshape((2,) * 4)
    turned = reduced_density_matrix(psi, (2, 0)).reshape((2,) * 4)
    np.testing.assert_allclose(turned, straight.transpose(1, 0, 3, 2), atol=1e-12)


@pytest.mark.parametrize(
    ("psi", "wires", "expected"),
    [(BELL, (0,), 1.0), (GHZ, (0, 1), 1.0), (W, (0,), bits(1 / 3, 2 / 3)), (np.eye(8)[5], (0,), 0)],
)
def test_entropies_of_known_states(psi, wires, expected):
    rho = reduced_density_matrix(psi, wires)
    np.testing.assert_allclose(von_neumann_entropy(rho), expected, atol=1e-12)
    natural = von_neumann_entropy(rho, base=np.e)
    np.testing.assert_allclose(natural, expected * np.log(2), atol=1e-12)


@pytest.mark.parametrize("order", [0.5, 1, 2, 3, np.inf])
def test_renyi_entropies_of_a_thermal_qubit(order):
    weights = np.array([1, np.exp(-1.3)]) / (1 + np.exp(-1.3))
    expected = {1: bits(*weights), np.inf: -np.log2(weights.max())}
    if order not in expected:
        expected[order] = np.log2(np.sum(weights**order)) / (1 - order)
    found = renyi_entropy(np.diag(weights), order)
    np.testing.assert_allclose(found, expected[order], atol=1e-12)


def test_renyi_entropies_of_high_order_do_not_vanish():
    np.testing.assert_allclose(renyi_entropy(np.eye(4) / 4, 1000), 2, atol=1e-12)


def test_purity_and_mutual_information():
    np.testing.assert_allclose(purity(reduced_density_matrix(W, (0,))), 5 / 9, atol=1e-12)
    for psi, expected in ((GHZ, 1.0), (np.eye(8)[1], 0.0)):
        np.testing.assert_allclose(mutual_information(psi, (0,), (2,)), expected, atol=1e-12)


def test_the_entropy_has_its_closed_gradient_and_a_finite_one_at_product_states():
    def entropy(x):
        return von_neumann_entropy(reduced_density_matrix(schmidt(x), (0,)))

    slope = jax.jit(jax.grad(entropy))
    x = 0.4
    # d/dx of the entropy of (cos^2, sin^2).
    expected = np.sin(2 * x) * np.log2(np.cos(x) ** 2 / np.sin(x) ** 2)
    np.testing.assert_allclose(slope(x), expected, atol=1e-10)
    np.testing.assert_allclose(slope(0.0), 0, atol=1e-6)
    np.testing.assert_allclose(slope(np.pi / 4), 0, atol=1e-10)


def test_second_derivatives_exist_where_eigenvalues_are_equal():
    def purities(x):
        rho = reduced_density_matrix(jnp.kron(schmidt(x), jnp.array([1.0, 0.0])), (0, 2))
        entropy = von_neumann_entropy(rho, base=np.e)  # of rank two, the others zero
        return jnp.stack([entropy, renyi_entropy(rho, 3, base=np.e)])

    slopes = jax.jit(jax.hessian(purities))(jnp.pi / 4)  # two eigenvalues are equal, too
    np.testing.assert_allclose(slopes, [-4, -12], atol=1e-7)


def test_fidelities_of_pure_density_matrices_have_the_closed_second_derivative():
    (fixed,) = random_states(1, n_qubits=2)

    def both(x):
        psi = schmidt(x).astype(complex)
        mixed = fidelity(jnp.outer(psi, psi), np.outer(fixed, fixed.conj()))
        return jnp.stack([fidelity(psi, fixed), mixed])

    for second in (jax.hessian(both), jax.jacrev(jax.jacrev(both))):
        expected, found = jax.jit(second)(0.6)
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_fidelities_agree_where_states_are_pure():
    a, b = random_states(2)
    expected = abs(a.conj() @ b) ** 2
    rho, sigma = np.outer(a, a.conj()), np.outer(b, b.conj())
    pairs = [(a, b), (a, sigma), (rho, b)]
    for pair in pairs:
        np.testing.assert_allclose(fidelity(*pair), expected, atol=1e-12)
    np.testing.assert_allclose(fidelity(rho, sigma), expected, atol=1e-7)


def test_uhlmann_fidelity_of_commuting_states_is_the_classical_one():
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.2, 0.3, 0.4])
    expected = np.sum(np.sqrt(p * q)) ** 2
    np.testing.assert_allclose(fidelity(np.diag(p), np.diag(q)), expected, atol=1e-12)


def test_uhlmann_fidelity_of_qubits_has_a_closed_form_and_gradient():
    def qubit(vector):
        x, y, z_ = vector
        real = jnp.array([[1 + z_, x], [x, 1 - z_]]) / 2
        return jax.lax.complex(real, jnp.array([[0 * y, -y], [y, 0 * y]]) / 2)

    def closed(r, s):
        root = jnp.sqrt((1 - r @ r) * (1 - s @ s))
        return (1 + r @ s + root) / 2

    r, s = jnp.array([0.3, -0.2, 0.4]), jnp.array([-0.1, 0.5, 0.2])
    np.testing.assert_allclose(fidelity(qubit(r), qubit(s)), closed(r, s), atol=1e-12)
    for start in (r, jnp.zeros(3)):  # equal eigenvalues at zero
        found = jax.jit(jax.grad(lambda v: fidelity(qubit(v), qubit(s))))(start)
        np.testing.assert_allclose(found, jax.grad(closed)(start, s), atol=1e-10)


def test_fidelity_is_symmetric_and_one_for_equal_states():
    rho, sigma = random_mixed(1), random_mixed(2, rank=2)
    np.testing.assert_allclose(fidelity(rho, sigma), fidelity(sigma, rho), atol=1e-7)
    np.testing.assert_allclose(fidelity(rho, rho), 1, atol=1e-7)


def test_gram_products_and_kernels():
    a, b = random_states(3), random_states(2, seed=1)
    np.testing.assert_allclose(gram(a, b), a.conj() @ b.T, atol=1e-14)
    expected = [[fidelity(x, y) for y in b] for x in a]
    np.testing.assert_allclose(fidelity_kernel(a, b), expected, atol=1e-12)
    assert np.linalg.eigvalsh(fidelity_kernel(a, a)).min() > 0


def test_batches_go_through_vmap_and_jit():
    states = random_states(4)
    entropy = jax.jit(jax.vmap(lambda psi: von_neumann_entropy(reduced_density_matrix(psi, (1,)))))
    single = [von_neumann_entropy(reduced_density_matrix(psi, (1,))) for psi in states]
    np.testing.assert_allclose(entropy(states), single, atol=1e-12)
    many = jax.jit(jax.vmap(lambda psi: covariance(psi, OBSERVABLES)))(states)
    np.testing.assert_allclose(many[2], covariance(states[2], OBSERVABLES), atol=1e-12)


def test_single_precision_stays_single():
    with jax.enable_x64(False):
        rho = reduced_density_matrix(jnp.asarray(W, jnp.float32), (0,))
        assert von_neumann_entropy(rho).dtype == renyi_entropy(rho, 3).dtype == np.float32
        np.testing.assert_allclose(von_neumann_entropy(rho), bits(1 / 3, 2 / 3), atol=1e-5)
        np.testing.assert_allclose(fidelity(rho, rho), 1, atol=1e-5)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="`wires` must hold different ints from 0 to 1, but is"):
        reduced_density_matrix(BELL, (0, 2))
    with pytest.raises(ValueError, match="`wires` must hold different ints"):
        mutual_information(BELL, (0,), (0,))
    with pytest.raises(ValueError, match=r"must have shape \(2, 2\) for 1 wires"):
        hermitian_expectation(BELL, np.eye(4), (0,))
    with pytest.raises(ValueError, match="`order` must be positive, but is order=0"):
        renyi_entropy(np.eye(2) / 2, 0)
    with pytest.raises(ValueError, match="of the same d, but have shapes"):
        fidelity(BELL, np.eye(2))
    with pytest.raises(ValueError, match=r"must have 2\*\*n amplitudes, but has 3"):
        variance(np.ones(3), z(0))
