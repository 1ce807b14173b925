"""The circuits of a run, drawn from its checkpoints, with what each device made of them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from circuits import Circuit, QiskitBackend, from_qiskit
from circuits.mitigation.regression import freed
from experiments.catalogue import build, pieces
from experiments.records import Record
from experiments.reporting import plots
from experiments.reporting.lines import Line
from experiments.reporting.plots.circuits import device_names
from experiments.specs import Spec
from qml import Frozen, load_checkpoint, thaw
from qml.offload_report import innermost
from qml.offloading import batch_angles

DRAWN = 300  # gates of a circuit that is worth a drawing
# What a mitigation makes of the circuit that is drawn.
CHANGES = {
    "readout": "also runs circuits that show how bits are confused",
    "zero_noise": "also runs it folded, with more noise",
    "twirling": "puts random Paulis around its two-qubit gates",
    "regression": "also runs it with other angles",
}

Captioned = list[tuple[str, Figure]]


class Run(NamedTuple):
    """A circuit as a device ran it, on `qubits`; the wires asked for start on those of `layout`."""

    circuit: Circuit
    qubits: tuple[int, ...]
    layout: tuple[int, ...]


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
        that gives the size or the qubits of the record; rows of the same drawing share it.
    """
    by_model: dict[str, list[Line]] = {}
    for line in lines:
        if line.row.backend:
            by_model.setdefault(line.row.model, []).append(line)
    made: Captioned = []
    for model, group in by_model.items():
        frozen = _frozen(records[group[0].row.id][0], model, folder)
        if frozen is not None and len(frozen.circuit.gates) <= DRAWN:
            told = [_sizes(line, records[line.row.id][0]) for line in group]
            caption = " ".join([f"The circuit of the model {model!r} as it was trained.", *told])
            made.append((caption.strip(), plots.circuit_drawing(frozen.circuit)))
            made += _on_devices(group, records, frozen, spec)
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


def _sizes(line: Line, record: Record) -> str:
    size = _largest(record)
    if size is None:
        return ""
    return (
        f"{_label(line)}: {size['gates']} gates, {size['two_qubit_gates']} of them on two qubits, "
        f"depth {size['depth']}, on qubits {', '.join(map(str, size['layout']))}."
    )


def _label(line: Line) -> str:
    return line.row.label or line.row.id


def _on_devices(
    lines: list[Line], records: dict[str, list[Record]], frozen: Frozen, spec: Spec
) -> Captioned:
    """The circuit as each fake device runs it, at features of zero."""
    drawn: dict[tuple[str, str], tuple[Run, list[Line]]] = {}
    for line in lines:
        run = _run(line, records[line.row.id][0], frozen, spec)
        if run is not None:
            device = spec.backends[line.row.backend or ""].get("device", "")
            drawn.setdefault((device, repr(run)), (run, []))[1].append(line)
    return [
        (_caption(rows, spec), plots.circuit_drawing(run.circuit, device_names(*run[1:])))
        for run, rows in drawn.values()
    ]


def _caption(lines: list[Line], spec: Spec) -> str:
    told = [
        f"{'; '.join(map(_label, lines))}: the circuit as the device runs it, on the qubits that "
        "the transpiler chose; angles are those of features of zero."
    ]
    for line in lines:
        if name := _mitigation(line, spec):
            told.append(f"{_label(line)}: the mitigation {CHANGES[name]}.")
    return " ".join(told)


def _mitigation(line: Line, spec: Spec) -> str:
    """The name of a row's mitigation; "" for none."""
    named = spec.backends[line.row.backend or ""].get("mitigation", "")
    return named["kind"] if isinstance(named, dict) else named


def _run(line: Line, record: Record, frozen: Frozen, spec: Spec) -> Run | None:
    """What a fake device ran, where it is made again as the record tells it."""
    size, settings = _largest(record), spec.backends[line.row.backend or ""]
    if size is None or settings["kind"] != "fake_device":
        return None
    device, (model, params) = _backend(line, record, spec), thaw(frozen)
    angles = batch_angles(model, params, np.zeros((1, len(frozen.scaler.shift))))
    match _mitigation(line, spec):
        case "":
            return _transpiled(device, model.circuit, model.observables, angles, size)
        case "regression":
            free, arrays = freed(model.circuit, angles)
            rows = {name: np.atleast_2d(array) for name, array in arrays.items()}
            return _transpiled(device, free, model.observables, rows, size)
        case _:
            return _placed(device, model.circuit, angles, size)


def _backend(line: Line, record: Record, spec: Spec) -> QiskitBackend:
    """The one inside all mitigations of a row."""
    piece = pieces(spec, line.row).backend
    assert piece is not None
    backend = build(piece, record.seed)
    while not isinstance(backend, QiskitBackend):
        backend = backend.backend
    return backend


def _transpiled(
    device: QiskitBackend, circuit: Circuit, observables: Any, angles: Any, size: dict[str, Any]
) -> Run | None:
    """The basis of that size; None where there is none."""
    from circuits.on_qiskit.jobs import prepare
    from circuits.on_qiskit.programs import program_size, unpack

    part = prepare(device, circuit, observables, angles)[0]
    for index in range(len(part.facts["transpiled"])):
        built = unpack(part.arrays[f"program.{index}"])
        if program_size(built) == size:
            return _drawable(built, part.arrays[f"values.{index}"])
    return None


def _placed(
    device: QiskitBackend, circuit: Circuit, angles: Any, size: dict[str, Any]
) -> Run | None:
    """What a mitigation starts from, where it is on the qubits of that layout."""
    from circuits.on_qiskit.native import native
    from circuits.on_qiskit.programs import program

    target = device.target
    options: dict[str, Any] = {"level": device.optimization_level, "seed": device.seed}
    made = native(target, circuit, angles, layout=device.initial_layout, **options)
    layout = made.size["layout"]
    run = _drawable(*program(target, circuit, angles, measured=False, layout=layout, **options))
    return run if run and [*run.qubits] == size["layout"] else None


def _drawable(built: Any, values: np.ndarray) -> Run | None:
    """A transpiled circuit with numbers as its angles; None where it is too large."""
    from circuits.on_qiskit.programs import compacted, program_size, used_qubits

    size = program_size(built)
    if size["gates"] > DRAWN:
        return None
    bare = built.assign_parameters(values[0]).remove_final_measurements(inplace=False)
    qubits = tuple(sorted({*used_qubits(built), *size["final_layout"]}))
    circuit = from_qiskit(compacted(bare, qubits))
    gates = tuple(gate for gate in circuit.gates if gate.name != "gphase")
    return Run(circuit._replace(gates=gates), qubits, tuple(size["layout"]))
