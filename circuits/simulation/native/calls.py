"""States of large circuits on one CPU core, by compiled loops that stay in its cache (optional).

The loops are numba's; XLA calls them in place on its own buffers, so they run inside any jitted
program. Without numba, or on another platform, the JAX kernels do the same work.
"""

from collections.abc import Iterable
from functools import lru_cache
from importlib.util import find_spec
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

# ("matrix", wires, slot), ("columns", wires, slot), ("phases", slot) or ("permute", slot)
Operation = tuple
Program = tuple[Operation, ...]

MAX_QUBITS = 30  # indices are int32
ROW_BITS = 8  # a tile of 2**8 registers fills most of a first-level cache
LANES = {"complex64": 16, "complex128": 8}  # amplitudes in a register, their parts apart


def available() -> bool:
    """Say whether numba, which compiles the loops, is installed.

    >>> isinstance(available(), bool)
    True
    """
    return find_spec("numba") is not None


class Tables(NamedTuple):
    """What the operations of a program refer to by their slots.

    ones (m, 2, 2) and twos (m, 4, 4): matrices, in the state's type. many (m, 2, 2, b): matrices
    of each column of a batch. phases (p, 2**n): in the state's type, or real of its precision.
    indices (q, 2**n): int32, each a permutation (which is not checked).
    """

    ones: jax.Array
    twos: jax.Array
    many: jax.Array
    phases: jax.Array
    indices: jax.Array


def run(program: Iterable[Operation], n: int, psi: jax.Array, tables: Tables) -> jax.Array:
    """Return the state after a program of gates on n qubits, computed by one thread.

    Beside the state it needs a second one where the program permutes. Batches are padded, to a
    power of two below one register (16 or 8 columns), to whole registers above.

    Args:
        program: operations in order. ``("matrix", wires, slot)`` multiplies one or two wires
            (qubit 0 is the most significant bit) by entry `slot` of the 2x2 or the 4x4 matrices,
            ``("columns", (wire,), slot)`` by one of those that differ from column to column;
            ``("phases", slot)`` multiplies by a vector; ``("permute", slot)`` makes amplitude i
            what amplitude ``index[i]`` was.
        n: number of qubits, at most 30.
        psi: the state (2**n,) or a batch in columns (2**n, b), complex64 or complex128.
        tables: what the slots refer to.

    Raises:
        ValueError: on a program that is not as above, or a shape or slot that does not fit.
        TypeError: on an array of another type.

    >>> x, none = jnp.array([[[0, 1], [1, 0]]], jnp.complex64), jnp.zeros((0, 4), jnp.int32)
    >>> empty = jnp.zeros((0, 4, 4), jnp.complex64), jnp.zeros((0, 2, 2, 1), jnp.complex64)
    >>> tables = Tables(x, *empty, none.astype(jnp.complex64), none)
    >>> flip, psi = [("matrix", (1,), 0)], jnp.array([1, 2, 3, 4], jnp.complex64)
    >>> run(flip, 2, psi, tables).real.tolist() if available() else ...
    [2.0, 1.0, 4.0, 3.0]
    """
    job = _job(tuple(program), n, psi, tables)
    return _unpadded(_call_forward(job, _padded(job, psi), tables), psi)


def rewind(
    program: Iterable[Operation], n: int, psi: jax.Array, cotangent: jax.Array, tables: Tables
) -> tuple[jax.Array, jax.Array, tuple[jax.Array, jax.Array, jax.Array]]:
    """Return state and cotangent before a program from those after it, and the matrices' ones.

    The adjoint method: the operations are undone on the final state while the cotangent is pulled
    back, so no other state is stored; four in all. It holds for unitary matrices and phases of
    modulus 1. Cotangents are JAX's: that of z = x + iy is dL/dx - i dL/dy.

    Args:
        program, n, tables: as of `run`.
        psi: the final state.
        cotangent: of the final state, shaped as psi.

    Returns:
        the first state, its cotangent, and the cotangents of ones, twos and many.

    Source:
        Jones and Gacon, arXiv:2009.02823.
    """
    job = _job(tuple(program), n, psi, tables)
    first, before, sums = _call_backward(job, _padded(job, psi), _padded(job, cotangent), tables)
    return _unpadded(first, psi), _unpadded(before, psi), sums


def _job(program: Program, n: int, psi, tables: Tables) -> "_Job":
    _check_program(program, n)
    _check_arrays(program, n, psi, tables)
    columns, lanes = (psi.shape[1] if psi.ndim == 2 else 1), LANES[psi.dtype.name]
    width = _width(columns, lanes, n, any(operation[0] == "columns" for operation in program))
    return _Job(program, n, width, lanes, len(tables.ones), len(tables.twos))


def _padded(job: "_Job", psi: jax.Array) -> jax.Array:
    columns = psi.shape[1] if psi.ndim == 2 else 1
    if job.width == columns:  # a reshape here would make XLA copy the state
        return psi
    return jnp.pad(psi.reshape(2**job.n, columns), ((0, 0), (0, job.width - columns)))


def _unpadded(padded: jax.Array, psi: jax.Array) -> jax.Array:
    if padded.shape == psi.shape:
        return padded
    return padded[:, : psi.shape[1] if psi.ndim == 2 else 1].reshape(psi.shape)


# How a program becomes tables for the loops.


class _Job(NamedTuple):
    program: Program
    n: int
    width: int  # columns of the padded batch
    lanes: int
    n_ones: int
    n_twos: int

    @property
    def has_columns(self) -> bool:
        """Whether matrices differ from column to column."""
        return any(operation[0] == "columns" for operation in self.program)

    @property
    def blocks(self) -> int:
        """Registers that the columns of one amplitude fill."""
        return max(1, self.width // self.lanes)

    @property
    def lane_bits(self) -> int:
        return self.lanes.bit_length() - 1

    @property
    def batch_bits(self) -> int:
        """Bits of a register's lanes that number columns; above them come the last qubits'."""
        return min(self.width.bit_length() - 1, self.lane_bits)

    @property
    def row_wires(self) -> int:
        """Wires outside registers: the first so many."""
        return self.n - (self.lane_bits - self.batch_bits)


class _Sweep(NamedTuple):
    """One pass over memory; its operations act inside tiles. rows: the bits that number rows."""

    permutation: int
    operations: tuple[Operation, ...]
    rows: tuple[int, ...]


class _Plan(NamedTuple):
    """Tables for the loops.

    ops (m, 4) and sweeps (s, 13): fields as the loops read them. entries (k, lanes): the entry of
    all matrices, flattened, that each lane of a coefficient holds. adjoint: the same, transposed.
    """

    ops: npt.NDArray[np.int32]
    sweeps: npt.NDArray[np.int32]
    entries: npt.NDArray[np.int32]
    adjoint: npt.NDArray[np.int32]


@lru_cache(maxsize=256)
def _plan(job: _Job) -> _Plan:
    todo, sweeps = [], []
    entries, adjoint = [np.zeros((0, job.lanes))], [np.zeros((0, job.lanes))]
    for sweep, flips in _flips(_schedule(job)):
        start = len(todo)
        for operation in sweep.operations:
            todo.append((operation, sweep.rows, sum(map(len, entries))))
            if operation[0] == "matrix":
                entries.append(_entries(job, operation))
                adjoint.append(_entries(job, operation, transposed=True))
        bits = sweep.rows + (0,) * (ROW_BITS - len(sweep.rows))
        sweeps.append((start, len(todo), sweep.permutation, flips, len(sweep.rows), *bits))
    shared = sum(map(len, entries))
    ops = [_fields(job, operation, rows, at, shared) for operation, rows, at in todo]
    tables = np.reshape(ops, (-1, 5)), np.reshape(sweeps, (-1, 5 + ROW_BITS))
    tables += np.concatenate(entries), np.concatenate(adjoint)
    return _Plan._make(table.astype(np.int32) for table in tables)


def _schedule(job: _Job) -> list[_Sweep]:
    """Divide the operations among sweeps; gates on other wires overtake those that must wait."""
    sweeps, waiting = [], list(job.program)
    while waiting:
        permutation = waiting.pop(0)[1] if waiting[0][0] == "permute" else -1
        # What an index scatters should be written in one piece: the lowest bits.
        reach = ROW_BITS if permutation >= 0 else job.row_wires
        taken, waiting, rows = _take(job, waiting, reach)
        free = [bit for bit in range(job.row_wires) if bit not in rows]
        rows = sorted([*rows, *free[: ROW_BITS - len(rows)]])
        sweeps.append(_Sweep(permutation, tuple(taken), tuple(rows)))
    return sweeps


def _take(job: _Job, operations: list[Operation], reach: int):
    """Return the operations one sweep can do now, the others in order, and its row bits."""
    taken, rest, rows, held = [], [], set(), set()
    for position, operation in enumerate(operations):
        if operation[0] == "permute" or (operation[0] == "phases" and held):
            return taken, rest + operations[position:], rows
        wires = set(operation[1]) if len(operation) == 3 else set()
        wanted = rows | _bits(job, wires)[0]
        too_far = len(wanted) > ROW_BITS or any(bit >= reach for bit in wanted)
        if too_far or wires & held:
            held |= wires
            rest.append(operation)
        else:
            rows = wanted
            taken.append(operation)
    return taken, rest, rows


def _flips(sweeps: list[_Sweep]) -> list[tuple[_Sweep, bool]]:
    """Say which sweeps write to the other buffer: those that permute, and an even number in all.

    So the last one writes to the buffer the first one read. Where only sweeps that permute are
    there to make the number even, one that does nothing is added.
    """
    flips = [sweep.permutation >= 0 for sweep in sweeps]
    if sum(flips) % 2:
        if all(flips):
            sweeps, flips = (
                [*sweeps, sweeps[0]._replace(permutation=-1, operations=())],
                [*flips, False],
            )
        flips[flips.index(False)] = True
    return list(zip(sweeps, flips, strict=True))


def _bits(job: _Job, wires: Iterable[int]) -> tuple[set[int], set[int]]:
    """Bits of rows, and of lanes, that wires stand for."""
    rows = {job.row_wires - 1 - wire for wire in wires if wire < job.row_wires}
    lanes = {job.n - 1 - wire + job.batch_bits for wire in wires if wire >= job.row_wires}
    return rows, lanes


def _fields(job: _Job, operation: Operation, rows: tuple[int, ...], coefficient: int, shared: int):
    """What the loops read of an operation: kind, two bits inside the tile, place in the table.

    Matrices of each column stand behind the `shared` coefficients, four a register of columns.
    """
    from circuits.simulation.native.loops import PHASES
    from circuits.simulation.native.registers import variants

    if operation[0] == "phases":
        return PHASES, 0, 0, operation[1], 0
    row_bits, lane_bits = _bits(job, operation[1])
    kind = variants(job.lanes).index((len(row_bits), tuple(sorted(lane_bits))))
    inside = [rows.index(bit) for bit in sorted(row_bits)] + [0, 0]
    step = 0
    if operation[0] == "columns":
        coefficient, step = shared + 4 * job.blocks * operation[2], 4
    size = 2 * job.lanes
    return kind, inside[0], inside[1], size * coefficient, size * step


def _entries(job: _Job, operation: Operation, transposed: bool = False) -> npt.NDArray:
    """Which matrix entries the lanes of a gate's coefficients hold, (coefficients, lanes).

    Coefficients are ordered by (row i, column j, flips m): i and j number registers by the gate's
    row bits, m says which of its lane bits differ between the amplitudes multiplied and made.
    """
    _, wires, slot = operation
    row_bits, lane_bits = map(sorted, _bits(job, wires))
    sizes = 2 ** len(row_bits), 2 ** len(row_bits), 2 ** len(lane_bits), job.lanes
    i, j, m, lane = np.indices(sizes).reshape(4, -1)
    row = column = np.zeros_like(lane)
    for wire in wires:  # the first is the most significant bit of a matrix's index
        rows, lanes = _bits(job, [wire])
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
    start = size**2 * slot + (4 * job.n_ones if size == 4 else 0)
    return (start + size * row + column).reshape(-1, job.lanes)


# The calls and their derivative.


def _call_forward(job: _Job, psi, tables: Tables) -> jax.Array:
    plan = _plan(job)
    shared = _shared(tables)[plan.entries]
    table = _split(jnp.concatenate([shared, _by_column(job, tables.many)]))
    flips = bool(plan.sweeps[:, 3].any())
    call = jax.ffi.ffi_call(
        _target("forward", psi.dtype.name),
        [_like(psi), _like(psi) if flips else _nothing(psi)],
        input_output_aliases={1: 0},
        vmap_method="sequential",
    )
    constants = _constants(job, table.size, tables)
    return call(constants[0], psi, table, *constants[1:])[0]


def _call_backward(job: _Job, psi, cotangent, tables: Tables):
    plan = _plan(job)
    shared = _shared(tables)
    inverse = jnp.concatenate(
        [shared[plan.adjoint], _by_column(job, jnp.swapaxes(tables.many, 1, 2))]
    )
    table = _split(inverse.conj())
    flips = bool(plan.sweeps[:, 3].any())
    spare = _like(psi) if flips else _nothing(psi)
    call = jax.ffi.ffi_call(
        _target("backward", psi.dtype.name),
        [_like(psi), _like(psi), spare, spare, _like(table)],
        input_output_aliases={1: 0, 2: 1},
        vmap_method="sequential",
    )
    constants = _constants(job, table.size, tables)
    results = call(constants[0], psi, cotangent, table, *constants[1:])
    sums = jax.lax.complex(results[4][:, 0], results[4][:, 1])
    n_shared = len(plan.entries)
    gradient = jnp.zeros_like(shared).at[plan.entries].add(sums[:n_shared])
    ones, twos = gradient[: tables.ones.size], gradient[tables.ones.size :]
    many = _from_columns(job, sums[n_shared:], tables.many)
    return *results[:2], (ones.reshape(tables.ones.shape), twos.reshape(tables.twos.shape), many)


def _shared(tables: Tables) -> jax.Array:
    return jnp.concatenate([tables.ones.ravel(), tables.twos.ravel()])


def _by_column(job: _Job, many: jax.Array) -> jax.Array:
    """Coefficients (m blocks 4, lanes) of matrices (m, 2, 2, b), if an operation needs them."""
    if not job.has_columns:
        return jnp.zeros((0, job.lanes), many.dtype)
    padded = jnp.pad(
        many.reshape(len(many), 4, -1), ((0, 0), (0, 0), (0, job.width - many.shape[3]))
    )
    blocks = padded.reshape(len(many), 4, job.blocks, job.lanes)
    return blocks.swapaxes(1, 2).reshape(-1, job.lanes)


def _from_columns(job: _Job, coefficients: jax.Array, many: jax.Array) -> jax.Array:
    """The transpose of `_by_column`."""
    if not job.has_columns:
        return jnp.zeros_like(many)
    blocks = coefficients.reshape(len(many), job.blocks, 4, job.lanes).swapaxes(1, 2)
    return blocks.reshape(len(many), 2, 2, job.width)[..., : many.shape[3]]


def _constants(job: _Job, table_size: int, tables: Tables):
    """The operands that say what to do: sizes, phases, indices, operations, sweeps."""
    plan, phases, indices = _plan(job), tables.phases, tables.indices
    is_complex = jnp.iscomplexobj(phases)
    parts = jnp.stack([phases.real, phases.imag], -1) if is_complex else phases
    counts = len(phases), 1 + is_complex, len(indices), len(plan.ops), len(plan.sweeps)
    sizes = np.array([table_size, 2**job.n, *counts, job.width], np.int32)
    return sizes, parts, indices, plan.ops, plan.sweeps


def _split(coefficients: jax.Array) -> jax.Array:
    """Real and imaginary parts (k, 2, lanes) of coefficients (k, lanes)."""
    return jnp.stack([coefficients.real, coefficients.imag], axis=1)


def _like(array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _nothing(array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((0,), array.dtype)


@lru_cache(maxsize=4)
def _target(direction: str, dtype: str) -> str:
    """Compile a kernel and tell XLA its name."""
    from circuits.simulation.native import loops

    precision = {"complex64": "single", "complex128": "double"}[dtype]
    function = getattr(loops, f"{direction}_{precision}")
    name = f"circuits_native_{direction}_{precision}"
    capsule = jax.ffi.pycapsule(loops.compiled(function).address)
    jax.ffi.register_ffi_target(name, capsule, platform="cpu")
    return name


def _width(columns: int, lanes: int, n: int, whole: bool) -> int:
    """Columns that loops can work on: whole registers, or a power of two that divides one."""
    if columns >= lanes or whole:
        return -(-columns // lanes) * lanes
    return max(1 << (columns - 1).bit_length(), lanes >> n)


# What is refused.


def _check_program(program: Program, n: int) -> None:
    if not 1 <= n <= MAX_QUBITS:
        raise ValueError(f"Argument `n` must be 1 to {MAX_QUBITS} qubits, but is n={n}.")
    for operation in program:
        kind, *rest = operation
        if kind in ("matrix", "columns") and len(rest) == 2:
            wires = tuple(rest[0])
            inside = all(0 <= wire < n for wire in wires)
            widths = (1, 2) if kind == "matrix" else (1,)
            good = inside and len(wires) in widths and len(set(wires)) == len(wires)
        else:
            good = kind in ("phases", "permute") and len(rest) == 1
        if not good:
            raise ValueError(
                f"Argument `program` must hold matrices on 1 or 2 of {n} wires, phases and "
                f"permutations, each with its slot, but has {operation!r}."
            )


def _check_arrays(program: Program, n: int, psi, tables: Tables) -> None:
    if psi.dtype.name not in LANES:
        raise TypeError(f"Argument `psi` must be complex64 or complex128, but is {psi.dtype.name}.")
    real = jnp.finfo(psi.dtype).dtype.name
    columns = psi.shape[1] if psi.ndim == 2 else 1
    wanted = {
        "psi": (psi, (2**n,) if psi.ndim == 1 else (2**n, "b"), {psi.dtype.name}),
        "ones": (tables.ones, ("m", 2, 2), {psi.dtype.name}),
        "twos": (tables.twos, ("m", 4, 4), {psi.dtype.name}),
        "many": (tables.many, ("m", 2, 2, columns), {psi.dtype.name}),
        "phases": (tables.phases, ("p", 2**n), {psi.dtype.name, real}),
        "indices": (tables.indices, ("q", 2**n), {"int32"}),
    }
    for name, (array, shape, dtypes) in wanted.items():
        _check_array(name, array, shape, dtypes)
    lengths = {
        "matrix1": tables.ones,
        "matrix2": tables.twos,
        "columns1": tables.many,
        "phases": tables.phases,
        "permute": tables.indices,
    }
    for operation in program:
        width = len(operation[1]) if len(operation) == 3 else ""
        array = lengths[f"{operation[0]}{width}"]
        if not 0 <= operation[-1] < len(array):
            raise ValueError(
                f"Operation {operation!r} needs its slot among {len(array)} arrays given."
            )


def _check_array(name: str, array, shape, dtypes) -> None:
    fits = array.ndim == len(shape) and all(
        isinstance(size, str) or size == actual
        for size, actual in zip(shape, array.shape, strict=True)
    )
    if not fits:
        text = ", ".join(map(str, shape))
        raise ValueError(
            f"Argument `{name}` must have shape ({text}), but has {tuple(array.shape)}."
        )
    if array.dtype.name not in dtypes:
        raise TypeError(
            f"Argument `{name}` must be {' or '.join(sorted(dtypes))}, but is {array.dtype.name}."
        )
