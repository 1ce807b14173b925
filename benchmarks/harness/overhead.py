"""What the harness itself costs: per cell, per 100,000 records, and with several workers.

Claims measured: a cell costs under 20 ms beyond its own work (claims, arrays, one synced line),
however many records the folder holds; listing, resuming, tabling and querying 100,000 records (100
rows with 1000 seeds) takes seconds; 500 small cells gain from workers. It prints the tables and
writes them to `benchmarks/results/harness.md`. `--quick` takes a tenth of everything.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # one worker is one core, so that the speed-up is of workers

import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from experiments.provenance import provenance
from experiments.query import query
from experiments.records import Record, Tail, append_lines, append_record, read_records
from experiments.reporting.tables import make_table
from experiments.run import missing_cells, run
from experiments.running.loop import Here, Loop, Outcome
from experiments.running.machine import usable_cores
from experiments.specs import ROLES, Cell, Row, Spec, cells, parse_spec
from qml.data import load_dataset

RESULTS = Path(__file__).parents[1] / "results" / "harness.md"
SCRATCH = Path(__file__).parents[2] / ".cache"  # on a disk: in memory, syncing costs nothing
TIMED = 200  # cells whose cost is averaged
EVENTS = 1000  # scores kept of each
LABELS = np.arange(EVENTS) % 2
SPEC = {
    "name": "small",
    "data": {"name": "toy_linear"},
    "models": {"sum": {"kind": "untrained_sum"}, "trees": {"kind": "boosted_trees", "trees": 150}},
}


def main() -> None:
    """Measure everything, print and write it."""
    before = os.getloadavg()[0]
    part = 10 if "--quick" in sys.argv else 1
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        place = Path(name)
        sizes = [n // part for n in (100, 1000, 10_000, 100_000)]
        costs = "\n".join(cost_line(place / str(n), n) for n in sizes)
        reading = read_lines(place / "many", sizes[-1])
        tabling = table_line(place / "arrays", 1000 // part)
        speed = worker_lines(place, 500 // part)
    text = f"""\
# The harness's own cost

Made by `python benchmarks/harness/overhead.py` on {platform.machine()}, {usable_cores()} cores,
load by others before it started: {before:.1f}.
Goals: under 20 ms a cell and flat, seconds for 100,000 records.

| records in the folder | ms a cell, claims + arrays + line | of it ms to write arrays and line |
|---:|---:|---:|
{costs}

| {sizes[-1]:,} records | seconds |
|---|---:|
{reading}

| cells, {EVENTS} test events each | seconds of a table, intervals over events | ms a cell |
|---:|---:|---:|
{tabling}

| {500 // part} cells of boosted trees, workers started for it | seconds | speed-up |
|---|---:|---:|
{speed}
"""
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)
    print(text)


def cost_line(folder: Path, count: int) -> str:
    """Cost of a cell that does nothing, in a folder with `count` records."""
    about = provenance()
    append_lines(folder, [made(f"{i:064x}", about) for i in range(count)])
    scores = {"scores": np.random.default_rng(0).random(EVENTS)}
    todo = [Cell(Row("r", "m"), i, f"f{i:063x}", "") for i in range(TIMED)]

    def work(cell: Cell, stage: Callable) -> Outcome:
        return Outcome(made(cell.digest, about), scores)

    loop = Loop(todo, Tail(folder), Here(work, lambda *told: None))
    whole = timed(loop.run) / TIMED
    extra = [made(f"e{i:063x}", about) for i in range(TIMED)]
    writing = timed(lambda: [append_record(folder, r, scores) for r in extra]) / TIMED
    return f"| {count:,} | {1e3 * whole:.2f} | {1e3 * writing:.2f} |"


def read_lines(folder: Path, count: int) -> str:
    """Seconds to read, list, resume, table and query a folder that holds a spec's many records."""
    spec, todo = filled(folder, count)
    tail = Tail(folder)
    loop = Loop(todo, tail, Here(never, lambda *told: None))
    found = {
        "read all records": timed(partial(read_records, folder)),
        "read, expand as many cells, list the missing ones": timed(
            partial(missing_cells, spec, folder)
        ),
        "resume a finished run (records read already)": timed(loop.run),
        "table of all, intervals over seeds": timed(
            partial(make_table, spec, folder, over="seeds")
        ),
        "SQL: mean over rows": timed(
            partial(query, [folder], "SELECT row, avg(metrics.auc) FROM latest GROUP BY row")
        ),
    }
    lines = [f"| {what} | {seconds:.1f} |" for what, seconds in found.items()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return "\n".join([*lines, f"| (peak memory of all this: {peak:.1f} GiB) | |"])


def table_line(folder: Path, count: int) -> str:
    """Seconds of the other kind of table, whose intervals need every array of predictions."""
    spec, todo = filled(folder, count)
    rng, about = np.random.default_rng(0), provenance()
    for cell in todo:
        arrays = {"scores": rng.random(EVENTS), "labels": LABELS, "rows": np.arange(EVENTS)}
        append_record(folder, made_of(cell, about), arrays)
    seconds = timed(partial(make_table, spec, folder))
    return f"| {len(todo):,} | {seconds:.1f} | {1e3 * seconds / len(todo):.0f} |"


def filled(folder: Path, count: int) -> tuple[Spec, list[Cell]]:
    """A spec of a hundred rows (ten for few cells), and a folder with a record of each cell."""
    rows = 100 if count >= 10_000 else 10
    models = {f"{i}": {"kind": "boosted_trees", "trees": 100 + i} for i in range(rows)}
    entries = [{"id": i, "model": i, "role": ROLES[int(i) % 2]} for i in models]
    tree = SPEC | {"models": models, "rows": entries, "seeds": list(range(count // rows))}
    spec = parse_spec(tree)
    todo, about = cells(spec, load_dataset("toy_linear").sha256), provenance()
    append_lines(folder, [made_of(cell, about) for cell in todo])
    return spec, todo


def never(cell: Cell, stage: Callable) -> Outcome:
    """The work of a run that has nothing left to do."""
    raise AssertionError(f"{cell.digest} has a record already")


def worker_lines(place: Path, count: int) -> str:
    """Seconds for many small cells on 1, 2 and 4 workers, starting them included."""
    spec = small_spec(("trees",), count)
    run(small_spec(("trees",), 1), place / "warm")
    seconds = {n: timed(partial(run, spec, place / f"{n} workers", workers=n)) for n in (1, 2, 4)}
    return "\n".join(
        f"| {n} worker{'s' * (n > 1)} | {s:.1f} | {seconds[1] / s:.2f} |"
        for n, s in seconds.items()
    )


def small_spec(models: tuple[str, ...], seeds: int) -> Spec:
    """One row a model with as many seeds."""
    roles = {"sum": "trivial", "trees": "classical"}
    rows = [{"id": model, "model": model, "role": roles[model]} for model in models]
    return parse_spec(SPEC | {"seeds": list(range(seeds)), "rows": rows})


def made_of(cell: Cell, about: dict) -> Record:
    """The record of a cell, with a score of its own."""
    auc = 0.75 + 0.02 * np.random.default_rng((cell.seed, int(cell.row.id))).standard_normal()
    metrics = {"auc": auc + 0.001 * int(cell.row.id), "accuracy": 0.7}
    record = made(cell.digest, about)
    return record._replace(spec="small", row=cell.row.id, seed=cell.seed, metrics=metrics)


def made(digest: str, about: dict) -> Record:
    """A record as large as a real one."""
    cost = {"events": EVENTS, "seconds": {"compile": 0.1, "train": 1.0, "execute": 0.1}}
    info = {"backend": {"backend": "Exact", "simulated": True, "seconds": cost["seconds"]}}
    time = "2026-01-01T00:00:00+00:00"
    metrics = {"auc": 0.75, "accuracy": 0.7}
    return Record(digest, "s", "r", 0, "ok", metrics, cost, info, about, time)


def timed(function: Callable) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
