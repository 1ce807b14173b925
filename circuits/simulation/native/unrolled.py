"""Programs for the native kernels: every operation unrolled, constants joined to whole vectors."""

from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp

from circuits.simulation.engine.kernels import Matrix, Permutation, Phases, Scramble, apply
from circuits.simulation.engine.matrices import Pair, Places
from circuits.simulation.engine.parameters import constant_table
from circuits.simulation.engine.program import Op, Program, reads
from circuits.simulation.native import calls as native
from circuits.simulation.native.checks import MAX_QUBITS
from circuits.simulation.native.moves import halves


def fits(program: Program, batched: frozenset[str]) -> bool:
    """Say whether the native kernels can run a program: gates on few wires, and numba is there.

    Args:
        program: made with width 1 and phases apart.
        batched: segments that hold a batch; one-wire matrices may read them.
    """
    if not native.available():
        return False
    ops = [*program.before, *(program.repeats[0] if program.repeats else ()), *program.after]
    return program.n_qubits <= MAX_QUBITS and all(_fits(op, batched) for op in ops)


def _fits(op: Op, batched: frozenset[str]) -> bool:
    if isinstance(op.kernel, Matrix):
        return len(op.kernel.wires) <= (1 if reads(op, batched) else 2)
    return not any(factor.gate for factor in op.factors)


def run_native(program: Program, places: Places, arrays: Sequence[jax.Array], psi: Pair) -> Pair:
    """Return the state after a program that `fits`.

    Args:
        program: to run.
        places: where the matrices of its blocks stand.
        arrays: (m, 2, 2**k, 2**k) or (m, 2, 2**k, 2**k, b), as of `block_matrices`.
        psi: the state it starts from.
    """
    operations, tables = _unroll(program, places, arrays, psi)
    final = native.run(operations, program.n_qubits, jax.lax.complex(*psi), tables)
    return final.real, final.imag


def rewind_native(
    program: Program, places: Places, arrays: Sequence[jax.Array], psi: Pair, cotangent: Pair
):
    """Return state and cotangent before the program, from those after it, and those of arrays."""
    operations, tables = _unroll(program, places, arrays, psi)
    final, pulled = jax.lax.complex(*psi), jax.lax.complex(cotangent[0], -cotangent[1])
    first, before, sums = native.rewind(operations, program.n_qubits, final, pulled, tables)
    gradients, at = [], [0, 0]
    for array in arrays:
        which = int(array.ndim == 5)
        size = len(array) if which else array.size
        part = sums[which][at[which] : at[which] + size]
        gradients.append(part.reshape(array.shape))
        at[which] += size
    return (first.real, first.imag), (before.real, -before.imag), tuple(gradients)


def _unroll(program: Program, places: Places, arrays: Sequence[jax.Array], psi: Pair):
    """Native operations, and what they refer to."""
    real, columns = psi[0].dtype, psi[0].shape[1] if psi[0].ndim == 2 else 1
    alike = [array.ravel() for array in arrays if array.ndim == 4]
    apart = [array for array in arrays if array.ndim == 5]
    constants = _Constants(program.n_qubits)
    operations = tuple(_operations(program, _slots(places, arrays), constants))
    matrices = jnp.concatenate(alike or [jnp.zeros(0, real)])
    many = jnp.concatenate(apart or [jnp.zeros((0, 2, 2, 2, columns), real)])
    return operations, native.Tables(matrices, many, **constants.stacked())


def _slots(places: Places, arrays: Sequence[jax.Array]) -> dict:
    """Of each block the kind of its matrix, and where that stands among those of its kind."""
    slots, used = {}, {"matrix": 0, "columns": 0}
    for blocks, array in zip(places.groups, arrays, strict=True):
        kind, step = ("columns", 1) if array.ndim == 5 else ("matrix", array[0].size)
        for block in blocks:
            slots[block] = kind, used[kind]
            used[kind] += step
    return slots


class _Constants:
    """Vectors of phases and tables of permutations of a program; equal ones are kept once."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.phases: dict[tuple[Op, ...], jax.Array] = {}
        self.moves: dict[Permutation | Scramble, tuple[int, int]] = {}
        self.tables = [jnp.zeros(0, jnp.int32)]

    def phase_slot(self, ops: tuple[Op, ...]) -> int:
        if ops not in self.phases:
            self.phases[ops] = _joined(ops, self.n)
        return list(self.phases).index(ops)

    def move_place(self, kernel: Permutation | Scramble) -> tuple[int, int]:
        if kernel not in self.moves:
            high, low = halves(kernel, self.n)
            self.moves[kernel] = sum(map(len, self.tables)), len(low).bit_length() - 1
            self.tables += [low, high]
        return self.moves[kernel]

    def stacked(self) -> dict[str, jax.Array]:
        phases = list(self.phases.values())
        if any(jnp.iscomplexobj(each) for each in phases):
            phases = [each.astype(jnp.result_type(complex)) for each in phases]
        none = (0, 2**self.n)
        return {
            "phases": jnp.stack(phases) if phases else jnp.zeros(none, jnp.result_type(float)),
            "indices": jnp.concatenate(self.tables),
        }


def _operations(program: Program, slots: dict, constants: _Constants) -> Iterable:
    """Native operations; constant phases that follow each other become one vector."""
    waiting: tuple[Op, ...] = ()
    repeated = (op for each in program.repeats for op in each)
    for op in (*program.before, *repeated, *program.after):
        if isinstance(op.kernel, Phases):
            waiting += (op,)
            continue
        if waiting:
            yield "phases", constants.phase_slot(waiting)
            waiting = ()
        if isinstance(op.kernel, Matrix):
            kind, place = slots[op.blocks[0]]
            yield kind, op.kernel.wires, place
        else:
            yield "permute", *constants.move_place(op.kernel)
    if waiting:
        yield "phases", constants.phase_slot(waiting)


def _joined(ops: tuple[Op, ...], n: int) -> jax.Array:
    """The product (2**n,) of constant phases, real where all of them are."""
    real, turned = jnp.result_type(float), False
    psi = jnp.ones(2**n, real), jnp.zeros(2**n, real)
    for op in ops:
        assert isinstance(op.kernel, Phases), "only phases are joined"
        table = constant_table(op.kernel.wires, op.factors)
        theta = jnp.asarray(table.real, real), jnp.asarray(table.imag, real)
        psi, turned = apply(op.kernel, theta, psi, n), turned or bool(table.imag.any())
    return jax.lax.complex(*psi) if turned else psi[0]
