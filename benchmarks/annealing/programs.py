"""Annealers behind one call: ours, and the peers that are installed.

Seconds are processor seconds of all threads, so that programs of one thread and of many compare.
What happens once is apart: compilation of ours, the building of a peer's model.
"""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from annealing import Qubo, as_coo, qubo_to_ising, to_bqm


class Run(NamedTuple):
    """Energies (r,) of the reads, processor seconds, and seconds `to_hit` the target.

    `to_hit` is for programs that go on until they are stopped; None where a read has an end.
    """

    energies: np.ndarray
    seconds: float
    to_hit: float | None = None


class Program(NamedTuple):
    """`run(qubo, reads, seed, target)`, None where not installed.

    `sweeps` are the turns that a read proposes to each spin, None where it does not go by turns.
    """

    name: str
    run: Callable[[Qubo, int, int, float], Run] | None
    reads: int
    sweeps: int | None = None

    @property
    def ours(self) -> bool:
        """Whether it is of this project."""
        return self.name.startswith("ours")


def ours(sampler: Any, reads: int, sweeps: int | None = None, name: str = "") -> Program:
    """A sampler of ours; what it compiles, it compiles in a run before, which is not counted."""
    seen: set = set()

    def run(qubo: Qubo, reads: int, seed: int, target: float) -> Run:
        if id(qubo) not in seen:
            sampler.sample(qubo, reads=reads, seed=seed)
            seen.add(id(qubo))
        start = process_time()
        samples = sampler.sample(qubo, reads=reads, seed=seed)
        seconds = process_time() - start
        return Run(np.repeat(samples.energies, samples.occurrences), seconds)

    label = f"ours: {type(sampler).__name__}"
    return Program(f"{label}, {name}" if name else label, run, reads, sweeps)


def dwave(sweeps: int, reads: int) -> Program:
    """`dwave.samplers.SimulatedAnnealingSampler`, in C++."""

    def run(qubo: Qubo, reads: int, seed: int, target: float) -> Run:
        from dwave.samplers import SimulatedAnnealingSampler

        return _of_bqm(
            SimulatedAnnealingSampler(), qubo, num_reads=reads, num_sweeps=sweeps, seed=seed
        )

    return Program(f"dwave-samplers SA, {sweeps} sweeps", run, reads, sweeps)


def openjij(sweeps: int, reads: int) -> Program:
    """OpenJij's annealer in C++. Seeded reads of one call are all the same: it goes unseeded."""

    def run(qubo: Qubo, reads: int, seed: int, target: float) -> Run:
        import openjij

        few = len(as_coo(qubo).quadratic.values) < 0.05 * qubo.n_variables**2
        return _of_bqm(
            openjij.SASampler(), qubo, num_reads=reads, num_sweeps=sweeps, sparse=bool(few)
        )

    there = importlib.util.find_spec("openjij") is not None
    return Program(f"OpenJij SA, {sweeps} sweeps", run if there else None, reads, sweeps)


def _of_bqm(sampler: Any, qubo: Qubo, **options: Any) -> Run:
    bqm = to_bqm(qubo, "SPIN")  # built before the clock starts
    start = process_time()
    record = sampler.sample(bqm, **options).record
    seconds = process_time() - start
    return Run(np.repeat(record.energy, record.num_occurrences), seconds)


def bifurcation(steps: int, reads: int) -> Program:
    """The package simulated-bifurcation (PyTorch), discrete."""

    def run(qubo: Qubo, reads: int, seed: int, target: float) -> Run:
        import simulated_bifurcation
        import torch

        torch.manual_seed(seed)
        h, J, offset = qubo_to_ising(qubo)
        couplings = np.asarray(J)
        start = process_time()
        _, values = simulated_bifurcation.minimize(
            torch.tensor(couplings, dtype=torch.float32),
            torch.tensor(h, dtype=torch.float32),
            offset,
            domain="spin",
            agents=reads,
            max_steps=steps,
            mode="discrete",
            best_only=False,
            early_stopping=False,
            verbose=False,
        )
        return Run(values.numpy(), process_time() - start)

    there = importlib.util.find_spec("simulated_bifurcation") is not None
    return Program(f"simulated-bifurcation, {steps} steps", run if there else None, reads)


def mqlib(heuristic: str, seconds: float, reads: int) -> Program:
    """MQLib's program (`MQLib` on the PATH), each read a run of one thread for some seconds.

    Its own history says when it met the target, to which no reading of the file is counted.
    """
    program = shutil.which("MQLib")

    def run(qubo: Qubo, reads: int, seed: int, target: float) -> Run:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "graph.txt"
            total, constant = _as_graph(qubo, path)
            ends, spent, hits = [], 0.0, 0
            for k in range(reads):
                call = [str(program), "-fM", str(path), "-h", heuristic, "-r", str(seconds), "-nv"]
                call += ["-s", str(reads * seed + k + 1)]
                answer = subprocess.run(call, capture_output=True, text=True, check=True).stdout
                history = answer.split("[")[1].split("]")[0].split(";")
                steps = [tuple(map(float, step.split(":")[:2])) for step in history if step]
                found = [(constant + total - 2 * cut, when) for cut, when in steps]
                met = [when for energy, when in found if energy <= target]
                hits += bool(met)
                spent += met[0] if met else seconds
                ends.append(min(energy for energy, _ in found))
        return Run(np.array(ends), reads * seconds, spent / hits if hits else None)

    name = f"MQLib {heuristic}, {seconds:g} s"
    return Program(name, run if program else None, reads)


def _as_graph(qubo: Qubo, path: Path) -> tuple[float, float]:
    """Write MaxCut of the couplings, one more node for the fields; their sum and the offset."""
    h, J, offset = qubo_to_ising(as_coo(qubo))
    held = np.flatnonzero(h)
    n = len(h) + bool(len(held))
    rows = np.concatenate([J.rows, held]) + 1
    cols = np.concatenate([J.cols, np.full(len(held), len(h))]) + 1
    values = np.concatenate([J.values, h[held]])
    lines = [f"{i} {j} {w:.12g}" for i, j, w in zip(rows, cols, values, strict=True)]
    path.write_text("\n".join([f"{n} {len(lines)}", *lines, ""]))
    return float(values.sum()), offset
