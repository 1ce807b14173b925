"""A backend in a ledger: the same answers, kept, resumed, listed; ceilings; no secret anywhere."""

import json
import logging
import pickle
from dataclasses import dataclass, replace

import jax
import numpy as np
import pytest

from annealing import list_jobs, show_job
from circuits import Density, QiskitBackend, Result, build_circuit, circuit_from_dict, gate, z
from qml import fit_scaler, freeze, reuploading_model
from qml.estimators import ReuploadingClassifier
from qml.jobs import (
    Ledgered,
    cancel_circuit_job,
    device_of,
    fetch_circuit_job,
    list_circuit_jobs,
)
from qml.jobs.here import Here, described, part_seed
from qml.jobs.ibm_faults import fault_kind, quietly
from qml.jobs.on_qiskit import QiskitDevice

CIRCUIT = build_circuit([gate("rx", 0, angle=("x", 0)), gate("ry", 1, angle=("w", 0))])
ANGLES = {"x": np.linspace(0, 3, 4)[:, None], "w": np.array([0.3])}
TOKEN = "SECRET-0123456789abcdef"


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


@dataclass(frozen=True)
class Counting:
    """A backend that counts the sets of angles it ran, and can be killed."""

    log: tuple = ()
    shots: int = 10
    seed: int = 0

    runs = []  # noqa: RUF012  shared by the copies that have other seeds
    kill_at = []  # noqa: RUF012

    def expectation(self, circuit, observables, angles):
        if len(self.runs) in self.kill_at:
            self.kill_at.clear()
            raise Killed
        self.runs.append((len(angles["x"]), self.seed))
        values = np.cos(angles["x"]) * angles["w"]
        return Result(values, np.full(values.shape, 0.1), {"backend": "Counting", "shots": 10})


@pytest.fixture
def counting():
    Counting.runs.clear()
    Counting.kill_at.clear()
    return Counting()


@pytest.mark.parametrize("backend", [Density(), Density(shots=50, seed=2)], ids=["exact", "shots"])
def test_one_chunk_is_the_backend_itself(backend, folder):
    plain = backend.expectation(CIRCUIT, [z(0), z(1)], ANGLES)
    kept = Ledgered(backend, folder).expectation(CIRCUIT, [z(0), z(1)], ANGLES)
    np.testing.assert_array_equal(kept.values, plain.values)
    np.testing.assert_array_equal(kept.std, plain.std)
    assert kept.info["requested"] == plain.info["requested"]
    bits = Ledgered(backend, folder).sample(CIRCUIT, ANGLES, shots=7, seed=1)
    np.testing.assert_array_equal(bits, backend.sample(CIRCUIT, ANGLES, shots=7, seed=1))


def test_a_killed_batch_goes_on_at_its_chunk(counting, folder):
    kept = Ledgered(counting, folder, batch=1)
    Counting.kill_at.append(2)
    with pytest.raises(Killed):
        kept.expectation(CIRCUIT, z(0), ANGLES)
    assert len(Counting.runs) == 2
    result = kept.expectation(CIRCUIT, z(0), ANGLES)
    assert [rows for rows, _ in Counting.runs] == [1, 1, 1, 1]
    assert len({seed for _, seed in Counting.runs}) == 4  # no two chunks share their draws
    assert [job["from_ledger"] for job in result.info["ledger"]] == [True, True, False, False]
    np.testing.assert_allclose(result.values, np.cos(ANGLES["x"]) * ANGLES["w"])


def test_a_deadline_holds_between_chunks(counting, folder):
    with pytest.raises(TimeoutError, match="what is answered is kept"):
        Ledgered(counting, folder, batch=1, deadline=1e-9).expectation(CIRCUIT, z(0), ANGLES)
    assert Counting.runs == []


@pytest.mark.parametrize(
    ("circuit", "observables", "angles", "options"),
    [
        (CIRCUIT + CIRCUIT, z(0), ANGLES, {}),
        (CIRCUIT, z(1), ANGLES, {}),
        (CIRCUIT, z(0), ANGLES | {"w": np.array([0.31])}, {}),
        (CIRCUIT, z(0), ANGLES, {"shots": 11}),
        (CIRCUIT, z(0), ANGLES, {"seed": 1}),
    ],
    ids=["circuit", "observable", "weight", "shots", "seed"],
)
def test_another_question_is_asked_anew(counting, folder, circuit, observables, angles, options):
    Ledgered(counting, folder).expectation(CIRCUIT, z(0), ANGLES)
    Ledgered(replace(counting, **options), folder).expectation(circuit, observables, angles)
    assert len(Counting.runs) == 2


def test_what_was_asked_is_in_the_ledger(counting, folder):
    kept = Ledgered(counting, folder, about={"checkpoint": "abc"})
    kept.expectation(CIRCUIT, z(0), ANGLES)
    (job,) = list_circuit_jobs(folder)
    assert job["about"] == {"checkpoint": "abc"}
    assert job["cost"] == {"circuits": 4, "shots": 40, "qpu_seconds": 0.0}
    told = show_job(folder, job["digest"])
    assert circuit_from_dict(told["prepared"]["request"]["circuit"]) == CIRCUIT
    assert told["prepared"]["arrays"] == {"angles.w": [1], "angles.x": [4, 1]}
    assert told["answered"]["arrays"] == {"std": [4, 1], "values": [4, 1]}


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_shots": 199}, "take 200 shots, and `max_shots` is 199: nothing was sent"),
        (
            {"max_qpu_seconds": 5.9},
            r"take 6 QPU seconds \(estimated\), and `max_qpu_seconds` is 5.9",
        ),
    ],
)
def test_too_dear_is_refused_before_sending(ask, vendor, folder, limits, message):
    with pytest.raises(ValueError, match=message):
        ask(**limits)
    assert (vendor.steps, list_jobs(folder)) == ([], [])
    ask(max_shots=200, max_qpu_seconds=6.0)
    ask(**limits)  # all is answered: there is nothing left to pay
    assert vendor.shots == 200


@pytest.mark.parametrize("name", ["batch", "deadline", "max_shots", "max_qpu_seconds"])
def test_limits_are_positive(name, folder):
    kept = Ledgered(Density(), folder)
    with pytest.raises(ValueError, match=f"`{name}` must be positive, but is 0"):
        replace(kept, **{name: 0})
    with pytest.raises(ValueError, match="must not be in a ledger already"):
        device_of(Ledgered(Density(), folder))


def stopped(ask, vendor, name):
    """A call that is killed before the first step of a name."""
    vendor.broken = {name: [Killed()]}
    with pytest.raises(Killed):
        ask()


def test_jobs_are_fetched_by_id(ask, vendor, machine, folder, wanted):
    stopped(ask, vendor, "fetch")
    for job in list_circuit_jobs(folder):
        assert job["state"] == "submitted"
        told = fetch_circuit_job(folder, job["digest"][:10], device=machine)
        assert told["state"] == "answered"
    vendor.steps.clear()
    np.testing.assert_array_equal(ask().values, wanted)
    assert vendor.steps == []


def test_what_was_not_sent_cannot_be_fetched(ask, vendor, machine, folder):
    stopped(ask, vendor, "find")
    digest = list_circuit_jobs(folder)[0]["digest"]
    with pytest.raises(ValueError, match="has not been sent"):
        fetch_circuit_job(folder, digest, device=machine)
    assert cancel_circuit_job(folder, digest, device=machine)["state"] == "cancelled"
    assert vendor.sent == 0
    with pytest.raises(RuntimeError, match=r"cancelled before it was sent.*qml jobs set-aside"):
        ask()


@pytest.mark.parametrize(
    ("killed_at", "status", "state"),
    [
        ("fetch", "queued", "cancelled"),
        ("fetch", "done", "answered"),  # paid for, so it is kept
        ("write submitted", "queued", "cancelled"),  # its id was lost
    ],
)
def test_cancelling(ask, vendor, machine, folder, killed_at, status, state):
    stopped(ask, vendor, killed_at)
    for job in vendor.jobs.values():
        job["status"] = status
    tags = [job["tag"].removeprefix("qml-") for job in vendor.jobs.values()]
    assert cancel_circuit_job(folder, tags[0], device=machine)["state"] == state
    assert vendor.jobs["job-0"]["status"] == ("cancelled" if state == "cancelled" else "done")


def test_backends_are_told_apart_or_refused():
    class Strange:
        """Nothing in it could be written down."""

    with pytest.raises(ValueError, match="cannot tell one Strange from another"):
        described(Strange())
    noise = Density(seed=1), Density(seed=2), Density(seed=1, shots=5)
    assert len({json.dumps(described(each)) for each in noise}) == 3
    assert part_seed(5, 0) == 5
    assert len({part_seed(seed, index) for seed in range(9) for index in range(9)}) == 81


def test_a_qiskit_simulator_in_jobs(folder):
    from qiskit_aer import AerSimulator

    backend = QiskitBackend(AerSimulator(), shots=40, seed=1)
    plain = backend.expectation(CIRCUIT, z(0), ANGLES)
    whole = Ledgered(backend, folder).expectation(CIRCUIT, z(0), ANGLES)
    np.testing.assert_array_equal(whole.values, plain.values)
    parts = Ledgered(backend, folder, batch=2).expectation(CIRCUIT, z(0), ANGLES)
    assert [len(each.info["ledger"]) for each in (whole, parts)] == [1, 2]
    bits = Ledgered(backend, folder).sample(CIRCUIT, ANGLES, shots=7, seed=1)
    np.testing.assert_array_equal(bits, backend.sample(CIRCUIT, ANGLES, shots=7, seed=1))
    told = [show_job(folder, job["digest"])["prepared"] for job in list_circuit_jobs(folder)]
    assert all({"program.0", "angles.x", "angles.w"} <= set(each["arrays"]) for each in told)
    assert all(each["facts"]["transpiled"][0]["gates"] > 0 for each in told)
    np.testing.assert_array_equal(parts.values[:2], plain.values[:2])
    short = {"bits.0": np.zeros((2, 39, 1), np.uint8)}
    device = QiskitDevice(backend, 2)
    with pytest.raises(ValueError, match=r"as uint8 of shape \(2, 40, 1\).*is not used"):
        device.check(device.prepare(CIRCUIT, z(0), ANGLES)[0], short)


def test_simulators_of_one_name_are_told_apart_by_their_noise(folder):
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    def aer(error):
        noise = NoiseModel()
        noise.add_all_qubit_quantum_error(depolarizing_error(error, 1), ["rx", "u3", "u2", "rz"])
        return AerSimulator(noise_model=noise)

    targets = [AerSimulator(), aer(0.1), aer(0.9), aer(0.9)]
    targets += [GenericBackendV2(2, seed=seed) for seed in (1, 2, 2)]
    found = [
        Ledgered(QiskitBackend(each, shots=9), folder).expectation(CIRCUIT, z(0), ANGLES)
        for each in targets
    ]
    kept = [result.info["ledger"][0]["from_ledger"] for result in found]
    assert kept == [False, False, False, True, False, False, True]


def test_a_classifier_offloads_into_a_ledger(folder):
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    circuit_model = reuploading_model(1, n_qubits=1, n_layers=1)
    model = ReuploadingClassifier()  # as `fit` leaves it, without the time that fitting takes
    model.frozen_ = freeze(circuit_model, circuit_model.init(jax.random.key(0)), fit_scaler(x))
    model.n_features_in_ = 1
    backend = Density(shots=30, seed=1)
    plain = model.offload(x, backend)
    for known in (False, True):
        kept = model.offload(x, backend, jobs=folder)
        np.testing.assert_array_equal(kept.scores, plain.scores)
        assert [job["from_ledger"] for job in kept.result.info["ledger"]] == [known]


class Account:
    """IBM's service, as far as it knows a token."""

    def active_account(self):
        return {"token": TOKEN}


class Target:
    service = Account()


def test_no_secret_in_errors_and_logs(caplog, monkeypatch):
    import requests
    from qiskit_ibm_runtime import exceptions

    monkeypatch.setenv("QISKIT_IBM_TOKEN", "ANOTHER-" + TOKEN)
    log = logging.getLogger("qiskit_ibm_runtime.api.session")
    caplog.set_level(logging.DEBUG)
    cases = {
        requests.exceptions.ConnectTimeout: ConnectionRefusedError,
        requests.exceptions.ConnectionError: ConnectionError,
        exceptions.IBMNotAuthorizedError: PermissionError,
        exceptions.RuntimeJobMaxTimeoutError: RuntimeError,
        ValueError: ValueError,
    }

    @quietly(Target())
    def fail(error):
        log.debug("sent %s", TOKEN)
        raise error(f"Bearer ANOTHER-{TOKEN} and {TOKEN}")

    for error, wanted in cases.items():
        with pytest.raises(wanted) as caught:
            fail(error)
        assert TOKEN not in f"{caught.value} {caught.value.__cause__}"
        assert caught.value.__suppress_context__
    assert "sent [hidden]" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Failed to run program: '429 Client Error: Too Many Requests'", ConnectionRefusedError),
        ("Failed to run program: '503 Server Error: Unavailable'", ConnectionError),
        ("Failed to run program: 'Max retries exceeded'", ConnectionError),
        ("Failed to run program: '400 Client Error: Bad Request'", RuntimeError),
    ],
)
def test_faults_of_the_service_are_told_from_refusals(text, wanted):
    from qiskit_ibm_runtime.exceptions import IBMRuntimeError

    assert fault_kind(IBMRuntimeError(text))[0] is wanted


def test_a_remote_backend_is_not_pickled(machine, folder):
    with pytest.raises(TypeError, match="holds a token"):
        pickle.dumps(Ledgered(machine, folder))
    kept = Ledgered(Density(), folder, batch=2)
    assert pickle.loads(pickle.dumps(kept)) == kept
    assert isinstance(device_of(kept.backend), Here)
