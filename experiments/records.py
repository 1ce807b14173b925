"""Records: one JSON line a cell, appended and never changed, with raw arrays beside.

    FOLDER/records.jsonl          one line a finished (or failed) cell
    FOLDER/arrays/DIGEST.npz      what tables and plots are rebuilt from, without training
    FOLDER/failures/DIGEST.txt    the traceback of a failed cell
    FOLDER/checkpoints/           frozen circuit models, shared by every backend
    FOLDER/claims/                which process is at work on what

A line is written by one `write` under a lock and then synced, so a reader sees all of it or none;
what a kill left half-written is set aside, never repaired by guessing. The order in the file is
what counts, the times in it are only told.
"""

import errno
import fcntl
import gc
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from experiments.running.claims import Claims
from experiments.specs import canonical

ORIGINS = 16  # different provenances that are shared between records; a run has one or a few
_decode = json.JSONDecoder().decode  # what json.loads makes of a text, without asking for its kind


class Record(NamedTuple):
    """One finished cell: its place, its result, its cost, where it came from.

    `status` "ok" or "failed"; `metrics` {name: value}; `cost` seconds and counts; `info` what
    models, samplers and backends said of themselves; `provenance` versions, commit, platform;
    `data` the data set's name and `checksum` its SHA-256, both "" in records of older versions.
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
    data: str = ""
    checksum: str = ""


def place(record: Record) -> str:
    """Where in its table a record stands: row, seed, and fold where there are folds.

    >>> place(Record("d", "s", "trees", 1, "ok", {}, {}, {"split": {"fold": 3}}, {}, ""))
    'trees, seed 1, fold 3'
    """
    split = record.info.get("split")
    fold = f", fold {split['fold']}" if isinstance(split, dict) and "fold" in split else ""
    return f"{record.row}, seed {record.seed}{fold}"


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
    with told_in_a_sentence(folder):
        if arrays:
            _write_arrays(array_file(folder, record.digest), arrays)
        append_lines(folder, [record])


def append_lines(folder: Path, records: list[Record]) -> None:
    """Write the lines of several records at once; their arrays must be there already.

    Args:
        folder: the run's folder; made where absent.
        records: what to append.

    Raises:
        OSError: a full disk or a read-only folder; the file is as it was.
    """
    text = b"".join(canonical(record._asdict()).encode() + b"\n" for record in records)
    folder.mkdir(parents=True, exist_ok=True)
    with open(record_file(folder), "a+b", buffering=0) as file, _alone(file, folder):
        end = file.seek(0, os.SEEK_END)
        if end and os.pread(file.fileno(), 1, end - 1) != b"\n":
            text = b"\n" + text  # a kill left half a line: end it, so that only it is lost
        try:
            if file.write(text) != len(text):
                raise OSError(
                    errno.ENOSPC, os.strerror(errno.ENOSPC)
                )  # a short write is how a disk gets full
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(end)
            raise


def read_records(folder: Path) -> RecordFile:
    """All whole records of a folder.

    Args:
        folder: the run's folder; an absent one holds no record.

    Returns:
        the records in the order written, and the number of lines that were torn by a kill.
    """
    try:
        content = record_file(folder).read_bytes()
    except FileNotFoundError:
        return RecordFile([], 0)
    return _parse_lines(content)


def latest(records: list[Record]) -> dict[str, Record]:
    """The last record of each digest; a later success replaces an earlier failure.

    Args:
        records: records in the order written.

    Returns:
        {digest: record}.
    """
    return {record.digest: record for record in records}


class Tail:
    """The latest record of each cell in a folder that others write to, read once and followed.

    `opened` is all that was there at first; `latest` {digest: record} grows with each `refresh`.
    """

    def __init__(self, folder: Path):
        """Read what is there."""
        self.folder, self.end = folder, 0
        records, torn, partial = self._read()
        self.opened = RecordFile(records, torn + partial)
        self.latest = latest(records)

    def refresh(self) -> None:
        """Read the whole lines that were appended since."""
        self.latest.update(latest(self._read()[0]))

    def _read(self) -> tuple[list[Record], int, bool]:
        """Records and torn lines from the last place on, and whether the last line has no end."""
        try:
            with open(record_file(self.folder), "rb") as file:
                file.seek(self.end)
                whole, newline, rest = file.read().rpartition(b"\n")
        except (FileNotFoundError, NotADirectoryError):
            return [], 0, False
        self.end += len(whole) + len(newline)
        records, torn = _parse_lines(whole)
        return records, torn, bool(rest)


def read_arrays(
    folder: Path, digest: str, names: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """The arrays kept beside a record.

    Args:
        folder: the run's folder.
        digest: the record's digest.
        names: the only ones to read, which costs nothing for the others; None reads all.

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
        return {name: stored[name] for name in (stored.files if names is None else names)}


def record_file(folder: Path) -> Path:
    """Where the lines of a folder lie."""
    return folder / "records.jsonl"


def array_file(folder: Path, digest: str) -> Path:
    """Where the arrays of a cell lie."""
    return folder / "arrays" / f"{digest[:32]}.npz"


def failure_file(folder: Path, digest: str) -> Path:
    """Where the traceback of a failed cell lies."""
    return folder / "failures" / f"{digest[:32]}.txt"


def write_failure(folder: Path, digest: str, text: str) -> Path:
    """Keep the traceback of a failed cell and say where."""
    file = failure_file(folder, digest)
    with told_in_a_sentence(folder):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return file


@contextmanager
def told_in_a_sentence(folder: Path) -> Iterator[None]:
    """Say what a full disk or a folder that cannot be written means for the run."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or error
        raise OSError(
            f"Folder {folder} cannot be written ({cause}); all records written before are whole: "
            "make room or choose another folder with --out, and the same command goes on."
        ) from error


def _parse_lines(content: bytes) -> RecordFile:
    origins: list[dict] = []  # equal ones are kept once: they are half of the memory
    with _no_collection():
        parsed = [_parse(line, origins) for line in content.split(b"\n") if line.strip()]
    records = [record for record in parsed if record is not None]
    return RecordFile(records, len(parsed) - len(records))


def _parse(line: bytes, origins: list[dict]) -> Record | None:
    try:
        record = Record(**_decode(line.decode()))
    except (ValueError, TypeError):
        return None
    for origin in origins:
        if origin == record.provenance:
            return record._replace(provenance=origin)
    if len(origins) < ORIGINS:
        origins.append(record.provenance)
    return record


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector of garbage out: it looks through all records again and again for none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _alone(file: BinaryIO, folder: Path) -> Iterator[None]:
    """Keep other writers out until the file is closed; a claim does it where locks are missing."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        with Claims(folder / "claims") as claims:
            while not claims.take("records"):
                time.sleep(0.002)
            yield
    else:
        yield


def _write_arrays(file: Path, arrays: dict[str, np.ndarray]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")  # whoever does the cell again writes over it
    try:
        with open(part, "wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
