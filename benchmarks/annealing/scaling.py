"""How seconds and bytes grow with the number of variables, with the fitted exponents.

    python benchmarks/annealing/scaling.py [--minutes 4] [--fresh]

Random 3-regular graphs up to 10,000 variables and Sherrington-Kirkpatrick glasses up to 5,000; 64
reads of 100 sweeps each, every point in a process of its own, whose largest resident memory counts
less what it held before the problem was made. Seconds are those of sampling, by the wall clock, as
`info["seconds"]` has them. Writes `benchmarks/results/annealing_scaling.{csv,md,svg,png}`.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
from time import perf_counter

import numpy as np
from drawing import draw_scaling, exponent
from figures import RESULTS

import annealing
from annealing import instances

READS, SWEEPS = 64, 100
STEM = "annealing_scaling"
SPARSE, DENSE = "3-regular ±J", "SK ±1"
SIZES = {SPARSE: (1000, 2000, 5000, 10000), DENSE: (500, 1000, 2000, 5000)}
SAMPLERS = {
    SPARSE: {
        "ChromaticAnnealing": {"sweeps": SWEEPS},
        "MultiSpinAnnealing": {"sweeps": SWEEPS},
        "ParallelTempering": {"rounds": 10},
        "SimulatedAnnealing": {"sweeps": SWEEPS},
        "SteepestDescent": {},
    },
    DENSE: {
        "SimulatedBifurcation": {"steps": SWEEPS},
        "DenseAnnealing": {"sweeps": SWEEPS},
        "SimulatedAnnealing": {"sweeps": SWEEPS},
        "SteepestDescent": {},
    },
}
LARGEST = {(DENSE, "SimulatedAnnealing"): 2000}  # its model of Python objects takes minutes beyond


def main() -> None:
    """Measure each point that is missing, write the table and draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--fresh", action="store_true", help="measure all anew")
    parser.add_argument("--point", nargs=3, help="family, sampler and n: measure this and print it")
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(*options.point)))
        return
    rows, start = [] if options.fresh else stored(), perf_counter()
    for family, name, n in points():
        if perf_counter() - start > 60 * options.minutes:
            print("no time left; run again to go on")
            break
        if not any((row["family"], row["program"], row["n"]) == (family, name, n) for row in rows):
            rows.append(apart(family, name, n))
            write(rows)
    print(table(rows))
    draw_scaling(STEM, rows, [("seconds", "seconds"), ("bytes", "bytes")])


def points() -> list[tuple[str, str, int]]:
    """All points, small problems first."""
    every = [
        (family, name, n)
        for family, samplers in SAMPLERS.items()
        for name in samplers
        for n in SIZES[family]
        if n <= LARGEST.get((family, name), n)
    ]
    return sorted(every, key=lambda point: point[2])


def apart(family: str, name: str, n: int) -> dict:
    """A point measured in a process of its own."""
    call = [sys.executable, __file__, "--point", family, name, str(n)]
    answer = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    return json.loads(answer.splitlines()[-1])


def measure(family: str, name: str, n: str) -> dict:
    """Seconds and bytes of one sampler on one problem, the program being compiled before."""
    options = SAMPLERS[family][name]
    sampler = getattr(annealing, name)(**options)
    small = problem(family, 64)
    sampler.sample(small, reads=READS, seed=0)  # packages, kernels and threads are there
    before = peak()
    qubo = problem(family, int(n))
    samples = sampler.sample(qubo, reads=READS, seed=0)
    seconds = samples.info["seconds"]
    return {
        "family": family,
        "program": name,
        "n": int(n),
        "seconds": seconds["sample"],
        "before": sum(value for stage, value in seconds.items() if stage != "sample"),
        "bytes": peak() - before,
        "peak": peak(),
    }


def problem(family: str, n: int) -> annealing.Qubo:
    """The instance of a size."""
    if family == DENSE:
        return instances.sherrington_kirkpatrick(n)
    return instances.regular_max_cut(n, values="signs")


def peak() -> int:
    """The most bytes this process has held (Linux counts in KiB, macOS in bytes)."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else 1024 * held


def stored() -> list[dict]:
    """Points of an earlier run."""
    path = RESULTS / f"{STEM}.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    words = ("family", "program")
    return [{key: row[key] if key in words else float(row[key]) for key in row} for row in rows]


def write(rows: list[dict]) -> None:
    """The points as CSV, the exponents and the largest points as Markdown."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{STEM}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (RESULTS / f"{STEM}.md").write_text(table(rows))


def table(rows: list[dict]) -> str:
    """One line a sampler: exponents, and what the largest problem took."""
    lines = [
        "# Growth with the number of variables",
        "",
        f"{READS} reads of {SWEEPS} sweeps or steps (10 rounds of parallel tempering); seconds of "
        "sampling by the wall clock, memory above that of the packages, peak of the whole process.",
        "",
        "| problem | sampler | n | seconds ~ n^ | bytes ~ n^ | seconds at the largest n "
        "| before sampling, s | MiB | peak, MiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for family, name in dict.fromkeys((row["family"], row["program"]) for row in rows):
        own = [row for row in rows if (row["family"], row["program"]) == (family, name)]
        n = np.array([row["n"] for row in own])
        grown = [fitted(n, np.array([row[key] for row in own])) for key in ("seconds", "bytes")]
        last = max(own, key=lambda row: row["n"])
        cells = [family, name, f"{n.min():.0f} to {n.max():.0f}", *grown]
        cells += [f"{last['seconds']:.3g}", f"{last['before']:.3g}"]
        cells += [f"{last[key] / 2**20:.0f}" for key in ("bytes", "peak")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def fitted(n: np.ndarray, y: np.ndarray) -> str:
    """The exponent of a power law through the points, - where there are too few."""
    kept = y > 0
    return f"{exponent(n[kept], y[kept]):.2f}" if kept.sum() > 1 else "-"


if __name__ == "__main__":
    main()
