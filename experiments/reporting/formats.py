"""A table as Markdown, LaTeX, HTML, CSV, or plain cells for a page.

Bold marks the best row and every row that is not significantly worse.
"""

import csv
import html
import io
from collections.abc import Callable, Sequence

from experiments.costs.prices import Price
from experiments.reporting.notes import metric_name
from experiments.reporting.tables import Line, Table
from qml.metrics import Interval

VERSUS = ("ideal", "classical", "trivial")
STAGES = ("compile", "train", "execute")
SCORE = 4  # place of the main metric in a line
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


def heads(metrics: Sequence[str]) -> tuple[str, ...]:
    """The heads of a table's columns.

    Args:
        metrics: of the spec, the main one first.

    Returns:
        one head a column.

    >>> heads(["auc"])[SCORE:7]
    ('AUC [95 %]', '± seeds', 'Δ AUC to ideal')
    """
    main, *others = map(metric_name, metrics)
    scores = (f"{main} [95 %]", "± seeds", *others)
    changes = (f"Δ {main} to ideal", "Δ to classical", "Δ to trivial")
    costs = ("draws", "compile s", "train s", "execute s", "would cost")
    return ("row", "trained on", "predicted on", "events", *scores, *changes, *costs)


HEADS = heads(("auc", "accuracy"))  # of a spec that names no metrics


def table_cells(table: Table) -> list[list[str]]:
    """The body of a table as strings, in the order of `heads`.

    Args:
        table: the table.

    Returns:
        one list of strings a line.
    """
    return [_cells(table, line) for line in table.lines]


def to_markdown(table: Table) -> str:
    """A GitHub-flavoured Markdown table with its notes.

    Args:
        table: the table.

    Returns:
        the text, ending in a newline.
    """
    columns = heads(table.spec.metrics)
    rule = ["---", "---", "---"] + ["---:"] * (len(columns) - 3)
    lines = [list(columns), rule, *_bold(table, "**{}**")]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n".join([body, "", *table.notes]) + "\n"


def to_latex(table: Table) -> str:
    """A LaTeX `tabular` with booktabs rules; notes as comments.

    Args:
        table: the table.

    Returns:
        the text, ending in a newline; the document needs `\\usepackage{booktabs}`.
    """
    names = [_escape(head) for head in heads(table.spec.metrics)]
    columns = "lll" + "r" * (len(names) - 3)
    body = _bold(table, r"\textbf{{{}}}", _escape)
    rows = [" & ".join(line) + r" \\" for line in [names, *body]]
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
    first = "".join(f"<th>{html.escape(head)}</th>" for head in heads(table.spec.metrics))
    rows = [
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        for cells in _bold(table, "<b>{}</b>", html.escape)
    ]
    notes = [f"<p>{html.escape(note)}</p>" for note in table.notes]
    lines = ["<table>", f"<tr>{first}</tr>", *rows, "</table>", *notes]
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
    """The cells; the score of the best row and of those not significantly worse is marked."""
    marked = [[clean(cell) for cell in cells] for cells in table_cells(table)]
    for line, cells in zip(table.lines, marked, strict=True):
        if line.row.id in table.best:
            cells[SCORE] = mark.format(cells[SCORE])
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
    intervals = {name: line.scores.get(name) for name in table.spec.metrics}
    intervals |= {f"versus_{name}": line.versus.get(name) for name in VERSUS}
    for name, value in intervals.items():
        bounds = ("", "", "") if value is None else value
        record |= dict(zip((name, f"{name}_low", f"{name}_high"), bounds, strict=True))
    record |= {"seed_std": line.spread, "draws": line.draws}
    record |= {f"{name}_s": line.seconds.get(name, 0.0) for name in (*STAGES, "queue")}
    record |= dict(zip(_PRICE, line.price or ("",) * 4, strict=True))
    return record | {name: line.resources.get(name, "") for name in _resources(table)}


_PRICE = ("would_cost", "currency", "price_of", "price_date")


def _resources(table: Table) -> list[str]:
    """The resources that any line has, so that every line has the same columns."""
    return sorted({name for line in table.lines for name in line.resources})


def _cells(table: Table, line: Line) -> list[str]:
    changes = [interval(line.versus.get(name), sign=True) for name in VERSUS]
    others = [line.scores.get(name) for name in table.spec.metrics[1:]]
    return [
        _label(table, line),
        line.trained_on,
        line.predicted_on,
        str(line.events),
        interval(line.main),
        f"{line.spread:.4f}" if line.seeds > 1 else "-",
        *("-" if value is None else f"{value.value:.3f}" for value in others),
        *changes,
        line.draws,
        *(f"{line.seconds[name]:.2f}" for name in STAGES),
        _money(line.price),
    ]


def _label(table: Table, line: Line) -> str:
    """The row's name, and what it lacks."""
    cells = len(table.spec.seeds) * (table.spec.data.folds or 1)
    lacks = [f"{line.seeds} of {cells} seeds"] if line.seeds < cells else []
    lacks += [f"{line.failed} failed"] if line.failed else []
    return (line.row.label or line.row.id) + (f" ({', '.join(lacks)})" if lacks else "")


def _money(price: Price | None) -> str:
    """An amount as it would be said: `410 USD`, `0.34 USD`; its note says of which device."""
    if price is None:
        return "-"
    return f"{price.amount:.{0 if price.amount >= 100 else 2}f} {price.currency}"
