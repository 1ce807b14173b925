"""Gates to stages: neighbours are fused, and gates on other wires commute past each other.

A stage acts on each wire at most once. It holds either dense blocks, each a product of gates on the
same few wires, or gates that only permute basis states and set their phases, on any number of
wires. A gate goes into the earliest stage that the gates before it on its wires allow, so a layered
circuit becomes one stage of each kind a layer, whatever the order its gates were written in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from circuits.gates.definitions import structure
from circuits.gates.gate_types import Gate, Slot


class Block(NamedTuple):
    """A dense unitary: gates in the order in which they act, all inside `wires` (ascending)."""

    wires: tuple[int, ...]
    gates: tuple[Gate, ...]


class Dense(NamedTuple):
    """Blocks on wires that do not overlap, by their first wire."""

    blocks: tuple[Block, ...]


class Monomial(NamedTuple):
    """Gates that permute basis states and set phases, in the order in which they act."""

    gates: tuple[Gate, ...]


Stage = Dense | Monomial


@dataclass
class _Item:
    """A block or a monomial stage that still grows; `level` is even for blocks, else odd."""

    level: int
    wires: tuple[int, ...]
    gates: list[Gate] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        return self.level % 2 == 0

    def reads(self, segments: Iterable[str]) -> bool:
        return any(reads(gate, segments) for gate in self.gates)


def fuse(gates: Iterable[Gate], apart: Iterable[str] = ()) -> tuple[Stage, ...]:
    """Return the stages of unitary gates, in the order in which they act.

    Args:
        gates: named gates and gates with data, all of them unitary and without a condition.
        apart: segments of a batch; a block that reads them takes in no later gate that does not.

    >>> from circuits import gate
    >>> stages = fuse([gate("h", 0), gate("rx", 0, angle=0.1), gate("cz", 0, 1), gate("h", 1)])
    >>> [type(stage).__name__ for stage in stages]
    ['Dense', 'Monomial', 'Dense']
    """
    last: dict[int, _Item] = {}
    items: list[_Item] = []
    for gate in (part for whole in gates for part in expand(whole)):
        _place(gate, last, items, frozenset(apart))
    levels = sorted({item.level for item in items if item.gates})
    return tuple(_stage([item for item in items if item.level == level]) for level in levels)


def reads(gate: Gate, segments: Iterable[str]) -> bool:
    """Say whether a gate takes its angle from one of the segments.

    >>> from circuits import gate
    >>> reads(gate("rx", 0, angle=("w", 0)), ["w"]), reads(gate("rx", 0, angle=0.1), ["w"])
    (True, False)
    """
    return isinstance(gate.angle, Slot) and gate.angle.segment in segments


def expand(gate: Gate) -> list[Gate]:
    """Return a gate as the gates that the simulator knows: Pauli rotations by a change of basis.

    ``exp(-i t P)`` on three wires or more turns each X and Y to Z, and is diagonal then.

    >>> from circuits import gate
    >>> [item.name for item in expand(gate("evolution", 0, 1, 2, angle=0.1, data="XZZ"))]
    ['h', 'evolution', 'h']
    """
    if gate.name != "evolution" or len(gate.wires) < 3 or not set(str(gate.data)) & {"X", "Y"}:
        return [gate]
    letters = list(zip(gate.wires, str(gate.data), strict=True))
    into = [Gate(name, (w,)) for w, x in letters for name in _TO_Z.get(x, ())]
    back = [Gate(name, (w,)) for w, x in letters for name in _FROM_Z.get(x, ())]
    diagonal = "".join("I" if letter == "I" else "Z" for _, letter in letters)
    return [*into, gate._replace(data=diagonal), *back]


_TO_Z = {"X": ("h",), "Y": ("sdg", "h")}
_FROM_Z = {"X": ("h",), "Y": ("h", "s")}


def _place(gate: Gate, last: dict[int, _Item], items: list[_Item], apart: frozenset[str]) -> None:
    before = [last[wire] for wire in gate.wires if wire in last]
    closed = not reads(gate, apart) and any(item.reads(apart) for item in before)
    if not closed and (home := _block_for(gate, before)) is not None:
        home.gates.append(gate)
        return
    if len(gate.wires) > 1 and structure(gate) != "matrix":
        item = _monomial(before, items)
        item.gates.append(gate)
    else:
        item = _new_block(gate, before, apart)
        items.append(item)
    last |= dict.fromkeys(item.wires or gate.wires, item)


def _block_for(gate: Gate, before: list[_Item]) -> _Item | None:
    """The block that is last on all wires of the gate and holds them all."""
    if len(before) != len(gate.wires) or any(item is not before[0] for item in before):
        return None
    item = before[0]
    return item if item.is_block and set(gate.wires) <= set(item.wires) else None


def _monomial(before: list[_Item], items: list[_Item]) -> _Item:
    level = max((item.level + item.is_block for item in before), default=1)
    for item in items:
        if item.level == level:
            return item
    items.append(_Item(level, ()))
    return items[-1]


def _new_block(gate: Gate, before: list[_Item], apart: frozenset[str]) -> _Item:
    """A block that takes in the one-wire blocks that stand last on the wires of its first gate."""
    one_wire = [item for item in before if item.is_block and len(item.wires) == 1]
    absorbed = [item for item in one_wire if reads(gate, apart) or not item.reads(apart)]
    absorbed = absorbed if len(gate.wires) > 1 else []
    others = [item for item in before if all(item is not one for one in absorbed)]
    levels = [item.level for item in absorbed]
    levels += [item.level + (2 if item.is_block else 1) for item in others]
    gates = [one for item in absorbed for one in item.gates]
    for item in absorbed:
        item.gates = []
    return _Item(max(levels, default=0), tuple(sorted(gate.wires)), [*gates, gate])


def _stage(items: list[_Item]) -> Stage:
    if not items[0].is_block:
        return Monomial(tuple(items[0].gates))
    blocks = (Block(item.wires, tuple(item.gates)) for item in items if item.gates)
    return Dense(tuple(sorted(blocks)))
