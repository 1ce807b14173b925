"""A vendor in software: it keeps jobs, counts every shot it was paid for, and fails on demand."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from annealing import ledger
from circuits import Result, build_circuit, gate, pauli, z
from qml.jobs import Ledgered
from qml.jobs.here import Here

CIRCUIT = build_circuit([gate("rx", 0, angle=("x", 0)), gate("cx", 0, 1)])
OBSERVABLES = (z(0), pauli("XY", (0, 1)))
ANGLES = {"x": np.linspace(0, 3, 5)[:, None]}
SHOTS = 20


@dataclass(frozen=True)
class Draws:
    """A backend that takes no time: cosines of the angles with the noise of its shots."""

    shots: int = SHOTS
    seed: int = 3

    def expectation(self, circuit, observables, angles):
        rng = np.random.default_rng(self.seed)
        noise = rng.normal(size=(len(angles["x"]), len(observables))) / self.shots
        values = np.cos(angles["x"]) + noise
        info = {"backend": "Draws", "shots": self.shots, "seconds": {"execute": 0.5}}
        return Result(values, np.full(values.shape, 0.1), info)

    def sample(self, circuit, angles, *, shots, seed):
        rng = np.random.default_rng(seed)
        return rng.integers(0, 2, (len(angles["x"]), shots, 2), dtype=np.uint8)


class Vendor:
    """Jobs by id, counters, and a log of all that happens, any step of which can be made to fail.

    `fault` is (number of the step, "before" or "after" its effect, exception).
    """

    def __init__(self):
        self.jobs, self.shots, self.steps = {}, 0, []
        self.fault = None
        self.written = None  # the last file with the facts of a state
        self.broken = {}  # {step: exceptions to come}
        self.mangle = lambda raw: raw
        self.end = "done"

    def step(self, name, action):
        number = len(self.steps)
        self.steps.append(name)
        at, moment, error = self.fault or (-1, None, KeyError())
        if self.broken.get(name):
            raise self.broken[name].pop(0)
        if (at, moment) == (number, "before"):
            raise error
        result = action()
        if (at, moment) == (number, "after"):
            raise error
        return result

    @property
    def sent(self):
        return len(self.jobs)


class Machine(Here):
    """The vendor's device; what it answers is drawn here."""

    remote = tagged = True

    def __init__(self, vendor):
        super().__init__(Draws(), batch=2)
        self.vendor = vendor

    def cost(self, part):
        return super().cost(part)._replace(qpu_seconds=2.0)

    @contextmanager
    def sending(self):
        yield "inside"

    def send(self, part, tag, inside):
        assert inside == "inside"
        return self.vendor.step("send", lambda: self._take(part, tag))

    def _take(self, part, tag):
        name = f"job-{self.vendor.sent}"
        self.vendor.jobs[name] = {"part": part, "tag": tag, "status": self.vendor.end}
        self.vendor.shots += self.cost(part).shots
        return name

    def find(self, tag):
        alive = [
            name
            for name, job in self.vendor.jobs.items()
            if job["tag"] == tag and job["status"] not in ("failed", "cancelled")
        ]
        return self.vendor.step("find", lambda: alive)

    def fetch(self, part, job, timeout):
        if job not in self.vendor.jobs:
            raise LookupError(f"There is no job {job!r}.")
        if self.vendor.jobs[job]["status"] in ("failed", "cancelled"):
            raise RuntimeError("the fridge is warm")
        if self.vendor.jobs[job]["status"] == "queued":
            raise TimeoutError(f"not within {timeout} s")
        raw, facts = self.run(self.vendor.jobs[job]["part"])
        return self.vendor.step("fetch", lambda: (self.vendor.mangle(raw), facts))

    def status(self, job):
        return self.vendor.jobs[job]["status"]

    def cancel(self, job):
        self.vendor.step("cancel", lambda: self.vendor.jobs[job].update(status="cancelled"))


@pytest.fixture
def vendor(monkeypatch):
    """A vendor whose log holds what is written to the disk too."""
    vendor, write = Vendor(), ledger.write_state

    def logged(folder, digest, state, *rest):
        def written():
            vendor.written = write(folder, digest, state, *rest)
            return vendor.written

        return vendor.step(f"write {state}", written)

    monkeypatch.setattr(ledger, "write_state", logged)
    return vendor


@pytest.fixture
def machine(vendor):
    """The vendor's device."""
    return Machine(vendor)


@pytest.fixture
def folder(tmp_path):
    """A ledger."""
    return tmp_path / "jobs"


@pytest.fixture
def ask(machine, folder):
    """The call that everything here is about."""

    def call(**options):
        backend = Ledgered(machine, folder, waits=(0.0, 0.0), **options)
        return backend.expectation(CIRCUIT, OBSERVABLES, ANGLES)

    return call


@pytest.fixture(scope="session")
def wanted():
    """The values of a call to which nothing happened."""
    device = Here(Draws(), batch=2)
    parts = device.prepare(CIRCUIT, OBSERVABLES, ANGLES)
    return np.concatenate([device.run(part)[0]["values"] for part in parts])
