"""Noise: density matrices and trajectories beside Aer's density-matrix method, on one core.

Claim measured: Z of all qubits for a batch of 100 samples through a layered circuit, depolarising
and damping after each gate, in single precision. Both encodings are timed, angles before the first
layer alone and before every layer: in the first, everything behind the first layer is done once
for all samples. CPU time of the process, best of several rounds; Aer runs ten samples and is scaled
up. Run it with ``taskset -c 0 python benchmarks/circuits/noise.py``; it prints a table.
"""

import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from circuits import build_circuit, gate, z
from circuits.simulation.open_systems.density import density_expectation
from circuits.simulation.open_systems.trajectories import trajectory_expectation

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from reference import channels
from workload import Task, gate_list, make_data

SAMPLES, ROUNDS, TRAJECTORIES = 100, 3, 10


def main() -> None:
    """Time both encodings at some sizes and print the table."""
    print("| encoding | n | compile, s | density, ms | gradient, ms | trajectories, ms | Aer, ms |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for encoding in ("angle", "reuploading"):
        for n in (4, 6, 8):
            task = Task("noise", encoding, n, samples=SAMPLES)
            cells = [f"{value:.1f}" for value in (*ours(task), aer(task))]
            print("| " + " | ".join([encoding, str(n), *cells]) + " |", flush=True)


def ours(task) -> tuple[float, ...]:
    """Seconds of compilation; milliseconds of values, of a gradient, and of trajectories."""
    data = make_data(task)
    circuit, observables = circuit_of(task), tuple(z(wire) for wire in range(task.n))
    inputs = jnp.asarray(data.inputs, jnp.float32)
    weights = jnp.asarray(data.weights.reshape(-1), jnp.float32)
    values = jax.vmap(density_expectation(circuit, observables), ({"inputs": 0, "weights": None},))
    forward = jax.jit(lambda w: values({"inputs": inputs, "weights": w}))
    gradient = jax.jit(jax.grad(lambda w: jnp.mean(forward(w) ** 2)))
    estimate = trajectory_expectation(circuit, observables, TRAJECTORIES)
    keys = jax.random.split(jax.random.key(0), task.samples)
    random = jax.jit(
        lambda w: jax.lax.map(
            lambda x: estimate({"inputs": x[0], "weights": w}, x[1]), (inputs, keys)
        )
    )
    start = time.process_time()
    jax.block_until_ready(forward(weights))
    compiling = time.process_time() - start
    return compiling, *(best(lambda f=f: f(weights)) for f in (forward, gradient, random))


def circuit_of(task):
    """The workload's circuit with both channels after every gate, on each of its wires."""
    gates = []
    for name, wires, slot in gate_list(task):
        gates.append(gate(name, *wires, angle=slot))
        gates += [gate("kraus", w, data=np.stack(each)) for w in wires for each in channels()]
    return build_circuit(gates, task.n)


def aer(task) -> float:
    """Milliseconds of Aer for the whole batch; nan where it is not installed."""
    try:
        import on_aer
    except ImportError:
        return float("nan")
    program = on_aer.noise(task, make_data(task))
    return best(program.run) * task.samples / 10


def best(run) -> float:
    """Milliseconds of CPU time, the first call left out."""
    jax.block_until_ready(run())
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        jax.block_until_ready(run())
        times.append(time.process_time() - start)
    return 1000 * min(times)


if __name__ == "__main__":
    main()
