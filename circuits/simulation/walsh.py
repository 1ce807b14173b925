"""Sums over a state with signs: partial Walsh transforms, in blocks that stay in a cache.

The sign of basis state j under a mask is ``(-1)**(mask.j)``, the parity of the bits that both have.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

# Qubits that one sign matrix contracts: 2**10 columns stay in a core's first cache.
BLOCK = 10
HIGHEST = jax.lax.Precision.HIGHEST


def walsh_sums(density: jax.Array, masks: tuple[int, ...]) -> jax.Array:
    """Return ``sum_j (-1)**(masks[t].j) density[j]`` of every column: (2**m, b) to (t, b).

    >>> print(walsh_sums(jnp.array([[0.75], [0.25]]), (0, 1)).ravel())
    [1.  0.5]
    """
    return _contract(density[None], masks)[0]


def sign_vector(mask: int, n_qubits: int, dtype) -> jax.Array:
    """Return the signs (2**n, 1) of a mask, as a product of two short vectors: a loop can read it.

    >>> print(sign_vector(1, 2, float).ravel())
    [ 1. -1.  1. -1.]
    """
    low = n_qubits // 2
    first = jnp.asarray(_signs((mask >> low,), n_qubits - low)[0], dtype)
    last = jnp.asarray(_signs((mask & ((1 << low) - 1),), low)[0], dtype)
    return (first[:, None] * last).reshape(-1, 1)


def flip_bits(array: jax.Array, flips: int) -> jax.Array:
    """Return the entries ``[j ^ flips]`` of columns (2**m, b): each run of ones is an axis.

    >>> print(flip_bits(jnp.arange(4.0)[:, None], 2).ravel())
    [2. 3. 0. 1.]
    """
    if not flips:
        return array
    n_qubits = len(array).bit_length() - 1
    bits = [(flips >> place) & 1 for place in reversed(range(n_qubits))]
    edges = [0, *(at for at in range(1, n_qubits) if bits[at] != bits[at - 1]), n_qubits]
    runs = [2 ** (stop - start) for start, stop in pairwise(edges)]
    axes = [axis for axis, start in enumerate(edges[:-1]) if bits[start]]
    return jnp.flip(array.reshape(*runs, -1), axes).reshape(array.shape)


def _contract(density: jax.Array, masks: tuple[int, ...]) -> jax.Array:
    """Walsh sums (e, 2**m, b) to (e, t, b): the first qubits' masks together, then the others'."""
    n_outer, size, batch = density.shape
    n_qubits = size.bit_length() - 1
    block = min(n_qubits, BLOCK)
    rest = n_qubits - block
    first, at_first = _unique(mask >> rest for mask in masks)
    matrix = jnp.asarray(_signs(first, block), density.dtype)
    if n_outer == 1:  # a plain matrix product, which XLA would not see in the sum below
        sums = jnp.dot(matrix, density.reshape(2**block, -1), precision=HIGHEST)
    else:
        rows = density.reshape(n_outer, 2**block, -1)
        sums = jnp.einsum("ehr,uh->eur", rows, matrix, precision=HIGHEST)
    if not rest:
        return sums.reshape(n_outer, -1, batch)[:, at_first]
    last, at_last = _unique(mask & ((1 << rest) - 1) for mask in masks)
    sums = _contract(sums.reshape(-1, 2**rest, batch), last)
    return sums.reshape(n_outer, len(first), len(last), batch)[:, at_first, at_last]


def _unique(masks: Iterable[int]) -> tuple[tuple[int, ...], npt.NDArray[np.int32]]:
    values, inverse = np.unique(np.fromiter(masks, np.int64), return_inverse=True)
    return tuple(values.tolist()), inverse.astype(np.int32)


def _signs(masks: Sequence[int], n_qubits: int) -> npt.NDArray[np.float64]:
    """``(-1)**(mask.j)`` of every mask and j, (t, 2**n)."""
    both = np.asarray(masks, np.int64)[:, None] & np.arange(2**n_qubits)
    return 1.0 - 2.0 * (np.bitwise_count(both) & 1)
