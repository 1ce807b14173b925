"""What XLA calls: one pointer to a struct (its typed FFI, xla/ffi/api/c_api.h), read here.

All fields used are 8 bytes wide and have stood at these offsets in every version of the interface.
numba caches what it compiled by the date of this file: after a change of the loops touch it, too.
"""

# pyright: reportCallIssue=false, reportPrivateImportUsage=false

from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np
from numba import carray, types
from numba.np.unsafe.ndarray import to_fixed_tuple

from circuits.simulation.native.coefficients import collect, fill
from circuits.simulation.native.loops import aligned, backward, forward, layout_of, njit
from circuits.simulation.native.registers import REGISTER_BYTES, as_pointer

OPERANDS, RESULTS = 72, 112  # where the struct of a call points to its buffers
# Of a gate: kind, two row bits, place in the table, step from column to column. Of phases: kind,
# place, qubits. Of a flip: kind, row bit; controls: in rows, in lanes, outside the tile.
OP_FIELDS = 5
# First and last operation, permutation: place or -1, low bits; whether it leaves its
# buffer for the other; row bits: count, which.
SWEEP_FIELDS = 6 + 8


class Sizes(NamedTuple):
    """The first operand: how long the others are. parts: numbers in a phase."""

    states: int
    width: int
    matrices: int
    many: int
    columns: int
    entries: int
    phases: int
    parts: int
    indices: int
    ops: int
    sweeps: int


N_SIZES = len(Sizes._fields)


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
def _sizes(frame):
    sizes = _buffer(frame, OPERANDS, 0, N_SIZES, np.int32).astype(np.int64)
    return Sizes(*to_fixed_tuple(sizes, N_SIZES))


@njit
def _matrices(frame, which, first, sizes, dtype):
    """Numbers of the matrices, and of those of single columns."""
    matrices = _buffer(frame, which, first, sizes.matrices, dtype)
    return matrices, _buffer(frame, which, first + 1, sizes.many * 8 * sizes.columns, dtype)


@njit
def _constants(frame, first, sizes, dtype):
    """Phases, indices, operations and sweeps: the last operands of every call."""
    phases = _buffer(frame, OPERANDS, first, sizes.phases * sizes.parts, dtype)
    indices = _buffer(frame, OPERANDS, first + 1, sizes.indices, np.int32)
    ops = _buffer(frame, OPERANDS, first + 2, sizes.ops * OP_FIELDS, np.int32)
    sweeps = _buffer(frame, OPERANDS, first + 3, sizes.sweeps * SWEEP_FIELDS, np.int32)
    return (
        phases.reshape((sizes.parts, sizes.phases)),
        indices,
        ops.reshape((sizes.ops, OP_FIELDS)),
        sweeps.reshape((sizes.sweeps, SWEEP_FIELDS)),
    )


@njit
def _table_size(sizes, lanes):
    return 2 * lanes * (sizes.entries + 4 * sizes.many * max(sizes.width // lanes, 1))


@njit
def _entries(frame, number, sizes, lanes):
    return _buffer(frame, OPERANDS, number, 2 * lanes * sizes.entries, np.int32)


@njit
def _call_forward(frame, dtype):
    """Operands: sizes, psi, matrices, many, entries, constants. Results: psi in place, spare."""
    if _answered(frame):
        return 0
    sizes = _sizes(frame)
    n_items = 2 * sizes.states * sizes.width
    psi = _buffer(frame, RESULTS, 0, n_items, dtype)
    spare = _buffer(frame, RESULTS, 1, n_items, dtype)
    lanes = REGISTER_BYTES // psi.itemsize
    matrices, many = _matrices(frame, OPERANDS, 2, sizes, dtype)
    table = aligned(_table_size(sizes, lanes), dtype)
    fill(table, matrices, many, _entries(frame, 4, sizes, lanes), sizes.columns, False, lanes)
    phases, indices, ops, sweeps = _constants(frame, 5, sizes, dtype)
    layout = layout_of(lanes, sizes.width)
    forward(psi, spare, table, phases, indices, ops, sweeps, layout)
    return 0


@njit
def _call_backward(frame, dtype):
    """Operands: sizes, psi, cotangent, matrices, many, entries, adjoint entries, constants.

    Results: psi and cotangent in place, a spare buffer for each, cotangents of matrices and many.
    """
    if _answered(frame):
        return 0
    sizes = _sizes(frame)
    n_items = 2 * sizes.states * sizes.width
    psi = _buffer(frame, RESULTS, 0, n_items, dtype)
    ct = _buffer(frame, RESULTS, 1, n_items, dtype)
    spare = _buffer(frame, RESULTS, 2, n_items, dtype)
    spare_ct = _buffer(frame, RESULTS, 3, n_items, dtype)
    lanes = REGISTER_BYTES // psi.itemsize
    matrices, many = _matrices(frame, OPERANDS, 3, sizes, dtype)
    table = aligned(_table_size(sizes, lanes), dtype)
    fill(table, matrices, many, _entries(frame, 6, sizes, lanes), sizes.columns, True, lanes)
    totals = aligned(table.size, np.float64)
    for i in range(totals.size):
        totals[i] = 0
    phases, indices, ops, sweeps = _constants(frame, 7, sizes, dtype)
    layout = layout_of(lanes, sizes.width)
    backward(psi, ct, spare, spare_ct, table, totals, phases, indices, ops, sweeps, layout)
    d_matrices, d_many = _matrices(frame, RESULTS, 4, sizes, dtype)
    collect(totals, d_matrices, d_many, _entries(frame, 5, sizes, lanes), sizes.columns, lanes)
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
