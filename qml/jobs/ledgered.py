"""A backend whose questions and answers stand in a ledger, so that nothing is paid for twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from annealing import ledger, patience
from circuits import Circuit, PauliSum, QiskitBackend, Result
from qml.jobs.here import Here
from qml.jobs.on_qiskit import QiskitDevice
from qml.jobs.protocol import CHUNK, WAITS, Answer, Cost, Device, Part, RemoteDevice
from qml.jobs.steps import answer, digest_of, is_lost, receive, record, refuse_ended, send


@dataclass(frozen=True)
class Ledgered:
    """A backend around a backend: each call is kept on disk, and taken up where it was stopped.

    Before anything is sent, all of it is written down: angles, circuit, what the device makes of
    it, options, calibration; then the id of each job; then each answer as it came. The same call
    sends what was never sent, waits for what is running, and reads the rest. It is a `Backend`:
    ``qml.infer(model, params, x, Ledgered(backend, "jobs"))``. The same question is asked once:
    where a device should answer it again, use another ledger, or another seed of the backend.

    `info["ledger"]` lists digest, id and whether the answer was there already; "circuits",
    "total_shots" and "estimated_qpu_seconds" (see `qpu_seconds`) are those of the call.

    Args:
        backend: any backend; those on devices of IBM, and of providers with `retrieve_job`,
            survive as jobs there, all others are run while one waits and lose at most the chunk in
            work. Or a `qml.jobs.Device`.
        folder: the ledger; one for all jobs is best.
        batch: most sets of angles in a job or chunk; by default what a device of IBM's allows,
            and 1024 elsewhere. Chunks after the first have seeds of their own.
        deadline: seconds after which a call stops waiting; jobs go on, and so does the same call.
        max_shots: refuse a call that takes more in all, answered parts included.
        max_qpu_seconds: refuse a call whose estimated time on the processor is longer.
        about: JSON to keep beside each job, such as the checkpoint's digest.
        waits: seconds before each new try after a fault of the network.

    >>> from tempfile import TemporaryDirectory
    >>> from circuits import Shots, build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> with TemporaryDirectory() as folder:
    ...     backend = Ledgered(Shots(100), folder, batch=2)
    ...     first = backend.expectation(circuit, z(0), {"w": np.ones((3, 1))})
    ...     again = backend.expectation(circuit, z(0), {"w": np.ones((3, 1))})
    >>> [job["from_ledger"] for job in again.info["ledger"]], first.info["total_shots"]
    ([True, True], 300)
    """

    backend: Any
    folder: str | Path
    batch: int | None = None
    deadline: float | None = None
    max_shots: int | None = None
    max_qpu_seconds: float | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    waits: tuple[float, ...] = WAITS

    def __post_init__(self) -> None:
        for name in ("batch", "deadline", "max_shots", "max_qpu_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Argument `{name}` must be positive, but is {value}.")

    def __getstate__(self) -> dict[str, Any]:
        if device_of(self.backend).remote:
            raise TypeError("A remote backend is not pickled, as it holds a token; open it anew.")
        return dict(self.__dict__)

    def expectation(
        self,
        circuit: Circuit,
        observables: PauliSum | Iterable[PauliSum],
        angles: Mapping[str, Any],
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`.

        Raises:
            ValueError: the request is malformed or too dear, or a file of the ledger is damaged
                (nothing was sent); or an answer is not to the question.
            TimeoutError: no answer before the deadline; call again.
            ConnectionError: the device cannot be reached; call again.
            RuntimeError: a job failed or was cancelled, and `set_aside` allows another; or it is
                not known whether it was sent, as its id was lost and the device has no tags.
        """
        device = device_of(self.backend, self.batch)
        parts = device.prepare(circuit, observables, angles)
        answers, jobs = self._answers(device, parts)
        start = perf_counter()
        result = device.finish(answers)
        spent = _summed(answers)
        spent["post-process"] = spent.get("post-process", 0.0) + perf_counter() - start
        seconds = {**result.info.get("seconds", {}), **spent}
        cost = total_cost(device, parts)
        kept = {"ledger": jobs, "seconds": seconds, "circuits": cost.circuits}
        kept |= {"total_shots": cost.shots, "estimated_qpu_seconds": cost.qpu_seconds}
        return result._replace(info=result.info | kept)

    def sample(
        self, circuit: Circuit, angles: Mapping[str, Any], *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return measured bits (b, shots, n); see `Backend`, and `expectation` for errors."""
        device = device_of(self.backend, self.batch)
        parts = device.prepare_samples(circuit, angles, shots, seed)
        return device.finish_samples(self._answers(device, parts)[0])

    def _answers(self, device: Device, parts: Sequence[Part]) -> tuple[list[Answer], list[dict]]:
        """Bring every part to its end, each as far as that is still to be done."""
        until = patience.time_limit(self.deadline)
        states = [ledger.state_of(self.folder, digest_of(part)) for part in parts]
        if self.is_unpaid(parts):
            self.check_ceiling(total_cost(device, parts))
        digests = [
            record(self.folder, part, device.cost(part), self.about, until) for part in parts
        ]
        lost = any(is_lost(self.folder, digest, until) for digest in digests)
        if not lost and not set(states) & set(ledger.ENDED_BADLY):  # else pay for nothing more
            self._send(device, digests, until)
        for digest in digests:
            receive(device, self.folder, digest, until, self.waits)
        for digest in digests:
            refuse_ended(self.folder, digest)
        answers = [answer(self.folder, digest) for digest in digests]
        jobs = [
            {"digest": digest, "id": job_id(self.folder, digest), "from_ledger": was == "answered"}
            for digest, was in zip(digests, states, strict=True)
        ]
        return answers, jobs

    def _send(self, device: Device, digests: Sequence[str], until: float) -> None:
        unsent = [each for each in digests if ledger.state_of(self.folder, each) == "prepared"]
        if not device.remote or not unsent:
            return
        remote = cast(RemoteDevice, device)
        with remote.sending() as inside:
            for digest in unsent:
                send(remote, self.folder, digest, inside, until, self.waits)

    def is_unpaid(self, parts: Sequence[Part]) -> bool:
        """Whether any part has not been sent yet."""
        states = {ledger.state_of(self.folder, digest_of(part)) for part in parts}
        return bool({None, "prepared"} & states)

    def check_ceiling(self, cost: Cost) -> None:
        """Raise ValueError where something takes more than `max_shots` or `max_qpu_seconds`."""
        for name, most, needed, unit in (
            ("max_shots", self.max_shots, cost.shots, "shots"),
            ("max_qpu_seconds", self.max_qpu_seconds, cost.qpu_seconds, "QPU seconds (estimated)"),
        ):
            if most is not None and needed > most:
                raise ValueError(
                    f"The call would take {needed:.6g} {unit}, and `{name}` is {most}: nothing "
                    "was sent. Ask for fewer shots or events, or raise it."
                )


def device_of(backend: Any, batch: int | None = None) -> Device:
    """A backend as a device of the ledger, cut into chunks of `batch`; a device stays as it is.

    >>> from circuits import Exact
    >>> type(device_of(Exact())).__name__
    'Here'
    """
    if isinstance(backend, Ledgered):
        raise ValueError("Argument `backend` must not be in a ledger already; give the inner one.")
    if isinstance(backend, QiskitBackend) and backend.target is not None:
        return QiskitDevice(backend, batch)
    return cast(Device, backend) if hasattr(backend, "prepare") else Here(backend, batch or CHUNK)


def total_cost(device: Device, parts: Sequence[Part]) -> Cost:
    """What all parts take."""
    return Cost(*map(sum, zip(*map(device.cost, parts), strict=True)))


def job_id(folder: str | Path, digest: str) -> str | None:
    """The vendor's id of a job; None where it was not sent, or ran here."""
    if not (Path(folder) / digest / "submitted.json").exists():
        return None
    return ledger.read_state(folder, digest, "submitted").facts["id"]


def _summed(answers: Sequence[Answer]) -> dict[str, float]:
    """Seconds of each stage over all answers, as they were when these came."""
    total: dict[str, float] = {}
    for each in answers:
        for stage, seconds in each.facts.get("seconds", {}).items():
            total[stage] = total.get(stage, 0.0) + (seconds or 0.0)
    return total
