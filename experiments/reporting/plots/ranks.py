"""Which of many models differ over many data sets."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.reporting.plots.style import COLOURS, GREY, SMALL, TEXT, add_tip

STEP = 0.42  # vertical distance of two labels, in units in which the axis has the height 1


def critical_difference(
    names: Sequence[str],
    ranks: Sequence[float],
    distance: float,
    cliques: Sequence[Sequence[int]] = (),
    title: str = "",
) -> Figure:
    """Average ranks on a line, bars joining those that do not differ significantly.

    The diagram of Demšar, J. Mach. Learn. Res. 7, 1 (2006), figure 1.

    Args:
        names: (m,) names of the models.
        ranks: (m,) average rank of each over the data sets, 1 is best.
        distance: the critical difference; drawn as a bar above the axis.
        cliques: groups of indices into `names` that do not differ.
        title: the figure's title.

    Returns:
        the figure.

    Raises:
        ValueError: not as many ranks as names.

    Example:
        >>> figure = critical_difference(["a", "b", "c"], [1.2, 1.9, 2.9], 0.8, [(0, 1)])
        >>> [text.get_text() for text in figure.axes[0].texts if text.get_text() in "abc"]
        ['a', 'b', 'c']
    """
    if len(names) != len(ranks):
        raise ValueError(
            f"Argument `ranks` must have one rank a name, but has {len(ranks)} for {len(names)}."
        )
    low = min(1, int(np.floor(min(ranks))))
    high = max(len(names), int(np.ceil(max(ranks))))
    rows = -(-len(names) // 2)
    bars = [c for c in cliques if len(c) > 1]
    depth = 0.35 + 0.22 * len(bars) + STEP * rows
    figure = Figure(figsize=(6.4, 0.9 + 0.55 * (depth + 0.6)), layout="constrained")
    axes = figure.add_subplot()
    _axis(axes, low, high, distance)
    for index, clique in enumerate(bars):
        ends = [min(ranks[i] for i in clique) - 0.05, max(ranks[i] for i in clique) + 0.05]
        bar = axes.plot(ends, [-0.22 * (index + 1)] * 2, color="black", lw=4, solid_capstyle="butt")
        add_tip(bar[0], "no significant difference: " + ", ".join(names[i] for i in clique))
    _labels(axes, names, ranks, low, high, -0.22 * len(bars) - 0.35)
    axes.set_title(title, fontsize=TEXT, loc="left")
    # Room for names on both sides, about as wide as the longest one.
    side = 0.024 * max(map(len, names)) * (high - low)
    axes.set(xlim=(low - side - 0.1, high + side + 0.1), ylim=(-depth, 0.95))
    axes.set_axis_off()
    return figure


def _axis(axes: Axes, low: int, high: int, distance: float) -> None:
    axes.plot([low, high], [0, 0], color="black", lw=1.2)
    for tick in range(low, high + 1):
        axes.plot([tick, tick], [0, 0.1], color="black", lw=1)
        axes.text(tick, 0.16, str(tick), ha="center", va="bottom", fontsize=SMALL)
    axes.plot([low, low + distance], [0.62, 0.62], color=COLOURS[1], lw=2, marker="|", ms=8)
    axes.text(high, 0.72, "average rank", ha="right", va="bottom", fontsize=SMALL)
    text = f"critical difference {distance:.2f}"
    axes.text(low, 0.72, text, ha="left", va="bottom", fontsize=SMALL, color=COLOURS[1])


def _labels(axes: Axes, names, ranks, low: int, high: int, top: float) -> None:
    """The better half to the left from the top down, the other half to the right from below up."""
    order = np.argsort(ranks, kind="stable")
    half = -(-len(order) // 2)
    for position, i in enumerate(order):
        left = position < half
        row = position if left else len(order) - 1 - position
        y, end = top - STEP * row, low - 0.1 if left else high + 0.1
        line = axes.plot([ranks[i], ranks[i], end], [0, y, y], color=GREY, lw=0.9)[0]
        add_tip(line, f"{names[i]}: average rank {ranks[i]:.2f}")
        side = {"ha": "right", "x": end - 0.05} if left else {"ha": "left", "x": end + 0.05}
        axes.text(**side, y=y, s=names[i], va="center", fontsize=SMALL)
