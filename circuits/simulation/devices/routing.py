"""Which steps a circuit takes on a state that is spread over devices: made before it runs.

Gates run where they can without communication. Dense gates on qubits that other devices are needed
for wait until one exchange brings in as many of them as it can, so a layer costs one. Diagonal
gates read the device's number, affine moves change the layout only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from circuits.circuit import Circuit
from circuits.gates.constants import Constant
from circuits.gates.definitions import monomial, structure
from circuits.gates.gate_types import Gate
from circuits.simulation.devices.layout import (
    Exchange,
    Layout,
    Shuffle,
    exchange,
    move,
    reachable,
    read_wires,
    settle,
    start_layout,
)
from circuits.simulation.engine.fusion import Block, Dense, Stage, fuse
from circuits.simulation.engine.kernels import Kernel, Matrix, Phases
from circuits.simulation.engine.matrices import recipe
from circuits.simulation.engine.permutations import compose_moves
from circuits.simulation.engine.program import WINDOW, Factor, Op, Program, find_period

# Most neighbouring local bits whose blocks are joined to one matrix.
WIDTH = 5


class Step(NamedTuple):
    """A kernel on local bits and the operation that its parameter is made for, None without one.

    Where `base` is given, device p takes the entries ``base ^ device[p]`` of the operation's table.
    """

    kernel: Kernel | Shuffle | Exchange
    op: Op | None = None
    base: Constant | None = None
    device: Constant | None = None


class Route(NamedTuple):
    """Steps in order: `before`, each of `repeats` (all alike), `after`; the layout they end in."""

    initial: tuple[Gate, ...]
    before: tuple[Step, ...]
    repeats: tuple[tuple[Step, ...], ...]
    after: tuple[Step, ...]
    layout: Layout

    @property
    def program(self) -> Program:
        """The operations that have a parameter."""

        def pick(steps):
            return tuple(step.op for step in steps if step.op)

        repeats = tuple(pick(steps) for steps in self.repeats)
        return Program(len(self.layout.zero), (), pick(self.before), repeats, pick(self.after))


@lru_cache(maxsize=64)
def make_route(circuit: Circuit, d: int, restore: bool) -> Route:
    """Return the steps of a circuit over 2**d devices.

    Args:
        circuit: of unitary gates after optional state preparations, on at least 2 d qubits.
        d: number of qubits that name the device.
        restore: end with qubits 0 to d-1 naming the device and the others in order.

    >>> from circuits import build_circuit, gate
    >>> route = make_route(build_circuit([gate("h", 0), gate("cx", 0, 1)], 4), 1, False)
    >>> [type(step.kernel).__name__ for step in route.after]
    ['Exchange', 'Matrix']
    """
    n = circuit.n_qubits
    stages = fuse(gate for gate in circuit.gates if gate.name != "amplitudes")
    planner = _Planner(start_layout(n, d))
    for stage, uses in zip(stages, _next_uses(stages, n), strict=True):
        if isinstance(stage, Dense):
            planner.blocks(stage.blocks, uses)
        else:
            planner.monomials(stage.gates, uses)
    if restore:
        planner.restore()
    steps = planner.steps
    start, period, count = find_period([_signature(step) for step in steps])
    end = start + period * count
    repeats = tuple(tuple(steps[at : at + period]) for at in range(start, end, period or 1))
    initial = tuple(gate for gate in circuit.gates if gate.name == "amplitudes")
    return Route(initial, tuple(steps[:start]), repeats, tuple(steps[end:]), planner.layout)


@dataclass
class _Planner:
    """A layout and the steps that led to it; `uses` tells the stage that next needs each qubit."""

    layout: Layout
    steps: list[Step] = field(default_factory=list)

    def blocks(self, blocks: Sequence[Block], uses: Sequence[int]) -> None:
        """Dense blocks on different wires: first all that are in reach, then those brought in."""
        pending = list(blocks)
        self._settle()
        while pending:
            ready = reachable(self.layout)
            inside = [block for block in pending if all(wire in ready for wire in block.wires)]
            self._emit(inside, ready)
            pending = [block for block in pending if block not in inside]
            if free := [block for block in pending if _is_monomial(block)]:
                self.monomials([gate for block in free for gate in block.gates], uses)
                pending = [block for block in pending if block not in free]
                self._settle()
            elif pending:
                self._bring(self._most(pending), uses)

    def monomials(self, gates: Iterable[Gate], uses: Sequence[int]) -> None:
        """Runs of diagonal gates, and moves of basis states between them."""
        run: list[Factor] = []
        for gate in gates:
            if gate.angle is not None:
                run.append(Factor(gate.wires, gate, None))
                continue
            permutation, phases = monomial(gate)
            if not np.allclose(phases, 1, atol=1e-15):
                run.append(Factor(gate.wires, None, Constant(phases)))
            if not np.array_equal(permutation, np.arange(len(permutation))):
                self._phases(run)
                run = []
                self._move(gate.wires, permutation, uses)
        self._phases(run)

    def restore(self) -> None:
        """Bring the layout back to that of the start."""
        n, d = len(self.layout.zero), self.layout.n_global
        if not self._settle_as_start():
            self._settle()
            if not set(range(d)) <= set(self.layout.carried):
                self._bring(range(d), [0] * n)
            places = tuple(self.layout.carried.index(wire) for wire in range(d))
            self._exchange(Exchange(tuple(range(d)), places))
            self._settle_as_start()

    def _emit(self, blocks: Sequence[Block], ready: dict[int, int]) -> None:
        """Matrices of blocks; those on neighbouring local bits are joined."""
        groups: list[list[Block]] = []
        for block in sorted(_relabel(block, ready) for block in blocks):
            if groups and _joins(groups[-1], block):
                groups[-1].append(block)
            else:
                groups.append([block])
        for group in groups:
            wires = tuple(wire for block in group for wire in block.wires)
            self.steps.append(Step(Matrix(wires), Op(Matrix(wires), blocks=tuple(group))))

    def _phases(self, factors: Sequence[Factor]) -> None:
        for wires, shared in _tables(factors):
            # After moves, a qubit's bit may depend on many local bits: too large a table.
            for tidy in (self._settle, self._plain):
                if len(read_wires(self.layout, wires)[0]) > max(WINDOW, len(wires)):
                    tidy()
            positions, base, device = read_wires(self.layout, wires)
            whole = np.array_equal(base.array, np.arange(2 ** len(wires)))
            entries = (None, None) if whole and not device.array.any() else (base, device)
            op = Op(Phases(wires), factors=tuple(shared))
            self.steps.append(Step(Phases(positions), op, *entries))

    def _move(self, wires: Sequence[int], targets, uses: Sequence[int]) -> None:
        if moved := move(self.layout, wires, targets):
            self.layout = moved
            return
        self._settle()
        self._bring(wires, uses)
        ready = reachable(self.layout)
        places = tuple(ready[wire] for wire in wires)
        kernels = compose_moves([(places, targets)], len(self.layout.carried))
        self.steps += [Step(kernel) for kernel in kernels]

    def _most(self, pending: Sequence[Block]) -> set[int]:
        """Wires of as many blocks as one exchange can bring in, of one at least."""
        wires = set(pending[0].wires)
        for block in pending[1:]:
            if len(self._free(wires | set(block.wires))) >= self.layout.n_global:
                wires |= set(block.wires)
        return wires

    def _free(self, wires: Iterable[int]) -> list[int]:
        """Local bits whose qubits are not among the wires."""
        keep = set(wires)
        return [place for place, wire in enumerate(self.layout.carried) if wire not in keep]

    def _bring(self, wires: Iterable[int], uses: Sequence[int]) -> None:
        """Put wires within reach: by one exchange where enough other qubits can leave, else two.

        The qubits that leave are those needed last; of these, such that their bits just change
        places, the leftmost.
        """
        wires, d, ready = list(wires), self.layout.n_global, reachable(self.layout)
        if all(wire in ready for wire in wires):
            return
        carried, free = self.layout.carried, self._free(wires)
        order = sorted(free, key=lambda at: (-uses[carried[at]], carried[at] not in ready, at))
        order += [place for place in range(len(carried)) if place not in free]
        self._exchange(Exchange(tuple(range(d)), tuple(sorted(order[:d]))))
        self._settle()
        ready = reachable(self.layout)
        if missing := [wire for wire in wires if wire not in ready]:
            # A full exchange leaves each device bit with one qubit.
            bits = tuple(int(self.layout.matrix[wire, :d].argmax()) for wire in missing)
            self._exchange(Exchange(bits, tuple(self._free(wires)[: len(missing)])))
            self._settle()

    def _plain(self) -> None:
        """Exchange so that each device bit is the bit of one qubit."""
        d = self.layout.n_global
        self._exchange(Exchange(tuple(range(d)), tuple(range(d))))
        self._settle()

    def _exchange(self, swap: Exchange) -> None:
        self.steps.append(Step(swap))
        self.layout = exchange(self.layout, swap)

    def _settle(self) -> None:
        self.layout, shuffle = settle(self.layout)
        if shuffle:
            self.steps.append(Step(shuffle))

    def _settle_as_start(self) -> bool:
        """Reorder entries to the layout of the start, where no other device is needed for that."""
        start = start_layout(len(self.layout.zero), self.layout.n_global)
        layout, shuffle = settle(self.layout._replace(carried=start.carried))
        if not np.array_equal(layout.matrix, start.matrix) or layout.zero.any():
            return False
        self.layout = layout
        if shuffle:
            self.steps.append(Step(shuffle))
        return True


def _joins(group: Sequence[Block], block: Block) -> bool:
    first, last = group[0].wires[0], block.wires[-1]
    count = sum(len(each.wires) for each in group) + len(block.wires)
    return group[-1].wires[-1] < block.wires[0] and last - first + 1 == count <= WIDTH


def _tables(factors: Iterable[Factor]) -> list[tuple[tuple[int, ...], list[Factor]]]:
    """Factors that fit into one table together, and its wires."""
    tables: list[tuple[tuple[int, ...], list[Factor]]] = []
    for factor in factors:
        wires = tuple(sorted(factor.wires))
        both = tuple(sorted({*tables[-1][0], *wires})) if tables else wires
        if tables and len(both) <= WINDOW:
            tables[-1] = (both, [*tables[-1][1], factor])
        else:
            tables.append((wires, [factor]))
    return tables


def _is_monomial(block: Block) -> bool:
    return all(structure(gate) != "matrix" for gate in block.gates)


def _relabel(block: Block, ready: dict[int, int]) -> Block:
    gates = (gate._replace(wires=tuple(ready[w] for w in gate.wires)) for gate in block.gates)
    return Block(tuple(sorted(ready[wire] for wire in block.wires)), tuple(gates))


def _next_uses(stages: Sequence[Stage], n: int) -> list[tuple[int, ...]]:
    """For each stage, the number of the next one that has each qubit in a dense block."""
    uses, listed = [len(stages)] * n, []
    for number, stage in reversed(list(enumerate(stages))):
        listed.append(tuple(uses))
        for block in stage.blocks if isinstance(stage, Dense) else ():
            for wire in () if _is_monomial(block) else block.wires:
                uses[wire] = number
    return listed[::-1]


def _signature(step: Step):
    """What two steps have in common that differ in the numbers of their slots only."""
    blocks = tuple((block.wires, recipe(block)) for block in step.op.blocks) if step.op else ()
    factors = tuple(_factor(each) for each in step.op.factors) if step.op else ()
    return step.kernel, step.base, step.device, blocks, factors


def _factor(factor):
    gate = factor.gate
    source = gate and (gate.name, gate.data, getattr(gate.angle, "segment", None))
    return factor.wires, factor.values, source
