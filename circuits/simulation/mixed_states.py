"""What a density matrix tells: purity, entropies, and the fidelity of two states.

Pure JAX functions of matrices (d, d), for `jit`, `grad` and `vmap`; nothing checks that they are
density matrices. `reduced_density_matrix` makes one from a state.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp

from circuits.simulation.pauli import as_complex
from circuits.simulation.quantities import full_product, reduced_density_matrix

Function = Callable[[jax.Array], jax.Array]  # of numbers one by one


def purity(rho: jax.Array) -> jax.Array:
    """Return ``tr rho**2`` of a density matrix (d, d): from 1/d for the mixed to 1 for a pure one.

    >>> print(purity(jnp.eye(4) / 4))
    0.25
    """
    return jnp.sum(jnp.abs(jnp.asarray(rho)) ** 2)


def von_neumann_entropy(rho: jax.Array, base: float = 2.0) -> jax.Array:
    """Return ``-tr rho log rho`` of a density matrix (d, d), in bits where `base` is 2.

    At eigenvalues of zero, where the slope is infinite, it is taken as zero: gradients and Hessians
    are finite.

    >>> print(von_neumann_entropy(jnp.eye(4) / 4))
    2.0
    """
    nats = -_trace(lambda values: values * _log(values), as_complex(rho))
    return nats / jnp.log(jnp.asarray(base, nats.dtype))


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
        # Of the largest eigenvalue's multiples, as high powers of small numbers vanish.
        largest = jax.lax.stop_gradient(_spectrum(rho)[-1])
        scaled = as_complex(rho) / largest.astype(as_complex(rho).dtype)
        total = _trace(lambda x: jnp.where(x > 0, jnp.exp(order * _log(x)), 0), scaled)
        logarithm = (jnp.log(total) + order * jnp.log(largest)) / (1 - order)
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
        return jnp.abs(full_product(a.conj(), b)) ** 2
    if a.ndim == 2 and b.ndim == 2:
        root = _root(a)
        inner = full_product(full_product(root, b), root)
        return _trace(_safe_sqrt, inner) ** 2
    vector, rho = (a, b) if a.ndim == 1 else (b, a)
    return full_product(vector.conj(), full_product(rho, vector)).real


def _log(values: jax.Array) -> jax.Array:
    """Logarithm with value and slope zero where there is none: guarded inside, for the slope."""
    positive = values > 0
    return jnp.where(positive, jnp.log(jnp.where(positive, values, 1)), 0)


def _safe_sqrt(values: jax.Array) -> jax.Array:
    positive = values > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, values, 1)), 0)


def _spectrum(rho) -> jax.Array:
    """Eigenvalues in ascending order, those that are rounding errors set to zero."""
    return _cleaned(jnp.linalg.eigvalsh(as_complex(rho)))


def _eigen(rho: jax.Array) -> tuple[jax.Array, jax.Array]:
    values, vectors = jnp.linalg.eigh(rho)
    return _cleaned(values), vectors


def _cleaned(values: jax.Array) -> jax.Array:
    return jnp.where(values > len(values) * jnp.finfo(values.dtype).eps, values, 0)


# The derivatives of eigenvectors are infinite where eigenvalues are equal, as they often are. Those
# of functions of a matrix are not, and are given below.


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _trace(function: Function, rho: jax.Array) -> jax.Array:
    """The sum of a function of the eigenvalues of a Hermitian matrix (d, d)."""
    return jnp.sum(function(_spectrum(rho)))


@_trace.defjvp
def _(function, primals, tangents):
    slope = _matrix_function(partial(_slope, function), primals[0])
    return _trace(function, *primals), jnp.sum(slope.T * tangents[0]).real


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _matrix_function(function: Function, rho: jax.Array) -> jax.Array:
    """The Hermitian matrix (d, d) with a function of its eigenvalues in their place."""
    values, vectors = _eigen(rho)
    return _turned(jnp.diag(function(values)), vectors)


@_matrix_function.defjvp
def _(function, primals, tangents):
    """By quotients of differences, or slopes where eigenvalues are close."""
    values, vectors = _eigen(primals[0])
    first, second = values[:, None], values
    apart = jnp.abs(first - second) > jnp.finfo(values.dtype).eps ** (1 / 3) * (first + second)
    quotients = (function(first) - function(second)) / jnp.where(apart, first - second, 1)
    ratios = jnp.where(apart, quotients, _slope(function, (first + second) / 2))
    change = ratios.astype(vectors.dtype) * _turned(tangents[0], vectors.conj().T)
    return _matrix_function(function, *primals), _turned(change, vectors)


def _slope(function: Function, values: jax.Array) -> jax.Array:
    return jax.jvp(function, (values,), (jnp.ones_like(values),))[1]


def _turned(matrix: jax.Array, vectors: jax.Array) -> jax.Array:
    """``V M V^dagger``."""
    return full_product(full_product(vectors, matrix.astype(vectors.dtype)), vectors.conj().T)


@jax.custom_jvp
def _root(rho: jax.Array) -> jax.Array:
    """Square root of a positive matrix (d, d)."""
    values, vectors = _eigen(rho)
    return _turned(jnp.diag(jnp.sqrt(values)), vectors)


@_root.defjvp
def _(primals, tangents):
    root = _root(*primals)
    return root, _halves(root, *tangents)


def _halves(root: jax.Array, total: jax.Array) -> jax.Array:
    """The matrix X with ``R X + X R = total``; its entries between zeros of R are zero."""

    def solve(root: jax.Array, total: jax.Array) -> jax.Array:
        values, vectors = jnp.linalg.eigh(jax.lax.stop_gradient(root))
        sums = values[:, None] + values
        small = sums <= len(values) * jnp.finfo(values.dtype).eps ** 0.5
        parts = jnp.where(small, 0, 1 / jnp.where(small, 1, sums)).astype(vectors.dtype)
        return _turned(parts * _turned(total, vectors.conj().T), vectors)

    return jax.lax.custom_linear_solve(
        lambda part: full_product(root, part) + full_product(part, root),
        total,
        solve=lambda _, given: solve(root, given),
        transpose_solve=lambda _, given: solve(root.T, given),
    )
