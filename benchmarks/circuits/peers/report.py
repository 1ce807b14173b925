"""The table: ratios first, then every program's row, then what was not measured and why."""

import os
import platform
from collections.abc import Iterable

from floors import byte_floor, flop_floor
from workload import Task

GOALS = {
    ("inference", "angle"): {4: 7, 8: 10, 12: 8},
    ("training", "angle"): {4: 8, 8: 8, 12: 7},
    ("vqe", "none"): {16: 5, 20: 4},
    ("state", "none"): {20: 1, 22: 1, 24: 1},
    ("noise", "angle"): {8: 5},
}
OURS = "ours"
Rows = dict[str, dict]  # of one task, by the program's name; ours is the better of its two runs


def grouped(rows: Iterable[dict]) -> dict[Task, Rows]:
    """Rows by task, sorted, in each the better run of a program."""
    groups: dict[Task, Rows] = {}
    for row in (row for row in rows if "task" in row):
        kept = groups.setdefault(Task(**row["task"]), {})
        other = kept.get(row["peer"])
        if other is None or row.get("best", float("inf")) <= other.get("best", float("inf")):
            kept[row["peer"]] = row
    return dict(sorted(groups.items(), key=lambda item: order(item[0])))


def order(task: Task):
    works = ("inference", "training", "vqe", "state", "noise")
    encodings = ("none", "angle", "reuploading", "amplitude")
    return works.index(task.work), encodings.index(task.encoding), task.layers, task.n


def label(task: Task) -> str:
    words = {
        "inference": "inference, 1,000 samples",
        "training": "loss and gradient, 1,000 samples",
        "vqe": "Ising energy gradient",
        "state": "state",
        "noise": "noisy density matrix, 100 samples",
    }[task.work]
    if task.encoding in ("reuploading", "amplitude"):
        words += ", " + {"reuploading": "re-uploading", "amplitude": "amplitudes"}[task.encoding]
    return words + (f", {task.layers} layers" if task.layers != 4 else "")


def make_report(rows: list[dict]) -> str:
    groups, machine = grouped(rows), next((r["limits"] for r in rows if "limits" in r), None)
    parts = [header(rows, machine), ratios(groups, rows, machine), every_row(groups)]
    return "\n\n".join([*parts, missing(groups), versions(rows)]) + "\n"


def header(rows: list[dict], machine: dict | None) -> str:
    dates = sorted(row["date"] for row in rows)
    limit = ""
    if machine is not None:
        wide = ", ".join(
            f"{rate / 1e9:.0f} GB/s at {int(size) / 2**20:.3g} MiB"
            for size, rate in machine["bandwidth"].items()
        )
        limit = (
            f"One core here: {machine['flops'] / 1e9:.0f} GF/s in float32; "
            f"an array scaled in place: {wide}. "
        )
    return (
        "# The simulator beside its peers\n\n"
        f"Made by `python benchmarks/circuits/peers.py` on {platform.machine()} "
        f"({os.cpu_count()} cores, {platform.system()}), rows taken from {dates[0]} to "
        f"{dates[-1]}. Every program is a process of its own on one pinned core, one thread, the "
        "same malloc settings, and computes the same circuit: layers of RX, RY, RZ on every qubit "
        "and a ring of CNOTs, 4 layers unless said. Programs of one row of the table run one "
        "after another, ours first and last; times are the best of the repeats. *Compile* is what "
        "making the program and its first call take beyond a run. Only ratios carry over to other "
        f"machines.\n\n{limit}*Floor* is that of a program which applies the fused gates to "
        "every sample: the larger of their flops at that rate and one sweep of the state a layer "
        "at that bandwidth; for gradients four times the forward pass's, an estimate. A best peer "
        "is the best of those with a result; where one gave none within the limit, the last table "
        "says so, and the ratio is an upper bound."
    )


def ratios(groups: dict[Task, Rows], rows: list[dict], machine: dict | None) -> str:
    lines = [
        "| work | n | ours, ms | best peer | of (measured / tried) | its ms | peer / ours "
        "| to reach | ours / floor | compile s, ours | the peer's | peak MiB, ours | the peer's "
        "| ours, last / first |",
        "|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for task, programs in groups.items():
        ours, best = programs.get(OURS, {}), best_peer(programs)
        other = programs.get(best or "", {})
        peers = started(programs)
        floor = machine and task.work != "noise" and max(
            flop_floor(task, machine["flops"]), byte_floor(task, machine["bandwidth"])
        )  # fmt: skip
        cells = [
            label(task),
            f"{task.n}",
            milliseconds(ours),
            best or "none",
            f"{sum(map(measured, peers))} / {len(peers)}",
        ]
        cells += [milliseconds(other), ratio_cell(programs, best), goal(task)]
        cells += [number(ours["best"] / floor if measured(ours) and floor else None, ".1f")]
        cells += [number(row.get("compile"), ".1f") for row in (ours, other)]
        cells += [number(row.get("memory"), ".0f") for row in (ours, other)]
        lines.append(line([*cells, number(drift(rows, task), ".2f")]))
    return "## Ratios\n\n" + "\n".join(lines)


def every_row(groups: dict[Task, Rows]) -> str:
    lines = [
        "| work | n | program | best, ms | median, ms | compile, s | peak MiB (of it before) "
        "| largest error | notes |",
        "|---|---:|---|---:|---:|---:|---:|---:|---|",
    ]
    for task, programs in groups.items():
        found = [(name, row) for name, row in programs.items() if measured(row)]
        for name, row in sorted(found, key=lambda item: item[1]["best"]):
            cells = [label(task), f"{task.n}", name, milliseconds(row), milliseconds(row, "median")]
            cells += [f"{row['compile']:.1f}", f"{row['memory']:.0f} ({row['memory_before']:.0f})"]
            cells += ["not checked" if row["error"] is None else f"{row['error']:.0e}"]
            lines.append(line([*cells, notes(task, row)]))
    return "## Every program\n\n" + "\n".join(lines)


def missing(groups: dict[Task, Rows]) -> str:
    lines = ["| work | n | program | not measured, because |", "|---|---:|---|---|"]
    for task, programs in groups.items():
        for name, row in programs.items():
            if not measured(row):
                reason = row["reason"].replace("|", "/")
                lines.append(line([label(task), f"{task.n}", name, reason]))
    return "## Not measured\n\n" + "\n".join(lines)


def versions(rows: list[dict]) -> str:
    found = sorted({f"{k} {v}" for row in rows for k, v in row.get("versions", {}).items()})
    return "Versions: " + ", ".join(found) + "."


def measured(row: dict) -> bool:
    return "best" in row


def best_peer(programs: Rows) -> str | None:
    """The fastest peer whose answer is right."""
    right = [name for name, row in programs.items() if name != OURS and measured(row)
             and (row["error"] is None or row["error"] < 1e-3)]  # fmt: skip
    return min(right, key=lambda name: programs[name]["best"], default=None)


def started(programs: Rows) -> list[dict]:
    """Rows of the peers that were run, with or without a result."""
    peers = [row for name, row in programs.items() if name != OURS]
    return [
        row for row in peers if "versions" in row or unfinished(row) or "ended" in row["reason"]
    ]


def unfinished(row: dict) -> bool:
    return row.get("reason", "").startswith("no result")


def ratio_cell(programs: Rows, best: str | None) -> str:
    """Their time over ours; a peer that was given up might have been the best one."""
    ours, other = programs.get(OURS, {}), programs.get(best or "", {})
    if not (measured(ours) and measured(other)):
        return "not measured"
    bound = "at most " if any(unfinished(row) for row in started(programs)) else ""
    return f"{bound}{other['best'] / ours['best']:,.2f}"


def drift(rows: list[dict], task: Task) -> float | None:
    """How our own time changed from the first to the last place in its group."""
    times = {row["place"]: row["best"] for row in rows if row.get("peer") == OURS
             and Task(**row["task"]) == task and measured(row)}  # fmt: skip
    return times["last"] / times["first"] if len(times) == 2 else None


def goal(task: Task) -> str:
    if task.layers != 4:
        return ""
    if task.encoding in ("reuploading", "amplitude"):
        return "4"
    return str(GOALS.get((task.work, task.encoding), {}).get(task.n, ""))


def notes(task: Task, row: dict) -> str:
    found = [] if row["precision"] == "complex64" else [row["precision"]]
    if row["samples"] != task.samples:
        found.append(f"{row['samples']} samples timed, scaled")
    return ", ".join(found)


def milliseconds(row: dict, key: str = "best") -> str:
    return f"{1000 * row[key]:.3g}" if row.get(key, 1) < 0.1 else number(row.get(key), "ms")


def number(value: float | None, form: str) -> str:
    if value is None:
        return "not measured"
    return f"{1000 * value:,.0f}" if form == "ms" else f"{value:,{form}}"


def line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
