"""Whatever breaks on the way to D-Wave and back, nothing is paid twice and no answer is lost."""

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from annealing.hardware import ledger
from annealing.hardware.leap import annealer as leap
from annealing.hardware.leap import jobs as leap_jobs
from annealing.hardware.leap.jobs import cancel_job, fetch_job
from annealing.hardware.ledger import list_jobs, set_aside


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


@pytest.mark.parametrize("moment", ["before", "arrays", "after"])
@pytest.mark.parametrize("step", ["prepared", "submitted", "answered"])
def test_killed_at_any_step_nothing_is_paid_twice(
    server, annealer, offline, folder, state, problem, monkeypatch, step, moment
):
    def write(place, digest, reached, *rest):
        if (reached, moment) == (step, "before"):
            raise Killed
        written = ledger.write_state(place, digest, reached, *rest)
        if (reached, moment) == (step, "arrays"):  # the facts come last: they are not there yet
            written.unlink()
        if reached == step:
            raise Killed
        return written

    for module in (leap, leap_jobs):
        monkeypatch.setattr(module, "write_state", write)
    with pytest.raises(Killed):
        annealer.sample(problem, reads=20, seed=0)
    for module in (leap, leap_jobs):
        monkeypatch.setattr(module, "write_state", ledger.write_state)
    whole = (step, moment) == ("answered", "after")
    samples = (offline if whole else annealer).sample(problem, reads=20, seed=0)
    assert server.sent == 1
    lost = step == "submitted" and moment != "after"
    assert samples.info["job"]["found_by_label"] is lost
    assert state() == "answered"


def test_submission_that_never_arrived_is_sent_by_the_next_call(
    server, annealer, folder, state, problem
):
    server.drop = {"before": 1}
    with pytest.raises(ConnectionError, match="call again"):
        annealer.sample(problem, reads=5, seed=0)
    assert (server.sent, state()) == (0, "prepared")
    annealer.sample(problem, reads=5, seed=0)
    assert server.sent == 1


def test_damaged_ledger_sends_nothing(server, annealer, folder, problem):
    server.drop = {"before": 1}
    with pytest.raises(ConnectionError):
        annealer.sample(problem, reads=5, seed=0)
    path = folder / list_jobs(folder)[0]["digest"] / "prepared.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(ValueError, match=r"prepared\.npz is damaged"):
        annealer.sample(problem, reads=5, seed=0)
    assert server.sent == 0
    path.write_bytes(whole)
    assert annealer.sample(problem, reads=5, seed=0).occurrences.sum() == 5


def test_submission_whose_receipt_was_lost_is_found(server, annealer, problem):
    server.drop = {"after": 1}
    info = annealer.sample(problem, reads=5, seed=0).info
    assert info["job"]["found_by_label"] is True
    assert server.sent == 1


@pytest.mark.parametrize("request_", ["list", "poll", "answer"])
def test_faults_of_the_network_are_waited_out(server, annealer, folder, problem, request_):
    server.status, server.drop = "COMPLETED", {request_: 5}  # the client itself tries 4 times
    annealer.sample(problem, reads=5, seed=0)
    assert server.sent == 1
    server.drop = {request_: 1000, "answer": 1000}
    with pytest.raises(ConnectionError):
        annealer.sample(problem, reads=5, seed=1)
    server.drop = {}
    annealer.sample(problem, reads=5, seed=1)
    assert server.sent == 2


def fewer(answer):
    numbers = base64.b64decode(answer["num_occurrences"])
    return answer | {"num_occurrences": base64.b64encode(numbers[:-4] + bytes(4)).decode()}


def replaced(name, array):
    return lambda answer: answer | {name: base64.b64encode(array.tobytes()).decode()}


@pytest.mark.parametrize(
    ("mangle", "message"),
    [
        (replaced("energies", np.zeros(1)), "lengths that differ"),
        (replaced("energies", np.zeros(7)), "no form that can be read"),
        (replaced("solutions", np.zeros(1, "u1")), "no form that can be read"),
        (replaced("active_variables", np.arange(3, dtype="<i4")), "other qubits"),
        (fewer, "a number of reads other than 40"),
        (lambda answer: {"format": "qp"}, r"no form that can be read \(KeyError"),
    ],
)
def test_malformed_answers_are_refused_and_fetched_again(
    server, annealer, folder, state, problem, mangle, message
):
    server.mangle = mangle
    with pytest.raises(ValueError, match=message):
        annealer.sample(problem, reads=40, seed=0)
    assert state() == "submitted"
    server.mangle = lambda answer: answer
    assert annealer.sample(problem, reads=40, seed=0).occurrences.sum() == 40
    assert server.sent == 1


def test_nan_energies_are_refused(server, annealer, folder, state, problem):
    def nan(answer):
        energies = np.frombuffer(base64.b64decode(answer["energies"]), "<f8") * np.nan
        return replaced("energies", energies)(answer)

    server.mangle = nan
    with pytest.raises(ValueError, match=r"job-1 has energies that are not finite.*at no cost"):
        annealer.sample(problem, reads=5, seed=0)
    assert state() == "submitted"


@pytest.fixture
def pending(server, annealer, problem):
    """A function that leaves the job of 5 reads and seed 0 waiting at the server."""

    def start():
        server.status, server.drop = "PENDING", {"poll": 1000}
        with pytest.raises(ConnectionError):
            annealer.sample(problem, reads=5, seed=0)
        server.drop = {}

    return start


def test_deadline_leaves_the_job_to_be_fetched(pending, server, annealer, folder, problem):
    pending()
    hasty = replace(annealer, deadline=0.1)
    with pytest.raises(TimeoutError, match=r"job-1 in time.*`cancel_job`"):
        hasty.sample(problem, reads=5, seed=0)
    digest = list_jobs(folder)[0]["digest"]
    with pytest.raises(TimeoutError):
        fetch_job(folder, digest, deadline=0.1)
    server.status = "COMPLETED"
    assert fetch_job(folder, digest[:10])["state"] == "answered"
    assert hasty.sample(problem, reads=5, seed=0).info["job"]["from_ledger"]
    assert server.sent == 1


def test_cancelled_job_is_sent_again_only_on_request(pending, server, annealer, folder, problem):
    pending()
    digest = list_jobs(folder)[0]["digest"]
    assert cancel_job(folder, digest)["state"] == "cancelled"
    server.status = "COMPLETED"
    with pytest.raises(RuntimeError, match=rf"cancelled.*set_aside.*{digest[:12]}"):
        annealer.sample(problem, reads=5, seed=0)
    assert server.sent == 1
    set_aside(folder, digest)
    annealer.sample(problem, reads=5, seed=0)
    assert server.sent == 2


def test_cancelling_too_late_keeps_the_answer(server, annealer, folder, problem):
    server.drop = {"answer": 1000}
    with pytest.raises(ConnectionError):
        annealer.sample(problem, reads=5, seed=0)
    server.drop = {}
    assert cancel_job(folder, list_jobs(folder)[0]["digest"])["state"] == "answered"


def test_failed_job_says_why(server, annealer, folder, state, problem):
    server.status = "FAILED"
    with pytest.raises(RuntimeError, match=r"failed: the chip was on fire, said \[hidden\]"):
        annealer.sample(problem, reads=5, seed=0)
    assert state() == "failed"


def test_what_was_never_sent_is_not_fetched_but_may_be_cancelled(server, annealer, folder, problem):
    server.drop = {"before": 1}
    with pytest.raises(ConnectionError):
        annealer.sample(problem, reads=5, seed=0)
    digest = list_jobs(folder)[0]["digest"]
    with pytest.raises(ValueError, match="never sent"):
        fetch_job(folder, digest)
    assert cancel_job(folder, digest)["state"] == "cancelled"
    assert server.sent == 0


def test_two_at_once_pay_once(server, annealer, problem):
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(annealer.sample, problem, reads=5, seed=0) for _ in range(2)]
        first, second = (run.result() for run in runs)
    np.testing.assert_array_equal(first.bits, second.bits)
    assert server.sent == 1
