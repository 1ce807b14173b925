"""What each offloaded row lost and took: one column a device, one line a quantity."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table as RichTable

from circuits import Result
from experiments.costs.prices import device_of, device_seconds, price, read_prices
from experiments.records import Record, read_arrays
from experiments.reporting.notes import metric_name
from experiments.reporting.tables import Line, Table
from experiments.scoring import replicate
from qml import Inference
from qml.offload_report import METRICS, offload_summary

STAGES = ("transpile", "queue", "execute", "post-process")

Summary = dict[str, Any]
Named = Sequence[tuple[str, Summary]]


def priced(summary: Summary, backend: Mapping[str, Any], device: str | None = None) -> Summary:
    """Add what a device that is sold would take for it: seconds of its time, and money.

    Args:
        summary: of `offload_summary`.
        backend: the `info` of the device's result.
        device: a name in the price table; None for what the backend stands for.

    Returns:
        the summary with `qpu_seconds` (None where neither reported nor charged for),
        `qpu_seconds_are` "reported" or "estimated", and `price`, an estimate (None where there is
        none).

    >>> told = {"backend": "Shots", "shots": 100}
    >>> cost = {"events": 10, "circuits": 10, "shots": 100, "seconds": {}}
    >>> made = priced(cost, told)
    >>> made["qpu_seconds"], made["qpu_seconds_are"], made["price"]["amount"]
    (2.35, 'estimated', 3.76)
    """
    device = device or device_of({"backend": dict(backend)})
    rates = [rate for rate in read_prices() if rate.device == device]
    cost = {key: summary[key] for key in ("events", "circuits", "seconds")}
    cost |= {"shots": summary["shots"] or 0, "jobs": summary.get("jobs", 1)}
    found, reported = price(cost, device, rates), "device" in cost["seconds"]
    shots = cost["circuits"] * cost["shots"] if any(rate.unit == "second" for rate in rates) else 0
    return summary | {
        "qpu_seconds": device_seconds(cost, shots),
        "qpu_seconds_are": "reported" if reported else "estimated",
        "price": None if found is None else found._asdict(),
    }


def offload_summaries(table: Table, folder: Path) -> list[tuple[str, Summary]]:
    """What every row lost against the row that it approximates, on the first seed.

    Args:
        table: of a run.
        folder: the run's folder, with its arrays.

    Returns:
        (label, priced summary) of each row that predicts on a circuit backend and has an `ideal`.
    """
    first = {record.row: record for record in reversed(table.records) if record.status == "ok"}
    made = []
    for line in table.lines:
        exact = first.get(line.row.ideal or "")
        if line.row.backend and line.row.id in first and exact not in (None, first[line.row.id]):
            made.append((line.row.label or line.row.id, _summary(line, table, folder, exact)))
    return made


def offload_rich(named: Named) -> RichTable:
    """The summaries for a terminal, one column a device.

    Args:
        named: (label, summary), priced or not.
    """
    shown = RichTable(box=box.SIMPLE_HEAD)
    for index, head in enumerate(("", *(label for label, _ in named))):
        shown.add_column(head, justify="right" if index else "left")
    for row in offload_cells(named):
        shown.add_row(*row)
    return shown


def offload_markdown(named: Named) -> str:
    """The summaries as a Markdown table, one column a device; ends in a newline."""
    heads = ["", *(label for label, _ in named)]
    rule = ["---", *["---:"] * len(named)]
    lines = [heads, rule, *offload_cells(named)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def offload_cells(named: Named) -> list[list[str]]:
    """The body of the table as strings: the name of a quantity, then its value for each device."""
    columns = [_column(summary) for _, summary in named]
    return [[name, *(column.get(name, "-") for column in columns)] for name in columns[0]]


def _summary(line: Line, table: Table, folder: Path, exact: Record | None) -> Summary:
    """On the events that both were scored on; `exact` is of the same seed."""
    assert exact is not None
    records = [r for r in table.records if r.row == line.row.id and r.status == "ok"]
    own = next((r for r in records if replicate(r) == replicate(exact)), records[0])
    device, ideal = read_arrays(folder, own.digest), read_arrays(folder, exact.digest)
    place = {row: at for at, row in enumerate(ideal["rows"].tolist())}
    common = np.array([place[row] for row in device["rows"].tolist()])
    metric = table.metric if table.metric in METRICS else "auc"
    made = offload_summary(
        _inference(ideal, {}, common),
        _inference(device, own.info["backend"], np.arange(len(common))),
        device["labels"],
        metric=metric,
    )
    return priced(made, own.info["backend"])


def _inference(arrays: Mapping[str, np.ndarray], info: dict, rows: np.ndarray) -> Inference:
    """As it was before it was stored: scores and errors of the model, values of the device."""
    values, scores, std = (arrays[name][rows] for name in ("values", "scores", "std"))
    # Runs of before the errors of values were kept have those of scores only.
    errors = arrays["values_std"][rows] if "values_std" in arrays else np.full(values.shape, np.nan)
    return Inference(scores, std, Result(values, errors, info))


def _column(one: Summary) -> dict[str, str]:
    found, name = one["agreement"], metric_name(one["metric"])
    before, after = one["before"], one["after"] or {}
    sizes = {
        name.replace("two_qubit", "two-qubit").replace("_", " "): _arrow(
            (before or {}).get(name), after.get(name)
        )
        for name in ("gates", "two_qubit_gates", "depth")
    }
    return {
        "events": str(one["events"]),
        f"{name} [95 %]": _interval(one["score"]),
        f"{name} exact": _interval(one["exact"]),
        f"Δ {name}, paired": _interval(one["change"], "+"),
        "slope": _number(found["slope"]),
        "offset": _number(found["offset"], "+"),
        "RMSE": _number(found["rmse"]),
        "RMSE by shots": _number(found["shot_noise"]),
        "same decisions": f"{one['same_decisions']:.1%}",
        "shots a circuit": str(one["shots"] or "-"),
        "circuits": str(one["circuits"]),
        "jobs": str(one["jobs"]),
        **sizes,
        "on qubits": " ".join(map(str, after.get("layout", []))) or "-",
        **{f"{stage} s": _number(one["seconds"].get(stage)) for stage in STAGES},
        "QPU s": _qpu(one),
        "would cost": _money(one.get("price")),
    }


def _qpu(one: Summary) -> str:
    seconds = one.get("qpu_seconds")
    if seconds is None:
        return "-"
    return f"{seconds:.1f}" + (" (estimated)" if one["qpu_seconds_are"] == "estimated" else "")


def _money(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "-"
    return f"{found['amount']:.2f} {found['currency']} (estimated, {found['date']})"


def _interval(value: Sequence[float], sign: str = "") -> str:
    return f"{value[0]:{sign}.3f} [{value[1]:{sign}.3f}, {value[2]:{sign}.3f}]"


def _number(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.3f}"


def _arrow(before: int | None, after: int | None) -> str:
    if before is None:
        return "-"
    return str(before) if after is None else f"{before} → {after}"
