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
from circuits.simulation.native.schedule import Job, Operation, Plan, Program, plan_for


def available() -> bool:
    """Say whether numba, which compiles the loops, is installed.

    >>> isinstance(available(), bool)
    True
    """
    return find_spec("numba") is not None


class Tables(NamedTuple):
    """What the operations of a program refer to, all but the indices in the state's precision.

    matrices (s,): the numbers of all matrices, of each the real parts (4 or 16), row by row, then
    the imaginary ones. many (m, 2, 2, 2, b): real and imaginary parts of 2x2 matrices of each
    column of a batch. phases (p,): the numbers of all tables of phases, complex or real. indices
    (q,): int32, of each permutation the table of low bits, then that of high ones (neither is
    checked).
    """

    matrices: jax.Array
    many: jax.Array
    phases: jax.Array
    indices: jax.Array


def run(program: Iterable[Operation], n: int, psi: jax.Array, tables: Tables) -> jax.Array:
    """Return the state after a program of gates on n qubits, computed by one thread.

    Beside the state it needs a second one where the program permutes. Batches are padded, to a
    power of two below one register (16 or 8 columns), to whole registers above.

    Args:
        program: operations in order. ``("matrix", wires, place)`` multiplies one or two wires
            (qubit 0 is the most significant bit) by the matrix whose numbers begin at `place`,
            ``("columns", (wire,), slot)`` by one of those that differ from column to column;
            ``("phases", wires, place)`` multiplies by a table of the basis states of some ascending
            wires; ``("flip", controls, target)`` flips a wire where all controls are 1;
            ``("permute", place, bits)`` makes amplitude i what amplitude
            ``high[i >> bits] ^ low[i % 2**bits]`` was, of which `low` begins at `place` of the
            indices and holds a register's worth (16), or all, at least.
        n: number of qubits, at most 30.
        psi: the state (2**n,) or a batch in columns (2**n, b), complex64 or complex128.
        tables: what the slots refer to.

    Raises:
        ValueError: on a program that is not as above, or a shape or slot that does not fit.
        TypeError: on an array of another type.

    >>> x = jnp.array([0, 1, 1, 0, 0, 0, 0, 0], jnp.float32)
    >>> many, phases = jnp.zeros((0, 2, 2, 2, 1), jnp.float32), jnp.zeros(0, jnp.float32)
    >>> tables = Tables(x, many, phases, jnp.zeros(0, jnp.int32))
    >>> flip, psi = [("matrix", (1,), 0)], jnp.array([1, 2, 3, 4], jnp.complex64)
    >>> run(flip, 2, psi, tables).real.tolist() if available() else ...
    [2.0, 1.0, 4.0, 3.0]
    """
    job = _job(tuple(program), n, psi, tables)
    return _unpadded(_call_forward(job, _padded(job, psi), tables), psi)


def rewind(
    program: Iterable[Operation], n: int, psi: jax.Array, cotangent: jax.Array, tables: Tables
) -> tuple[jax.Array, jax.Array, tuple[jax.Array, jax.Array]]:
    """Return state and cotangent before a program from those after it, and the matrices' ones.

    The adjoint method: the operations are undone on the final state while the cotangent is pulled
    back, so no other state is stored; four in all. It holds for unitary matrices and phases of
    modulus 1. Cotangents are JAX's: that of z = x + iy is dL/dx - i dL/dy.

    Args:
        program, n, tables: as of `run`.
        psi: the final state.
        cotangent: of the final state, shaped as psi.

    Returns:
        the first state, its cotangent, and the cotangents of matrices and many.

    Source:
        Jones and Gacon, arXiv:2009.02823.
    """
    job = _job(tuple(program), n, psi, tables)
    first, before, sums = _call_backward(job, _padded(job, psi), _padded(job, cotangent), tables)
    return _unpadded(first, psi), _unpadded(before, psi), sums


def job_of(program: Program, n: int, columns: int, dtype: str) -> Job:
    """Return what is to be done to a state, or to several in columns."""
    whole = any(operation[0] == "columns" for operation in program)
    return Job(program, n, _width(columns, LANES[dtype], n, whole), LANES[dtype])


def _job(program: Program, n: int, psi, tables: Tables) -> "Job":
    check_program(program, n)
    check_arrays(program, n, psi, tables)
    return job_of(program, n, psi.shape[1] if psi.ndim == 2 else 1, psi.dtype.name)


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
    call = jax.ffi.ffi_call(
        _target("forward", psi.dtype.name),
        [_like(psi), _spare(plan, psi)],
        input_output_aliases={1: 0},
        vmap_method="sequential",
    )
    given = psi, tables.matrices, tables.many, plan.entries
    return call(_sizes(job, tables), *given, *_constants(job, tables))[0]


def _call_backward(job: Job, psi, cotangent, tables: Tables):
    plan = plan_for(job)
    spare, sums = _spare(plan, psi), (tables.matrices, tables.many)
    call = jax.ffi.ffi_call(
        _target("backward", psi.dtype.name),
        [_like(psi), _like(psi), spare, spare, *map(_like, sums)],
        input_output_aliases={1: 0, 2: 1},
        vmap_method="sequential",
    )
    given = psi, cotangent, *sums, plan.entries, plan.adjoint
    results = call(_sizes(job, tables), *given, *_constants(job, tables))
    return results[0], results[1], (results[4], results[5])


def _sizes(job: Job, tables: Tables):
    """The first operand of a call, as `frames.Sizes` reads it."""
    plan, phases = plan_for(job), tables.phases
    matrices = tables.matrices.size, len(tables.many), tables.many.shape[-1], len(plan.entries)
    constants = len(phases), 1 + jnp.iscomplexobj(phases), len(tables.indices)
    steps = len(plan.ops), len(plan.sweeps)
    return np.array([2**job.n, job.width, *matrices, *constants, *steps], np.int32)


def _constants(job: Job, tables: Tables):
    """The last operands of a call: phases, indices, operations, sweeps."""
    plan, phases = plan_for(job), tables.phases
    parts = jnp.stack([phases.real, phases.imag]) if jnp.iscomplexobj(phases) else phases
    return parts, tables.indices, plan.ops, plan.sweeps


def _spare(plan: Plan, psi) -> jax.ShapeDtypeStruct:
    """A second state, if a sweep writes to one."""
    return _like(psi) if plan.sweeps[:, 4].any() else jax.ShapeDtypeStruct((0,), psi.dtype)


def _like(array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


@lru_cache(maxsize=4)
def _target(direction: str, dtype: str) -> str:
    """Compile a kernel and tell XLA its name."""
    from circuits.simulation.native import frames

    precision = {"complex64": "single", "complex128": "double"}[dtype]
    function = getattr(frames, f"{direction}_{precision}")
    name = f"circuits_native_{direction}_{precision}"
    capsule = jax.ffi.pycapsule(frames.compiled(function).address)
    jax.ffi.register_ffi_target(name, capsule, platform="cpu")
    return name


def _width(columns: int, lanes: int, n: int, whole: bool) -> int:
    """Columns that loops can work on: whole registers, or a power of two that divides one."""
    if columns >= lanes or whole:
        return -(-columns // lanes) * lanes
    return max(1 << (columns - 1).bit_length(), lanes >> n)
