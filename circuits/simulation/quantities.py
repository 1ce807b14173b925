"""What a state tells beyond expectation values: spreads, reduced states, overlaps.

Pure JAX functions of a state, of shape (2,)*n or (2**n,) with qubit 0 first, for `jit`, `grad` and
`vmap`: a batch of states goes through `jax.vmap`. States must be normalised; nothing checks it.
"""

from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp

from circuits.observables import PauliSum, check_observables
from circuits.simulation.pauli import apply_pauli_sum, as_complex

HIGHEST = jax.lax.Precision.HIGHEST


def covariance(psi: jax.Array, observables: PauliSum | Iterable[PauliSum]) -> jax.Array:
    """Return ``Re <A_i A_j> - <A_i><A_j>`` of k observables, symmetric of shape (k, k).

    Keeps ``A_i |psi>`` for every observable: memory of k states.

    Raises:
        ValueError: where there is no observable or one acts outside.

    >>> from circuits import z
    >>> bell = jnp.array([1.0, 0, 0, 1]) / 2**0.5
    >>> print(covariance(bell, [z(0), z(1)]).round(3))
    [[1. 1.]
     [1. 1.]]
    """
    psi = _vector(psi)
    n_qubits = _n_qubits(psi)
    checked = check_observables(observables, n_qubits)
    products = jnp.stack([apply_pauli_sum(item, psi, n_qubits) for item in checked])
    means = _real(_inner(products, psi))
    # The deviations' own products: the difference of two large numbers would cancel.
    deviations = products - means[:, None] * psi
    return full_product(deviations.conj(), deviations.T).real


def variance(psi: jax.Array, observables: PauliSum | Iterable[PauliSum]) -> jax.Array:
    """Return ``<A**2> - <A>**2`` of k observables, of shape (k,).

    Raises:
        ValueError: where there is no observable or one acts outside.

    >>> from circuits import pauli, z
    >>> print(variance(jnp.array([1.0, 0.0]), [z(0), 2 * pauli("X", 0)]))
    [0. 4.]
    """
    psi = _vector(psi)
    checked = check_observables(observables, _n_qubits(psi))
    return jnp.stack([_variance(psi, item) for item in checked])


def hermitian_expectation(psi: jax.Array, matrix: jax.Array, wires: Sequence[int]) -> jax.Array:
    """Return ``<psi|M|psi>`` of a Hermitian matrix on some wires, a real scalar.

    Args:
        psi: state of n qubits.
        matrix: (2**k, 2**k); wires[0] is the leftmost bit of its rows. Its Hermitian part counts.
        wires: k different qubits.

    Raises:
        ValueError: on repeated wires, wires outside, or a matrix of another shape.

    >>> plus = jnp.array([1.0, 1.0]) / 2**0.5
    >>> print(hermitian_expectation(plus, jnp.array([[0, 1], [1, 0]]), (0,)).round(3))
    1.0
    """
    matrix = jnp.asarray(matrix)
    if matrix.shape != (2 ** len(wires),) * 2:
        raise ValueError(
            f"Argument `matrix` must have shape ({2 ** len(wires)}, {2 ** len(wires)}) for "
            f"{len(wires)} wires, but has shape {matrix.shape}."
        )
    rows = _rows(psi, wires)
    return jnp.sum(rows.conj() * full_product(matrix.astype(rows.dtype), rows)).real


def reduced_density_matrix(psi: jax.Array, wires: Sequence[int]) -> jax.Array:
    """Return the density matrix of some wires, the others traced out, complex (2**k, 2**k).

    Args:
        psi: state of n qubits.
        wires: k different qubits; wires[0] is the leftmost bit of the result's rows.

    Raises:
        ValueError: on repeated wires or wires outside.

    >>> bell = jnp.array([1.0, 0, 0, 1]) / 2**0.5
    >>> print(reduced_density_matrix(bell, (0,)).real.round(3))
    [[0.5 0. ]
     [0.  0.5]]
    """
    rows = _rows(psi, wires)
    return full_product(rows, rows.conj().T)


def gram(first: jax.Array, second: jax.Array) -> jax.Array:
    """Return all overlaps ``<a_i|b_j>`` of two batches of states, as one matrix product.

    Args:
        first: (b1, 2**n).
        second: (b2, 2**n).

    Returns:
        Complex array (b1, b2).

    >>> states = jnp.eye(2)
    >>> print(gram(states, states).real)
    [[1. 0.]
     [0. 1.]]
    """
    return full_product(as_complex(first).conj(), as_complex(second).T)


def fidelity_kernel(first: jax.Array, second: jax.Array) -> jax.Array:
    """Return ``|<a_i|b_j>|**2`` of two batches of states (b1, 2**n), (b2, 2**n): real (b1, b2).

    Source:
        Havlicek et al., Nature 567, 209 (2019), arXiv:1804.11326.

    >>> print(fidelity_kernel(jnp.eye(2), jnp.array([[0.6, 0.8]])).round(2).ravel())
    [0.36 0.64]
    """
    overlaps = gram(first, second)
    return overlaps.real**2 + overlaps.imag**2


def full_product(first: jax.Array, second: jax.Array) -> jax.Array:
    """Return a matrix product in full precision, which accelerators would cut.

    >>> print(full_product(jnp.eye(2), jnp.array([1.0, 2.0])))
    [1. 2.]
    """
    return jnp.matmul(first, second, precision=HIGHEST)


def _vector(psi) -> jax.Array:
    psi = as_complex(psi).ravel()
    if psi.size < 2 or psi.size & (psi.size - 1):
        raise ValueError(f"A state must have 2**n amplitudes, but has {psi.size}.")
    return psi


def _n_qubits(psi: jax.Array) -> int:
    return psi.size.bit_length() - 1


def _inner(rows: jax.Array, vector: jax.Array) -> jax.Array:
    return full_product(rows.conj(), vector)


def _real(values: jax.Array) -> jax.Array:
    """Complex numbers without their imaginary parts, which rounding left."""
    return values.real.astype(values.dtype)


def _variance(psi: jax.Array, observable: PauliSum) -> jax.Array:
    product = apply_pauli_sum(observable, psi, _n_qubits(psi))
    deviation = product - _real(_inner(product[None], psi)) * psi
    return jnp.sum(deviation.real**2 + deviation.imag**2)


def _rows(psi: jax.Array, wires: Sequence[int]) -> jax.Array:
    """The state as a matrix (2**k, 2**(n-k)), a row for each bit string of the wires."""
    psi, wires = _vector(psi), tuple(wires)
    n_qubits = _n_qubits(psi)
    if not wires or len(set(wires)) != len(wires) or not set(wires) <= set(range(n_qubits)):
        raise ValueError(
            f"Argument `wires` must hold different ints from 0 to {n_qubits - 1}, but is {wires}."
        )
    moved = jnp.moveaxis(psi.reshape((2,) * n_qubits), wires, range(len(wires)))
    return moved.reshape(2 ** len(wires), -1)
