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

from circuits.simulation.native.flips import apply_flip
from circuits.simulation.native.products import apply_gate, apply_phases, unapply_gate
from circuits.simulation.native.registers import REGISTER_BYTES, gather, join, scatter, split

ROWS = 256
# Kinds of operations: those of gates count from 0, those of flips from FLIPS.
PHASES, FLIPS = -1, 64
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
def _picked(state, mask):
    """The bits of a state that are set in the mask, side by side."""
    result, place = 0, 0
    while mask:
        bit = mask & -mask
        if state & bit:
            result |= 1 << place
        mask ^= bit
        place += 1
    return result


@njit
def _phase_starts(op, first, bits, inside):
    """Where in its table the phases of each row of a tile begin; `inside` states share a row."""
    starts = np.empty(1 << bits.size, np.int64)
    starts[0] = op[3] + _picked(first * inside, op[4])
    for i in range(bits.size):
        step = _picked(inside << bits[i], op[4])
        for row in range(1 << i):
            starts[row | 1 << i] = starts[row] + step
    return starts


@njit
def _rephase(tile, phases, op, first, bits, conjugate, layout):
    """Multiply a tile by a table of phases, or by their conjugates.

    The table begins at op[3] and is of the qubits in the mask op[4]. Phases are real parts (1, p),
    or those and imaginary ones (2, p).
    """
    n, parts, distance = layout.lanes, phases.ravel(), phases.shape[1]
    inside = n >> layout.shift
    starts = _phase_starts(op, first // layout.spacing, bits, inside)
    shared, is_complex = op[4] & (inside - 1) == 0, len(phases) == 2
    if shared or (op[4] & (n - 1) == n - 1 and layout.shift == 0):
        for row in range(starts.size):
            place = starts[row]
            apply_phases(tile, 2 * n * row, parts, place, distance, shared, is_complex, conjugate)
        return
    gathered = np.empty(2 * n, tile.dtype)
    for row in range(starts.size):
        for lane in range(n):
            place = starts[row] + _picked(lane >> layout.shift, op[4])
            gathered[lane] = parts[place]
            gathered[n + lane] = parts[place + distance * is_complex]
        apply_phases(tile, 2 * n * row, gathered, 0, n, False, is_complex, conjugate)


@njit
def _flip(tile, op, first, n_rows, layout):
    """Flip a bit of a tile whose place in memory holds the controls outside."""
    if first // layout.spacing & op[4] == op[4]:
        apply_flip(op[0] - FLIPS, tile, n_rows, op[1], op[2], op[3])


@njit
def aligned(count, dtype):
    """Room for so many numbers that begins on a register's boundary."""
    raw = np.empty(count + REGISTER_BYTES, dtype)
    start = (-raw.ctypes.data % REGISTER_BYTES) // raw.itemsize
    return raw[start : start + count]


@njit
def forward(psi, spare, table, phases, indices, ops, sweeps, layout):
    """Run a program on a state in place; some sweeps write to the other buffer."""
    tile, all_rows = aligned(2 * ROWS * layout.lanes, psi.dtype), np.empty(ROWS, np.int64)
    stay = _index(indices, -1, 0)
    for sweep in sweeps:
        first_op, last_op, move, low_bits, leaves, n_bits = sweep[:6]
        bits = sweep[6 : 6 + n_bits]
        rows = all_rows[: 1 << n_bits]
        _row_registers(rows, bits)
        index = _index(indices, move, low_bits)
        target = spare if leaves else psi
        for number in range((psi.size // (2 * layout.lanes)) >> n_bits):
            first = _first_register(number, bits, layout.spacing)
            column = first % layout.spacing
            _load(psi, tile, first, rows, index, layout)
            for op in ops[first_op:last_op]:
                if op[0] == PHASES:
                    _rephase(tile, phases, op, first, bits, False, layout)
                elif op[0] >= FLIPS:
                    _flip(tile, op, first, rows.size, layout)
                else:
                    place = op[3] + op[4] * column
                    apply_gate(op[0], tile, rows.size, table, place, op[1], op[2])
            _store(tile, target, first, rows, stay, layout)
        if leaves:
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
        first_op, last_op, move, low_bits, leaves, n_bits = sweep[:6]
        bits = sweep[6 : 6 + n_bits]
        rows = all_rows[: 1 << n_bits]
        _row_registers(rows, bits)
        index = _index(indices, move, low_bits)
        target, target_ct = (spare, spare_ct) if leaves else (psi, ct)
        for number in range((psi.size // (2 * layout.lanes)) >> n_bits):
            first = _first_register(number, bits, layout.spacing)
            column = first % layout.spacing
            _load(psi, tile, first, rows, stay, layout)
            _load(ct, tile_ct, first, rows, stay, layout)
            for op in ops[first_op:last_op][::-1]:
                if op[0] == PHASES:
                    _rephase(tile, phases, op, first, bits, True, layout)
                    _rephase(tile_ct, phases, op, first, bits, False, layout)
                elif op[0] >= FLIPS:
                    _flip(tile, op, first, rows.size, layout)
                    _flip(tile_ct, op, first, rows.size, layout)
                else:
                    place = op[3] + op[4] * column
                    unapply_gate(
                        op[0], tile, tile_ct, rows.size, table, totals, place, op[1], op[2]
                    )
            _store(tile, target, first, rows, index, layout)
            _store(tile_ct, target_ct, first, rows, index, layout)
        if leaves:
            psi, spare = spare, psi
            ct, spare_ct = spare_ct, ct
