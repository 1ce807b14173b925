"""Folders of several sites joined into one, unless they contradict each other."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.records import (
    Record,
    append_lines,
    array_file,
    failure_file,
    latest,
    read_arrays,
    read_records,
    record_file,
    told_in_a_sentence,
)
from experiments.running.remarks import differing_metrics, refuse_changed_data

PREDICTIONS = ("scores", "labels", "rows")


class Found(NamedTuple):
    """A record and the folder in which it was found."""

    record: Record
    folder: Path


class Merged(NamedTuple):
    """How a merge went: cells in `out` now, how many were copied, torn lines that were left."""

    cells: int
    copied: int
    torn: int


def merge(folders: Sequence[Path], out: Path) -> Merged:
    """Join folders of runs; nothing is written unless everything agrees.

    A cell that several folders finished is taken from the first; a finished one goes before a
    failed one. What `out` holds already is part of the merge, so that merging again adds the rest.

    Args:
        folders: folders of runs.
        out: the folder to join them in.

    Returns:
        counts.

    Raises:
        FileNotFoundError: a folder without records.
        ValueError: a cell with two results, a checkpoint that is two models, or one row on two
            versions of the data; both places are named.
        OSError: `out` cannot be written.
    """
    sources = [out, *folders] if record_file(out).exists() else list(folders)
    best: dict[str, Found] = {}
    torn = 0
    for folder in sources:
        if not record_file(folder).is_file():
            raise FileNotFoundError(f"Folder {folder} has no records.jsonl; nothing was merged.")
        read = read_records(folder)
        torn += read.torn
        for record in latest(read.records).values():
            _join(best, Found(record, folder))
    _check_data(best)
    checkpoints = _checkpoints(sources)
    new = [found for found in best.values() if found.folder != out]
    with told_in_a_sentence(out):
        for name, folder in checkpoints.items():
            _copy(folder / "checkpoints" / name, out / "checkpoints" / name)
        for found in new:
            for place in (array_file, failure_file):
                file = place(found.folder, found.record.digest)
                if file.is_file():
                    _copy(file, place(out, found.record.digest))
        append_lines(out, [found.record for found in new])
    return Merged(len(best), len(new), torn)


def _join(best: dict[str, Found], found: Found) -> None:
    """Keep the better of two records of one cell; two results must be the same."""
    before = best.setdefault(found.record.digest, found)
    if before is found or found.record.status != "ok":
        return
    if before.record.status != "ok":
        best[found.record.digest] = found
        return
    difference = _difference(before, found)
    if difference:
        raise ValueError(
            f"Row {found.record.row!r}, seed {found.record.seed} (cell "
            f"{found.record.digest[:12]}) has other {difference} in {found.folder} than in "
            f"{before.folder}; nothing was merged."
        )


def _difference(one: Found, two: Found) -> str:
    """The first thing in which two results of one cell differ; "" where they agree."""
    if differing_metrics(one.record, two.record):
        return "metrics"
    files = [array_file(found.folder, found.record.digest) for found in (one, two)]
    if not all(file.is_file() for file in files):
        return "" if not any(file.is_file() for file in files) else "arrays"
    if files[0].read_bytes() == files[1].read_bytes():
        return ""
    first, second = (read_arrays(found.folder, found.record.digest) for found in (one, two))
    for name in PREDICTIONS:
        arrays = [np.asarray(a.get(name, np.nan)) for a in (first, second)]
        if not np.array_equal(*arrays, equal_nan=arrays[0].dtype.kind == "f"):
            return name
    return ""


def _check_data(best: dict[str, Found]) -> None:
    """One row and seed of one spec on two versions of the data are no table."""
    records = [found.record for found in best.values()]
    first: dict[tuple, Record] = {}
    for record in records:
        place = (record.spec, record.row, record.seed, record.data)
        before = first.setdefault(place, record)
        cell = {(record.row, record.seed)}
        refuse_changed_data([before], cell, record.spec, record.data, record.checksum)


def _checkpoints(sources: list[Path]) -> dict[str, Path]:
    """{file name: the first folder that has it}; equal names must hold equal models."""
    first: dict[str, Path] = {}
    for folder in sources:
        # A checkpoint is whole where its story, written last, is there.
        for story in sorted((folder / "checkpoints").glob("*.training.json")):
            base = story.name.removesuffix(".training.json")
            for name in (f"{base}.safetensors", f"{base}.json", story.name):
                before = first.setdefault(name, folder)
                files = [place / "checkpoints" / name for place in (before, folder)]
                if name != story.name and _digest(files[0]) != _digest(files[1]):
                    raise ValueError(
                        f"Checkpoint {name} in {folder} is another model than in {before}; "
                        "nothing was merged."
                    )
    return first


def _digest(file: Path) -> object:
    if file.suffix == ".json":
        return json.loads(file.read_text()).get("digest")
    return file.read_bytes()


def _copy(source: Path, target: Path) -> None:
    if source == target:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    part.replace(target)
