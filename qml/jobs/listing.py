"""The ledger of circuit jobs, looked at and acted on from outside: list, show, fetch, cancel."""

from pathlib import Path
from typing import Any, cast

from annealing import ledger, patience
from circuits import Exact, QiskitBackend
from qml.jobs.ibm_faults import open_quietly
from qml.jobs.ledgered import device_of, job_id
from qml.jobs.protocol import WAITS, Device, RemoteDevice
from qml.jobs.steps import TAG, receive

OPEN = ("prepared", "submitted")


def is_circuit_job(folder: str | Path, digest: str) -> bool:
    """Whether a job of the ledger is one of circuits; a ledger may hold annealers' jobs too."""
    return ledger.read_state(folder, digest, "prepared").facts.get("kind") == "circuits"


def list_circuit_jobs(folder: str | Path) -> list[dict[str, Any]]:
    """One dict for each circuit job of a ledger, the latest first.

    Args:
        folder: the ledger; an absent one is empty.

    Returns:
        "digest", "state", "time" (UTC, of the last state), "backend", "id" at the vendor, "cost"
        (circuits, shots, estimated QPU seconds) and "about".

    >>> list_circuit_jobs("no/such/folder")
    []
    """
    found = [job for job in ledger.list_jobs(folder) if is_circuit_job(folder, job["digest"])]
    return [job | _summary(folder, job["digest"]) for job in found]


def fetch_circuit_job(
    folder: str | Path,
    digest: str,
    *,
    device: Device | None = None,
    deadline: float | None = None,
    waits: tuple[float, ...] = WAITS,
) -> dict[str, Any]:
    """Wait for a job that was sent and write its answer into the ledger; nothing is sent.

    Args:
        folder: the ledger.
        digest: the job's digest or its beginning.
        device: where it was sent; by default it is opened by the name in the ledger.
        deadline: seconds to wait at most; None waits as long as it takes.
        waits: seconds before each new try after a fault of the network.

    Returns:
        the job as `show_job` shows it.

    Raises:
        ValueError: there is no such job, or it has not been sent.
        TimeoutError: it has not ended in time.
    """
    digest, until = ledger.find_job(folder, digest), patience.time_limit(deadline)
    state = ledger.state_of(folder, digest)
    if state == "prepared":
        raise ValueError(f"Job {digest[:12]} has not been sent; the same call as before sends it.")
    if state == "submitted":
        receive(device or open_device(folder, digest), folder, digest, until, waits)
    return ledger.show_job(folder, digest)


def cancel_circuit_job(
    folder: str | Path,
    digest: str,
    *,
    device: Device | None = None,
    deadline: float | None = 60.0,
    waits: tuple[float, ...] = WAITS,
) -> dict[str, Any]:
    """Ask the vendor to stop a job, and write down how it ended: an answer paid for is kept.

    A job that was never sent becomes "cancelled" too, and may then be set aside. Arguments, result
    and errors are those of `fetch_circuit_job`.
    """
    digest, until = ledger.find_job(folder, digest), patience.time_limit(deadline)
    if ledger.state_of(folder, digest) in OPEN:
        device = device or open_device(folder, digest)
        if device.remote:
            _stop(cast(RemoteDevice, device), folder, digest, until, waits)
        _write_unsent(folder, digest, until)
        receive(device, folder, digest, until, waits)
    return ledger.show_job(folder, digest)


def open_device(folder: str | Path, digest: str) -> Device:
    """The device that a job was prepared for, opened by its name in the ledger.

    Raises:
        ValueError: it is unknown, or there are no credentials for it.
        ConnectionError: its service cannot be reached.
    """
    request = ledger.read_state(folder, digest, "prepared").facts["request"]
    if request["backend"] != "QiskitBackend":
        return device_of(Exact())  # it ran here, and keeps no jobs: as good as any other
    return device_of(
        QiskitBackend(**request["asked"] | {"target": open_quietly(request["target"])})
    )


def _stop(
    device: RemoteDevice, folder: str | Path, digest: str, until: float, waits: tuple[float, ...]
) -> None:
    """Ask for the job to be stopped, by its id, or found by its tag where the id was lost."""
    with ledger.locked(folder, digest, until):
        job = job_id(folder, digest)
        if job is None:
            found = patience.patiently(lambda: device.find(TAG + digest), until, waits)
            if not found:
                return
            job = found[0]
            ledger.write_state(folder, digest, "submitted", {"id": job, "found_by_tag": True})
        if patience.patiently(lambda: device.status(job), until, waits) in ("queued", "running"):
            patience.patiently(lambda: device.cancel(job), until, waits)


def _write_unsent(folder: str | Path, digest: str, until: float) -> None:
    with ledger.locked(folder, digest, until):
        if ledger.state_of(folder, digest) == "prepared":
            reason = {"reason": "cancelled before it was sent"}
            ledger.write_state(folder, digest, "cancelled", reason)


def _summary(folder: str | Path, digest: str) -> dict[str, Any]:
    facts = ledger.read_state(folder, digest, "prepared").facts
    backend = facts["request"]["backend"]
    name = backend if isinstance(backend, str) else backend["type"]
    target = facts["request"].get("target")
    return {
        "backend": f"{name} {target}" if target else name,
        "id": job_id(folder, digest),
        "cost": facts["cost"],
        "about": facts["about"],
    }
