"""What must hold in an extracted bundle, beyond its checksums: one sentence for what does not."""

import csv
import json
import math
from itertools import zip_longest
from pathlib import Path
from typing import get_origin, get_type_hints

import numpy as np

from experiments.bundles.crate import description
from experiments.bundles.data import read_data
from experiments.bundles.layout import METADATA, PAGE, RECORDS, SPEC, TABLE_CSV, TABLE_MD
from experiments.records import Record, latest, place, read_arrays, read_records
from experiments.reporting.tables import Table
from experiments.scoring import METRICS
from experiments.specs import cells, load_spec
from qml import load_checkpoint
from qml.data import load_dataset


def sound_records(folder: Path) -> tuple[list[Record], list[str]]:
    """The last record of each cell, as far as it has the types that a record has.

    Args:
        folder: where the bundle was extracted.

    Returns:
        the records, and one sentence for what is none.
    """
    read = read_records(folder)
    kinds = {name: get_origin(hint) or hint for name, hint in get_type_hints(Record).items()}
    sound = [
        record
        for record in read.records
        if all(isinstance(value, kinds[name]) for name, value in record._asdict().items())
    ]
    others = read.torn + len(read.records) - len(sound)
    problems = [f"In {RECORDS}: {others} lines are no records."] if others else []
    return list(latest(sound).values()), problems


def check_records(folder: Path, records: list[Record]) -> list[str]:
    """Records belong to the spec, and their metrics follow from the stored scores.

    Args:
        folder: where the bundle was extracted.
        records: its last record of each cell.

    Returns:
        one sentence for each mismatch.
    """
    known = {cell.digest for cell in cells(load_spec(str(folder / SPEC)), read_data(folder).sha256)}
    labels: dict[int, int] = {}
    problems = []
    for record in records:
        if record.digest not in known:
            problems.append(f"{_name(record)}: it is of no cell of {SPEC} on these data.")
        elif record.status == "ok":
            problems += _check_scores(folder, record, labels)
    return problems


def _check_scores(folder: Path, record: Record, labels: dict[int, int]) -> list[str]:
    """`labels` of all events seen so far: every cell must say the same of the same event."""
    arrays = read_arrays(folder, record.digest)
    scores, truth, rows = (arrays[name] for name in ("scores", "labels", "rows"))
    problems = []
    for name in METRICS.keys() & record.metrics.keys():
        stated, found = record.metrics[name], float(METRICS[name](scores, truth))
        if not math.isclose(stated, found, rel_tol=1e-9):  # another processor, another last bit
            problems.append(
                f"{_name(record)}: its {name} is {stated}, but the stored scores give {found}."
            )
    pairs = zip(rows.tolist(), truth.tolist(), strict=True)
    if differ := sum(labels.setdefault(row, label) != label for row, label in pairs):
        problems.append(f"{_name(record)}: {differ} labels differ from those of other cells.")
    return problems


def check_checkpoints(folder: Path, records: list[Record]) -> list[str]:
    """Checkpoints are whole, and those that records name are there.

    Args:
        folder: where the bundle was extracted.
        records: its last record of each cell.

    Returns:
        one sentence for each mismatch.
    """
    there, problems = set(), []
    for file in sorted((folder / "checkpoints").rglob("*.safetensors")):
        try:
            there.add(load_checkpoint(file.with_suffix(""))[1])
        except (ValueError, OSError) as error:
            problems.append(str(error).replace(f"{folder}/", ""))
    for record in records:
        named = record.info.get("checkpoint")
        if named is not None and named not in there:
            problems.append(f"{_name(record)}: its checkpoint {named} is not in the bundle.")
    return problems


def check_labels(folder: Path, records: list[Record]) -> list[str]:
    """Stored labels and event numbers are those of the data set's test rows.

    Args:
        folder: where the bundle was extracted.
        records: its last record of each cell.

    Returns:
        one sentence for each mismatch.
    """
    told = read_data(folder)
    dataset, problems = load_dataset(told.name), []
    if dataset.sha256 != told.sha256:
        return [
            f"Data set {told.name} has SHA-256 {dataset.sha256} here, but the bundle's has "
            f"{told.sha256}."
        ]
    for record in (r for r in records if r.status == "ok"):
        arrays = read_arrays(folder, record.digest)
        if not np.isin(arrays["rows"], dataset.test).all():
            problems.append(f"{_name(record)}: it scores events that are no test rows.")
        elif (dataset.y[arrays["rows"]] != arrays["labels"]).any():
            problems.append(f"{_name(record)}: its labels are not those of the data set.")
    return problems


def compare_derived(folder: Path, again: Path) -> tuple[list[str], int]:
    """Compare table and page of a bundle with those that were made again.

    Args:
        folder: where the bundle was extracted.
        again: where table and page were made again.

    Returns:
        one sentence for each mismatch, and how many entries of the table were compared.
    """
    lost = [name for name in (TABLE_CSV, TABLE_MD, PAGE) if not (folder / name).is_file()]
    if lost:
        return [f"Nothing can be compared with {', '.join(lost)}: not in the bundle."], 0
    stated, found = _rows(folder / TABLE_CSV), _rows(again / TABLE_CSV)
    problems = _compare_rows(stated, found) + _compare_lines(folder, again, TABLE_MD)
    return problems + _compare_lines(folder, again, PAGE), sum(len(row) for row in found[1:])


def compare_description(folder: Path, table: Table) -> list[str]:
    """Compare the sentences in the metadata with those that follow from the table made again.

    Args:
        folder: where the bundle was extracted.
        table: made again.

    Returns:
        one sentence where they differ.
    """
    graph = json.loads((folder / METADATA).read_text(encoding="utf-8"))["@graph"]
    stated = next(entity for entity in graph if entity["@id"] == "./").get("description")
    if stated == (found := description(table)):
        return []
    return [f"{METADATA} says {stated!r}, the stored predictions give {found!r}."]


def _compare_rows(stated: list[list[str]], found: list[list[str]]) -> list[str]:
    heads, said = found[0], stated[0] if stated else []
    if said != heads or len(stated) != len(found):
        return [
            f"{TABLE_CSV} has {len(stated)} lines, the first {', '.join(said)!r}; made again it "
            f"has {len(found)}, the first {', '.join(heads)!r}."
        ]
    return [
        f"Row {new[0]!r}, column {head!r}: {TABLE_CSV} says {a!r}, the stored predictions give "
        f"{b!r}."
        for old, new in zip(stated[1:], found[1:], strict=True)
        for head, a, b in zip_longest(heads, old, new)
        if a != b
    ]


def _compare_lines(folder: Path, again: Path, name: str) -> list[str]:
    stated, found = (_lines(place / name) for place in (folder, again))
    return [
        f"{name} says {a!r}, the stored predictions give {b!r}."
        for a, b in zip_longest(stated, found, fillvalue="")
        if a != b
    ]


def _lines(file: Path) -> list[str]:
    """Lines without what is inside drawings, which differs between plotting libraries."""
    first, *others = file.read_text(encoding="utf-8", errors="replace").split("<svg")
    return "<svg/>".join([first, *(part.partition("</svg>")[2] for part in others)]).splitlines()


def _rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", errors="replace", newline="") as stream:
        return list(csv.reader(stream))


def _name(record: Record) -> str:
    return f"Record {place(record)}"
