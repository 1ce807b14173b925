"""The one style of all figures, and how a figure becomes part of a page.

Colours are told apart by colour-blind readers and never stand alone: each comes with a dash or a
marker of its own. Text is large enough to be read when the figure is printed at half its size.
"""

import io
import re
from typing import Any

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

# Okabe & Ito (2008), Color Universal Design, the light yellow left out, then grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#888888")
DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
SIZE = (5.4, 4.0)
TEXT, SMALL = 10, 9
GREY = "0.45"
TIP = "tip:"  # what the id of an artist with hover text begins with


def new_axes(title: str, x: str, y: str, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """A figure with one pair of named axes.

    Args:
        title: the figure's title, often empty since a caption stands below.
        x: name of the horizontal axis.
        y: name of the vertical axis.
        size: width and height in inches.

    Returns:
        the figure and its axes.
    """
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    name_axes(axes, title, x, y)
    return figure, axes


def name_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Write the names and take away what is not needed."""
    axes.set_title(title, fontsize=TEXT, loc="left")
    axes.set_xlabel(x, fontsize=TEXT)
    axes.set_ylabel(y, fontsize=TEXT)
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)


def few_ticks(axis: Axis, count: int = 6) -> None:
    """At most so many intervals between ticks, of round length."""
    axis.set_major_locator(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]))


def log_axis(axis: Axis) -> None:
    """Plain numbers at 1, 2 and 5 on a short logarithmic axis, at powers of ten on a long one.

    Call it after drawing. Matplotlib's own labels of short axes run into each other.
    """
    low, high = axis.get_data_interval()
    name = "xscale" if axis is axis.axes.xaxis else "yscale"
    axis.axes.set(**{name: "log"})
    short = high < 50 * low
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if short else (1,)))
    axis.set_minor_locator(LogLocator(subs=tuple(range(2, 10))))
    axis.set_minor_formatter(NullFormatter())
    if short:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def line_style(index: int) -> dict[str, Any]:
    """Colour and dash of the curve with this number."""
    dash = DASHES[index % len(DASHES)]
    return {"color": COLOURS[index % len(COLOURS)], "lw": 1.5, "ls": dash}


def point_style(index: int) -> dict[str, Any]:
    """Colour and marker of the point series with this number."""
    marker = MARKERS[index % len(MARKERS)]
    return {"color": COLOURS[index % len(COLOURS)], "marker": marker, "ms": 5.5, "ls": "none"}


def add_legend(axes: Axes, **options: Any) -> None:
    """A legend without a frame, in the small text size."""
    axes.legend(**{"fontsize": SMALL, "frameon": False} | options)


def add_tip(artist: Artist, text: str) -> None:
    """Give an artist a text that the page shows on hover."""
    artist.set_gid(TIP + text)


def to_svg(figure: Figure, prefix: str = "", label: str = "") -> str:
    """A figure as an inline SVG element, the same text for the same figure.

    Args:
        figure: a matplotlib figure.
        prefix: begins every id, so that several figures share a page.
        label: what the figure shows, for readers who do not see it.

    Returns:
        `<svg ...>...</svg>` with text kept as text, hover texts as `<title>`, nothing global.

    Example:
        >>> figure, axes = new_axes("", "x", "y")
        >>> add_tip(axes.plot([0.0], [0.0], "o")[0], "the origin")
        >>> "<title>the origin</title>" in to_svg(figure, "first-")
        True
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "qml-offload"}):
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(r"<!--.*?-->\n?|<style.*?</style>", "", text[text.index("<svg") :], flags=re.S)
    text = re.sub(rf'<g id="{TIP}([^"]*)">', r'<g class="tip"><title>\1</title>', text)
    text = re.sub(r"<[^>]*>", lambda tag: _own_ids(tag[0], prefix), text)
    head = f'<svg role="img" aria-label="{_quoted(label)}" '
    return re.sub(r'<svg (.*?)width="[\d.]+pt" height="[\d.]+pt" ', head + r"\1", text, count=1)


def _own_ids(tag: str, prefix: str) -> str:
    """Put the prefix before the id that a tag has or refers to."""
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}", tag)


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
