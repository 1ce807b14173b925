"""PennyLane under `jax.jit`: default.qubit with broadcasting, default.mixed for noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qp
from timing import Program, main
from workload import DAMPING, DEPOLARISING, angle_of, energy_terms, few, gate_list


def queue(task, inputs, weights, noisy=False):
    """Queue the circuit; `inputs` may have a batch axis in front."""
    if task.encoding == "amplitude":
        qp.StatePrep(inputs, wires=range(task.n))
    for name, wires, slot in gate_list(task):
        if slot is None:
            qp.CNOT(wires)
        else:
            getattr(qp, name.upper())(angle_of(slot, inputs, weights), wires)
        for wire in wires if noisy else ():
            qp.DepolarizingChannel(DEPOLARISING, wire)
            qp.AmplitudeDamping(DAMPING, wire)


def energy(n):
    terms = [qp.prod(*(getattr(qp, a)(w) for a, w in zip(x, wires, strict=True)))
             for x, wires in energy_terms(n)]  # fmt: skip
    return qp.Hamiltonian([-1.0] * len(terms), terms)


def all_z(n):
    return [qp.expval(qp.Z(wire)) for wire in range(n)]


def outputs(task, device="default.qubit"):
    @qp.qnode(qp.device(device, wires=task.n), interface="jax", diff_method="backprop")
    def values(inputs, weights):
        queue(task, inputs, weights, noisy=device == "default.mixed")
        return all_z(task.n)

    return lambda inputs, weights: jnp.stack(values(inputs, weights), axis=-1)


def inference(task, data):
    run = jax.jit(outputs(task))
    arrays = single(data.inputs), single(data.weights.reshape(-1))
    return Program(lambda: run(*arrays).block_until_ready())


def noise(task, data):
    task, data = few(task, data, 10)
    run = jax.jit(outputs(task, "default.mixed"))
    arrays = single(data.inputs), single(data.weights.reshape(-1))
    return Program(lambda: run(*arrays).block_until_ready(), samples=task.samples)


def training(task, data):
    scores = outputs(task)

    def loss(weights, inputs, labels):
        return jnp.mean((scores(inputs, weights).mean(axis=1) - labels) ** 2)

    run = jax.jit(jax.value_and_grad(loss))
    arrays = [single(x) for x in (data.weights.reshape(-1), data.inputs, data.labels)]
    return Program(lambda: jax.block_until_ready(run(*arrays)), lambda x: np.r_[x[0], x[1]])


def vqe(task, data):
    @qp.qnode(qp.device("default.qubit", wires=task.n), interface="jax", diff_method="backprop")
    def value(weights):
        queue(task, None, weights)
        return qp.expval(energy(task.n))

    run, weights = jax.jit(jax.grad(value)), single(data.weights.reshape(-1))
    return Program(lambda: run(weights).block_until_ready())


def state(task, data):
    @qp.qnode(qp.device("default.qubit", wires=task.n), interface="jax", diff_method="backprop")
    def psi(weights):
        queue(task, None, weights)
        return qp.state()

    run, weights = jax.jit(psi), single(data.weights.reshape(-1))
    return Program(lambda: run(weights).block_until_ready())


def single(values):
    return jnp.asarray(values, jnp.float32)


if __name__ == "__main__":
    makers = {"inference": inference, "training": training, "vqe": vqe, "state": state}
    main(("pennylane", "jax"), makers | {"noise": noise})
