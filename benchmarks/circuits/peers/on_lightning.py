"""PennyLane's lightning.qubit in complex64: adjoint gradients by autograd, samples one by one."""

import numpy as np
import pennylane as qp
from pennylane import numpy as pnp
from timing import Program, main
from workload import angle_of, energy_terms, few, gate_list


def queue(task, inputs, weights):
    if task.encoding == "amplitude":
        qp.StatePrep(inputs, wires=range(task.n))
    for name, wires, slot in gate_list(task):
        if slot is None:
            qp.CNOT(wires)
        else:
            getattr(qp, name.upper())(angle_of(slot, inputs, weights), wires)


def device(task):
    return qp.device("lightning.qubit", wires=task.n, c_dtype=np.complex64)


def inference(task, data):
    task, data = few(task, data, 100 if task.n <= 8 else 50)

    @qp.qnode(device(task), diff_method=None)
    def values(inputs, weights):
        queue(task, inputs, weights)
        return [qp.expval(qp.Z(wire)) for wire in range(task.n)]

    weights = data.weights.reshape(-1)
    return Program(lambda: np.stack(values(data.inputs, weights), axis=-1), samples=task.samples)


def training(task, data):
    task, data = few(task, data, 20)
    mean_z = qp.Hamiltonian([1 / task.n] * task.n, [qp.Z(wire) for wire in range(task.n)])

    @qp.qnode(device(task), diff_method="adjoint")
    def score(weights, inputs):
        queue(task, inputs, weights)
        return qp.expval(mean_z)

    def loss(weights):
        return pnp.mean((score(weights, data.inputs) - data.labels) ** 2)

    slope, weights = qp.grad(loss), pnp.array(data.weights.reshape(-1), requires_grad=True)

    def run():
        gradient = slope(weights)
        return np.r_[slope.forward, gradient]

    return Program(run, samples=task.samples)


def vqe(task, data):
    terms = [
        qp.prod(*(getattr(qp, a)(w) for a, w in zip(letters, wires, strict=True)))
        for letters, wires in energy_terms(task.n)
    ]
    energy = qp.Hamiltonian([-1.0] * len(terms), terms)

    @qp.qnode(device(task), diff_method="adjoint")
    def value(weights):
        queue(task, None, weights)
        return qp.expval(energy)

    slope, weights = qp.grad(value), pnp.array(data.weights.reshape(-1), requires_grad=True)
    return Program(lambda: slope(weights))


def state(task, data):
    @qp.qnode(device(task), diff_method=None)
    def psi(weights):
        queue(task, None, weights)
        return qp.state()

    weights = data.weights.reshape(-1)
    return Program(lambda: psi(weights))


if __name__ == "__main__":
    makers = {"inference": inference, "training": training, "vqe": vqe, "state": state}
    main(("pennylane-lightning", "pennylane"), makers)
