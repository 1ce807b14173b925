"""Random numbers for inner loops: one small generator for each spin, far cheaper than JAX's own.

Each stream is a 32-bit xorshift register (Marsaglia, J. Stat. Softw. 8(14), 2003) that starts at a
number of JAX's generator; a multiplication breaks its linear relations before use. A stream is good
for a few million sweeps. The streams are the state of a sampler, so that nothing is shared.
"""

from typing import Any

import jax
import jax.numpy as jnp


def streams(key: Any, n: int) -> Any:
    """`n` streams (n,) uint32, none of them zero, which would stay zero.

    >>> streams(jax.random.key(0), 3).shape
    (3,)
    """
    return jax.random.bits(key, (n,), jnp.uint32) | jnp.uint32(1)


def advance(noise: Any) -> Any:
    """The next numbers of all streams.

    >>> int(advance(jnp.uint32(1)))
    270369
    """
    noise = noise ^ (noise << 13)
    noise = noise ^ (noise >> 17)
    return noise ^ (noise << 5)


def mixed(noise: Any) -> Any:
    """The numbers of streams with their bits mixed, uint32.

    >>> hex(int(mixed(jnp.uint32(1))))
    '0x9e37e78c'
    """
    product = noise * jnp.uint32(0x9E3779BB)
    return product ^ product >> 16


def uniform(noise: Any) -> Any:
    """The numbers of streams as float32 in (0, 1], in steps of 2**-24.

    >>> 0 < float(uniform(jnp.uint32(1))) <= 1
    True
    """
    return (mixed(noise) >> 8).astype(jnp.float32) * jnp.float32(2**-24) + jnp.float32(2**-25)
