"""A ledger of jobs on machines that cost money: what was asked, sent and answered, kept on disk.

A job is a folder, named by the digest of its request. Each state it reaches is one JSON file with
the facts, and one npz file with the arrays if it has any; a file appears whole or not at all and is
never written over. Whatever is killed between two states finds all earlier ones when it comes back.
The ledger knows nothing of annealers: facts are JSON, arrays are numbers.
"""

import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import numpy as np

STATES = ("prepared", "submitted", "answered", "failed", "cancelled")  # the last one there counts
ENDED_BADLY = ("failed", "cancelled")


class Entry(NamedTuple):
    """One state of one job: UTC `time`, its JSON `facts` and its `arrays` by name."""

    time: str
    facts: dict
    arrays: dict


def digest_of(facts: Mapping, arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of JSON-able `facts` and of `arrays`: equal requests, equal digests.

    >>> digest_of({"reads": 5}, {"h": np.ones(2)})[:8]
    '293a198e'
    """
    text = json.dumps(facts, sort_keys=True, allow_nan=False)
    total = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        array = np.asarray(array)
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        total.update(f"{name} {plain.dtype.str} {plain.shape}".encode())
        total.update(plain.tobytes())
    return total.hexdigest()


def write_state(
    folder: str | Path, digest: str, state: str, facts: Mapping, arrays: Mapping | None = None
) -> Path:
    """Write that a job has reached `state`; on return it is on the disk.

    Args:
        folder: the ledger; made if absent.
        digest: name of the job.
        state: one of `STATES`.
        facts: JSON-able.
        arrays: {name: array of numbers}.

    Returns:
        the file with the facts.

    Raises:
        ValueError: there is no such state.
        FileExistsError: the job has this state already.
    """
    if state not in STATES:
        raise ValueError(f"Argument `state` must be one of {', '.join(STATES)}, but is {state!r}.")
    job = Path(folder) / digest
    job.mkdir(parents=True, exist_ok=True)
    path = job / f"{state}.json"
    if path.exists():
        raise FileExistsError(f"{path} is there already; a state is written once.")
    entry = {"state": state, "time": datetime.now(UTC).isoformat(), "facts": dict(facts)}
    if arrays:
        packed = _pack(arrays)
        entry["arrays_sha256"] = hashlib.sha256(packed).hexdigest()
        _write_whole(path.with_suffix(".npz"), packed)
    # The JSON file comes last: where it is, the arrays are.
    _write_whole(path, json.dumps(entry, indent=1, allow_nan=False).encode())
    return path


def read_state(folder: str | Path, digest: str, state: str) -> Entry:
    """What `write_state` wrote.

    Raises:
        FileNotFoundError: the job has not reached `state`.
        ValueError: a file is damaged; it is named, and left as it is.
    """
    path = Path(folder) / digest / f"{state}.json"
    try:
        entry = json.loads(path.read_bytes())
        checksum = entry.get("arrays_sha256")
        time, facts = entry["time"], dict(entry["facts"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(_damaged(path)) from None
    return Entry(time, facts, _unpack(path.with_suffix(".npz"), checksum) if checksum else {})


def state_of(folder: str | Path, digest: str) -> str | None:
    """The last state that the job has reached; None where there is no such job."""
    job = Path(folder) / digest
    there = [state for state in STATES if (job / f"{state}.json").exists()]
    return there[-1] if there else None


def list_jobs(folder: str | Path) -> list[dict]:
    """{"digest", "state", "time"} of every job in the ledger `folder`, the latest first.

    `time` is that of the last state. An empty or absent folder is an empty ledger.

    >>> list_jobs("no/such/folder")
    []
    """
    jobs = []
    for path in Path(folder).glob("*/prepared.json"):
        digest = path.parent.name
        state = str(state_of(folder, digest))
        jobs.append((read_state(folder, digest, state).time, digest, state))
    return [
        {"digest": digest, "state": state, "time": time}
        for time, digest, state in sorted(jobs, reverse=True)
    ]


def show_job(folder: str | Path, digest: str) -> dict:
    """All that the ledger knows of a job, JSON-able: the facts of each state, shapes of the arrays.

    Args:
        folder: the ledger.
        digest: the job's digest, or a beginning of it that no other job shares.

    Raises:
        ValueError: no job, or more than one, begins with `digest`.
    """
    digest = find_job(folder, digest)
    shown: dict[str, Any] = {"digest": digest, "state": state_of(folder, digest)}
    for state in STATES:
        if (Path(folder) / digest / f"{state}.json").exists():
            time, facts, arrays = read_state(folder, digest, state)
            shapes = {name: list(array.shape) for name, array in arrays.items()}
            shown[state] = {"time": time, **facts, "arrays": shapes}
    return shown


def find_job(folder: str | Path, digest: str) -> str:
    """The whole digest of the one job whose digest begins with `digest`.

    Raises:
        ValueError: there is none, or more than one.
    """
    names = [path.parent.name for path in Path(folder).glob("*/prepared.json")]
    matching = [name for name in names if digest and name.startswith(digest)]
    if len(matching) != 1:
        raise ValueError(
            f"Argument `digest` must begin the digest of one job in {folder}, but {digest!r} "
            f"begins {len(matching)} of {len(names)}."
        )
    return matching[0]


def set_aside(folder: str | Path, digest: str) -> Path:
    """Move a failed or cancelled job out of the way, so that the same request may be sent anew.

    Returns:
        where the job's files are now.

    Raises:
        ValueError: the job is in another state; an open or answered job is never moved.
    """
    digest = find_job(folder, digest)
    with locked(folder, digest):
        state = state_of(folder, digest)
        if state not in ENDED_BADLY:
            raise ValueError(f"Only a failed or cancelled job is set aside; {digest} is {state}.")
        aside = Path(folder) / "aside"
        aside.mkdir(exist_ok=True)
        earlier = sum(path.name.startswith(digest) for path in aside.iterdir())
        return (Path(folder) / digest).rename(aside / f"{digest}-{earlier + 1}")


@contextmanager
def locked(folder: str | Path, digest: str, until: float = float("inf")) -> Iterator[None]:
    """Hold the job alone: a second process or thread waits, and then finds what the first wrote.

    The lock goes when its process dies. Windows has no such lock: one process a ledger there.

    Args:
        folder, digest: the job; its folder is made.
        until: reading of `time.monotonic` at which to give up.

    Raises:
        TimeoutError: another process held the job all the time.
    """
    job = Path(folder) / digest
    job.mkdir(parents=True, exist_ok=True)
    with (job / "lock").open("wb") as file:
        while not _take(file):
            if monotonic() > until:
                raise TimeoutError(f"Another process works on job {digest}; call again later.")
            sleep(0.05)
        yield  # closing the file gives the lock back


def _take(file: Any) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pack(arrays: Mapping) -> bytes:
    """An npz file; `np.savez` would pickle objects, this refuses them with a ValueError."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, array in arrays.items():
            with packed.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def _unpack(path: Path, checksum: str) -> dict:
    try:
        packed = path.read_bytes()
        if hashlib.sha256(packed).hexdigest() != checksum:
            raise ValueError(_damaged(path))
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return dict(arrays)
    except (FileNotFoundError, zipfile.BadZipFile):
        raise ValueError(_damaged(path)) from None


def _damaged(path: Path) -> str:
    return (
        f"{path} is damaged; nothing was changed or sent. Restore the file from a copy, or look "
        "the job up by its label, the job's digest, at the vendor before moving the folder away."
    )


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that, whenever the machine stops, it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    if os.name == "posix":  # the name in the folder has to reach the disk too
        handle = os.open(path.parent, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
