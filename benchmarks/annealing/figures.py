"""Figures of merit of annealers, and the tables they stand in."""

import csv
import os
import platform
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import numpy as np
from programs import Program, Run
from scipy import stats

from annealing import Qubo

RESULTS = Path(__file__).parents[1] / "results"
WITHIN = 1e-3  # of the best known energy
COLUMNS = {
    "instance": "instance",
    "program": "program",
    "reads": "reads",
    "rate": "M turns/s",
    "rate_ratio": "/ dwave",
    "mean": "mean",
    "best": "best",
    "p": "p(0.1 %)",
    "tts": "TTS99, s",
    "interval": "95 %",
    "tts_ratio": "best peer / this",
}


def measure(
    name: str, qubo: Qubo, programs: list[Program], *, rounds: int, known: float | None = None
) -> list[dict]:
    """The rows of one instance; peers and ours take turns, all rounds count.

    Programs that go on until stopped come last: they are told the best energy of the others.
    """
    runs: dict[str, list[Run]] = {program.name: [] for program in programs}
    best = np.inf if known is None else known
    for program in sorted(programs, key=lambda one: one.name.startswith("MQLib")):
        for seed in range(rounds if program.run else 0):
            assert program.run is not None
            target = best + WITHIN * abs(best)
            runs[program.name].append(program.run(qubo, program.reads, seed, target))
            best = min(best, runs[program.name][-1].energies.min())
    rows = [_row(name, qubo, program, runs[program.name], best) for program in programs]
    base = next((row["rate"] for row in rows if row["program"].startswith("dwave")), None)
    peers = [row["tts"] for row in rows if not row["program"].startswith("ours") and row["tts"]]
    for row in rows:
        row["rate_ratio"] = row["rate"] / base if base and row["rate"] else None
        row["tts_ratio"] = min(peers) / row["tts"] if peers and row["tts"] else None
    return rows


def _row(name: str, qubo: Qubo, program: Program, runs: list[Run], best: float) -> dict:
    row: dict = dict.fromkeys(COLUMNS) | {"instance": name, "program": program.name}
    if not runs:
        return row | {"program": f"{program.name}: not installed"}
    energies = np.concatenate([run.energies for run in runs])
    seconds = sum(run.seconds for run in runs)
    hits = int((energies <= best + WITHIN * abs(best)).sum())
    row |= {"reads": len(energies), "mean": energies.mean(), "best": energies.min()}
    row["p"] = hits / len(energies)
    if program.sweeps:
        row["rate"] = len(energies) * program.sweeps * qubo.n_variables / seconds / 1e6
    until = [run.to_hit for run in runs if run.to_hit is not None]
    if program.name.startswith("MQLib"):
        row["tts"], row["interval"] = waiting_time(float(np.mean(until)) if until else None, hits)
    else:
        row["tts"], row["interval"] = time_to_target(seconds / len(energies), hits, len(energies))
    return row


def time_to_target(each: float, hits: int, of: int) -> tuple[float | None, tuple]:
    """Seconds until the target is met with probability 0.99, and their 95 % interval.

    Reads of `each` seconds, of which `hits` of `of` met it: each * ln 0.01 / ln(1 - p), at least
    one read; the interval from Clopper and Pearson's of p.
    """
    share = stats.binomtest(hits, of).proportion_ci(0.95, method="exact")
    times = [_repeated(each, p) for p in (hits / of, share.high, share.low)]
    return times[0], tuple(times[1:])


def _repeated(each: float, p: float) -> float | None:
    if p <= 0:
        return None
    return each if p >= 0.99 else float(each * np.log(0.01) / np.log1p(-p))


def waiting_time(mean: float | None, hits: int) -> tuple[float | None, tuple]:
    """The same for a program that waits for its hits, exponentially distributed around `mean`."""
    if mean is None or not hits:
        return None, (None, None)
    scale = mean * np.log(100)
    low, high = (2 * hits / stats.chi2.ppf(q, 2 * hits) for q in (0.975, 0.025))
    return scale, (scale * low, scale * high)


def resumed(stem: str, fresh: bool) -> list[dict]:
    """Rows of an earlier run that was cut short; none where a run starts anew."""
    path = RESULTS / f"{stem}.csv"
    if fresh or not path.exists():
        return []
    with path.open(newline="") as file:
        return [{key: _parsed(value) for key, value in row.items()} for row in csv.DictReader(file)]


def _parsed(text: str) -> Any:
    if text == "":
        return None
    if text.startswith("("):
        return tuple(_parsed(part.strip().replace("None", "")) for part in text[1:-1].split(","))
    try:
        return float(text)
    except ValueError:
        return text


def run_all(
    stem: str,
    title: str,
    instances: dict,
    programs: Any,
    *,
    minutes: float,
    fresh: bool,
    rounds: int,
) -> list[dict]:
    """Measure the instances that no row stands for yet, until the minutes are over; write all.

    `instances` name functions giving (qubo, best known energy or None); `programs(name, qubo)`
    lists what runs on one.
    """
    rows, start = resumed(stem, fresh), perf_counter()
    done = {row["instance"] for row in rows}
    for name, make in instances.items():
        if name in done:
            continue
        if perf_counter() - start > 60 * minutes:
            print(f"{name}: no time left; run again to go on")
            continue
        qubo, known = make()
        rows += measure(name, qubo, programs(name, qubo), rounds=rounds, known=known)
        write(stem, title, rows)
        print("\n".join(line(row) for row in rows if row["instance"] == name), flush=True)
    return rows


def write(stem: str, title: str, rows: list[dict]) -> None:
    """The table as CSV and as Markdown."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{stem}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS))
        writer.writeheader()
        writer.writerows(plain(row) for row in rows)
    head = ["| " + " | ".join(COLUMNS.values()) + " |", "|" + "---|" * len(COLUMNS)]
    text = "\n".join([title, "", machine(), "", *head, *map(line, rows), ""])
    (RESULTS / f"{stem}.md").write_text(text)


def plain(row: dict) -> dict:
    """NumPy's numbers as Python's, which CSV writes as they are read."""
    return {
        key: tuple(None if part is None else float(part) for part in value)
        if isinstance(value, tuple)
        else value
        if value is None or isinstance(value, str)
        else float(value)
        for key, value in row.items()
    }


def line(row: dict) -> str:
    """A row in Markdown."""
    return "| " + " | ".join(_cell(row[key]) for key in COLUMNS) + " |"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " to ".join(_cell(part) for part in value)
    return value if isinstance(value, str) else f"{value:.4g}"


def machine() -> str:
    """On what it was measured."""
    device = jax.devices()[0].platform
    return (
        f"Measured on {os.cpu_count()} cores ({device}, {platform.machine()}). Seconds are "
        "processor seconds of whole calls, compilation and the building of a peer's model apart; "
        "M turns/s are attempted turns of spins, in millions, per processor second. TTS99: seconds "
        f"to an energy within {WITHIN:.1%} of the best known (or, where none is, of the best of "
        "this run) with 99 % probability. Reads of one call of ours share registers and cores: a "
        "single read takes longer than its share. Only ratios carry over to other machines."
    )
