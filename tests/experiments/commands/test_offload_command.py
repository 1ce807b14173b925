"""`qml offload` and `qml jobs` in process, on a tiny checkpoint."""

import csv
import json
import shutil

import jax
import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from typer.testing import CliRunner

from annealing import ledger
from experiments import catalogue
from experiments.catalogue import named_backend
from experiments.cli import app
from experiments.commands.jobs import _machine
from experiments.devices import backends
from experiments.offloading import Table, offload, read_events
from qml import fit_scaler, freeze, infer, reuploading_model, save_checkpoint, thaw
from qml.jobs.steps import mark_sending


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A checkpoint and the same events in a CSV and an npz file."""
    folder = tmp_path_factory.mktemp("offload")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), np.arange(30) % 2
    model = reuploading_model(2, n_qubits=2, n_layers=1)
    frozen = freeze(model, model.init(jax.random.key(0)), fit_scaler(x))
    save_checkpoint(folder / "model", frozen)
    np.savez(folder / "events.npz", x=x, y=y)
    np.savez(folder / "bare.npz", x=x)
    table = np.column_stack([x[:, 0], y, x[:, 1]])
    np.savetxt(folder / "events.csv", table, delimiter=",", header="pt,label,eta", comments="")
    return folder, frozen, x


@pytest.fixture
def qml(files, tmp_path, monkeypatch):
    """The command line, with a ledger of its own."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

    def offload_model(*words, data="events.npz"):
        start = ("offload", files[0] / "model", "--data", files[0] / data, "--shots", 50)
        return run(*start, "--batch", 16, "--jobs", tmp_path / "jobs", *words)

    run.offload = offload_model
    return run


def test_the_same_checkpoint_on_two_backends(qml, files, tmp_path):
    folder, frozen, x = files
    out = tmp_path / "scores.csv"
    done = qml.offload("--backend", "shots", "--backend", "exact", "--out", out)
    assert done.exit_code == 0, done.output
    digest = json.loads((folder / "model.json").read_text())["digest"]
    assert f"checkpoint {digest[:12]}, 30 events" in done.output
    lines = {line[:16].strip(): line[16:].split() for line in done.output.splitlines()}
    assert lines["shots a circuit"] == ["-", "50"]
    assert lines["circuits"] == ["30", "30"]
    assert "USD" in done.output
    assert "Price: an estimate by the list of IBM Quantum, no bill." in done.output
    assert "QPU seconds: an estimate, 2 s a job and 0.35 ms a shot" in done.output
    assert "Simulated, so nothing was paid: shots." in done.output
    with out.open() as file:
        rows = list(csv.DictReader(file))
    model, params = thaw(frozen)
    exact = infer(model, params, x, named_backend("exact", shots=1, seed=0)).scores
    np.testing.assert_allclose([float(row["exact"]) for row in rows], exact, atol=1e-9)
    assert {float(row["label"]) for row in rows} == {0.0, 1.0}
    again = qml.offload("--backend", "shots", "--out", tmp_path / "scores.npz")
    assert "Not run again: 2 of 2 jobs of shots" in again.output


def test_a_mitigated_row_stands_beside_the_raw_one(qml, monkeypatch):
    monkeypatch.setitem(catalogue.BY_COLON, "noisy", noisy)
    done = qml.offload(
        "--backend", "noisy:one", "--mitigate", "zero_noise", "--mitigate", "readout"
    )
    assert done.exit_code == 0, done.output
    lines = {line[:16].strip(): line[16:].split() for line in done.output.splitlines()}
    assert lines["circuits"] == ["30", "30", "90", "32"]
    assert lines["jobs"] == ["1", "1", "3", "3"]
    raw, mitigated, _ = (abs(1 - float(word)) for word in lines["slope"][1:])
    assert mitigated < raw / 2


def test_our_density_matrices_take_the_noise_of_a_device(qml, monkeypatch):
    monkeypatch.setattr(backends, "_fake", lambda device: GenericBackendV2(2, seed=1))
    done = qml.offload("--backend", "density:any", "--events", 5, "--shots", 0)
    lines = {line[:16].strip(): line[16:].split() for line in done.output.splitlines()}
    assert 0.9 < float(lines["slope"][1]) < 1
    assert lines["shots a circuit"] == ["-", "-"]
    assert lines["on qubits"] == ["-", "0", "1"]
    assert named_backend("trajectories:any", shots=9, seed=4).method == "trajectories"


def noisy(*, device: str, seed: int = 0):
    """A backend that takes no time to make."""
    return backends.density(one=0.02, two=0.02, seed=seed)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--backend", "shots", "--mitigate", "zne"),
            "Unknown mitigation 'zne'; known are",
        ),
        (("--backend", "shots", "--mitigate", "cancellation"), "needs noise that is stated as"),
        (
            ("--backend", "shots", "--mitigate", "twirling", "--max-shots", 2000),
            "take 24000 shots, and `max_shots` is 2000: nothing was sent",
        ),
    ],
)
def test_a_mitigation_that_does_not_fit_or_is_too_dear(qml, tmp_path, words, message):
    with pytest.raises(ValueError, match=message):
        qml.offload(*words)
    assert ledger.list_jobs(tmp_path / "jobs") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a CSV: a header line"),
        ("a,label\n1,2,3\n", "must be a CSV: a header line"),
        ("a,label\n1,0.7\n", "must be 0 and 1"),
        ("a,label\n1,\n", "must be 0 and 1"),
        ("label\n1\n", "columns of features"),
    ],
)
def test_events_that_cannot_be_read(tmp_path, text, message):
    file = tmp_path / "events.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_events(str(file))


def test_files_cut_short_and_negative_counts(tmp_path):
    file = tmp_path / "events.npz"
    np.savez(file, x=np.zeros((3, 2)), y=np.array([0, 1, 1]))
    assert read_events(str(file)).y.tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match="0 for all or more, but is -3"):
        read_events(str(file), -3)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ValueError, match="must be a whole npz file"):
        read_events(str(file))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--backend", "shots", "--out", "none/such.csv"), "Folder none of option `--out`"),
        (("--backend", "exact", "--mitigate", "readout"), "a backend other than exact"),
        (("--backend", "shots", "--shots", 0), "'shots' draws shots: give at least 1"),
    ],
)
def test_options_that_would_do_nothing_or_lose_the_scores(qml, tmp_path, words, message):
    with pytest.raises(ValueError, match=message):
        qml.offload(*words)
    assert ledger.list_jobs(tmp_path / "jobs") == []


def test_ceilings_stop_the_command_before_it_sends(qml, tmp_path):
    with pytest.raises(ValueError, match="take 1500 shots, and `max_shots` is 100"):
        qml.offload("--backend", "shots", "--max-shots", 100)
    assert ledger.list_jobs(tmp_path / "jobs") == []
    with pytest.raises(ValueError, match=r"must end in \.csv or \.npz"):
        qml.offload("--backend", "shots", "--out", tmp_path / "scores.txt")


def test_jobs_are_listed_shown_and_cancelled(qml, tmp_path):
    jobs = tmp_path / "jobs"
    assert "No jobs in" in qml("jobs", "list", jobs).output
    qml.offload("--backend", "shots")
    job, _ = ledger.list_jobs(jobs)
    listed = qml("jobs", "list", jobs)
    assert all(word in listed.output for word in (job["digest"][:12], "answered", "Shots"))
    shown = json.loads(qml("jobs", "show", jobs, job["digest"][:8]).output)
    assert len(shown["prepared"]["about"]["checkpoint"]) == 64
    assert qml("jobs", "fetch", jobs, job["digest"]).output.endswith("answered\n")
    stopped = tmp_path / "stopped" / job["digest"]
    stopped.mkdir(parents=True)
    for file in (jobs / job["digest"]).glob("prepared.*"):
        shutil.copy(file, stopped)
    told = qml("jobs", "cancel", stopped.parent, job["digest"][:6]).output
    assert told.endswith("cancelled: cancelled before it was sent\n")
    assert "put aside" in qml("jobs", "set-aside", stopped.parent, job["digest"]).output
    assert ledger.list_jobs(stopped.parent) == []


def test_of_a_job_whose_id_was_lost_the_user_decides(qml, tmp_path):
    qml.offload("--backend", "shots", "--events", 3)
    (job,) = ledger.list_jobs(tmp_path / "jobs")
    lost = tmp_path / "lost" / job["digest"]
    lost.mkdir(parents=True)
    for file in (tmp_path / "jobs" / job["digest"]).glob("prepared.*"):
        shutil.copy(file, lost)
    mark_sending(lost.parent, job["digest"])
    assert "sent?" in qml("jobs", "list", lost.parent).output
    with pytest.raises(RuntimeError, match="Look for it in the provider's list of jobs"):
        qml("jobs", "fetch", lost.parent, job["digest"])
    told = qml("jobs", "cancel", lost.parent, job["digest"]).output
    assert told.endswith("cancelled: given up; whether it was sent is not known\n")
    assert "put aside" in qml("jobs", "set-aside", lost.parent, job["digest"]).output


def test_circuits_are_drawn_before_and_after(qml, tmp_path):
    drawn = qml.offload("--backend", "aer", "--events", 3, "--drawing").output
    (job,) = ledger.list_jobs(tmp_path / "jobs")
    shown = qml("jobs", "show", tmp_path / "jobs", job["digest"], "--drawing").output
    for text in (drawn, shown):
        before, after = text.index("q0: ─[RX inputs[0]]"), text.index("meas: 2/=")
        assert before < after
    assert drawn.index("\nthe circuit\n") < drawn.index("\non aer\n")


def test_what_a_mitigation_runs_is_drawn_too(qml):
    words = ["--backend", "aer", "--events", 2, "--mitigate", "twirling", "--mitigate", "readout"]
    drawn = qml.offload(*words, "--drawing").output
    twirled, read = (drawn.index(f"\non aer + {each}, in the first job") for each in words[5::2])
    assert drawn.count("\nthe circuit\n") == 1
    assert drawn.index("\non aer\n") < drawn.index("meas: 2/=") < twirled < read
    assert "paulis[" not in drawn[:twirled]
    assert "paulis[" in drawn[twirled:read]


def test_a_ledger_holds_annealing_too():
    leap = {"solver": "Advantage2", "request": {"reads": 100}}
    assert _machine(leap) == ("Advantage2", "100")


def test_events_come_from_files_and_names(files, tmp_path):
    folder, frozen, x = files
    for name in ("events.npz", "events.csv"):
        table = read_events(str(folder / name), 4)
        np.testing.assert_allclose(table.x, x[:4])
        np.testing.assert_array_equal(table.y, [0, 1, 0, 1])
    assert read_events(str(folder / "bare.npz")).y is None
    assert read_events("toy_rings", 7).x.shape == (7, 2)
    with pytest.raises(FileNotFoundError, match="No file"):
        read_events("nowhere.csv")
    np.savez(tmp_path / "wrong.npz", features=x)
    with pytest.raises(ValueError, match="must hold an array `x`"):
        read_events(str(tmp_path / "wrong.npz"))
    with pytest.raises(ValueError, match="takes 2 features an event, but"):
        offload(frozen, Table(x[:, :1], None), {})


def test_events_without_labels_have_no_score(qml):
    done = qml.offload("--backend", "shots", data="bare.npz")
    assert done.exit_code == 0
    assert "RMSE" in done.output
    assert "AUC" not in done.output
    assert "nan" not in done.output


@pytest.mark.parametrize("name", ["shot", "fake:nowhere", "exact:1", "ibm"])
def test_unknown_backends_are_refused(name):
    with pytest.raises(ValueError, match=r"Unknown backend|Unknown fake device"):
        named_backend(name, shots=1, seed=0)
