"""Pauli sums on a state that is spread over devices, in whatever layout its circuit left it.

A Pauli string of the qubits is one of the address bits too: a layout maps flipped bits by the
inverse of its matrix and sign masks by its transpose. What flips no device bit is computed on each
device alone; what does, with the part of the device that it flips to.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.observables import Pauli, PauliSum
from circuits.simulation.devices.layout import Layout, inverse_matrix, to_int
from circuits.simulation.engine.matrices import Pair
from circuits.simulation.pauli import apply_pauli_sums, pauli_expectations


class _Local(NamedTuple):
    """A string as ``i**odd * signs[p] * pauli``, on the part of device ``p ^ partner``."""

    partner: int
    odd: bool
    pauli: PauliSum
    signs: npt.NDArray[np.float64]


class _Group(NamedTuple):
    """Strings of one partner and parity, and their coefficients (k, t) in k observables."""

    partner: int
    odd: bool
    paulis: tuple[PauliSum, ...]
    signs: npt.NDArray[np.float64]
    coefficients: npt.NDArray[np.float64]


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
    groups, m = _groups(observables, layout), len(layout.carried)

    @jax.custom_vjp
    def contribution(psi: Pair) -> jax.Array:
        parts = [_values(group, psi, m, axis) for group in groups]
        return sum(parts[1:], start=parts[0])

    def forward(psi):
        return contribution(psi), psi

    def backward(psi, weights):  # equal on all devices: they come through the sum
        parts = [_product(group, psi, weights, m, axis) for group in groups]
        total = sum(parts[1:], start=parts[0])
        return ((2 * total.real, 2 * total.imag),)

    contribution.defvjp(forward, backward)
    return lambda psi: jax.lax.psum(contribution(psi), axis)


def _groups(observables: Sequence[PauliSum], layout: Layout) -> list[_Group]:
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
        local = _translate(string, layout, inverse)
        groups.setdefault((local.partner, local.odd), []).append((local, column))
    return [_group(members, len(observables)) for members in groups.values()]


def _group(members: list[tuple[_Local, dict[int, float]]], k: int) -> _Group:
    coefficients = np.zeros((k, len(members)))
    for at, (_, column) in enumerate(members):
        coefficients[list(column), at] = list(column.values())
    first = members[0][0]
    paulis = tuple(local.pauli for local, _ in members)
    signs = np.stack([local.signs for local, _ in members], axis=1)
    return _Group(first.partner, first.odd, paulis, signs, coefficients)


def _translate(string: Pauli, layout: Layout, inverse) -> _Local:
    """``P |x> = i**y (-1)**(z.x) |x ^ f>`` with ``x = A a ^ c``, as a string of the address a."""
    n, d = len(layout.zero), layout.n_global
    flips, turns = (np.zeros(n, np.uint8) for _ in range(2))
    for wire, letter in string:
        flips[wire], turns[wire] = letter != "Z", letter != "X"
    here, signs = inverse @ flips & 1, turns @ layout.matrix & 1
    letters = {(1, 0): "X", (1, 1): "Y", (0, 1): "Z"}
    pairs = list(zip(here[d:].tolist(), signs[d:].tolist(), strict=True))
    local = tuple((place, letters[pair]) for place, pair in enumerate(pairs) if any(pair))
    # The Ys of both strings may differ in number: the phase left over, and the constant sign.
    quarter = int(flips @ turns) - pairs.count((1, 1))
    minus = int(turns @ layout.zero & 1) + quarter // 2
    partner, mask = to_int(here[:d]), to_int(signs[:d])
    device = (np.arange(2**d) ^ partner) & mask
    parity = np.bitwise_count(device) + minus
    return _Local(partner, bool(quarter % 2), PauliSum(((1.0, local),)), 1.0 - 2 * (parity % 2))


def _part(group: _Group, psi: Pair, axis: str) -> tuple[jax.Array, jax.Array]:
    """The partner's part of the state and the signs (t,) of this device."""
    real = psi[0].dtype
    signs = jnp.asarray(group.signs, real)[jax.lax.axis_index(axis)]
    other = jax.lax.complex(*psi)
    if group.partner:
        pairs = [(p, p ^ group.partner) for p in range(jax.lax.axis_size(axis))]
        other = jax.lax.ppermute(other, axis, pairs)
    return other, signs


def _values(group: _Group, psi: Pair, m: int, axis: str) -> jax.Array:
    other, signs = _part(group, psi, axis)
    coefficients = jnp.asarray(group.coefficients, signs.dtype)
    if not group.partner:
        return coefficients @ (signs * pauli_expectations(group.paulis, m)(other))
    strings = [_overlap(group, each, psi, other, m) for each in group.paulis]
    return coefficients @ (signs * jnp.stack(strings))


def _overlap(group: _Group, pauli: PauliSum, psi: Pair, other: jax.Array, m: int) -> jax.Array:
    """``Re(i**odd <psi|P|other>)``."""
    product = apply_pauli_sums(pauli, m)(other, jnp.ones(1, psi[0].dtype))
    if group.odd:
        return jnp.sum(psi[1] * product.real - psi[0] * product.imag)
    return jnp.sum(psi[0] * product.real + psi[1] * product.imag)


def _product(group: _Group, psi: Pair, weights: jax.Array, m: int, axis: str) -> jax.Array:
    """This device's part of ``sum_k weights[k] O_k |psi>`` for the strings of a group."""
    other, signs = _part(group, psi, axis)
    strings = signs * (weights @ jnp.asarray(group.coefficients, signs.dtype))
    product = apply_pauli_sums(group.paulis, m)(other, strings)
    return 1j * product if group.odd else product
