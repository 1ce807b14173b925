"""A table on a terminal, 160 columns wide."""

from rich import box
from rich.markup import escape
from rich.table import Table as RichTable

from experiments.reporting.formats import SCORE, STAGES, VERSUS, heads, table_cells
from experiments.reporting.lines import Table
from experiments.reporting.notes import metric_name
from qml.metrics import Interval


def to_rich(table: Table) -> RichTable:
    """A table for the terminal, 160 columns wide; intervals of changes as plus or minus.

    Args:
        table: the table.

    Returns:
        a rich renderable.
    """
    shown = RichTable(title=table.spec.title, box=box.SIMPLE_HEAD, padding=(0, 0))
    others = [name.replace("accuracy", "acc.") for name in map(metric_name, table.spec.metrics[1:])]
    names = ("row", "road", *heads(table.spec.metrics)[3 : SCORE + 2], *others)
    names += ("Δ to ideal", "Δ to classical", "Δ to trivial", "draws", "comp/train/exec s", "cost")
    for index, head in enumerate(names):
        shown.add_column(head, justify="left" if index < 2 else "right", no_wrap=True)
    for line, cells in zip(table.lines, table_cells(table), strict=True):
        roads = ("Q" if line.row.sampler else "C", "Q" if line.offloaded else "C")
        changes = [_plus_minus(line.versus.get(name)) for name in VERSUS]
        seconds = "/".join(f"{line.seconds[name]:.1f}" for name in STAGES)
        if line.row.id in table.best:
            cells[SCORE] = f"[bold]{escape(cells[SCORE])}[/]"
        scores = cells[3 : SCORE + 1 + len(table.spec.metrics)]
        last = (line.draws, seconds, cells[-1])
        shown.add_row(cells[0], " → ".join(roads), *scores, *changes, *last)
    return shown


def _plus_minus(change: Interval | None) -> str:
    """A change with half the width of its interval: `+0.016 ± 0.004`."""
    if change is None:
        return "-"
    return f"{change.value:+.3f} ± {(change.high - change.low) / 2:.3f}"
