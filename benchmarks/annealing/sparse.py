"""Sparse annealers side by side: turns a second, energy of a read, time to target.

    python benchmarks/annealing/sparse.py [--minutes 5] [--fresh] [--files FOLDER]

Spin glasses with couplings -1 and +1, and Gaussian ones, on D-Wave's graph Zephyr and on random
regular graphs; MaxCut; G-set files from FOLDER (or $QML_DATA_MIRROR/annealing). A ratio of rates
counts where the mean energy of a read is as low. Peers: dwave-samplers; OpenJij and MQLib where
they are installed. An interrupted run goes on with the same command. Writes
`benchmarks/results/annealing_sparse.{csv,md,svg,png}`.
"""

import argparse
import os
from functools import partial
from pathlib import Path

from drawing import draw_ratios
from figures import run_all
from programs import Program, dwave, mqlib, openjij, ours

from annealing import ChromaticAnnealing, MultiSpinAnnealing, Qubo, instances

SWEEPS = 1000
KNOWN = {"G22": -13359.0, "G43": -6660.0}  # minus the best cuts of two public tables that agree
TITLE = "# Sparse problems: turns a second and time to target"


def made() -> dict:
    """Instances by name, the quick ones first."""
    rules = {
        "3-regular MaxCut n=500": partial(instances.regular_max_cut, 500),
        "3-regular MaxCut n=2000": partial(instances.regular_max_cut, 2000),
        "3-regular gaussian n=2000": partial(instances.regular_max_cut, 2000, values="gaussian"),
        "5-regular gaussian n=2000": partial(instances.regular_max_cut, 2000, 5, values="gaussian"),
        "Zephyr ±J n=576": partial(instances.zephyr_glass, 4),
        "Zephyr ±J n=2176": partial(instances.zephyr_glass, 8),
        "Zephyr gaussian n=2176": partial(instances.zephyr_glass, 8, values="gaussian"),
        "Zephyr ±J n=5616": partial(instances.zephyr_glass, 13),
    }
    return {name: partial(_without_known, rule) for name, rule in rules.items()}


def _without_known(rule) -> tuple[Qubo, None]:
    return rule(), None


def read(folder: Path) -> dict:
    """G-set files of a folder whose best known cut stands above."""
    paths = {name: folder / "gset" / f"{name}.txt" for name in KNOWN}
    return {
        f"G-set {name}": partial(_with_known, path, KNOWN[name])
        for name, path in paths.items()
        if path.exists()
    }


def _with_known(path: Path, known: float) -> tuple[Qubo, float]:
    return instances.read_gset(path), known


def programs(name: str, qubo: Qubo) -> list[Program]:
    """What runs on an instance: the turns of a peer take about as long as all of ours."""
    listed = [
        dwave(SWEEPS, reads=16),
        openjij(SWEEPS, reads=16),
        mqlib("BURER2002", 2.0, reads=2),
        ours(ChromaticAnnealing(sweeps=SWEEPS), reads=256, sweeps=SWEEPS),
    ]
    if "gaussian" not in name:
        listed.append(ours(MultiSpinAnnealing(sweeps=SWEEPS), reads=2048, sweeps=SWEEPS))
    return listed


def main() -> None:
    """Measure, write the table and draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--fresh", action="store_true", help="measure all anew")
    parser.add_argument("--files", type=Path, help="folder with gset/G22.txt and so on")
    options = parser.parse_args()
    mirror = Path(os.environ.get("QML_DATA_MIRROR", ".")) / "annealing"
    rows = run_all(
        "annealing_sparse",
        TITLE,
        made() | read(options.files or mirror),
        programs,
        minutes=options.minutes,
        fresh=options.fresh,
        rounds=2,
    )
    draw_ratios("annealing_sparse", rows, "rate", "million turns per processor second")


if __name__ == "__main__":
    main()
