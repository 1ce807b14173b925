"""What a state tells beyond expectation values: spreads, reduced states, entropies, overlaps.

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
    return _product(deviations.conj(), deviations.T).real


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
    return jnp.sum(rows.conj() * _product(matrix.astype(rows.dtype), rows)).real


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
    return _product(rows, rows.conj().T)


def purity(rho: jax.Array) -> jax.Array:
    """Return ``tr rho**2`` of a density matrix (d, d): from 1/d for the mixed to 1 for a pure one.

    >>> print(purity(jnp.eye(4) / 4))
    0.25
    """
    return jnp.sum(jnp.abs(jnp.asarray(rho)) ** 2)


def von_neumann_entropy(rho: jax.Array, base: float = 2.0) -> jax.Array:
    """Return ``-tr rho log rho`` of a density matrix (d, d), in bits where `base` is 2.

    At eigenvalues of zero, where the slope is infinite, it is taken as zero: gradients are finite.

    >>> print(von_neumann_entropy(jnp.eye(4) / 4))
    2.0
    """
    values = _spectrum(rho)
    return -jnp.sum(values * _log(values)) / jnp.log(jnp.asarray(base, values.dtype))


def renyi_entropy(rho: jax.Array, order: float = 2.0, base: float = 2.0) -> jax.Array:
    """Return ``log(tr rho**order) / (1 - order)`` of a density matrix (d, d).

    Args:
        rho: density matrix.
        order: positive; 1 is the von Neumann entropy, 2 needs no eigenvalues, infinity gives the
            largest eigenvalue's ``-log``.
        base: of the logarithm; 2 gives bits.

    Raises:
        ValueError: where `order` is not positive.

    >>> print(renyi_entropy(jnp.eye(4) / 4, order=2))
    2.0
    """
    if not order > 0:
        raise ValueError(f"Argument `order` must be positive, but is order={order!r}.")
    if order == 1:
        return von_neumann_entropy(rho, base)
    if order == 2:
        logarithm = -jnp.log(purity(rho))
    elif order == float("inf"):
        logarithm = -jnp.log(_spectrum(rho)[-1])
    else:
        values = _spectrum(rho)
        powers = jnp.where(values > 0, jnp.exp(order * _log(values)), 0)
        logarithm = jnp.log(jnp.sum(powers)) / (1 - order)
    return logarithm / jnp.log(jnp.asarray(base, logarithm.dtype))


def mutual_information(
    psi: jax.Array, first: Sequence[int], second: Sequence[int], base: float = 2.0
) -> jax.Array:
    """Return ``S(first) + S(second) - S(first and second)`` of two sets of wires, in bits.

    Raises:
        ValueError: on repeated or shared wires, or wires outside.

    >>> bell = jnp.array([1.0, 0, 0, 1]) / 2**0.5
    >>> print(mutual_information(bell, (0,), (1,)).round(3))
    2.0
    """
    parts = (tuple(first), tuple(second), (*first, *second))
    one, other, both = (
        von_neumann_entropy(reduced_density_matrix(psi, wires), base) for wires in parts
    )
    return one + other - both


def fidelity(first: jax.Array, second: jax.Array) -> jax.Array:
    """Return the fidelity of two states, ``|<a|b>|**2`` where both are pure.

    Args:
        first: a pure state as a vector (d,), or a density matrix (d, d).
        second: likewise, of the same d.

    Returns:
        A real scalar from 0 to 1. ``<a|rho|a>`` for a pure and a mixed state; for two mixed ones
        ``(tr sqrt(sqrt(rho) sigma sqrt(rho)))**2``, whose gradient is taken as zero along
        directions where the states have no weight.

    Raises:
        ValueError: where the shapes do not fit; a state of shape (2,)*n has to be flattened first.

    Source:
        Jozsa, J. Mod. Opt. 41, 2315 (1994): the squared form.

    >>> print(fidelity(jnp.array([1.0, 0.0]), jnp.eye(2) / 2))
    0.5
    """
    a, b = as_complex(first), as_complex(second)
    if {a.ndim, b.ndim} - {1, 2} or len({*a.shape, *b.shape}) != 1:
        raise ValueError(
            "States must be vectors (d,) or density matrices (d, d) of the same d, "
            f"but have shapes {a.shape} and {b.shape}."
        )
    if a.ndim == 1 and b.ndim == 1:
        return jnp.abs(_inner(a[None], b)[0]) ** 2
    if a.ndim == 2 and b.ndim == 2:
        root = _root(a)
        inner = _product(_product(root, b), root)
        return jnp.sum(_safe_sqrt(_spectrum(inner))) ** 2
    vector, rho = (a, b) if a.ndim == 1 else (b, a)
    return _inner(vector[None], _product(rho, vector))[0].real


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
    return _product(as_complex(first).conj(), as_complex(second).T)


def fidelity_kernel(first: jax.Array, second: jax.Array) -> jax.Array:
    """Return ``|<a_i|b_j>|**2`` of two batches of states (b1, 2**n), (b2, 2**n): real (b1, b2).

    Source:
        Havlicek et al., Nature 567, 209 (2019), arXiv:1804.11326.

    >>> print(fidelity_kernel(jnp.eye(2), jnp.array([[0.6, 0.8]])).round(2).ravel())
    [0.36 0.64]
    """
    overlaps = gram(first, second)
    return overlaps.real**2 + overlaps.imag**2


def _vector(psi) -> jax.Array:
    psi = as_complex(psi).ravel()
    if psi.size < 2 or psi.size & (psi.size - 1):
        raise ValueError(f"A state must have 2**n amplitudes, but has {psi.size}.")
    return psi


def _n_qubits(psi: jax.Array) -> int:
    return psi.size.bit_length() - 1


def _product(first: jax.Array, second: jax.Array) -> jax.Array:
    """Matrix product in full precision, which accelerators would cut."""
    return jnp.matmul(first, second, precision=HIGHEST)


def _inner(rows: jax.Array, vector: jax.Array) -> jax.Array:
    return _product(rows.conj(), vector)


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


def _log(values: jax.Array) -> jax.Array:
    """Logarithm with value and slope zero where there is none: guarded inside, for the slope."""
    positive = values > 0
    return jnp.where(positive, jnp.log(jnp.where(positive, values, 1)), 0)


def _safe_sqrt(values: jax.Array) -> jax.Array:
    positive = values > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, values, 1)), 0)


def _spectrum(rho) -> jax.Array:
    """Eigenvalues in ascending order, those that are rounding errors set to zero."""
    values = jnp.linalg.eigvalsh(as_complex(rho))
    return jnp.where(values > len(values) * jnp.finfo(values.dtype).eps, values, 0)


@jax.custom_jvp
def _root(rho: jax.Array) -> jax.Array:
    """Square root of a positive matrix (d, d)."""
    values, vectors = jnp.linalg.eigh(rho)
    return _product(vectors * _safe_sqrt(values).astype(vectors.dtype), vectors.conj().T)


@_root.defjvp
def _(primals, tangents):
    """Solve ``R dR + dR R = d rho`` in the eigenbasis: that of `eigh` breaks at equal eigenvalues.

    Entries between two eigenvalues of zero are taken as zero.
    """
    values, vectors = jnp.linalg.eigh(primals[0])
    roots = _safe_sqrt(values)
    change = _product(_product(vectors.conj().T, tangents[0]), vectors)
    sums = roots[:, None] + roots
    small = sums <= len(values) * jnp.finfo(values.dtype).eps ** 0.5
    change = change * jnp.where(small, 0, 1 / jnp.where(small, 1, sums)).astype(change.dtype)
    root = _product(vectors * roots.astype(vectors.dtype), vectors.conj().T)
    return root, _product(_product(vectors, change), vectors.conj().T)
