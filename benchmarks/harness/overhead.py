"""What the harness itself costs: per cell, per 100,000 records, and with several workers.

Claims measured: a cell costs under 20 ms beyond its own work (claims, arrays, one synced line),
however many records the folder holds; listing, resuming and querying 100,000 records, and a table
out of a folder that holds them, take seconds; 500 small cells gain from workers. It prints the
tables and writes them to `benchmarks/results/harness.md`. `--quick` takes a tenth of everything.
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
from experiments.specs import Cell, Row, Spec, parse_spec

RESULTS = Path(__file__).parents[1] / "results" / "harness.md"
SCRATCH = Path(__file__).parents[2] / ".cache"  # on a disk: in memory, syncing costs nothing
TIMED = 200  # cells whose cost is averaged
EVENTS = 1000  # scores kept of each
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
        reading = read_lines(place / str(sizes[-1]), sizes[-1])
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
    """Seconds to read, resume, query, and make a table in a folder with many records."""
    seeds = list(range(count // 10))
    many = parse_spec(
        SPEC | {"seeds": seeds, "rows": [{"id": f"{i}", "model": "sum"} for i in range(10)]}
    )
    few = small_spec(("sum", "trees"), 5)
    run(few, folder)
    tail = Tail(folder)
    done = [Cell(Row("r", "m"), i, f"{i:064x}", "") for i in range(count)]
    loop = Loop(done, tail, Here(lambda cell, stage: 1 / 0, lambda *told: None))
    found = {
        "read all records": timed(partial(read_records, folder)),
        "expand as many cells and list the missing ones": timed(
            partial(missing_cells, many, folder)
        ),
        "resume a finished run (records read already)": timed(loop.run),
        "table of 10 cells out of them": timed(partial(make_table, few, folder)),
        "SQL: mean over rows": timed(
            partial(query, [folder], "SELECT row, avg(metrics.auc) FROM latest GROUP BY row")
        ),
    }
    lines = [f"| {what} | {seconds:.1f} |" for what, seconds in found.items()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return "\n".join([*lines, f"| (peak memory of all this: {peak:.1f} GiB) | |"])


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
