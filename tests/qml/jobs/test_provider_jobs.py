"""Jobs at a provider that finds them by their ids alone: none is paid twice, none is lost."""

import functools

import numpy as np
import pytest
import requests
from qiskit.providers import JobError, JobStatus, JobV1
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator

from annealing import ledger, set_aside
from circuits import QiskitBackend, build_circuit, gate, pauli, z
from circuits.on_qiskit.jobs import fetch, submit
from qml.jobs import Ledgered, cancel_circuit_job, device_of, fetch_circuit_job, steps
from qml.jobs.on_qiskit import QiskitDevice
from qml.jobs.provider_faults import provider_fault_kind, provider_quietly

CIRCUIT = build_circuit([gate("rx", 0, angle=("x", 0)), gate("cx", 0, 1)])
OBSERVABLES = (z(0), pauli("XY", (0, 1)))
ANGLES = {"x": np.linspace(0, 3, 3)[:, None]}
SHOTS, PARTS = 20, 2
STEPS = (
    ["write prepared"] * PARTS
    + ["mark", "send", "write submitted"] * PARTS
    + ["result", "write answered"] * PARTS
)
LOST = {n for n, name in enumerate(STEPS) if name in ("mark", "send")}  # killed after these


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


class Job(JobV1):
    """A job at the provider; another process knows its id only."""

    def submit(self):
        raise NotImplementedError

    def status(self):
        return self.backend().vendor.jobs[self.job_id()]["status"]

    def result(self):
        vendor = self.backend().vendor
        circuits = vendor.jobs[self.job_id()]["circuits"]
        run = AerSimulator(max_parallel_threads=1).run(circuits, shots=SHOTS, seed_simulator=1)
        return vendor.step("result", run.result)

    def cancel(self):
        self.backend().vendor.jobs[self.job_id()]["status"] = JobStatus.CANCELLED


class Cloud(GenericBackendV2):
    """A provider's device, with `run` and `retrieve_job` and nothing to tag a job by."""

    vendor = None

    def run(self, run_input, shots):
        assert isinstance(run_input, list)
        assert all(not circuit.parameters for circuit in run_input)
        return self.vendor.step("send", lambda: self._take(run_input, shots))

    def _take(self, circuits, shots):
        name = f"job-{self.vendor.sent}"
        self.vendor.jobs[name] = {"circuits": circuits, "status": JobStatus.DONE}
        self.vendor.shots += shots * len(circuits)
        return Job(self, name)

    def retrieve_job(self, job_id):
        return Job(self, job_id)


class Prepared(QiskitDevice):
    """A device that transpiles once for all tests here."""

    @functools.cache  # noqa: B019
    def parts(self):
        return super().prepare(CIRCUIT, OBSERVABLES, ANGLES)

    def prepare(self, circuit, observables, angles):
        return self.parts()


@pytest.fixture(scope="module")
def cloud():
    return Cloud(2, seed=1)


@pytest.fixture(scope="module")
def device(cloud):
    return Prepared(QiskitBackend(cloud, shots=SHOTS, max_sets=4))


@pytest.fixture
def ask(cloud, device, vendor, folder, monkeypatch):
    """The call that everything here is about; the provider's client forgets what it sent."""
    mark = steps.mark_sending
    monkeypatch.setattr(cloud, "vendor", vendor)
    monkeypatch.setattr(steps, "mark_sending", lambda *job: vendor.step("mark", lambda: mark(*job)))
    monkeypatch.setattr("circuits.on_qiskit.jobs.sending._SENT", {})
    backend = Ledgered(device, folder, waits=(0.0, 0.0))
    return lambda: backend.expectation(CIRCUIT, OBSERVABLES, ANGLES)


def complete(ask, vendor):
    """The same command again gives the whole answer, and the provider was paid once."""
    vendor.fault = None
    values = ask().values
    assert (vendor.sent, vendor.shots) == (PARTS, SHOTS * len(ANGLES["x"]) * 2)
    vendor.steps.clear()
    np.testing.assert_array_equal(ask().values, values)
    assert vendor.steps == []
    np.testing.assert_allclose(values[:, 0], np.cos(ANGLES["x"][:, 0]), atol=4 / SHOTS**0.5)


def test_the_steps_are_these(ask, vendor):
    result = ask()
    assert vendor.steps == STEPS
    assert [job["id"] for job in result.info["ledger"]] == ["job-0", "job-1"]
    complete(ask, vendor)


@pytest.mark.parametrize("step", range(len(STEPS)), ids=lambda n: f"{n}-{STEPS[n]}")
def test_killed_after_every_step(ask, vendor, device, folder, step):
    """Where it is not known whether a job was sent, only the user goes on, by one of two ways."""
    vendor.fault = (step, "after", Killed())
    with pytest.raises(Killed):
        ask()
    if step in LOST:
        vendor.fault, paid = None, vendor.shots
        for _ in range(2):
            with pytest.raises(RuntimeError, match=r"may have been sent.*provider's list of jobs"):
                ask()
        assert vendor.shots == paid
        digest = next(
            job["digest"]
            for job in ledger.list_jobs(folder)
            if steps.is_lost(folder, job["digest"])
        )
        if STEPS[step] == "send":
            found = fetch_circuit_job(folder, digest, device=device, job=f"job-{vendor.sent - 1}")
            assert found["state"] == "answered"
        else:
            assert cancel_circuit_job(folder, digest)["state"] == "cancelled"
            set_aside(folder, digest)
    complete(ask, vendor)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_fault_of_the_network_is_not_tried_again(ask, vendor, moment):
    """The reply may have been lost as well as the request."""
    vendor.fault = (STEPS.index("send"), moment, requests.exceptions.ReadTimeout("slow"))
    with pytest.raises(ConnectionError, match="call again later"):
        ask()
    vendor.fault = None
    with pytest.raises(RuntimeError, match="may have been sent"):
        ask()
    assert vendor.sent == (moment == "after")


def test_what_surely_did_not_arrive_is_sent_again(ask, vendor):
    vendor.broken = {"send": [requests.exceptions.ConnectTimeout("busy")] * 2}
    complete(ask, vendor)


def test_a_refused_request_may_be_sent_by_the_next_call(ask, vendor):
    vendor.broken = {"send": [PermissionError("no account")]}
    with pytest.raises(PermissionError):
        ask()
    complete(ask, vendor)


def test_a_failed_job_is_set_aside_before_another(ask, vendor, folder):
    vendor.fault = (STEPS.index("result"), "before", Killed())
    with pytest.raises(Killed):
        ask()
    vendor.fault = None
    vendor.jobs["job-0"]["status"] = JobStatus.ERROR
    with pytest.raises(RuntimeError, match=r"failed: .*its provider says 'error'"):
        ask()
    assert vendor.sent == PARTS
    states = {job["state"]: job["digest"] for job in ledger.list_jobs(folder)}
    set_aside(folder, states["failed"])
    ask()
    assert vendor.sent == PARTS + 1


def test_too_few_shots_are_refused_and_fetched_again(ask, vendor, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("qiskit.result.Result.get_counts", lambda self: [{"00": SHOTS - 1}] * 4)
        with pytest.raises(ValueError, match=r"must return 20 shots .* but returned \[19\] of 4"):
            ask()
    complete(ask, vendor)


def test_jobs_are_not_opened_by_a_name(ask, vendor, folder, cloud):
    vendor.fault = (STEPS.index("result"), "before", Killed())
    with pytest.raises(Killed):
        ask()
    digest = ledger.list_jobs(folder)[0]["digest"]
    with pytest.raises(ValueError, match="whose devices are not opened by a name"):
        fetch_circuit_job(folder, digest)
    with pytest.raises(ValueError, match="has not lost its id"):
        fetch_circuit_job(folder, digest, job="job-0", device=device_of(QiskitBackend(cloud)))


def test_bits_are_where_they_belong(cloud, vendor, monkeypatch):
    """Without the ledger too; a circuit without parameters comes once for each set of angles."""
    monkeypatch.setattr(cloud, "vendor", vendor)
    backend = QiskitBackend(cloud, shots=SHOTS)
    flipped = build_circuit([gate("x", 1)], 2)
    result = backend.expectation(flipped, [z(0), z(1)], {})
    np.testing.assert_array_equal(result.values, [[1.0, -1.0]])
    part = device_of(backend).prepare(flipped, z(0), {})[0]
    with pytest.raises(ValueError, match="`prepared` must be given"):
        fetch(backend, submit(backend, part))
    kept = device_of(backend)
    kept.check(part, kept.fetch(part, f"job-{vendor.sent - 1}", None)[0])


def test_no_secret_in_errors(cloud, monkeypatch):
    monkeypatch.setenv("IONQ_API_KEY", "SECRET-0123")
    with pytest.raises(RuntimeError, match=r"JobError: 'bad \[hidden\]'"), provider_quietly(cloud):
        raise JobError("bad SECRET-0123")
    for code, kind in ((404, LookupError), (401, PermissionError), (503, ConnectionError)):
        response = requests.Response()
        response.status_code = code
        assert provider_fault_kind(requests.HTTPError(response=response))[0] is kind
