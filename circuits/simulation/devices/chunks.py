"""One operation on a device's part of a state, chunk by chunk, into one new array.

What an operation needs beside its input and output is then a fraction of the state. A loop also
has its place in time: free to choose, XLA computes many states at once and holds them all, so each
loop starts from zeros that are made of what must have been computed before (`moment`).
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp

from circuits.simulation.engine.kernels import Matrix, Phases, Scramble, Theta, apply, invert, pull
from circuits.simulation.engine.matrices import Pair

# A part is cut into 2**BITS chunks, of 2**SMALLEST amplitudes at least.
BITS = 3
SMALLEST = 10


class Cut(NamedTuple):
    """Chunk i of a part holds the entries whose `bits` bits from bit `start` on spell i."""

    start: int
    bits: int
    m: int

    @property
    def count(self) -> int:
        """Number of chunks."""
        return 2**self.bits

    @property
    def shape(self) -> tuple[int, int, int]:
        """A part with the number of the chunk as its axis 1."""
        return 2**self.start, self.count, 2 ** (self.m - self.start - self.bits)


def cut_beside(wires: tuple[int, ...], m: int) -> Cut:
    """Return the cut of m bits whose chunks leave some, ascending, whole: the leftmost there is.

    >>> cut_beside((0, 1), 16), cut_beside((4, 5), 16), cut_beside((0,), 4)
    (Cut(start=2, bits=3, m=16), Cut(start=0, bits=3, m=16), Cut(start=0, bits=0, m=4))
    """
    most = max(min(BITS, m - SMALLEST), 0)
    edges = (-1, *wires, m)
    gaps = [(start + 1, stop - start - 1) for start, stop in pairwise(edges)]
    start, room = max(gaps, key=lambda gap: min(gap[1], most))
    bits = min(room, most)
    return Cut(start if bits else 0, bits, m)


def leading_cut(m: int) -> Cut:
    """Return the cut of m bits by the leading ones.

    >>> leading_cut(16).shape
    (1, 8, 8192)
    """
    return cut_beside((), m)


def take_chunk(x: jax.Array, cut: Cut, at) -> jax.Array:
    """Return chunk `at` of an array, flat."""
    return jax.lax.dynamic_index_in_dim(x.reshape(cut.shape), at, 1, False).reshape(-1)


def take_pair(psi: Pair, cut: Cut, at) -> Pair:
    """Return chunk `at` of both arrays."""
    return take_chunk(psi[0], cut, at), take_chunk(psi[1], cut, at)


def put_chunk(psi: Pair, chunk: Pair, cut: Cut, at) -> Pair:
    """Return both arrays with chunk `at` replaced."""
    rows, _, columns = cut.shape

    def put(x, part):
        part = part.reshape(rows, columns)
        return jax.lax.dynamic_update_index_in_dim(x.reshape(cut.shape), part, at, 1).reshape(-1)

    return put(psi[0], chunk[0]), put(psi[1], chunk[1])


def moment(psi: Pair) -> jax.Array:
    """Return a zero that is known only after a state: what starts from it must wait.

    XLA keeps the product because zero times infinity is not zero.
    """
    return 0 * (psi[0][0] + psi[1][0])


def each_chunk(cut: Cut, body: Callable, carry):
    """Return the carry after ``body(i, carry)`` of all chunks, one after the other."""
    return jax.lax.fori_loop(0, cut.count, body, carry) if cut.bits else body(0, carry)


def fill(body: Callable, cut: Cut, since: Pair) -> Pair:
    """Return the state whose chunks are ``body(i)``, computed one after the other."""
    empty = jnp.broadcast_to(moment(since), (2**cut.m,))
    return each_chunk(cut, lambda at, out: put_chunk(out, body(at), cut, at), (empty, empty))


def apply_chunks(kernel, theta: Theta, psi: Pair, since: Pair) -> Pair:
    """Return the state after a kernel on local bits, computed when `since` has been."""
    cut = cut_beside(kernel.wires, _bits(psi))
    inner, size = _inside(kernel, cut), cut.m - cut.bits
    return fill(lambda at: apply(inner, theta, take_pair(psi, cut, at), size), cut, since)


def pull_chunks(kernel, theta: Theta, psi: Pair, cotangent: Pair) -> tuple[Pair, Theta]:
    """Return the cotangents of the state and of the parameter, computed when psi has been.

    Args:
        kernel: on local bits.
        theta: its parameter.
        psi: the state before it.
        cotangent: of the state after it.
    """
    cut = cut_beside(kernel.wires, _bits(psi))
    inner, size = _inside(kernel, cut), cut.m - cut.bits
    inverse, back = invert(inner, theta)

    def body(at, carry):
        out, gradient = carry
        given, after = take_pair(psi, cut, at), take_pair(cotangent, cut, at)
        change = pull(inner, theta, given, after, size)
        out = put_chunk(out, apply(inverse, back, after, size), cut, at)
        return out, jax.tree.map(jnp.add, gradient, change)

    empty = jnp.broadcast_to(moment(psi), psi[0].shape)
    return each_chunk(cut, body, ((empty, empty), jax.tree.map(jnp.zeros_like, theta)))


def gather_chunks(psi: Pair, high: jax.Array, low: jax.Array, since: Pair) -> Pair:
    """Return the state whose entry ``i len(low) + j`` is entry ``high[i] ^ low[j]`` of psi."""
    cut = leading_cut(_bits(psi))
    rows = high.reshape(cut.count, -1)

    def chunk(at):
        index = (rows[at][:, None] ^ low).reshape(-1)
        return _take(psi[0], index), _take(psi[1], index)

    return fill(chunk, cut, since)


def _bits(psi: Pair) -> int:
    return len(psi[0]).bit_length() - 1


def _take(x: jax.Array, index: jax.Array) -> jax.Array:
    return x.at[index].get(mode="promise_in_bounds", unique_indices=True)


def _inside(kernel: Matrix | Phases | Scramble, cut: Cut):
    """The kernel on the bits of a chunk."""
    wires = (wire if wire < cut.start else wire - cut.bits for wire in kernel.wires)
    return kernel._replace(wires=tuple(wires))
