"""The report page: one self-contained HTML file, nothing loaded from anywhere."""

import io
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment
from matplotlib import rc_context
from matplotlib.figure import Figure

from experiments import plots
from experiments.findings import findings
from experiments.formats import HEADS, table_cells
from experiments.records import read_arrays
from experiments.tables import Line, Table
from qml.data import load_dataset
from qml.metrics import roc_curve

CURVES = 8  # more lines in one ROC figure than this cannot be told apart


def write_report(table: Table, folder: Path, file: Path, command: str) -> Path:
    """Write the page of a table.

    Args:
        table: the table.
        folder: the run's folder, where the arrays lie.
        file: the page to write.
        command: the command line that makes it again.

    Returns:
        the file.
    """
    template = (files("experiments") / "report.html.jinja").read_text()
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    dataset = load_dataset(table.spec.data.name)
    text = page.render(
        table=table,
        heads=HEADS,
        body=table_cells(table),
        findings=findings(table),
        figures=[(caption, to_svg(figure)) for caption, figure in figures(table, folder)],
        provenance=_provenance(table),
        dataset=dataset,
        command=command,
    )
    part = file.with_name(file.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
    return file


def figures(table: Table, folder: Path) -> list[tuple[str, Figure]]:
    """Every figure that the stored arrays allow, with its caption.

    Args:
        table: the table.
        folder: the run's folder.

    Returns:
        (caption, figure) pairs.
    """
    lines = [line for line in table.lines if line.auc is not None]
    arrays = {line.row.id: _arrays(table, line, folder) for line in lines}
    made = [_forest(lines), _roc(lines, arrays)]
    made += _scatters(lines, arrays) + _training(lines, arrays) + _energies(lines, arrays)
    return made


def to_svg(figure: Figure) -> str:
    """A figure as an inline SVG element, the same text for the same figure.

    Args:
        figure: a matplotlib figure.

    Returns:
        `<svg ...>...</svg>` with text kept as text.
    """
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "qml-offload"}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt" ', "", text[text.index("<svg") :])


def _arrays(table: Table, line: Line, folder: Path) -> list[dict[str, np.ndarray]]:
    records = [r for r in table.records if r.row == line.row.id and r.status == "ok"]
    return [read_arrays(folder, record.digest) for record in records]


def _forest(lines: list[Line]) -> tuple[str, Figure]:
    trivial = next(
        (line.auc.value for line in lines if line.row.role == "trivial" and line.auc), None
    )
    entries = [(_name(ln), ln.auc.value, ln.auc.low, ln.auc.high) for ln in lines if ln.auc]
    caption = (
        "AUC of every row, mean over seeds, 95 % interval over test events; dotted: trivial row."
    )
    return caption, plots.auc_forest(entries, trivial)


def _roc(lines: list[Line], arrays: dict[str, Any]) -> tuple[str, Figure]:
    full = max(line.events for line in lines)
    chosen = [line for line in lines if line.events == full][:CURVES]
    curves = []
    for line in chosen:
        first = arrays[line.row.id][0]
        fpr, tpr = roc_curve(first["scores"], first["labels"])[:2]
        curves.append((f"{_name(line)} ({line.auc.value:.3f})" if line.auc else "", tpr, fpr))
    return "ROC of the rows that saw all test events, first seed; AUC in brackets.", plots.roc(
        curves
    )


def _scatters(lines: list[Line], arrays: dict[str, Any]) -> list[tuple[str, Figure]]:
    by_ideal: dict[str, list[Line]] = {}
    for line in lines:
        if line.row.backend and line.row.ideal in arrays and line.row.ideal != line.row.id:
            by_ideal.setdefault(str(line.row.ideal), []).append(line)
    made = []
    for ideal, devices in by_ideal.items():
        exact = arrays[ideal][0]["values"]
        count = min(len(arrays[line.row.id][0]["values"]) for line in devices)
        points = [(_name(ln), arrays[ln.row.id][0]["values"][:count].ravel()) for ln in devices]
        figure = plots.device_scatter(exact[:count].ravel(), points)
        made.append(
            (f"Exact against device expectation values, first seed, {count} events.", figure)
        )
    return made


def _training(lines: list[Line], arrays: dict[str, Any]) -> list[tuple[str, Figure]]:
    made, seen = [], set()
    for line in lines:
        if line.row.model not in seen and "losses" in arrays[line.row.id][0]:
            seen.add(line.row.model)
            losses = np.stack([a["losses"] for a in arrays[line.row.id]])
            caption = f"Training loss of the circuit model {line.row.model!r}."
            made.append((caption, plots.training_curve(losses)))
    return made


def _energies(lines: list[Line], arrays: dict[str, Any]) -> list[tuple[str, Figure]]:
    by_model: dict[str, list[Line]] = {}
    for line in lines:
        if "energies" in arrays[line.row.id][0]:
            by_model.setdefault(line.row.model, []).append(line)
    made = []
    for model, group in by_model.items():
        first = {line.row.id: arrays[line.row.id][0]["energies"] for line in group}
        drawn = [line for line in group if line.trained_on != "annealer: exhaustive"]
        if drawn:
            lowest = float(min(energies.min() for energies in first.values()))
            caption = f"Energies of the reads on the QUBO of {model!r}, first seed."
            samples = [(_name(line), first[line.row.id]) for line in drawn]
            made.append((caption, plots.energies(samples, lowest)))
    return made


def _provenance(table: Table) -> dict[str, Any]:
    newest = max(table.records, key=lambda record: record.time)
    told = dict(newest.provenance)
    told |= {f"version of {name}": v for name, v in told.pop("versions", {}).items()}
    return told | {"records": len(table.records), "newest record": newest.time}


def _name(line: Line) -> str:
    return line.row.label or line.row.id
