"""Offloading through Qiskit: what our layer costs, and what one broadcast job saves.

Three claims, all with the same circuit, transpiled for the same target, in this process:

1. `QiskitBackend.expectation` takes hardly longer than the bare vendor calls on the same batch.
2. One broadcast PUB through Aer beats one job per sample (bind, run, wait), as plug-ins do it. The
   latter is timed on a few samples and scaled up.
3. A fake device simulated with the noise of the qubits in use, made once, beats the local mode of
   IBM's runtime, which makes the noise of all qubits for every call.

Run it with `make bench`, or with `--small` for a try; the table goes to
`benchmarks/results/offload.md` (not with `--small`).
"""

import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import SamplerV2

from circuits import Exact, QiskitBackend, reuploading, to_qiskit, z
from circuits.on_qiskit import open_target

RESULTS = Path(__file__).parents[1] / "results" / "offload.md"
SPREAD = {"run_options": {"max_parallel_experiments": 0}}


class Sizes(NamedTuple):
    """How much is run."""

    samples: int = 1000
    many: int = 10_000
    one_by_one: int = 100
    shots: int = 1024
    qubits: int = 8
    exact_qubits: int = 4
    device: str = "fake_torino"
    noisy: int = 100
    rounds: int = 5


SMALL = Sizes(200, 1000, 10, 128, 8, 2, "fake_manila", 10, 2)


def main() -> None:
    """Time everything, print the table and write it."""
    sizes = SMALL if "--small" in sys.argv[1:] else Sizes()
    rows = [*overhead(sizes), broadcast(sizes), *noise(sizes)]
    text = "\n".join([header(sizes), *rows, ""])
    print(text)
    if sizes is not SMALL:
        RESULTS.write_text(text)


def overhead(sizes: Sizes):
    """Ours beside the bare calls on the same batch: Aer with shots, Qiskit's exact reference."""
    circuit, angles = problem(sizes.qubits, sizes.samples)
    observables = [z(wire) for wire in range(sizes.qubits)]
    backend = QiskitBackend(AerSimulator(), sizes.shots, seed=1)
    ours, bare = interleaved(
        sizes.rounds,
        lambda: backend.expectation(circuit, observables, angles).values,
        lambda: bare_aer(circuit, angles, backend.target, sizes.shots, SPREAD),
    )
    yield row(f"Aer, {sizes.samples} samples: ours / bare", ours, bare, f"{ours / bare:.3f}")
    default = timed(lambda: bare_aer(circuit, angles, backend.target, sizes.shots, {}))[0]
    yield row(
        "the same, bare with Aer's own threads / ours", default, ours, f"{default / ours:.1f}"
    )
    circuit, angles = problem(sizes.exact_qubits, sizes.samples)
    observables = [z(wire) for wire in range(sizes.exact_qubits)]
    ours, bare = interleaved(
        2,
        lambda: QiskitBackend().expectation(circuit, observables, angles).values,
        lambda: bare_exact(circuit, angles),
    )
    yield row(
        f"StatevectorEstimator, {sizes.samples} samples: ours / bare",
        ours,
        bare,
        f"{ours / bare:.3f}",
    )


def broadcast(sizes: Sizes) -> str:
    """One job for all samples beside one for each, the latter on some and scaled up."""
    circuit, angles = problem(sizes.qubits, sizes.many)
    backend = QiskitBackend(AerSimulator(), sizes.shots, seed=1)
    together, result = timed(lambda: backend.expectation(circuit, z(0), angles).values)
    exact = Exact().expectation(circuit, z(0), angles).values
    assert np.abs(result - exact).max() < 7 / np.sqrt(sizes.shots)  # a wrong answer has no speed
    few = angles | {"inputs": angles["inputs"][: sizes.one_by_one]}
    seconds, _ = timed(lambda: one_by_one(circuit, few, backend.target, sizes.shots))
    single = seconds * sizes.many / sizes.one_by_one
    name = f"{sizes.many} samples: one job each (from {sizes.one_by_one}) / one broadcast job"
    return row(name, single, together, f"{single / together:.1f}")


def noise(sizes: Sizes):
    """A fake device: the runtime's local mode beside the noise of the qubits in use."""
    circuit, angles = problem(4, sizes.noisy)
    target = open_target(sizes.device)
    backend = QiskitBackend(target, sizes.shots, seed=1)
    ours = [timed(lambda: backend.expectation(circuit, z(0), angles).values)[0] for _ in range(2)]
    local = [timed(lambda: local_mode(circuit, angles, target, sizes.shots))[0] for _ in range(2)]
    for name, theirs, mine in zip(("first", "second"), local, ours, strict=True):
        label = f"{sizes.device}, {sizes.noisy} samples, {name} call: local mode / ours"
        yield row(label, theirs, mine, f"{theirs / mine:.1f}")


def problem(n_qubits: int, samples: int):
    """A re-uploading circuit of two layers, weights and inputs."""
    circuit = reuploading(n_qubits, 2, n_qubits)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(samples, circuit.segments["inputs"]))
    return circuit, {"weights": rng.normal(size=circuit.segments["weights"]), "inputs": inputs}


def lowered(circuit, angles, target):
    """The measured circuit for a target, weights bound, and its values in Qiskit's order."""
    built, vectors = to_qiskit(circuit, {"weights": angles["weights"]})
    built.measure_all()
    built = generate_preset_pass_manager(1, target, seed_transpiler=1).run(built)
    order = [list(vectors["inputs"]).index(each) for each in built.parameters]
    return built, angles["inputs"][:, order]


def bare_aer(circuit, angles, target, shots: int, options) -> np.ndarray:
    """The vendor's calls and nothing else: values (b, n) of Z on each qubit."""
    built, values = lowered(circuit, angles, target)
    sampler = SamplerV2.from_backend(target, seed=1, options=options)
    data: Any = sampler.run([(built, values)], shots=shots).result()[0].data
    return 1 - 2 * data.meas.to_bool_array(order="little").mean(axis=1)


def bare_exact(circuit, angles) -> np.ndarray:
    """The vendor's exact values (b, n) of Z on each qubit."""
    built, vectors = to_qiskit(circuit, {"weights": angles["weights"]})
    n = circuit.n_qubits
    terms = [SparsePauliOp.from_sparse_list([("Z", [w], 1.0)], num_qubits=n) for w in range(n)]
    pub = (built, [[term] for term in terms], {tuple(vectors["inputs"]): angles["inputs"]})
    data: Any = StatevectorEstimator().run([pub]).result()[0].data
    return np.transpose(data.evs)


def one_by_one(circuit, angles, target, shots: int) -> list[dict]:
    """Counts of one job per sample, each waited for."""
    built, values = lowered(circuit, angles, target)
    jobs = (
        target.run(built.assign_parameters(row), shots=shots, seed_simulator=1) for row in values
    )
    return [job.result().get_counts() for job in jobs]


def local_mode(circuit, angles, target, shots: int) -> np.ndarray:
    """The runtime's own simulation of a fake device."""
    from qiskit_ibm_runtime import SamplerV2 as Sampler

    built, values = lowered(circuit, angles, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Sampler(mode=target).run([(built, values)], shots=shots).result()[0].data.meas.array


def interleaved(rounds: int, *programs) -> list[float]:
    """Least seconds of each program over the rounds, in turn; the first call is not counted."""
    for program in programs:
        program()
    runs = [[timed(program)[0] for program in programs] for _ in range(rounds)]
    return [min(each) for each in zip(*runs, strict=True)]


def timed(program) -> tuple[float, Any]:
    """Seconds and answer of one call."""
    start = time.perf_counter()
    answer = program()
    return time.perf_counter() - start, answer


def row(name: str, first: float, second: float, ratio: str) -> str:
    return f"| {name} | {first:.3f} | {second:.3f} | {ratio} |"


def header(sizes: Sizes) -> str:
    """What was measured, and on what."""
    return (
        "# Offloading through Qiskit\n\n"
        f"Made by `make bench` on {platform.machine()}; re-uploading circuits of 2 layers on "
        f"{sizes.qubits} qubits ({sizes.exact_qubits} where exact, 4 on the fake device), "
        f"{sizes.shots} shots, transpiling included. Best of {sizes.rounds} interleaved rounds "
        "for the overhead. Only ratios carry over to other machines.\n\n"
        "| first / second | first, s | second, s | ratio |\n|---|---:|---:|---:|"
    )


if __name__ == "__main__":
    main()
