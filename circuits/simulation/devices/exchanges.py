"""Device bits and local bits of a state trade places: one all-to-all."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from circuits.simulation.devices.chunks import moment
from circuits.simulation.devices.layout import Exchange
from circuits.simulation.engine.matrices import Pair


def run_exchange(swap: Exchange, psi: Pair, since: Pair, axis: str) -> Pair:
    """Return the part after the exchange: chunk v of the local bits goes to the device that is v.

    Args:
        swap: which bits.
        psi: (real, imaginary), each (2**m,), of this device; both travel together.
        since: a state that is computed before.
        axis: of the mesh; this runs inside `shard_map`.
    """
    size, m = 2 ** len(swap.bits), len(psi[0]).bit_length() - 1
    order = [*swap.positions, *(place for place in range(m) if place not in swap.positions)]
    zero = moment(since)
    both = jnp.stack([_transpose(x + zero, order, m).reshape(size, -1) for x in psi], 1)
    both = jax.lax.all_to_all(
        both, axis, 0, 0, tiled=True, axis_index_groups=_groups(swap.bits, axis)
    )
    back = np.argsort(order).tolist()
    real, imaginary = (_transpose(both[:, part].reshape(-1), back, m) for part in (0, 1))
    return real, imaginary


def _transpose(x: jax.Array, order: list[int], m: int) -> jax.Array:
    """Local bits in another order; neighbours that stay so are one axis."""
    cuts = [i for i in range(1, m) if order[i] != order[i - 1] + 1]
    runs = [order[a:b] for a, b in zip([0, *cuts], [*cuts, m], strict=True)]
    ranked = sorted(runs)
    shape = [2 ** len(run) for run in ranked]
    return x.reshape(shape).transpose([ranked.index(run) for run in runs]).reshape(-1)


def _groups(bits: Sequence[int], axis: str) -> list[list[int]] | None:
    """Devices that differ in some bits only, by the number that these spell; None for all bits."""
    size = jax.lax.axis_size(axis)
    d = size.bit_length() - 1
    if tuple(bits) == tuple(range(d)):
        return None
    order = [*(bit for bit in range(d) if bit not in bits), *bits]
    devices = np.arange(size).reshape((2,) * d).transpose(order)
    return devices.reshape(-1, 2 ** len(bits)).tolist()
