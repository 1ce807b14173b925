"""Permutations of basis states as two tables each, so that no index of a whole state is kept."""

import jax
import jax.numpy as jnp

from circuits.simulation.engine.kernels import Permutation, Scramble, apply
from circuits.simulation.native.checks import LANE_BITS


def halves(kernel: Permutation | Scramble, n: int) -> tuple[jax.Array, jax.Array]:
    """Return tables whose exclusive or says where each of 2**n amplitudes comes from.

    Args:
        kernel: the permutation. The tables of a `Scramble` grow with the wires between its first
            and the end, or its last and the start, whichever are fewer.
        n: number of qubits.

    Returns:
        high and low, int32: amplitude i comes from ``high[i // len(low)] ^ low[i % len(low)]``.
        The low one has an entry for each state in a register, or for all states, at least.

    >>> from circuits.gates.constants import Constant
    >>> flip = Constant([1, 0])
    >>> high, low = halves(Scramble((0,), flip, flip), 5)
    >>> print(high, len(low))
    [16  0] 16
    """
    if isinstance(kernel, Permutation) and n >= 2 * LANE_BITS:
        high, low = (jnp.asarray(table.array, jnp.int32) for table in kernel.tables)
        return high, low
    first, end = (kernel.wires[0], kernel.wires[-1] + 1) if isinstance(kernel, Scramble) else (0, n)
    if end < n - first and end <= n - LANE_BITS:
        return _index(kernel, end) << (n - end), _states(n - end)
    first = max(0, min(first, n - LANE_BITS))
    if isinstance(kernel, Scramble):
        kernel = kernel._replace(wires=tuple(wire - first for wire in kernel.wires))
    return _states(first) << (n - first), _index(kernel, n - first)


def _index(kernel: Permutation | Scramble, n: int) -> jax.Array:
    """Where each of 2**n amplitudes comes from."""
    return apply(kernel, None, (_states(n), _states(n)), n)[0]


def _states(n: int) -> jax.Array:
    return jnp.arange(2**n, dtype=jnp.int32)
