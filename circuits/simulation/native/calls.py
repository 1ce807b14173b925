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

from circuits.simulation.native.checks import LANES, check_arrays, check_program
from circuits.simulation.native.schedule import Job, Operation, Program, plan_for


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


def _job(program: Program, n: int, psi, tables: Tables) -> "Job":
    check_program(program, n)
    check_arrays(program, n, psi, tables)
    columns, lanes = (psi.shape[1] if psi.ndim == 2 else 1), LANES[psi.dtype.name]
    width = _width(columns, lanes, n, any(operation[0] == "columns" for operation in program))
    return Job(program, n, width, lanes, len(tables.ones))


def _padded(job: "Job", psi: jax.Array) -> jax.Array:
    columns = psi.shape[1] if psi.ndim == 2 else 1
    if job.width == columns:  # a reshape here would make XLA copy the state
        return psi
    return jnp.pad(psi.reshape(2**job.n, columns), ((0, 0), (0, job.width - columns)))


def _unpadded(padded: jax.Array, psi: jax.Array) -> jax.Array:
    if padded.shape == psi.shape:
        return padded
    return padded[:, : psi.shape[1] if psi.ndim == 2 else 1].reshape(psi.shape)


def _call_forward(job: Job, psi, tables: Tables) -> jax.Array:
    plan = plan_for(job)
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


def _call_backward(job: Job, psi, cotangent, tables: Tables):
    plan = plan_for(job)
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


def _by_column(job: Job, many: jax.Array) -> jax.Array:
    """Coefficients (m blocks 4, lanes) of matrices (m, 2, 2, b), if an operation needs them."""
    if not job.has_columns:
        return jnp.zeros((0, job.lanes), many.dtype)
    padded = jnp.pad(
        many.reshape(len(many), 4, -1), ((0, 0), (0, 0), (0, job.width - many.shape[3]))
    )
    blocks = padded.reshape(len(many), 4, job.blocks, job.lanes)
    return blocks.swapaxes(1, 2).reshape(-1, job.lanes)


def _from_columns(job: Job, coefficients: jax.Array, many: jax.Array) -> jax.Array:
    """The transpose of `_by_column`."""
    if not job.has_columns:
        return jnp.zeros_like(many)
    blocks = coefficients.reshape(len(many), job.blocks, 4, job.lanes).swapaxes(1, 2)
    return blocks.reshape(len(many), 2, 2, job.width)[..., : many.shape[3]]


def _constants(job: Job, table_size: int, tables: Tables):
    """The operands that say what to do: sizes, phases, indices, operations, sweeps."""
    plan, phases, indices = plan_for(job), tables.phases, tables.indices
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
