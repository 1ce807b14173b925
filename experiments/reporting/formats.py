"""A table as terminal text, Markdown, LaTeX, HTML, CSV, or plain cells for a page.

Bold marks the best row and every row that is not significantly worse.
"""

import csv
import html
import io
from collections.abc import Callable

from rich import box
from rich.markup import escape
from rich.table import Table as RichTable

from experiments.reporting.tables import Line, Table
from qml.intervals import Interval

VERSUS = ("ideal", "classical", "trivial")
STAGES = ("compile", "train", "execute")
AUC = 4  # place of the score in HEADS
LATEX = {
    "\\": r"\textbackslash{}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "Δ": r"$\Delta$",
    "±": r"$\pm$",
    "→": r"$\to$",
}
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
    lines = [list(HEADS), rule, *_bold(table, "**{}**")]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n".join([body, "", *table.notes]) + "\n"


def to_latex(table: Table) -> str:
    """A LaTeX `tabular` with booktabs rules; notes as comments.

    Args:
        table: the table.

    Returns:
        the text, ending in a newline; the document needs `\\usepackage{booktabs}`.
    """
    columns = "lll" + "r" * (len(HEADS) - 3)
    heads = [_escape(head) for head in HEADS]
    body = _bold(table, r"\textbf{{{}}}", _escape)
    rows = [" & ".join(line) + r" \\" for line in [heads, *body]]
    lines = [
        *(f"% {note}" for note in table.notes),
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        rows[0],
        r"\midrule",
        *rows[1:],
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def to_html(table: Table) -> str:
    """An HTML `table` element with its notes, to paste into a page; the report is a whole page.

    Args:
        table: the table.

    Returns:
        the text, ending in a newline.
    """
    heads = "".join(f"<th>{html.escape(head)}</th>" for head in HEADS)
    rows = [
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        for cells in _bold(table, "<b>{}</b>", html.escape)
    ]
    notes = [f"<p>{html.escape(note)}</p>" for note in table.notes]
    lines = ["<table>", f"<tr>{heads}</tr>", *rows, "</table>", *notes]
    return "\n".join(lines) + "\n"


def to_csv(table: Table) -> str:
    """Comma-separated values, one number a column, for another program.

    Args:
        table: the table.

    Returns:
        the text with a header line; empty where a value is missing.
    """
    records = [_numbers(table, line) for line in table.lines]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()


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
        shown.add_column(head, justify="left" if index < 2 else "right", no_wrap=True)
    for line, cells in zip(table.lines, table_cells(table), strict=True):
        roads = ("Q" if line.row.sampler else "C", "Q" if line.row.backend else "C")
        changes = [_plus_minus(line.versus.get(name)) for name in VERSUS]
        seconds = "/".join(f"{line.seconds[name]:.1f}" for name in STAGES)
        if line.row.id in table.best:
            cells[AUC] = f"[bold]{escape(cells[AUC])}[/]"
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


def _bold(table: Table, mark: str, clean: Callable[[str], str] = str) -> list[list[str]]:
    """The cells, with the AUC of the rows that are not significantly worse than the best marked."""
    marked = [[clean(cell) for cell in cells] for cells in table_cells(table)]
    for line, cells in zip(table.lines, marked, strict=True):
        if line.row.id in table.best:
            cells[AUC] = mark.format(cells[AUC])
    return marked


def _escape(text: str) -> str:
    for plain, latex in LATEX.items():
        text = text.replace(plain, latex)
    return text


def _numbers(table: Table, line: Line) -> dict[str, object]:
    record: dict[str, object] = {
        "row": line.row.id,
        "label": line.row.label,
        "trained_on": line.trained_on,
        "predicted_on": line.predicted_on,
        "seeds": line.seeds,
        "failed": line.failed,
        "events": line.events,
        "not_worse_than_best": line.row.id in table.best,
    }
    intervals = {"auc": line.auc, "accuracy": line.accuracy}
    intervals |= {f"versus_{name}": line.versus.get(name) for name in VERSUS}
    for name, value in intervals.items():
        bounds = ("", "", "") if value is None else value
        record |= dict(zip((name, f"{name}_low", f"{name}_high"), bounds, strict=True))
    record |= {"seed_std": line.spread, "draws": line.draws}
    return record | {f"{name}_s": line.seconds[name] for name in STAGES} | line.resources


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
