import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import matrix, pauli, z
from circuits.observables import PauliSum
from circuits.simulation.pauli import apply_pauli_sum, apply_pauli_sums, pauli_expectations


@st.composite
def pauli_sums(draw, n_qubits, most=6):
    letters = st.text("IXYZ", min_size=n_qubits, max_size=n_qubits)
    terms = draw(st.lists(st.tuples(letters, st.floats(-3, 3)), min_size=1, max_size=most))
    return sum((pauli(each, range(n_qubits), value) for each, value in terms), PauliSum(()))


def states(n_qubits, batch=(), seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2**n_qubits, *batch)) + 1j * rng.normal(size=(2**n_qubits, *batch))


def dense(observables, n_qubits, psi):
    """Values (k, ...) by dense matrices; states along the last axes."""
    operators = [matrix(item, n_qubits) for item in observables]
    return np.stack([np.sum(psi.conj() * (each @ psi), axis=0).real for each in operators])


@settings(max_examples=6)
@given(st.lists(pauli_sums(4), min_size=1, max_size=3))
def test_values_and_products_agree_with_dense_matrices(observables):
    psi = states(4, (2,))
    weights = np.linspace(-1, 2, len(observables))
    values = jax.jit(pauli_expectations(observables, 4))(psi)
    np.testing.assert_allclose(values, dense(observables, 4, psi), atol=1e-11)
    product = jax.jit(apply_pauli_sums(observables, 4))(psi, weights)
    expected = sum(w * matrix(item, 4) @ psi for w, item in zip(weights, observables, strict=True))
    np.testing.assert_allclose(product, expected, atol=1e-11)


@pytest.mark.parametrize("k", [1, 3])
def test_gradients_forward_reverse_and_second_agree_with_the_closed_form(k):
    observables = [
        pauli("XYZI", range(4)) + 0.5 * pauli("YX", (1, 2)) - z(0) + 2,
        sum((pauli("ZZ", (q, (q + 1) % 4)) * (q + 1) for q in range(4)), z(1) + z(3)),
        pauli("Y", 3),
    ][:k]
    run = jax.jit(pauli_expectations(observables, 4))
    psi, change, weights = states(4), states(4, seed=1), np.arange(1.0, k + 1)
    operator = sum(w * matrix(item, 4) for w, item in zip(weights, observables, strict=True))
    # JAX's gradient with respect to a complex number is the conjugate of d/d(re) + i d/d(im).
    gradient = jax.jit(jax.grad(lambda x: weights @ run(x)))
    np.testing.assert_allclose(gradient(psi).conj(), 2 * operator @ psi, atol=1e-11)
    _, tangent = jax.jit(lambda x, v: jax.jvp(run, (x,), (v,)))(psi, change)
    expected = [2 * (psi.conj() @ matrix(item, 4) @ change).real for item in observables]
    np.testing.assert_allclose(tangent, expected, atol=1e-11)
    second = jax.jit(lambda x, v: jax.jvp(gradient, (x,), (v,))[1])(psi, change)
    np.testing.assert_allclose(second.conj(), 2 * operator @ change, atol=1e-11)


def test_every_shape_of_a_state_gives_the_same():
    observables = [pauli("XY", (0, 2)), z(1)]
    run = jax.jit(pauli_expectations(observables, 3))
    psi = states(3, (5,))
    expected = dense(observables, 3, psi)
    np.testing.assert_allclose(run(psi), expected, atol=1e-12)
    np.testing.assert_allclose(run(psi.reshape(2, 2, 2, 5)), expected, atol=1e-12)
    np.testing.assert_allclose(run(psi[:, 0].reshape(2, 2, 2)), expected[:, 0], atol=1e-12)
    np.testing.assert_allclose(jax.vmap(run)(psi.T), expected.T, atol=1e-12)
    product = apply_pauli_sum(observables[0], psi.reshape(2, 2, 2, 5), 3)
    assert product.shape == (2, 2, 2, 5)


def test_weights_may_differ_along_the_batch():
    observables = [z(0), pauli("XX", (0, 1)), pauli("Y", 1)]
    psi, weights = states(2, (4,)), np.random.default_rng(0).normal(size=(3, 4))
    expected = sum(w * (matrix(o, 2) @ psi) for w, o in zip(weights, observables, strict=True))
    found = jax.jit(apply_pauli_sums(observables, 2))(psi, weights)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    run = pauli_expectations(observables, 2)
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(weights * run(x))))
    np.testing.assert_allclose(gradient(psi).conj(), 2 * expected, atol=1e-12)


@pytest.mark.parametrize("n_qubits", [13, 22])
def test_sign_matrices_of_several_blocks(n_qubits):
    # A product state of known angles: <Z> = cos, <X> = sin, correlations are products.
    angles = np.linspace(0.1, 1.4, n_qubits)
    psi = np.ones(1, np.complex64)
    for angle in angles:
        psi = np.outer(psi, np.array([np.cos(angle / 2), np.sin(angle / 2)], np.complex64)).ravel()
    last = n_qubits - 1
    pairs = [(0, last), (3, 11), (last - 1, last)]
    observables = [
        *(z(q) for q in range(n_qubits)),
        *(pauli("ZZ", pair) for pair in pairs),
        pauli("XZ", (1, last)),
    ]
    expected = [*np.cos(angles), *(np.cos(angles[a]) * np.cos(angles[b]) for a, b in pairs)]
    expected.append(np.sin(angles[1]) * np.cos(angles[last]))
    values = jax.jit(pauli_expectations(observables, n_qubits))(psi)
    np.testing.assert_allclose(values, expected, atol=2e-5)


def test_memory_is_that_of_a_few_states():
    n_qubits = 16
    psi = jax.ShapeDtypeStruct((2**n_qubits,), np.complex64)
    observables = [pauli("X", q) for q in range(n_qubits)] + [z(q) for q in range(n_qubits)]
    run = pauli_expectations(observables, n_qubits)
    for function in (run, jax.grad(lambda x: jnp.sum(run(x) ** 2))):
        memory = jax.jit(function).lower(psi).compile().memory_analysis()
        assert memory.temp_size_in_bytes < 2.2 * 8 * 2**n_qubits


def test_known_weights_are_not_folded_into_a_constant_as_large_as_the_state():
    n_qubits = 12
    run = pauli_expectations([z(q) for q in range(n_qubits)], n_qubits)
    psi = jax.ShapeDtypeStruct((2**n_qubits,), np.complex128)
    text = jax.jit(jax.grad(lambda x: jnp.sum(run(x)))).lower(psi).compile().as_text()
    assert f"f64[{2**n_qubits}]" in text
    assert not re.search(rf"f64\[{2**n_qubits}(,1)?\]\S* constant", text)


def test_identities_and_empty_sums():
    psi = states(2)
    values = pauli_expectations([pauli("", ()) * 3, PauliSum(())], 2)(psi)
    np.testing.assert_allclose(values, [3 * np.linalg.norm(psi) ** 2, 0], rtol=1e-12)
    np.testing.assert_array_equal(pauli_expectations(PauliSum(()), 2)(psi), [0])


def test_wrong_states_and_observables_are_refused():
    with pytest.raises(ValueError, match="acts on wire 2"):
        pauli_expectations(z(2), 2)
    with pytest.raises(ValueError, match=r"2 qubits must have shape \(4,\).* has shape \(8,\)"):
        pauli_expectations(z(0), 2)(np.ones(8))
