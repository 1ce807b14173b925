"""Pauli sums on a state that is spread over devices, in whatever layout its circuit left it.

A Pauli string of the qubits is one of the address bits too: a layout maps flipped bits by the
inverse of its matrix and sign masks by its transpose. The leading bits name a *block*: a device and
one of the chunks that its part is cut into. A string leads from each block to one other, which may
be another device's, and on that it is a string of the bits left.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.observables import Pauli, PauliSum
from circuits.simulation.devices.chunks import (
    Cut,
    each_chunk,
    leading_cut,
    moment,
    put_chunk,
    take_chunk,
    take_pair,
)
from circuits.simulation.devices.layout import Layout, inverse_matrix, to_int
from circuits.simulation.engine.dispatch import linear_operation
from circuits.simulation.engine.matrices import Pair
from circuits.simulation.pauli import apply_pauli_sums, pauli_expectations


class _Local(NamedTuple):
    """A string as ``i**odd * sign * pauli``, on block ``b ^ partner``.

    The sign is that of the parity of ``b & mask``, turned by `minus`.
    """

    partner: int
    odd: bool
    pauli: PauliSum
    mask: int
    minus: int


class _Group(NamedTuple):
    """Strings of one partner and parity, and their coefficients (k, t) in k observables."""

    partner: int
    odd: bool
    paulis: tuple[PauliSum, ...]
    masks: npt.NDArray[np.uint32]
    minus: npt.NDArray[np.uint32]
    coefficients: npt.NDArray[np.float64]


class _Plan(NamedTuple):
    """Groups by the device that they need, and how a part is cut; `axis` is the mesh's."""

    k: int
    senders: dict[int, list[_Group]]
    cut: Cut
    axis: str


def sharded_values(
    observables: Sequence[PauliSum], layout: Layout, axis: str
) -> Callable[[Pair], jax.Array]:
    """Return the function that computes expectation values from the parts of a state.

    Args:
        observables: k of them.
        layout: of the state.
        axis: the mesh axis that it is spread over; the function runs inside `shard_map`.

    Returns:
        A function of (real, imaginary), each (2**m,), to real values (k,), equal on all devices.
        Its reverse pass is ``2 O |psi>``.
    """
    plan = _plan(observables, layout, axis)

    @jax.custom_jvp
    def contribution(psi: Pair) -> jax.Array:
        return _values(plan, psi)

    def forward(residual, change):
        return jax.jvp(lambda psi: _values(plan, psi), residual[:1], (change,))[1]

    def transposed(residual, weights):  # equal on all devices: they come through the sum
        return _product(plan, residual[0], 2 * weights)

    tangent = linear_operation("sharded_pauli", forward, transposed, like=lambda given: given[1])

    @contribution.defjvp
    def _(primals, changes):
        values = contribution(*primals)
        return values, tangent((primals[0], values), changes[0])

    return lambda psi: jax.lax.psum(contribution(psi), axis)


def _plan(observables: Sequence[PauliSum], layout: Layout, axis: str) -> _Plan:
    cut, k = leading_cut(len(layout.carried)), len(observables)
    senders: dict[int, list[_Group]] = {}
    for group in _groups(observables, layout, layout.n_global + cut.bits):
        senders.setdefault(group.partner >> cut.bits, []).append(group)
    return _Plan(k, senders, cut, axis)


def _groups(observables: Sequence[PauliSum], layout: Layout, n_block: int) -> list[_Group]:
    rows: dict[Pauli, dict[int, float]] = {}
    for row, observable in enumerate(observables):
        for value, string in observable.terms:
            column = rows.setdefault(string, {})
            column[row] = column.get(row, 0.0) + value
    # An observable of no terms at all is the identity times zero.
    rows = rows or {(): {0: 0.0}}
    inverse = inverse_matrix(layout)
    groups: dict[tuple[int, bool], list[tuple[_Local, dict[int, float]]]] = {}
    for string, column in rows.items():
        local = _translate(string, layout, inverse, n_block)
        groups.setdefault((local.partner, local.odd), []).append((local, column))
    return [_group(members, len(observables)) for members in groups.values()]


def _group(members: list[tuple[_Local, dict[int, float]]], k: int) -> _Group:
    coefficients = np.zeros((k, len(members)))
    for at, (_, column) in enumerate(members):
        coefficients[list(column), at] = list(column.values())
    locals_ = [local for local, _ in members]
    masks, minus = (
        np.array([getattr(each, name) for each in locals_], np.uint32) for name in ("mask", "minus")
    )
    paulis = tuple(local.pauli for local in locals_)
    return _Group(locals_[0].partner, locals_[0].odd, paulis, masks, minus, coefficients)


def _translate(string: Pauli, layout: Layout, inverse, n_block: int) -> _Local:
    """``P |x> = i**y (-1)**(z.x) |x ^ f>`` with ``x = A a ^ c``, as a string of the address a."""
    n = len(layout.zero)
    flips, turns = (np.zeros(n, np.uint8) for _ in range(2))
    for wire, letter in string:
        flips[wire], turns[wire] = letter != "Z", letter != "X"
    here, signs = inverse @ flips & 1, turns @ layout.matrix & 1
    letters = {(1, 0): "X", (1, 1): "Y", (0, 1): "Z"}
    pairs = list(zip(here[n_block:].tolist(), signs[n_block:].tolist(), strict=True))
    local = tuple((place, letters[pair]) for place, pair in enumerate(pairs) if any(pair))
    # The Ys of both strings may differ in number: the phase left over, and the constant sign.
    quarter = int(flips @ turns) - pairs.count((1, 1))
    partner, mask = to_int(here[:n_block]), to_int(signs[:n_block])
    # The sign is that of the block the amplitude comes from.
    minus = int(turns @ layout.zero & 1) + quarter // 2 + (partner & mask).bit_count()
    return _Local(partner, bool(quarter % 2), PauliSum(((1.0, local),)), mask, minus & 1)


def _values(plan: _Plan, psi: Pair) -> jax.Array:
    """What this device contributes to the values (k,)."""
    total = jnp.zeros(plan.k, psi[0].dtype)
    for sender, groups in plan.senders.items():
        other = _receive(plan, psi, sender, 0 * total[0])

        def body(at, total, groups=groups, other=other):
            return sum((_group_values(plan, each, psi, other, at) for each in groups), start=total)

        total = each_chunk(plan.cut, body, total)
    return total


def _product(plan: _Plan, psi: Pair, weights: jax.Array) -> Pair:
    """This device's part of ``sum_k weights[k] O_k |psi>``."""
    zeros = jnp.broadcast_to(moment(psi), psi[0].shape)
    total = (zeros, zeros)
    for sender, groups in plan.senders.items():
        other = _receive(plan, psi, sender, moment(total))

        def body(at, total, groups=groups, other=other):
            made = sum(_group_product(plan, each, other, weights, at) for each in groups)
            real, imaginary = take_pair(total, plan.cut, at)
            chunk = (real + jnp.real(made), imaginary + jnp.imag(made))
            return put_chunk(total, chunk, plan.cut, at)

        total = each_chunk(plan.cut, body, total)
    return total


def _receive(plan: _Plan, psi: Pair, sender: int, zero: jax.Array) -> Callable[..., jax.Array]:
    """Chunks, complex, of the device that differs in the bits of `sender`; not before `zero`."""
    if not sender:
        return lambda at: jax.lax.complex(*take_pair(psi, plan.cut, at))
    pairs = [(p, p ^ sender) for p in range(jax.lax.axis_size(plan.axis))]
    other = jax.lax.ppermute(jax.lax.complex(psi[0] + zero, psi[1]), plan.axis, pairs)
    return lambda at: take_chunk(other, plan.cut, at)


def _source(plan: _Plan, group: _Group, other: Callable, at) -> tuple[jax.Array, jax.Array]:
    """The chunk that a group leads to from this device's chunk `at`, and its strings' signs."""
    chunk = other(at ^ (group.partner & (plan.cut.count - 1)))
    block = (jax.lax.axis_index(plan.axis) << plan.cut.bits | at).astype(jnp.uint32)
    odd = jax.lax.population_count(block & jnp.asarray(group.masks)) ^ jnp.asarray(group.minus)
    return chunk, 1 - 2 * (odd & 1).astype(chunk.real.dtype)


def _group_values(plan: _Plan, group: _Group, psi: Pair, other, at) -> jax.Array:
    """What a group's strings contribute from one chunk, (k,)."""
    source, signs = _source(plan, group, other, at)
    coefficients, size = jnp.asarray(group.coefficients, signs.dtype), plan.cut.m - plan.cut.bits
    if not group.partner:
        return coefficients @ (signs * pauli_expectations(group.paulis, size)(source))
    mine = take_pair(psi, plan.cut, at)
    strings = [_overlap(group, each, mine, source, size) for each in group.paulis]
    return coefficients @ (signs * jnp.stack(strings))


def _overlap(group: _Group, pauli: PauliSum, psi: Pair, other: jax.Array, m: int) -> jax.Array:
    """``Re(i**odd <psi|P|other>)``."""
    product = apply_pauli_sums(pauli, m)(other, jnp.ones(1, psi[0].dtype))
    if group.odd:
        return jnp.sum(psi[1] * product.real - psi[0] * product.imag)
    return jnp.sum(psi[0] * product.real + psi[1] * product.imag)


def _group_product(plan: _Plan, group: _Group, other, weights: jax.Array, at) -> jax.Array:
    """Chunk `at` of ``sum_k weights[k] O_k |psi>`` for the strings of a group, complex."""
    source, signs = _source(plan, group, other, at)
    strings = signs * (weights @ jnp.asarray(group.coefficients, signs.dtype))
    product = apply_pauli_sums(group.paulis, plan.cut.m - plan.cut.bits)(source, strings)
    return 1j * product if group.odd else product
