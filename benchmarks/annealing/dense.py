"""Dense annealers side by side: energy of a read, time to target.

    python benchmarks/annealing/dense.py [--minutes 6] [--fresh] [--files FOLDER]

Sherrington-Kirkpatrick glasses of 100, 500 and 2000 spins; a boosting problem of 300 weak
classifiers; Beasley's bqp100-1 and bqp500-1 from FOLDER (or $QML_DATA_MIRROR/annealing). Peers:
dwave-samplers; OpenJij, MQLib and simulated-bifurcation where they are installed. An interrupted
run goes on with the same command. Writes `benchmarks/results/annealing_dense.{csv,md,svg,png}`.
"""

import argparse
import os
from functools import partial
from pathlib import Path

import numpy as np
from drawing import draw_ratios
from figures import run_all
from programs import Program, bifurcation, dwave, mqlib, openjij, ours

from annealing import (
    ChromaticAnnealing,
    DenseAnnealing,
    MultiSpinAnnealing,
    ParallelTempering,
    Qubo,
    SimulatedBifurcation,
    boosting,
    instances,
)

KNOWN = {"bqp100-1": -7970.0, "bqp500-1": -116586.0}  # Biq Mac Library: proven optima
TITLE = "# Dense problems: time to target"


def made() -> dict:
    """Instances by name, the quick ones first."""
    glasses = {f"SK ±1 n={n}": partial(_glass, n) for n in (100, 500, 2000)}
    return {"boosting n=300": _boosting} | glasses


def _glass(n: int) -> tuple[Qubo, None]:
    return instances.sherrington_kirkpatrick(n, seed=1), None


def _boosting() -> tuple[Qubo, None]:
    """Breast cancer: 30 features, each cut at ten quantiles, with the sign that agrees."""
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    labels = 2.0 * y - 1
    cuts = np.quantile(x, np.linspace(0.05, 0.95, 10), axis=0)
    votes = np.where(x[:, None, :] > cuts, 1.0, -1.0).reshape(len(x), -1)
    votes *= np.where(votes.T @ labels < 0, -1.0, 1.0)
    return boosting(votes, labels, penalty=0.002).qubo, None


def read(folder: Path) -> dict:
    """Beasley's problems of a folder."""
    paths = {name: folder / "bqp" / f"{name}.sparse" for name in KNOWN}
    return {
        f"Beasley {name}": partial(_with_known, path, KNOWN[name])
        for name, path in paths.items()
        if path.exists()
    }


def _with_known(path: Path, known: float) -> tuple[Qubo, float]:
    return instances.read_biqmac(path), known


def programs(name: str, qubo: Qubo) -> list[Program]:
    """What runs on an instance: less of each where a sweep is long."""
    large = qubo.n_variables > 1000
    few, many = (4, 32) if large else (16, 128)
    listed = [
        dwave(1000, few),
        openjij(1000, few),
        mqlib("PALUBECKIS2004bMST2", 5.0 if large else 1.0, reads=2),
        mqlib("BURER2002", 5.0 if large else 1.0, reads=2),
        bifurcation(1000, many),
    ]
    if not large:
        listed += [dwave(100, 8 * few), openjij(100, 8 * few)]
        listed += [ours(ParallelTempering(300), 8, name="300 rounds")]
        listed += [ours(ChromaticAnnealing(1000), many, 1000, name="1000 sweeps")]
    if name.startswith("SK"):
        for sweeps in (200, 1000):
            listed.append(ours(MultiSpinAnnealing(sweeps), 512, sweeps, name=f"{sweeps} sweeps"))
    for steps in (200, 1000):
        listed.append(ours(SimulatedBifurcation(steps), many, name=f"{steps} steps"))
    listed += [
        ours(SimulatedBifurcation(1000, variant="ballistic"), many, name="ballistic, 1000 steps"),
        ours(DenseAnnealing(200), many, 200, name="200 sweeps"),
    ]
    return listed


def main() -> None:
    """Measure, write the table and draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--fresh", action="store_true", help="measure all anew")
    parser.add_argument("--files", type=Path, help="folder with bqp/bqp100-1.sparse and so on")
    options = parser.parse_args()
    mirror = Path(os.environ.get("QML_DATA_MIRROR", ".")) / "annealing"
    rows = run_all(
        "annealing_dense",
        TITLE,
        read(options.files or mirror) | made(),
        programs,
        minutes=options.minutes,
        fresh=options.fresh,
        rounds=2,
    )
    draw_ratios("annealing_dense", rows, "tts", "seconds to target (99 %)")


if __name__ == "__main__":
    main()
