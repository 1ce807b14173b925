"""Jobs as plain data: cut, sent, fetched and finished, with stand-ins for devices and services."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import qiskit_ibm_runtime
import requests
from qiskit.primitives import PrimitiveJob
from qiskit_aer import AerSimulator

from circuits import Exact, QiskitBackend, build_circuit, gate, pauli, z
from circuits.on_qiskit import ibm_credentials, open_target
from circuits.on_qiskit.jobs import (
    cancel,
    drawings,
    execution_mode,
    fetch,
    find,
    finish,
    finish_samples,
    prepare,
    prepare_samples,
    status,
    submit,
)
from circuits.on_qiskit.splitting import Limits, split

OBSERVABLES = [z(0), pauli("XY", (0, 1)) + 0.5, pauli("Z", 1)]


@pytest.fixture(scope="module")
def circuit():
    gates = [gate("ry", 0, angle=("x", 0)), gate("cx", 0, 1), gate("rx", 1, angle=("w", 0))]
    return build_circuit(gates)


@pytest.fixture(scope="module")
def angles():
    return {"x": np.linspace(-2, 2, 10)[:, None], "w": [0.7]}


def plain(part):
    """The part as a ledger would give it back: JSON read again, arrays copied."""
    facts = (json.loads(json.dumps(each)) for each in part[:2])
    return type(part)(*facts, {name: array.copy() for name, array in part.arrays.items()})


@pytest.mark.parametrize(
    "backend",
    [
        QiskitBackend(max_sets=3),
        QiskitBackend(AerSimulator(), 200, seed=5, max_sets=7, max_shots=90),
    ],
)
def test_steps_of_plain_data_give_what_the_backend_gives(backend, circuit, angles):
    parts = [plain(part) for part in prepare(backend, circuit, OBSERVABLES, angles)]
    raws = [fetch(backend, submit(backend, part)) for part in parts]
    assert all(array.dtype.kind in "uif" for raw in raws for array in raw.values())
    result = finish(parts, raws, seconds=1.0)
    expected = backend.expectation(circuit, OBSERVABLES, angles)
    assert np.array_equal(result.values, expected.values)
    assert np.array_equal(result.std, expected.std)
    assert result.info["effective"] == expected.info["effective"]
    assert result.info["seconds"].pop("execute") == 1.0
    assert min(map(result.info["seconds"].pop, ("transpile", "post-process"))) > 0
    assert result.info["seconds"] == {}
    assert finish(parts[::-1], raws[::-1]).values.tolist() == result.values.tolist()


def test_equal_questions_have_equal_requests(circuit, angles):
    backend = QiskitBackend(AerSimulator(), max_sets=4)
    first, again = (prepare(backend, circuit, OBSERVABLES, angles) for _ in range(2))
    assert [part.request for part in first] == [part.request for part in again]
    assert len({json.dumps(part.request) for part in first}) == len(first) > 1
    other = prepare(QiskitBackend(AerSimulator(), seed=1), circuit, OBSERVABLES, angles)
    assert other[0].request != first[0].request


@pytest.mark.parametrize("limits", [Limits(1, 1), Limits(2, 7), Limits(5, None), Limits(None, 3)])
def test_parts_hold_everything_once_within_the_limits(limits):
    held = np.zeros((3, 4, 10), int)
    for part in split(3, 4, 10, limits):
        held[list(part.bases), slice(*part.rows), slice(*part.shots)] += 1
        size = len(part.bases) * (part.rows[1] - part.rows[0])
        assert size <= (limits.sets or size)
        assert part.shots[1] - part.shots[0] <= (limits.shots or 10)
    assert np.all(held == 1)


def test_a_device_that_takes_few_circuits_gets_several_jobs(circuit, angles):
    few = AerSimulator()
    few._configuration.max_experiments = 8
    result = QiskitBackend(few, shots=4000, seed=1).expectation(circuit, OBSERVABLES, angles)
    assert result.info["effective"]["jobs"] == 3
    exact = Exact().expectation(circuit, OBSERVABLES, angles).values
    assert np.abs(result.values - exact).max() < 5 / np.sqrt(4000)
    assert len(np.unique(result.values[:, 1])) == 10


def test_a_batch_that_no_parameter_changes_is_drawn_for_each_set():
    circuit = build_circuit([gate("h", 0)], segments={"unused": 1})
    backend = QiskitBackend(AerSimulator(), shots=4000)
    parts = prepare(backend, circuit, [z(0), pauli("X", 0)], {"unused": np.zeros((3, 1))})
    assert [parts[0].arrays[f"values.{index}"].shape for index in (0, 1)] == [(3, 0), (3, 0)]
    raws = [fetch(backend, submit(backend, part)) for part in parts]
    assert len(raws[0]) == 6
    result = finish(parts, raws)
    assert np.all(np.abs(result.values - [0, 1]) < 4.5 * result.std)
    assert len(np.unique(result.values[:, 0])) == 3


def test_jobs_of_the_same_angles_draw_independently(circuit):
    same = {"x": np.full((4, 1), 1.0), "w": [0.7]}
    backend = QiskitBackend(AerSimulator(), max_sets=2, max_shots=50)
    bits = backend.sample(circuit, same, shots=100, seed=3)
    blocks = [bits[row, shot : shot + 50].tobytes() for row in range(4) for shot in (0, 50)]
    assert len(set(blocks)) == 8


def test_samples_come_in_steps_too(circuit, angles):
    backend = QiskitBackend(shots=None)
    parts = prepare_samples(backend, circuit, angles, 30, 2)
    raws = [fetch(backend, submit(backend, part)) for part in parts]
    bits = finish_samples(parts, raws)
    assert np.array_equal(bits, backend.sample(circuit, angles, shots=30, seed=2))


def test_answers_that_are_not_what_was_asked_are_refused(circuit, angles):
    backend = QiskitBackend(AerSimulator(), 20, max_sets=10)
    parts = prepare(backend, circuit, OBSERVABLES, angles)
    raws = [fetch(backend, submit(backend, part)) for part in parts]
    with pytest.raises(ValueError, match=r"must return uint8 bits of shape \(5, 20, 1\) .* \(4, "):
        finish(parts, [{name: bits[1:] for name, bits in raw.items()} for raw in raws])
    with pytest.raises(ValueError, match=r"but returned float64 of shape \(0,\)"):
        finish(parts, [{} for _ in raws])
    with pytest.raises(ValueError, match="must hold all parts of what was asked, but 1 of 2"):
        finish(parts[1:], raws[1:])
    exact = prepare(QiskitBackend(), circuit, OBSERVABLES, angles)
    with pytest.raises(ValueError, match=r"finite values of shape \(10, 3\), .* with NaN"):
        finish(exact, [{"values": np.full((10, 3), np.nan)}])


def test_a_job_of_a_simulator_is_fetched_once_and_in_its_process(circuit, angles):
    backend = QiskitBackend(AerSimulator(), 20)
    (part,) = prepare(backend, circuit, z(0), angles)
    name = submit(backend, part)
    assert status(backend, name) in ("queued", "running", "done")
    fetch(backend, name, timeout=60)
    with pytest.raises(LookupError, match="is fetched once; submit it again"):
        fetch(backend, name)
    assert find(backend, "any") == []


def test_a_job_that_takes_too_long_is_left_alone(circuit, angles, monkeypatch):
    backend = QiskitBackend(AerSimulator(), 20)
    (part,) = prepare(backend, circuit, z(0), angles)
    name = submit(backend, part)
    with monkeypatch.context() as slow:
        slow.setattr(PrimitiveJob, "in_final_state", lambda job: False)
        with pytest.raises(TimeoutError, match=r"has not answered within 0.02 s"):
            fetch(backend, name, timeout=0.02)
    assert set(fetch(backend, name)) == {"bits.0"}


class Service:
    """IBM's service as far as jobs go: each has an id, tags and a status."""

    def __init__(self):
        self.kept = {}

    def job(self, name):
        if name not in self.kept:
            raise qiskit_ibm_runtime.RuntimeJobNotFound(name)
        return self.kept[name]

    def jobs(self, job_tags, limit, descending):
        assert (limit, descending) == (None, False)
        return [job for job in self.kept.values() if set(job_tags) <= set(job.tags)]


def remote_job(name, tags, stated, result=None):
    def answer(timeout=None):
        if isinstance(result, Exception):
            raise result
        return result

    def stop():
        job.stated = "CANCELLED"

    job = SimpleNamespace(tags=tags, stated=stated, result=answer, cancel=stop)
    job.job_id, job.status = lambda: name, lambda: job.stated
    return job


@pytest.fixture
def ibm(monkeypatch):
    """A backend whose target passes for a device of IBM's, and its service."""
    target = AerSimulator()
    monkeypatch.setattr(qiskit_ibm_runtime, "IBMBackend", AerSimulator)
    target.service = Service()
    return QiskitBackend(target, 20), target.service.kept


def test_jobs_of_ibm_are_found_again_in_another_process(ibm, circuit, angles):
    backend, kept = ibm
    bits = np.zeros((10, 20, 1), np.uint8)
    answer = [SimpleNamespace(data=SimpleNamespace(meas=SimpleNamespace(array=bits)))]
    kept["a"] = remote_job("a", ["mine"], "ERROR")
    kept["b"] = remote_job("b", ["mine"], "QUEUED", answer)
    kept["c"] = remote_job("c", ["other"], "DONE", answer)
    assert find(backend, "mine") == ["b"]
    assert status(backend, "b") == "queued"
    (part,) = prepare(backend, circuit, z(0), angles)
    assert finish([part], [fetch(backend, "b", timeout=3)]).values.tolist() == [[1.0]] * 10
    cancel(backend, "b")
    assert status(backend, "b") == "cancelled"
    with pytest.raises(LookupError, match="IBM's service has no job 'x'"):
        fetch(backend, "x")


def test_jobs_of_ibm_that_give_nothing_say_why(ibm):
    backend, kept = ibm
    failures = qiskit_ibm_runtime.exceptions
    kept["f"] = remote_job("f", [], "ERROR", failures.RuntimeJobFailureError("out of helium"))
    kept["t"] = remote_job("t", [], "QUEUED", failures.RuntimeJobTimeoutError("late"))
    with pytest.raises(RuntimeError, match=r"Job f gave no result: .*out of helium"):
        fetch(backend, "f")
    with pytest.raises(TimeoutError, match="Job t has not answered within 3 s"):
        fetch(backend, "t", timeout=3)


def test_options_and_tags_reach_ibms_sampler(ibm, circuit, angles, monkeypatch):
    from qiskit_ibm_runtime import executor_sampler

    backend, _ = ibm
    given = {}

    def sampler(mode, options):
        given.update(options=options, mode=mode)
        run = lambda pubs, shots: given.update(shots=shots) or remote_job("n", [], "QUEUED")  # noqa: E731
        return SimpleNamespace(run=run)

    monkeypatch.setattr(executor_sampler, "Sampler", sampler)
    options = {"twirling": {"enable_gates": True}, "environment": {"job_tags": ["theirs"]}}
    backend = QiskitBackend(backend.target, 20, options=options)
    (part,) = prepare(backend, circuit, z(0), angles)
    with execution_mode(backend) as inside:
        assert submit(backend, part, tags=["ours"], inside=inside) == "n"
    assert given["shots"] == 20
    assert given["mode"] is backend.target
    assert given["options"]["environment"] == {"job_tags": ["theirs", "ours"]}
    assert part.facts["options"]["twirling"] == {"enable_gates": True}
    assert (part.facts["ignored"], part.facts["simulated"]) == ([], False)


def test_no_credentials_and_no_network_are_one_sentence(monkeypatch):
    service = qiskit_ibm_runtime.QiskitRuntimeService
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    monkeypatch.setattr(service, "saved_accounts", staticmethod(dict))
    assert ibm_credentials()[0] is False
    with pytest.raises(ValueError, match="No credentials for IBM's 'ibm_x' found: save a token"):
        open_target("ibm_x")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "secret")

    def refuse(*_, **__):
        raise requests.exceptions.ConnectionError("no route")

    monkeypatch.setattr(service, "__init__", refuse)
    with pytest.raises(ConnectionError, match="cannot be reached to open 'ibm_x': check the netw"):
        open_target("ibm_x")
    with pytest.raises(ValueError, match="no fake backend 'fake_x'"):
        open_target("fake_x")
    assert open_target(None) is None
    assert open_target("aer").num_qubits > 5


def test_drawings_show_each_basis_on_its_physical_qubits_in_ascii():
    circuit = build_circuit([gate("h", 0), gate("rx", 1, angle=("x", 0)), gate("cx", 0, 1)])
    backend = QiskitBackend(open_target("fake_manila"), initial_layout=(3, 2))
    (part,) = prepare(backend, circuit, [z(0), pauli("X", 0)], {"x": [[0.1], [0.2]]})
    first, second = drawings(plain(part))
    assert first != second
    for drawn in (first, second):
        assert drawn.isascii()
        assert "q_0 -> 3" in drawn
        assert "q_1 -> 2" in drawn
        assert "-> 4" not in drawn
    boxes = [line for line in first.splitlines() if "pi" in line and "|" in line]
    assert boxes
    assert max(map(len, drawings(part, width=60)[0].splitlines())) <= 60
