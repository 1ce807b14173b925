"""The circuits of a run, drawn from its checkpoints, with what each device made of them."""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from circuits import Circuit, circuit_from_dict
from experiments.records import Record
from experiments.reporting import plots
from experiments.reporting.lines import Line

DRAWN = 200  # gates of a circuit that is worth a drawing


def circuit_figures(
    lines: list[Line], records: dict[str, list[Record]], folder: Path
) -> list[tuple[str, Figure]]:
    """Draw the circuit of each model that was offloaded.

    Args:
        lines: of a table.
        records: of each row, the first seed first.
        folder: the run's folder, with its checkpoints.

    Returns:
        (caption, figure) of each circuit that is not too large; the caption tells size and qubits
        of the circuit that each device ran.
    """
    by_model: dict[str, list[Line]] = {}
    for line in lines:
        if line.row.backend:
            by_model.setdefault(line.row.model, []).append(line)
    made = []
    for model, group in by_model.items():
        circuit = _circuit(records[group[0].row.id][0], model, folder)
        if circuit is not None and len(circuit.gates) <= DRAWN:
            told = [_transpiled(line, records[line.row.id][0]) for line in group]
            caption = f"The circuit of the model {model!r} as it was trained."
            made.append((" ".join([caption, *filter(None, told)]), plots.circuit_drawing(circuit)))
    return made


def _circuit(record: Record, model: str, folder: Path) -> Circuit | None:
    """The circuit in the checkpoint that a record names; None where it is not there."""
    for file in sorted((folder / "checkpoints").glob(f"{model}-*.json")):
        header = json.loads(file.read_text(encoding="utf-8"))
        if header.get("digest") == record.info.get("checkpoint"):
            return circuit_from_dict(header["circuit"])
    return None


def _transpiled(line: Line, record: Record) -> str:
    found: list[dict[str, Any]] = record.info["backend"].get("transpiled") or []
    if not found:
        return ""
    size = max(found, key=lambda one: one["depth"])
    return (
        f"{line.row.label or line.row.id}: {size['gates']} gates, {size['two_qubit_gates']} of "
        f"them on two qubits, depth {size['depth']}, on qubits "
        f"{', '.join(map(str, size['layout']))}."
    )
