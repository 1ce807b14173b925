"""Where the amplitudes of a spread state lie, address by address, and parts of it in chunks."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.gates.constants import Constant
from circuits.simulation.devices import chunks
from circuits.simulation.devices.layout import (
    Exchange,
    exchange,
    inverse_matrix,
    move,
    reachable,
    read_wires,
    settle,
    start_layout,
    to_bits,
    to_int,
)
from circuits.simulation.engine.kernels import Matrix, Phases, Scramble, apply, invert, pull


def contents(layout):
    """Basis state at every address, as numbers."""
    n = len(layout.zero)
    return [to_int(layout.matrix @ to_bits(y, n) % 2 ^ layout.zero) for y in range(2**n)]


@given(st.lists(st.tuples(st.integers(0, 3), st.permutations(range(5))), max_size=12))
def test_layouts_tell_where_every_basis_state_is(changes):
    """Carried out address by address, whatever moves, exchanges and shuffles come together."""
    n, d = 5, 2
    layout, where = start_layout(n, d), list(range(2**n))
    for kind, wires in changes:
        if kind == 0:
            layout = move(layout, wires[:2], np.array([1, 0, 2, 3]))  # CNOT, control 0
            bits = [to_bits(x, n) for x in where]
            for each in bits:
                each[wires[1]] ^= 1 - each[wires[0]]
            where = [to_int(each) for each in bits]
        elif kind == 1:
            swap = Exchange((0, 1), tuple(wire % 3 for wire in wires if wire < 3)[:2])
            order = np.arange(n)
            there = [d + place for place in swap.positions]
            order[[0, 1]], order[there] = order[there], order[[0, 1]]
            layout = exchange(layout, swap)
            where = [where[to_int(to_bits(y, n)[order])] for y in range(2**n)]
        elif kind == 2:
            layout, shuffle = settle(layout)
            if shuffle:
                parts = [each.array for each in shuffle.index]
                local = (parts[0][:, None] ^ parts[1]).reshape(-1)
                where = [
                    where[p << 3 | int(local[y] ^ parts[2][p])] for p in range(4) for y in range(8)
                ]
            assert settle(layout)[1] is None
        assert contents(layout) == where
    layout, _ = settle(layout)
    for wire, place in reachable(layout).items():
        flipped = inverse_matrix(layout)[:, wire]
        assert flipped.tolist() == [int(bit == d + place) for bit in range(n)]
    positions, base, device = read_wires(layout, (4, 0))
    for y, x in enumerate(contents(layout)):
        local = [to_bits(y, n)[d + place] for place in positions]
        number = base.array[to_int(local)] ^ device.array[y >> 3]
        assert number == 2 * (x & 1) + (x >> 4)


def test_moves_that_are_not_affine_are_refused():
    toffoli = np.array([0, 1, 2, 3, 4, 5, 7, 6])
    assert move(start_layout(4, 1), (0, 1, 2), toffoli) is None


@pytest.mark.parametrize("kernel", [Matrix((1, 2)), Matrix((0, 5)), Phases((0, 2, 3, 4, 5))])
def test_chunks_do_what_the_kernel_does_at_once(monkeypatch, kernel):
    monkeypatch.setattr(chunks, "SMALLEST", 2)
    m, rng = 6, np.random.default_rng(0)
    side = 2 ** len(kernel.wires)
    shape = (side, side) if isinstance(kernel, Matrix) else (side,)
    theta, psi, cotangent = (
        tuple(jnp.asarray(rng.normal(size=(2, *size)))) for size in (shape, (2**m,), (2**m,))
    )
    assert chunks.cut_beside(kernel.wires, m).count > 1
    found = chunks.apply_chunks(kernel, theta, psi, cotangent)
    np.testing.assert_allclose(found, apply(kernel, theta, psi, m), atol=1e-14)
    before, gradient = chunks.pull_chunks(kernel, theta, psi, cotangent)
    expected = apply(*invert(kernel, theta), cotangent, m)
    np.testing.assert_allclose(before, expected, atol=1e-14)
    np.testing.assert_allclose(gradient, pull(kernel, theta, psi, cotangent, m), atol=1e-12)


def test_gathering_in_chunks_moves_every_entry(monkeypatch):
    monkeypatch.setattr(chunks, "SMALLEST", 2)
    high, low = np.array([3, 1, 2, 0, 7, 5, 6, 4], np.int32) << 3, np.arange(8, dtype=np.int32) ^ 5
    psi = (jnp.arange(64.0), -jnp.arange(64.0))
    found = chunks.gather_chunks(psi, jnp.asarray(high), jnp.asarray(low), psi)
    index = (high[:, None] ^ low).ravel()
    np.testing.assert_array_equal(found, (index, -index))


def test_scrambled_wires_move_in_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "SMALLEST", 2)
    turn = Constant(np.array([0, 2, 3, 1])), Constant(np.array([0, 3, 1, 2]))
    kernel, psi = Scramble((1, 4), *turn), (jnp.arange(64.0), -jnp.arange(64.0))
    found = chunks.apply_chunks(kernel, None, psi, psi)
    np.testing.assert_array_equal(found, apply(kernel, None, psi, 6))


def test_all_bits_but_few_can_be_wires():
    assert chunks.cut_beside(tuple(range(16)), 16).count == 1
    assert chunks.cut_beside((0, 1, 5, *range(8, 16)), 16) == chunks.Cut(2, 3, 16)
