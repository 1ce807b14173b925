"""The compiled loops behind `calls.py`.

A sweep takes the state through the nearest cache tile by tile: a tile is up to 256 rows of one
vector register each, wherever the wires of its gates put them in memory. Inside a tile real and
imaginary parts stand apart, one register of each in turn, so that a gate is multiplications of
whole registers: wires that number rows choose registers, wires inside a register permute its lanes.
"""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false

from typing import NamedTuple

import numba
import numpy as np

from circuits.simulation.native.products import apply_gate, unapply_gate
from circuits.simulation.native.registers import REGISTER_BYTES, gather, join, scatter, split

ROWS = 256
PHASES = -1  # the kind of an operation that is no gate
njit = numba.njit(error_model="numpy")


class Layout(NamedTuple):
    """How registers divide among the columns of a batch and the states' indices.

    lanes: amplitudes in a register. shift: binary logarithm of the columns side by side in one.
    spacing: registers from one state index to the next, 1 unless the batch fills registers.
    """

    lanes: int
    shift: int
    spacing: int


@njit
def layout_of(n_lanes, width):
    """Layout of so many columns in registers of so many lanes."""
    shift = 0
    while 2 << shift <= min(width, n_lanes):
        shift += 1
    return Layout(n_lanes, shift, max(width // n_lanes, 1))


class Index(NamedTuple):
    """A permutation: state i comes from ``high[i >> bits] ^ low[i % 2**bits]``; empty for none."""

    low: np.ndarray
    high: np.ndarray
    bits: np.int64


@njit
def _index(indices, place, bits):
    """The index whose low table begins at a place, the empty one if that is -1."""
    size = 1 << bits if place >= 0 else 0
    start = max(np.int64(place), 0)
    return Index(indices[start : start + size], indices[start + size :], np.int64(bits))


@njit
def _start(register, index, layout):
    """Where the states of a register begin in the low table, and the high bits they share."""
    state = register // layout.spacing * (layout.lanes >> layout.shift)
    return state & (index.low.size - 1), np.int64(index.high[state >> index.bits])


@njit
def _moved(register, index, layout):
    """Which register the index points to, where it points to whole ones."""
    place, high = _start(register, index, layout)
    return (index.low[place] ^ high) * layout.spacing + register % layout.spacing


@njit
def _row_registers(rows, bits):
    """First fill in how many registers each row of a tile lies behind its first."""
    for row in range(1 << bits.size):
        rows[row] = 0
        for i in range(bits.size):
            rows[row] |= (row >> i & 1) << bits[i]


@njit
def _first_register(tile, bits, spacing):
    """Where a tile begins: zeros inserted into its number at the bits that number its rows."""
    state, column = tile // spacing, tile % spacing
    for bit in bits:
        below = (1 << bit) - 1
        state = (state & ~below) << 1 | state & below
    return state * spacing + column


@njit
def _load(source, tile, first, rows, index, layout):
    """Copy a tile in; with an index (else empty) amplitude i is taken from where it points."""
    size = 2 * layout.lanes
    for row in range(rows.size):
        register = first + rows[row] * layout.spacing
        if index.low.size == 0:
            split(source, size * register, tile, size * row)
        elif layout.lanes >> layout.shift == 1:
            split(source, size * _moved(register, index, layout), tile, size * row)
        else:
            place, high = _start(register, index, layout)
            gather(source, index.low, place, high, layout.shift, tile, size * row)


@njit
def _store(tile, target, first, rows, index, layout):
    """Copy a tile out; with an index (else empty) amplitude i goes to where it points."""
    size = 2 * layout.lanes
    for row in range(rows.size):
        register = first + rows[row] * layout.spacing
        if index.low.size == 0:
            join(tile, size * row, target, size * register)
        elif layout.lanes >> layout.shift == 1:
            join(tile, size * row, target, size * _moved(register, index, layout))
        else:
            place, high = _start(register, index, layout)
            scatter(tile, size * row, target, index.low, place, high, layout.shift)


@njit
def _rephase(tile, phases, first, rows, sign, layout):
    """Multiply a tile by phases, or by their conjugates where the sign is -1.

    The phases (2**n, 1) are real, or (2**n, 2) real and imaginary parts.
    """
    n, is_complex = layout.lanes, phases.shape[1] == 2
    for row in range(rows.size):
        state = (first // layout.spacing + rows[row]) * (n >> layout.shift)
        for lane in range(n):
            phase, place = phases[state + (lane >> layout.shift)], 2 * n * row + lane
            cosine, sine = phase[0], sign * phase[1] if is_complex else phase[0] * 0
            real, imag = tile[place], tile[place + n]
            tile[place] = cosine * real - sine * imag
            tile[place + n] = cosine * imag + sine * real


@njit
def aligned(count, dtype):
    """Room for so many numbers that begins on a register's boundary."""
    raw = np.empty(count + REGISTER_BYTES, dtype)
    start = (-raw.ctypes.data % REGISTER_BYTES) // raw.itemsize
    return raw[start : start + count]


@njit
def forward(psi, spare, table, phases, indices, ops, sweeps, layout):
    """Run a program on a state in place; the sweeps that flip write to the other buffer."""
    tile, all_rows = aligned(2 * ROWS * layout.lanes, psi.dtype), np.empty(ROWS, np.int64)
    stay = _index(indices, -1, 0)
    for sweep in sweeps:
        first_op, last_op, move, low_bits, flip, n_bits = sweep[:6]
        bits = sweep[6 : 6 + n_bits]
        rows = all_rows[: 1 << n_bits]
        _row_registers(rows, bits)
        index = _index(indices, move, low_bits)
        target = spare if flip else psi
        for number in range((psi.size // (2 * layout.lanes)) >> n_bits):
            first = _first_register(number, bits, layout.spacing)
            column = first % layout.spacing
            _load(psi, tile, first, rows, index, layout)
            for op in ops[first_op:last_op]:
                if op[0] == PHASES:
                    _rephase(tile, phases[op[3]], first, rows, 1, layout)
                else:
                    place = op[3] + op[4] * column
                    apply_gate(op[0], tile, rows.size, table, place, op[1], op[2])
            _store(tile, target, first, rows, stay, layout)
        if flip:
            psi, spare = spare, psi


@njit
def backward(psi, ct, spare, spare_ct, table, totals, phases, indices, ops, sweeps, layout):
    """Undo a program on its final state while the cotangent is pulled back, both in place.

    The totals (float64) gain the cotangents of the coefficients, ordered as in the table.
    """
    tile = aligned(2 * ROWS * layout.lanes, psi.dtype)
    tile_ct, all_rows = aligned(tile.size, psi.dtype), np.empty(ROWS, np.int64)
    stay = _index(indices, -1, 0)
    for sweep in sweeps[::-1]:
        first_op, last_op, move, low_bits, flip, n_bits = sweep[:6]
        bits = sweep[6 : 6 + n_bits]
        rows = all_rows[: 1 << n_bits]
        _row_registers(rows, bits)
        index = _index(indices, move, low_bits)
        target, target_ct = (spare, spare_ct) if flip else (psi, ct)
        for number in range((psi.size // (2 * layout.lanes)) >> n_bits):
            first = _first_register(number, bits, layout.spacing)
            column = first % layout.spacing
            _load(psi, tile, first, rows, stay, layout)
            _load(ct, tile_ct, first, rows, stay, layout)
            for op in ops[first_op:last_op][::-1]:
                if op[0] == PHASES:
                    _rephase(tile, phases[op[3]], first, rows, -1, layout)
                    _rephase(tile_ct, phases[op[3]], first, rows, 1, layout)
                else:
                    place = op[3] + op[4] * column
                    unapply_gate(
                        op[0], tile, tile_ct, rows.size, table, totals, place, op[1], op[2]
                    )
            _store(tile, target, first, rows, index, layout)
            _store(tile_ct, target_ct, first, rows, index, layout)
        if flip:
            psi, spare = spare, psi
            ct, spare_ct = spare_ct, ct
