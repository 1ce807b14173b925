"""Stages to a program: kernels in order, the repeated part, and what parameters are made from."""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from circuits.circuit import Circuit, Slot
from circuits.gates.constants import Constant
from circuits.gates.definitions import monomial
from circuits.gates.gate_types import Gate
from circuits.simulation.engine.fusion import Block, Dense, Stage, fuse
from circuits.simulation.engine.fusion import reads as gate_reads
from circuits.simulation.engine.kernels import Kernel, Matrix, Phases
from circuits.simulation.engine.matrices import recipe
from circuits.simulation.engine.permutations import compose_moves
from circuits.simulation.engine.waves import MAX_WIRES

# Diagonal gates that lie inside one window of wires share a table of 2**WINDOW phases.
WINDOW = 12
MAX_PERIOD = 64


class Factor(NamedTuple):
    """Phases on some wires: of a gate with an angle, or constant numbers (2**k,)."""

    wires: tuple[int, ...]
    gate: Gate | None
    values: Constant | None


class Op(NamedTuple):
    """A kernel, and the blocks or factors that its parameter is made from."""

    kernel: Kernel
    blocks: tuple[Block, ...] = ()
    factors: tuple[Factor, ...] = ()


class Program(NamedTuple):
    """Operations in order: `before`, then each of `repeats` (all alike), then `after`."""

    n_qubits: int
    initial: tuple[Gate, ...]
    before: tuple[Op, ...]
    repeats: tuple[tuple[Op, ...], ...]
    after: tuple[Op, ...]


@lru_cache(maxsize=256)
def make_program(
    circuit: Circuit,
    width: int = 1,
    batched: frozenset[str] = frozenset(),
    window: int = WINDOW,
    apart: bool = False,
) -> Program:
    """Return the program of a circuit of unitary gates, after optional state preparations.

    Args:
        circuit: on n qubits.
        width: most wires of neighbouring blocks that are joined to one matrix.
        batched: segments that hold a batch; blocks that read them are not joined.
        window: most wires of diagonal gates that are joined to one table of phases; with 0 those
            with an angle stand alone, as matrices where these are small.
        apart: keep what follows the blocks that read batched segments out of these.

    >>> from circuits import reuploading
    >>> program = make_program(reuploading(n_qubits=2, n_layers=5, n_inputs=2))
    >>> len(program.before), len(program.repeats), len(program.after)
    (2, 4, 1)
    """
    n = circuit.n_qubits
    initial = tuple(gate for gate in circuit.gates if gate.name == "amplitudes")
    gates = (gate for gate in circuit.gates if gate.name != "amplitudes")
    stages = fuse(gates, batched if apart else ())
    # The first stage acts on a product state, which is cheaper than a scan over it.
    start, period, count = find_period([_signature(stage) for stage in stages[1:]])
    start += 1
    lower = partial(_lower, n=n, width=width, batched=batched, window=window)
    end = start + period * count
    repeats = tuple(lower(stages[at : at + period]) for at in range(start, end, period or 1))
    return Program(n, initial, lower(stages[:start]), repeats, lower(stages[end:]))


def product_count(program: Program) -> int:
    """How many operations at the start act on wires of their own: they make a product state."""
    taken = {wire for gate in program.initial for wire in gate.wires}
    for count, op in enumerate(program.before):
        if not isinstance(op.kernel, Matrix) or taken & set(op.kernel.wires):
            return count
        taken |= set(op.kernel.wires)
    return len(program.before)


def reads(op: Op, segments: Iterable[str]) -> bool:
    """Say whether an operation depends on one of the segments."""
    gates = [gate for block in op.blocks for gate in block.gates]
    gates += [factor.gate for factor in op.factors if factor.gate]
    return any(gate_reads(gate, segments) for gate in gates)


def find_period(signatures: Sequence) -> tuple[int, int, int]:
    """Return (start, period, count) of the repetition that covers most; count 0 where none does.

    >>> find_period("xababab")
    (1, 2, 3)
    """
    numbers = {each: number for number, each in enumerate(dict.fromkeys(signatures))}
    series = np.array([numbers[each] for each in signatures])
    best = (0, 0, 0)
    for period in range(1, min(len(series) // 2, MAX_PERIOD) + 1):
        start, length = _longest(series[:-period] == series[period:])
        count = length // period + 1
        if count > 1 and count * period > best[1] * best[2]:
            best = (start, period, count)
    return best


def _longest(equal: np.ndarray) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], equal, [False]]).astype(int)))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(lengths))
    return int(starts[longest]), int(lengths[longest])


def _signature(stage: Stage):
    """What two stages have in common that differ in the numbers of their slots only."""
    if isinstance(stage, Dense):
        return tuple((block.wires, recipe(block)) for block in stage.blocks)
    return tuple((gate.name, gate.wires, gate.data, _source(gate)) for gate in stage.gates)


def _source(gate: Gate) -> str | None:
    if isinstance(gate.angle, Slot):
        return gate.angle.segment
    return None if gate.angle is None else ""


def _lower(stages: Iterable[Stage], n: int, width: int, batched, window: int) -> tuple[Op, ...]:
    ops: list[Op] = []
    for stage in stages:
        if isinstance(stage, Dense):
            ops += _lower_dense(stage, width, batched)
        else:
            ops += _lower_monomial(stage.gates, n, batched, window)
    return tuple(ops)


def _lower_dense(stage: Dense, width: int, batched) -> list[Op]:
    groups: list[list[Block]] = []
    for block in stage.blocks:
        if groups and _joins(groups[-1], block, width, batched):
            groups[-1].append(block)
        else:
            groups.append([block])
    return [Op(Matrix(_wires(group)), blocks=tuple(group)) for group in groups]


def _joins(group: list[Block], block: Block, width: int, batched) -> bool:
    wires = _wires(group)
    adjacent = wires[-1] + 1 == block.wires[0] and _contiguous(wires) and _contiguous(block.wires)
    alone = any(gate_reads(gate, batched) for each in (*group, block) for gate in each.gates)
    return adjacent and not alone and len(wires) + len(block.wires) <= width


def _wires(blocks: Iterable[Block]) -> tuple[int, ...]:
    return tuple(wire for block in blocks for wire in block.wires)


def _contiguous(wires) -> bool:
    return wires[-1] - wires[0] + 1 == len(wires)


def _lower_monomial(gates: Sequence[Gate], n: int, batched, window: int) -> list[Op]:
    """Runs of phases and runs of moves in turn."""
    runs: list[tuple[str, list]] = []
    for kind, item in (each for gate in gates for each in _parts(gate)):
        if not runs or runs[-1][0] != kind:
            runs.append((kind, []))
        runs[-1][1].append(item)
    ops: list[Op] = []
    for kind, items in runs:
        if kind == "move":
            ops += [Op(kernel) for kernel in compose_moves(items, n)]
        else:
            ops += _lower_phases(items, n, batched, window)
    return ops


def _parts(gate: Gate):
    """A monomial gate as phases, then a move of basis states; either may be absent."""
    if gate.angle is not None:
        yield "phases", Factor(gate.wires, gate, None)
        return
    permutation, phases = monomial(gate)
    if not np.allclose(phases, 1, atol=1e-15):
        yield "phases", Factor(gate.wires, None, Constant(phases))
    if not np.array_equal(permutation, np.arange(len(permutation))):
        yield "move", (gate.wires, permutation)


def _lower_phases(factors: list[Factor], n: int, batched, window: int) -> list[Op]:
    """Factors inside one window of wires share a table; others stand alone."""
    windows: dict[tuple[int, ...], list[Factor]] = {}
    for factor in factors:
        home = tuple(sorted(factor.wires))
        if factor.gate is None or (window and not gate_reads(factor.gate, batched)):
            home = _window(home, n, window or WINDOW)
        windows.setdefault(home, []).append(factor)
    return [_phases(wires, tuple(inside), window) for wires, inside in windows.items()]


def _phases(wires: tuple[int, ...], factors: tuple[Factor, ...], window: int) -> Op:
    gates = tuple(factor.gate for factor in factors if factor.gate)
    if window or len(wires) > MAX_WIRES or len(gates) < len(factors):
        return Op(Phases(wires), factors=factors)
    return Op(Matrix(wires), blocks=(Block(wires, gates),))


def _window(wires: tuple[int, ...], n: int, widest: int) -> tuple[int, ...]:
    size = n if n <= widest else min(-(-n // 2), widest)
    first = wires[0] // size * size
    inside = wires[-1] < first + size
    return tuple(range(first, min(first + size, n))) if inside else wires
