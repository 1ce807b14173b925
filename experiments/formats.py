"""A table as terminal text, Markdown, or plain cells for a page."""

from rich import box
from rich.table import Table as RichTable

from experiments.tables import Line, Table
from qml.intervals import Interval

VERSUS = ("ideal", "classical", "trivial")
STAGES = ("compile", "train", "execute")
HEADS = (
    "row",
    "trained on",
    "predicted on",
    "events",
    "AUC [95 %]",
    "± seeds",
    "accuracy",
    "Δ AUC to ideal",
    "Δ to classical",
    "Δ to trivial",
    "draws",
    "compile s",
    "train s",
    "execute s",
)


def table_cells(table: Table) -> list[list[str]]:
    """The body of a table as strings, in the order of `HEADS`.

    Args:
        table: the table.

    Returns:
        one list of strings a line.
    """
    return [_cells(line) for line in table.lines]


def to_markdown(table: Table) -> str:
    """A GitHub-flavoured Markdown table with its notes.

    Args:
        table: the table.

    Returns:
        the text, ending in a newline.
    """
    rule = ["---", "---", "---"] + ["---:"] * (len(HEADS) - 3)
    lines = [HEADS, rule, *table_cells(table)]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n".join([body, "", *table.notes]) + "\n"


def to_rich(table: Table) -> RichTable:
    """A table for the terminal, 150 columns wide; intervals of changes as plus or minus.

    Args:
        table: the table.

    Returns:
        a rich renderable.
    """
    shown = RichTable(title=table.spec.title, box=box.SIMPLE_HEAD)
    heads = ("row", "road", "events", "AUC [95 %]", "± seeds", "acc.")
    heads += ("Δ to ideal", "Δ to classical", "Δ to trivial", "draws", "comp/train/exec s")
    for index, head in enumerate(heads):
        shown.add_column(head, justify="left" if index < 2 else "right", no_wrap=index != 3)
    for line, cells in zip(table.lines, table_cells(table), strict=True):
        roads = ("Q" if line.row.sampler else "C", "Q" if line.row.backend else "C")
        changes = [_plus_minus(line.versus.get(name)) for name in VERSUS]
        seconds = "/".join(f"{line.seconds[name]:.1f}" for name in STAGES)
        shown.add_row(cells[0], " → ".join(roads), *cells[3:7], *changes, line.draws, seconds)
    return shown


def interval(value: Interval | None, sign: bool = False) -> str:
    """A number with its interval, three digits: `0.756 [0.749, 0.763]`.

    Args:
        value: the interval; None is shown as a dash.
        sign: write a plus before positive numbers.

    Example:
        >>> interval(Interval(0.7561, 0.749, 0.763))
        '0.756 [0.749, 0.763]'
    """
    if value is None:
        return "-"
    form = "+.3f" if sign else ".3f"
    return f"{value.value:{form}} [{value.low:{form}}, {value.high:{form}}]"


def _plus_minus(change: Interval | None) -> str:
    """A change with half the width of its interval: `+0.016 ± 0.004`."""
    if change is None:
        return "-"
    return f"{change.value:+.3f} ± {(change.high - change.low) / 2:.3f}"


def _cells(line: Line) -> list[str]:
    label = line.row.label or line.row.id
    if line.failed:
        label += f" ({line.failed} failed)"
    changes = [interval(line.versus.get(name), sign=True) for name in VERSUS]
    seconds = [f"{line.seconds[name]:.2f}" for name in STAGES]
    return [
        label,
        line.trained_on,
        line.predicted_on,
        str(line.events),
        interval(line.auc),
        f"{line.spread:.4f}" if line.seeds > 1 else "-",
        "-" if line.accuracy is None else f"{line.accuracy.value:.3f}",
        *changes,
        line.draws,
        *seconds,
    ]
