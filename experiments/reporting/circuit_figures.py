"""The circuits of a run, drawn from its checkpoints, with what each device made of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from circuits import Circuit, QiskitBackend, from_qiskit
from experiments.catalogue import build, pieces
from experiments.records import Record
from experiments.reporting import plots
from experiments.reporting.lines import Line
from experiments.specs import Spec
from qml import Frozen, load_checkpoint, thaw
from qml.offload_report import innermost
from qml.offloading import batch_angles

DRAWN = 300  # gates of a circuit that is worth a drawing

Captioned = list[tuple[str, Figure]]


def circuit_figures(
    lines: list[Line], records: dict[str, list[Record]], folder: Path, spec: Spec
) -> Captioned:
    """Draw the circuit of each model that was offloaded, and what each fake device made of it.

    Args:
        lines: of a table.
        records: of each row, the first seed first.
        folder: the run's folder, with its checkpoints.
        spec: of the run.

    Returns:
        (caption, figure) of each circuit that is not too large; the caption tells size and qubits
        of the circuit that each device ran. What a device ran is transpiled again, and drawn where
        that gives the size and the qubits of the record.
    """
    by_model: dict[str, list[Line]] = {}
    for line in lines:
        if line.row.backend:
            by_model.setdefault(line.row.model, []).append(line)
    made: Captioned = []
    for model, group in by_model.items():
        frozen = _frozen(records[group[0].row.id][0], model, folder)
        if frozen is not None and len(frozen.circuit.gates) <= DRAWN:
            told = [_transpiled(line, records[line.row.id][0]) for line in group]
            caption = " ".join([f"The circuit of the model {model!r} as it was trained.", *told])
            made.append((caption.strip(), plots.circuit_drawing(frozen.circuit)))
            for line in group:
                made += _on_device(line, records[line.row.id][0], frozen, spec)
    return made


def _frozen(record: Record, model: str, folder: Path) -> Frozen | None:
    """The checkpoint that a record names; None where it is not there."""
    for file in sorted((folder / "checkpoints").glob(f"{model}-*.json")):
        header = json.loads(file.read_text(encoding="utf-8"))
        if header.get("digest") == record.info.get("checkpoint"):
            return load_checkpoint(file.with_suffix(""))[0]
    return None


def _largest(record: Record) -> dict[str, Any] | None:
    """Size and layout of the deepest basis that a device ran."""
    found = innermost(record.info["backend"]).get("transpiled") or []
    return max(found, key=lambda one: one["depth"], default=None)


def _transpiled(line: Line, record: Record) -> str:
    size = _largest(record)
    if size is None:
        return ""
    return (
        f"{line.row.label or line.row.id}: {size['gates']} gates, {size['two_qubit_gates']} of "
        f"them on two qubits, depth {size['depth']}, on qubits "
        f"{', '.join(map(str, size['layout']))}."
    )


def _on_device(line: Line, record: Record, frozen: Frozen, spec: Spec) -> Captioned:
    """The circuit before and after it was transpiled for a fake device, at features of zero."""
    size, settings = _largest(record), spec.backends[line.row.backend or ""]
    if size is None or size["gates"] > DRAWN or settings["kind"] != "fake_device":
        return []
    after, qubits = _again(_backend(line, record, spec), frozen, size)
    if after is None:
        return []
    caption = (
        f"{line.row.label or line.row.id}: the circuit as it was trained and as the device runs "
        "it, on the qubits that the transpiler chose; angles below are those of features of zero."
    )
    return [(caption, plots.before_after(frozen.circuit, after, size["layout"], qubits))]


def _backend(line: Line, record: Record, spec: Spec) -> QiskitBackend:
    """The one inside all mitigations of a row."""
    piece = pieces(spec, line.row).backend
    assert piece is not None
    backend = build(piece, record.seed)
    while not isinstance(backend, QiskitBackend):
        backend = backend.backend
    return backend


def _again(
    backend: QiskitBackend, frozen: Frozen, size: dict[str, Any]
) -> tuple[Circuit | None, tuple[int, ...]]:
    """What the transpiler makes of a basis of that size, and its qubits; None where of none."""
    from circuits.on_qiskit.jobs import prepare
    from circuits.on_qiskit.programs import compacted, program_size, unpack, used_qubits

    model, params = thaw(frozen)
    angles = batch_angles(model, params, np.zeros((1, len(frozen.scaler.shift))))
    part = prepare(backend, model.circuit, model.observables, angles)[0]
    for index in range(len(part.facts["transpiled"])):
        built = unpack(part.arrays[f"program.{index}"])
        if program_size(built) == size:
            bound = built.assign_parameters(part.arrays[f"values.{index}"][0])
            bare = bound.remove_final_measurements(inplace=False)
            circuit = from_qiskit(compacted(bare, used_qubits(built)))
            gates = tuple(gate for gate in circuit.gates if gate.name != "gphase")
            return circuit._replace(gates=gates), used_qubits(built)
    return None, ()
