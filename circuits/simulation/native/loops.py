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


@njit
def _moved(register, index, layout):
    """Which register the index points to, where it points to whole ones."""
    goal = np.int64(index[register // layout.spacing])
    return goal * layout.spacing + register % layout.spacing


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
    """Copy a tile in; with an index (else empty) amplitude i is taken from index[i]."""
    size = 2 * layout.lanes
    for row in range(rows.size):
        register = first + rows[row] * layout.spacing
        if index.size == 0:
            split(source, size * register, tile, size * row)
        elif layout.lanes >> layout.shift == 1:
            split(source, size * _moved(register, index, layout), tile, size * row)
        else:
            gather(source, index, register, layout.shift, tile, size * row)


@njit
def _store(tile, target, first, rows, index, layout):
    """Copy a tile out; with an index (else empty) amplitude i goes to index[i]."""
    size = 2 * layout.lanes
    for row in range(rows.size):
        register = first + rows[row] * layout.spacing
        if index.size == 0:
            join(tile, size * row, target, size * register)
        elif layout.lanes >> layout.shift == 1:
            join(tile, size * row, target, size * _moved(register, index, layout))
        else:
            scatter(tile, size * row, target, index, register, layout.shift)


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
    for sweep in sweeps:
        first_op, last_op, slot, flip, n_bits = sweep[:5]
        bits = sweep[5 : 5 + n_bits]
        rows = all_rows[: 1 << n_bits]
        _row_registers(rows, bits)
        index = indices[max(slot, 0)] if slot >= 0 else indices[:1].ravel()[:0]
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
            _store(tile, target, first, rows, index[:0], layout)
        if flip:
            psi, spare = spare, psi


@njit
def backward(psi, ct, spare, spare_ct, table, totals, phases, indices, ops, sweeps, layout):
    """Undo a program on its final state while the cotangent is pulled back, both in place.

    The totals (float64) gain the cotangents of the coefficients, ordered as in the table.
    """
    tile = aligned(2 * ROWS * layout.lanes, psi.dtype)
    tile_ct, all_rows = aligned(tile.size, psi.dtype), np.empty(ROWS, np.int64)
    for sweep in sweeps[::-1]:
        first_op, last_op, slot, flip, n_bits = sweep[:5]
        bits = sweep[5 : 5 + n_bits]
        rows = all_rows[: 1 << n_bits]
        _row_registers(rows, bits)
        index = indices[max(slot, 0)] if slot >= 0 else indices[:1].ravel()[:0]
        target, target_ct = (spare, spare_ct) if flip else (psi, ct)
        for number in range((psi.size // (2 * layout.lanes)) >> n_bits):
            first = _first_register(number, bits, layout.spacing)
            column = first % layout.spacing
            _load(psi, tile, first, rows, index[:0], layout)
            _load(ct, tile_ct, first, rows, index[:0], layout)
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
