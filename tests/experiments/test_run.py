"""Runs: resuming, sharing, failing, and being killed."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.records import read_arrays, read_records
from experiments.reporting.tables import make_table
from experiments.run import choose_events, missing_cells, run
from experiments.scoring import METRICS
from experiments.specs import load_spec
from experiments.trainers import classical
from qml.data import load_dataset


def test_every_cell_has_a_record_with_its_provenance(finished):
    spec, folder = finished
    records = read_records(folder).records
    assert len(records) == len(spec.rows) * len(spec.seeds)
    for record in records:
        assert record.provenance["versions"]["jax"]
        assert record.provenance["precision"] == "single"
        assert 0 <= record.metrics["auc"] <= 1
        assert record.cost["seconds"]
        arrays = read_arrays(folder, record.digest)
        assert len(arrays["scores"]) == len(arrays["labels"]) == record.cost["events"]


def test_a_second_run_does_nothing_and_gives_the_same(finished, monkeypatch):
    spec, folder = finished
    before = (folder / "records.jsonl").read_bytes()
    monkeypatch.setattr(
        "experiments.running.cell._result", lambda *a: pytest.fail("a cell ran twice")
    )
    again = run(spec, folder)
    assert (folder / "records.jsonl").read_bytes() == before
    assert len(again) == 12


def test_backends_predict_from_one_checkpoint(finished):
    spec, folder = finished
    by_row = {(r.row, r.seed): r for r in read_records(folder).records}
    for seed in spec.seeds:
        assert by_row["exact", seed].info["checkpoint"] == by_row["shots", seed].info["checkpoint"]
    assert len(list((folder / "checkpoints").glob("*.safetensors"))) == len(spec.seeds)


def test_two_runs_of_one_spec_agree_to_the_bit(finished, tmp_path):
    spec, folder = finished
    run(replace(spec, seeds=(1,)), tmp_path)
    for record in read_records(tmp_path).records:
        for name, array in read_arrays(folder, record.digest).items():
            np.testing.assert_array_equal(array, read_arrays(tmp_path, record.digest)[name])


def test_test_events_are_the_same_for_every_seed_and_never_trained_on(small_spec):
    data = load_dataset("toy_linear")
    first, second = (choose_events(small_spec, data, seed, 0) for seed in (0, 1))
    np.testing.assert_array_equal(first.test, second.test)
    assert not np.array_equal(first.x, second.x)
    assert not set(first.test) & set(data.train)


def test_a_failing_cell_is_a_record_and_the_others_go_on(small_spec, tmp_path, monkeypatch):
    spec = replace(small_spec, seeds=(0,), rows=small_spec.rows[:2])
    with monkeypatch.context() as patch:
        patch.setattr(classical, "_sklearn", lambda *a: (_ for _ in ()).throw(RuntimeError("boom")))
        failed, fine = run(spec, tmp_path)
    assert (failed.status, failed.error, fine.status) == ("failed", "RuntimeError: boom", "ok")
    text = (tmp_path / "failures" / failed.info["traceback"]).read_text()
    assert "Traceback" in text
    assert run(spec, tmp_path)[0].status == "failed"
    assert run(spec, tmp_path, retry_failed=True)[0].status == "ok"


def test_a_changed_checkpoint_is_refused_before_anything_runs(small_spec, tmp_path):
    row = replace(small_spec.rows[2])
    spec = replace(small_spec, seeds=(0,), rows=(row,))
    run(spec, tmp_path)
    (tmp_path / "records.jsonl").unlink()
    file = next((tmp_path / "checkpoints").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="was changed or cut"):
        run(spec, tmp_path)
    assert not (tmp_path / "records.jsonl").exists()


def test_more_events_than_there_are(small_toml, tmp_path):
    spec = load_spec(str(small_toml), ["data.train_events=100000"])
    with pytest.raises(ValueError, match="`train_events` is 100000, but data set 'toy_linear' has"):
        run(spec, tmp_path)


def scores_of(spec, folder):
    """All that a table says of the scores, to the last bit."""
    return [
        (line.auc, line.accuracy, line.spread, line.versus)
        for line in make_table(spec, folder, resamples=20).lines
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from experiments.run import Silent, run
from experiments.specs import load_spec

class Killing(Silent):
    # The end comes while the first circuit is trained.
    def stage(self, label, done, total):
        if label == "train circuit (seed 0)" and done:
            os.kill(os.getpid(), signal.SIGKILL)

run(load_spec(sys.argv[1]), Path(sys.argv[2]), display=Killing())
"""


def test_a_killed_run_goes_on_where_it_stopped(small_toml, finished, tmp_path):
    """Kill -9 in the middle of a cell; run again; compare with an undisturbed run."""
    command = [sys.executable, "-c", KILLED, str(small_toml), str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    kept = read_records(tmp_path).records
    assert [record.row for record in kept] == ["logistic", "logistic", "sum", "sum"]
    assert len(list((tmp_path / "claims").iterdir())) == 2  # of the cell and of its training
    run(finished[0], tmp_path)
    records = read_records(tmp_path).records
    assert len({r.digest for r in records}) == len(records) == 12
    assert records[: len(kept)] == kept
    assert list((tmp_path / "claims").iterdir()) == []
    assert scores_of(finished[0], tmp_path) == scores_of(*finished)
    for record in records:
        for name, array in read_arrays(finished[1], record.digest).items():
            np.testing.assert_array_equal(array, read_arrays(tmp_path, record.digest)[name])


def test_only_the_cells_that_are_named(small_spec, tmp_path):
    digests = missing_cells(small_spec, tmp_path)
    assert len(digests) == 12
    (record,) = run(small_spec, tmp_path, only=[digests[2][:12]])
    assert (record.row, record.seed) == ("sum", 0)
    assert missing_cells(small_spec, tmp_path) == [*digests[:2], *digests[3:]]


@pytest.mark.parametrize("name", ["", "0123", "xyz"])
def test_a_cell_that_is_not_there(small_spec, tmp_path, name):
    with pytest.raises(ValueError, match=f"Cell '{name}' names 0 cells of this spec"):
        run(small_spec, tmp_path, only=[name])


def test_rows_with_one_digest_share_one_record(small_spec, tmp_path):
    row = small_spec.rows[1]
    spec = replace(small_spec, seeds=(0,), rows=(row, replace(row, id="again", role=None)))
    first, second = run(spec, tmp_path)
    assert first == second
    assert len(read_records(tmp_path).records) == 1


def test_data_that_changed_since_are_refused(small_spec, tmp_path, monkeypatch):
    spec = replace(small_spec, seeds=(0,), rows=small_spec.rows[1:2])
    (before,) = run(spec, tmp_path)
    data = load_dataset("toy_linear")
    assert before.checksum == data.sha256
    monkeypatch.setattr("experiments.run.load_dataset", lambda name: data._replace(sha256="new"))
    with pytest.raises(ValueError, match=f"checksum {data.sha256}, but the data now have new"):
        run(spec, tmp_path)


def test_a_folder_that_cannot_be_written(small_spec, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot be written \(Not a directory\)"):
        run(small_spec, tmp_path / "file" / "run")


@pytest.mark.skipif(
    not os.path.isdir("/sys/kernel"),
    reason="needs a folder that nobody can write to, such as Linux's /sys/kernel",
)
def test_a_read_only_folder(small_spec):
    with pytest.raises(OSError, match=r"Folder /sys/kernel cannot be written \("):
        run(small_spec, Path("/sys/kernel"))


def test_a_torn_line_is_told_and_its_cell_done_again(small_spec, tmp_path, caplog):
    spec = replace(small_spec, seeds=(0,), rows=small_spec.rows[:2])
    run(spec, tmp_path)
    file = tmp_path / "records.jsonl"
    file.write_bytes(file.read_bytes()[:-30])
    run(spec, tmp_path)
    assert caplog.messages == ["1 torn line of records.jsonl was set aside; all others are kept."]
    read = read_records(tmp_path)
    assert ([r.row for r in read.records], read.torn) == (["logistic", "sum"], 1)


def test_a_metric_that_is_not_a_number_fails_its_cell(small_spec, tmp_path, monkeypatch):
    spec = replace(small_spec, seeds=(0,), rows=small_spec.rows[:1])
    monkeypatch.setitem(METRICS, "auc", lambda *a: float("nan"))
    (record,) = run(spec, tmp_path)
    assert (record.status, record.metrics) == ("failed", {})
    assert "not JSON compliant" in record.error


def test_settings_are_searched_on_training_events_and_kept(small_toml, tmp_path):
    search = "search={space={inverse_penalty=[0.001, 1.0]}, folds=2}"
    models = f'models={{l={{kind="logistic_regression", {search}}}}}'
    rows = 'rows=[{id="l", model="l", role="classical"}]'
    spec = load_spec(str(small_toml), [models, rows, "seeds=[0]"])
    (record,) = run(spec, tmp_path)
    assert record.status == "ok", record.error
    chosen = record.info["search"]
    assert chosen["settings"]["inverse_penalty"] in (0.001, 1.0)
    assert len(chosen["trials"]) == 2


def test_a_searched_circuit_keeps_what_was_tried_with_its_checkpoint(small_toml, tmp_path):
    search = "models.circuit.search={space={layers=[1, 2]}, folds=1}"
    row = '{id="NAME", model="circuit", backend="NAME"}'
    rows = f"rows=[{row.replace('NAME', 'exact')}, {row.replace('NAME', 'shots')}]"
    spec = load_spec(str(small_toml), [search, rows, "seeds=[0]"])
    first, second = run(spec, tmp_path)
    assert (first.status, second.status) == ("ok", "ok"), first.error + second.error
    assert first.info["search"] == second.info["search"]
    assert first.info["checkpoint"] == second.info["checkpoint"]
