"""The compiled loops behind `calls.py`: this file alone imports numba, and compiles on first use.

A sweep takes the state through the nearest cache tile by tile: a tile is up to 256 rows of one
vector register each, wherever the wires of its gates put them in memory. Inside a tile real and
imaginary parts stand apart, one register of each in turn, so that a gate is multiplications of
whole registers: wires that number rows choose registers, wires inside a register permute its lanes.
"""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false, reportPrivateImportUsage=false

from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np
from numba import carray, types

from circuits.simulation.native.registers import (
    REGISTER_BYTES,
    apply_gate,
    as_pointer,
    gather,
    join,
    scatter,
    split,
    unapply_gate,
)

ROWS = 256
PHASES = -1  # the kind of an operation that is no gate
OP_FIELDS = (
    5  # kind, two row bits, place in the table (phases: slot), its step from column to column
)
SWEEP_FIELDS = (
    5 + 8
)  # first and last operation, permutation or -1, flips, row bits: how many, which
N_SIZES = 8
njit = numba.njit(error_model="numpy")
OPERANDS, RESULTS = 72, 112  # where the struct of a call points to its buffers


class Layout(NamedTuple):
    """How registers divide among the columns of a batch and the states' indices.

    lanes: amplitudes in a register. shift: binary logarithm of the columns side by side in one.
    spacing: registers from one state index to the next, 1 unless the batch fills registers.
    """

    lanes: int
    shift: int
    spacing: int


@njit
def _layout(n_lanes, width):
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
def _new_tile(like):
    """Room for a tile that begins on a register's boundary."""
    per_register = REGISTER_BYTES // like.itemsize
    raw = np.empty((2 * ROWS + 1) * per_register, like.dtype)
    start = (-raw.ctypes.data % REGISTER_BYTES) // like.itemsize
    return raw[start : start + 2 * ROWS * per_register]


@njit
def _forward(psi, spare, table, phases, indices, ops, sweeps, layout):
    """Run a program on a state in place; the sweeps that flip write to the other buffer."""
    tile, all_rows = _new_tile(psi), np.empty(ROWS, np.int64)
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
def _backward(psi, ct, spare, spare_ct, table, sums, phases, indices, ops, sweeps, layout):
    """Undo a program on its final state while the cotangent is pulled back, both in place."""
    tile, tile_ct, all_rows = _new_tile(psi), _new_tile(psi), np.empty(ROWS, np.int64)
    totals = np.zeros(sums.size, np.float64)
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
    for i in range(sums.size):
        sums[i] = totals[i]


# The calls: XLA hands over one pointer to a struct (its typed FFI, xla/ffi/api/c_api.h). All
# fields used are 8 bytes wide and have stood at these offsets in every version of the interface.


@njit
def _read(address):
    return carray(as_pointer(address), 1, np.int64)[0]


@njit
def _buffer(frame, which, number, count, dtype):
    """Flat array of an operand or a result, by its number."""
    buffer = _read(_read(frame + which) + 8 * number)
    return carray(as_pointer(_read(buffer + 24)), count, dtype)


@njit
def _answered(frame):
    """Whether XLA only asked which version of its interface this is: its own, said back."""
    extension = _read(frame + 8)
    if extension == 0:
        return False
    metadata = carray(as_pointer(_read(extension + 24)), 5, np.int64)
    metadata[3] = _read(_read(frame + 16) + 32)
    metadata[4] = 0
    return True


@njit
def _constants(frame, first, sizes, dtype):
    """Phases, indices, operations, sweeps and layout: the last operands of every call."""
    n_states, n_phases, parts, n_indices = sizes[1], sizes[2], sizes[3], sizes[4]
    phases = _buffer(frame, OPERANDS, first, n_phases * n_states * parts, dtype)
    indices = _buffer(frame, OPERANDS, first + 1, n_indices * n_states, np.int32)
    ops = _buffer(frame, OPERANDS, first + 2, sizes[5] * OP_FIELDS, np.int32)
    sweeps = _buffer(frame, OPERANDS, first + 3, sizes[6] * SWEEP_FIELDS, np.int32)
    layout = _layout(REGISTER_BYTES // phases.itemsize, np.int64(sizes[7]))
    return (
        phases.reshape((n_phases, n_states, parts)),
        indices.reshape((n_indices, n_states)),
        ops.reshape((sizes[5], OP_FIELDS)),
        sweeps.reshape((sizes[6], SWEEP_FIELDS)),
        layout,
    )


@njit
def _call_forward(frame, dtype):
    """Operands: sizes, psi, table, constants. Results: psi in place, the spare buffer."""
    if _answered(frame):
        return 0
    sizes = _buffer(frame, OPERANDS, 0, N_SIZES, np.int32).astype(np.int64)
    phases, indices, ops, sweeps, layout = _constants(frame, 3, sizes, dtype)
    n_items = 2 * sizes[1] * sizes[7]
    psi = _buffer(frame, RESULTS, 0, n_items, dtype)
    spare = _buffer(frame, RESULTS, 1, n_items, dtype)
    table = _buffer(frame, OPERANDS, 2, sizes[0], dtype)
    _forward(psi, spare, table, phases, indices, ops, sweeps, layout)
    return 0


@njit
def _call_backward(frame, dtype):
    """Operands: sizes, psi, cotangent, table, constants.

    Results: psi and cotangent in place, a spare buffer for each, sums.
    """
    if _answered(frame):
        return 0
    sizes = _buffer(frame, OPERANDS, 0, N_SIZES, np.int32).astype(np.int64)
    phases, indices, ops, sweeps, layout = _constants(frame, 4, sizes, dtype)
    n_items = 2 * sizes[1] * sizes[7]
    psi = _buffer(frame, RESULTS, 0, n_items, dtype)
    ct = _buffer(frame, RESULTS, 1, n_items, dtype)
    spare = _buffer(frame, RESULTS, 2, n_items, dtype)
    spare_ct = _buffer(frame, RESULTS, 3, n_items, dtype)
    sums = _buffer(frame, RESULTS, 4, sizes[0], dtype)
    table = _buffer(frame, OPERANDS, 3, sizes[0], dtype)
    _backward(psi, ct, spare, spare_ct, table, sums, phases, indices, ops, sweeps, layout)
    return 0


def forward_single(frame):
    """Call for complex64."""
    return _call_forward(frame, np.float32)


def forward_double(frame):
    """Call for complex128."""
    return _call_forward(frame, np.float64)


def backward_single(frame):
    """Call for complex64."""
    return _call_backward(frame, np.float32)


def backward_double(frame):
    """Call for complex128."""
    return _call_backward(frame, np.float64)


@lru_cache
def compiled(function):
    """The function as machine code for XLA to call; `.address` says where.

    The machine code is cached beside this file (or in NUMBA_CACHE_DIR), so only a machine's
    first use of it takes seconds.
    """
    return numba.cfunc(types.intp(types.intp), cache=True)(function)
