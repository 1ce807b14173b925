"""Offloading through Qiskit: what our layer costs, and what one broadcast job saves.

Three claims, all with the same circuit, transpiled for the same target, in this process:

1. `QiskitBackend.expectation` takes hardly longer than the vendor's own calls on the same batch:
   his `SamplerV2`, and his simulator called with all sets of angles in one run, counts read.
2. One broadcast PUB through Aer beats one job per sample, in two ways: a bare loop over a circuit
   that is transpiled once, and as plug-ins of other frameworks do it, who build, transpile and send
   each sample's circuit as a primitive job of its own. Both are timed on a few samples and scaled.
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
from qiskit_aer.primitives import EstimatorV2, SamplerV2

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
    rows = [*overhead(sizes), *broadcast(sizes), *noise(sizes)]
    text = "\n".join([header(sizes), *rows, ""])
    print(text)
    if sizes is not SMALL:
        RESULTS.write_text(text)


def overhead(sizes: Sizes):
    """Ours beside the bare calls on the same batch: Aer with shots, Qiskit's exact reference."""
    circuit, angles = problem(sizes.qubits, sizes.samples)
    observables = [z(wire) for wire in range(sizes.qubits)]
    backend = QiskitBackend(AerSimulator(), sizes.shots, seed=1)
    programs = {
        "ours": lambda: backend.expectation(circuit, observables, angles).values,
        "AerSimulator.run": lambda: bare_run(circuit, angles, backend.target, sizes.shots),
        "SamplerV2": lambda: bare_aer(circuit, angles, backend.target, sizes.shots, SPREAD),
    }
    first, *others = (program() for program in programs.values())
    assert all(np.allclose(first, each) for each in others)  # the same draws, so the same values
    ours, *bare = interleaved(sizes.rounds, *programs.values())
    names = ("AerSimulator.run, all angles at once, counts read", "its SamplerV2")
    for name, theirs in zip(names, bare, strict=True):
        label = f"Aer, {sizes.samples} samples: ours / {name}"
        yield row(label, ours, theirs, f"{ours / theirs:.3f}")
    default = timed(lambda: bare_aer(circuit, angles, backend.target, sizes.shots, {}))[0]
    label = "the same, its SamplerV2 with Aer's own threads / ours"
    yield row(label, default, ours, f"{default / ours:.1f}")
    circuit, angles = problem(sizes.exact_qubits, sizes.samples)
    observables = [z(wire) for wire in range(sizes.exact_qubits)]
    ours, exact = interleaved(
        2,
        lambda: QiskitBackend().expectation(circuit, observables, angles).values,
        lambda: bare_exact(circuit, angles),
    )
    label = f"StatevectorEstimator, {sizes.samples} samples: ours / bare"
    yield row(label, ours, exact, f"{ours / exact:.3f}")


def broadcast(sizes: Sizes):
    """One job for all samples beside one for each, the latter on some and scaled up."""
    circuit, angles = problem(sizes.qubits, sizes.many)
    backend = QiskitBackend(AerSimulator(), sizes.shots, seed=1)
    together, result = timed(lambda: backend.expectation(circuit, z(0), angles).values)
    exact = Exact().expectation(circuit, z(0), angles).values
    assert np.abs(result - exact).max() < 7 / np.sqrt(sizes.shots)  # a wrong answer has no speed
    few = angles | {"inputs": angles["inputs"][: sizes.one_by_one]}
    ways = {
        "a loop over a circuit transpiled once": one_by_one,
        "each built, transpiled and sent as a SamplerV2 job": primitive_each,
        "each built, transpiled and sent as an EstimatorV2 job": estimator_each,
    }
    for name, way in ways.items():
        seconds, found = timed(lambda way=way: way(circuit, few, backend.target, sizes.shots))
        assert np.abs(found - exact[: sizes.one_by_one, 0]).max() < 7 / np.sqrt(sizes.shots)
        single = seconds * sizes.many / sizes.one_by_one
        label = f"{sizes.many} samples: {name} (from {sizes.one_by_one}) / one broadcast job"
        yield row(label, single, together, f"{single / together:.1f}")


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


def bare_run(circuit, angles, target, shots: int) -> np.ndarray:
    """The simulator's own run of all sets of angles: values (b, n) of Z on each qubit."""
    built, values = lowered(circuit, angles, target)
    binds = {parameter: values[:, at] for at, parameter in enumerate(built.parameters)}
    options = {"seed_simulator": 1, "runtime_parameter_bind_enable": True}
    result = target.run([built], parameter_binds=[binds], shots=shots, **options).result()
    found = np.zeros((len(values), 2**circuit.n_qubits))
    for line, each in zip(found, result.results, strict=True):
        line[[int(outcome, 16) for outcome in each.data.counts]] = [*each.data.counts.values()]
    outcomes = np.arange(2**circuit.n_qubits)[:, None]
    signs = 1 - 2 * ((outcomes >> np.arange(circuit.n_qubits)) & 1)
    return found @ signs / shots


def one_by_one(circuit, angles, target, shots: int) -> list[float]:
    """Values of Z on qubit 0, one run per sample, each waited for."""
    built, values = lowered(circuit, angles, target)
    jobs = (
        target.run(built.assign_parameters(line), shots=shots, seed_simulator=1) for line in values
    )
    return [z_of(job.result().get_counts(), shots) for job in jobs]


def primitive_each(circuit, angles, target, shots: int) -> list[float]:
    """The same by SamplerV2, each sample's circuit built and transpiled for itself."""
    found = []
    for line in angles["inputs"]:
        built, _ = to_qiskit(circuit, {"weights": angles["weights"], "inputs": line})
        built.measure_all()
        built = generate_preset_pass_manager(1, target, seed_transpiler=1).run(built)
        job = SamplerV2.from_backend(target, seed=1).run([built], shots=shots)
        data: Any = job.result()[0].data
        found.append(z_of(data.meas.get_counts(), shots))
    return found


def estimator_each(circuit, angles, target, shots: int) -> list[float]:
    """The same by EstimatorV2, to the precision of as many shots."""
    found, observable = [], SparsePauliOp.from_sparse_list([("Z", [0], 1.0)], circuit.n_qubits)
    for line in angles["inputs"]:
        built, _ = to_qiskit(circuit, {"weights": angles["weights"], "inputs": line})
        built = generate_preset_pass_manager(1, target, seed_transpiler=1).run(built)
        estimator = EstimatorV2.from_backend(target)
        placed = observable.apply_layout(built.layout)
        data: Any = estimator.run([(built, placed)], precision=shots**-0.5).result()[0].data
        found.append(float(data.evs))
    return found


def z_of(counts: dict[str, int], shots: int) -> float:
    """Value of Z on qubit 0, which Qiskit writes last."""
    return sum(number * (1 - 2 * int(bits[-1])) for bits, number in counts.items()) / shots


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
