"""Programs for the native kernels: every operation unrolled, constants joined to whole vectors."""

from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp

from circuits.simulation.engine.kernels import Kernel, Matrix, Phases, Theta, apply
from circuits.simulation.engine.matrices import Pair
from circuits.simulation.engine.parameters import constant_table
from circuits.simulation.engine.program import Op, Program, reads
from circuits.simulation.native import calls as native
from circuits.simulation.native.checks import MAX_QUBITS

KINDS = ("ones", "twos", "many")  # the tables of matrices of `native.Tables`

Thetas = tuple[Sequence[Theta], Sequence[Theta], Sequence[Theta]]
Listed = list[tuple[Op, Theta]]


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
    wires = op.kernel.wires if isinstance(op.kernel, Matrix | Phases) else ()
    if isinstance(op.kernel, Phases) and not any(factor.gate for factor in op.factors):
        return True
    return len(wires) <= (1 if reads(op, batched) else 2)


def run_native(program: Program, thetas: Thetas, psi: Pair) -> Pair:
    """Return the state after a program that `fits`."""
    operations, tables = _unroll(program, thetas, _columns(psi))
    final = native.run(operations, program.n_qubits, jax.lax.complex(*psi), tables)
    return final.real, final.imag


def rewind_native(program: Program, thetas: Thetas, psi: Pair, cotangent: Pair):
    """Return state and cotangent before the program, from those after it, and all gradients."""
    operations, tables = _unroll(program, thetas, _columns(psi))
    final, pulled = jax.lax.complex(*psi), jax.lax.complex(cotangent[0], -cotangent[1])
    n = program.n_qubits
    first, before, sums = native.rewind(operations, n, final, pulled, tables)
    _, pull = jax.vjp(lambda given: _matrices(_listed(program, given), _columns(psi)), thetas)
    (gradients,) = pull(dict(zip(KINDS, sums, strict=True)))
    return (first.real, first.imag), (before.real, -before.imag), gradients


def _columns(psi: Pair) -> int:
    return psi[0].shape[1] if psi[0].ndim == 2 else 1


def _unroll(
    program: Program, thetas: Thetas, columns: int
) -> tuple[tuple[native.Operation, ...], native.Tables]:
    listed = _listed(program, thetas)
    constants = _Constants(program.n_qubits)
    operations = tuple(_operations(_steps(program, _places(listed)), constants))
    return operations, native.Tables(**_matrices(listed, columns), **constants.stacked())


def _listed(program: Program, thetas: Thetas) -> Listed:
    """Operations as written in the program, each parameter with a leading axis of repeats."""
    before, inside, after = thetas

    def once(theta):
        return jax.tree.map(lambda x: x[None], theta)

    ops = (*program.before, *(program.repeats[0] if program.repeats else ()), *program.after)
    return list(zip(ops, [*map(once, before), *inside, *map(once, after)], strict=True))


def _kind(op: Op, theta: Theta) -> str | None:
    """The table that an operation's matrices are in; None for constants."""
    is_phases = isinstance(op.kernel, Phases)
    if theta is None or (is_phases and not any(factor.gate for factor in op.factors)):
        return None
    batched = theta[0].ndim == (3 if is_phases else 4)
    return "many" if batched else {2: "ones", 4: "twos"}[theta[0].shape[1]]


def _places(listed: Listed) -> list[tuple[str, int] | None]:
    """Of each operation the table its matrices are in, and the slot of the first."""
    counts: dict[str, int] = dict.fromkeys(KINDS, 0)
    places = []
    for op, theta in listed:
        kind = _kind(op, theta)
        places.append(None if kind is None else (kind, counts[kind]))
        if kind is not None:
            counts[kind] += len(theta[0])
    return places


def _matrices(listed: Listed, columns: int) -> dict[str, jax.Array]:
    """Tables ones (m, 2, 2), twos (m, 4, 4) and many (m, 2, 2, b), complex."""
    rows: dict[str, list[jax.Array]] = {kind: [] for kind in KINDS}
    for op, theta in listed:
        if (kind := _kind(op, theta)) is not None:
            made = jax.lax.complex(*theta)
            rows[kind].append(_on_diagonal(made) if isinstance(op.kernel, Phases) else made)
    empty = {"ones": (0, 2, 2), "twos": (0, 4, 4), "many": (0, 2, 2, columns)}
    zeros = {kind: jnp.zeros(shape, jnp.result_type(complex)) for kind, shape in empty.items()}
    return {kind: jnp.concatenate(rows[kind] or [zeros[kind]]) for kind in KINDS}


def _on_diagonal(phases: jax.Array) -> jax.Array:
    """Diagonal matrices (r, K, K) or (r, K, K, b) of phases (r, K) or (r, K, b)."""
    eye = jnp.eye(phases.shape[1], dtype=phases.dtype)
    return phases[:, :, None] * eye.reshape(1, *eye.shape, *(1,) * (phases.ndim - 2))


def _steps(program: Program, places: list):
    """Operations in the order in which they act, each with its table and slot."""
    start, size = len(program.before), len(program.repeats[0]) if program.repeats else 0
    yield from zip(program.before, places[:start], strict=True)
    for row, repeat in enumerate(program.repeats):
        for op, place in zip(repeat, places[start : start + size], strict=True):
            yield op, place and (place[0], place[1] + row)
    yield from zip(program.after, places[start + size :], strict=True)


class _Constants:
    """Vectors of phases and index maps of a program; equal ones are kept once."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.phases: dict[tuple[Op, ...], jax.Array] = {}
        self.indices: dict[Kernel, jax.Array] = {}

    def phase_slot(self, ops: tuple[Op, ...]) -> int:
        if ops not in self.phases:
            self.phases[ops] = _joined(ops, self.n)
        return list(self.phases).index(ops)

    def index_slot(self, kernel: Kernel) -> int:
        if kernel not in self.indices:
            states = jnp.arange(2**self.n, dtype=jnp.int32)
            self.indices[kernel] = apply(kernel, None, (states, states), self.n)[0]
        return list(self.indices).index(kernel)

    def stacked(self) -> dict[str, jax.Array]:
        phases, indices = list(self.phases.values()), list(self.indices.values())
        if any(jnp.iscomplexobj(each) for each in phases):
            phases = [each.astype(jnp.result_type(complex)) for each in phases]
        none = (0, 2**self.n)
        return {
            "phases": jnp.stack(phases) if phases else jnp.zeros(none, jnp.result_type(float)),
            "indices": jnp.stack(indices) if indices else jnp.zeros(none, jnp.int32),
        }


def _operations(steps: Iterable[tuple[Op, tuple[str, int] | None]], constants: _Constants):
    """Native operations; constant phases that follow each other become one vector."""
    waiting: tuple[Op, ...] = ()
    for op, place in steps:
        if place is None and isinstance(op.kernel, Phases):
            waiting += (op,)
            continue
        if waiting:
            yield "phases", constants.phase_slot(waiting)
            waiting = ()
        if place is None:
            yield "permute", constants.index_slot(op.kernel)
        elif isinstance(op.kernel, Matrix | Phases):
            yield "columns" if place[0] == "many" else "matrix", op.kernel.wires, place[1]
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
