"""Pauli sums on states: expectation values and products ``O |psi>``, without any matrix of ``O``.

A Pauli string flips the bits of a mask x and takes its sign from the parity of the bits in a mask
z: ``P |j> = i**y (-1)**(z.j) |j ^ x>``, with y its number of Ys. Strings of one x share the product
of amplitudes ``conj(psi[j]) psi[j ^ x]``; the values for all their z are partial Walsh transforms
of it, which small sign matrices give in one pass over the state, however many they are.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.observables import Pauli, PauliSum, check_observables
from circuits.simulation.walsh import HIGHEST, flip_bits, sign_vector, walsh_sums

# Up to here signs are multiplied where they are needed; beyond, one vector of all is cheaper.
FEW = 4


class _Family(NamedTuple):
    """Strings that flip the same bits x and have all an odd or all an even number of Ys."""

    flips: int
    odd: bool
    signs: tuple[int, ...]


class _Plan(NamedTuple):
    """Families of strings, and `coefficients` (k, t) of k observables in all their t strings."""

    n_qubits: int
    families: tuple[_Family, ...]
    coefficients: npt.NDArray[np.float64]


def pauli_expectations(
    observables: PauliSum | Iterable[PauliSum], n_qubits: int
) -> Callable[[jax.Array], jax.Array]:
    """Return the function that computes ``<psi|O|psi>`` of k observables from a state.

    Several observables cost one pass over the state for each set of flipped bits; a single one
    costs one pass in all. The reverse pass is ``2 O |psi>``, without a state for each observable.

    Args:
        observables: k of them, or a single one.
        n_qubits: n.

    Returns:
        A pure function, for `jit`, `grad`, `jvp` and `vmap`, of a state of shape (2**n,) or
        (2,)*n, or of b states with the batch as the last axis. It returns real values of shape
        (k,), or (k, b). The state is not normalised first: an identity gives its squared norm.

    Raises:
        ValueError: where there is no observable or one acts outside, or a state of another size.

    >>> from circuits import pauli, z
    >>> bell = jnp.array([1.0, 0, 0, 1]) / 2**0.5
    >>> values = pauli_expectations([pauli("XX", (0, 1)), pauli("YY", (0, 1)), z(0)], 2)
    >>> print(values(bell).round(3))
    [ 1. -1.  0.]
    """
    plan = _plan(check_observables(observables, n_qubits), n_qubits)
    single = len(plan.coefficients) == 1
    function = _energy(plan) if single else _values(plan)

    def run(psi: jax.Array) -> jax.Array:
        columns, batch = _columns(psi, n_qubits)
        return function(columns).reshape(-1, *batch)

    return run


def apply_pauli_sums(
    observables: PauliSum | Iterable[PauliSum], n_qubits: int
) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Return the function ``psi, weights -> sum_k weights[k] O_k psi``.

    With the cotangents of `pauli_expectations` as weights, twice this is the gradient with respect
    to the real and imaginary parts of psi: the state that adjoint differentiation starts from.

    Args:
        observables: k of them, or a single one.
        n_qubits: n.

    Returns:
        A pure function of states as in `pauli_expectations` and of real weights of shape (k,), or
        (k, b) for a batch of states; it returns an array shaped as psi.

    Raises:
        ValueError: as `pauli_expectations`.

    >>> from circuits import pauli, z
    >>> apply = apply_pauli_sums([pauli("X", 0), z(0)], 1)
    >>> print(apply(jnp.array([1.0, 0.0]), jnp.array([2.0, 3.0])).real)
    [3. 2.]
    """
    plan = _plan(check_observables(observables, n_qubits), n_qubits)

    def run(psi: jax.Array, weights: jax.Array) -> jax.Array:
        columns, _ = _columns(psi, n_qubits)
        weights = jnp.asarray(weights, columns.real.dtype).reshape(len(plan.coefficients), -1)
        return _apply(plan, columns, weights).reshape(jnp.shape(psi))

    return run


def apply_pauli_sum(observable: PauliSum, psi: jax.Array, n_qubits: int) -> jax.Array:
    """Return ``O |psi>`` for a state, or for b states with the batch as the last axis.

    >>> from circuits import pauli
    >>> print(apply_pauli_sum(pauli("Y", 0), jnp.array([1.0, 0.0]), 1).imag)
    [0. 1.]
    """
    return apply_pauli_sums(observable, n_qubits)(psi, jnp.ones(1, jnp.result_type(float)))


def as_complex(array: npt.ArrayLike | jax.Array) -> jax.Array:
    """Return a complex JAX array of the same precision; of JAX's default one for integers.

    >>> as_complex(np.ones(2, np.float32)).dtype
    dtype('complex64')
    """
    array = jnp.asarray(array)
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        return array.astype(jnp.result_type(complex))
    return array.astype(np.result_type(array.dtype, np.complex64))


def _plan(observables: Sequence[PauliSum], n_qubits: int) -> _Plan:
    families: dict[tuple[int, bool], dict[int, dict[int, float]]] = {}
    for row, observable in enumerate(observables):
        for value, string in observable.terms:
            flips, signs, n_y = _masks(string, n_qubits)
            column = families.setdefault((flips, n_y % 2 == 1), {}).setdefault(signs, {})
            column[row] = column.get(row, 0.0) + (-value if n_y & 2 else value)
    columns = [column for family in families.values() for column in family.values()]
    table = np.zeros((len(observables), len(columns)))
    for at, column in enumerate(columns):
        table[list(column), at] = list(column.values())
    listed = [_Family(*key, tuple(family)) for key, family in families.items()]
    return _Plan(n_qubits, tuple(listed), table)


def _masks(string: Pauli, n_qubits: int) -> tuple[int, int, int]:
    """Bits that a string flips, bits that decide its sign, and its number of Ys."""
    bits = [(1 << (n_qubits - 1 - wire), letter) for wire, letter in string]
    flips = sum(bit for bit, letter in bits if letter != "Z")
    signs = sum(bit for bit, letter in bits if letter != "X")
    return flips, signs, sum(letter == "Y" for _, letter in bits)


def _columns(psi: jax.Array, n_qubits: int) -> tuple[jax.Array, tuple[int, ...]]:
    """States as complex columns (2**n, b), and the batch axes (b,) or () of the caller's array."""
    psi = as_complex(psi)
    shape = psi.shape
    for front in ((2**n_qubits,), (2,) * n_qubits):
        if shape[: len(front)] == front and len(shape) <= len(front) + 1:
            return psi.reshape(2**n_qubits, -1), shape[len(front) :]
    raise ValueError(
        f"A state of {n_qubits} qubits must have shape ({2**n_qubits},) or (2,)*{n_qubits}, "
        f"with or without a last axis for a batch, but has shape {shape}."
    )


def _energy(plan: _Plan):
    """Value (1, b) of one observable, by ``O |psi>``: all flips of it are one fused loop."""

    def apply(psi):
        # Behind the barrier, XLA does not fold the signs into a constant as large as the state.
        return _apply(plan, psi, jax.lax.optimization_barrier(jnp.ones((1, 1), psi.real.dtype)))

    @jax.custom_jvp
    def energy(psi):
        return _overlap(psi, apply(psi))

    @energy.defjvp
    def _(primals, tangents):
        (psi,), (change,) = primals, tangents
        product = apply(psi)
        return _overlap(psi, product), 2 * _overlap(product, change)

    return energy


def _values(plan: _Plan):
    """Values (k, b) of k observables.

    The tangent is written as the transpose of ``weights -> sum_k weights[k] O_k psi``, so that its
    own transpose, the reverse pass, is that product: one loop, and psi is all that is kept.
    """

    @jax.custom_jvp
    def values(psi):
        one, strings = jnp.ones((), psi.real.dtype), []
        for family in plan.families:
            strings.append(_family_values(plan.n_qubits, family, psi, one))
            # The next must wait for this: XLA would keep the products of all families at once.
            one = 1 + 0 * jnp.nan_to_num(strings[-1].ravel()[:1])
        table = jnp.asarray(plan.coefficients, psi.real.dtype)
        return jnp.einsum("kt,tb->kb", table, _stack(strings, psi), precision=HIGHEST)

    @values.defjvp
    def _(primals, tangents):
        (psi,), (change,) = primals, tangents
        weights = jax.ShapeDtypeStruct((len(plan.coefficients), psi.shape[1]), psi.real.dtype)
        product = jax.linear_transpose(lambda given: _apply(plan, psi, given), weights)
        return values(psi), 2 * product(change.conj())[0]

    return values


def _stack(strings: list[jax.Array], psi: jax.Array) -> jax.Array:
    empty = jnp.zeros((0, psi.shape[1]), psi.real.dtype)
    return jnp.concatenate([empty, *strings])


def _overlap(first: jax.Array, second: jax.Array) -> jax.Array:
    """``Re <first|second>`` of each column, (1, b)."""
    density = first.real * second.real + first.imag * second.imag
    return walsh_sums(density, (0,))


def _family_values(n_qubits: int, family: _Family, psi: jax.Array, one: jax.Array) -> jax.Array:
    """Values (t, b) of a family's strings, times one."""
    if not family.flips:
        return walsh_sums(one * (psi.real**2 + psi.imag**2), family.signs)
    # The two amplitudes that the string swaps give the same term, so one half of them is enough.
    split = family.flips.bit_length() - 1
    halves = psi.reshape(2 ** (n_qubits - 1 - split), 2, 2**split, -1)
    low = halves[:, 0].reshape(2 ** (n_qubits - 1), -1)
    high = halves[:, 1].reshape(low.shape)
    other = flip_bits(high, family.flips & ~(1 << split))
    if family.odd:
        density = low.real * other.imag - low.imag * other.real
    else:
        density = low.real * other.real + low.imag * other.imag
    return 2 * walsh_sums(one * density, tuple(_drop_bit(mask, split) for mask in family.signs))


def _drop_bit(mask: int, bit: int) -> int:
    return (mask >> (bit + 1)) << bit | mask & ((1 << bit) - 1)


def _apply(plan: _Plan, psi: jax.Array, weights: jax.Array) -> jax.Array:
    """``sum_k weights[k] O_k psi`` for columns (2**n, b) and weights (k, b) or (k, 1).

    Signs go on before the flip: transposed, the product then needs psi but no flipped copies.
    """
    real, imag = psi.real, psi.imag
    table = jnp.asarray(plan.coefficients, real.dtype)
    strings = jnp.einsum("kt,kb->tb", table, weights, precision=HIGHEST)
    total = [jnp.zeros_like(real), jnp.zeros_like(imag)]
    start = 0
    for family in plan.families:
        stop = start + len(family.signs)
        phases = _phases(family.signs, strings[start:stop], plan.n_qubits)
        parts = (-phases * imag, phases * real) if family.odd else (phases * real, phases * imag)
        total = [
            sum_ + flip_bits(part, family.flips) for sum_, part in zip(total, parts, strict=True)
        ]
        start = stop
    return jax.lax.complex(*total)


def _phases(masks: tuple[int, ...], weights: jax.Array, n_qubits: int) -> jax.Array:
    """``sum_t weights[t] (-1)**(masks[t].j)``, of shape (2**n, b), or (1, b) for no signs."""
    if masks == (0,):
        return weights
    if len(masks) <= FEW:
        pairs = zip(masks, weights, strict=True)
        terms = [sign_vector(mask, n_qubits, weights.dtype) * weight for mask, weight in pairs]
        return reduce(jnp.add, terms)
    # Weights may be known to XLA, which would fold the sum into a constant as large as the state.
    weights = jax.lax.optimization_barrier(weights)
    density = jax.ShapeDtypeStruct((2**n_qubits, weights.shape[1]), weights.dtype)
    return jax.linear_transpose(lambda given: walsh_sums(given, masks), density)(weights)[0]
