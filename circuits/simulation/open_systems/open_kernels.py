"""How one block acts on vectors of Pauli coefficients: as a matrix, or by its Kraus operators."""

from collections.abc import Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from circuits.simulation.open_systems.open_program import Block
from circuits.simulation.open_systems.pauli_transfer import LETTERS, QUBIT

HIGHEST = jax.lax.Precision.HIGHEST
Theta = Any
# What was measured on one core: up to this size, matrices are fastest as sums of slices; with fewer
# rows than these in front, a larger one is faster as a matrix product than as a fused sum.
SLICED, FEW_ROWS = 4, 16


def apply_block(block: Block, theta: Theta, x: jax.Array, sizes: tuple[int, ...]) -> jax.Array:
    """Return coefficients (D, c) after a block.

    Args:
        block: on sites of these sizes.
        theta: its matrix (K, K) or (K, K, c); amplitudes' coefficients (K,) or (K, c); else the
            Kraus operators (m, d, d) or (m, d, d, c).
        x: coefficients (D, c).
        sizes: of all sites.
    """
    rows, back = _gather(x, block.sites, sizes)
    if block.gates[0].name == "amplitudes":
        vector = theta.reshape(1, len(theta), 1, -1)
        return back(vector * rows[:, :1])
    if jnp.iscomplexobj(theta):
        local = tuple(sizes[site] for site in block.sites)
        return back(_sandwich(theta, rows, local, [block.sites.index(s) for s in _order(block)]))
    return back(_contract(theta, rows))


def to_matrix_units(x: jax.Array, sizes: Sequence[int]) -> jax.Array:
    """Return coefficients (D, ...) of sites as entries (rows, columns, ...) of their matrix.

    >>> print(to_matrix_units(jnp.array([1.0, 0.0, 0.0, 1.0])[:, None], (4,))[..., 0].real)
    [[1. 0.]
     [0. 0.]]
    """
    k = len(sizes)
    y = x.astype(np.result_type(x.dtype, np.complex64)).reshape(*sizes, *x.shape[1:])
    for site, size in enumerate(sizes):
        letters = (LETTERS if size == QUBIT else LETTERS[[0, 3]]) / 2
        # The site's axis becomes its row; its column goes behind the rows and columns before it.
        y = jnp.tensordot(jnp.asarray(letters, y.dtype), y, ((0,), (site * 2,)), precision=HIGHEST)
        y = jnp.moveaxis(y, (0, 1), (2 * site, 2 * site + 1))
    y = jnp.transpose(y, (*range(0, 2 * k, 2), *range(1, 2 * k, 2), *range(2 * k, y.ndim)))
    return y.reshape(2**k, 2**k, *x.shape[1:])


def to_coefficients(rho: jax.Array, sizes: Sequence[int]) -> jax.Array:
    """Return entries (rows, columns, ...) as coefficients (D, ...): real parts of ``Tr(P rho)``."""
    k = len(sizes)
    y = rho.reshape((2,) * (2 * k) + rho.shape[2:])
    for site, size in enumerate(sizes):
        letters = LETTERS if size == QUBIT else LETTERS[[0, 3]]
        axes = (site, k)
        y = jnp.tensordot(jnp.asarray(letters, y.dtype), y, ((2, 1), axes), precision=HIGHEST)
        y = jnp.moveaxis(y, 0, site)
    return y.real.reshape(prod(sizes), *rho.shape[2:])


def _order(block: Block) -> list[int]:
    """Sites in the order of the operators of the one gate of a wide block."""
    (gate,) = block.gates
    return [*gate.wires, *([gate.condition[0]] if gate.condition else [])]


def _gather(x: jax.Array, sites: tuple[int, ...], sizes: tuple[int, ...]):
    """Coefficients as (L, K, R, c) with the sites in the middle, and the way back."""
    dim, size = x.shape[0], prod(sizes[site] for site in sites)
    if sites == tuple(range(sites[0], sites[0] + len(sites))):
        left = prod(sizes[: sites[0]])
        rows = x.reshape(left, size, dim // left // size, -1)
        return rows, lambda y: y.reshape(dim, -1)
    split = jnp.moveaxis(x.reshape(*sizes, -1), sites, range(len(sites)))

    def back(y):
        whole = y.reshape(*split.shape[:-1], -1)
        return jnp.moveaxis(whole, range(len(sites)), sites).reshape(dim, -1)

    return split.reshape(1, size, dim // size, -1), back


@jax.custom_jvp
def _contract(matrix: jax.Array, rows: jax.Array) -> jax.Array:
    """(K, K) or (K, K, c) times (L, K, R, c), in the form that was fastest."""
    if _few(matrix):
        return _slices(matrix, rows)
    if matrix.ndim == 3:
        return _einsum(matrix, rows)
    left, size, right, count = rows.shape
    return _product(matrix, rows.reshape(left, size, -1)).reshape(left, size, right, count)


@_contract.defjvp
def _(primals, tangents):
    """The same, in forms whose transposes are fast: of the fused sums they are not."""
    (matrix, rows), (change, moved) = primals, tangents
    times = _slices if _few(matrix) else _einsum
    return _contract(matrix, rows), times(matrix, moved) + _einsum(change, rows)


def _few(matrix: jax.Array) -> bool:
    return len(matrix) <= SLICED


def _einsum(matrix: jax.Array, rows: jax.Array) -> jax.Array:
    if matrix.ndim == 2:
        return jnp.einsum("ab,lbrz->larz", matrix, rows, precision=HIGHEST)
    rows = jnp.broadcast_to(rows, (*rows.shape[:3], matrix.shape[2]))
    return jnp.einsum("abz,lbrz->larz", matrix, rows, precision=HIGHEST)


def _slices(matrix: jax.Array, rows: jax.Array) -> jax.Array:
    """As sums of slices, which become one loop over contiguous memory.

    By `split`, whose transpose joins the slices again.
    """
    parts = jax.lax.split(rows, (1,) * rows.shape[1], axis=1)
    sums = [
        sum((row[at] * part for at, part in enumerate(parts[1:], 1)), row[0] * parts[0])
        for row in matrix
    ]
    return jnp.concatenate(sums, 1)


def _product(matrix: jax.Array, rows: jax.Array) -> jax.Array:
    """(K, K) times (L, K, R): matrix products where L is small, a fused sum where it is large."""
    if len(rows) == 1:
        return jnp.matmul(matrix, rows[0], precision=HIGHEST)[None]
    if len(rows) < FEW_ROWS:
        return jnp.einsum("ab,lbr->lar", matrix, rows, precision=HIGHEST)
    # Behind a barrier, as XLA for CPUs must not fuse a matrix product into this sum: it errs.
    matrix, rows = jax.lax.optimization_barrier((matrix, rows))
    return jnp.sum(matrix[None, :, :, None] * rows[:, None], axis=2)


def _sandwich(operators: jax.Array, rows: jax.Array, sizes, order: Sequence[int]) -> jax.Array:
    """``sum_m K_m rho K_m^dagger`` on the gathered sites; K's own sites are in `order`."""
    x = jnp.moveaxis(rows, 1, 0)
    k, dim = len(sizes), 2 ** len(sizes)
    rho = to_matrix_units(x, sizes)
    axes = np.argsort(order)
    stack = operators.reshape(-1, *(2,) * (2 * k), *operators.shape[3:])
    last = range(2 * k + 1, stack.ndim)
    stack = stack.transpose(0, *(axes + 1), *(axes + 1 + k), *last)
    stack = stack.reshape(-1, dim, dim, *operators.shape[3:])
    names = "mabz" if stack.ndim == 4 else "mab"
    left = jnp.einsum(f"{names},bclrz->maclrz", stack, rho, precision=HIGHEST)
    other = names.replace("a", "d").replace("b", "c")
    made = jnp.einsum(f"maclrz,{other}->adlrz", left, stack.conj(), precision=HIGHEST)
    return jnp.moveaxis(to_coefficients(made, sizes), 0, 1)
