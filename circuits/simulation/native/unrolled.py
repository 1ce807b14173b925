"""Programs for the native kernels: every operation unrolled, constants in few short tables."""

from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from circuits.simulation.engine.kernels import Matrix, Permutation, Phases, Scramble
from circuits.simulation.engine.matrices import Pair, Places
from circuits.simulation.engine.parameters import constant_table
from circuits.simulation.engine.program import Factor, Op, Program, reads
from circuits.simulation.native import calls as native
from circuits.simulation.native.checks import LANE_BITS, MAX_QUBITS
from circuits.simulation.native.moves import halves
from circuits.simulation.native.schedule import Operation, schedule

# Tables of phases share a core's first cache with a tile.
TABLE_WIRES = 12
# One pass through memory by an index costs as much as about so many flips for each wire.
FLIPS_A_WIRE = 2

PhaseTable = tuple[tuple[int, ...], tuple[Factor, ...]]  # wires, ascending, and its factors


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
    steps = _steps(program, _slots(places, arrays))
    operations = tuple(constants.placed(step) for step in steps)
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
    """Tables of phases and of permutations of a program; equal ones are kept once."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.phases: dict[PhaseTable, int] = {}
        self.moves: dict[Permutation | Scramble, tuple[int, int]] = {}
        self.tables = [jnp.zeros(0, jnp.int32)]

    def placed(self, step: Operation) -> Operation:
        match step:
            case "phases", wires, table:
                return "phases", wires, self._phase_place(table)
            case "permute", kernel, _:
                return "permute", *self._move_place(kernel)
        return step

    def _phase_place(self, table: PhaseTable) -> int:
        end = sum(2 ** len(wires) for wires, _ in self.phases)
        return self.phases.setdefault(table, end)

    def _move_place(self, kernel: Permutation | Scramble) -> tuple[int, int]:
        if kernel not in self.moves:
            high, low = halves(kernel, self.n)
            self.moves[kernel] = sum(map(len, self.tables)), len(low).bit_length() - 1
            self.tables += [low, high]
        return self.moves[kernel]

    def stacked(self) -> dict[str, jax.Array]:
        phases = np.concatenate([np.ones(0), *(constant_table(*table) for table in self.phases)])
        turned = phases.imag.any()
        return {
            "phases": jnp.asarray(
                phases if turned else phases.real, jnp.result_type(complex if turned else float)
            ),
            "indices": jnp.concatenate(self.tables),
        }


def sweep_count(program: Program, batched: frozenset[str], columns: int) -> int:
    """Return how often a program that `fits` goes through memory, for one state or some in columns.

    >>> from circuits import build_circuit, gate
    >>> from circuits.simulation.engine.program import make_program
    >>> circuit = build_circuit([gate("h", wire) for wire in range(14)])
    >>> sweep_count(make_program(circuit), frozenset(), 1)  # four wires are inside a register
    2
    """
    ops = (*program.before, *(op for each in program.repeats for op in each), *program.after)
    kinds = {True: ("columns", 0), False: ("matrix", 0)}
    slots = {block: kinds[reads(op, batched)] for op in ops for block in op.blocks}
    dtype = jnp.result_type(complex).name
    steps = tuple(_steps(program, slots))
    return len(schedule(native.job_of(steps, program.n_qubits, columns, dtype)))


def _steps(program: Program, slots: dict) -> Iterable[Operation]:
    """Native operations, but constants in place of their places; neighbours share phase tables."""
    waiting: list[Factor] = []
    repeated = (op for each in program.repeats for op in each)
    for op in (*program.before, *repeated, *program.after):
        if isinstance(op.kernel, Phases):
            waiting += op.factors
            continue
        yield from _rephasing(waiting, program.n_qubits)
        waiting = []
        if isinstance(op.kernel, Matrix):
            kind, place = slots[op.blocks[0]]
            yield kind, op.kernel.wires, place
        else:
            yield from _moving(op.kernel, program.n_qubits)
    yield from _rephasing(waiting, program.n_qubits)


def _moving(kernel: Permutation | Scramble, n: int) -> Iterable[Operation]:
    if kernel.flips is not None and len(kernel.flips) <= FLIPS_A_WIRE * n:
        return [("flip", *flip) for flip in kernel.flips]
    return [("permute", kernel, None)]


def _rephasing(factors: Iterable[Factor], n: int) -> Iterable[Operation]:
    return [("phases", table[0], table) for table in _phase_tables(factors, n)]


def _phase_tables(factors: Iterable[Factor], n: int) -> list[PhaseTable]:
    """Constant phases in few tables: each goes to the first that it does not make too long."""
    last = set(range(max(n - LANE_BITS, 0), n))
    tables: list[tuple[set[int], list[Factor]]] = []
    for factor in factors:
        touched = set(factor.wires)
        if touched & last:  # all lanes of a register are in the table, or none
            touched |= last
        home = next((each for each in tables if len(each[0] | touched) <= TABLE_WIRES), None)
        if home is None:
            tables.append(home := (set(), []))
        home[0].update(touched)
        home[1].append(factor)
    return [(tuple(sorted(wires)), tuple(inside)) for wires, inside in tables]
