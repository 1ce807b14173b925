"""What LeapAnnealer returns, refuses and keeps secret."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from annealing import Exhaustive, qubo_from_matrix
from annealing.hardware.credentials import leap_credentials
from annealing.hardware.ledger import list_jobs, read_state, show_job


def test_answer_is_real_and_repeated_from_the_ledger(server, annealer, offline, problem, caplog):
    samples = annealer.sample(problem, reads=30, seed=0)
    best = Exhaustive().sample(problem, reads=1, seed=0).energies[0]
    assert samples.energies[0] == pytest.approx(best)
    np.testing.assert_allclose(samples.energies, problem.energy(samples.bits))
    assert samples.occurrences.sum() == 30
    again = offline.sample(problem, reads=30, seed=0)
    np.testing.assert_array_equal(again.bits, samples.bits)
    np.testing.assert_array_equal(again.occurrences, samples.occurrences)
    assert again.info["job"].pop("from_ledger") is True
    assert samples.info["job"].pop("from_ledger") is False
    assert again.info == samples.info == json.loads(json.dumps(samples.info))
    assert server.sent == 1
    assert "[hidden]" in caplog.text  # D-Wave's client does log the token


def test_info_says_what_was_done(server, annealer, folder, problem):
    info = annealer.sample(problem, reads=30, seed=7).info
    (job,) = list_jobs(folder)
    assert info["simulated"] is False
    assert info["job"]["id"] == "job-1"
    assert info["job"]["digest"] == job["digest"]
    assert info["job"]["solver"] == info["effective"]["solver"] == "zephyr_160q_mock"
    assert info["job"]["found_by_label"] is False
    assert info["timing"] == server.times
    assert info["requested"]["seed"] == 7
    assert info["effective"]["seed"] is None
    assert info["effective"]["reads"] == 30
    assert 0 <= info["chain_break_fraction"] <= 1
    assert info["physical_variables"] >= info["logical_variables"] == 6
    # 15072.88 us to program and 30 reads of 20 us anneal, 20.54 us delay and the readout
    assert 0.0150 + 30 * 40e-6 < info["estimated_qpu_seconds"] < 0.0150 + 30 * 300e-6
    assert server.jobs["job-1"]["label"] == "qml-" + job["digest"]
    assert show_job(folder, job["digest"][:9])["answered"]["arrays"]["energies"][0] <= 30


def test_energies_in_the_ledger_are_those_of_the_physical_problem(
    server, annealer, folder, problem
):
    annealer.sample(problem, reads=30, seed=0)
    digest = list_jobs(folder)[0]["digest"]
    sent = read_state(folder, digest, "prepared").arrays
    got = read_state(folder, digest, "answered").arrays
    spins = np.zeros((len(got["spins"]), 160))
    spins[:, got["qubits"]] = got["spins"]
    energies = spins[:, sent["qubits"]] @ sent["h"]
    energies += (spins[:, sent["rows"]] * spins[:, sent["cols"]]) @ sent["couplings"]
    np.testing.assert_allclose(got["energies"], energies)


def test_another_seed_is_another_draw(server, annealer, folder, problem):
    for seed in (0, 1, 0):
        annealer.sample(problem, reads=5, seed=seed)
    assert server.sent == len(list_jobs(folder)) == 2


def test_refused_token_is_not_repeated(server, annealer, problem):
    server.refused = True
    with pytest.raises(PermissionError, match="refuses the token") as caught:
        annealer.sample(problem, reads=5, seed=0)
    assert server.token not in f"{caught.value!r} {caught.getrepr(chain=True)}"


def test_token_given_in_code_is_hidden_too(server, annealer, problem, monkeypatch):
    def client():
        raise OSError(f"cannot open a connection with {server.token}")

    with pytest.raises(RuntimeError, match=r"OSError: .* with \[hidden\]"):
        replace(annealer, client=client).sample(problem, reads=5, seed=0)


def test_no_credentials_no_network(server, annealer, folder, problem, monkeypatch):
    monkeypatch.delenv("DWAVE_API_TOKEN")
    assert leap_credentials()[0] is False
    with pytest.raises(ValueError, match="`dwave setup`, or set the variable DWAVE_API_TOKEN"):
        annealer.sample(problem, reads=5, seed=0)
    assert (server.asked, list_jobs(folder)) == (0, [])
    monkeypatch.setenv("DWAVE_PROFILE", "absent")
    assert "dwave setup" in leap_credentials()[1]


def test_credentials_are_named_but_not_shown(server):
    assert leap_credentials() == (True, "configured")


def test_unreachable_endpoint(server, annealer, folder, problem, monkeypatch):
    monkeypatch.setenv("DWAVE_API_ENDPOINT", "http://127.0.0.1:9/sapi/")
    with pytest.raises(ConnectionError, match="cannot be reached"):
        annealer.sample(problem, reads=5, seed=0)
    assert list_jobs(folder) == []


def test_ceiling_is_kept_before_anything_is_sent(server, annealer, folder, problem):
    with pytest.raises(ValueError, match=r"`max_qpu_seconds` is 0.001: nothing was sent"):
        replace(annealer, max_qpu_seconds=0.001).sample(problem, reads=5, seed=0)
    assert (server.asked, list_jobs(folder)) == (0, [])
    replace(annealer, max_qpu_seconds=0.1).sample(problem, reads=5, seed=0)
    del server.solver["properties"]["problem_timing_data"]
    shutil.rmtree(folder.parent / "cache")
    with pytest.raises(ValueError, match="an unknown time"):
        replace(annealer, max_qpu_seconds=0.1).sample(problem, reads=5, seed=1)
    assert server.sent == 1


def test_own_embedding_is_used(server, annealer, folder):
    problem = qubo_from_matrix([[1.0, -3.0], [0.0, 1.0]])
    a, b = server.solver["properties"]["couplers"][0]
    info = replace(annealer, embedding={0: [a], 1: [b]}).sample(problem, reads=3, seed=0).info
    assert info["physical_variables"] == 2
    with pytest.raises(ValueError, match="`embedding` must fit"):
        replace(annealer, embedding={0: [a], 1: [a]}).sample(problem, reads=3, seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": {"speed": 3}}, "parameters of zephyr_160q_mock, but has speed"),
        ({"parameters": {"num_reads": 3}}, "must not hold 'num_reads'"),
        ({"chain_strength": -1.0}, "`chain_strength` must be positive"),
        ({"chain_strength": max}, "not a function"),
        ({"deadline": 0.0}, "`deadline` must be positive"),
        ({"embedding": {0: [1]}}, "keys 0 to 5"),
    ],
)
def test_bad_requests_are_refused_before_anything_is_sent(
    server, annealer, folder, problem, changes, message
):
    with pytest.raises(ValueError, match=message):
        replace(annealer, **changes).sample(problem, reads=5, seed=0)
    assert (server.asked, list_jobs(folder)) == (0, [])


def test_more_reads_than_a_job_may_have_are_refused(server, annealer, problem):
    with pytest.raises(ValueError, match="from 1 to 10000 on zephyr_160q_mock"):
        annealer.sample(problem, reads=10001, seed=0)
    with pytest.raises(ValueError, match="must have a variable"):
        annealer.sample(qubo_from_matrix(np.zeros((0, 0))), reads=1, seed=0)
