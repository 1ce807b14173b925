"""One state over four devices: collectives, compilation, run and memory against its qubits.

Claims measured: a layer of rotations and a ring of CNOTs costs one all-to-all, counted in the
compiled program; from 18 qubits a gradient takes fewer than five states of memory. The devices are
forced host devices of one machine that share its cores and memory: counts and bytes carry over to
real devices, seconds do not. It prints the table and writes `benchmarks/results/sharding.md` and
`sharding.svg`.
"""

import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
os.environ["JAX_PLATFORMS"] = "cpu"

import platform
import re
import time
from pathlib import Path

import jax
import numpy as np
from rich.progress import track

from circuits import build_circuit, entangler, rotation_layer, z
from circuits.simulation.devices.sharding import device_mesh, sharded_expectation

SIZES, LAYERS, ROUNDS = (12, 14, 16, 18, 20, 22), 4, 5
KINDS = ("all-to-all", "collective-permute", "all-gather", "all-reduce")
RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    """Measure every size, print the table and write it with its plot."""
    rows = [measure(n) for n in track(SIZES, "timing", transient=True)]
    text = "\n".join([header(), *(line(row) for row in rows), ""])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "sharding.md").write_text(text)
    plot(rows)
    print(text)


def measure(n: int) -> dict[str, dict]:
    """Figures of the expectation values and of their gradient."""
    circuit = build_circuit([], n)
    for layer in range(LAYERS):
        circuit += rotation_layer(n, offset=2 * n * layer) + entangler(n, "ring", "cx")
    angles = {"weights": np.random.default_rng(0).normal(size=circuit.segments["weights"])}
    values = sharded_expectation(circuit, [z(wire) for wire in range(n)], device_mesh())
    parts = {"forward": values, "gradient": jax.grad(lambda given: values(given).sum())}
    return {"n": n} | {name: figures(part, angles, n) for name, part in parts.items()}


def figures(function, angles, n: int) -> dict:
    """Collectives in the compiled program, seconds, and the peak of memory in states a device."""
    start = time.perf_counter()
    program = jax.jit(function).lower(angles).compile()
    compiled = time.perf_counter() - start
    text = program.as_text()
    counts = [len(re.findall(rf"= [^=]*\b{kind}(?:-start)?\(", text)) for kind in KINDS]
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        jax.block_until_ready(program(angles))
        seconds.append(time.perf_counter() - start)
    own = 8 * 2**n / jax.device_count()  # complex64
    temporary = program.memory_analysis().temp_size_in_bytes
    return {"counts": counts, "compile": compiled, "run": min(seconds), "states": temporary / own}


def line(row: dict) -> str:
    cells = [str(row["n"])]
    for part in ("forward", "gradient"):
        found = row[part]
        cells += ["/".join(map(str, found["counts"])), f"{found['compile']:.1f}"]
        cells += [f"{1000 * found['run']:.1f}", f"{found['states']:.1f}"]
    return "| " + " | ".join(cells) + " |"


def plot(rows: list[dict]) -> None:
    """Seconds, bytes sent by all-to-alls and the peak of memory against qubits."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    sizes = [row["n"] for row in rows]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.5))
    for part in ("forward", "gradient"):
        left.semilogy(sizes, [row[part]["run"] for row in rows], "o-", label=part)
        sent = [row[part]["counts"][0] * 8 * 2 ** row["n"] * 3 / 4 for row in rows]
        middle.semilogy(sizes, sent, "o-", label=part)
        right.plot(sizes, [row[part]["states"] for row in rows], "o-", label=part)
    left.set(xlabel="qubits", ylabel="seconds (4 fake devices on one machine)")
    middle.set(xlabel="qubits", ylabel="bytes between devices, computed")
    right.set(xlabel="qubits", ylabel="peak memory, states (a device)")
    right.set_ylim(bottom=0)
    for axes in (left, middle, right):
        axes.set_xticks(sizes)
        axes.legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "sharding.svg")


def header() -> str:
    """What was measured, and on what."""
    part = "all-to-all/permute/gather/reduce | compile, s | run, ms | peak, states"
    return (
        f"# One state over {jax.device_count()} devices, {LAYERS} layers of RY, RZ and a CNOT "
        "ring, all Z, complex64\n\n"
        f"Made by `benchmarks/circuits/sharding.py` with jax {jax.__version__} on forced host "
        f"devices of one machine ({platform.machine()}, {os.cpu_count()} cores), best of {ROUNDS} "
        "runs. **The devices share cores and memory, so the times do not carry over to real ones; "
        "counts of collectives and memory do.** The peak is that of XLA's temporary buffers on one "
        "device, in units of that device's part of the state; on few qubits the matrices of the "
        "circuit are most of it. One all-to-all moves 3/4 of the state.\n\n"
        f"| qubits | forward: {part} | gradient: {part} |\n" + "|---:" * 9 + "|"
    )


if __name__ == "__main__":
    main()
