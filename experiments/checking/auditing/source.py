"""Whether a results folder of ours agrees with the data and the spec that it names."""

from collections.abc import Iterable

import numpy as np

from experiments.checking.auditing.findings import Finding
from experiments.checking.auditing.folder import Results, about
from experiments.checking.auditing.leakage import row_hashes, worst_leak
from experiments.records import Record, place
from experiments.run import all_records
from experiments.specs import SPLITS, DataSpec, Spec, load_spec
from experiments.splits import Split, split_rows
from qml.data import Dataset, load_dataset


def against_data(results: Results) -> list[Finding]:
    """Leakage in the data sets, data that changed since, and events or labels that are not theirs.

    Args:
        results: a folder's content.

    Returns:
        the findings; a note where data are not there.
    """
    found = []
    for name in sorted({record.data for record in results.records.values()} - {""}):
        try:
            data = load_dataset(name)
        except (OSError, ValueError) as error:
            found.append(Finding("data", "note", (), f"Data set {name} was not checked: {error}"))
            continue
        mine = [record for record in results.records.values() if record.data == name]
        found += _against_set(results, mine, data)
    return found


def _against_set(results: Results, records: list[Record], data: Dataset) -> list[Finding]:
    """Records of one data set: those of another state of it, and the others split by split."""
    current = [record for record in records if record.checksum in ("", data.sha256)]
    changed = [record for record in records if record.checksum not in ("", data.sha256)]
    text = f"{len(changed)} records are of another state of data set {data.name} than there is now."
    found = [about(results, "data", "warning", changed, text)] if changed else []
    hashes, shared = row_hashes(data.x), []
    for group in _by_split(current):
        try:
            split = _split_again(group[0], data)
        except (ValueError, TypeError, IndexError) as error:
            text = f"{place(group[0])}: its split cannot be made again ({error})."
            found.append(about(results, "data", "error", group, text))
            continue
        shared.append(_shared(hashes, split))
        found += _strange_records(results, group, data, split)
    return found + worst_leak(data.name, shared)


def _by_split(records: Iterable[Record]) -> Iterable[list[Record]]:
    """Records that were trained and tested on the same rows, before any cap."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        told = record.info.get("split")
        groups.setdefault(repr((told, record.seed)) if told else "", []).append(record)
    return groups.values()


def _split_again(record: Record, data: Dataset) -> Split:
    """The rows that a record was trained and tested on, by what it says of them."""
    told = dict(record.info.get("split", {"protocol": "fixed"}))
    protocol, fold = told.pop("protocol", None), told.pop("fold", 0)
    if protocol not in SPLITS:
        raise ValueError(f"unknown protocol {protocol!r}")
    return split_rows(DataSpec(data.name, split=protocol, **told), data, record.seed, fold)


def _shared(hashes: np.ndarray, split: Split) -> tuple[int, int]:
    """How many test rows are training rows by content, of how many."""
    return int(np.isin(hashes[split.test], hashes[split.train]).sum()), len(split.test)


def _strange_records(
    results: Results, records: list[Record], data: Dataset, split: Split
) -> list[Finding]:
    """Records of one split that were measured on other events, or with other labels."""
    found = []
    for record in records:
        if told := _strange_events(results.arrays.get(record.digest, {}), data, split):
            text = f"{place(record)}: {told}"
            found.append(about(results, "data", "error", [record], text))
    return found


def _strange_events(arrays: dict[str, np.ndarray], data: Dataset, split: Split) -> str:
    rows, labels = arrays.get("rows"), arrays.get("labels")
    if rows is None or labels is None:
        return ""
    if np.isin(rows, split.train).any():
        return "was measured on training events."
    if not np.isin(rows, split.test).all():
        return f"was measured on events that are not in the test part of {data.name}."
    return "" if np.array_equal(data.y[rows], labels) else f"its labels are not {data.name}'s."


def against_spec(results: Results, given: Spec | None) -> list[Finding]:
    """Cells of the spec that are missing, and records that are not its cells.

    Args:
        results: a folder's content.
        given: the spec; where None, the shipped spec of that name.

    Returns:
        the findings; a note where there is no such spec.
    """
    found = []
    for name in sorted({record.spec for record in results.records.values()}):
        try:
            spec = given if given is not None and given.name == name else load_spec(name)
            expected = all_records(spec, results.folder)
        except (OSError, ValueError) as error:
            text = f"{name}: whether cells are missing was not checked: {error}"
            found.append(Finding("cells", "note", (), text))
            continue
        known = {cell.digest for cell, _ in expected}
        own = [record for record in results.records.values() if record.spec == name]
        absent = [f"{cell.row.id}, seed {cell.seed}" for cell, record in expected if not record]
        if absent:
            text = (
                f"{name}: {len(absent)} of {len(expected)} cells have no record ({absent[0]}, …)."
            )
            found.append(Finding("cells", "warning", (), text))
        if foreign := [record for record in own if record.digest not in known]:
            text = f"{name}: {len(foreign)} records are of other settings or other data."
            found.append(about(results, "cells", "warning", foreign, text))
    return found
