"""What every program computes: circuits, data and the names of the works, as plain data.

The circuit has `layers` layers, each of RX, RY and RZ on every qubit and a ring of CNOTs. Data
enter as RY angles before the first layer ("angle"), before every layer ("reuploading"), as the
amplitudes of the first state ("amplitude"), or not at all ("none"). Runs in every environment:
nothing but NumPy is imported.
"""

from typing import NamedTuple

import numpy as np

DEPOLARISING, DAMPING = 0.01, 0.02


class Task(NamedTuple):
    """One thing to compute; `samples` is the length of the batch."""

    work: str  # "inference", "training", "vqe", "state" or "noise"
    encoding: str
    n: int
    layers: int = 4
    samples: int = 1000


class Data(NamedTuple):
    """Inputs (samples, n) or amplitudes (samples, 2**n), weights (layers, n, 3), labels +-1."""

    inputs: np.ndarray
    weights: np.ndarray
    labels: np.ndarray


def works(quick: bool, large: bool) -> dict[str, list[Task]]:
    """Tasks of every work, by the names that `--works` takes; large has all sizes."""
    batches = {}
    for encoding in ("angle", "reuploading", "amplitude"):
        some = (4, 8, 12) if large or encoding == "angle" else (8,)
        sizes = (4,) if quick else some
        for work in ("inference", "training"):
            name = work if encoding == "angle" else f"{work}-{encoding}"
            batches[name] = [Task(work, encoding, n) for n in sizes]
    vqe = (10,) if quick else (16, 20)
    states = (16,) if quick else (20, 22, 24) if large else (20, 22)
    first = {name: batches.pop(name) for name in ("inference", "training")}
    return first | {
        "vqe": [Task("vqe", "none", n, samples=1) for n in vqe],
        "state": [Task("state", "none", n, samples=1) for n in states],
        "noise": [Task("noise", "angle", 3 if quick else 8, samples=100)],
        "compile": [Task("vqe", "none", vqe[-1], layers, samples=1) for layers in (4, 40)],
        **batches,
    }


def make_data(task: Task) -> Data:
    """The same numbers for every program."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (task.samples, task.n))
    weights = rng.uniform(-np.pi, np.pi, (task.layers, task.n, 3))
    labels = np.where(rng.uniform(size=task.samples) < 0.5, -1.0, 1.0)
    if task.encoding == "amplitude":
        inputs = rng.normal(size=(task.samples, 2**task.n))
        inputs /= np.linalg.norm(inputs, axis=1, keepdims=True)
    return Data(inputs, weights, labels)


def few(task: Task, data: Data, samples: int) -> tuple[Task, Data]:
    """The first samples only: for programs that loop over them in Python."""
    samples = min(samples, task.samples)
    return task._replace(samples=samples), Data(
        data.inputs[:samples], data.weights, data.labels[:samples]
    )


def gate_list(task: Task) -> list[tuple[str, tuple[int, ...], tuple[str, int] | None]]:
    """Gates in order: name, wires, and the slot ("inputs" or "weights", index) of the angle."""
    return [item for layer in range(task.layers) for item in layer_gates(task, layer)]


def layer_gates(task: Task, layer: int):
    """Gates of one layer, with the encoding where it comes before this layer."""
    gates = []
    if task.encoding == "reuploading" or (task.encoding == "angle" and layer == 0):
        gates += [("ry", (wire,), ("inputs", wire)) for wire in range(task.n)]
    for wire in range(task.n):
        for k, name in enumerate(("rx", "ry", "rz")):
            gates.append((name, (wire,), ("weights", (layer * task.n + wire) * 3 + k)))
    return gates + [("cx", (wire, (wire + 1) % task.n), None) for wire in range(task.n)]


def angle_of(slot: tuple[str, int], inputs, weights):
    """The angle in a slot; `weights` is flat, `inputs` may have a batch axis in front."""
    segment, index = slot
    return inputs[..., index] if segment == "inputs" else weights[index]


def energy_terms(n: int) -> list[tuple[str, tuple[int, ...]]]:
    """Transverse-field Ising chain, open: every term has the coefficient -1."""
    bonds: list[tuple[str, tuple[int, ...]]] = [("ZZ", (wire, wire + 1)) for wire in range(n - 1)]
    return bonds + [("X", (wire,)) for wire in range(n)]
