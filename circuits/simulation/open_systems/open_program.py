"""Circuits of any gates, noise and measurements among them, as a short program of fused blocks.

A block is some neighbouring gates on the same few sites. Sites are the qubits and, after them, the
classical bits that a condition reads; a bit that is read no more gives its place to another one.
Density matrices and trajectories run the same blocks, each in its own way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from circuits.circuit import Circuit, Slot
from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, classical_bit
from circuits.simulation.engine.program import find_period

# Bits of state space that a block of several gates may span: three qubits, for they count double.
MAX_WIDTH = 6
# Longer runs of gates on the same sites become several blocks, which repeat and are compiled once.
MAX_GATES = 32
# Gates that do not act by a matrix on Pauli coefficients which is a sum of waves in their angle.
ALONE = ("amplitudes", "driven")
PROJECTORS = Constant(np.stack([np.diag([1.0 + 0j, 0]), np.diag([0, 1.0 + 0j])]))


class Block(NamedTuple):
    """Gates in the order in which they act, all inside `sites` (ascending)."""

    sites: tuple[int, ...]
    gates: tuple[Gate, ...]


class OpenProgram(NamedTuple):
    """Blocks in order: `start` (on sites of their own), `before`, each of `repeats`, `after`.

    Sites from `n_qubits` on are classical bits: "measure" and conditions name them by their site.
    """

    n_qubits: int
    n_bits: int
    start: tuple[Block, ...]
    before: tuple[Block, ...]
    repeats: tuple[tuple[Block, ...], ...]
    after: tuple[Block, ...]

    @property
    def rest(self) -> tuple[Block, ...]:
        """All blocks but those of the start."""
        inside = (block for each in self.repeats for block in each)
        return (*self.before, *inside, *self.after)


@lru_cache(maxsize=256)
def make_open_program(circuit: Circuit, batched: frozenset[str] = frozenset()) -> OpenProgram:
    """Return the program of a circuit.

    Args:
        circuit: of any gates.
        batched: segments that hold a batch; blocks that read them stay small.

    Raises:
        ValueError: where amplitudes are prepared on wires that are not in ``|0>``.

    >>> from circuits import build_circuit, gate
    >>> noisy = [gate("h", 0), gate("kraus", 0, data=np.eye(2)[None]), gate("cx", 0, 1)]
    >>> [len(block.gates) for block in make_open_program(build_circuit(3 * noisy)).rest]
    [7]
    """
    _check_amplitudes(circuit)
    gates, n_bits = place_bits(circuit)
    blocks = fuse_open(gates, circuit.n_qubits, batched)
    start, rest, seen = [], [], set()
    for block in blocks:
        (rest if seen & set(block.sites) else start).append(block)
        seen |= set(block.sites)
    first, period, count = find_period([(block.sites, recipe(block)) for block in rest])
    end = first + period * count
    repeats = tuple(tuple(rest[at : at + period]) for at in range(first, end, period or 1))
    before, after = tuple(rest[:first]), tuple(rest[end:])
    return OpenProgram(circuit.n_qubits, n_bits, tuple(start), before, repeats, after)


def place_bits(circuit: Circuit) -> tuple[list[Gate], int]:
    """Return gates whose classical bits are sites after the qubits, and how many such sites.

    A measurement that nothing reads is a channel; a condition on a bit that was never written is
    decided, as such bits are 0.

    >>> from circuits import build_circuit, gate
    >>> items = [gate("measure", 0, data=7), gate("x", 1, condition=(7, 1)), gate("reset", 0)]
    >>> placed, n_bits = place_bits(build_circuit(items))
    >>> placed[1].condition, n_bits
    ((2, 1), 1)
    """
    ends = _last_reads(circuit.gates)
    home: dict[int, int] = {}  # where each bit is kept
    until: list[int] = []  # position of the last read of what each site holds
    placed: list[Gate] = []
    for at, gate in enumerate(circuit.gates):
        if gate.name == "measure" and at not in ends:
            home.pop(classical_bit(gate), None)
            placed.append(Gate("kraus", gate.wires, data=PROJECTORS))
        elif gate.name == "measure":
            free = [site for site, end in enumerate(until) if end < at]
            site = free[0] if free else len(until)
            until[site : site + 1] = [ends[at]]
            home[classical_bit(gate)] = site
            placed.append(gate._replace(data=Constant(circuit.n_qubits + site)))
        elif gate.condition is None:
            placed.append(gate)
        elif gate.condition[0] in home:
            site = circuit.n_qubits + home[gate.condition[0]]
            placed.append(gate._replace(condition=(site, gate.condition[1])))
        elif gate.condition[1] == 0:
            placed.append(gate._replace(condition=None))
    return placed, len(until)


def _last_reads(gates: Iterable[Gate]) -> dict[int, int]:
    """Position of each measurement that is read, with that of the last gate that reads it."""
    written: dict[int, int] = {}
    ends: dict[int, int] = {}
    for at, gate in enumerate(gates):
        if gate.name == "measure":
            written[classical_bit(gate)] = at
        elif gate.condition and gate.condition[0] in written:
            ends[written[gate.condition[0]]] = at
    return ends


def sites_of(gate: Gate) -> tuple[int, ...]:
    """Return the sites that a placed gate acts on: its wires, then its classical bit if any.

    >>> sites_of(Gate("x", (0,), condition=(4, 1)))
    (0, 4)
    """
    if gate.condition:
        return (*gate.wires, gate.condition[0])
    return (*gate.wires, classical_bit(gate)) if gate.name == "measure" else gate.wires


def fuse_open(gates: Iterable[Gate], n_qubits: int, batched: frozenset[str]) -> list[Block]:
    """Return the blocks of placed gates, in an order in which they may act.

    A gate joins the block that is last on all its sites; blocks on one site join the block that
    comes after them, but for the first ones, whose product state is cheaper than any matrix.

    >>> from circuits import gate
    >>> three = [gate("h", 0), gate("cx", 0, 1), gate("h", 1)]
    >>> [block.sites for block in fuse_open(three, 2, frozenset())]
    [(0,), (0, 1)]
    """
    last: dict[int, _Item] = {}
    items: list[_Item] = []
    for gate in gates:
        sites = sites_of(gate)
        reads = isinstance(gate.angle, Slot) and gate.angle.segment in batched
        alone = gate.name in ALONE or width(sites, n_qubits) > MAX_WIDTH
        before = [last[site] for site in sites if site in last]
        if not alone and (home := _home(sites, before, reads)):
            home.gates.append(gate)
            continue
        grows = len(sites) > 1 and not alone
        absorbed = [item for item in before if grows and item.joins(reads)]
        items.append(_Item(tuple(sorted(sites)), reads, alone, not before, []))
        items[-1].gates += [each for item in absorbed for each in item.take()] + [gate]
        last |= dict.fromkeys(sites, items[-1])
    return [Block(item.sites, tuple(item.gates)) for item in items if item.gates]


def width(sites: Iterable[int], n_qubits: int) -> int:
    """Return the binary logarithm of the number of coefficients on some sites.

    >>> width((0, 1, 2), n_qubits=2)
    5
    """
    return sum(2 if site < n_qubits else 1 for site in sites)


def recipe(block: Block) -> tuple[Gate, ...]:
    """Return what all blocks of the same make share: gates on local sites, segments for angles.

    >>> recipe(Block((3,), (Gate("rx", (3,), Slot("w", 7)),)))[0].angle
    Slot(segment='w', index=0)
    """
    return tuple(_local(gate, block.sites) for gate in block.gates)


def _local(gate: Gate, sites: tuple[int, ...]) -> Gate:
    angle = None if gate.angle is None else 0.0
    angle = Slot(gate.angle.segment, 0) if isinstance(gate.angle, Slot) else angle
    wires = tuple(sites.index(wire) for wire in gate.wires)
    data, condition = gate.data, gate.condition
    if gate.name == "measure":
        data = Constant(sites.index(classical_bit(gate)))
    if condition:
        condition = (sites.index(condition[0]), condition[1])
    return Gate(gate.name, wires, angle, data, condition)


@dataclass
class _Item:
    """A block that still grows; `first` where nothing came before it on its sites."""

    sites: tuple[int, ...]
    reads: bool
    alone: bool
    first: bool
    gates: list[Gate] = field(default_factory=list)

    def joins(self, reads: bool) -> bool:
        """Whether it may be absorbed by a larger block that reads a batch or does not."""
        return len(self.sites) == 1 and not self.alone and not self.first and self.reads <= reads

    def take(self) -> Iterator[Gate]:
        taken, self.gates = self.gates, []
        return iter(taken)


def _home(sites: tuple[int, ...], before: list[_Item], reads: bool) -> _Item | None:
    """The block that is last on all the sites and holds them; a batch stays out of a large one."""
    if len(before) != len(sites) or any(item is not before[0] for item in before):
        return None
    item = before[0]
    fits = item.reads or not reads or len(item.sites) == len(sites)
    if item.alone or len(item.gates) >= MAX_GATES or not fits:
        return None
    item.reads |= reads
    return item


def _check_amplitudes(circuit: Circuit) -> None:
    clean = set(range(circuit.n_qubits))
    for gate in circuit.gates:
        if gate.name == "amplitudes" and not clean.issuperset(gate.wires):
            raise ValueError(
                f"Gate 'amplitudes' prepares wires {gate.wires}, which must be in |0>: at the "
                "start of the circuit or right after a reset."
            )
        clean = clean | {gate.wires[0]} if gate.name == "reset" else clean - set(gate.wires)
