"""How one fused operation acts on a state vector, as plain array programs.

A state is a pair of real arrays, (real, imaginary) of shape (2**n,) or (2**n, b): XLA works faster
on these than on complex numbers, and with the batch last every step runs over contiguous memory.
Each kernel has a parameter `theta`: the pair of a matrix or of a table of phases.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.constants import Constant
from circuits.simulation.engine.matrices import Pair


class Matrix(NamedTuple):
    """A dense matrix (2**k, 2**k) or (2**k, 2**k, b) on ascending wires."""

    wires: tuple[int, ...]


class Phases(NamedTuple):
    """A table (2**k,) or (2**k, b) of factors, one for each basis state of ascending wires."""

    wires: tuple[int, ...]


# Controls and a target: the target is flipped in the basis states in which all controls are 1.
Flip = tuple[tuple[int, ...], int]


class Permutation(NamedTuple):
    """``new[i] = old[high[i // len(low)] ^ low[i % len(low)]]``: an affine map of bit strings.

    `inverse` holds the two tables of the inverse map. Two short tables stand for 2**n indices.
    `flips` do the same one after the other; None where that is not known.
    """

    tables: tuple[Constant, Constant]
    inverse: tuple[Constant, Constant]
    flips: tuple[Flip, ...] | None = None


class Scramble(NamedTuple):
    """Any permutation of the basis states of a few wires: ``new[i] = old[index[i]]`` on them.

    `flips` as of `Permutation`.
    """

    wires: tuple[int, ...]
    index: Constant
    inverse: Constant
    flips: tuple[Flip, ...] | None = None


Kernel = Matrix | Phases | Permutation | Scramble
Theta = Any  # the Pair of a matrix or a table; None for permutations


def apply(kernel: Kernel, theta: Theta, psi: Pair, n: int) -> Pair:
    """Return the state after the operation.

    Args:
        kernel: which operation.
        theta: its matrix or table; None for permutations.
        psi: (real, imaginary), each (2**n,) or (2**n, b).
        n: number of qubits.

    >>> flip = (jnp.array([[0.0, 1.0], [1.0, 0.0]]), jnp.zeros((2, 2)))
    >>> real, _ = apply(Matrix((0,)), flip, (jnp.array([1.0, 0.0]), jnp.zeros(2)), n=1)
    >>> print(real)
    [0. 1.]
    """
    match kernel:
        case Matrix(wires):
            return _matrix(wires, theta, psi, n)
        case Phases(wires):
            return _phases(wires, theta, psi, n)
        case Permutation(tables):
            index = _index(tables)
            return _both(
                lambda x: x.at[index].get(mode="promise_in_bounds", unique_indices=True), psi
            )
        case Scramble(wires, index):
            return _both(lambda x: _scramble(x, wires, index.array, n), psi)


def invert(kernel: Kernel, theta: Theta) -> tuple[Kernel, Theta]:
    """Return the kernel and parameter of the inverse operation."""
    match kernel:
        case Matrix():
            real, imaginary = theta
            return kernel, (jnp.swapaxes(real, 0, 1), -jnp.swapaxes(imaginary, 0, 1))
        case Phases():
            return kernel, (theta[0], -theta[1])
        case Permutation(tables, inverse, flips):
            return Permutation(inverse, tables, flips and flips[::-1]), None
        case Scramble(wires, index, inverse, flips):
            return Scramble(wires, inverse, index, flips and flips[::-1]), None


def pull(kernel: Kernel, theta: Theta, psi: Pair, cotangent: Pair, n: int) -> Theta:
    """Return the cotangent of the parameter, from the state before and the cotangent after."""
    match kernel:
        case Matrix(wires):
            return _pull_matrix(wires, theta, psi, cotangent, n)
        case Phases(wires):
            return _pull_phases(wires, theta, psi, cotangent, n)
    return None


def _pull_phases(wires, theta: Pair, psi: Pair, cotangent: Pair, n: int) -> Pair:
    shape, axes = split(wires, n, psi[0].shape[1:])
    (x, y), (u, v) = (_both(lambda part: part.reshape(shape), pair) for pair in (psi, cotangent))
    batched = theta[0].ndim == 2
    kept = (*axes, len(shape) - 1) if batched else axes
    summed = tuple(axis for axis in range(len(shape)) if axis not in kept)
    real, imaginary = jnp.sum(u * x + v * y, summed), jnp.sum(v * x - u * y, summed)
    return real.reshape(theta[0].shape), imaginary.reshape(theta[0].shape)


def _pull_matrix(wires, theta: Pair, psi: Pair, cotangent: Pair, n: int) -> Pair:
    """``cotangent psi^dagger`` over the wires, summed over all else but a batch of matrices."""
    (x, y), (u, v) = (_both(lambda part: _rows(part, wires, n), pair) for pair in (psi, cotangent))
    if theta[0].ndim == 2 and len(wires) > 2:
        return _contract(u, x) + _contract(v, y), _contract(v, x) - _contract(u, y)
    real = jnp.sum(u[:, None] * x[None] + v[:, None] * y[None], axis=2)
    imaginary = jnp.sum(v[:, None] * x[None] - u[:, None] * y[None], axis=2)
    if theta[0].ndim == 3:
        return real, imaginary
    # Merged to one sum over all, XLA would add the numbers one by one.
    real, imaginary = jax.lax.optimization_barrier((real, imaginary))
    return real.sum(-1), imaginary.sum(-1)


def _rows(part: jax.Array, wires, n: int) -> jax.Array:
    """One row for each basis state of the wires: (2**k, rest, last axis)."""
    shape, axes = split(wires, n, part.shape[1:])
    moved = jnp.moveaxis(part.reshape(shape), axes, tuple(range(len(axes))))
    last = moved.shape[-1] if moved.ndim > len(axes) else 1
    return moved.reshape(2 ** len(wires), -1, last)


def _contract(first: jax.Array, second: jax.Array) -> jax.Array:
    return jnp.einsum("akb,ckb->ac", first, second, precision=jax.lax.Precision.HIGHEST)


def _both(function, psi: Pair) -> Pair:
    return function(psi[0]), function(psi[1])


def _matrix(wires, theta: Pair, psi: Pair, n: int) -> Pair:
    if len(wires) == 1 or (len(wires) == 2 and theta[0].ndim == 3):
        return _slices(wires, theta, psi, n)
    if theta[0].ndim == 2:
        return _product(wires, theta, psi, n)
    return _slices(wires, theta, psi, n)


def _slices(wires, theta: Pair, psi: Pair, n: int) -> Pair:
    """Sums of slices: no matrix product, so XLA fuses them, best for one wire and for batches."""
    shape, axes = split(wires, n, psi[0].shape[1:])
    size = 2 ** len(wires)
    parts = [_both(lambda x, at=at: x.reshape(shape)[at], psi) for at in _places(axes, len(shape))]
    real, imaginary = [], []
    for row in range(size):
        re, im = theta[0][row], theta[1][row]
        terms = [
            (re[col] * x - im[col] * y, re[col] * y + im[col] * x)
            for col, (x, y) in enumerate(parts)
        ]
        real.append(sum(term[0] for term in terms[1:]) + terms[0][0] if size > 1 else terms[0][0])
        imaginary.append(sum(term[1] for term in terms[1:]) + terms[0][1])
    return _join(real, axes, psi[0].shape), _join(imaginary, axes, psi[0].shape)


def _places(axes, ndim):
    """Index of each basis state of the axes, in counting order."""
    for bits in np.ndindex(*(2,) * len(axes)):
        at = [slice(None)] * ndim
        for axis, bit in zip(axes, bits, strict=True):
            at[axis] = bit
        yield tuple(at)


def _join(parts, axes, shape):
    """Stack slices back, innermost axis first."""
    for axis in reversed(axes):
        pairs = zip(parts[::2], parts[1::2], strict=True)
        place = axis - sum(other < axis for other in axes if other < axis)
        parts = [jnp.stack(pair, place) for pair in pairs]
    return parts[0].reshape(shape)


def _product(wires, theta: Pair, psi: Pair, n: int) -> Pair:
    """Real matrix products over the gathered wires, best for groups of wires."""
    shape, axes = split(wires, n, psi[0].shape[1:])
    front = tuple(range(len(axes)))
    left = 2 ** wires[0] if wires[-1] - wires[0] + 1 == len(wires) else 1
    moved = psi[0].reshape(shape)
    if left == 1:
        moved = jax.eval_shape(lambda x: jnp.moveaxis(x, axes, front), moved)

    def gather(x):
        x = x.reshape(shape) if left > 1 else jnp.moveaxis(x.reshape(shape), axes, front)
        return x.reshape(left, 2 ** len(wires), -1)

    def scatter(x):
        x = x.reshape(moved.shape)
        return (x if left > 1 else jnp.moveaxis(x, front, axes)).reshape(psi[0].shape)

    (re, im), (x, y) = theta, _both(gather, psi)
    return scatter(_dot(re, x) - _dot(im, y)), scatter(_dot(re, y) + _dot(im, x))


def _dot(matrix, x):
    """(K, K) times (L, K, R)."""
    precision = jax.lax.Precision.HIGHEST
    if x.shape[2] == 1:
        return jnp.matmul(x[:, :, 0], matrix.T, precision=precision)[:, :, None]
    if x.shape[0] == 1:
        return jnp.matmul(matrix, x[0], precision=precision)[None]
    return jnp.einsum("ab,lbr->lar", matrix, x, precision=precision)


def _phases(wires, theta: Pair, psi: Pair, n: int) -> Pair:
    shape, axes = split(wires, n, psi[0].shape[1:])
    broad = [2 if axis in axes else 1 for axis in range(len(shape))]
    batched = theta[0].ndim == 2
    if psi[0].ndim == 2:
        broad[-1] = theta[0].shape[-1] if batched else 1
    re, im = _both(lambda t: t.reshape(broad), theta)
    x, y = _both(lambda v: v.reshape(shape), psi)
    return _both(lambda v: v.reshape(psi[0].shape), (re * x - im * y, re * y + im * x))


def split(wires, n: int, trailing: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape in which each wire has an axis of its own and the others are merged, and those axes.

    >>> split((1, 3), 5, ())
    ((2, 2, 2, 2, 2), (1, 3))
    >>> split((2,), 5, (7,))
    ((4, 2, 4, 7), (1,))
    """
    shape, axes, at = [], [], 0
    for wire in wires:
        if wire > at:
            shape.append(2 ** (wire - at))
        axes.append(len(shape))
        shape.append(2)
        at = wire + 1
    if at < n:
        shape.append(2 ** (n - at))
    return (*shape, *trailing), tuple(axes)


def _index(tables) -> jax.Array:
    high, low = (jnp.asarray(table.array, jnp.int32) for table in tables)
    return (high[:, None] ^ low[None, :]).reshape(-1)


def _scramble(x, wires, index, n):
    shape, axes = split(wires, n, x.shape[1:])
    front = tuple(range(len(axes)))
    moved = jnp.moveaxis(x.reshape(shape), axes, front)
    rows = moved.reshape(2 ** len(wires), -1)[np.asarray(index, np.int32)]
    return jnp.moveaxis(rows.reshape(moved.shape), front, axes).reshape(x.shape)
