"""PennyLane Catalyst: `qjit` over lightning.qubit in complex128, its own vmap and grad."""

import catalyst
import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qp
from on_pennylane import energy, queue
from timing import Program, main
from workload import few

jax.config.update("jax_enable_x64", True)


def node(task, measure, diff_method="adjoint"):
    @qp.qnode(qp.device("lightning.qubit", wires=task.n), diff_method=diff_method)
    def run(weights, inputs=None):
        queue(task, inputs, weights)
        return measure()

    return run


def inference(task, data):
    values = node(task, lambda: [qp.expval(qp.Z(wire)) for wire in range(task.n)], None)

    @catalyst.qjit
    def run(inputs, weights):
        rows = catalyst.vmap(lambda row: values(weights, row), in_axes=0)(inputs)
        return jnp.stack(rows, axis=-1)

    return program(run, data.inputs, data.weights.reshape(-1))


def training(task, data):
    # Catalyst 0.15 crashes on the gradient of anything but a bare node: the loop is in Python.
    task, data = few(task, data, 100)
    mean_z = qp.Hamiltonian([1 / task.n] * task.n, [qp.Z(wire) for wire in range(task.n)])
    score = node(task, lambda: qp.expval(mean_z))
    one = catalyst.qjit(catalyst.value_and_grad(score, argnums=0))
    weights, rows = jnp.asarray(data.weights.reshape(-1)), jnp.asarray(data.inputs)

    def run():
        values, slopes = zip(*(one(weights, row) for row in rows), strict=True)
        errors = np.array(values) - data.labels
        return np.r_[np.mean(errors**2), 2 * errors / task.samples @ np.array(slopes)]

    return Program(run, samples=task.samples, precision="complex128")


def vqe(task, data):
    value = node(task, lambda: qp.expval(energy(task.n)))
    run = catalyst.qjit(catalyst.grad(value))
    return program(run, data.weights.reshape(-1))


def state(task, data):
    psi = node(task, qp.state, None)
    return program(catalyst.qjit(psi), data.weights.reshape(-1))


def program(run, *arrays):
    arrays = [jnp.asarray(values, jnp.float64) for values in arrays]
    return Program(lambda: jax.block_until_ready(run(*arrays)), precision="complex128")


if __name__ == "__main__":
    makers = {"inference": inference, "training": training, "vqe": vqe, "state": state}
    main(("pennylane-catalyst", "jax"), makers)
