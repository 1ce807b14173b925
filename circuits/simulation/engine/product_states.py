"""The state after the first operations of a program: an outer product of small vectors."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from circuits.circuit import Slot
from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, slot_count
from circuits.simulation.engine.kernels import Matrix
from circuits.simulation.engine.matrices import Angles, Pair, block_matrices, place_blocks
from circuits.simulation.engine.program import Op, Program


def product_state(program: Program, ops: Sequence[Op], angles: Angles) -> Pair:
    """Return the state after the first operations, an outer product of small states.

    These are prepared states, and matrices on |0...0>, each on wires of its own.
    """
    n, vectors = program.n_qubits, {gate.wires: _prepared(gate, angles) for gate in program.initial}
    places = place_blocks(block for op in ops for block in op.blocks)
    first = block_matrices(places, angles, columns=1)
    for op in ops:
        assert isinstance(op.kernel, Matrix), "only matrices make product states"
        parts = [places.take(first, [block]) for block in op.blocks]
        vectors[op.kernel.wires] = _outer([(x[0, :, 0], y[0, :, 0]) for x, y in parts])
    taken = {wire for wires in vectors for wire in wires}
    real = jnp.result_type(float)
    zero = (jnp.asarray([1.0, 0.0], real), jnp.zeros(2, real))
    vectors |= {(wire,): zero for wire in range(n) if wire not in taken}
    order = sorted(vectors)
    state = _outer([vectors[wires] for wires in order])
    axes = [wire for wires in order for wire in wires]
    return state if axes == sorted(axes) else _reorder(state, axes, n)


def _prepared(gate: Gate, angles: Angles) -> Pair:
    """The vector (2**k,) or (2**k, b) of an "amplitudes" gate."""
    real = jnp.result_type(float)
    if isinstance(gate.data, Constant):
        vector = np.asarray(gate.data.array, complex)
        return jnp.asarray(np.real(vector), real), jnp.asarray(np.imag(vector), real)
    assert isinstance(gate.angle, Slot), "amplitudes come from data or from a slot"
    entries = angles[gate.angle.segment][gate.angle.index : gate.angle.index + slot_count(gate)]
    entries = entries / jnp.sqrt(jnp.sum(entries**2, axis=0))
    return entries, jnp.zeros_like(entries)


def _reorder(state: Pair, axes: list[int], n: int) -> Pair:
    places = [axes.index(wire) for wire in range(n)]

    def reorder(x):
        split = x.reshape((2,) * n + x.shape[1:])
        return split.transpose(*places, *range(n, split.ndim)).reshape(x.shape)

    return reorder(state[0]), reorder(state[1])


def _outer(vectors: list[Pair]) -> Pair:
    """Outer product in pairs of neighbours, so that most of the work is in the last product."""
    while len(vectors) > 1:
        pairs = zip(vectors[::2], [*vectors[1::2], None][: (len(vectors) + 1) // 2], strict=True)
        vectors = [a if b is None else _times(a, b) for a, b in pairs]
    return vectors[0]


def _times(first: Pair, second: Pair) -> Pair:
    def times(a, b):
        a, b = a[:, None], b[None, :]
        if a.ndim < b.ndim:
            a = a[..., None]
        if b.ndim < a.ndim:
            b = b[..., None]
        made = a * b
        return made.reshape((-1, *made.shape[2:]))

    (a, b), (c, d) = first, second
    return times(a, c) - times(b, d), times(a, d) + times(b, c)
