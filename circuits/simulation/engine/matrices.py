"""Matrices of blocks from the angles, all blocks of one recipe in one array program.

A recipe is what blocks have in common: gate names, local wires, which segment each angle is read
from. However deep a circuit, the number of recipes is small, and so is the program that makes the
matrices. Matrices are pairs of real arrays, (real, imaginary); a batch of angles is the last axis.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits.circuit import Slot
from circuits.gates.definitions import definition
from circuits.gates.gate_types import Gate
from circuits.simulation.engine.fusion import Block

Pair = tuple[jax.Array, jax.Array]  # real and imaginary part of one complex array
Angles = Mapping[str, jax.Array]  # {segment: (size,) or (size, b)}


class Part(NamedTuple):
    """One gate of a recipe: its name and data, its wires inside the block, its angle's source."""

    name: str
    data: Any
    wires: tuple[int, ...]
    source: str | None


def recipe(block: Block) -> tuple[Part, ...]:
    """Return what all blocks of the same make share.

    >>> from circuits import gate
    >>> [part.source for part in recipe(Block((3,), (gate("h", 3), gate("rx", 3, angle=("w", 7)))))]
    [None, 'w']
    """
    return tuple(_part(gate, block.wires) for gate in block.gates)


class BlockTable(NamedTuple):
    """Matrices of many blocks: those of one recipe stand in one pair of arrays, a row each."""

    arrays: dict[tuple[Part, ...], Pair]
    rows: dict[Block, int]

    def take(self, blocks: Sequence[Block]) -> Pair:
        """Matrices (r, 2**k, 2**k) or (r, 2**k, 2**k, b) of r blocks of one recipe."""
        rows = np.array([self.rows[block] for block in blocks], np.int32)
        real, imaginary = self.arrays[recipe(blocks[0])]
        return real[rows], imaginary[rows]


def block_matrices(blocks: Iterable[Block], angles: Angles) -> BlockTable:
    """Return the matrices of blocks.

    Args:
        blocks: on k wires each (k may differ); equal ones are made once.
        angles: `{segment: (size,) or (size, b)}` in radians.

    >>> from circuits import gate
    >>> twice = Block((0,), (gate("h", 0), gate("h", 0)))
    >>> real, imaginary = block_matrices([twice], {}).take([twice])
    >>> print(real[0].round(3))
    [[1. 0.]
     [0. 1.]]
    """
    groups: dict[tuple[Part, ...], list[Block]] = {}
    for block in dict.fromkeys(blocks):
        groups.setdefault(recipe(block), []).append(block)
    made = {parts: _product(parts, group, angles) for parts, group in groups.items()}
    arrays = {parts: (total.real, total.imag) for parts, total in made.items()}
    rows = {block: row for group in groups.values() for row, block in enumerate(group)}
    return BlockTable(arrays, rows)


def angle_rows(gates: Sequence[Gate], angles: Angles) -> jax.Array:
    """Return the angles of m gates that read the same segment: (m,) or (m, b)."""
    real = jnp.result_type(float)
    if not isinstance(gates[0].angle, Slot):
        return jnp.asarray(np.array([gate.angle for gate in gates], float), real)
    slots = [gate.angle for gate in gates if isinstance(gate.angle, Slot)]
    values = jnp.asarray(angles[slots[0].segment], real)
    scales = jnp.asarray(np.array([slot.scale for slot in slots]), real)
    rows = values[np.array([slot.index for slot in slots], np.int32)]
    return rows * scales.reshape((-1,) + (1,) * (values.ndim - 1))


def _part(gate: Gate, wires: tuple[int, ...]) -> Part:
    local = tuple(wires.index(wire) for wire in gate.wires)
    source = None if gate.angle is None else ""
    source = gate.angle.segment if isinstance(gate.angle, Slot) else source
    return Part(gate.name, gate.data, local, source)


def _product(parts, blocks: list[Block], angles: Angles) -> jax.Array:
    """Products (m, 2**k, 2**k) or (m, 2**k, 2**k, b) of the gates of blocks of one recipe."""
    n_wires = len(blocks[0].wires)
    total = jnp.eye(2**n_wires, dtype=jnp.result_type(complex))[None, :, :, None]
    for place, part in enumerate(parts):
        matrices = _gate_matrices([block.gates[place] for block in blocks], angles)
        whole = place == 0 and part.wires == tuple(range(n_wires))
        total = matrices if whole else _multiply(matrices, part.wires, total, n_wires)
    total = jnp.broadcast_to(total, (len(blocks), *total.shape[1:]))
    batched = any(part.source and jnp.ndim(angles[part.source]) == 2 for part in parts)
    return total if batched else total[..., 0]


def _gate_matrices(gates: list[Gate], angles: Angles) -> jax.Array:
    """Matrices (m, d, d, b) of gates of one name; m and b are 1 where they are all the same."""
    matrix = definition(gates[0]).matrix
    if gates[0].angle is None:
        return matrix()[None, :, :, None]
    rows = angle_rows(gates, angles)
    rows = rows[:, None] if rows.ndim == 1 else rows
    return jnp.moveaxis(jax.vmap(jax.vmap(matrix))(rows), 1, -1)


def _multiply(matrices: jax.Array, local: tuple[int, ...], total: jax.Array, n_wires: int):
    """Apply gates on local wires from the left of the product so far; all with a last axis b."""
    size, batch = 2**n_wires, total.shape[-1]
    axes, front = [1 + wire for wire in local], list(range(1, 1 + len(local)))
    split = total.reshape(total.shape[0], *(2,) * n_wires, size, batch)
    moved = jnp.moveaxis(split, axes, front)
    flat = moved.reshape(total.shape[0], 2 ** len(local), -1, size, batch)
    made = jnp.sum(matrices[:, :, :, None, None] * flat[:, None], axis=2)
    made = made.reshape(made.shape[0], *moved.shape[1:-1], made.shape[-1])
    return jnp.moveaxis(made, front, axes).reshape(made.shape[0], size, size, made.shape[-1])
