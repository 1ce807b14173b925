"""Small matrices of trajectories: products of unitaries, and one Kraus operator drawn for each.

Matrices of a block on k wires are (K, K), or (K, K, t) for t trajectories, with ``K = 2**k``.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.definitions import definition
from circuits.gates.gate_types import Gate, is_unitary
from circuits.gates.table import Matrix
from circuits.simulation.open_systems.open_program import PROJECTORS
from circuits.simulation.open_systems.pauli_transfer import kraus_operators

# Up to this size, matrices act as sums of slices, which become one loop.
SLICED = 4
HIGHEST = jax.lax.Precision.HIGHEST


class Channels(NamedTuple):
    """Kraus operators A (d, m, K, K) of d channels, and their ``A^+ A``.

    Where a channel has fewer operators than another one, zeros follow, which nothing chooses.
    """

    operators: jax.Array
    forms: jax.Array


def depends(gate: Gate) -> bool:
    """Return whether what a gate does is chosen by the state: not so in mixtures of unitaries.

    >>> depends(Gate("reset", (0,))), depends(Gate("h", (0,)))
    (True, False)
    """
    if is_unitary(gate) or gate.name == "amplitudes":
        return False
    operators = _operators(gate)
    forms = np.einsum("mab,mac->mbc", operators.conj(), operators)
    size = operators.shape[1]
    means = np.trace(forms, axis1=1, axis2=2)[:, None, None] / size
    return not np.allclose(forms, means * np.eye(size), atol=1e-9)


def channel_tables(gates: Sequence[Gate], wires: tuple[int, ...], dtype):
    """Return the different channels among some, and which of them each gate is.

    >>> channels, numbers = channel_tables(2 * [Gate("reset", (1,))], (0, 1), complex)
    >>> channels.operators.shape, numbers.tolist()
    ((1, 2, 4, 4), [0, 0])
    """
    distinct = list(dict.fromkeys(gates))
    made = [_embed(_operators(gate), gate.wires, wires) for gate in distinct]
    operators = np.zeros((len(made), max(map(len, made)), *made[0].shape[1:]), complex)
    for row, each in zip(operators, made, strict=True):
        row[: len(each)] = each
    forms = np.swapaxes(operators.conj(), 2, 3) @ operators
    numbers = np.array([distinct.index(gate) for gate in gates], np.int32)
    return Channels(jnp.asarray(operators, dtype), jnp.asarray(forms, dtype)), numbers


def unitary_products(
    blocks: Sequence[Sequence[Gate]], thetas: Sequence[Sequence[Any]], wires: tuple[int, ...]
) -> jax.Array:
    """Return the products (b, c + 1, K, K) of the unitaries between channels, for b blocks.

    Args:
        blocks: the gates of each, on some of the wires; c is the most channels that one has.
        thetas: for each gate its angle, or None.
        wires: of a block.

    Returns:
        for each block the products before its first channel, its second, and so on, then that
        after its last channel; where it has fewer than c, identities stand before the latter.

    >>> gates = [Gate("x", (0,)), Gate("reset", (0,)), Gate("z", (0,))]
    >>> made = unitary_products([gates], [3 * [None]], (0,))
    >>> made.shape, made[0, 1].real.tolist()
    ((1, 2, 2, 2), [[1.0, 0.0], [0.0, -1.0]])
    """
    theta = [angle for angles in thetas for angle in angles]
    matrices, rows = _unitaries([gate for gates in blocks for gate in gates], theta, wires)
    given = iter(rows)
    runs = [_between_channels([(gate, next(given)) for gate in gates]) for gates in blocks]
    count, longest = max(map(len, runs)), max(1, *(len(run) for each in runs for run in each))
    # Row 0 is the identity; powers of two are multiplied in pairs.
    index = np.zeros((len(blocks), count, 1 << (longest - 1).bit_length()), np.int32)
    for at, each in enumerate(runs):
        for place, run in enumerate([*each[:-1], *[[]] * (count - len(each)), each[-1]]):
            index[at, place, : len(run)] = run
    made = matrices[index]
    while made.shape[2] > 1:
        pairs = made[:, :, 1::2], made[:, :, ::2]
        made = jnp.einsum("sclab,sclbd->sclad", *pairs, precision=HIGHEST)
    return made[:, :, 0]


def unitary_of(gate: Gate, angle, wires: tuple[int, ...]) -> jax.Array:
    """Return the unitary (K, K) of a gate on some of the wires.

    >>> unitary_of(Gate("x", (1,)), None, (0, 1)).real.astype(int)[0].tolist()
    [0, 1, 0, 0]
    """
    matrices = _matrices(gate, None if angle is None else angle[None])
    return _embed(matrices, gate.wires, wires)[0]


def choose(operators: jax.Array, forms: jax.Array, rho: jax.Array, draw: jax.Array):
    """Return one of the operators (m, K, K) for each trajectory, normalised, and its number.

    Args:
        operators: of one channel.
        forms: their ``A^+ A``.
        rho: states (K, K, t), or (K, K, 1) where all are the same, in which these are weighed.
        draw: numbers (t,) from 0 to 1.
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


def follow(total: jax.Array, rho, unitary, channels: Channels, number, draw) -> jax.Array:
    """Return the products (K, K, t) after a unitary (K, K, 1) and an operator of a channel."""
    total = multiply(unitary, total)
    operators, forms = channels.operators[number], channels.forms[number]
    return multiply(choose(operators, forms, turned(rho, total), draw)[0], total)


def turned(rho: jax.Array | None, total: jax.Array) -> jax.Array:
    """Return reduced states (K, K, t) after `total`; without them their mean, as for mixtures."""
    if rho is None:
        return jnp.eye(len(total), dtype=total.dtype)[:, :, None] / len(total)
    total = jax.lax.stop_gradient(total)
    return multiply(multiply(total, rho), jnp.swapaxes(total.conj(), 0, 1))


def multiply(first: jax.Array, second: jax.Array) -> jax.Array:
    """Return products of matrices (K, K, t), or (K, K, 1) where they are all the same."""
    return jnp.sum(first[:, :, None] * second[None], axis=1)


def times(matrix: jax.Array, rows: jax.Array) -> jax.Array:
    """Return (K, K, t) or (K, K, 1) times (K, R, t)."""
    if len(matrix) > SLICED:
        wide = jnp.broadcast_to(matrix, (*matrix.shape[:2], rows.shape[2]))
        return jnp.einsum("abt,brt->art", wide, rows, precision=HIGHEST)
    parts = [matrix[:, at, None] * row for at, row in enumerate(rows)]
    return reduce(jnp.add, parts)


def reduced(rows: jax.Array) -> jax.Array:
    """Return the reduced density matrices (K, K, t) of states (K, R, t), as constants."""
    rows = jax.lax.stop_gradient(rows)
    if len(rows) > SLICED:
        return jnp.einsum("art,brt->abt", rows, rows.conj(), precision=HIGHEST)
    return jnp.stack([jnp.sum(row * rows.conj(), 1) for row in rows])


def _between_channels(gates: Sequence[tuple[Gate, int]]) -> list[list[int]]:
    """Rows of the unitaries before each channel, and of those after the last one."""
    runs: list[list[int]] = [[]]
    for gate, row in gates:
        runs[-1:] = [[*runs[-1], row]] if is_unitary(gate) else [runs[-1], []]
    return runs


def _unitaries(gates: Sequence[Gate], theta: Sequence[Any], wires: tuple[int, ...]):
    """The identity and the unitaries among the gates, (r, K, K), and each gate's row."""
    makes: dict[Gate, list[int]] = {}
    for at, gate in enumerate(gates):
        if is_unitary(gate):
            makes.setdefault(gate._replace(angle=None), []).append(at)
    parts, rows = [jnp.eye(2 ** len(wires), dtype=jnp.result_type(complex))[None]], [0] * len(gates)
    for places in makes.values():
        gate, angles = gates[places[0]], [theta[at] for at in places]
        matrices = _matrices(gate, None if gate.angle is None else jnp.stack(angles))
        first = sum(map(len, parts))
        for row, at in enumerate(places):
            rows[at] = first + row % len(matrices)
        parts.append(_embed(matrices, gate.wires, wires))
    return jnp.concatenate(parts), rows


def _operators(gate: Gate) -> Matrix:
    return PROJECTORS.array if gate.name == "measure" else kraus_operators(gate)


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
