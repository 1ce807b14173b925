"""Records: one JSON line a cell, appended and never changed, with raw arrays beside.

    FOLDER/records.jsonl          one line a finished (or failed) cell
    FOLDER/arrays/DIGEST.npz      what tables and plots are rebuilt from, without training
    FOLDER/failures/DIGEST.txt    the traceback of a failed cell
    FOLDER/checkpoints/           frozen circuit models, shared by every backend

A line is written by one `write` under a file lock and then synced, so a reader sees all of it or
none; what a kill left half-written is set aside, never repaired by guessing.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.specs import canonical


class Record(NamedTuple):
    """One finished cell: its place, its result, its cost, where it came from.

    `status` "ok" or "failed"; `metrics` {name: value}; `cost` seconds and counts; `info` what
    models, samplers and backends said of themselves; `provenance` versions, commit, platform.
    """

    digest: str
    spec: str
    row: str
    seed: int
    status: str
    metrics: dict[str, float]
    cost: dict[str, Any]
    info: dict[str, Any]
    provenance: dict[str, Any]
    time: str
    error: str = ""


class RecordFile(NamedTuple):
    """What a folder holds: the records in order, and how many torn lines were set aside."""

    records: list[Record]
    torn: int


def append_record(folder: Path, record: Record, arrays: dict[str, np.ndarray]) -> None:
    """Write a cell's arrays, then its line.

    Args:
        folder: the run's folder; made where absent.
        record: the finished cell.
        arrays: {name: array} to keep beside it.

    Raises:
        OSError: a full disk or a read-only folder; records written before stay as they are.
    """
    if arrays:
        _write_arrays(array_file(folder, record.digest), arrays)
    line = canonical(record._asdict()).encode() + b"\n"
    with open(_lines(folder), "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if _ends_torn(folder):
            line = b"\n" + line  # a kill left half a line: end it, so that only it is lost
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_records(folder: Path) -> RecordFile:
    """All whole records of a folder.

    Args:
        folder: the run's folder; an absent one holds no record.

    Returns:
        the records in the order written, and the number of lines that were torn by a kill.
    """
    file = _lines(folder)
    if not file.exists():
        return RecordFile([], 0)
    parsed = [_parse(line) for line in file.read_bytes().splitlines() if line.strip()]
    records = [record for record in parsed if record is not None]
    return RecordFile(records, len(parsed) - len(records))


def latest(records: list[Record]) -> dict[str, Record]:
    """The last record of each digest; a later success replaces an earlier failure.

    Args:
        records: records in the order written.

    Returns:
        {digest: record}.
    """
    return {record.digest: record for record in records}


def read_arrays(folder: Path, digest: str) -> dict[str, np.ndarray]:
    """The arrays kept beside a record.

    Args:
        folder: the run's folder.
        digest: the record's digest.

    Returns:
        {name: array}.

    Raises:
        FileNotFoundError: the file is gone; the message says how to make it again.
    """
    file = array_file(folder, digest)
    if not file.is_file():
        raise FileNotFoundError(
            f"No arrays {file}; delete its line in records.jsonl and run again."
        )
    with np.load(file, allow_pickle=False) as stored:
        return dict(stored)


def array_file(folder: Path, digest: str) -> Path:
    """Where the arrays of a cell lie."""
    return folder / "arrays" / f"{digest[:32]}.npz"


def write_failure(folder: Path, digest: str, text: str) -> Path:
    """Keep the traceback of a failed cell and say where."""
    file = folder / "failures" / f"{digest[:32]}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def _lines(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "records.jsonl"


def _ends_torn(folder: Path) -> bool:
    with open(_lines(folder), "rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _parse(line: bytes) -> Record | None:
    try:
        return Record(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _write_arrays(file: Path, arrays: dict[str, np.ndarray]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    with open(part, "wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
    part.replace(file)
