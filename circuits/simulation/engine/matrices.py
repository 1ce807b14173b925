"""Matrices of blocks from the angles, all blocks of one recipe in one array program.

A recipe is what blocks have in common: gate names, local wires, which segment each angle is read
from. However deep a circuit, the number of recipes is small, and so is the program that makes the
matrices. Blocks on few wires are sums of constant matrices (`waves`) times products of cosines and
sines: one small matrix product for all of them, and one more for their gradient.
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
from circuits.simulation.engine.waves import MAX_WIRES, product_terms, sections, waves

HIGHEST = jax.lax.Precision.HIGHEST

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


class Places(NamedTuple):
    """Where the matrices of blocks stand: `groups` of one recipe each, and (group, row) of each."""

    groups: tuple[tuple[Block, ...], ...]
    rows: dict[Block, tuple[int, int]]

    def take(self, arrays: Sequence[jax.Array], blocks: Sequence[Block]) -> Pair:
        """Matrices (r, 2**k, 2**k) or (r, 2**k, 2**k, b) of r blocks of one recipe."""
        group = self.rows[blocks[0]][0]
        rows = arrays[group][np.array([self.rows[block][1] for block in blocks], np.int32)]
        return rows[:, 0], rows[:, 1]


def place_blocks(blocks: Iterable[Block]) -> Places:
    """Return an order of blocks in which those of one recipe stand together; equal ones are one."""
    groups: dict[tuple[Part, ...], list[Block]] = {}
    for block in dict.fromkeys(blocks):
        groups.setdefault(recipe(block), []).append(block)
    listed = tuple(map(tuple, groups.values()))
    rows = {block: (at, row) for at, group in enumerate(listed) for row, block in enumerate(group)}
    return Places(listed, rows)


def block_matrices(
    places: Places, angles: Angles, columns: int | None = None
) -> tuple[jax.Array, ...]:
    """Return the matrices of each group of blocks.

    Args:
        places: of blocks on k wires each (k may differ from group to group).
        angles: `{segment: (size,) or (size, b)}` in radians.
        columns: how many of each matrix; all of them by default.

    Returns:
        arrays (m, 2, 2**k, columns) or (m, 2, 2**k, columns, b) of real and imaginary parts.

    >>> from circuits import gate
    >>> twice = Block((0,), (gate("h", 0), gate("h", 0)))
    >>> print(block_matrices(place_blocks([twice]), {})[0][0, 0].round(3))
    [[1. 0.]
     [0. 1.]]
    """
    return tuple(_group(group, angles, columns or None) for group in places.groups)


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


def _group(blocks: Sequence[Block], angles: Angles, columns: int | None) -> jax.Array:
    n_wires, gates = len(blocks[0].wires), blocks[0].gates
    if n_wires > MAX_WIRES or any(gate.name == "driven" for gate in gates):
        factors = [
            (part.wires, _gate_matrices([block.gates[place] for block in blocks], angles))
            for place, part in enumerate(recipe(blocks[0]))
        ]
    elif len(ranges := sections(gates)) == 1:
        return _sum_of_waves(blocks, ranges[0], angles, columns)
    else:
        made = [_sum_of_waves(blocks, places, angles, None) for places in ranges]
        factors = [(tuple(range(n_wires)), _complex(each)) for each in made]
    batched = any(_part(gate, blocks[0].wires).source in _batched(angles) for gate in gates)
    return _product(factors, blocks, columns, batched)


def _batched(angles: Angles) -> set[str]:
    return {name for name, array in angles.items() if jnp.ndim(array) == 2}


def _sum_of_waves(
    blocks: Sequence[Block], places: range, angles: Angles, columns: int | None
) -> jax.Array:
    """Products (m, 2, 2**k, columns) or (m, 2, 2**k, columns, b) of the gates at some places."""
    m, first = len(blocks), blocks[0]
    turning = [place for place in places if first.gates[place].angle is not None]
    made = [_features([block.gates[place] for block in blocks], angles) for place in turning]
    terms = product_terms([first.gates[place] for place in places], first.wires)[..., :columns]
    terms = terms.reshape(*(each.shape[1] for each in made), *terms.shape[-2:])
    # The waves that the batch has in common come first, and are summed over once for all of it.
    order = sorted(range(len(made)), key=lambda place: made[place].ndim)
    numbers = np.stack([terms.real, terms.imag], -3).transpose(
        *order, *range(len(made), len(made) + 3)
    )
    shared = _choices([each for each in made if each.ndim == 2], m)
    table = jnp.asarray(numbers.reshape(shared.shape[1], -1), shared.dtype)
    total = jnp.matmul(shared, table, precision=HIGHEST)
    if not any(each.ndim == 3 for each in made):
        return total.reshape(m, *numbers.shape[-3:])
    batched = _choices([each for each in made if each.ndim == 3], m)
    total = total.reshape(m, batched.shape[1], -1)
    whole = jnp.einsum("msk,msb->mkb", total, batched, precision=HIGHEST)
    return whole.reshape(m, *numbers.shape[-3:], -1)


def _features(gates: Sequence[Gate], angles: Angles) -> jax.Array:
    """The waves (m, s) or (m, s, b) of m gates at their angles."""
    rows, sizes = angle_rows(gates, angles)[:, None], waves(gates[0]).frequencies
    turns = rows * jnp.asarray(sizes, rows.dtype).reshape(-1, *(1,) * (rows.ndim - 2))
    return jnp.concatenate([jnp.cos(turns), jnp.sin(turns[:, sizes.count(0) :])], axis=1)


def _choices(features: Sequence[jax.Array], m: int) -> jax.Array:
    """Products of one wave of each gate, (m, s) or (m, s, b) for all s choices."""
    total = jnp.ones((m, *(1,) * (features[0].ndim - 1 if features else 1)), jnp.result_type(float))
    for each in features:
        product = total[:, :, None] * each[:, None]
        total = product.reshape(m, -1, *each.shape[2:])
    return total


def _complex(pair: jax.Array) -> jax.Array:
    """Complex matrices (m, d, d, b); b is 1 where the batch has them in common."""
    made = jax.lax.complex(pair[:, 0], pair[:, 1])
    return made if made.ndim == 4 else made[..., None]


def _gate_matrices(gates: list[Gate], angles: Angles) -> jax.Array:
    """Matrices (m, d, d, b) of gates of one name; m and b are 1 where they are all the same."""
    matrix = definition(gates[0]).matrix
    if gates[0].angle is None:
        return matrix()[None, :, :, None]
    rows = angle_rows(gates, angles)
    rows = rows[:, None] if rows.ndim == 1 else rows
    return jnp.moveaxis(jax.vmap(jax.vmap(matrix))(rows), 1, -1)


def _product(factors, blocks: Sequence[Block], columns: int | None, batched: bool) -> jax.Array:
    """Products (m, 2, 2**k, columns) or (m, 2, 2**k, columns, b) of matrices on local wires."""
    n_wires = len(blocks[0].wires)
    total = jnp.eye(2**n_wires, columns, dtype=jnp.result_type(complex))[None, :, :, None]
    for local, matrices in factors:
        total = _multiply(matrices, local, total, n_wires)
    total = jnp.broadcast_to(total, (len(blocks), *total.shape[1:]))
    both = jnp.stack([total.real, total.imag], 1)
    return both if batched else both[..., 0]


def _multiply(matrices: jax.Array, local: Sequence[int], total: jax.Array, n_wires: int):
    """Apply gates on local wires from the left of the product so far; all with a last axis b."""
    rows, size, columns, _ = total.shape
    axes, front = [1 + wire for wire in local], list(range(1, 1 + len(local)))
    moved = jnp.moveaxis(total.reshape(rows, *(2,) * n_wires, columns, -1), axes, front)
    flat = moved.reshape(rows, 2 ** len(local), -1, columns, total.shape[-1])
    made = jnp.sum(matrices[:, :, :, None, None] * flat[:, None], axis=2)
    made = made.reshape(made.shape[0], *moved.shape[1:-1], made.shape[-1])
    return jnp.moveaxis(made, front, axes).reshape(made.shape[0], size, columns, made.shape[-1])
