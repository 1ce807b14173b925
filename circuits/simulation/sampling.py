"""Bit strings drawn from the exact distribution of a circuit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.simulation.measurement import probabilities


def samples(circuit: Circuit, shots: int) -> Callable[[Angles, jax.Array], jax.Array]:
    """Return the function that measures all qubits in the Z basis, `shots` times.

    Args:
        circuit: on n qubits.
        shots: number of independent draws.

    Returns:
        A pure function of `{segment: (size,)}` in radians and a JAX random key, for `jit` and
        `vmap`; it returns bits, uint8 of shape (shots, n) with qubit 0 leftmost.

    >>> from circuits import build_circuit, gate
    >>> flip_first = build_circuit([gate("x", 0)], n_qubits=2)
    >>> samples(flip_first, shots=2)({}, jax.random.key(0)).tolist()
    [[1, 0], [1, 0]]
    """
    distribution = probabilities(circuit)

    def run(angles: Angles, key: jax.Array) -> jax.Array:
        outcomes = _draw(distribution(angles), key, shots)
        shifts = jnp.arange(circuit.n_qubits - 1, -1, -1, dtype=outcomes.dtype)
        return ((outcomes[:, None] >> shifts) & 1).astype(jnp.uint8)

    return run


def _draw(weights: jax.Array, key: jax.Array, shots: int) -> jax.Array:
    """Indices (shots,) drawn in proportion to the weights, by inversion of the running sum.

    Drawing below the last running sum, whatever rounding made of it, keeps impossible outcomes
    impossible.
    """
    running = jnp.cumsum(weights)
    draws = running[-1] * (1 - jax.random.uniform(key, (shots,), weights.dtype))
    return jnp.searchsorted(running, draws)
