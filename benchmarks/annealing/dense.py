"""Dense problems: time to target of our samplers beside D-Wave's annealer, in one run.

Claim measured: on Sherrington-Kirkpatrick glasses (+-1 between all pairs) of 100 and 500 spins, the
seconds after which a run has, with 99 % probability, met an energy within 0.1 % of the best that
any program of the run has found:

    TTS = (seconds a read) * ln(0.01) / ln(1 - p),

p being the share of reads that met it, with its 95 % Wilson interval. Seconds are those of
sampling: compilation and the building of a peer's model stand in columns of their own. OpenJij and
simulated-bifurcation take part where they are installed. Peers run interleaved with ours, and each
program's fastest of the rounds counts. Prints the table and writes it, as Markdown and CSV, to
`benchmarks/results/annealing_dense.*`.
"""

import csv
import importlib.util
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from rich.progress import track

from annealing import Qubo, qubo_from_ising, qubo_to_ising, to_bqm
from annealing.samplers.bifurcation import SimulatedBifurcation
from annealing.samplers.dense_annealing import DenseAnnealing
from annealing.samplers.tempering import ParallelTempering

SIZES, ROUNDS, INSTANCE = (100, 500), 3, 1
WITHIN = 1e-3  # of the best energy
RESULTS = Path(__file__).parents[1] / "results" / "annealing_dense"
COLUMNS = (
    ("n", "n"),
    ("program", "program"),
    ("reads", "reads"),
    ("seconds", "seconds"),
    ("extra", "extra seconds (compile, build)"),
    ("best", "best"),
    ("mean", "mean"),
    ("p", "p(within 0.1 %)"),
    ("tts", "TTS99, s"),
    ("interval", "95 % interval, s"),
    ("ratio", "best peer's TTS / this"),
)


class Run(NamedTuple):
    """Energies (r,) of a run, its seconds, and those before it began."""

    energies: np.ndarray
    seconds: float
    extra: float


def main() -> None:
    """Run all programs on all sizes, print the table and write it."""
    rows = [row for n in track(SIZES, "timing", transient=True) for row in measure(n)]
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [key for key, _ in COLUMNS])
        writer.writeheader()
        writer.writerows(rows)
    text = "\n".join([header(), *map(line, rows), ""])
    RESULTS.with_suffix(".md").write_text(text)
    print(text)


def measure(n: int) -> list[dict]:
    """The rows of one size."""
    qubo, every = glass(n), programs()
    runs: dict[str, list[Run]] = {name: [] for name in every}
    for seed in range(ROUNDS):
        for name, (program, reads) in every.items():
            if program is not None:
                runs[name].append(program(qubo, reads, seed))
    best = min(run.energies.min() for many in runs.values() for run in many)
    rows = [row(n, name, reads, runs[name], best) for name, (_, reads) in every.items()]
    peers = [r["tts"] for r in rows if not r["program"].startswith("ours") and r["tts"]]
    for one in rows:
        one["ratio"] = min(peers) / one["tts"] if peers and one["tts"] else None
    return rows


def row(n: int, name: str, reads: int, runs: list[Run], best: float) -> dict:
    """One line of the table; energies of all rounds count for p, the fastest round for seconds."""
    line: dict = dict.fromkeys(key for key, _ in COLUMNS)
    line |= {"n": n, "program": name, "reads": reads}
    if not runs:
        return line | {"program": f"{name}: not measured (not installed)"}
    energies = np.concatenate([run.energies for run in runs])
    hits = int((energies <= best + WITHIN * abs(best)).sum())
    seconds = min(run.seconds for run in runs)
    low, high = wilson(hits, len(energies))
    tts = [time_to_target(seconds / reads, p) for p in (hits / len(energies), high, low)]
    return line | {
        "seconds": seconds,
        "extra": runs[0].extra,
        "best": energies.min(),
        "mean": energies.mean(),
        "p": hits / len(energies),
        "tts": tts[0],
        "interval": tuple(tts[1:]),
    }


def time_to_target(each: float, p: float) -> float | None:
    """Seconds to the target with probability 0.99, at least those of one read; None if p is 0."""
    if p <= 0:
        return None
    return each * max(1.0, np.log(0.01) / np.log1p(-p)) if p < 1 else each


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share."""
    p, scale = hits / of, 1 + z**2 / of
    half = z * np.sqrt(p * (1 - p) / of + z**2 / (4 * of**2))
    return max(0.0, (p + z**2 / (2 * of) - half) / scale), (p + z**2 / (2 * of) + half) / scale


def glass(n: int) -> Qubo:
    """The SK instance of `n` spins."""
    rng = np.random.default_rng(INSTANCE)
    return qubo_from_ising(np.zeros(n), np.triu(rng.choice([-1.0, 1.0], (n, n)), 1))


def programs() -> dict[str, tuple[Callable | None, int]]:
    """What is run: (program or None where a peer is not installed, reads)."""
    steps = {f"ours: SimulatedBifurcation, {k} steps": SimulatedBifurcation(k) for k in (200, 1000)}
    ballistic = SimulatedBifurcation(1000, variant="ballistic")
    sweeps = {f"ours: DenseAnnealing, {k} sweeps": DenseAnnealing(k) for k in (200, 1000)}
    ours = steps | {"ours: SimulatedBifurcation, ballistic, 1000 steps": ballistic} | sweeps
    table: dict = {name: (ours_of(sampler), 128) for name, sampler in ours.items()}
    table["ours: ParallelTempering, 500 rounds"] = (ours_of(ParallelTempering(500)), 8)
    for k in (100, 1000):
        table[f"dwave-samplers SimulatedAnnealing, {k} sweeps"] = (dwave_of(k), 32)
        table[f"OpenJij SASampler, {k} sweeps"] = (openjij_of(k), 32)
    table["simulated-bifurcation, discrete, 1000 steps"] = (bifurcation_of(1000), 128)
    return table


def ours_of(sampler) -> Callable:
    def program(qubo: Qubo, reads: int, seed: int) -> Run:
        samples = sampler.sample(qubo, reads=reads, seed=seed)
        seconds = samples.info["seconds"]
        extra = sum(value for stage, value in seconds.items() if stage != "sample")
        return Run(np.repeat(samples.energies, samples.occurrences), seconds["sample"], extra)

    return program


def dwave_of(sweeps: int) -> Callable:
    def program(qubo: Qubo, reads: int, seed: int) -> Run:
        from dwave.samplers import SimulatedAnnealingSampler

        return of_bqm(SimulatedAnnealingSampler(), qubo, num_reads=reads, seed=seed, sweeps=sweeps)

    return program


def openjij_of(sweeps: int) -> Callable | None:
    if importlib.util.find_spec("openjij") is None:
        return None

    def program(qubo: Qubo, reads: int, seed: int) -> Run:
        import openjij

        # With a seed, all its reads are the same one: each round goes unseeded.
        return of_bqm(openjij.SASampler(), qubo, num_reads=reads, seed=None, sweeps=sweeps)

    return program


def of_bqm(sampler, qubo: Qubo, *, sweeps: int, **arguments) -> Run:
    """A run of an annealer that takes a BQM, which is built before the clock starts."""
    begin = time.perf_counter()
    bqm = to_bqm(qubo, "SPIN")
    built = time.perf_counter()
    answer = sampler.sample(bqm, num_sweeps=sweeps, **arguments)
    seconds = time.perf_counter() - built
    return Run(
        np.repeat(answer.record.energy, answer.record.num_occurrences), seconds, built - begin
    )


def bifurcation_of(steps: int) -> Callable | None:
    if importlib.util.find_spec("simulated_bifurcation") is None:
        return None

    def program(qubo: Qubo, reads: int, seed: int) -> Run:
        import simulated_bifurcation
        import torch

        torch.manual_seed(seed)
        _, J, offset = qubo_to_ising(qubo)
        begin = time.perf_counter()
        _, values = simulated_bifurcation.minimize(
            torch.tensor(np.asarray(J), dtype=torch.float32),
            domain="spin",
            agents=reads,
            max_steps=steps,
            mode="discrete",
            best_only=False,
            early_stopping=False,
            verbose=False,
        )
        return Run(values.numpy() + offset, time.perf_counter() - begin, 0.0)

    return program


def line(row: dict) -> str:
    """A row in Markdown."""
    return "| " + " | ".join(cell(row[key]) for key, _ in COLUMNS) + " |"


def cell(value) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " to ".join(cell(part) for part in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def header() -> str:
    """What was measured, and on what."""
    device = jax.devices()[0]
    return (
        "# Time to target on dense glasses\n\n"
        f"SK +-1, one instance a size, target within {WITHIN:.1%} of the best energy of this run, "
        f"on {device.platform} ({platform.machine()}), p from {ROUNDS} interleaved rounds, seconds "
        "of the fastest. Reads of one call share the machine's cores, so that a single read takes "
        "longer than its share. Only ratios carry over to other machines.\n\n"
        "| " + " | ".join(title for _, title in COLUMNS) + " |\n"
        "|" + "---|" * len(COLUMNS)
    )


if __name__ == "__main__":
    main()
