"""A small server that answers D-Wave's real client as D-Wave's does, faults included."""

import base64
import json
import re
import threading
import time
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from annealing import qubo_from_matrix
from annealing.hardware.leap.annealer import LeapAnnealer
from annealing.hardware.ledger import list_jobs

TOKEN = "SECRET-0123456789abcdef"
TIMES = {"qpu_access_time": 16000.0, "qpu_anneal_time_per_sample": 20.0}


class Leap:
    """The server: problems by id, counters, and the faults to come."""

    def __init__(self):
        from dwave.cloud.testing import mocks

        self.solver = mocks.qpu_zephyr_solver_data(
            2, problem_timing_data=mocks.qpu_problem_timing_data()
        )
        self.solver["properties"]["parameters"]["annealing_time"] = "microseconds"
        self.token, self.times = TOKEN, TIMES
        self.jobs, self.sent, self.asked = {}, 0, 0
        self.status = "COMPLETED"  # of every job
        self.drop = {}  # {request: how many more are cut off}; "after" is a POST that was received
        self.refused = False
        self.mangle = lambda answer: answer

    def cut(self, request):
        self.drop[request] = self.drop.get(request, 0) - 1
        return self.drop[request] >= 0

    def submit(self, problem):
        self.sent += 1
        job = {"id": f"job-{self.sent}", "type": "ising", "submitted_on": "2026-01-01T00:00:00Z"}
        job |= {"label": problem["label"], "solver": self.solver["identity"]}
        self.jobs[job["id"]] = job | {"problem": problem}
        return self.view(job["id"])

    def view(self, name, full=False):
        job = {k: v for k, v in self.jobs[name].items() if k != "problem"}
        job["status"] = self.jobs[name].get("status", self.status)
        if job["status"] == "FAILED":
            job["error_message"] = f"the chip was on fire, said {TOKEN}"
        if full and job["status"] == "COMPLETED":
            job["answer"] = self.mangle(self.solve(self.jobs[name]["problem"]))
        return job

    def solve(self, problem):
        from dwave.samplers import SimulatedAnnealingSampler

        data = problem["data"]
        numbers = {k: np.frombuffer(base64.b64decode(data[k]), "<f8") for k in ("lin", "quad")}
        pairs = zip(self.solver["properties"]["qubits"], numbers["lin"], strict=True)
        h = {qubit: value for qubit, value in pairs if not np.isnan(value)}
        couplers = [c for c in self.solver["properties"]["couplers"] if c[0] in h and c[1] in h]
        couplings = dict(zip(map(tuple, couplers), numbers["quad"], strict=True))
        reads = problem["params"]["num_reads"]
        found = SimulatedAnnealingSampler().sample_ising(h, couplings, num_reads=reads, seed=1)
        found = found.aggregate()
        packed = np.packbits(found.record.sample[:, np.argsort(found.variables)] > 0, axis=1)
        plain = {"active_variables": np.array(sorted(h), "<i4"), "solutions": packed}
        plain |= {"energies": found.record.energy.astype("<f8")}
        plain |= {"num_occurrences": found.record.num_occurrences.astype("<i4")}
        text = {k: base64.b64encode(v.tobytes()).decode() for k, v in plain.items()}
        return {"format": "qp", "num_variables": 160, "timing": TIMES} | text


class Handler(BaseHTTPRequestHandler):
    """HTTP to and from the `Leap` that the server holds."""

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self):
        leap, url = self.server.leap, urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        if "/solvers/" in url.path:
            only = url.path.rstrip("/").endswith("mock")
            return self.reply("list", leap.solver if only else [leap.solver])
        leap.asked += 1
        if "label" in query:
            found = [j for j, job in leap.jobs.items() if job["label"] == query["label"]]
            return self.reply("list", [leap.view(j) for j in found])
        if "id" in query:
            time.sleep(0.02)
            return self.reply("poll", [leap.view(j) for j in query["id"].split(",")])
        return self.reply("answer", leap.view(url.path.rstrip("/").split("/")[-1], full=True))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "deflate":
            body = zlib.decompress(body)
        if self.server.leap.cut("before"):
            raise ConnectionAbortedError
        self.reply("after", [self.server.leap.submit(problem) for problem in json.loads(body)])

    def do_DELETE(self):
        name = self.path.rstrip("/").split("/")[-1]
        if self.server.leap.status == "PENDING":
            self.server.leap.jobs[name]["status"] = "CANCELLED"
        self.reply("delete", self.server.leap.view(name))

    def reply(self, request, content):
        if self.server.leap.cut(request):
            raise ConnectionAbortedError
        assert self.headers["X-Auth-Token"] == TOKEN
        refused = self.server.leap.refused
        body = json.dumps({"error_code": 401, "error_msg": TOKEN} if refused else content).encode()
        self.send_response(401 if refused else 200)
        self.send_header("Content-Type", re.split(",", self.headers["Accept"])[0])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path, caplog):
    """The server, the only one that D-Wave's client is configured for; no text holds the token."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads, http.leap = True, Leap()
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    (tmp_path / "dwave.conf").write_text("")
    for name, value in {
        "CONFIG_FILE": tmp_path / "dwave.conf",
        "CACHE_HOME": tmp_path / "cache",
        "API_TOKEN": TOKEN,
        "API_ENDPOINT": f"http://127.0.0.1:{http.server_port}/sapi/",
    }.items():
        monkeypatch.setenv(f"DWAVE_{name}", str(value))
    with caplog.at_level(1):
        yield http.leap
    http.shutdown()
    http.server_close()
    assert TOKEN not in caplog.text
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes(), path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "jobs"


@pytest.fixture
def annealer(folder):
    return LeapAnnealer(folder, waits=(0.0, 0.0), parameters={"annealing_time": 20.0})


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return qubo_from_matrix(rng.normal(size=(6, 6)), 1.5)


@pytest.fixture
def offline(annealer):
    """The same annealer with a client that must not be asked for."""

    def no_client():
        raise AssertionError("the network was used")

    return replace(annealer, client=no_client)


@pytest.fixture
def state(folder):
    """A function that gives the state of the only job in the ledger."""

    def read():
        (job,) = list_jobs(folder)
        return job["state"]

    return read
