"""Bit strings and marginal probabilities of a state over devices, without gathering it."""

import jax
import jax.numpy as jnp

from circuits.simulation.devices.layout import Layout, read_wires
from circuits.simulation.engine.kernels import split
from circuits.simulation.engine.matrices import Pair

# Bits of an address that one row of amplitudes spans: of these rows a shot reads one.
ROW = 10


def draw_bits(psi: Pair, layout: Layout, uniforms: jax.Array, axis: str) -> jax.Array:
    """Return bit strings drawn from a state; runs inside `shard_map`.

    A shot chooses a device, a row of that device's amplitudes and one of the row: three short
    running sums, which rounding in single precision does not blur as it would one over the state.

    Args:
        psi: (real, imaginary), each (2**m,), of this device.
        layout: of the state.
        uniforms: (3, shots) numbers in (0, 1], the same on all devices.
        axis: of the mesh.

    Returns:
        uint8 (shots, n), qubit 0 leftmost, equal on all devices: each shot comes from the device
        that owns it, by one sum.
    """
    m, d = len(layout.carried), layout.n_global
    columns = 2 ** min(m, ROW)
    real, imaginary = (x.reshape(-1, columns) for x in psi)
    rows = jnp.sum(real**2 + imaginary**2, axis=1)
    here = jnp.cumsum(rows)
    devices = jnp.cumsum(jax.lax.all_gather(here[-1], axis))
    owner = _draw(devices, uniforms[0])
    row = _draw(here, uniforms[1])
    inside = jnp.cumsum(real[row] ** 2 + imaginary[row] ** 2, axis=1)
    column = jax.vmap(_draw)(inside, uniforms[2])
    address = [_bits(owner, d), _bits(row, m - columns.bit_length() + 1)]
    address.append(_bits(column, columns.bit_length() - 1))
    spelled = jnp.concatenate(address, axis=1).astype(jnp.int32)
    matrix, zero = (jnp.asarray(x, jnp.int32) for x in (layout.matrix, layout.zero))
    bits = (spelled @ matrix.T + zero) & 1
    mine = owner == jax.lax.axis_index(axis)
    return jax.lax.psum(jnp.where(mine[:, None], bits, 0).astype(jnp.uint8), axis)


def _draw(running: jax.Array, uniform: jax.Array) -> jax.Array:
    """Places drawn in proportion to what a running sum gains there, never where it gains none."""
    return jnp.searchsorted(running, running[-1] * uniform).astype(jnp.int32)


def _bits(numbers: jax.Array, count: int) -> jax.Array:
    """The bits (shots, count) of numbers, leftmost first."""
    places = jnp.arange(count - 1, -1, -1, dtype=numbers.dtype)
    return numbers[:, None] >> places & 1


def marginal(psi: Pair, layout: Layout, wires: tuple[int, ...], axis: str) -> jax.Array:
    """Return the probabilities (2**k,) of k wires' bits, the first leftmost, on all devices.

    Args:
        psi: (real, imaginary), each (2**m,), of this device.
        layout: of the state.
        wires: k of them.
        axis: of the mesh; this runs inside `shard_map`.
    """
    positions, base, device = read_wires(layout, wires)
    shape, axes = split(positions, len(layout.carried), ())
    others = tuple(at for at in range(len(shape)) if at not in axes)
    density = (psi[0] ** 2 + psi[1] ** 2).reshape(shape)
    sums = jnp.sum(density, axis=others).reshape(-1)
    offset = jnp.asarray(device.array, jnp.int32)[jax.lax.axis_index(axis)]
    places = jnp.asarray(base.array, jnp.int32) ^ offset
    return jax.lax.psum(jnp.zeros(2 ** len(wires), sums.dtype).at[places].add(sums), axis)
