"""Block Gibbs chains by matrix products: all spins of one colour of all chains are drawn at once.

Some spins may be held, in every chain at a place of its own, which is how a machine is conditioned
on data. What depends on the graph are arrays, so that one compiled program serves all graphs of one
shape. On a whole annealer's chip, without held spins, `annealing.gibbs` does less work, and the
less the larger the chip.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.samplers.graphs import colouring

Blocks = tuple[tuple[np.ndarray, np.ndarray], ...]


def colour_blocks(n: int, rows: Any, cols: Any, held: Any = ()) -> Blocks:
    """Which spins are drawn together, and which others their fields depend on.

    Args:
        n: number of spins.
        rows: first spin (p,) of each pair that may couple.
        cols: second spin (p,).
        held: spins that are never drawn.

    Returns:
        for each colour of the free spins: they (m,) and all their neighbours (d,), int32.

    >>> [(own.tolist(), near.tolist()) for own, near in colour_blocks(3, [0, 1], [1, 2], held=[0])]
    [([1], [0, 2]), ([2], [1])]
    """
    rows, cols = np.asarray(rows, dtype=int), np.asarray(cols, dtype=int)
    free = np.setdiff1d(np.arange(n), np.asarray(held, dtype=int))
    place = np.full(n, -1)
    place[free] = np.arange(len(free))
    inside = (place[rows] >= 0) & (place[cols] >= 0)
    colour = colouring(len(free), place[rows[inside]], place[cols[inside]])
    owns = [free[colour == c] for c in range(colour.max(initial=-1) + 1)]
    nears = [np.union1d(cols[np.isin(rows, own)], rows[np.isin(cols, own)]) for own in owns]
    pairs = zip(owns, nears, strict=True)
    return tuple((own.astype(np.int32), near.astype(np.int32)) for own, near in pairs)


def coupling_matrix(n: int, rows: Any, cols: Any, J: Any) -> jax.Array:
    """Couplings `J` (p,) as a symmetric matrix (n, n), the field of the spins s being h + s @ it.

    >>> coupling_matrix(2, np.array([0]), np.array([1]), jnp.ones(1)).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    upper = jnp.zeros((n, n), J.dtype).at[rows, cols].add(J)
    return upper + upper.T


def random_spins(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Spins of -1 and +1 with equal chance, as floats.

    >>> float(jnp.abs(random_spins(jax.random.key(0), (4, 2))).min())
    1.0
    """
    return 2 * jax.random.bernoulli(key, 0.5, shape).astype(jnp.result_type(float)) - 1


def block_gibbs(
    key: jax.Array, spins: jax.Array, h: jax.Array, J: jax.Array, blocks: Blocks, sweeps: Any = 1
) -> jax.Array:
    """Chains after some more sweeps at exp(-(h.s + sum_{i<j} J_ij s_i s_j)), a traceable function.

    Args:
        key: decides the draws.
        spins: (r, n) floats of -1 and +1, `r` chains as they stand.
        h: fields (n,).
        J: symmetric couplings (n, n), as of `coupling_matrix`.
        blocks: as of `colour_blocks`; spins in none of them stay as they are.
        sweeps: how often every free spin is drawn.

    Limits: a chain forgets its start slowly where couplings are strong.

    >>> blocks = colour_blocks(2, [0], [1], held=[0])
    >>> J = coupling_matrix(2, np.array([0]), np.array([1]), jnp.full(1, -9.0))
    >>> start = jnp.array([[1.0, -1.0], [-1.0, 1.0]])
    >>> jax.jit(block_gibbs)(jax.random.key(0), start, jnp.zeros(2), J, blocks).tolist()
    [[1.0, 1.0], [-1.0, -1.0]]
    """
    weights = [J[near[:, None], own] for own, near in blocks]

    def sweep(k: Any, spins: jax.Array) -> jax.Array:
        noise = jax.random.uniform(jax.random.fold_in(key, k), spins.shape, spins.dtype)
        for (own, near), weight in zip(blocks, weights, strict=True):
            up = noise[:, own] < jax.nn.sigmoid(-2 * (h[own] + spins[:, near] @ weight))
            spins = spins.at[:, own].set(jnp.where(up, 1, -1).astype(spins.dtype))
        return spins

    return lax.fori_loop(0, sweeps, sweep, spins)
