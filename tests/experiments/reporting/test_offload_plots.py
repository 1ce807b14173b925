"""The figures and the table of offloaded rows tell what the records hold."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from matplotlib.patches import Rectangle
from qiskit.providers.fake_provider import GenericBackendV2
from typer.testing import CliRunner

from circuits import Exact, build_circuit, gate, reuploading
from circuits.on_qiskit.native import moved
from experiments.catalogue import build, pieces
from experiments.cli import app
from experiments.devices import backends
from experiments.records import read_arrays
from experiments.reporting import circuit_figures, plots
from experiments.reporting.circuit_figures import _run
from experiments.reporting.figures import figures
from experiments.reporting.offload import (
    offload_cells,
    offload_markdown,
    offload_summaries,
    priced,
)
from experiments.reporting.tables import make_table
from experiments.specs import load_spec
from qml import Scaler, freeze, infer, reuploading_model, thaw
from qml.jobs import qpu_seconds
from qml.metrics import auc

BELL = build_circuit([gate("h", 0), gate("cx", 0, 1)])


@pytest.fixture(scope="module")
def table(finished):
    return make_table(*finished, resamples=50)


def test_every_gate_is_drawn_once():
    circuit = reuploading(3, 2, 6)
    axes = plots.circuit_drawing(circuit).axes[0]
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    controls = sum(len(item.wires) - 1 for item in circuit.gates)
    assert len(boxes) == len(circuit.gates)
    assert sum(line.get_marker() == "o" for line in axes.lines) == controls
    assert [text.get_text() for text in axes.get_legend().get_texts()][:2] == ["inputs", "weights"]


def test_no_two_boxes_lie_on_each_other_when_a_circuit_goes_on_below():
    axes = plots.circuit_drawing(reuploading(3, 5, 3)).axes[0]
    corners = [tuple(np.round(patch.get_xy(), 6)) for patch in axes.patches]
    assert len(corners) == len(set(corners))
    assert max(x for x, _ in corners) < 12


def test_wires_after_transpilation_tell_where_they_come_from():
    lower = plots.before_after(BELL, BELL, layout=[5, 3], qubits=[3, 5]).axes[1]
    assert [text.get_text() for text in lower.texts[:2]] == ["Q3 ← q1", "Q5 ← q0"]


MITIGATED = """
[backends.{0}]
kind = "fake_device"
shots = 50
{1}
[[rows]]
id = "{0}"
model = "circuit"
backend = "{0}"
ideal = "exact"
"""
MITIGATIONS = {
    "raw": "",
    "read": 'mitigation = "readout"',
    "folded": 'mitigation = "zero_noise"',
    "twirled": 'mitigation = { kind = "twirling", instances = 2 }',
    "learned": 'mitigation = { kind = "regression", training = 3 }',
}


@pytest.fixture(scope="module")
def frozen():
    model = reuploading_model(2, n_qubits=3, n_layers=1)
    scaler = Scaler(np.zeros(2), np.ones(2), -1.0, 1.0)
    return freeze(model, model.init(jax.random.key(0)), scaler)


@pytest.fixture
def offloaded(small_toml, tmp_path, monkeypatch, frozen):
    """A spec of rows on one device, their lines, and a record of each that says what it ran."""
    device = GenericBackendV2(4, seed=1)  # without routing, so that wires stay where they start
    monkeypatch.setattr(backends, "_fake", lambda name: device)
    file = tmp_path / "mitigated.toml"
    tables = [MITIGATED.format(*item) for item in MITIGATIONS.items()]
    file.write_text(small_toml.read_text() + "".join(tables))
    spec, (model, params) = load_spec(str(file)), thaw(frozen)
    lines = {row.id: SimpleNamespace(row=row) for row in spec.rows if row.id in MITIGATIONS}
    records = {}
    for name, line in lines.items():
        backend = build(pieces(spec, line.row).backend, 3)
        info = infer(model, params, np.full((2, 2), 0.3), backend).result.info
        records[name] = [SimpleNamespace(seed=3, info={"backend": info})]
    return spec, lines, records


def test_what_a_device_ran_is_drawn_where_it_is_made_again(offloaded, frozen):
    """Each drawing is of a circuit that means the same, on the qubits of the record."""
    spec, lines, records = offloaded
    model, params = thaw(frozen)
    expected = infer(model, params, np.zeros((1, 2)), Exact()).result.values
    for name, line in lines.items():
        made = _run(line, records[name][0], frozen, spec)
        places = [made.qubits.index(qubit) for qubit in made.layout]
        sums = [moved(each, places) for each in model.observables]
        found = Exact().expectation(made.circuit, sums, {}).values
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=name)
    told = records["raw"][0].info["backend"]["transpiled"][0]
    told["depth"] += 1  # as another version of the transpiler would make it
    assert _run(lines["raw"], records["raw"][0], frozen, spec) is None


def test_the_circuit_is_drawn_once_and_what_rows_share_too(offloaded, frozen, monkeypatch):
    spec, lines, records = offloaded
    monkeypatch.setattr(circuit_figures, "_frozen", lambda *_: frozen)
    (first, _), *drawn = circuit_figures.circuit_figures([*lines.values()], records, None, spec)
    assert first.startswith("The circuit of the model 'circuit' as it was trained. raw: ")
    (shared, figure), (alone, _) = drawn
    assert shared.startswith("raw; read; folded; twirled: the circuit as the device runs it, on")
    assert "twirled: the mitigation puts random Paulis around its two-qubit gates." in shared
    assert alone.endswith("learned: the mitigation also runs it with other angles.")
    names = [text.get_text() for text in figure.axes[0].texts]
    assert {f" ← q{wire}" for wire in range(3)} <= {name[2:] for name in names}


@pytest.mark.parametrize("layout", [[0], [0, 7]])
def test_a_layout_that_is_none_is_refused(layout):
    with pytest.raises(ValueError, match="`layout` must name one of the qubits"):
        plots.before_after(BELL, BELL, layout=layout)


def test_scores_stand_where_they_were_measured():
    factor = np.array([1.0, 3.0])
    raw = (factor, factor / 10, factor / 20, factor / 5)
    axes = plots.score_by_noise(raw, [("zero noise", 0.0, (0.5, 0.4, 0.6))], (0.7, 0.6, 0.8)).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in axes[0].lines}
    assert drawn["raw"] == [[1.0, 0.1], [3.0, 0.3]]
    assert drawn["zero noise"] == [[0.0, 0.5]]
    assert {y for _, y in drawn["exact"]} == {0.7}


def test_shots_are_on_a_log_scale_with_the_exact_score_across():
    shots = np.array([10.0, 100.0, 1000.0])
    axes = plots.score_by_shots([("device", shots, *np.ones((3, 3)))], (0.9, 0.8, 1.0)).axes[0]
    assert axes.get_xscale() == "log"
    assert {y for _, y in axes.lines[-1].get_xydata()} == {0.9}


def test_summary_of_a_row_is_that_of_its_arrays(table, finished):
    ((label, made),) = offload_summaries(table, finished[1])
    first = {r.row: r for r in table.records if r.seed == 0}
    arrays = read_arrays(finished[1], first["shots"].digest)
    assert (label, made["events"], made["shots"], made["circuits"]) == ("shots", 40, 100, 40)
    assert made["score"][0] == pytest.approx(auc(arrays["scores"], arrays["labels"]))
    noise = float(np.sqrt(np.mean(arrays["values_std"] ** 2)))
    assert made["agreement"]["shot_noise"] == pytest.approx(noise)
    assert 0.3 < made["agreement"]["rmse"] / noise < 3  # nothing but shots
    assert made["price"]["amount"] == pytest.approx(qpu_seconds(1, 40 * 100) * 1.60)


def test_a_device_that_told_its_seconds_is_charged_by_them():
    cost = {"events": 1, "circuits": 1, "shots": 100, "seconds": {"device": 10.0}}
    made = priced(cost, {"backend": "QiskitBackend"})
    assert (made["qpu_seconds"], made["qpu_seconds_are"]) == (10.0, "reported")
    assert made["price"]["amount"] == pytest.approx(16.0)
    exact = priced(cost | {"shots": None, "seconds": {}}, {"backend": "Exact"})
    assert (exact["qpu_seconds"], exact["price"]) == (None, None)


def test_table_has_a_column_a_device_and_dashes_for_the_unknown(table, finished):
    named = offload_summaries(table, finished[1])
    cells = dict(offload_cells(named))
    assert (cells["events"], cells["queue s"], cells["on qubits"]) == ("40", "-", "-")
    assert offload_markdown(named).splitlines()[:2] == ["|  | shots |", "| --- | ---: |"]


def test_command_prints_it(small_toml, finished):
    asked = ["table", str(small_toml), "--out", str(finished[1]), "--offloaded"]
    shown = CliRunner().invoke(app, asked)
    assert shown.exit_code == 0
    for word in ("slope", "same decisions", "depth", "5.44 USD (estimated, 2024-02-29)"):
        assert word in shown.output


def test_the_page_draws_each_offloaded_circuit(table, finished):
    (caption,) = [text for text, _ in figures(table, finished[1]) if "as it was trained" in text]
    assert caption.startswith("The circuit of the model 'circuit'")
