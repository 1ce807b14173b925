"""What a block does to the states of trajectories, each with a choice of its own.

Derivatives take the choices, and their probabilities, as constants. The unitaries between two
channels are one matrix, and one loop goes over the channels: what is compiled does not grow with
their number.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.gate_types import Gate, classical_bit, is_unitary
from circuits.simulation.open_systems.open_program import Block
from circuits.simulation.open_systems.trajectory_matrices import (
    channel_tables,
    choose,
    depends,
    follow,
    multiply,
    reduced,
    times,
    turned,
    unitary_of,
    unitary_products,
)

Carry = tuple[jax.Array, jax.Array]  # states (2**n, t) and classical bits (m, t)


def act_block(block: Block, theta: Sequence[Any], carry: Carry, draws: jax.Array, n: int) -> Carry:
    """Return the states and bits of t trajectories after a block.

    Args:
        block: on qubits below `n` and on classical bits.
        theta: for each gate its angle, its amplitudes (2**k,), or None.
        carry: states (2**n, t) and classical bits (m, t).
        draws: numbers (gates, t) from 0 to 1, which decide what happens.
        n: number of qubits.
    """
    psi, bits = carry
    wires = tuple(site for site in block.sites if site < n)
    rows, back = _gather(psi, wires, n)
    first = block.gates[0]
    if first.name == "amplitudes":
        vector = theta[0].reshape((2,) * len(wires)).transpose(np.argsort(first.wires))
        return back(vector.reshape(-1, 1, 1) * rows[:1]), bits
    if len(block.gates) == 1 and is_unitary(first):
        made = back(times(unitary_of(first, theta[0], wires)[:, :, None], rows))
        return jnp.where(_holds(first, bits, n), made, psi) if first.condition else made, bits
    matrix, bits = _chosen(block, theta, rows, bits, draws, wires, n)
    return back(times(matrix, rows)), bits


def is_classical(gate: Gate) -> bool:
    """Return whether a gate writes or reads a classical bit.

    >>> is_classical(Gate("x", (0,), condition=(1, 1)))
    True
    """
    return gate.name == "measure" or gate.condition is not None


def _chosen(block: Block, theta, rows, bits, draws, wires, n: int):
    """The product (K, K, t) of what the gates of a block did in each trajectory, and the bits."""
    total = jnp.eye(len(rows), dtype=rows.dtype)[:, :, None]
    rho = reduced(rows) if any(map(depends, block.gates)) else None
    steps = list(zip(block.gates, theta, draws, strict=True))
    for classical, group in groupby(steps, lambda step: is_classical(step[0])):
        if not classical:
            gates, angles, numbers = zip(*group, strict=True)
            total = _run(gates, angles, numbers, total, rho, wires)
            continue
        for gate, angle, draw in group:
            matrix, bits = _switch(gate, angle, draw, total, rho, bits, wires, n)
            total = multiply(matrix, total)
    return total, bits


def _switch(gate: Gate, angle, draw, total, rho, bits, wires, n: int):
    """What a gate that writes or reads a bit does, (K, K, t), and the bits."""
    if gate.name == "measure":
        channels, _ = channel_tables([gate], wires, total.dtype)
        matrix, outcome = choose(channels.operators[0], channels.forms[0], turned(rho, total), draw)
        return matrix, bits.at[classical_bit(gate) - n].set(outcome)
    eye = jnp.eye(len(total), dtype=total.dtype)[:, :, None]
    return jnp.where(_holds(gate, bits, n), unitary_of(gate, angle, wires)[:, :, None], eye), bits


def _run(gates: Sequence[Gate], theta, draws, total: jax.Array, rho, wires) -> jax.Array:
    """The product (K, K, t) after unitaries and channels, which follows `total`."""
    unitaries = unitary_products([gates], [theta], wires)[0, ..., None]
    places = [at for at, gate in enumerate(gates) if not is_unitary(gate)]
    if places:
        channels, numbers = channel_tables([gates[at] for at in places], wires, total.dtype)
        drawn = jnp.stack([draws[at] for at in places])

        def step(total, inputs):
            unitary, number, draw = inputs
            return follow(total, rho, unitary, channels, number, draw), None

        wide = jnp.broadcast_to(total, (*total.shape[:2], drawn.shape[1]))
        total, _ = jax.lax.scan(step, wide, (unitaries[:-1], jnp.asarray(numbers), drawn))
    return multiply(unitaries[-1], total) if is_unitary(gates[-1]) else total


def _holds(gate: Gate, bits: jax.Array, n: int) -> jax.Array:
    """Whether the condition of a gate holds in each trajectory."""
    assert gate.condition is not None
    return bits[gate.condition[0] - n] == gate.condition[1]


def _gather(psi: jax.Array, wires: tuple[int, ...], n: int):
    """States (2**n, t) as rows (K, R, t) of the wires' basis states, and the way back."""
    front = range(len(wires))
    split = jnp.moveaxis(psi.reshape(*(2,) * n, -1), wires, front)

    def back(rows: jax.Array) -> jax.Array:
        return jnp.moveaxis(rows.reshape(split.shape), front, wires).reshape(psi.shape)

    return split.reshape(2 ** len(wires), -1, psi.shape[1]), back
