"""Prepared jobs sent to a Qiskit backend, found again, waited for and cancelled."""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circuits.on_qiskit.jobs.preparing import Prepared
from circuits.on_qiskit.jobs.providers import read_counts, send_bound
from circuits.on_qiskit.programs import unpack
from circuits.on_qiskit.targets import bound, is_ibm, keeps_jobs, start

if TYPE_CHECKING:
    from circuits.on_qiskit.backend import QiskitBackend

# Jobs that this process has sent and not yet fetched; those of a simulator are nowhere else.
_SENT: dict[str, Any] = {}
_WORDS = {"done": "done", "running": "running", "error": "failed", "cancelled": "cancelled"}


def submit(
    backend: "QiskitBackend", prepared: Prepared, *, tags: Sequence[str] = (), inside: Any = None
) -> str:
    """Send a prepared job and return its id.

    IBM and providers with `retrieve_job` keep their jobs; the answer of anything else stays in
    this process and is fetched once.

    Args:
        backend: as it was prepared for.
        prepared: the job.
        tags: to find it by, with `find`; IBM's service only.
        inside: what `execution_mode` gave; None for a job by itself.
    """
    job = _start(backend, prepared, list(tags), inside)
    kept = is_ibm(backend.target) or keeps_jobs(backend.target)
    name = job.job_id() if kept else f"local-{uuid.uuid4()}"
    _SENT[name] = job
    return name


def fetch(
    backend: "QiskitBackend",
    job_id: str,
    *,
    prepared: Prepared | None = None,
    timeout: float | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Wait for a job and return its answer.

    Args:
        backend: as it was prepared for.
        job_id: from `submit`.
        prepared: what was sent; needed where a provider other than IBM keeps the job.
        timeout: seconds to wait; None for as long as it takes.

    Returns:
        For the i-th PUB of the job "bits.<i>" (b, shots, bytes) uint8, or (shots, bytes) without
        parameters, each shot packed with qubit 0 last; "values" (b, k) where exact.

    Raises:
        TimeoutError: it has not answered in time.
        LookupError: there is no such job.
        RuntimeError: it failed at the vendor or was cancelled.
        ValueError: `prepared` is missing, or the answer is not to it.
    """
    job = _find_job(backend, job_id)
    if keeps_jobs(backend.target):
        if prepared is None:
            raise ValueError("Argument `prepared` must be given for a job that a provider keeps.")
        raw = read_counts(job, job_id, prepared, timeout)
        _SENT.pop(job_id, None)
        return raw
    result = _wait(job, job_id, timeout)
    _SENT.pop(job_id, None)
    if hasattr(result[0].data, "evs"):
        return {"values": np.asarray(result[0].data.evs, float).T}
    return {f"bits.{index}": each.data.meas.array for index, each in enumerate(result)}


def run_parts(
    backend: "QiskitBackend", prepared: Sequence[Prepared]
) -> list[dict[str, npt.NDArray[Any]]]:
    """Send all parts and wait for all; a simulator has one at a time."""
    if not is_ibm(backend.target):
        return [fetch(backend, submit(backend, part), prepared=part) for part in prepared]
    with execution_mode(backend) as inside:
        names = [submit(backend, part, inside=inside) for part in prepared]
    return [fetch(backend, name) for name in names]


@contextmanager
def execution_mode(backend: "QiskitBackend") -> Iterator[Any]:
    """Open IBM's batch or session where the backend asks for one; yields `inside` of `submit`.

    It is closed at the end, also after an error; jobs that it has taken run nevertheless.
    """
    if backend.mode == "job" or not is_ibm(backend.target):
        yield None
        return
    import qiskit_ibm_runtime

    kinds = {"batch": qiskit_ibm_runtime.Batch, "session": qiskit_ibm_runtime.Session}
    with kinds[backend.mode](backend=backend.target) as mode:
        yield mode


def find(backend: "QiskitBackend", tag: str) -> list[str]:
    """Return the ids of IBM's jobs with a tag that were or will be answered, the earliest first."""
    if not is_ibm(backend.target):
        return []
    jobs = backend.target.service.jobs(job_tags=[tag], limit=None, descending=False)
    return [job.job_id() for job in jobs if _word(job.status()) not in ("failed", "cancelled")]


def status(backend: "QiskitBackend", job_id: str) -> str:
    """Return "queued", "running", "done", "failed" or "cancelled"; LookupError for no such job."""
    return _word(_find_job(backend, job_id).status())


def cancel(backend: "QiskitBackend", job_id: str) -> None:
    """Ask the vendor to stop a job; LookupError for no such job."""
    _find_job(backend, job_id).cancel()


def _start(backend, prepared: Prepared, tags: list[str], inside: Any):
    request, arrays = prepared.request, prepared.arrays
    count = sum(name.startswith("program.") for name in arrays)
    pubs = [
        (unpack(arrays[f"program.{index}"]), arrays[f"values.{index}"]) for index in range(count)
    ]
    if backend.target is None and "observables" in request:
        return _start_exact(pubs, request)
    first, last = request["part"]["shots"]
    if is_ibm(backend.target):
        return _start_ibm(backend, pubs, last - first, tags, inside)
    if keeps_jobs(backend.target):
        return send_bound(backend.target, pubs, last - first)
    return start(backend.target, pubs, last - first, request["part"]["seed"])


def _start_exact(pubs, request):
    from qiskit.primitives import StatevectorEstimator
    from qiskit.quantum_info import SparsePauliOp

    n_qubits = request["circuit"]["n_qubits"]
    operators = [
        SparsePauliOp.from_sparse_list(
            [
                ("".join(letter for _, letter in string), [wire for wire, _ in string], value)
                for value, string in terms or [(0.0, [])]
            ],
            num_qubits=n_qubits,
        )
        for terms in request["observables"]
    ]
    ((circuit, values),) = pubs
    values = {tuple(circuit.parameters): values}  # by name, so that a batch stays one without any
    return StatevectorEstimator().run([(circuit, [[each] for each in operators], values)])


def _start_ibm(backend, pubs, shots: int, tags: list[str], inside: Any):
    from qiskit_ibm_runtime.executor_sampler import Sampler

    options = dict(backend.options)
    options["environment"] = dict(options.get("environment", {}))
    options["environment"]["job_tags"] = [*options["environment"].get("job_tags", []), *tags]
    return Sampler(mode=inside or backend.target, options=options).run(bound(pubs), shots=shots)


def _find_job(backend, job_id: str):
    if job_id in _SENT:
        return _SENT[job_id]
    if keeps_jobs(backend.target):
        return backend.target.retrieve_job(job_id)
    if not is_ibm(backend.target):
        raise LookupError(
            f"There is no job {job_id!r}: a job of a simulator ends with the process that sent it, "
            "and is fetched once; submit it again."
        )
    from qiskit_ibm_runtime import RuntimeJobNotFound

    try:
        return backend.target.service.job(job_id)
    except RuntimeJobNotFound:
        raise LookupError(f"IBM's service has no job {job_id!r} for this account.") from None


def _wait(job: Any, job_id: str, timeout: float | None):
    from qiskit_ibm_runtime import exceptions

    ended = (exceptions.RuntimeJobFailureError, exceptions.RuntimeInvalidStateError)
    try:
        _wait_here(job, timeout)
        return job.result(**({"timeout": timeout} if _is_remote(job) else {}))
    except (exceptions.RuntimeJobTimeoutError, TimeoutError):
        raise TimeoutError(f"Job {job_id} has not answered within {timeout} s.") from None
    except ended as error:
        raise RuntimeError(f"Job {job_id} gave no result: {error}") from error


def _wait_here(job: Any, timeout: float | None) -> None:
    """Wait for a job of this process, whose `result` knows no limit of time."""
    if timeout is None or _is_remote(job):
        return
    until = time.monotonic() + timeout
    while not job.in_final_state():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)


def _is_remote(job: Any) -> bool:
    from qiskit.primitives import PrimitiveJob

    return not isinstance(job, PrimitiveJob)


def _word(stated: Any) -> str:
    """One of the five words for a status, a str or an enum of Qiskit's."""
    return _WORDS.get(str(getattr(stated, "name", stated)).lower(), "queued")
