"""Array jobs: read back by the tools that will read them, and run as the batch system would."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.records import read_records
from experiments.run import missing_cells
from experiments.running.emit import SYSTEMS, Job, emit

CELLS = [f"{i:064x}" for i in range(7)]
TEXT = 'name = "small"\n  seeds = [0]\n\n[data]\nname = "toy { } $HOME"\n'


@pytest.fixture
def job(tmp_path):
    """A job with everything that needs quoting; the program prints what it was given."""
    overrides = ('title="two words $HOME"',)
    return Job("Small_run", "s p.toml", tmp_path / "o ut", TEXT, overrides, image="site/qml:1")


def ran(script, variable, index, *arguments):
    """What the script prints as job `index`, with `qml` replaced by echo."""
    command = f"qml() {{ printf '%s|' \"$@\"; echo; }}; set -- {index}; source {script}"
    done = subprocess.run(
        ["bash", "-c", command], env={variable: str(index), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("system", "file", "variable"),
    [("slurm", "small-run.slurm", "SLURM_ARRAY_TASK_ID"), ("htcondor", "small-run.sh", "UNUSED")],
)
@pytest.mark.parametrize("most", [1000, 3])
def test_the_jobs_of_an_array_do_each_cell_once(
    job, tmp_path, monkeypatch, system, file, variable, most
):
    monkeypatch.setattr("experiments.running.emit.MOST_JOBS", most)
    emit(system, CELLS, job, tmp_path)
    subprocess.run(["bash", "-n", tmp_path / file], check=True)
    lines = [line for i in range(min(most, 7)) for line in ran(tmp_path / file, variable, i)]
    start = f'run|s p.toml|--out|{tmp_path}/o ut|--set|title="two words $HOME"|--cell|'
    assert sorted(lines) == [f"{start}{cell}|" for cell in CELLS]
    assert (tmp_path / file).stat().st_mode & 0o100


def test_slurm_is_told_what_a_job_needs(job, tmp_path):
    first = emit("slurm", CELLS, job._replace(cpus=2, memory_gib=8, at_once=5), tmp_path)[0]
    told = [line for line in first.read_text().splitlines() if line.startswith("#SBATCH")]
    for option in ("--array=0-6%5", "--cpus-per-task=2", "--mem=8G", "--time=4:00:00"):
        assert f"#SBATCH {option}" in told


def test_htcondor_reads_its_description(job, tmp_path):
    first = emit("htcondor", CELLS, job, tmp_path)[0]
    lines = [line for line in first.read_text().splitlines() if not line.startswith("#")]
    settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
    assert settings["executable"] == f"{tmp_path}/small-run.sh"
    assert settings["request_cpus"] == "1"
    assert lines[-1] == "queue 7"


def test_kubernetes_reads_its_manifest(job, tmp_path):
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    first = emit("kubernetes", CELLS, job, tmp_path / "jobs")[0]
    config, made = yaml.safe_load_all(first.read_text())
    assert config["data"] == {"cells.txt": "\n".join(CELLS) + "\n", "spec.toml": TEXT}
    assert (made["spec"]["completionMode"], made["spec"]["completions"]) == ("Indexed", 7)
    pod = made["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "site/qml:1"
    assert {m["mountPath"] for m in container["volumeMounts"]} == {"/qml", str(tmp_path)}
    script = tmp_path / "script"
    script.write_text(container["args"][0].replace("/qml/cells.txt", str(tmp_path / "cells.txt")))
    shutil.copy(tmp_path / "jobs" / "cells.txt", tmp_path)
    (line,) = ran(script, "JOB_COMPLETION_INDEX", 6)
    assert line.startswith("run|/qml/spec.toml|--out|")
    assert line.endswith(f"|{CELLS[6]}|")


def test_a_failing_cell_fails_its_job_after_the_others(job, tmp_path):
    emit("slurm", CELLS[:1], job._replace(program="false"), tmp_path)
    done = subprocess.run(
        ["bash", tmp_path / "small-run.slurm"], env={"SLURM_ARRAY_TASK_ID": "0"}, check=False
    )
    assert done.returncode == 1


def test_jobs_run_from_any_folder(small_toml, small_spec, tmp_path, monkeypatch):
    monkeypatch.chdir(small_toml.parent)
    digests = missing_cells(small_spec, tmp_path / "run")[2:4]
    job = Job("small", small_toml.name, Path(os.path.relpath(tmp_path / "run")))
    job = job._replace(program=f"{shlex.quote(sys.executable)} -m experiments")
    script = emit("slurm", digests, job, tmp_path)[0]
    environment = os.environ | {"SLURM_ARRAY_TASK_ID": "1"}
    subprocess.run(["bash", script], env=environment, cwd="/", check=True)
    (record,) = read_records(tmp_path / "run").records
    assert (record.digest, record.row, record.status) == (digests[1], "sum", "ok")


@pytest.mark.parametrize(
    ("system", "cells", "changes", "message"),
    [
        ("pbs", CELLS, {}, r"`system` must be one of \('slurm', 'htcondor', 'kubernetes'\)"),
        ("slurm", [], {}, "has a record already; nothing to emit"),
        ("slurm", CELLS, {"cpus": 0}, "`cpus` must be a positive int: 0"),
        ("kubernetes", CELLS, {"image": ""}, "`image` must name a container image"),
        ("kubernetes", CELLS * 3000, {}, "21000 cells do not fit into one ConfigMap"),
    ],
)
def test_bad_input_is_one_sentence(job, tmp_path, system, cells, changes, message):
    with pytest.raises(ValueError, match=message):
        emit(system, cells, job._replace(**changes), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert system in (*SYSTEMS, "pbs")
