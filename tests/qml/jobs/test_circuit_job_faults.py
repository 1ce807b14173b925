"""Whatever breaks on the way to a device and back, no shot is paid twice and no answer is lost."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from annealing import ledger, set_aside
from qml.jobs import fetch_circuit_job

PARTS, TOTAL = 3, 20 * 5 * 2  # 5 sets of angles, two a job; 20 shots in each of two bases


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


# The steps of a call to which nothing happens; `test_the_steps_are_these` keeps the list true.
STEPS = (
    ["write prepared"] * PARTS
    + ["find", "send", "write submitted"] * PARTS
    + ["fetch", "write answered"] * PARTS
)


def test_the_steps_are_these(ask, vendor, wanted):
    np.testing.assert_array_equal(ask().values, wanted)
    assert vendor.steps == STEPS


def complete(ask, vendor, wanted):
    """The same command again gives the whole answer, and the vendor was paid once."""
    vendor.fault = None
    np.testing.assert_array_equal(ask().values, wanted)
    assert (vendor.sent, vendor.shots) == (PARTS, TOTAL)
    vendor.steps.clear()
    np.testing.assert_array_equal(ask().values, wanted)
    assert vendor.steps == []  # from the disk alone


@pytest.mark.parametrize("step", range(len(STEPS)), ids=lambda n: f"{n}-{STEPS[n]}")
def test_killed_after_every_step(ask, vendor, wanted, step):
    """Which is before the next one too."""
    vendor.fault = (step, "after", Killed())
    with pytest.raises(Killed):
        ask()
    complete(ask, vendor, wanted)


@pytest.mark.parametrize("step", [n for n, name in enumerate(STEPS) if name.startswith("write")])
def test_killed_between_the_arrays_and_the_facts(ask, vendor, wanted, step):
    vendor.fault = (step, "after", Killed())
    with pytest.raises(Killed):
        ask()
    vendor.written.unlink()  # the facts, which come last: only the arrays are there
    complete(ask, vendor, wanted)


@pytest.mark.parametrize("step", [n for n, name in enumerate(STEPS) if name[:5] != "write"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_request_or_its_reply_is_lost(ask, vendor, wanted, step, moment):
    """The call itself tries again; where a submission is lost for good, the next call sends it."""
    vendor.fault = (step, moment, ConnectionError("lost"))
    gone = (STEPS[step], moment) == ("send", "before")
    if gone:
        with pytest.raises(ConnectionError):
            ask()
    complete(ask, vendor, wanted)


@pytest.mark.parametrize("name", ["find", "fetch"])
def test_a_network_that_is_down_longer(ask, vendor, wanted, name):
    vendor.broken = {name: [ConnectionError("down")] * 3}
    with pytest.raises(ConnectionError):
        ask()
    complete(ask, vendor, wanted)


def test_a_full_queue_is_waited_for_within_the_call(ask, vendor, wanted):
    vendor.broken = {"send": [ConnectionRefusedError("queue full")] * 2}
    complete(ask, vendor, wanted)


def test_other_errors_are_not_retried(ask, vendor, wanted):
    vendor.broken = {"fetch": [TypeError("a bug")]}
    with pytest.raises(TypeError, match="a bug"):
        ask()
    assert vendor.steps.count("fetch") == 1
    complete(ask, vendor, wanted)


@pytest.mark.parametrize(
    "mangle",
    [
        lambda raw: raw | {"values": raw["values"][:1]},
        lambda raw: raw | {"values": raw["values"].T[:1]},
        lambda raw: raw | {"values": raw["values"] * np.nan},
        lambda raw: raw | {"std": raw["std"][:, :1]},
    ],
    ids=["partial", "wrong shape", "NaN", "an observable short"],
)
def test_a_malformed_answer_is_refused_and_fetched_again(ask, vendor, folder, wanted, mangle):
    vendor.mangle = mangle
    with pytest.raises(ValueError, match="must return finite"):
        ask()
    assert {job["state"] for job in ledger.list_jobs(folder)} == {"submitted"}
    vendor.mangle = lambda raw: raw
    complete(ask, vendor, wanted)


def test_a_job_that_takes_too_long_goes_on(ask, vendor, wanted):
    vendor.end = "queued"
    with pytest.raises(TimeoutError):
        ask(deadline=5.0)
    for job in vendor.jobs.values():
        job["status"] = "done"
    complete(ask, vendor, wanted)


def test_a_call_stops_waiting_for_another_process(ask, vendor, folder):
    vendor.broken = {"find": [ConnectionError("down")] * 3}
    with pytest.raises(ConnectionError):
        ask()
    digest = ledger.list_jobs(folder)[0]["digest"]
    with ledger.locked(folder, digest), pytest.raises(TimeoutError, match="Another process"):
        ask(deadline=0.1)
    assert vendor.sent <= PARTS - 1


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_job_that_ended_badly_is_sent_again_only_on_request(ask, vendor, folder, wanted, end):
    vendor.fault = (STEPS.index("fetch"), "before", Killed())
    with pytest.raises(Killed):
        ask()
    vendor.fault = None
    vendor.jobs["job-1"]["status"] = end
    for _ in range(2):
        with pytest.raises(RuntimeError, match=f"{end}: the fridge is warm"):
            ask()
    assert (vendor.sent, vendor.shots) == (PARTS, TOTAL)
    states = {job["digest"]: job["state"] for job in ledger.list_jobs(folder)}
    assert sorted(states.values()) == sorted(["answered", "answered", end])
    set_aside(folder, next(digest for digest, state in states.items() if state == end))
    np.testing.assert_array_equal(ask().values, wanted)
    assert vendor.sent == PARTS + 1  # the one that ended badly, and no other


def test_nothing_more_is_paid_for_a_call_that_cannot_succeed(ask, vendor, machine, folder):
    vendor.fault = (STEPS.index("send") + 3, "before", Killed())
    with pytest.raises(Killed):
        ask()
    vendor.fault = None
    vendor.jobs["job-0"]["status"] = "failed"
    digest = vendor.jobs["job-0"]["tag"].removeprefix("qml-")
    assert fetch_circuit_job(folder, digest, device=machine)["state"] == "failed"
    with pytest.raises(RuntimeError, match="failed: the fridge is warm"):
        ask()
    assert vendor.sent == 1


def test_a_job_that_the_vendor_has_forgotten_is_not_sent_again(ask, vendor):
    vendor.fault = (STEPS.index("fetch"), "before", Killed())
    with pytest.raises(Killed):
        ask()
    vendor.fault, forgotten = None, vendor.jobs.pop("job-0")
    with pytest.raises(ValueError, match="look for it at the vendor"):
        ask()
    assert vendor.steps.count("send") == PARTS
    assert forgotten["status"] == "done"


def test_a_damaged_ledger_sends_nothing(ask, vendor, folder, wanted):
    vendor.fault = (STEPS.index("send"), "before", Killed())
    with pytest.raises(Killed):
        ask()
    vendor.fault = None
    file = next(folder.glob("*/prepared.npz"))
    whole = file.read_bytes()
    file.write_bytes(whole[:50])
    with pytest.raises(ValueError, match="is damaged"):
        ask()
    file.write_bytes(whole)
    complete(ask, vendor, wanted)


def test_two_calls_at_once_pay_once(ask, vendor, wanted):
    with ThreadPoolExecutor() as threads:
        both = [threads.submit(ask) for _ in range(2)]
    for each in both:
        np.testing.assert_array_equal(each.result().values, wanted)
    assert (vendor.sent, vendor.shots) == (PARTS, TOTAL)
