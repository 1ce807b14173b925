"""Circuits as pictures: gates as boxes on wires, before and after they were made for a device."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from circuits import Circuit, Gate, Slot, circuit_size
from circuits.drawing import MARKS, Placed, place_gates
from experiments.reporting.plots.style import COLOURS, GREY, SMALL, TEXT, add_legend, add_tip

COLUMNS = 12  # of gates in one line of wires; what is longer goes on below
CELL, WIRE, HEAD = 0.42, 0.4, 0.75  # inches of a column, of a wire, of what stands above
BOX = 0.78
FIXED = "no angle or a fixed one"


def circuit_drawing(
    circuit: Circuit, wires: Sequence[str] | None = None, *, title: str = ""
) -> Figure:
    """Draw a circuit, its gates coloured by the segment that their angle is read from.

    Args:
        circuit: any circuit; of thousands of gates there is little to be seen.
        wires: names of the wires; q0, q1, … by default.
        title: the figure's title; by default the size of the circuit.

    Returns:
        the figure; the number in a box is the index of its angle in the segment.

    Example:
        >>> from circuits import build_circuit, gate
        >>> circuit = build_circuit([gate("ry", 0, angle=("inputs", 0)), gate("cx", 0, 1)])
        >>> circuit_drawing(circuit).axes[0].get_title(loc="left")
        '2 qubits, 2 gates, 1 of them on several qubits, depth 2'
    """
    figure, (axes,) = _panels([circuit])
    _draw(axes, circuit, wires or _names(circuit), title or _size(circuit), {})
    _legend(axes, circuit)
    return figure


def before_after(
    before: Circuit, after: Circuit, layout: Sequence[int], qubits: Sequence[int] | None = None
) -> Figure:
    """A circuit as it was written and as a device runs it, with the qubits that it was given.

    Args:
        before: n wires.
        after: on the device's qubits, or on those in use.
        layout: the qubit of each of the n wires at the start, as of `info["transpiled"]`.
        qubits: the device's numbers of the wires of `after`; 0, 1, … by default.

    Returns:
        the figure; wires below carry the number of the device's qubit, and which of the wires above
        starts there.

    Raises:
        ValueError: a layout that does not name one wire of `after` for each wire of `before`.

    Example:
        >>> from circuits import build_circuit, gate
        >>> bell = build_circuit([gate("h", 0), gate("cx", 0, 1)])
        >>> len(before_after(bell, bell, layout=[1, 0]).axes)
        2
    """
    numbers = [*range(after.n_qubits)] if qubits is None else list(qubits)
    if len(layout) != before.n_qubits or not set(layout) <= set(numbers):
        raise ValueError(
            f"Argument `layout` must name one of the qubits {numbers} for each of the "
            f"{before.n_qubits} wires, but is {list(layout)}."
        )
    figure, (upper, lower) = _panels([before, after])
    names = device_names(numbers, layout)
    segments = _segments(before)
    _draw(upper, before, _names(before), f"Before: {_size(before)}", segments)
    _draw(lower, after, names, f"After: {_size(after)}", segments | _segments(after))
    _legend(upper, before)
    return figure


def device_names(qubits: Sequence[int], layout: Sequence[int]) -> list[str]:
    """Names of a device's qubits, with the wire of a circuit that starts on them.

    Args:
        qubits: their numbers.
        layout: the qubit of each of the circuit's wires at the start.

    Example:
        >>> device_names([3, 5, 6], [5, 3])
        ['Q3 ← q1', 'Q5 ← q0', 'Q6']
    """
    start = {qubit: f" ← q{wire}" for wire, qubit in enumerate(layout)}
    return [f"Q{number}{start.get(number, '')}" for number in qubits]


def _panels(drawn: Sequence[Circuit]) -> tuple[Figure, list[Axes]]:
    """One panel a circuit, as high as its wires and as wide as the longest one."""
    placed = [place_gates(circuit) for circuit in drawn]
    wide = max(min(COLUMNS, _length(gates)) for gates in placed)
    rows = [_lines(p) * (c.n_qubits + 0.5) for p, c in zip(placed, drawn, strict=True)]
    size = (max(CELL * (wide + 3), 4.8), sum(WIRE * row + HEAD for row in rows))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(drawn), 1, squeeze=False, height_ratios=[r + 1 for r in rows])
    return figure, list(panels.ravel())


def _draw(
    axes: Axes, circuit: Circuit, wires: Sequence[str], title: str, colours: dict[str, str]
) -> None:
    placed, colours = place_gates(circuit), colours or _segments(circuit)
    lines, high = _lines(placed), circuit.n_qubits + 0.5
    wide = max(min(COLUMNS, _length(placed)), 1)
    for line in range(lines):
        for wire, name in enumerate(wires):
            y = line * high + wire
            axes.plot([-0.6, wide - 0.4], [y, y], color=GREY, lw=0.8, zorder=0)
            axes.text(-0.75, y, name, ha="right", va="center", fontsize=SMALL)
    for item in placed:
        _gate(axes, item, item.column % COLUMNS, item.column // COLUMNS * high, colours)
    axes.set(xlim=(-0.7, wide - 0.3), ylim=(lines * high - 0.8, -0.7))
    axes.set_axis_off()
    axes.set_title(title, fontsize=TEXT, loc="left")


def _gate(axes: Axes, item: Placed, x: int, top: float, colours: dict[str, str]) -> None:
    segment = item.gate.angle.segment if isinstance(item.gate.angle, Slot) else FIXED
    colour, rows = colours.get(segment, GREY), sorted(item.symbols)
    axes.plot([x, x], [top + rows[0], top + rows[-1]], color=colour, lw=1.2, zorder=1)
    for wire, symbol in item.symbols.items():
        if symbol in MARKS:
            style = {"marker": "o" if symbol == "●" else "x", "ms": 4.5 if symbol == "●" else 7}
            axes.plot([x], [top + wire], color=colour, mew=1.6, zorder=3, **style)
            continue
        box = Rectangle(
            (x - BOX / 2, top + wire - BOX / 2), BOX, BOX, fc="white", ec=colour, lw=1.2
        )
        axes.add_patch(box).set_zorder(2)
        add_tip(box, symbol)
        axes.text(x, top + wire, _short(item.gate, symbol), ha="center", va="center", fontsize=6.5)


def _short(gate: Gate, symbol: str) -> str:
    """What fits into a box: the name, and below it the index or the number of the angle."""
    name = symbol.split()[0][:4]
    if gate.angle is None:
        return name
    return f"{name}\n{gate.angle.index if isinstance(gate.angle, Slot) else f'{gate.angle:.2g}'}"


def _segments(circuit: Circuit) -> dict[str, str]:
    return dict(zip(circuit.segments, COLOURS, strict=False))


def _legend(axes: Axes, circuit: Circuit) -> None:
    """Below the drawing, so that it hides no gate; where all gates are alike, there is none."""
    patches = [Patch(fc="white", ec=c, label=name) for name, c in _segments(circuit).items()]
    if not patches:
        return
    handles = [*patches, Patch(fc="white", ec=GREY, label=FIXED)]
    place = {"loc": "upper left", "bbox_to_anchor": (0, 0), "ncols": len(handles)}
    add_legend(axes, handles=handles, **place)


def _names(circuit: Circuit) -> list[str]:
    return [f"q{wire}" for wire in range(circuit.n_qubits)]


def _size(circuit: Circuit) -> str:
    size = circuit_size(circuit)
    return (
        f"{size['n_qubits']} qubits, {size['gates']} gates, {size['two_qubit_gates']} of them on "
        f"several qubits, depth {size['depth']}"
    )


def _length(placed: Sequence[Placed]) -> int:
    return 1 + max((item.column for item in placed), default=-1)


def _lines(placed: Sequence[Placed]) -> int:
    return max(-(-_length(placed) // COLUMNS), 1)
