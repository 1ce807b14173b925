"""Exact inference of a re-uploading circuit: our backend beside PennyLane's and Qiskit's.

Claim measured: a batch of samples through `circuits.Exact`, compared with the same circuits through
PennyLane's `default.qubit` (one broadcast tape) and Qiskit's `StatevectorEstimator` (one broadcast
PUB), all in this process and interleaved, best of several rounds. Peers compute in complex128, so
the ratio is taken to ours in complex128; complex64, our default, stands beside it. Run it with
`make bench`; it prints the table and writes it to `benchmarks/results/inference.md`.
"""

import platform
import time
from pathlib import Path

import jax
import numpy as np
from rich.progress import track

from circuits import Exact, PennyLaneBackend, QiskitBackend, reuploading, z

SAMPLES, LAYERS, ROUNDS = 1000, 4, 5
SLOW = 2.0  # seconds: a program slower than this is timed once
RESULTS = Path(__file__).parents[1] / "results" / "inference.md"


def main() -> None:
    """Time every size, print the table and write it."""
    rows = [measure(n) for n in track((2, 4, 6, 8), "timing", transient=True)]
    text = "\n".join([header(), *rows, ""])
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)
    print(text)


def measure(n_qubits: int) -> str:
    """One line of the table: seconds of each program and the ratio of the best peer to ours."""
    circuit = reuploading(n_qubits, LAYERS, n_qubits)
    observables = tuple(z(wire) for wire in range(n_qubits))
    rng = np.random.default_rng(0)
    angles = {
        "weights": rng.normal(size=circuit.segments["weights"]),
        "inputs": rng.normal(size=(SAMPLES, circuit.segments["inputs"])),
    }
    programs = {
        "ours": (Exact(), True),
        "ours, complex64": (Exact(), False),
        "PennyLane": (PennyLaneBackend("default.qubit"), True),
        "Qiskit": (QiskitBackend(None, shots=None), True),
    }
    few = {name: a[:2] if a.ndim == 2 else a for name, a in angles.items()}
    for name in ("PennyLane", "Qiskit"):  # loading a package is not its speed
        timed(*programs[name], circuit, observables, few)
    first, values = {}, {}
    for name, program in programs.items():
        first[name], values[name] = timed(*program, circuit, observables, angles)
        # A wrong answer has no speed.
        np.testing.assert_allclose(values[name], values["ours"], atol=1e-4)
    best = dict(first)
    for _ in range(ROUNDS):
        for name, program in programs.items():
            if name.startswith("ours") or best[name] < SLOW:
                best[name] = min(best[name], timed(*program, circuit, observables, angles)[0])
    peer = min(best["PennyLane"], best["Qiskit"])
    cells = [f"{n_qubits}", f"{first['ours'] - best['ours']:.2f}"]
    cells += [f"{1000 * best[name]:.1f}" for name in programs] + [f"{peer / best['ours']:.1f}"]
    return "| " + " | ".join(cells) + " |"


def timed(backend, double: bool, circuit, observables, angles) -> tuple[float, np.ndarray]:
    """Seconds and values of one call."""
    start = time.perf_counter()
    with jax.enable_x64(double):
        values = backend.expectation(circuit, observables, angles).values
    return time.perf_counter() - start, values


def header() -> str:
    """What was measured, and on what."""
    device = jax.devices()[0]
    return (
        f"# Exact inference of {SAMPLES} samples, {LAYERS} re-uploading layers, all Z\n\n"
        f"Made by `make bench` on {device.platform} ({platform.machine()}, "
        f"{len(jax.devices())} device), complex128 unless said, best of {ROUNDS + 1} interleaved "
        f"rounds (once where over {SLOW:.0f} s). Only ratios carry over to other machines.\n\n"
        "| qubits | our first call extra, s (compile) | ours, ms | ours in complex64, ms "
        "| PennyLane default.qubit, ms | Qiskit StatevectorEstimator, ms | best peer / ours |\n"
        "|---:|---:|---:|---:|---:|---:|---:|"
    )


if __name__ == "__main__":
    main()
