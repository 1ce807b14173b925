"""The command line as a person meets it: help, errors, exit codes, output."""

import subprocess
import sys

import pytest

from experiments.commands.doctor import _credentials


def qml(*arguments):
    """The command in a process of its own, as a person starts it."""
    command = [sys.executable, "-m", "experiments", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def here(monkeypatch, capsys):
    """The command in this process, which has imported everything and compiled the most."""
    from experiments.cli import main

    def run(*arguments):
        command = ["qml", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(command, ended.value.code, *capsys.readouterr())

    return run


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from experiments.cli import app;"
        "r = CliRunner().invoke(app, ['--help']); assert r.exit_code == 0, r.output;"
        "assert 'demo' in r.output and 'doctor' in r.output;"
        "heavy = {'jax', 'numpy', 'pennylane', 'qiskit', 'dimod', 'sklearn', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nothing"], "No spec 'nothing'"),
        (["run", "SPEC", "--set", "sedes=[1]"], "unknown key 'sedes'"),
        (["run", "SPEC", "--set", "backends.shots.shots=0"], "`shots` must be a positive int"),
        (["run", "SPEC", "--set", 'data.name="nothing"'], "must be one of diphoton"),
        (["table", "SPEC"], "has no finished cell"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(here, small_toml, tmp_path, arguments, message):
    arguments = [small_toml if a == "SPEC" else a for a in arguments]
    done = here(*arguments, "--out", tmp_path / "run")
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")


def test_table_and_report_come_from_stored_predictions(here, finished, small_toml):
    _, folder = finished
    table = qml("table", small_toml, "--out", folder, "--format", "markdown")
    assert table.returncode == 0, table.stderr
    assert table.stdout.count("\n| ") == 1 + 6
    assert "| circuit, exact | classical | circuit: exact | 100 |" in table.stdout
    report = here("report", small_toml, "--out", folder)
    assert report.returncode == 0, report.stderr
    assert (folder / "report.html").exists()


def test_a_failed_cell_gives_exit_code_1_and_names_its_traceback(here, small_toml, tmp_path):
    rows = """rows=[
        {id="logistic", model="logistic", role="classical"},
        {id="sum", model="sum", role="trivial"},
        {id="best", model="ensemble", sampler="exhaustive"},
    ]"""
    spoiled = ["samplers.exhaustive.max_variables=1", "seeds=[0]", rows]
    options = [word for text in spoiled for word in ("--set", text)]
    done = here("run", small_toml, "--out", tmp_path, *options)
    assert done.returncode == 1, done.stderr
    assert "failed   best, seed 0: ValueError: " in done.stderr
    assert "logistic" in done.stdout


CTRL_C = """
import os, signal
from experiments import cli
from experiments.running import loop

# A background job of a shell ignores Ctrl-C and so would its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
append, appended = loop.append_record, []

def then_ctrl_c(*arguments):
    append(*arguments)
    appended.append(arguments)
    if len(appended) == 2:
        os.kill(os.getpid(), signal.SIGINT)

loop.append_record = then_ctrl_c
cli.main()
"""


def test_ctrl_c_keeps_what_is_finished_and_says_so(here, small_toml, tmp_path):
    command = [sys.executable, "-c", CTRL_C, "run", str(small_toml), "--out", str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 130, process.stderr
    assert "Interrupted; finished cells are kept, the same command goes on." in process.stderr
    assert "Traceback" not in process.stderr
    lines = tmp_path / "records.jsonl"
    assert lines.read_bytes().count(b"\n") == 2
    kept = lines.read_bytes()
    done = here("run", small_toml, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert lines.read_bytes().startswith(kept)
    assert lines.read_bytes().count(b"\n") == 12


def test_a_run_that_its_budget_stops_ends_like_ctrl_c(here, small_toml, tmp_path):
    row = 'rows=[{id="sum", model="sum"}]'
    options = ["--out", tmp_path, "--set", row, "--set", "budget.cells=1", "--no-baselines"]
    done = here("run", small_toml, *options)
    assert done.returncode == 130, done.stderr
    assert done.stderr.endswith("the same command with a larger budget goes on.\n")
    assert "error" not in done.stderr
    assert (tmp_path / "records.jsonl").read_bytes().count(b"\n") == 1


def test_folds_are_named_while_they_are_run(here, small_toml, tmp_path):
    rows = 'rows=[{id="sum", model="sum"}]'
    folds = ['data.split="kfold"', "data.folds=2", "data.test_events=0", "seeds=[4]", rows]
    options = [word for text in folds for word in ("--set", text)]
    done = here("run", small_toml, "--out", tmp_path, *options, "--no-baselines")
    assert done.returncode == 0, done.stderr
    assert "[  2/2] sum, seed 4, fold 1: AUC 0." in done.stderr


def test_doctor_names_versions_and_never_a_secret(here, tmp_path, monkeypatch):
    monkeypatch.setenv("DWAVE_API_TOKEN", "very-secret")
    monkeypatch.chdir(tmp_path)
    done = here("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("jax device", "pennylane", "credentials: D-Wave Leap", "qml-offload[cuda]"):
        assert word in done.stdout
    assert "very-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "found"), [("{}", False), ('{"default": {}}', True), ("{", False)]
)
def test_a_file_without_an_account_is_no_credential(tmp_path, monkeypatch, text, found):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    (tmp_path / ".qiskit").mkdir()
    (tmp_path / ".qiskit" / "qiskit-ibm.json").write_text(text)
    told = next(line.found for line in _credentials() if "IBM" in line.what)
    assert (told == "configured") is found


def invoke(*arguments):
    """A command in this process."""
    from typer.testing import CliRunner

    from experiments.cli import app

    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_bundle_goes_round_by_command(finished, small_toml, tmp_path):
    _, folder = finished
    packed = invoke("pack", small_toml, "--out", folder, "--to", tmp_path / "b.zip")
    assert packed.exit_code == 0, packed.output
    assert "SHA-256" in packed.output
    verified = invoke("verify", tmp_path / "b.zip")
    assert (verified.exit_code, "all hold" in verified.output) == (0, True), verified.output
    unpacked = invoke("unpack", tmp_path / "b.zip", tmp_path / "again")
    assert unpacked.exit_code == 0, unpacked.output
    assert (tmp_path / "again" / "records.jsonl").exists()
    compared = invoke("compare", folder, tmp_path / "again")
    assert compared.exit_code == 0, compared.output


def test_a_spec_of_several_data_sets_gives_a_bundle_each(small_toml, tmp_path):
    rows = """rows=[
        {id="trees", model="trees", role="classical", grid={data=["toy_linear", "toy_rings"]}},
        {id="sum", model="sum", role="trivial", grid={data=["toy_linear", "toy_rings"]}},
    ]"""
    options = ["--out", tmp_path, "--set", rows]
    assert invoke("run", small_toml, *options).exit_code == 0
    pages = [(tmp_path / f"report-{name}.html") for name in ("toy_linear", "toy_rings")]
    assert all("of other settings or other data" not in page.read_text() for page in pages)
    packed = invoke("pack", small_toml, *options, "--to", tmp_path / "b.zip")
    assert packed.exit_code == 0, packed.output
    for name in ("toy_linear", "toy_rings"):
        verified = invoke("verify", tmp_path / f"b-{name}.zip", "--with-data")
        assert (verified.exit_code, "4 records" in verified.output) == (0, True), verified.output
    assert not (tmp_path / "b.zip").exists()


def test_checks_by_command(finished, small_toml, tmp_path):
    _, folder = finished
    audited = invoke("audit", folder, "--spec", small_toml)
    assert (audited.exit_code, "0 errors" in audited.output) == (0, True), audited.output
    scores = tmp_path / "scores.csv"
    lines = [f"svc,a,{seed},0.975,0.975" for seed in range(5)]
    scores.write_text("model,dataset,seed,train_acc,test_acc\n" + "\n".join(lines) + "\n")
    assert invoke("audit", scores, "--n-test", 60).exit_code == 1
    assert "must be ROLE=NAME" in str(invoke("audit", scores, "--column", "x").exception)


def test_records_by_command(finished, small_toml, tmp_path):
    _, folder = finished
    answer = invoke("query", "SELECT count(*) AS cells FROM latest", folder)
    assert (answer.exit_code, "12" in answer.output) == (0, True), answer.output
    exported = invoke("export", folder, "--to", tmp_path / "r.parquet")
    assert (exported.exit_code, (tmp_path / "r.parquet").exists()) == (0, True)
    merged = invoke("merge", folder, "--out", tmp_path / "m")
    assert (merged.exit_code, "12 cells" in merged.output) == (0, True), merged.output
    job = invoke("emit", "slurm", small_toml, "--out", tmp_path / "new", "--to", tmp_path / "job")
    assert (job.exit_code, (tmp_path / "job" / "cells.txt").exists()) == (0, True), job.output


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html", "csv"])
def test_tables_in_every_format_hold_every_row(finished, small_toml, form):
    spec, folder = finished
    done = invoke("table", small_toml, "--out", folder, "--format", form)
    assert done.exit_code == 0, done.output
    for row in spec.rows:
        assert (row.label or row.id) in done.output


def test_rows_against_a_row_and_the_shipped_specs(finished, small_toml):
    _, folder = finished
    done = invoke("table", small_toml, "--out", folder, "--against", "trivial")
    assert (done.exit_code, "Wilcoxon" in done.output) == (0, True), done.output
    listed = invoke("list", "--field", "hep")
    assert (listed.exit_code, "qaml_curve" in listed.output) == (0, True), listed.output


def test_unequal_coverage_is_refused_on_request(here, finished, small_toml):
    _, folder = finished
    done = here("table", small_toml, "--out", folder, "--equal-coverage")
    assert done.returncode == 2, done.stdout
    assert "error: Coverage is not equal: shots (40 events, 2 seeds)" in done.stderr
    over = invoke("table", small_toml, "--out", folder, "--over", "seeds", "--format", "csv")
    assert (over.exit_code, "would_cost" in over.output) == (0, True), over.output
