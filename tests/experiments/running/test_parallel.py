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
from experiments.running.claims import _started
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

def lives(process):
    number, _, started = process.partition(" ")  # empty where a kill came before the writing
    return started != "" and _started(int(number)) == started

def work(folder, seconds, cell, stage):
    folder, mark = Path(folder), Path(folder) / f"busy-{cell.digest}"
    if mark.exists() and lives(mark.read_text()):
        note(folder / "overlaps", cell.digest)
    mark.write_text(f"{os.getpid()} {_started(os.getpid())}")
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
import threading
from experiments.running.workers import Pool

def struck(folder, cell, stage):
    # Every twelfth cell is struck once, at any moment of it or when it is done and not yet told.
    before = folder / f"struck-{cell.digest}"
    if cell.seed % 12 or before.exists():
        return work(folder, 0.02, cell, stage)
    before.touch()
    blow = threading.Timer(0.03 * random.random(), os.kill, (os.getpid(), signal.SIGKILL))
    blow.start()
    work(folder, 0.02, cell, stage)
    blow.join()

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir()
    pool = Pool(partial(struck, folder), 2, lambda *told: None, lost)
    loop(48, folder, pool)
    pool.close()
    blows = len(list(folder.glob("struck-*")))
    print(blows, {record.status for record in Tail(folder).latest.values()})
"""


def test_workers_that_are_killed_are_replaced(script, tmp_path):
    done = script(POOL, tmp_path / "run")
    assert (done.stdout, done.stderr) == ("4 {'ok'}\n", "")
    check_cells(tmp_path / "run", 48)


SUICIDE = """
from experiments.running.workers import Pool

def poison(folder, cell, stage):
    if cell.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if cell.seed == 6:
        raise ValueError("other data")
    return work(folder, 0, cell, stage)

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir()
    pool = Pool(partial(poison, folder), 1, lambda *told: None, lost)
    print(loop(4, folder, pool)[1].error)
    (member,) = pool.idle
    member.process.kill()
    member.process.join()  # it is dead when the next cell comes
    try:
        loop(8, folder, pool)
    except ValueError as error:
        print(error)
    pool.close()
    print(*[record.status for record in Tail(folder).latest.values()])
"""


def test_a_cell_that_kills_its_worker_fails_and_bad_data_end_the_run(script, tmp_path):
    done = script(SUICIDE, tmp_path / "run")
    killed = "The worker of this cell was killed by signal 9, 2 times; was there enough memory?"
    states = "ok failed ok ok ok ok"
    assert (done.stdout, done.stderr) == (f"{killed}\nother data\n{states}\n", "")


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
        (member,) = pool.busy
        print(member.process.pid, _started(member.process.pid), flush=True)
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
    number, started = first.split()
    limit = time.monotonic() + 60
    while _started(int(number)) == started and time.monotonic() < limit:
        time.sleep(0.01)
    assert _started(int(number)) != started


def test_workers_are_as_many_as_fit():
    assert fitting_workers(4, memory=10**15) == 4
    assert fitting_workers(0, memory=10**15) == usable_cores()
    assert fitting_workers(10**6) < 10**6
    assert 0 < available_memory() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for wanted in (-1, 1.5, True):
        with pytest.raises(ValueError, match="`workers` must be an int >= 0"):
            fitting_workers(wanted)


def test_what_was_read_from_files_is_memory_that_can_be_had(tmp_path):
    told = {"max": "3000000", "current": "2900000", "stat": "anon 5\ninactive_file 1000000\n"}
    for name, text in told.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert available_memory(tmp_path) == 1_100_000
    (tmp_path / "memory.stat").unlink()
    assert available_memory(tmp_path) == 100_000
    (tmp_path / "memory.max").write_text("max")
    assert available_memory(tmp_path) > 1_100_000


def test_a_machine_that_slept_past_its_lease_does_not_record(script, tmp_path):
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
