"""The report page: one self-contained HTML file, nothing loaded from anywhere."""

import math
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment
from matplotlib.figure import Figure

from experiments.knowledge import heads_and_cells
from experiments.reporting.figures import figures, row_name
from experiments.reporting.findings import best_line, extreme, findings
from experiments.reporting.formats import SCORE, heads, interval, table_cells
from experiments.reporting.notes import device_rows
from experiments.reporting.plots import to_svg
from experiments.reporting.tables import Line, Table
from experiments.running.loop import write_files
from experiments.specs import Spec
from qml.data import load_dataset

__all__ = ["write_report", "figures", "to_svg"]

RESOURCES = {  # key in a line's resources: (head of the column, factor to its unit)
    "queue_s": ("queue s", 1),
    "wall_s": ("wall s", 1),
    "cpu_s": ("CPU s", 1),
    "peak_mib": ("peak memory MiB", 1),
    "energy_j": ("energy J", 1),
    "gpu_j": ("of it GPU J", 1),
    "co2_g": ("CO₂e mg", 1000),
}


class Cell(NamedTuple):
    """A table cell: what counts, and the bracket that may go on a second line."""

    text: str
    bracket: str = ""
    best: bool = False


class Sheet(NamedTuple):
    """A sortable table; `words` says of each column whether it holds words (else numbers)."""

    name: str
    heads: Sequence[str]
    words: list[bool]
    body: list[list[Cell]]


def write_report(
    table: Table,
    folder: Path,
    file: Path,
    command: str,
    *,
    audit: str | None = None,
    extra: Sequence[tuple[str, Figure]] = (),
    shipped: Sequence[Spec] = (),
) -> Path:
    """Write the page of a table.

    Args:
        table: the table.
        folder: the run's folder, where the arrays lie.
        file: the page to write.
        command: the command line that makes it again.
        audit: the audit's verdict in words, its first line the summary; None where none was made.
        extra: further (caption, figure) pairs, for example a critical difference diagram.
        shipped: the benchmarks to list below, as of `shipped_specs`.

    Returns:
        the file.
    """
    template = (files("experiments.reporting") / "report.html.jinja").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    made = [*figures(table, folder), *extra]
    text = page.render(
        table=table,
        title=table.spec.title or table.spec.name,
        summary=_summary(table),
        results=results_sheet(table),
        costs=costs_sheet(table),
        cost_note=_cost_note(table),
        findings=findings(table),
        audit=audit,
        figures=[(c, to_svg(f, f"fig{i}-", c)) for i, (c, f) in enumerate(made, 1)],
        commands=_commands(table, command),
        provenance=_provenance(table),
        dataset=load_dataset(table.spec.data.name),
        knowledge=_knowledge_sheet(shipped),
    )
    write_files(file.parent, [(file.name, text.encode())])
    return file


def results_sheet(table: Table) -> Sheet:
    """The main table, rows that are not significantly worse than the best one marked.

    Args:
        table: the table.

    Returns:
        its cells, in the order of `heads`.
    """
    body = [[_cell(text) for text in line] for line in table_cells(table)]
    for line, cells in zip(table.lines, body, strict=True):
        cells[SCORE] = cells[SCORE]._replace(best=line.row.id in table.best)
    return _sheet("results", heads(table.spec.metrics), body)


def costs_sheet(table: Table) -> Sheet | None:
    """What the cells measured of themselves, means over seeds; None where they did not.

    Args:
        table: the table.

    Returns:
        row, then each resource that any line has.
    """
    used = [line.resources | _queue(line) for line in table.lines]
    names = [name for name in RESOURCES if any(name in line for line in used)]
    if not names:
        return None
    body = [
        [Cell(row_name(line)), *(Cell(_amount(spent, name)) for name in names)]
        for line, spent in zip(table.lines, used, strict=True)
    ]
    return _sheet("costs", ["row", *(RESOURCES[name][0] for name in names)], body)


def _queue(line: Line) -> dict[str, float]:
    return {"queue_s": line.seconds["queue"]} if "queue" in line.seconds else {}


def _knowledge_sheet(shipped: Sequence[Spec]) -> Sheet | None:
    """All benchmarks that come with the project; None where none are to be listed."""
    if not shipped:
        return None
    names, body = heads_and_cells(shipped)
    return _sheet("knowledge", names, [[Cell(text) for text in line] for line in body])


def _sheet(name: str, heads: Sequence[str], body: list[list[Cell]]) -> Sheet:
    words = [not all(_is_number(row[i].text) for row in body) for i in range(len(heads))]
    return Sheet(name, heads, words, body)


def _cell(text: str) -> Cell:
    value, bracket, bounds = text.partition(" [")
    return Cell(value, "[" + bounds if bracket else "")


def _is_number(text: str) -> bool:
    return text in ("-", "") or re.match(r"[+-]?\.?\d", text) is not None


def _amount(resources: dict[str, float], name: str) -> str:
    value = resources.get(name, math.nan) * RESOURCES[name][1]
    if math.isnan(value):
        return "-"
    return f"{value:.2g}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _cost_note(table: Table) -> str:
    used = [record.cost.get("resources", {}) for record in table.records]
    sources = sorted({entry["energy_source"] for entry in used if "energy_source" in entry})
    factors = sorted({entry["co2_source"] for entry in used if "co2_source" in entry})
    note = "Mean over seeds of what each cell measured of itself."
    if any(source.startswith("estimated") for source in sources):
        note += " Energy and CO₂e are estimates from CPU seconds, not readings of a meter."
    note += f" Energy: {'; '.join(sources)}." if sources else ""
    return note + (f" Grid: {'; '.join(factors)}." if factors else "")


def _summary(table: Table) -> str:
    """One line: what was run, how completely, and what came first.

    First among the rows that saw all test events and seeds: a few events make scores scatter.
    """
    spec, lines = table.spec, [line for line in table.lines if line.scores]
    done = sum(line.seeds for line in table.lines)
    cells = len(spec.rows) * len(spec.seeds) * (spec.data.folds or 1)
    seeds = f"{len(spec.seeds)} seed" + "s" * (len(spec.seeds) != 1)
    seeds += f" × {spec.data.folds} folds" if spec.data.folds else ""
    parts = [f"{len(spec.rows)} rows × {seeds}, {done} of {cells} cells finished"]
    if (best := best_line(table)) is not None:
        parts.append(f"{best.events} test events")
        of = "" if len(table.covered) == len(lines) else " among rows that saw all of them"
        parts.append(f"{extreme(table)}{of} {interval(best.main)} ({row_name(best)})")
    if any(line.simulated for line in lines):
        by_device = len(device_rows(table.records))
        rows = f"{by_device} row{'s' * (by_device > 1)}"
        some = f"{rows} answered by a device, all other" if by_device else "all"
        parts.append(f"{some} quantum rows simulated")
    return "; ".join(parts) + "."


def _commands(table: Table, command: str) -> list[str]:
    """What to type to make the newest records again, from the commit that made them."""
    told = _newest(table).provenance
    if told.get("commit"):
        changed = "  # with changes that are in no commit" if told.get("dirty") else ""
        return [f"git checkout {told['commit']}{changed}", command]
    version = told.get("versions", {}).get("qml-offload", "")
    return [f"pip install qml-offload=={version}  # the commit is not known", command]


def _newest(table: Table) -> Any:
    return max(table.records, key=lambda record: record.time)


def _provenance(table: Table) -> dict[str, Any]:
    newest = _newest(table)
    about = {name: value for name, value in vars(table.spec.about).items() if value}
    about |= {"expected seconds": about.pop("seconds")} if "seconds" in about else {}
    told = dict(newest.provenance)
    told |= {f"version of {name}": v for name, v in told.pop("versions", {}).items()}
    told["commit"] = told.get("commit") or "not known"
    return about | told | {"records": len(table.records), "newest record": newest.time}
