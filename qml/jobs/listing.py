"""The ledger of circuit jobs, looked at and acted on from outside: list, show, fetch, cancel."""

from pathlib import Path
from typing import Any, cast

from annealing import ledger, patience
from circuits import Exact, QiskitBackend, circuit_from_dict, draw
from qml.jobs.ibm_faults import open_quietly
from qml.jobs.ledgered import device_of, job_id
from qml.jobs.protocol import WAITS, Device, RemoteDevice
from qml.jobs.steps import TAG, is_lost, prepared_part, receive, refuse_lost

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
    job: str | None = None,
    deadline: float | None = None,
    waits: tuple[float, ...] = WAITS,
) -> dict[str, Any]:
    """Wait for a job that was sent and write its answer into the ledger; nothing is sent.

    Args:
        folder: the ledger.
        digest: the job's digest or its beginning.
        device: where it was sent; by default it is opened by the name in the ledger.
        job: its id at the vendor, where the ledger has lost it.
        deadline: seconds to wait at most; None waits as long as it takes.
        waits: seconds before each new try after a fault of the network.

    Returns:
        the job as `show_job` shows it.

    Raises:
        ValueError: there is no such job, or it has not been sent.
        RuntimeError: it is not known whether it was.
        TimeoutError: it has not ended in time.
    """
    digest, until = ledger.find_job(folder, digest), patience.time_limit(deadline)
    if job is not None:
        _write_id(folder, digest, job, until)
    refuse_lost(folder, digest, until)
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

    A job that was never sent becomes "cancelled" too, and may then be set aside; so does one of
    which that is not known, and no vendor is asked about it. Arguments, result and errors are those
    of `fetch_circuit_job`.
    """
    digest, until = ledger.find_job(folder, digest), patience.time_limit(deadline)
    if is_lost(folder, digest, until):
        _write_unsent(folder, digest, until, "given up; whether it was sent is not known")
    elif ledger.state_of(folder, digest) in OPEN:
        device = device or open_device(folder, digest)
        if device.remote:
            _stop(cast(RemoteDevice, device), folder, digest, until, waits)
        _write_unsent(folder, digest, until)
        receive(device, folder, digest, until, waits)
    return ledger.show_job(folder, digest)


def draw_circuit_job(folder: str | Path, digest: str) -> list[str]:
    """The circuit of a job as text: as it was asked, and as its device runs it, with the qubits.

    Args:
        folder: the ledger.
        digest: the job's digest or its beginning.

    Returns:
        the circuit, then one drawing for each basis that was measured on a Qiskit target.

    Raises:
        ValueError: there is no such job, or it is none of circuits.
    """
    from circuits.on_qiskit.jobs import Prepared, drawings

    digest = ledger.find_job(folder, digest)
    if not is_circuit_job(folder, digest):
        raise ValueError(f"Job {digest[:12]} has no circuit to draw: it is an annealer's.")
    part = prepared_part(folder, digest)
    before = draw(circuit_from_dict(part.request["circuit"]))
    if part.request["backend"] != "QiskitBackend":
        return [before]
    return [before, *drawings(Prepared(dict(part.request), dict(part.facts), dict(part.arrays)))]


def open_device(folder: str | Path, digest: str) -> Device:
    """The device that a job was prepared for, opened by its name in the ledger.

    Raises:
        ValueError: it is unknown, or there are no credentials for it.
        ConnectionError: its service cannot be reached.
    """
    facts = ledger.read_state(folder, digest, "prepared").facts
    if provider := facts["facts"].get("provider"):
        raise ValueError(
            f"Job {digest[:12]} is one of the package {provider!r}, whose devices are not opened "
            "by a name: give the functions of `qml.jobs` `device=device_of(QiskitBackend(...))`."
        )
    request = facts["request"]
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


def _write_unsent(
    folder: str | Path, digest: str, until: float, reason: str = "cancelled before it was sent"
) -> None:
    with ledger.locked(folder, digest, until):
        if ledger.state_of(folder, digest) == "prepared":
            ledger.write_state(folder, digest, "cancelled", {"reason": reason})


def _write_id(folder: str | Path, digest: str, job: str, until: float) -> None:
    """Write down an id that the user found at the vendor."""
    with ledger.locked(folder, digest, until):
        if not is_lost(folder, digest):
            raise ValueError(f"Job {digest[:12]} has not lost its id; leave `job` out.")
        ledger.write_state(folder, digest, "submitted", {"id": job, "found_by_user": True})


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
