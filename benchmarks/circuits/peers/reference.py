"""The right answers in NumPy, complex128, written for clarity; states are (2,)*n + (samples,).

`python reference.py '{task}' FOLDER` computes one and keeps it; the programs read it from there.
Gradients are adjoint: forward, then back through the inverse gates with the observable's state.
"""

import json
import sys
from functools import reduce
from pathlib import Path

import numpy as np
from workload import DAMPING, DEPOLARISING, Data, Task, energy_terms, gate_list, make_data

LARGEST = {"inference": 12, "training": 12, "vqe": 20, "state": 22, "noise": 8}
CHECKED_SAMPLES = 5  # of inference and noise, where samples do not depend on each other
PAULIS = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}


def read_reference(task: Task, folder: Path) -> np.ndarray | None:
    """The kept answer, None where there is none."""
    path = folder / _name(task)
    return np.load(path) if path.exists() else None


def keep_reference(task: Task, data: Data, folder: Path) -> None:
    """Compute and keep the answer, unless it is too large or there already."""
    small = task.layers <= 4 and task.n <= LARGEST[task.work]
    if small and not (folder / _name(task)).exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / _name(task), answer(task, data))


def answer(task: Task, data: Data) -> np.ndarray:
    """Expectations (samples, n); loss and gradient; gradient; state (2**n,)."""
    first = task._replace(samples=CHECKED_SAMPLES)
    match task.work:
        case "inference":
            return all_z(run(first, data))
        case "noise":
            return np.stack([noisy_z(first, data, row) for row in range(CHECKED_SAMPLES)])
        case "training":
            return loss_and_gradient(task, data)
        case "vqe":
            psi = run(task, data)
            return gradient(task, data, psi, energy_times(psi, task.n))
    return run(task, data).reshape(-1)


def run(task: Task, data: Data) -> np.ndarray:
    """Final states of the first `task.samples` samples."""
    n, rows = task.n, data.inputs[: task.samples]
    psi = np.zeros((2**n, task.samples), complex)
    psi[0] = 1
    psi = (rows.T.astype(complex) if task.encoding == "amplitude" else psi).reshape(*[2] * n, -1)
    for layer, weights in enumerate(data.weights):
        if encodes(task, layer):
            for wire in range(n):
                psi = encode(psi, wire, rows[:, wire])
        for wire in range(n):
            psi = apply(reduce(np.matmul, rotations(weights[wire])[::-1]), psi, wire)
        psi = ring(psi, n)
    return psi


def gradient(task: Task, data: Data, psi: np.ndarray, lam: np.ndarray) -> np.ndarray:
    """Derivatives ``2 Re <lam| d psi>`` by all weights; `lam` is the observable times `psi`."""
    n, slopes = task.n, np.zeros(data.weights.shape)
    for layer in range(task.layers - 1, -1, -1):
        psi, lam = ring(psi, n, back=True), ring(lam, n, back=True)
        for wire in range(n):
            parts = rotations(data.weights[layer, wire])
            overlap = np.einsum("axb,ayb->xy", _split(lam, wire).conj(), _split(psi, wire))
            for k, name in enumerate("xyz"):
                later = reduce(np.matmul, parts[:k:-1], np.eye(2))
                generator = later @ np.array(PAULIS[name]) @ later.conj().T / 2
                slopes[layer, wire, k] = 2 * np.sum(generator * overlap).imag
            inverse = reduce(np.matmul, parts[::-1]).conj().T
            psi, lam = apply(inverse, psi, wire), apply(inverse, lam, wire)
        if encodes(task, layer):
            for wire in range(n):
                angle = -data.inputs[:, wire]
                psi, lam = encode(psi, wire, angle), encode(lam, wire, angle)
    return slopes.reshape(-1)


def loss_and_gradient(task: Task, data: Data) -> np.ndarray:
    """Mean squared difference of the mean Z and the label; loss first, then the gradient."""
    psi = run(task, data)
    errors = all_z(psi).mean(axis=1) - data.labels
    lam = psi * (2 * errors / task.samples)
    return np.r_[np.mean(errors**2), gradient(task, data, psi, mean_z_times(lam, task.n))]


def encodes(task: Task, layer: int) -> bool:
    return task.encoding == "reuploading" or (task.encoding == "angle" and layer == 0)


def rotations(angles) -> list[np.ndarray]:
    """RX, RY and RZ of the three angles."""
    return [
        np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * np.array(PAULIS[name])
        for angle, name in zip(angles, "xyz", strict=True)
    ]


def _split(psi, wire):
    return psi.reshape(2**wire, 2, -1)


def apply(matrix, psi, wire):
    zero, one = _split(psi, wire)[:, 0], _split(psi, wire)[:, 1]
    rows = [matrix[k, 0] * zero + matrix[k, 1] * one for k in (0, 1)]
    return np.stack(rows, axis=1).reshape(psi.shape)


def encode(psi, wire, angles):
    """RY with an angle for each sample."""
    parts = psi.reshape(2**wire, 2, -1, psi.shape[-1])
    cosine, sine = np.cos(angles / 2), np.sin(angles / 2)
    zero, one = parts[:, 0], parts[:, 1]
    rows = [cosine * zero - sine * one, sine * zero + cosine * one]
    return np.stack(rows, axis=1).reshape(psi.shape)


def ring(psi, n, back: bool = False):
    """The ring of CNOTs, one after another; backwards it is its inverse."""
    for wire in range(n)[::-1] if back else range(n):
        psi = cnot(psi, wire, (wire + 1) % n)
    return psi


def cnot(psi, control, target):
    psi = psi.copy()
    on = (slice(None),) * control + (1,)
    psi[on] = np.flip(psi[on], target - (target > control))
    return psi


def all_z(psi):
    """Expectation of Z on every qubit, (samples, n)."""
    n = psi.ndim - 1
    chances = np.abs(psi) ** 2
    return np.stack(
        [np.einsum("axb,x->b", chances.reshape(2**w, 2, -1, psi.shape[-1]).sum(2), [1, -1])
         for w in range(n)], axis=-1,
    )  # fmt: skip


def mean_z_times(psi, n):
    """The mean of all Z, applied to the state."""
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return psi * (1 - 2 * bits).mean(axis=1).reshape(*[2] * n, 1)


def energy_times(psi, n):
    """The Ising Hamiltonian, applied to the state."""
    total = np.zeros_like(psi)
    for letters, wires in energy_terms(n):
        term = psi
        for letter, wire in zip(letters, wires, strict=True):
            term = apply(np.array(PAULIS[letter.lower()]), term, wire)
        total -= term
    return total


def noisy_z(task: Task, data: Data, row: int) -> np.ndarray:
    """Z expectations of one sample from its density matrix, channels as Kraus sums."""
    n = task.n
    rho = np.zeros((2,) * 2 * n, complex)
    rho[(0,) * 2 * n] = 1
    for name, wires, slot in gate_list(task):
        if slot is None:
            rho = cnot(cnot(rho, *wires), *(wire + n for wire in wires))
        else:
            values = {"inputs": data.inputs[row], "weights": data.weights.reshape(-1)}
            angles = np.where(np.arange(3) == "xyz".index(name[1]), values[slot[0]][slot[1]], 0)
            rho = conjugate([reduce(np.matmul, rotations(angles))], rho, wires[0], n)
        for wire in wires:
            for kraus in channels():
                rho = conjugate(kraus, rho, wire, n)
    chances = np.diag(rho.reshape(2**n, 2**n)).real.reshape((2,) * n)
    return np.array([np.moveaxis(chances, w, 0).reshape(2, -1).sum(1) @ [1, -1] for w in range(n)])


def conjugate(kraus, rho, wire, n):
    terms = [apply(k.conj(), apply(k, rho, wire), wire + n) for k in kraus]
    return np.sum(terms, axis=0)


def channels() -> list[list[np.ndarray]]:
    """Depolarising (X, Y and Z with a third of the chance each), then amplitude damping."""
    flips = [np.sqrt(DEPOLARISING / 3) * np.array(p, complex) for p in PAULIS.values()]
    stay, fall = np.diag([1, np.sqrt(1 - DAMPING)]), np.array([[0, np.sqrt(DAMPING)], [0, 0]])
    return [[np.sqrt(1 - DEPOLARISING) * np.eye(2), *flips], [stay, fall]]


def _name(task: Task) -> str:
    return "-".join(map(str, task)) + ".npy"


if __name__ == "__main__":
    wanted = Task(**json.loads(sys.argv[1]))
    keep_reference(wanted, make_data(wanted), Path(sys.argv[2]))
