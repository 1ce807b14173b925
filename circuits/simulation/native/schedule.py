"""Programs of the native kernels as tables for their loops: which sweep does what."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# ("matrix", wires, place), ("columns", wires, slot), ("phases", wires, place),
# ("flip", controls, target), ("permute", place, bits)
Operation = tuple
Program = tuple[Operation, ...]

STAY = (-1, 0)  # the permutation of a sweep that has none
ROW_BITS = 8  # a tile of 2**8 registers fills most of a first-level cache


class Job(NamedTuple):
    """A program on n qubits and `width` columns, in registers of `lanes` amplitudes."""

    program: Program
    n: int
    width: int  # columns of the padded batch
    lanes: int

    @property
    def blocks(self) -> int:
        """Registers that the columns of one amplitude fill."""
        return max(1, self.width // self.lanes)

    @property
    def lane_bits(self) -> int:
        """Bits that number the lanes of a register."""
        return self.lanes.bit_length() - 1

    @property
    def batch_bits(self) -> int:
        """Bits of a register's lanes that number columns; above them come the last qubits'."""
        return min(self.width.bit_length() - 1, self.lane_bits)

    @property
    def row_wires(self) -> int:
        """Wires outside registers: the first so many."""
        return self.n - (self.lane_bits - self.batch_bits)


class Sweep(NamedTuple):
    """One pass over memory; its operations act inside tiles. rows: the bits that number rows.

    permutation: place and low bits of what comes before them, place -1 for none.
    """

    permutation: tuple[int, int]
    operations: tuple[Operation, ...]
    rows: tuple[int, ...]


class Plan(NamedTuple):
    """Tables for the loops.

    ops (m, 5) and sweeps (s, 14): fields as the loops read them. entries (k, 2, lanes): which of
    the matrices' numbers each lane of a coefficient holds. adjoint: the same, transposed.
    """

    ops: npt.NDArray[np.int32]
    sweeps: npt.NDArray[np.int32]
    entries: npt.NDArray[np.int32]
    adjoint: npt.NDArray[np.int32]


@lru_cache(maxsize=256)
def plan_for(job: Job) -> Plan:
    """Return the tables of a job."""
    todo, sweeps, shape = [], [], job._replace(program=())
    entries, adjoint = [np.zeros((0, 2, job.lanes))], [np.zeros((0, 2, job.lanes))]
    for sweep, leaves in _leaving(schedule(job)):
        start = len(todo)
        for operation in sweep.operations:
            todo.append((operation, sweep.rows, sum(map(len, entries))))
            if operation[0] == "matrix":
                entries.append(operation[2] + _entries(shape, operation[1]))
                adjoint.append(operation[2] + _entries(shape, operation[1], transposed=True))
        bits = sweep.rows + (0,) * (ROW_BITS - len(sweep.rows))
        sweeps.append((start, len(todo), *sweep.permutation, leaves, len(sweep.rows), *bits))
    shared = sum(map(len, entries))
    ops = [_fields(job, operation, rows, at, shared) for operation, rows, at in todo]
    tables = np.reshape(ops, (-1, 5)), np.reshape(sweeps, (-1, 6 + ROW_BITS))
    tables += np.concatenate(entries), np.concatenate(adjoint)
    return Plan._make(table.astype(np.int32) for table in tables)


def schedule(job: Job) -> list[Sweep]:
    """Divide the operations among sweeps; gates on other wires overtake those that must wait."""
    sweeps, waiting = [], list(job.program)
    while waiting:
        permutation = waiting.pop(0)[1:] if waiting[0][0] == "permute" else STAY
        # What an index scatters should be written in one piece: the lowest bits.
        reach = job.row_wires if permutation == STAY else ROW_BITS
        taken, waiting, rows = _take(job, waiting, reach)
        free = [bit for bit in range(job.row_wires) if bit not in rows]
        rows = sorted([*rows, *free[: ROW_BITS - len(rows)]])
        sweeps.append(Sweep(permutation, tuple(taken), tuple(rows)))
    return sweeps


def _take(job: Job, operations: list[Operation], reach: int):
    """Return the operations one sweep can do now, the others in order, and its row bits."""
    taken, rest, rows, held = [], [], set(), set()
    for position, operation in enumerate(operations):
        if operation[0] == "permute" or len(held) == job.n:
            return taken, rest + operations[position:], rows
        mixed, wires = _wires(operation)
        wanted = rows | bits(job, mixed)[0]
        too_far = len(wanted) > ROW_BITS or any(bit >= reach for bit in wanted)
        if too_far or not held.isdisjoint(wires):
            held.update(wires)
            rest.append(operation)
        else:
            rows = wanted
            taken.append(operation)
    return taken, rest, rows


def _wires(operation: Operation) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Wires whose basis states an operation mixes, so that a tile must hold them all; all wires."""
    kind, wires, last = operation
    if kind == "flip":
        return (last,), (*wires, last)
    return () if kind == "phases" else wires, wires


def _leaving(sweeps: list[Sweep]) -> list[tuple[Sweep, bool]]:
    """Say which sweeps write to the other buffer: those that permute, and an even number in all.

    So the last one writes to the buffer the first one read. Where only sweeps that permute are
    there to make the number even, one that does nothing is added.
    """
    leaves = [sweep.permutation != STAY for sweep in sweeps]
    if sum(leaves) % 2:
        if all(leaves):
            sweeps, leaves = (
                [*sweeps, sweeps[0]._replace(permutation=STAY, operations=())],
                [*leaves, False],
            )
        leaves[leaves.index(False)] = True
    return list(zip(sweeps, leaves, strict=True))


def bits(job: Job, wires: Iterable[int]) -> tuple[set[int], set[int]]:
    """Bits of rows, and of lanes, that wires stand for."""
    rows = {job.row_wires - 1 - wire for wire in wires if wire < job.row_wires}
    lanes = {job.n - 1 - wire + job.batch_bits for wire in wires if wire >= job.row_wires}
    return rows, lanes


def _fields(job: Job, operation: Operation, rows: tuple[int, ...], coefficient: int, shared: int):
    """What the loops read of an operation, see `frames.OP_FIELDS`.

    Matrices of each column stand behind the `shared` coefficients, four a register of columns.
    """
    from circuits.simulation.native.loops import PHASES
    from circuits.simulation.native.products import variants

    if operation[0] == "phases":
        return PHASES, 0, 0, operation[2], sum(1 << (job.n - 1 - wire) for wire in operation[1])
    if operation[0] == "flip":
        return _flip_fields(job, operation, rows)
    row_bits, lane_bits = bits(job, operation[1])
    kind = variants(job.lanes).index((len(row_bits), tuple(sorted(lane_bits))))
    inside = [rows.index(bit) for bit in sorted(row_bits)] + [0, 0]
    step = 0
    if operation[0] == "columns":
        coefficient, step = shared + 4 * job.blocks * operation[2], 4
    size = 2 * job.lanes
    return kind, inside[0], inside[1], size * coefficient, size * step


def _flip_fields(job: Job, operation: Operation, rows: tuple[int, ...]):
    from circuits.simulation.native.loops import FLIPS

    _, controls, target = operation
    row_bits, lane_bits = bits(job, [target])
    held, held_lanes = bits(job, controls)
    lanes = [lane for lane in range(job.lanes) if all(lane >> bit & 1 for bit in held_lanes)]
    inside = sum(1 << rows.index(bit) for bit in held if bit in rows)
    outside = sum(1 << bit for bit in held if bit not in rows)
    kind, bit = (FLIPS, rows.index(*row_bits)) if row_bits else (FLIPS + 1 + max(lane_bits), 0)
    return kind, bit, inside, sum(1 << lane for lane in lanes), outside


@lru_cache(maxsize=1024)
def _entries(job: Job, wires: tuple[int, ...], transposed: bool = False) -> npt.NDArray:
    """Which of its matrix' numbers the lanes of a gate's coefficients hold; the job has no program.

    They are (coefficients, 2, lanes), for real and imaginary parts. Coefficients are ordered by
    (row i, column j, flips m): i and j number registers by the gate's row bits, m says which of its
    lane bits differ between the amplitudes multiplied and made.
    """
    row_bits, lane_bits = map(sorted, bits(job, wires))
    sizes = 2 ** len(row_bits), 2 ** len(row_bits), 2 ** len(lane_bits), job.lanes
    i, j, m, lane = np.indices(sizes).reshape(4, -1)
    row = column = np.zeros_like(lane)
    for wire in wires:  # the first is the most significant bit of a matrix's index
        rows, lanes = bits(job, [wire])
        if rows:
            rank = row_bits.index(*rows)
            here, there = i >> rank & 1, j >> rank & 1
        else:
            here = lane >> lane_bits[rank := lane_bits.index(*lanes)] & 1
            there = here ^ (m >> rank & 1)
        row, column = 2 * row + here, 2 * column + there
    if transposed:
        row, column = column, row
    size = 2 ** len(wires)
    real = (size * row + column).reshape(-1, job.lanes)
    return np.stack([real, real + size**2], 1)
