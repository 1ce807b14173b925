"""What a ledger asks of whatever runs circuits: questions and answers as plain data.

A call becomes parts. A device `here` answers a part while one waits; a remote one is sent it, gives
an id, and is asked for the answer by that id, later and by another process if need be.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from circuits import Circuit, PauliSum, Result

WAITS = (1.0, 4.0, 16.0)  # seconds before each new try after a fault of the network
# What a job and a shot take of a superconducting processor, and who says so; see `qpu_seconds`.
JOB_SECONDS, SHOT_SECONDS = 2.0, 350e-6
ESTIMATED_BY = "2 s a job and 0.35 ms a shot, IBM Quantum Documentation as of 2025"
CHUNK = 1024  # sets of angles, where nobody says otherwise and no device has a limit
Arrays = Mapping[str, npt.NDArray[Any]]


class Part(NamedTuple):
    """What is asked at once.

    `request` is JSON, and with the arrays named "angles.…" the identity of the question; `facts`
    is JSON that may differ between two preparations; `arrays` hold numbers only.
    """

    request: Mapping[str, Any]
    facts: Mapping[str, Any]
    arrays: Arrays


class Answer(NamedTuple):
    """A part, the `raw` arrays that came back, and `facts`: "seconds" by stage, and others."""

    part: Part
    raw: Arrays
    facts: Mapping[str, Any]


class Cost(NamedTuple):
    """What a part takes: circuits (bases times sets of angles), shots, estimated QPU seconds."""

    circuits: int
    shots: int
    qpu_seconds: float


def qpu_seconds(jobs: int, shots: int) -> float:
    """Estimate the time that a superconducting processor is taken up by some jobs with some shots.

    The one estimate there is: ceilings, tables and prices all take it. It is for IBM's default
    repetition delay and no mitigation of the vendor's; the true figure is on the bill.

    Args:
        jobs: that are sent.
        shots: of all their circuits together.

    Source:
        IBM Quantum Documentation, "Estimate job run time", as of 2025: 2 s a job, and for each
        shot the delay of 250 us and about 100 us for the circuit.

    >>> qpu_seconds(1, 10_000)
    5.5
    """
    return JOB_SECONDS * jobs + SHOT_SECONDS * shots


class Device(Protocol):
    """What every device does; `remote` says which of the two protocols below it follows."""

    @property
    def remote(self) -> bool:
        """Whether a job outlives the process that sent it."""
        ...

    def prepare(
        self,
        circuit: Circuit,
        observables: PauliSum | Iterable[PauliSum],
        angles: Mapping[str, Any],
    ) -> Sequence[Part]:
        """Cut a call of `Backend.expectation` into parts; nothing is sent."""
        ...

    def prepare_samples(
        self, circuit: Circuit, angles: Mapping[str, Any], shots: int, seed: int
    ) -> Sequence[Part]:
        """Cut a call of `Backend.sample` into parts; nothing is sent."""
        ...

    def cost(self, part: Part) -> Cost:
        """Say what a part would take, before it is sent."""
        ...

    def check(self, part: Part, raw: Arrays) -> None:
        """Raise ValueError where an answer is not to the question."""
        ...

    def finish(self, answers: Sequence[Answer]) -> Result:
        """Join the answers to all parts of `prepare`."""
        ...

    def finish_samples(self, answers: Sequence[Answer]) -> npt.NDArray[np.uint8]:
        """Join the answers to all parts of `prepare_samples`."""
        ...


class LocalDevice(Device, Protocol):
    """A device whose jobs live and die with this process."""

    def run(self, part: Part) -> tuple[Arrays, Mapping[str, Any]]:
        """Answer a part: arrays, and facts."""
        ...


class RemoteDevice(Device, Protocol):
    """A device that keeps its jobs.

    Where it is not `tagged`, a job whose id was lost on the way is never sent again by itself.
    Each method raises ConnectionRefusedError where its request surely did not arrive,
    ConnectionError where that is not known, and no text of an error holds a secret.
    """

    @property
    def tagged(self) -> bool:
        """Whether a job is found by its tag."""
        ...

    def sending(self) -> AbstractContextManager[Any]:
        """Enter the mode in which jobs are sent; yields `inside` of `send`."""
        ...

    def send(self, part: Part, tag: str, inside: Any) -> str:
        """Send a part under a tag and return its id."""
        ...

    def find(self, tag: str) -> Sequence[str]:
        """Ids of the jobs with this tag that were or will be answered, the earliest first."""
        ...

    def fetch(
        self, part: Part, job: str, timeout: float | None
    ) -> tuple[Arrays, Mapping[str, Any]]:
        """Wait for the answer to a part, and for facts on it.

        Raises TimeoutError after that many seconds, RuntimeError where the job failed or was
        cancelled, LookupError where there is no such job.
        """
        ...

    def status(self, job: str) -> str:
        """Return "queued", "running", "done", "failed" or "cancelled"."""
        ...

    def cancel(self, job: str) -> None:
        """Ask for a job to be stopped."""
        ...
