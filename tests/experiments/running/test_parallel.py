"""Several processes on one folder: each cell once, whoever is killed whenever."""

import os
import subprocess
import sys
import textwrap
import time
from collections import Counter

import numpy as np
import pytest

from experiments.records import read_arrays, read_records
from experiments.run import run
from experiments.running import claims as claims_module
from experiments.running.claims import Claims
from experiments.running.machine import available_memory, fitting_workers, usable_cores

# Cells that only sleep, for a loop with everything else real. They watch for each other.
SLEEPERS = """
import os, random, signal, sys, time
from functools import partial
from pathlib import Path
import numpy as np
from experiments.records import Record, Tail
from experiments.running.claims import _started
from experiments.running.loop import Here, Loop, Outcome
from experiments.specs import Cell, Row

def cells(count):
    # Every four cells share a training.
    return [Cell(Row("r", "m"), i, f"{i:032x}" * 2, f"t{i // 4}") for i in range(count)]

def note(file, text):
    with open(file, "ab", buffering=0) as stream:
        stream.write(text.encode() + b"\\n")

def work(folder, seconds, cell, stage):
    folder, mark = Path(folder), Path(folder) / f"busy-{cell.digest}"
    if mark.exists() and _started(int(mark.read_text() or 0)):
        note(folder / "overlaps", cell.digest)
    mark.write_text(str(os.getpid()))
    stage("sleep", 0, 2)
    time.sleep(seconds * random.random())
    trained = folder / f"trained-{cell.training}"
    if not trained.exists():
        time.sleep(seconds * random.random())
        trained.write_text("done")
        note(folder / "trainings", cell.training)
    mark.unlink()
    values = np.random.default_rng(cell.seed).random(100)
    made = Record(cell.digest, "s", "r", cell.seed, "ok", {"auc": values.mean()}, {}, {}, {}, "")
    return Outcome(made, {"scores": values})

def lost(cell, cause):
    failed = Record(cell.digest, "s", "r", cell.seed, "failed", {}, {}, {}, {}, "", cause)
    return Outcome(failed, {})

def training(folder, cell):
    return None if (folder / f"trained-{cell.training}").exists() else cell.training

def loop(count, folder, executor, **options):
    rule = partial(training, folder)
    return Loop(cells(count), Tail(folder), executor, training=rule, **options).run()
"""

KILLER = """
def child(folder):
    pid = os.fork()
    if not pid:
        random.seed(os.getpid())
        loop(COUNT, folder, Here(partial(work, folder, SECONDS), lambda *told: None))
        os._exit(0)
    return pid

COUNT, SECONDS, KILLS = 320, 0.04, 100
folder = Path(sys.argv[1])
random.seed(7)
living, kills = [child(folder), child(folder)], 0
while living and kills < KILLS:
    time.sleep(0.06 * random.random())
    victim = living.pop(random.randrange(len(living)))
    os.kill(victim, signal.SIGKILL)
    kills += os.WIFSIGNALED(os.waitpid(victim, 0)[1])
    living.append(child(folder))
while living:
    os.waitpid(living.pop(), 0)
print(kills, len(Tail(folder).latest))
"""


@pytest.fixture
def script(tmp_path):
    """Writes a program of sleeping cells and runs it."""

    def run_script(text, *arguments):
        file = tmp_path / "program.py"
        file.write_text(SLEEPERS + textwrap.dedent(text))
        command = [sys.executable, "-W", "error", str(file), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run_script


def check_cells(folder, count):
    """Every cell is there once, was done by one process at a time, and is what it has to be."""
    read = read_records(folder)
    assert Counter(record.seed for record in read.records) == dict.fromkeys(range(count), 1)
    for record in read.records:
        scores = np.random.default_rng(record.seed).random(100)
        assert (record.status, record.metrics) == ("ok", {"auc": scores.mean()})
        np.testing.assert_array_equal(read_arrays(folder, record.digest)["scores"], scores)
    trainings = (folder / "trainings").read_text().split()
    assert len(trainings) == len(set(trainings)) <= -(-count // 4)
    assert not (folder / "overlaps").exists()
    assert list((folder / "claims").glob("[!.]*")) == []


def test_a_hundred_kills_lose_nothing_and_do_nothing_twice(script, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    done = script(KILLER, folder)
    assert (done.stdout, done.stderr) == ("100 320\n", "")
    check_cells(folder, 320)


POOL = """
from experiments.running.workers import Pool

class Killing:
    # A display that kills a worker at some of the stages it is told of; no cell twice.
    told, hit = 0, set()
    def stage(self, label, done, total):
        self.told += 1
        victims = [m for m, cell in pool.busy.items() if cell.digest not in self.hit]
        if self.told % 12 == 0 and victims:
            self.hit.add(pool.busy[victims[0]].digest)
            os.kill(victims[0].process.pid, signal.SIGKILL)
    def finished(self, record, done, total):
        pass

if __name__ == "__main__":
    folder, show = Path(sys.argv[1]), Killing()
    folder.mkdir()
    pool = Pool(partial(work, folder, 0.02), 2, show.stage, lost)
    loop(60, folder, pool, display=show)
    pool.close()
    print(len(show.hit) > 3, {record.status for record in Tail(folder).latest.values()})
"""


def test_workers_that_are_killed_are_replaced(script, tmp_path):
    done = script(POOL, tmp_path / "run")
    assert (done.stdout, done.stderr) == ("True {'ok'}\n", "")
    check_cells(tmp_path / "run", 60)


SUICIDE = """
from experiments.running.workers import Pool

def poison(folder, cell, stage):
    if cell.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if cell.seed == 5 and folder is None:
        raise ValueError("other data")
    return work(folder, 0, cell, stage) if folder else lost(cell, "")

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir()
    pool = Pool(partial(poison, folder), 2, lambda *told: None, lost)
    print(loop(4, folder, pool)[1].error)
    pool.close()
    pool = Pool(partial(poison, None), 2, lambda *told: None, lost)
    try:
        loop(8, folder, pool)
    except ValueError as error:
        print(error)
    pool.close()
"""


def test_a_cell_that_kills_its_worker_fails_and_bad_data_end_the_run(script, tmp_path):
    done = script(SUICIDE, tmp_path / "run")
    killed = "The worker of this cell was killed by signal 9, 2 times; was there enough memory?"
    assert (done.stdout, done.stderr) == (f"{killed}\nother data\n", "")


def test_a_script_without_a_main_guard_is_told_so(script, tmp_path):
    text = POOL.replace('if __name__ == "__main__":', "if True:").replace(
        "    folder.mkdir()\n", ""
    )
    done = script(text, tmp_path)
    assert "must do so under `if __name__" in done.stderr.splitlines()[-1]


ORPHANS = """
from experiments.running.workers import Pool

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    folder = Path(sys.argv[1])
    folder.mkdir()
    def stage(*told):
        print(*[member.process.pid for member in pool.busy], flush=True)
        os.kill(os.getpid(), signal.SIGKILL if sys.argv[2] == "kill" else signal.SIGINT)
    pool = Pool(partial(work, folder, 60), 1, stage, lost)
    try:
        loop(4, folder, pool)
    except KeyboardInterrupt:
        pool.close()
        print("interrupted", os.listdir(folder / "claims"))
"""


@pytest.mark.parametrize("how", ["kill", "interrupt"])
def test_workers_end_with_their_parent(script, tmp_path, how):
    done = script(ORPHANS, tmp_path / "run", how)
    first, *rest = done.stdout.splitlines()
    assert rest == ([] if how == "kill" else ["interrupted []"])
    assert "Traceback" not in done.stderr
    for _ in range(200):
        if not claims_module._started(int(first)):
            break
        time.sleep(0.05)
    assert not claims_module._started(int(first))


@pytest.fixture
def some(finished):
    """Digests of cells that share a training or have none."""
    records = read_records(finished[1]).records
    return [record.digest for record in records if record.row in ("sum", "exact", "shots")]


def check_same(finished, folder, digests):
    """The cells in a folder are those of the undisturbed run, to the bit."""
    spec, undisturbed = finished
    assert sorted(record.digest for record in read_records(folder).records) == sorted(digests)
    for digest in digests:
        arrays, others = (read_arrays(place, digest) for place in (undisturbed, folder))
        assert set(arrays) == set(others)
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, others[name])
    assert len(list((folder / "checkpoints").glob("*.training.json"))) == len(spec.seeds)


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
    # Kills a worker when the first cell is done.
    def stage(self, *told):
        pass
    def finished(self, record, done, total):
        if done == 1:
            pid = next(iter(cluster.workers.values())).pid
            os.kill(pid, signal.SIGKILL)
            print("killed", pid > 1)

if __name__ == "__main__":
    spec, folder, *only = sys.argv[1:]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
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


def test_workers_are_as_many_as_fit():
    assert fitting_workers(4, memory=10**15) == 4
    assert fitting_workers(0, memory=10**15) == usable_cores()
    assert fitting_workers(10**6) < 10**6
    assert 0 < available_memory() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for wanted in (-1, 1.5, True):
        with pytest.raises(ValueError, match="`workers` must be an int >= 0"):
            fitting_workers(wanted)


class TestClaims:
    """Claims of the living exclude, claims of the dead are taken over by one."""

    @pytest.fixture
    def far(self, tmp_path, monkeypatch):
        """Claims as another machine holds them."""
        with monkeypatch.context() as patch:
            patch.setattr(claims_module, "_here", lambda: ("far", "away"))
            return Claims(tmp_path)

    def test_a_name_has_one_owner_until_it_is_released(self, tmp_path):
        one, two = Claims(tmp_path), Claims(tmp_path)
        assert (one.take("a"), two.take("a"), two.take("b")) == (True, False, True)
        one.release("a")
        assert two.take("a")
        one.release("a")  # of no effect: it is not ours
        assert two.holds("a")

    def test_leaving_the_context_releases(self, tmp_path):
        with Claims(tmp_path) as claims:
            assert claims.take("a")
        assert list(tmp_path.iterdir()) == []

    def test_a_claim_of_a_dead_process_is_taken_at_once(self, tmp_path):
        code = "import sys; from pathlib import Path; from experiments.running.claims import Claims"
        code += "; assert Claims(Path(sys.argv[1])).take('a')"
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
        assert Claims(tmp_path).take("a")

    def test_a_claim_of_another_process_with_the_same_number_is_dead(self, tmp_path):
        before = Claims(tmp_path)
        parts = before.me.split("~")
        before.me = "~".join([*parts[:3], "12", parts[4]])
        assert before.take("a")
        assert Claims(tmp_path).take("a")

    def test_a_far_claim_is_dead_when_its_heart_stood_still_for_a_lease(self, tmp_path, far):
        near = Claims(tmp_path, lease=0.05)
        assert far.take("a")
        assert not near.take("a")
        os.utime(tmp_path / "a" / far.me, (1e9, 1e9))  # a beat, by a clock that is decades late
        assert not near.take("a")
        time.sleep(0.06)
        assert near.take("a")
        assert (far.holds("a"), near.holds("a")) == (False, True)

    def test_a_far_heart_that_beats_keeps_its_claim(self, tmp_path, monkeypatch):
        near = Claims(tmp_path, lease=0.3)
        monkeypatch.setattr(claims_module, "_here", lambda: ("far", "away"))
        with Claims(tmp_path, lease=0.3) as far:
            assert far.take("a")
            monkeypatch.undo()
            start = time.monotonic()
            while time.monotonic() - start < 0.7:
                assert not near.take("a")
                time.sleep(0.02)

    def test_of_many_who_take_over_one_succeeds(self, tmp_path, far):
        assert far.take("a")
        many = [Claims(tmp_path, lease=0.2) for _ in range(10)]
        assert not any(claims.take("a") for claims in many)  # all have seen it now
        owners = [claims.owner("a") for claims in many]
        time.sleep(0.21)
        taken = [c._take_over("a", o) for c, o in zip(many, owners, strict=True)]
        assert sum(taken) == 1

    def test_a_machine_that_slept_past_its_lease_does_not_record(self, script, tmp_path):
        text = """
            folder = Path(sys.argv[1])
            def sleeper(cell, stage):
                outcome = work(folder, 0, cell, stage)
                if not (folder / "slept").exists():
                    (folder / "slept").touch()
                    (owner,) = (folder / "claims" / cell.digest[:32]).iterdir()
                    owner.rename(owner.with_name("far~away~1~2~3"))
                    note(folder / "trace", "taken")
                    made = outcome.record._replace(error="by the other")
                    from experiments.records import append_record
                    append_record(folder, made, {})
                return outcome
            loop(1, folder, Here(sleeper, lambda *told: None))
            print([r.error for r in Tail(folder).opened.records])
        """
        (tmp_path / "run").mkdir()
        assert script(text, tmp_path / "run").stdout == "['by the other']\n"
