"""The ledger keeps what it was given, whole, whatever happens in between."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from time import monotonic

import numpy as np
import pytest

from annealing.hardware import ledger
from annealing.hardware.ledger import (
    STATES,
    digest_of,
    find_job,
    list_jobs,
    locked,
    read_state,
    set_aside,
    show_job,
    state_of,
    write_state,
)

JOB = "ab" * 32
FACTS = {"reads": 5, "parameters": {"annealing_time": 20.0}, "solver": None}
ARRAYS = {"h": np.array([0.1, -1e300]), "spins": np.array([[1, -1]], np.int8), "one": np.float64(3)}


def test_what_is_written_is_read(tmp_path):
    path = write_state(tmp_path, JOB, "prepared", FACTS, ARRAYS)
    entry = read_state(tmp_path, JOB, "prepared")
    assert entry.facts == FACTS
    assert set(entry.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(entry.arrays[name], array)
        assert entry.arrays[name].dtype == np.asarray(array).dtype
    assert json.loads(path.read_text())["state"] == "prepared"
    with np.load(path.with_suffix(".npz")) as plain:  # anybody can read it
        assert sorted(plain) == sorted(ARRAYS)


def test_a_state_is_written_once(tmp_path):
    write_state(tmp_path, JOB, "submitted", {"id": "1"})
    with pytest.raises(FileExistsError, match=r"submitted.json is there already"):
        write_state(tmp_path, JOB, "submitted", {"id": "2"})
    assert read_state(tmp_path, JOB, "submitted").facts == {"id": "1"}


@pytest.mark.parametrize(
    ("state", "facts", "arrays", "message"),
    [
        ("sent", {}, {}, "must be one of prepared, submitted"),
        ("prepared", {"energy": float("nan")}, {}, "not JSON compliant"),
        ("prepared", {}, {"h": np.array([object()])}, "allow_pickle"),
    ],
)
def test_what_cannot_be_read_again_is_not_written(tmp_path, state, facts, arrays, message):
    with pytest.raises(ValueError, match=message):
        write_state(tmp_path, JOB, state, facts, arrays)
    assert state_of(tmp_path, JOB) is None


def test_the_last_state_counts(tmp_path):
    assert state_of(tmp_path, JOB) is None
    for state in STATES:
        write_state(tmp_path, JOB, state, {"reason": "x"})
        assert state_of(tmp_path, JOB) == state


def test_equal_requests_have_equal_digests():
    digest = digest_of(FACTS, ARRAYS)
    assert digest == digest_of(dict(reversed(FACTS.items())), dict(reversed(ARRAYS.items())))
    assert digest == digest_of(FACTS, {**ARRAYS, "h": ARRAYS["h"].astype(">f8")})
    others = [
        digest_of({**FACTS, "reads": 6}, ARRAYS),
        digest_of(FACTS, {**ARRAYS, "h": ARRAYS["h"] + 1.0}),
        digest_of(FACTS, {**ARRAYS, "spins": ARRAYS["spins"].T}),
        digest_of(FACTS, {**ARRAYS, "spins": ARRAYS["spins"].astype(np.int16)}),
        digest_of(FACTS, {name: ARRAYS[name] for name in ("h", "one")}),
    ]
    assert len({digest, *others}) == 6


@pytest.mark.parametrize("name", ["prepared.json", "prepared.npz"])
@pytest.mark.parametrize("damage", ["cut", "empty", "changed"])
def test_damage_is_named_and_left_alone(tmp_path, name, damage):
    write_state(tmp_path, JOB, "prepared", FACTS, ARRAYS)
    path = tmp_path / JOB / name
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-9], "empty": b"", "changed": b"[]" + whole[2:]}[damage])
    left = path.read_bytes()
    with pytest.raises(ValueError, match=re.escape(f"{path} is damaged")):
        read_state(tmp_path, JOB, "prepared")
    assert path.read_bytes() == left


def test_lost_arrays_are_named(tmp_path):
    write_state(tmp_path, JOB, "answered", FACTS, ARRAYS).with_suffix(".npz").unlink()
    with pytest.raises(ValueError, match=r"answered\.npz is damaged"):
        read_state(tmp_path, JOB, "answered")


@pytest.mark.parametrize("function", ["replace", "fsync"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_stop_while_writing_leaves_the_old_state(tmp_path, monkeypatch, function, call):
    write_state(tmp_path, JOB, "prepared", FACTS, ARRAYS)
    calls, real = [], getattr(os, function)

    def stop(*args):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(ledger.os, function, stop)
    stopped = False
    try:
        write_state(tmp_path, JOB, "answered", FACTS, ARRAYS)
    except KeyboardInterrupt:
        stopped = True
    monkeypatch.setattr(ledger.os, function, real)
    assert stopped is (call < 3 or function == "fsync")
    if state_of(tmp_path, JOB) == "prepared":
        write_state(tmp_path, JOB, "answered", FACTS, ARRAYS)
    assert read_state(tmp_path, JOB, "answered").facts == FACTS
    assert read_state(tmp_path, JOB, "prepared").facts == FACTS


def test_a_killed_process_gives_its_lock_back(tmp_path):
    code = (
        "import os, sys; from annealing.hardware.ledger import locked, write_state\n"
        f"with locked({str(tmp_path)!r}, {JOB!r}):\n"
        f"    write_state({str(tmp_path)!r}, {JOB!r}, 'prepared', {{}})\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read(1)\n"
        "    os._exit(9)\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as other:
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(TimeoutError, match="Another process"),
            locked(tmp_path, JOB, until=monotonic()),
        ):
            pass
        other.stdin.write(b"x")
        other.stdin.flush()
        with locked(tmp_path, JOB, until=monotonic() + 60):
            assert state_of(tmp_path, JOB) == "prepared"


def test_one_thread_at_a_time(tmp_path):
    inside, most = [], []

    def work():
        with locked(tmp_path, JOB):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 4


def test_list_show_find(tmp_path):
    other = "ac" * 32
    write_state(tmp_path, JOB, "prepared", FACTS, ARRAYS)
    write_state(tmp_path, other, "prepared", {"reads": 6})
    write_state(tmp_path, JOB, "submitted", {"id": "job-1"})
    assert [(job["digest"], job["state"]) for job in list_jobs(tmp_path)] == [
        (JOB, "submitted"),
        (other, "prepared"),
    ]
    shown = show_job(tmp_path, "ab")
    assert shown == json.loads(json.dumps(shown))
    assert (shown["state"], shown["submitted"]["id"]) == ("submitted", "job-1")
    assert shown["prepared"]["arrays"] == {"h": [2], "spins": [1, 2], "one": []}
    for beginning, count in (("a", 2), ("x", 0), ("", 0)):
        with pytest.raises(ValueError, match=f"begins {count} of 2"):
            find_job(tmp_path, beginning)


def test_only_what_ended_badly_is_set_aside(tmp_path):
    for state in ("prepared", "submitted"):
        write_state(tmp_path, JOB, state, {"id": "job-1"})
        with pytest.raises(ValueError, match=f"is {state}"):
            set_aside(tmp_path, JOB)
    for attempt in (1, 2):
        write_state(tmp_path, JOB, "failed", {"reason": "too hot"})
        place = set_aside(tmp_path, JOB)
        assert place.name == f"{JOB}-{attempt}"
        assert json.loads((place / "failed.json").read_text())["facts"]["reason"] == "too hot"
        assert (state_of(tmp_path, JOB), list_jobs(tmp_path)) == (None, [])
        write_state(tmp_path, JOB, "prepared", {})


def test_the_ledger_and_the_sampler_load_no_vendor():
    code = (
        "import sys, annealing.hardware.leap.annealer\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('dwave', 'dimod', 'requests')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
