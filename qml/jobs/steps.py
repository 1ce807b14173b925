"""One job through its states: prepared, submitted, answered; each on the disk before the next.

A remote device knows a job by its id, and by a tag that is the job's digest. An id is lost if we
are killed between sending and writing; the tag is not. So nothing is sent before the device was
asked for the tag. A service that lists a job only some time after it took it could still be paid
twice within that time; no client can exclude that. Where a device knows no tags, a file says that
a job is being sent: if it is there and no id is, nobody but the user can know whether it was.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any, cast

from annealing import ledger, patience
from qml.jobs.protocol import (
    WAITS,
    Answer,
    Arrays,
    Cost,
    Device,
    LocalDevice,
    Part,
    RemoteDevice,
)

TAG = "qml-"  # before the digest
SENDING = "sending"  # a file beside the states
ANGLES = "angles."  # before the names of the arrays that belong to the question


def digest_of(part: Part) -> str:
    """The name of a part in the ledger: equal questions, equal digests."""
    asked = {name: array for name, array in part.arrays.items() if name.startswith(ANGLES)}
    return ledger.digest_of(part.request, asked)


def record(folder: str | Path, part: Part, cost: Cost, about: Mapping, until: float) -> str:
    """Write down a part that is new, and return its digest.

    Args:
        folder: the ledger.
        part: what will be asked.
        cost: what it will take.
        about: JSON that the caller wants to have beside it, such as a checkpoint's digest.
        until: reading of `time.monotonic` at which to give up.
    """
    digest = digest_of(part)
    with ledger.locked(folder, digest, until):
        if ledger.state_of(folder, digest) is None:
            facts = {"request": part.request, "facts": part.facts, "cost": cost._asdict()}
            facts |= {"about": dict(about), "kind": "circuits"}
            ledger.write_state(folder, digest, "prepared", facts, part.arrays)
    return digest


def prepared_part(folder: str | Path, digest: str) -> Part:
    """The part as it was first prepared: what was sent, not what would be made of it today."""
    _, facts, arrays = ledger.read_state(folder, digest, "prepared")
    return Part(facts["request"], facts["facts"], arrays)


def send(
    device: RemoteDevice,
    folder: str | Path,
    digest: str,
    inside: Any,
    until: float,
    waits: tuple[float, ...] = WAITS,
) -> None:
    """Send a prepared job unless the device has it already, and write down its id.

    Where sending failed and the job may have arrived nevertheless, it is from then on only looked
    for; the next call of a user, to whom the fault was told, may send it if the device has tags.
    """
    with ledger.locked(folder, digest, until):
        if ledger.state_of(folder, digest) != "prepared" or is_lost(folder, digest):
            return
        action = _find_or_send(device, prepared_part(folder, digest), TAG + digest, inside)
        if not device.tagged:
            mark_sending(folder, digest)
        try:
            job, found = patience.patiently(action, until, waits)
        except (ConnectionRefusedError, PermissionError):  # surely not taken
            (Path(folder) / digest / SENDING).unlink(missing_ok=True)
            raise
        ledger.write_state(folder, digest, "submitted", {"id": job, "found_by_tag": found})


def mark_sending(folder: str | Path, digest: str) -> None:
    """Write down that a job is about to be sent; on return it is on the disk."""
    path = Path(folder) / digest / SENDING
    path.touch()
    if os.name == "posix":
        handle = os.open(path.parent, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def is_lost(folder: str | Path, digest: str, until: float | None = None) -> bool:
    """Whether a job may have been sent to a device without tags, and its id was not written.

    Args:
        folder, digest: the job.
        until: reading of `time.monotonic` until which to wait for another process that may be
            sending it at this moment; None where the job is held.
    """
    if ledger.state_of(folder, digest) != "prepared":
        return False
    marked = (Path(folder) / digest / SENDING).exists()
    if not marked or until is None:
        return marked
    with ledger.locked(folder, digest, until):
        return is_lost(folder, digest)


def refuse_lost(folder: str | Path, digest: str, until: float | None = None) -> None:
    """Raise RuntimeError where only the user can know whether a job was sent; see `is_lost`."""
    if is_lost(folder, digest, until):
        raise RuntimeError(
            f"Job {digest[:12]} may have been sent to a provider that has no tags, and its id was "
            "lost: it is not sent again. Look for it in the provider's list of jobs: if it is "
            "there, give `qml.jobs.fetch_circuit_job` its id as `job`; if not, `qml jobs cancel "
            f"{folder} {digest[:12]}` and then `qml jobs set-aside` let the same call send it."
        )


def receive(
    device: Device,
    folder: str | Path,
    digest: str,
    until: float,
    waits: tuple[float, ...] = WAITS,
) -> None:
    """Bring a job to its end: run it here, or wait for the answer to its id; and write that down.

    Raises:
        TimeoutError: the time is up; a remote job goes on.
        ConnectionError: the device cannot be reached.
        ValueError: the answer is not to the question; it was not written down.
    """
    with ledger.locked(folder, digest, until):
        state = ledger.state_of(folder, digest)
        if state == "submitted":
            job = ledger.read_state(folder, digest, "submitted").facts["id"]
            part, remote = prepared_part(folder, digest), cast(RemoteDevice, device)
            end, facts, raw = patience.patiently(
                lambda: _fetch(remote, part, job, until), until, waits
            )
        elif state == "prepared" and not device.remote:
            if monotonic() > until:
                raise TimeoutError("The time is up; what is answered is kept: call again.")
            part = prepared_part(folder, digest)
            end, facts, raw = _run(cast(LocalDevice, device), part)
        else:
            return
        if end == "answered":
            device.check(part, raw)
        ledger.write_state(folder, digest, end, facts, raw)


def refuse_ended(folder: str | Path, digest: str) -> None:
    """Raise RuntimeError where a job failed, was cancelled or is lost, with the way on."""
    refuse_lost(folder, digest)
    state = ledger.state_of(folder, digest)
    if state in ledger.ENDED_BADLY:
        reason = ledger.read_state(folder, digest, str(state)).facts["reason"]
        raise RuntimeError(
            f"Job {digest[:12]} {state}: {reason}. It is not sent again unless it is put aside: "
            f"`qml jobs set-aside {folder} {digest[:12]}`."
        )


def answer(folder: str | Path, digest: str) -> Answer:
    """The answer in the ledger, with its question."""
    _, facts, raw = ledger.read_state(folder, digest, "answered")
    return Answer(prepared_part(folder, digest), raw, facts)


def _find_or_send(
    device: RemoteDevice, part: Part, tag: str, inside: Any
) -> Callable[[], tuple[str, bool]]:
    """A function that returns an id and whether it was found; called again, it sends only once."""
    lost: list[Exception] = []

    def find_or_send() -> tuple[str, bool]:
        found = device.find(tag)
        if found:
            return found[0], True
        if lost:
            raise lost[0]
        try:
            return device.send(part, tag, inside), False
        except ConnectionRefusedError:  # it did not arrive: there is nothing to look for
            raise
        except Exception as error:
            lost.append(error)
            raise

    return find_or_send


def _fetch(device: RemoteDevice, part: Part, job: str, until: float) -> tuple[str, Mapping, Arrays]:
    try:
        raw, facts = device.fetch(part, job, patience.seconds_left(until))
    except RuntimeError as error:
        word = device.status(job)
        if word not in ledger.ENDED_BADLY:
            raise
        return word, {"reason": str(error)}, {}
    except LookupError as error:
        raise ValueError(
            f"{error.args[0]} It was sent: look for it at the vendor, with the same account."
        ) from error
    return "answered", facts, raw


def _run(device: LocalDevice, part: Part) -> tuple[str, Mapping, Arrays]:
    start = perf_counter()
    raw, facts = device.run(part)
    return "answered", {"seconds": {"execute": perf_counter() - start}} | dict(facts), raw
