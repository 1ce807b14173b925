"""Sparse annealers side by side: attempted spin turns a second, and the mean energy of a read.

    python benchmarks/annealing/sparse.py [--sweeps 1000] [--repeats 3]

The peer is `dwave.samplers.SimulatedAnnealingSampler` (C++, one thread), in the same process on the
same instances. Rates by the wall clock are of sampling alone: the peer without its conversion of
the problem, ours without compilation, which stands in a column of its own. Rates by processor
seconds of all threads are of whole calls, the program being compiled; on a busy machine only these
mean much. A ratio of rates counts where the mean energy of a read is as low.
"""

import argparse
from time import process_time
from typing import Any

import networkx as nx
import numpy as np

from annealing import (
    ChromaticAnnealing,
    MultiSpinAnnealing,
    Qubo,
    SimulatedAnnealing,
    qubo_from_ising,
)
from annealing.qubo import Coo


def zephyr(m: int, seed: int = 0) -> Qubo:
    """A +-J spin glass on D-Wave's graph Zephyr Z(m, 4): 576 spins for m = 4, 2176 for m = 8."""
    import dwave.graphs

    return _glass(dwave.graphs.zephyr_graph(m), [-1.0, 1.0], seed)


def max_cut(n: int, seed: int = 0) -> Qubo:
    """The largest cut of a random 3-regular graph of `n`."""
    return _glass(nx.random_regular_graph(3, n, seed=seed), [1.0], seed)


def _glass(graph: Any, values: list[float], seed: int) -> Qubo:
    graph = nx.convert_node_labels_to_integers(graph)
    rows, cols = np.sort(np.array(graph.edges), axis=1).T
    couplings = np.random.default_rng(seed).choice(values, len(rows))
    return qubo_from_ising(np.zeros(len(graph)), Coo(rows, cols, couplings))


INSTANCES = {
    "zephyr +-J n=576": lambda: zephyr(4),
    "zephyr +-J n=2176": lambda: zephyr(8),
    "3-regular MaxCut n=2000": lambda: max_cut(2000),
}


def measure(sampler: Any, qubo: Qubo, reads: int, sweeps: int, repeats: int) -> dict:
    """Best of `repeats` runs after one that compiles."""
    first = sampler.sample(qubo, reads=reads, seed=0).info["seconds"].get("compile", 0.0)
    wall, busy, energies = [], [], []
    for seed in range(1, repeats + 1):
        start = process_time()
        samples = sampler.sample(qubo, reads=reads, seed=seed)
        busy.append(process_time() - start)
        wall.append(samples.info["seconds"]["sample"])
        energies.append(np.average(samples.energies, weights=samples.occurrences))
    turns = reads * sweeps * qubo.n_variables / 1e6
    return {
        "rate": turns / min(wall),
        "busy": turns / min(busy),
        "mean": float(np.mean(energies)),
        "compile": first,
    }


def main() -> None:
    """Print one table an instance."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    sweeps = options.sweeps
    samplers = {
        "dwave-samplers": (SimulatedAnnealing(sweeps=sweeps), 32),
        "chromatic": (ChromaticAnnealing(sweeps=sweeps), 64),
        "multi-spin": (MultiSpinAnnealing(sweeps=sweeps), 2048),
    }
    for title, make in INSTANCES.items():
        qubo = make()
        print(f"\n### {title}, {sweeps} sweeps\n")
        print("| sampler | reads | M turns/s | ratio | M turns/cpu s | ratio | mean | compile s |")
        print("|---|---|---|---|---|---|---|---|")
        peer = None
        for name, (sampler, reads) in samplers.items():
            row = measure(sampler, qubo, reads, sweeps, options.repeats)
            peer = peer or row
            print(
                f"| {name} | {reads} | {row['rate']:.0f} | {row['rate'] / peer['rate']:.1f} "
                f"| {row['busy']:.0f} | {row['busy'] / peer['busy']:.1f} "
                f"| {row['mean']:.1f} | {row['compile']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
