"""Seconds and memory of one state against its qubits, beside the limit that memory sets.

Claim measured: beyond the caches, time grows as the bytes that a gate moves, 2**n of them, and the
peak of memory stays near 2.2 states forward and 4.2 for an adjoint gradient, as XLA has planned it.
The limit drawn in is what reading and writing the state in each sweep takes at the rate of a copy
measured in the same run; arithmetic, which grows by one gate a layer with each qubit, comes on top.
Memory comes in large pages and is kept, as in peers.py: fresh pages cost more than the arithmetic.
It prints the table and writes `benchmarks/results/scaling.md` and `scaling.svg`; with `--most 16`
it stops at 16 qubits and writes nothing.
"""

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from rich.progress import track

from circuits import build_circuit, entangler, expectation, explain, rotation_layer, z

MALLOC = (
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0"
    ":glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"
)
FEWEST, MOST, LAYERS, SECONDS = 10, 24, 4, 1.0
# Copies of a state that no longer fits in a core's caches: from here on slopes are taken.
BOUND_BYTES = 2**25
BOUNDS = {"forward": 2.2, "gradient": 4.2}
RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    """Measure every size, print the table and write it with its plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=MOST, help="largest number of qubits")
    most = parser.parse_args().most
    if "GLIBC_TUNABLES" not in os.environ:  # read when a process starts
        os.execve(
            sys.executable, [sys.executable, *sys.argv], os.environ | {"GLIBC_TUNABLES": MALLOC}
        )
    rate = copy_rate()
    rows = [measure(n, rate) for n in track(range(FEWEST, most + 1, 2), "timing", transient=True)]
    text = "\n".join([header(rate), *map(line, rows), "", *slopes(rows), ""])
    print(text)
    if most == MOST:
        (RESULTS / "scaling.md").write_text(text)
        plot(rows)


def measure(n: int, rate: float) -> dict:
    """Figures of the expectation values of n qubits and of the gradient of their sum."""
    circuit = build_circuit([], n)
    for layer in range(LAYERS):
        circuit += rotation_layer(n, offset=2 * n * layer) + entangler(n, "ring", "cx")
    # Rotations last, as an entangler at the end would be absorbed into the observables.
    circuit += rotation_layer(n, offset=2 * n * LAYERS)
    size = circuit.segments["weights"]
    angles = {"weights": np.random.default_rng(0).normal(size=size).astype(np.float32)}
    values = expectation(circuit, [z(wire) for wire in range(n)])
    parts = {"forward": values, "gradient": jax.grad(lambda given: values(given).sum())}
    plan = explain(circuit)
    row = {"n": n, "gates": len(circuit.gates), "state": 8 * 2**n, "flops": plan.flops}
    row["limit"] = plan.bytes_moved / rate
    return row | {name: figures(part, angles, row) for name, part in parts.items()}


def figures(function, angles, row: dict) -> dict[str, float]:
    """Seconds of a run and of a gate, and states of memory at the peak."""
    program = jax.jit(function).lower(angles).compile()
    plan = program.memory_analysis()
    assert plan is not None, "XLA tells what it has planned"
    peak = plan.temp_size_in_bytes + plan.output_size_in_bytes + plan.argument_size_in_bytes
    seconds = best(lambda: program(angles))
    return {"run": seconds, "gate": seconds / row["gates"], "states": peak / row["state"]}


def best(function) -> float:
    """Least seconds of a call, of as many as fit in the time given, three at least."""
    jax.block_until_ready(function())
    found, end = [], time.perf_counter() + SECONDS
    while len(found) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        jax.block_until_ready(function())
        found.append(time.perf_counter() - start)
    return min(found)


def copy_rate() -> float:
    """Bytes a second, read and written, of adding one to an array of 128 MiB in its own place."""
    run = jax.jit(lambda x: jax.lax.fori_loop(0, 8, lambda _, y: y + 1, x), donate_argnums=0)
    array = [jnp.zeros(2**25, jnp.float32)]

    def again():
        array[0] = run(array[0])
        return array[0]

    return 8 * 2 * array[0].nbytes / best(again)


def slopes(rows: list[dict]) -> list[str]:
    """Slope of log2 seconds against qubits where states exceed the caches, beside that of bytes."""
    beyond = [row for row in rows if row["state"] >= BOUND_BYTES]
    if len(beyond) < 2:
        return ["Too few sizes beyond the caches for a slope."]
    sizes = [row["n"] for row in beyond]

    def slope(values):
        return np.polyfit(sizes, np.log2(values), 1)[0]

    return [
        f"Slope of log2(seconds) from {sizes[0]} to {sizes[-1]} qubits: "
        + ", ".join(f"{part} {slope([row[part]['run'] for row in beyond]):.2f}" for part in BOUNDS)
        + f"; of log2(bytes moved): {slope([row['limit'] for row in beyond]):.2f}"
        + f"; of log2(flops): {slope([row['flops'] for row in beyond]):.2f}."
    ]


def line(row: dict) -> str:
    """One row of the table; a peak above its bound is marked."""
    cells = [str(row["n"]), f"{1e3 * row['limit']:.3g}"]
    for part, bound in BOUNDS.items():
        found = row[part]
        mark = "" if found["states"] <= bound else " (!)"
        cells += [f"{1e3 * found['run']:.3g}", f"{1e6 * found['gate']:.3g}"]
        cells += [f"{found['states']:.2f}{mark}"]
    return "| " + " | ".join(cells) + " |"


def header(rate: float) -> str:
    """What was measured, and on what."""
    parts = " | ".join(f"{part}: run, ms | a gate, us | peak, states" for part in BOUNDS)
    forward, gradient = BOUNDS.values()
    return (
        f"# One state of n qubits, {LAYERS} layers of RY, RZ and a CNOT ring, RY and RZ, all Z\n\n"
        f"Made by `benchmarks/circuits/scaling.py` in complex64 with jax {jax.__version__} on "
        f"{platform.machine()}, {os.cpu_count()} cores; best run of {SECONDS:g} s. The limit is "
        f"the bytes that `explain` counts, at the {rate / 1e9:.1f} GB/s of a copy; what stays in "
        "a cache beats it. Peaks are XLA's, arguments and results among "
        f"them; (!) marks those above {forward} states forward or {gradient} for a gradient: of "
        "small states, gates' matrices are the larger part.\n\n"
        f"| qubits | limit, ms | {parts} |\n" + "|---:" * 8 + "|"
    )


def plot(rows: list[dict]) -> None:
    """Seconds of a run against qubits, with the limit."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    sizes = [row["n"] for row in rows]
    figure, axes = plt.subplots(figsize=(5.5, 3.8))
    for part in BOUNDS:
        axes.semilogy(sizes, [row[part]["run"] for row in rows], "o-", base=2, label=part)
    axes.semilogy(sizes, [row["limit"] for row in rows], "k--", label="bytes moved, forward")
    axes.set(xlabel="qubits", ylabel="seconds", xticks=sizes)
    axes.legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "scaling.svg")


if __name__ == "__main__":
    main()
