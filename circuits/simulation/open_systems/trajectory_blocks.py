"""What a block does to the states of trajectories, each with a choice of its own.

Derivatives take the choices, and their probabilities, as constants. The unitaries between two
channels are one matrix, and one loop goes over the channels: what is compiled does not grow with
their number.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import groupby
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
    total = jnp.eye(len(rows), dtype=rows.dtype)[:, :, None]
    decides = any(_depends(gate) for gate in block.gates)
    rho = _reduced(jax.lax.stop_gradient(rows)) if decides else None
    steps = list(zip(block.gates, theta, draws, strict=True))
    for classical, group in groupby(steps, lambda step: _is_classical(step[0])):
        if not classical:
            gates, angles, numbers = zip(*group, strict=True)
            total = _run(gates, angles, numbers, total, rho, wires)
            continue
        for gate, angle, draw in group:
            matrix, bits = _switch(gate, angle, draw, total, rho, bits, wires, n)
            total = _multiply(matrix, total)
    return total, bits


def _is_classical(gate: Gate) -> bool:
    """Whether a gate writes or reads a classical bit."""
    return gate.name == "measure" or gate.condition is not None


def _switch(gate: Gate, angle, draw, total, rho, bits, wires, n: int):
    """What a gate that writes or reads a bit does, (K, K, t), and the bits."""
    if gate.name == "measure":
        operators, forms, _ = _tables([gate], wires, total.dtype)
        matrix, outcome = _pick(operators[0], forms[0], _turned(rho, total), draw)
        return matrix, bits.at[classical_bit(gate) - n].set(outcome)
    eye = jnp.eye(len(total), dtype=total.dtype)[:, :, None]
    return jnp.where(_holds(gate, bits, n), _embedded(gate, angle, wires)[:, :, None], eye), bits


def _run(gates: Sequence[Gate], theta, draws, total: jax.Array, rho, wires) -> jax.Array:
    """The product (K, K, t) after unitaries and channels, which follows `total`."""
    unitaries = _products(gates, theta, wires)[..., None]
    channels = [at for at, gate in enumerate(gates) if not is_unitary(gate)]
    if channels:
        operators, forms, kinds = _tables([gates[at] for at in channels], wires, total.dtype)
        drawn = jnp.stack([draws[at] for at in channels])

        def step(total, inputs):
            unitary, kind, draw = inputs
            total = _multiply(unitary, total)
            matrix, _ = _pick(operators[kind], forms[kind], _turned(rho, total), draw)
            return _multiply(matrix, total), None

        wide = jnp.broadcast_to(total, (*total.shape[:2], drawn.shape[1]))
        total, _ = jax.lax.scan(step, wide, (unitaries[:-1], kinds, drawn))
    return _multiply(unitaries[-1], total) if is_unitary(gates[-1]) else total


def _products(gates: Sequence[Gate], theta, wires: tuple[int, ...]) -> jax.Array:
    """Products (s, K, K) of the unitaries before each channel, and of those after the last one."""
    matrices, rows = _unitaries(gates, theta, wires)
    runs: list[list[int]] = [[]]
    for at, gate in enumerate(gates):
        runs[-1:] = [[*runs[-1], rows[at]]] if is_unitary(gate) else [runs[-1], []]
    longest = max(1, *map(len, runs))
    size = 1 << (longest - 1).bit_length()
    # Row 0 is the identity.
    index = np.array([run + [0] * (size - len(run)) for run in runs], np.int32)
    made = matrices[index]
    while made.shape[1] > 1:
        made = jnp.einsum("slab,slbc->slac", made[:, 1::2], made[:, ::2], precision=HIGHEST)
    return made[:, 0]


def _unitaries(gates: Sequence[Gate], theta, wires: tuple[int, ...]):
    """The identity and the unitaries among the gates, (r, K, K), and the row of each of these."""
    makes: dict[Gate, list[int]] = {}
    for at, gate in enumerate(gates):
        if is_unitary(gate):
            makes.setdefault(gate._replace(angle=None), []).append(at)
    parts, rows = [jnp.eye(2 ** len(wires), dtype=jnp.result_type(complex))[None]], {}
    for places in makes.values():
        gate, angles = gates[places[0]], [theta[at] for at in places]
        matrices = _matrices(gate, None if gate.angle is None else jnp.stack(angles))
        first = sum(map(len, parts))
        rows |= {at: first + row % len(matrices) for row, at in enumerate(places)}
        parts.append(_embed(matrices, gate.wires, wires))
    return jnp.concatenate(parts), rows


def _tables(gates: Sequence[Gate], wires: tuple[int, ...], dtype):
    """Kraus operators A (d, m, K, K) of d channels, their A^+ A, and which channel each gate is.

    Where a channel has fewer operators than another one, zeros follow, which nothing chooses.
    """
    distinct = list(dict.fromkeys(gates))
    made = [_embed(_operators(gate), gate.wires, wires) for gate in distinct]
    operators = np.zeros((len(made), max(map(len, made)), *made[0].shape[1:]), complex)
    for row, each in zip(operators, made, strict=True):
        row[: len(each)] = each
    forms = np.swapaxes(operators.conj(), 2, 3) @ operators
    kinds = np.array([distinct.index(gate) for gate in gates], np.int32)
    return jnp.asarray(operators, dtype), jnp.asarray(forms, dtype), jnp.asarray(kinds)


def _pick(operators: jax.Array, forms: jax.Array, rho: jax.Array, draw: jax.Array):
    """One of the operators (m, K, K) for each trajectory: normalised (K, K, t), and its number.

    The operators A have the `forms` A^+ A, weighed in states `rho` (K, K, t) or (K, K, 1).
    """
    weights = jnp.einsum("mbc,cbt->mt", forms, rho, precision=HIGHEST).real
    weights = jnp.maximum(weights, 0)
    # What is impossible is never above the mark, whatever the rounding.
    running = jnp.where(weights > 0, jnp.cumsum(weights, 0), 0)
    total = running.max(0)
    below = draw * total * (1 - 4 * jnp.finfo(draw.dtype).eps)
    outcome = jnp.argmax(running > below, 0).astype(jnp.int32)
    wide = jnp.broadcast_to(weights, (len(weights), len(draw)))
    weight = jnp.take_along_axis(wide, outcome[None], 0)[0]
    scale = jnp.sqrt(total / weight).astype(operators.dtype)
    return jnp.moveaxis(operators[outcome], 0, -1) * scale, outcome


def _turned(rho: jax.Array | None, total: jax.Array) -> jax.Array:
    """Reduced states (K, K, t) after `total`; without them their mean, as for mixtures."""
    if rho is None:
        return jnp.eye(len(total), dtype=total.dtype)[:, :, None] / len(total)
    total = jax.lax.stop_gradient(total)
    return _multiply(_multiply(total, rho), jnp.swapaxes(total.conj(), 0, 1))


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
    matrices = _matrices(gate, None if angle is None else angle[None])
    return _embed(matrices, gate.wires, wires)[0]


def _matrices(gate: Gate, angles: jax.Array | None) -> jax.Array:
    """The unitaries (r, k, k) of a gate at r angles, or the one (1, k, k) without an angle."""
    matrix = definition(gate).matrix
    return matrix()[None] if angles is None else jax.vmap(matrix)(angles)


def _embed(matrices, gate_wires: tuple[int, ...], wires: tuple[int, ...]):
    """Operators (r, k, k) on some of the wires of a block as (r, K, K) on all of them."""
    others = [wire for wire in wires if wire not in gate_wires]
    eye = np.eye(2 ** len(others), dtype=matrices.dtype)
    full = matrices[:, :, None, :, None] * eye[:, None]
    axes = 1 + np.argsort([*gate_wires, *others])
    full = full.reshape(-1, *(2,) * (2 * len(wires)))
    return full.transpose([0, *axes, *(axes + len(wires))]).reshape(-1, *(2 ** len(wires),) * 2)


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
