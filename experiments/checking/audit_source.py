"""Whether a results folder of ours agrees with the data and the spec that it names."""

import numpy as np

from experiments.checking.audit_findings import Finding
from experiments.checking.audit_folder import Results, about, cell_name
from experiments.checking.leakage import leaked
from experiments.records import Record
from experiments.run import spec_records
from experiments.specs import Spec, load_spec
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
        found += leaked(name, data.x[data.train], data.x[data.test])
        found += _events(results, [r for r in results.records.values() if r.data == name], data)
    return found


def _events(results: Results, records: list[Record], data: Dataset) -> list[Finding]:
    changed = [record for record in records if record.checksum not in ("", data.sha256)]
    text = f"{len(changed)} records are of another state of data set {data.name} than there is now."
    found = [about(results, "data", "warning", changed, text)] if changed else []
    for record in (record for record in records if record not in changed):
        arrays = results.arrays.get(record.digest, {})
        if told := _strange_events(arrays, data):
            text = f"{cell_name(record)}: {told}"
            found.append(about(results, "data", "error", [record], text))
    return found


def _strange_events(arrays: dict[str, np.ndarray], data: Dataset) -> str:
    rows, labels = arrays.get("rows"), arrays.get("labels")
    if rows is None or labels is None:
        return ""
    if np.isin(rows, data.train).any():
        return "was measured on training events."
    if not np.isin(rows, data.test).all():
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
            expected = spec_records(spec, results.folder)
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
