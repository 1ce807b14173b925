"""What a block does to the states of trajectories, each with a choice of its own.

Derivatives take the choices, and their probabilities, as constants.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.definitions import definition
from circuits.gates.gate_types import Gate, classical_bit, is_unitary
from circuits.gates.table import Matrix
from circuits.simulation.open_systems.open_program import PROJECTORS, Block
from circuits.simulation.open_systems.pauli_transfer import kraus_operators

# Up to this size, matrices act as sums of slices, which become one loop.
SLICED = 4
HIGHEST = jax.lax.Precision.HIGHEST

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
        made = back(_times(_embedded(first, theta[0], wires)[:, :, None], rows))
        return jnp.where(_holds(first, bits, n), made, psi) if first.condition else made, bits
    matrix, bits = _chosen(block, theta, rows, bits, draws, wires, n)
    return back(_times(matrix, rows)), bits


def _chosen(block: Block, theta, rows, bits, draws, wires, n: int):
    """The product (K, K, t) of what the gates of a block did in each trajectory, and the bits."""
    size, complex_ = len(rows), rows.dtype
    total = jnp.eye(size, dtype=complex_)[:, :, None]
    decides = any(_depends(gate) for gate in block.gates)
    rho = _reduced(jax.lax.stop_gradient(rows)) if decides else None
    for gate, angle, draw in zip(block.gates, theta, draws, strict=True):
        if is_unitary(gate):
            step = _embedded(gate, angle, wires)[:, :, None]
            if gate.condition:
                eye = jnp.eye(size, dtype=complex_)[:, :, None]
                step = jnp.where(_holds(gate, bits, n), step, eye)
        else:
            operators = np.stack([_embed(each, gate.wires, wires) for each in _operators(gate)])
            step, outcome = _pick(jnp.asarray(operators, complex_), rho, draw)
            if gate.name == "measure":
                bits = bits.at[classical_bit(gate) - n].set(outcome)
        total = _multiply(step, total)
        if rho is not None:
            turned = jax.lax.stop_gradient(step)
            rho = _multiply(_multiply(turned, rho), jnp.swapaxes(turned.conj(), 0, 1))
    return total, bits


def _pick(operators: jax.Array, rho: jax.Array | None, draw: jax.Array):
    """One of the operators (m, K, K) for each trajectory: normalised (K, K, t), and its number.

    Without a reduced state `rho` (K, K, t), which mixtures of unitaries do not need.
    """
    if rho is None:
        weights = jnp.sum(jnp.abs(operators) ** 2, (1, 2))[:, None] / operators.shape[1]
    else:
        forms = jnp.einsum("mab,mac->mbc", operators.conj(), operators, precision=HIGHEST)
        weights = jnp.einsum("mbc,cbt->mt", forms, rho, precision=HIGHEST).real
        weights = jnp.maximum(weights, 0)
    running = jnp.cumsum(weights, 0)
    total = running[-1]
    # A little less than the sum, so that rounding chooses no impossible operator.
    below = draw * total * (1 - 4 * jnp.finfo(draw.dtype).eps)
    outcome = jnp.argmax(running > below, 0).astype(jnp.int32)
    weight = jnp.take_along_axis(
        jnp.broadcast_to(weights, running.shape[:1] + draw.shape), outcome[None], 0
    )[0]
    scale = jnp.sqrt(total / weight).astype(operators.dtype)
    return jnp.moveaxis(operators[outcome], 0, -1) * scale, outcome


def _operators(gate: Gate) -> Matrix:
    return PROJECTORS.array if gate.name == "measure" else kraus_operators(gate)


def _depends(gate: Gate) -> bool:
    """Whether what a gate does to a state is chosen by the state: not in mixtures of unitaries."""
    if is_unitary(gate) or gate.name == "amplitudes":
        return False
    operators = _operators(gate)
    forms = np.einsum("mab,mac->mbc", operators.conj(), operators)
    size = operators.shape[1]
    means = np.trace(forms, axis1=1, axis2=2)[:, None, None] / size
    return not np.allclose(forms, means * np.eye(size), atol=1e-9)


def _holds(gate: Gate, bits: jax.Array, n: int) -> jax.Array:
    """Whether the condition of a gate holds in each trajectory."""
    assert gate.condition is not None
    return bits[gate.condition[0] - n] == gate.condition[1]


def _embedded(gate: Gate, angle, wires: tuple[int, ...]) -> jax.Array:
    """The unitary (K, K) of a gate on the wires of its block."""
    matrix = definition(gate).matrix
    matrix = matrix() if angle is None else matrix(angle)
    others = [wire for wire in wires if wire not in gate.wires]
    full = jnp.kron(matrix, jnp.eye(2 ** len(others), dtype=matrix.dtype))
    axes = np.argsort([*gate.wires, *others])
    full = full.reshape((2,) * (2 * len(wires)))
    return full.transpose([*axes, *(axes + len(wires))]).reshape((2 ** len(wires),) * 2)


def _embed(matrix: Matrix, gate_wires: tuple[int, ...], wires: tuple[int, ...]) -> Matrix:
    """An operator on some of the wires of a block as one on all of them."""
    others = [wire for wire in wires if wire not in gate_wires]
    axes = np.argsort([*gate_wires, *others])
    full = np.kron(matrix, np.eye(2 ** len(others))).reshape((2,) * (2 * len(wires)))
    return full.transpose([*axes, *(axes + len(wires))]).reshape((2 ** len(wires),) * 2)


def _gather(psi: jax.Array, wires: tuple[int, ...], n: int):
    """States (2**n, t) as rows (K, R, t) of the wires' basis states, and the way back."""
    front = range(len(wires))
    split = jnp.moveaxis(psi.reshape(*(2,) * n, -1), wires, front)

    def back(rows: jax.Array) -> jax.Array:
        return jnp.moveaxis(rows.reshape(split.shape), front, wires).reshape(psi.shape)

    return split.reshape(2 ** len(wires), -1, psi.shape[1]), back


def _multiply(first: jax.Array, second: jax.Array) -> jax.Array:
    """Products of small matrices (K, K, t), or (K, K, 1) where they are all the same."""
    return jnp.sum(first[:, :, None] * second[None], axis=1)


def _times(matrix: jax.Array, rows: jax.Array) -> jax.Array:
    """(K, K, t) or (K, K, 1) times (K, R, t)."""
    if len(matrix) > SLICED:
        wide = jnp.broadcast_to(matrix, (*matrix.shape[:2], rows.shape[2]))
        return jnp.einsum("abt,brt->art", wide, rows, precision=HIGHEST)
    parts = [matrix[:, at, None] * row for at, row in enumerate(rows)]
    return reduce(jnp.add, parts)


def _reduced(rows: jax.Array) -> jax.Array:
    """Reduced density matrices (K, K, t) of the wires."""
    if len(rows) > SLICED:
        return jnp.einsum("art,brt->abt", rows, rows.conj(), precision=HIGHEST)
    return jnp.stack([jnp.sum(row * rows.conj(), 1) for row in rows])
