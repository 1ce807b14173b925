"""The matrix of a problem on the device, and what samplers of dense problems do with it.

States are columns: spins (N, r) in float32, so that a step of all reads is a matrix product. The
coefficients stand on a grid so coarse that every sum of them is exact in float32. Hence energies
that fall stay fallen, fields do not drift, and reads do not depend on how many are computed at a
time, nor on the order in which a processor adds.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.ising import qubo_to_ising
from annealing.qubo import Qubo, as_dense
from annealing.samplers.noise import advance, streams, uniform

GRID = 2.0**-22  # against sums of at most 1: two bits of float32's 24 are left for changes
TILE = 32  # sizes are multiples of it, so that problems of similar size have programs in common


class Dense(NamedTuple):
    """An Ising model h.s + s.J.s / 2 of `n` spins in units of `scale`, padded to `N` by free spins.

    `J` (N, N) float32 symmetric with zero diagonal, `h` (N,) float32.
    """

    J: jax.Array
    h: jax.Array
    n: int
    scale: float


def dense(qubo: Qubo) -> Dense:
    """The Ising model of `qubo`, scaled such that no field exceeds 1 and rounded to the grid.

    Raises:
        ValueError: the sums of the coefficients overflow.

    Limits: a coefficient below 1e-7 of the largest sum of a row is lost; energies that samplers
    return are computed from the QUBO itself.

    >>> from annealing.qubo import qubo_from_matrix
    >>> model = dense(qubo_from_matrix([[0.0, 4.0], [0.0, 0.0]]))
    >>> model.scale, model.J.shape, float(model.J[0, 1])
    (2.0, (32, 32), 0.5)
    """
    with np.errstate(over="ignore", invalid="ignore"):  # said below, by name
        h, J, _ = qubo_to_ising(as_dense(qubo))
        J = np.asarray(J)
        J = J + J.T
        largest = (np.abs(h) + np.abs(J).sum(axis=0)).max(initial=0.0)
    if not np.isfinite(largest):
        raise ValueError("Argument `qubo` must have fields below 1e308, but their sums overflow.")
    # A power of two, so that the scaling itself rounds nothing.
    scale = 2.0 ** np.ceil(np.log2(largest)) if largest > 0 else 1.0
    n = len(h)
    more = max(TILE, -(-n // TILE) * TILE) - n
    J, h = (np.rint(np.pad(x, (0, more)) / (scale * GRID)) * GRID for x in (J, h))
    return Dense(jnp.asarray(J, jnp.float32), jnp.asarray(h, jnp.float32), n, float(scale))


def product(J: jax.Array, states: jax.Array) -> jax.Array:
    """J @ states in full float32, on accelerators that would rather round."""
    return jnp.matmul(J, states, precision=lax.Precision.HIGHEST)


def signs(x: jax.Array) -> jax.Array:
    """-1 where `x` is negative, else +1."""
    return jnp.where(x < 0, jnp.float32(-1), jnp.float32(1))


@partial(jax.jit, static_argnames="n")
def start(keys: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
    """Random spins (n, r) and noise (n, r) of r reads, each from its own key."""
    both = jax.vmap(lambda key: streams(key, 2 * n))(keys).T
    return signs((both[:n] >> 1).astype(jnp.float32) - jnp.float32(2**30)), both[n:]


def as_bits(spins: jax.Array, n: int) -> np.ndarray:
    """Bits (r, n) uint8 of spins (N, r)."""
    return np.asarray(spins[:n] > 0).T.astype(np.uint8)


def spectral_radius(J: np.ndarray, rounds: int = 60) -> float:
    """The largest absolute eigenvalue of a symmetric matrix, from below, by power iteration.

    Two or three digits, which is what step sizes need; 2 * rounds * n**2 multiplications.

    >>> round(spectral_radius(np.array([[0.0, 2.0], [2.0, 0.0]])), 6)
    2.0
    """
    v = np.random.default_rng(0).normal(size=len(J)).astype(J.dtype)
    radius = 0.0
    for _ in range(rounds):
        v = v / np.linalg.norm(v)
        v = J @ v
        radius = float(np.linalg.norm(v))
        if radius == 0:
            break
    return radius


def sweep(
    J: jax.Array, fields: jax.Array, spins: jax.Array, noise: jax.Array, betas: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """One Metropolis sweep, each spin in turn, tile by tile.

    The fields of a tile are one matrix product over all reads; inside the tile each change is added
    to the fields of the others. So every spin sees the present state of all others.

    Args:
        J: couplings (N, N), N a multiple of the tile.
        fields: external fields (N, r), or (N, 1) if all reads share them.
        spins: states (N, r) of -1 and +1.
        noise: streams (N, r), see `noise`.
        betas: inverse temperatures, a scalar or (r,).

    Returns:
        spins and noise after the sweep.
    """
    noise = advance(noise)
    # Turning costs -2 * spin * field, so that log(u) <= 2 beta * spin * field turns it.
    limits = jnp.log(uniform(noise)) / (2 * betas)

    def tile(k, spins):
        first = k * TILE
        rows, field, limit, mine = (
            lax.dynamic_slice_in_dim(x, first, TILE) for x in (J, fields, limits, spins)
        )
        inner = lax.dynamic_slice_in_dim(rows, first, TILE, axis=1)

        def turn(field, of_spin):
            j, couplings, limit, spin = of_spin
            change = jnp.where(spin * field[j] >= limit, -2 * spin, jnp.float32(0))
            return field + couplings[:, None] * change, spin + change

        xs = (jnp.arange(TILE, dtype=jnp.int32), inner, limit, mine)
        _, mine = lax.scan(turn, product(rows, spins) + field, xs)
        return lax.dynamic_update_slice_in_dim(spins, mine, first, axis=0)

    return lax.fori_loop(0, len(J) // TILE, tile, spins), noise


def energies(J: jax.Array, h: jax.Array, spins: jax.Array) -> jax.Array:
    """Energies (r,) of states (N, r), in units of the model's scale."""
    return ((product(J, spins) / 2 + h[:, None]) * spins).sum(axis=0)
