"""Bit strings drawn from the exact distribution of a circuit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.protocol import check_count
from circuits.simulation.measurement import probabilities

# Bits of an outcome that are drawn at once.
STEP = 10


def samples(circuit: Circuit, shots: int) -> Callable[[Angles, jax.Array], jax.Array]:
    """Return the function that measures all qubits in the Z basis, `shots` times.

    Args:
        circuit: on n qubits.
        shots: number of independent draws.

    Returns:
        A pure function of `{segment: (size,)}` in radians and a JAX random key, for `jit` and
        `vmap`; it returns bits, uint8 of shape (shots, n) with qubit 0 leftmost.

    Raises:
        ValueError: where `shots` is no positive int, or as for `state`.

    >>> from circuits import build_circuit, gate
    >>> flip_first = build_circuit([gate("x", 0)], n_qubits=2)
    >>> samples(flip_first, shots=2)({}, jax.random.key(0)).tolist()
    [[1, 0], [1, 0]]
    """
    check_count("shots", shots)
    distribution = probabilities(circuit)

    def run(angles: Angles, key: jax.Array) -> jax.Array:
        outcomes = _draw(distribution(angles), key, shots)
        shifts = jnp.arange(circuit.n_qubits - 1, -1, -1, dtype=outcomes.dtype)
        return ((outcomes[:, None] >> shifts) & 1).astype(jnp.uint8)

    return run


def _draw(weights: jax.Array, key: jax.Array, shots: int) -> jax.Array:
    """Indices (shots,) drawn in proportion to the weights (2**n,), some bits after the others.

    Each step inverts a short running sum: one over all weights would have steps below the rounding
    of single precision, and outcomes that are never drawn.
    """
    sums = [weights]
    while sums[-1].size > 2**STEP:
        sums.append(sums[-1].reshape(-1, 2**STEP).sum(axis=1))
    keys = jax.random.split(key, len(sums)) if len(sums) > 1 else [key]
    place = jnp.zeros(shots, jnp.int32)
    for each, own in zip(reversed(sums), keys, strict=True):
        rows = each.reshape(-1, min(each.size, 2**STEP))
        place = rows.shape[1] * place + _draw_column(rows, place, own)
    return place


def _draw_column(weights: jax.Array, row: jax.Array, key: jax.Array) -> jax.Array:
    """Columns (shots,), each drawn in proportion to the weights of its own row, by bisection.

    Drawing below the last running sum, whatever rounding made of it, keeps impossible outcomes
    impossible.
    """
    running = jnp.cumsum(weights, axis=1)
    draws = running[row, -1] * (1 - jax.random.uniform(key, row.shape, weights.dtype))
    column = jnp.zeros_like(row)
    step = weights.shape[1] // 2
    while step:
        column += jnp.where(running[row, column + step - 1] < draws, step, 0).astype(row.dtype)
        step //= 2
    return column
