"""Jobs on a device of IBM's, as far as its service can be played: ids, tags, faults, the token."""

from types import SimpleNamespace

import numpy as np
import pytest
import qiskit_ibm_runtime
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import exceptions, executor_sampler

from annealing import ledger
from circuits import QiskitBackend, build_circuit, gate, z
from qml.jobs import Ledgered, list_circuit_jobs

CIRCUIT = build_circuit([gate("rx", 0, angle=("x", 0))])
ANGLES = {"x": np.linspace(0, 1, 3)[:, None]}
TOKEN = "SECRET-0123456789abcdef"
TIMES = {"created": "2026-01-01T00:00:00Z", "running": "2026-01-01T00:01:00Z"}
TIMES["finished"] = "2026-01-01T00:01:05Z"
METRICS = {"timestamps": TIMES, "usage": {"quantum_seconds": 2.5}}


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


class Job:
    """A job at IBM's, which gives zeros."""

    def __init__(self, name, tags, pubs, shots):
        self.name, self.tags, self.word, self.error = name, tags, "DONE", None
        rows = [next(iter(v.values())) if isinstance(v, dict) else v for _, v in pubs]
        bits = [np.zeros((len(values), shots, 1), np.uint8) for values in rows]
        data = [SimpleNamespace(meas=SimpleNamespace(array=each)) for each in bits]
        self.answer = [SimpleNamespace(data=each) for each in data]

    def job_id(self):
        return self.name

    def status(self):
        return self.word

    def metrics(self):
        return METRICS

    def result(self, timeout=None):
        if self.error:
            raise self.error
        return self.answer


class Service:
    """IBM's service; `lose` is an error after a job was taken."""

    def __init__(self):
        self.kept, self.lose = {}, None

    def active_account(self):
        return {"token": TOKEN}

    def jobs(self, job_tags, **rest):
        return [job for job in self.kept.values() if set(job_tags) <= set(job.tags)]

    def job(self, name):
        return self.kept[name]

    def sampler(self, mode, options):
        def run(pubs, shots):
            name = f"job-{len(self.kept)}"
            self.kept[name] = Job(name, options["environment"]["job_tags"], pubs, shots)
            if self.lose:
                raise self.lose
            return self.kept[name]

        return SimpleNamespace(run=run)


@pytest.fixture
def service(monkeypatch):
    service = Service()
    monkeypatch.setattr(executor_sampler, "Sampler", service.sampler)
    monkeypatch.setattr(qiskit_ibm_runtime, "IBMBackend", AerSimulator)
    return service


@pytest.fixture
def ask(service, folder, monkeypatch):
    target = AerSimulator()
    monkeypatch.setattr(target, "service", service, raising=False)
    backend = Ledgered(QiskitBackend(target, shots=20), folder, batch=2, waits=(0.0,))
    return lambda: backend.expectation(CIRCUIT, z(0), ANGLES)


def test_a_killed_call_finds_its_jobs_by_tag_and_id(ask, service, folder, monkeypatch):
    def killed(place, digest, state, *rest):
        if state == "submitted" and len(service.kept) == 2:
            raise Killed
        return write(place, digest, state, *rest)

    write = ledger.write_state
    monkeypatch.setattr(ledger, "write_state", killed)
    with pytest.raises(Killed):
        ask()
    monkeypatch.setattr(ledger, "write_state", write)
    result = ask()
    assert len(service.kept) == 2
    assert result.values.tolist() == [[1.0]] * 3
    assert [job["id"] for job in result.info["ledger"]] == ["job-0", "job-1"]
    assert result.info["simulated"] is False
    told = {name: result.info["seconds"].get(name) for name in ("queue", "device", "execute")}
    assert told == {"queue": 120.0, "device": 5.0, "execute": 10.0}
    assert all(TOKEN.encode() not in file.read_bytes() for file in folder.rglob("*.*"))


def test_a_lost_receipt_is_found(ask, service):
    service.lose = exceptions.IBMRuntimeError("Failed to run program: 'Max retries exceeded'")
    ask()
    assert len(service.kept) == 2


def test_a_failed_job_is_recorded_without_the_token(ask, service, folder, monkeypatch):
    monkeypatch.setattr(Job, "metrics", lambda job: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        ask()
    for job in service.kept.values():
        job.error = exceptions.RuntimeJobMaxTimeoutError(f"too long, said {TOKEN}")
        job.word = "ERROR"
    with pytest.raises(RuntimeError, match=r"failed: .*too long, said \[hidden\]"):
        ask()
    assert {job["state"] for job in list_circuit_jobs(folder)} == {"failed"}
    assert all(TOKEN.encode() not in file.read_bytes() for file in folder.rglob("*.*"))
