"""Whoever computes the cells, processes of this machine or a cluster, the results are the same."""

import subprocess
import sys

import numpy as np
import pytest

from experiments.records import read_arrays, read_records
from experiments.run import run


@pytest.fixture
def some(finished):
    """Digests of cells without a training and of two that share one."""
    records = read_records(finished[1]).records
    rows = {0: ("sum", "exact", "shots"), 1: ("sum",)}
    return [record.digest for record in records if record.row in rows[record.seed]]


def check_same(finished, folder, digests):
    """The cells in a folder are those of the undisturbed run, to the bit."""
    undisturbed = finished[1]
    assert sorted(record.digest for record in read_records(folder).records) == sorted(digests)
    for digest in digests:
        arrays, others = (read_arrays(place, digest) for place in (undisturbed, folder))
        assert set(arrays) == set(others)
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, others[name])
    assert len(list((folder / "checkpoints").glob("*.training.json"))) == 1


def test_workers_give_the_same_as_one_process(finished, some, tmp_path):
    run(finished[0], tmp_path, only=some, workers=2)
    check_same(finished, tmp_path, some)


DASK = """
import os, signal, sys
from pathlib import Path
from distributed import LocalCluster
from experiments.run import run
from experiments.specs import load_spec

class Killing:
    # Kills the worker when the first cell is done; its nanny starts another.
    def stage(self, *told):
        pass
    def finished(self, record, done, total):
        if done == 1:
            (pid,) = [worker.pid for worker in cluster.workers.values()]
            os.kill(pid, signal.SIGKILL)
            print("killed", pid > 1)

if __name__ == "__main__":
    spec, folder, *only = sys.argv[1:]
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        run(load_spec(spec), Path(folder), only=only, dask=address, display=Killing())
"""


def test_dask_gives_the_same_though_a_worker_is_killed(finished, some, small_toml, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed")
    (tmp_path / "program.py").write_text(DASK)
    command = [sys.executable, str(tmp_path / "program.py"), str(small_toml), str(tmp_path / "run")]
    done = subprocess.run([*command, *some], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("killed True\n", 0), done.stderr
    check_same(finished, tmp_path / "run", some)


def test_a_cluster_that_does_not_answer(small_spec, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("experiments.running.on_dask.SECONDS_TO_CONNECT", 0.3)
    with pytest.raises(OSError, match=r"No Dask scheduler answers at 'tcp://127.0.0.1:9' \("):
        run(small_spec, tmp_path, dask="tcp://127.0.0.1:9")


def test_missing_dask_is_one_sentence(small_spec, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install qml-offload\[dask\]"):
        run(small_spec, tmp_path, dask="tcp://127.0.0.1:9")
