"""Qiskit backends as devices of the ledger: IBM and others keep jobs, simulators run at once.

A token is where the vendor's own client reads it (a variable, or its file of accounts) and nowhere
in what is written down. IBM finds a job by a tag of ours; a provider with `retrieve_job` only by
the id that it gave, so that what was sent is not known where we are killed before that is written.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits import Circuit, PauliSum, QiskitBackend, Result, check_observables, measurement_groups
from circuits.on_qiskit import jobs
from circuits.on_qiskit.targets import keeps_jobs, simulator_facts
from qml.jobs.ibm_faults import quietly
from qml.jobs.protocol import CHUNK, Answer, Arrays, Cost, Part, qpu_seconds
from qml.jobs.provider_faults import provider_quietly


class QiskitDevice:
    """A `QiskitBackend` with a target, at most `batch` sets of angles a job.

    By default the limits of a device of IBM's hold, and chunks as for other simulators.
    """

    def __init__(self, backend: QiskitBackend, batch: int | None = None) -> None:
        self.backend, self.batch = backend, batch

    @property
    def remote(self) -> bool:
        """Whether it is a device of IBM's, or of another provider that keeps its jobs."""
        return self.tagged or self.provider != ""

    @property
    def tagged(self) -> bool:
        """Whether it is a device of IBM's."""
        from circuits.on_qiskit.targets import is_ibm

        return is_ibm(self.backend.target)

    @property
    def provider(self) -> str:
        """The package of a provider that keeps its jobs; "" for IBM's, and where none does."""
        target = self.backend.target
        return type(target).__module__.split(".")[0] if keeps_jobs(target) else ""

    def prepare(
        self,
        circuit: Circuit,
        observables: PauliSum | Iterable[PauliSum],
        angles: Mapping[str, Any],
    ) -> Sequence[Part]:
        """See `Device`."""
        checked = check_observables(observables, circuit.n_qubits)
        backend = self._limited(len(measurement_groups(checked)))
        with self._quietly():
            return self._parts(jobs.prepare(backend, circuit, checked, angles))

    def prepare_samples(
        self, circuit: Circuit, angles: Mapping[str, Any], shots: int, seed: int
    ) -> Sequence[Part]:
        """See `Device`."""
        with self._quietly():
            limited = self._limited(1)
            return self._parts(jobs.prepare_samples(limited, circuit, angles, shots, seed))

    def cost(self, part: Part) -> Cost:
        """See `Device`; a simulator is counted as the device that it stands for."""
        rows, shots = _sizes(part)
        circuits = rows * len(part.request["part"]["bases"])
        return Cost(circuits, circuits * shots, qpu_seconds(1, circuits * shots))

    def run(self, part: Part) -> tuple[Arrays, Mapping[str, Any]]:
        """See `LocalDevice`."""
        return jobs.fetch(self.backend, jobs.submit(self.backend, _plain(part))), {}

    @contextmanager
    def sending(self) -> Iterator[Any]:
        """See `RemoteDevice`."""
        with self._quietly(), jobs.execution_mode(self.backend) as inside:
            yield inside

    def send(self, part: Part, tag: str, inside: Any) -> str:
        """See `RemoteDevice`."""
        with self._quietly():
            return jobs.submit(self.backend, _plain(part), tags=[tag], inside=inside)

    def find(self, tag: str) -> Sequence[str]:
        """See `RemoteDevice`."""
        with self._quietly():
            return jobs.find(self.backend, tag)

    def fetch(
        self, part: Part, job: str, timeout: float | None
    ) -> tuple[Arrays, Mapping[str, Any]]:
        """See `RemoteDevice`."""
        with self._quietly():
            raw = jobs.fetch(self.backend, job, prepared=_plain(part), timeout=timeout)
            if not self.tagged:
                return raw, {}
            metrics = self.backend.target.service.job(job).metrics()
        return raw, {"seconds": stages(metrics), "usage": metrics.get("usage", {})}

    def status(self, job: str) -> str:
        """See `RemoteDevice`."""
        with self._quietly():
            return jobs.status(self.backend, job)

    def cancel(self, job: str) -> None:
        """See `RemoteDevice`."""
        with self._quietly():
            jobs.cancel(self.backend, job)

    def check(self, part: Part, raw: Arrays) -> None:
        """See `Device`."""
        found = {name: (np.asarray(a).dtype.name, np.shape(a)) for name, a in raw.items()}
        shapes = _shapes(part)
        if found != {name: ("uint8", shape) for name, shape in shapes.items()}:
            raise ValueError(
                f"The device must return {', '.join(shapes)} as uint8 of shape "
                f"{shapes['bits.0']}, but returned {found}; the answer is not used. The device "
                "keeps it: the same call fetches it again at no cost."
            )

    def finish(self, answers: Sequence[Answer]) -> Result:
        """See `Device`."""
        return jobs.finish(*_halves(answers))

    def finish_samples(self, answers: Sequence[Answer]) -> npt.NDArray[np.uint8]:
        """See `Device`."""
        return jobs.finish_samples(*_halves(answers))

    def _parts(self, prepared: Sequence[jobs.Prepared]) -> list[Part]:
        told = {"provider": self.provider} if self.provider else {}
        like = simulator_facts(self.backend.target)
        return [Part(each.request | like, each.facts | told, each.arrays) for each in prepared]

    def _limited(self, bases: int) -> QiskitBackend:
        batch = self.batch or (None if self.tagged else CHUNK)
        if batch is None:
            return self.backend
        most = min(batch * bases, self.backend.max_sets or batch * bases)
        return replace(self.backend, max_sets=most)

    def _quietly(self) -> AbstractContextManager[None]:
        if self.tagged:
            return quietly(self.backend.target)
        return provider_quietly(self.backend.target) if self.remote else nullcontext()


def stages(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of a job from what IBM's service says of it: in the queue, running, and on the QPU.

    >>> times = {"created": "2026-01-01T00:00:00Z", "running": "2026-01-01T00:01:00Z",
    ...          "finished": "2026-01-01T00:01:05Z"}
    >>> stages({"timestamps": times, "usage": {"quantum_seconds": 3}})
    {'queue': 60.0, 'execute': 5.0, 'device': 3.0}
    """
    times = {
        name: datetime.fromisoformat(text)
        for name, text in (metrics.get("timestamps") or {}).items()
        if text
    }
    spans = {"queue": ("created", "running"), "execute": ("running", "finished")}
    seconds = {
        name: (times[end] - times[start]).total_seconds()
        for name, (start, end) in spans.items()
        if start in times and end in times
    }
    used = (metrics.get("usage") or {}).get("quantum_seconds")
    return seconds if used is None else seconds | {"device": float(used)}


def _sizes(part: Part) -> tuple[int, int]:
    """Sets of angles, and shots of each."""
    (row, last_row), (shot, last_shot) = (part.request["part"][name] for name in ("rows", "shots"))
    return last_row - row, last_shot - shot


def _shapes(part: Part) -> dict[str, tuple[int, ...]]:
    """Names and shapes of an answer: a batch of which nothing is free comes one by one."""
    rows, shots = _sizes(part)
    size = (shots, ceil(part.request["circuit"]["n_qubits"] / 8))
    shapes: list[tuple[int, ...]] = []
    for index in range(len(part.request["part"]["bases"])):
        free = part.arrays[f"values.{index}"].shape[1]
        shapes += [(rows, *size)] if free else [size] * rows
    return {f"bits.{place}": shape for place, shape in enumerate(shapes)}


def _halves(answers: Sequence[Answer]) -> tuple[list[jobs.Prepared], list[Arrays]]:
    return [_plain(each.part) for each in answers], [each.raw for each in answers]


def _plain(part: Part) -> jobs.Prepared:
    return jobs.Prepared(dict(part.request), dict(part.facts), dict(part.arrays))
