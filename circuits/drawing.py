"""A circuit as text, and where its gates stand: what a drawing of any kind needs.

Gates are put as far left as their wires allow; a gate on several wires keeps all that lie between
them free, so that its line crosses nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from circuits.circuit import Circuit
from circuits.gates.gate_types import Gate, Slot
from circuits.gates.table import GATES

WIDTH = 100
MARKS = ("●", "x")  # of a control, of swapped wires; all else stands in a box


class Placed(NamedTuple):
    """A gate in a drawing: its column, and what stands on each of its wires."""

    gate: Gate
    column: int
    symbols: dict[int, str]


def place_gates(circuit: Circuit) -> list[Placed]:
    """Put every gate into a column.

    Args:
        circuit: any circuit.

    Returns:
        the gates in their order, columns from 0.

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("h", 0), gate("cx", 0, 2), gate("h", 1)])
    >>> [(placed.column, placed.symbols) for placed in place_gates(circuit)]
    [(0, {0: 'H'}), (1, {0: '●', 2: 'X'}), (2, {1: 'H'})]
    """
    free, placed = [0] * circuit.n_qubits, []
    for item in circuit.gates:
        span = range(min(item.wires), max(item.wires) + 1)
        column = max(free[wire] for wire in span)
        for wire in span:
            free[wire] = column + 1
        placed.append(Placed(item, column, gate_symbols(item)))
    return placed


def gate_symbols(gate: Gate) -> dict[int, str]:
    """What stands on each wire of a gate: `●` on controls, `x` where wires are swapped.

    >>> from circuits import gate
    >>> gate_symbols(gate("rx", 1, angle=("inputs", 2))), gate_symbols(gate("ccx", 0, 1, 2))
    ({1: 'RX inputs[2]'}, {0: '●', 1: '●', 2: 'X'})
    """
    target = gate.name.lstrip("c") if gate.name in GATES else gate.name
    controls = len(gate.name) - len(target)
    label = "x" if target == "swap" else target.upper() + _angle(gate)
    if gate.condition is not None:
        label += f" if c{gate.condition[0]}={gate.condition[1]}"
    return {wire: "●" if k < controls else label for k, wire in enumerate(gate.wires)}


def draw(circuit: Circuit, *, width: int = WIDTH) -> str:
    """Draw a circuit as text, gates as boxes on wires.

    Args:
        circuit: any circuit; long ones are no pleasure to read as text.
        width: characters of a line, after which the drawing goes on below.

    Returns:
        one line a wire and one between two, without a newline at the end.

    >>> from circuits import build_circuit, gate
    >>> print(draw(build_circuit([gate("ry", 0, angle=("w", 0)), gate("cx", 0, 1)])))
    q0: ─[RY w[0]]───●──
                     │
    q1: ────────────[X]─
    """
    names = [f"q{wire}: " for wire in range(circuit.n_qubits)]
    margin = max(map(len, names))
    start = [text.ljust(margin) for name in names for text in (name, "")][:-1]
    blocks = [list(start)]
    for column in _columns(circuit):
        if len(blocks[-1][0]) + len(column[0]) > width and blocks[-1] != start:
            blocks.append(list(start))
        blocks[-1] = [line + part for line, part in zip(blocks[-1], column, strict=True)]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks)


def _columns(circuit: Circuit) -> Iterator[list[str]]:
    """The text of each column, of one width: wires in even rows, what is between in odd ones."""
    placed = place_gates(circuit)
    for column in range(1 + max((item.column for item in placed), default=-1)):
        rows = ["─", " "] * (circuit.n_qubits - 1) + ["─"]
        texts = list(rows)
        for item in placed:
            if item.column == column:
                crossed = range(2 * min(item.symbols) + 1, 2 * max(item.symbols))
                for row in crossed:
                    texts[row] = "┼" if rows[row] == "─" else "│"
                for wire, symbol in item.symbols.items():
                    texts[2 * wire] = _boxed(symbol)
        wide = 2 + max(map(len, texts))
        yield [text.center(wide, row) for text, row in zip(texts, rows, strict=True)]


def _boxed(symbol: str) -> str:
    """A box of odd length, so that the middle of every column is a character."""
    if symbol in MARKS:
        return symbol
    return f"[{symbol}]" + "─" * (len(symbol) % 2 == 0)


def _angle(gate: Gate) -> str:
    if gate.angle is None:
        return ""
    if not isinstance(gate.angle, Slot):
        return f" {gate.angle:.3g}"
    factor = "" if gate.angle.scale == 1.0 else f"{gate.angle.scale:g}·"
    return f" {factor}{gate.angle.segment}[{gate.angle.index}]"
