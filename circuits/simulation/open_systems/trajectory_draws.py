"""The random numbers of trajectories: each has a key of its own, each block a number."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.gate_types import is_unitary
from circuits.simulation.open_systems.open_program import Block


def block_draws(blocks: Sequence[Block], place, keys: jax.Array, most: int) -> list[jax.Array]:
    """Return what each block draws, a number for each gate at least; zeros where none is random.

    Args:
        blocks: one after the other.
        place: number of the first in its circuit.
        keys: of t trajectories.
        most: numbers that are drawn together, as random numbers take long to compile.

    Returns:
        for each block (gates or more, t) numbers from 0 to 1.

    >>> from circuits.gates.gate_types import Gate
    >>> flip = Block((0,), (Gate("x", (0,)),))
    >>> print(block_draws([flip], 0, jax.random.split(jax.random.key(0), 2), 100)[0])
    [[0. 0.]]
    """
    random = [at for at, block in enumerate(blocks) if not all(map(is_unitary, block.gates))]
    gates = max((len(block.gates) for block in blocks), default=0)
    drawn = [jnp.zeros((gates, len(keys)), jnp.result_type(float))] * len(blocks)
    few = max(1, most // max(1, gates * len(keys)))
    for first in range(0, len(random), few):
        some = np.array(random[first : first + few], np.int32)
        for at, numbers in zip(some, uniform_draws(keys, place + some, gates), strict=True):
            drawn[at] = numbers
    return drawn


def uniform_draws(keys: jax.Array, places, count: int) -> jax.Array:
    """Return numbers (places, count, t) from 0 to 1, of each trajectory's own key at some places.

    >>> uniform_draws(jax.random.split(jax.random.key(0), 3), np.arange(2), 4).shape
    (2, 4, 3)
    """
    return jax.lax.map(lambda place: gate_draws(keys, place, count), places)


def gate_draws(keys: jax.Array, place, count: int) -> jax.Array:
    """Return numbers (count, t) from 0 to 1 at one place, the first of them whatever the count.

    >>> gate_draws(jax.random.split(jax.random.key(0), 3), 7, 4).shape
    (4, 3)
    """
    real = jnp.result_type(float)

    def one(key: jax.Array) -> jax.Array:
        return jax.random.uniform(jax.random.fold_in(key, place), (count,), real)

    return jax.vmap(one, 0, 1)(keys)
