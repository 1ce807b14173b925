"""Many blocks of trajectories in one loop: what is compiled does not grow with their number.

The qubits of a block are brought to the front of the register, where they change places with
those that stand there; at the end all go home. So blocks act on the same axes, and which qubits
these are is a number that chooses one of a few reorderings.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.gate_types import Gate, is_unitary
from circuits.simulation.open_systems.open_program import MAX_WIDTH, Block, recipe
from circuits.simulation.open_systems.trajectory_blocks import is_classical
from circuits.simulation.open_systems.trajectory_draws import gate_draws
from circuits.simulation.open_systems.trajectory_matrices import (
    Channels,
    channel_tables,
    depends,
    follow,
    multiply,
    reduced,
    times,
    unitary_products,
)

Axes = tuple[int, ...]


class _Shape(NamedTuple):
    """Blocks on `k` wires that one program runs: `ends` where the last gate is a channel."""

    k: int
    noisy: bool
    decides: bool
    ends: bool


class _Numbers(NamedTuple):
    """What differs between b blocks, the arrays padded to one size.

    `unitaries` (b, c + 1, K, K) around at most c channels, `count` (b,) of them; `which` (b, c)
    channels these are, and their `places` (b, c) among the gates.
    """

    unitaries: jax.Array
    count: Any
    which: Any
    places: Any


class _Kind(NamedTuple):
    """What blocks of a shape have in common: at most `most` channels, all as many if `even`."""

    shape: _Shape
    channels: Channels | None
    most: int
    even: bool


def is_plain(block: Block) -> bool:
    """Return whether a block is of unitaries and channels on few qubits, and of no classical bit.

    >>> is_plain(Block((0,), (Gate("reset", (0,)),)))
    True
    """
    classical = any(gate.name == "amplitudes" or is_classical(gate) for gate in block.gates)
    return not classical and 2 * len(block.sites) <= MAX_WIDTH


def act_run(
    blocks: Sequence[Block], thetas: Sequence[Sequence[Any]], place, psi, keys: jax.Array, n: int
) -> jax.Array:
    """Return the states (2**n, t) after plain blocks, one after the other.

    Args:
        blocks: on qubits below `n`.
        thetas: for each gate of each block its angle, or None.
        place: number of the first block in its circuit.
        psi: states (2**n, t).
        keys: of t trajectories.
        n: number of qubits.
    """
    moved, moves, home = _in_front(blocks, n)
    recipes = [recipe(block) for block in moved]
    kinds, chosen, numbers = _kinds(recipes, thetas, [len(block.sites) for block in moved])
    orders, gates = list(dict.fromkeys(moves)), max(map(len, recipes))
    reorders = [partial(_reordered, axes=axes) for axes in orders]
    actions = [partial(_act, kind) for kind in kinds]

    def step(psi, inputs):
        order, kind, at, numbers = inputs
        draws = gate_draws(keys, at, gates)[numbers.places]
        psi = jax.lax.switch(order, reorders, psi)
        return jax.lax.switch(kind, actions, psi, numbers, draws), None

    chosen_orders = np.array([orders.index(axes) for axes in moves], np.int32)
    at = place + np.arange(len(blocks), dtype=np.int32)
    inputs = jax.tree.map(jnp.asarray, (chosen_orders, chosen, at, numbers))
    return _reordered(jax.lax.scan(jax.checkpoint(step, prevent_cse=False), psi, inputs)[0], home)


def _kinds(recipes, thetas, widths) -> tuple[list[_Kind], Any, _Numbers]:
    """The kinds among some blocks, each block's one, and what else differs between them."""
    shapes = [_shape(gates, k) for gates, k in zip(recipes, widths, strict=True)]
    groups = {shape: [at for at, each in enumerate(shapes) if each == shape] for shape in shapes}
    made = [
        _numbers(shape, [recipes[at] for at in some], [thetas[at] for at in some])
        for shape, some in groups.items()
    ]
    back = np.argsort([at for some in groups.values() for at in some])
    parts = zip(*(numbers for _, numbers in made), strict=True)
    chosen = np.array([list(groups).index(shape) for shape in shapes], np.int32)
    return [kind for kind, _ in made], chosen, _Numbers(*(_joined(each)[back] for each in parts))


def _in_front(blocks: Sequence[Block], n: int) -> tuple[list[Block], list[Axes], Axes]:
    """Blocks with the qubits on the first axes as sites, the moves before each, the way home."""
    order = list(range(n))
    moved, moves = [], []
    for block in blocks:
        k = len(block.sites)
        free = [axis for axis in range(k) if order[axis] not in block.sites]
        away = sorted(order.index(site) for site in block.sites if site not in order[:k])
        axes = np.arange(n)
        axes[free + away] = away + free
        order = [order[axis] for axis in axes]
        moved.append(Block(tuple(order[:k]), block.gates))
        moves.append(tuple(axes.tolist()))
    return moved, moves, tuple(np.argsort(order).tolist())


def _reordered(psi: jax.Array, axes: Axes) -> jax.Array:
    n = len(axes)
    return psi.reshape(*(2,) * n, -1).transpose(*axes, n).reshape(psi.shape)


def _shape(gates: Sequence[Gate], k: int) -> _Shape:
    noisy = not all(map(is_unitary, gates))
    return _Shape(k, noisy, any(map(depends, gates)), not is_unitary(gates[-1]))


def _numbers(shape: _Shape, recipes: Sequence[Sequence[Gate]], thetas):
    """The kind of some blocks of one shape, and what differs between them."""
    wires, dtype = tuple(range(shape.k)), jnp.result_type(complex)
    places = [[at for at, gate in enumerate(gates) if not is_unitary(gate)] for gates in recipes]
    found = [gates[at] for gates, each in zip(recipes, places, strict=True) for at in each]
    channels, which = channel_tables(found, wires, dtype) if found else (None, np.zeros(0, int))
    count = np.array([len(each) for each in places], np.int32)
    used = np.arange(count.max()) < count[:, None]
    given, at = np.zeros(used.shape, np.int32), np.zeros(used.shape, np.int32)
    given[used], at[used] = which, [place for each in places for place in each]
    kind = _Kind(shape, channels, int(count.max()), len(set(count.tolist())) == 1)
    return kind, _Numbers(unitary_products(recipes, thetas, wires), count, given, at)


def _joined(parts: Sequence[Any]) -> jax.Array:
    """Arrays one after the other, with zeros behind what is smaller in the other axes."""
    sizes = np.max([part.shape[1:] for part in parts], axis=0).astype(int)
    ends = [[(0, 0), *((0, end) for end in sizes - part.shape[1:])] for part in parts]
    return jnp.concatenate([jnp.pad(x, end) for x, end in zip(parts, ends, strict=True)])


def _act(kind: _Kind, psi: jax.Array, numbers: _Numbers, draws: jax.Array) -> jax.Array:
    """The states after one block on the first qubits."""
    size, most = 2**kind.shape.k, kind.most
    unitaries = numbers.unitaries[: most + 1, :size, :size, None]
    rows = psi.reshape(size, -1, psi.shape[1])
    channels = kind.channels
    if channels is None:
        return times(unitaries[0], rows).reshape(psi.shape)
    rho = reduced(rows) if kind.shape.decides else None

    def step(total, inputs):
        place, unitary, number, draw = inputs

        def act(total):
            return follow(total, rho, unitary, channels, number, draw)

        if kind.even:
            return act(total), None
        return jax.lax.cond(place < numbers.count, act, lambda total: total, total), None

    total = jnp.broadcast_to(jnp.eye(size, dtype=psi.dtype)[:, :, None], (size, size, psi.shape[1]))
    each = jnp.arange(most, dtype=jnp.int32), unitaries[:-1], numbers.which[:most], draws[:most]
    total, _ = jax.lax.scan(step, total, each)
    total = total if kind.shape.ends else multiply(unitaries[-1], total)
    return times(total, rows).reshape(psi.shape)
