"""One session or batch holds all jobs of a call and is closed: IBM's client, its service played."""

from types import SimpleNamespace

import numpy as np
import pytest
import qiskit_ibm_runtime
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import RuntimeJobV2, exceptions
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.models import QasmBackendConfiguration

from circuits import Exact, QiskitBackend, build_circuit, gate, z
from qml.jobs import Ledgered, list_circuit_jobs

CIRCUIT = build_circuit([gate("rx", 0, angle=("x", 0))])
ANGLES = {"x": np.linspace(0, 1, 5)[:, None]}  # three jobs of two
KINDS = {"batch": "batch", "session": "dedicated"}  # what the service calls them


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


class Played:
    """IBM's service, and the client of its interface: it logs what is asked, and gives zeros.

    `broken` is {number of the step: exception}; `failing` the ids of jobs that fail.
    """

    def __init__(self):
        self.log, self.broken, self.failing, self.tags = [], {}, (), {}

    def step(self, *words):
        number = len(self.log)
        self.log.append(words)
        if number in self.broken:
            raise self.broken.pop(number)
        return f"{words[0]}-{number}"

    def create_session(self, backend, instance, max_time, kind):
        return {"id": self.step("open", kind)}

    def close_session(self, session):
        self.step("close", session)

    def backend_status(self, name):
        told = {"backend_name": name, "backend_version": "1", "operational": True}
        return told | {"pending_jobs": 0, "status_msg": "active"}

    def backend_properties(self, *_, **__):
        return None

    def program_run(self, *, session_id, job_tags, backend_name, **rest):
        name = self.step("run", session_id)
        self.tags[name] = job_tags
        return {"id": name, "backend": backend_name}

    def jobs(self, job_tags, **rest):
        return [self.job(name) for name, tags in self.tags.items() if set(job_tags) <= set(tags)]

    def job(self, name):
        word = "ERROR" if name in self.failing else "DONE"
        return SimpleNamespace(job_id=lambda: name, status=lambda: word, metrics=dict)

    def result(self, job):
        assert self.log[-1][0] == "close"  # nobody waits while it is open, which may be paid for
        if job.job_id() in self.failing:
            raise exceptions.RuntimeJobFailureError("the fridge is warm")
        rows = 1 if job.job_id() == list(self.tags)[-1] else 2
        bits = SimpleNamespace(array=np.zeros((rows, 20, 1), np.uint8))
        return [SimpleNamespace(data=SimpleNamespace(meas=bits))]

    def words(self):
        return [words[0] for words in self.log]


@pytest.fixture
def played(monkeypatch):
    played = Played()
    monkeypatch.setattr(RuntimeJobV2, "result", lambda job, timeout=None: played.result(job))
    monkeypatch.setattr(RuntimeJobV2, "status", lambda job: played.job(job.job_id()).status())
    return played


@pytest.fixture
def device(played):
    """IBM's own class of devices, at the played service."""
    service = object.__new__(qiskit_ibm_runtime.QiskitRuntimeService)
    service._channel, service._api_clients = "ibm_quantum_platform", {None: played}
    service._get_api_client = lambda instance=None: played
    service._check_instance_usage, service.active_account = (lambda: None), dict
    service.jobs, service.job = played.jobs, played.job
    told = QasmBackendConfiguration.from_dict(FakeManilaV2()._get_conf_dict_from_json())
    return qiskit_ibm_runtime.IBMBackend(told, service, played)


@pytest.fixture(params=KINDS)
def backend(request, device):
    return QiskitBackend(device, 20, mode=request.param, max_sets=2)


@pytest.fixture
def ask(backend, folder):
    kept = Ledgered(backend, folder, waits=(0.0,))
    return lambda: kept.expectation(CIRCUIT, z(0), ANGLES)


def test_all_jobs_of_a_call_are_in_one_that_is_closed(backend, played):
    values = backend.expectation(CIRCUIT, z(0), ANGLES).values
    assert values.tolist() == [[1.0]] * 5
    runs = [("run", "open-0")] * 3
    assert played.log == [("open", KINDS[backend.mode]), *runs, ("close", "open-0")]


def test_what_is_in_the_ledger_opens_none(ask, played):
    result = ask()
    assert played.words() == ["open", "run", "run", "run", "close"]
    assert result.values.tolist() == ask().values.tolist() == [[1.0]] * 5
    assert len(played.log) == 5


def test_a_killed_call_closes_it_and_the_next_opens_one_for_the_rest(ask, played):
    played.broken = {3: Killed()}
    with pytest.raises(Killed):
        ask()
    assert played.words() == ["open", "run", "run", "run", "close"]
    assert [job["from_ledger"] for job in ask().info["ledger"]] == [False] * 3
    assert played.log[5:] == [("open", played.log[0][1]), ("run", "open-5"), ("close", "open-5")]


def test_a_job_that_fails_closes_it(backend, ask, played):
    played.failing = ("run-2",)
    with pytest.raises(RuntimeError, match=r"Job run-2 gave no result: .*the fridge is warm"):
        backend.expectation(CIRCUIT, z(0), ANGLES)
    assert played.words() == ["open", "run", "run", "run", "close"]
    played.failing = ("run-7",)
    with pytest.raises(RuntimeError, match="the fridge is warm"):
        ask()
    assert played.words()[5:] == ["open", "run", "run", "run", "close"]


def test_where_none_can_be_opened_nothing_is_sent(ask, played, folder):
    played.broken = {0: exceptions.IBMNotAuthorizedError("no sessions in this plan")}
    with pytest.raises(PermissionError, match="no sessions in this plan"):
        ask()
    assert {job["state"] for job in list_circuit_jobs(folder)} == {"prepared"}
    ask()
    assert played.words() == ["open", "open", "run", "run", "run", "close"]


@pytest.mark.parametrize("mode", KINDS)
def test_local_testing_mode_runs_in_them_too(mode, monkeypatch):
    """IBM's own classes on a simulator, which the patch makes a device of IBM's for us."""
    closed = []
    close = qiskit_ibm_runtime.Session.close
    noted = lambda session: closed.append(type(session).__name__) or close(session)  # noqa: E731
    monkeypatch.setattr(qiskit_ibm_runtime.Session, "close", noted)
    monkeypatch.setattr(qiskit_ibm_runtime, "IBMBackend", AerSimulator)
    backend = QiskitBackend(AerSimulator(), 400, mode=mode, max_sets=2)
    result = backend.expectation(CIRCUIT, z(0), ANGLES)
    expected = Exact().expectation(CIRCUIT, z(0), ANGLES).values
    np.testing.assert_array_less(np.abs(result.values - expected), 4 * result.std + 1e-12)
    assert closed == [mode.capitalize()]
    assert (result.info["effective"]["mode"], result.info["effective"]["jobs"]) == (mode, 3)
