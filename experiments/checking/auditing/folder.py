"""What can be wrong with a results folder of ours beyond its scores.

The stored predictions are read again: a record stands or falls with the arrays beside it.
"""

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.checking.auditing.findings import Finding
from experiments.checking.auditing.score_table import ScoreTable, score_table
from experiments.records import Record, array_file, latest, place, read_records
from qml.data import holds_classes
from qml.metrics import accuracy, auc

METRICS = {"auc": auc, "accuracy": accuracy}  # those that follow from scores and labels alone


class Results(NamedTuple):
    """A folder's latest records with their numbers in the file, and their arrays by digest.

    An array that cannot be read is absent from `arrays` and told in `unreadable`.
    """

    folder: Path
    torn: int
    line: dict[str, int]
    records: dict[str, Record]
    arrays: dict[str, dict[str, np.ndarray]]
    unreadable: dict[str, str]


def read_results(folder: Path) -> Results:
    """Everything that a folder holds.

    Args:
        folder: a run's folder with records.jsonl.

    Returns:
        its records and arrays.

    Raises:
        ValueError: not one whole record.
    """
    file = read_records(folder)
    if not file.records:
        raise ValueError(f"Folder {folder} holds no whole record; `qml run` makes them.")
    line = {record.digest: at + 1 for at, record in enumerate(file.records)}
    results = Results(folder, file.torn, line, latest(file.records), {}, {})
    for digest in (digest for digest, r in results.records.items() if r.status == "ok"):
        try:
            results.arrays[digest] = _read(array_file(folder, digest))
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            results.unreadable[digest] = str(error)
    return results


def _read(file: Path) -> dict[str, np.ndarray]:
    """Arrays from bytes: NumPy leaves a file open that it cannot read."""
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
        return dict(stored)


def scores_of(results: Results) -> ScoreTable:
    """The accuracies of finished cells, for the rules that any table of scores is checked by.

    Args:
        results: a folder's content.

    Returns:
        the table; `line` counts records.
    """
    done = [r for r in results.records.values() if r.status == "ok" and "accuracy" in r.metrics]
    texts = {
        "benchmark": [r.spec for r in done],
        "model": [r.row for r in done],
        "seed": [place(r).removeprefix(f"{r.row}, ") for r in done],
        "test": [repr(r.metrics["accuracy"]) for r in done],
        "n_test": [str(r.cost.get("events", 0)) for r in done],
    }
    return score_table([results.line[r.digest] for r in done], texts)


def torn_lines(results: Results) -> list[Finding]:
    """Half-written lines that a kill left."""
    if not results.torn:
        return []
    text = f"{results.torn} torn lines of records.jsonl were set aside; run the spec again."
    return [Finding("torn", "warning", (), text)]


def failed_cells(results: Results) -> list[Finding]:
    """Cells whose last record is a failure."""
    failed = [r for r in results.records.values() if r.status != "ok"]
    return [
        about(results, "failed", "warning", [r], f"{place(r)} failed: {r.error}") for r in failed
    ]


def mixed_origin(results: Results) -> list[Finding]:
    """Records of several commits, versions, machines, or of a checkout with changed files."""
    found = []
    origin = [(r, r.provenance) for r in results.records.values()]
    for name in ("commit", "versions", "device", "precision"):
        kinds = Counter(str(told.get(name, "")) for _, told in origin)
        usual = kinds.most_common(1)[0][0]
        odd = [r for r, told in origin if str(told.get(name, "")) != usual]
        if odd:
            severity = "warning" if name in ("commit", "versions") else "note"
            text = f"Records come from {len(kinds)} different entries of `{name}`."
            found.append(about(results, "origin", severity, odd, text))
    if dirty := [r for r, told in origin if told.get("dirty")]:
        text = f"{len(dirty)} records come from a checkout whose files differ from its commit."
        found.append(about(results, "origin", "warning", dirty, text))
    return found


def wrong_arrays(results: Results) -> list[Finding]:
    """Records whose stored predictions are gone or do not give the recorded metric again."""
    found = []
    for digest, reason in results.unreadable.items():
        record = results.records[digest]
        text = f"{place(record)}: its predictions cannot be read ({reason})."
        found.append(about(results, "arrays", "error", [record], text))
    for digest, arrays in results.arrays.items():
        record = results.records[digest]
        for told in _differences(record, arrays):
            found.append(about(results, "arrays", "error", [record], f"{place(record)}: {told}"))
    return found


def _differences(record: Record, arrays: dict[str, np.ndarray]) -> list[str]:
    """What a record says that its arrays do not."""
    try:
        scores, labels = arrays["scores"], arrays["labels"]
        known = METRICS if holds_classes(labels) else {}
        again = {name: float(f(scores, labels)) for name, f in known.items()}
    except (KeyError, ValueError, TypeError) as error:
        return [f"its predictions have no metric ({error})."]
    told = [
        f"recorded {name} {record.metrics[name]:.6f}, its predictions give {value:.6f}."
        for name, value in again.items()
        if name in record.metrics and not np.isclose(value, record.metrics[name], rtol=1e-9, atol=0)
    ]
    if record.cost.get("events", len(scores)) != len(scores):
        told.append(f"recorded {record.cost['events']} events, stored {len(scores)}.")
    return told


def different_data(results: Results) -> list[Finding]:
    """Records on one data set with several checksums, or several labels of one event."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in results.records.values():
        groups.setdefault((record.spec, record.data), []).append(record)
    found = []
    for (spec, data), records in groups.items():
        sums = {record.checksum for record in records} - {""}
        if len(sums) > 1:
            text = f"{spec}: records come from {len(sums)} checksums of data set {data}."
            found.append(about(results, "data", "error", records, text))
        if odd := _contradictions(results, records):
            text = f"{spec}: labels of the same events differ between records."
            found.append(about(results, "data", "error", odd, text))
    return found


def _contradictions(results: Results, records: list[Record]) -> list[Record]:
    """Records that give an event another label than an earlier one."""
    seen: dict[int, int] = {}
    odd = []
    for record in records:
        arrays = results.arrays.get(record.digest, {})
        if {"rows", "labels"} <= set(arrays):
            pairs = list(zip(arrays["rows"].tolist(), arrays["labels"].tolist(), strict=False))
            odd += [record] if any(seen.setdefault(row, y) != y for row, y in pairs) else []
    return odd


def chosen_on_test(results: Results) -> list[Finding]:
    """Records whose search was decided by a figure that is the test figure itself."""
    found = []
    for record in results.records.values():
        best = max((_number(entry.get("auc")) for entry in _scan(record)), default=np.nan)
        same = best < 1 and best == record.metrics.get("auc")  # 1.0 twice is no evidence
        if same or record.info.get("selected_on") == "test":
            text = f"{place(record)}: the AUC that chose its settings is its test AUC."
            found.append(about(results, "selection", "error", [record], text))
    return found


def about(
    results: Results, rule: str, severity: str, records: Iterable[Record], text: str
) -> Finding:
    """A finding about some records."""
    return Finding(rule, severity, tuple(results.line[r.digest] for r in records), text)


def _scan(record: Record) -> list[dict[str, Any]]:
    scan = record.info.get("scan")
    return [entry for entry in scan if isinstance(entry, dict)] if isinstance(scan, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else -np.inf
