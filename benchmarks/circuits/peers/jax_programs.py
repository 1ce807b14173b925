"""Programs of peers that give a state as a JAX function: the same good form for all of them.

A peer brings `make_state(task) -> f(inputs, weights) -> psi (2**n,)`; inputs and weights are those
of one sample, weights flat. Observables are read off the state by slices, one pass each.
"""

import jax
import jax.numpy as jnp
import numpy as np
from timing import Program
from workload import energy_terms


def makers(make_state):
    """The four programs on top of a peer's state."""

    def outputs(task):
        psi, rows = make_state(task), (0, None)
        return jax.vmap(lambda inputs, weights: all_z(psi(inputs, weights), task.n), rows)

    def inference(task, data):
        run = jax.jit(outputs(task))
        arrays = single(data.inputs), single(data.weights.reshape(-1))
        return Program(lambda: run(*arrays).block_until_ready())

    def training(task, data):
        scores = outputs(task)

        def loss(weights, inputs, labels):
            return jnp.mean((scores(inputs, weights).mean(axis=1) - labels) ** 2)

        run = jax.jit(jax.value_and_grad(loss))
        arrays = [single(x) for x in (data.weights.reshape(-1), data.inputs, data.labels)]
        return Program(lambda: jax.block_until_ready(run(*arrays)), lambda x: np.r_[x[0], x[1]])

    def vqe(task, data):
        psi, weights = make_state(task), single(data.weights.reshape(-1))
        run = jax.jit(jax.grad(lambda weights: energy(psi(None, weights), task.n)))
        return Program(lambda: run(weights).block_until_ready())

    def state(task, data):
        psi, weights = make_state(task), single(data.weights.reshape(-1))
        run = jax.jit(lambda weights: psi(None, weights))
        return Program(lambda: run(weights).block_until_ready())

    return {"inference": inference, "training": training, "vqe": vqe, "state": state}


def all_z(psi, n):
    """Expectation of Z on every qubit, (n,)."""
    chances = psi.real**2 + psi.imag**2
    halves = [chances.reshape(2**wire, 2, -1).sum(axis=(0, 2)) for wire in range(n)]
    return jnp.stack([half[0] - half[1] for half in halves])


def energy(psi, n):
    """The Ising energy."""
    chances, total = psi.real**2 + psi.imag**2, 0.0
    for letters, wires in energy_terms(n):
        if letters == "ZZ":
            four = chances.reshape(2 ** wires[0], 2, 2, -1).sum(axis=(0, 3))
            total -= four[0, 0] + four[1, 1] - four[0, 1] - four[1, 0]
        else:
            parts = psi.reshape(2 ** wires[0], 2, -1)
            zero, one = parts[:, 0], parts[:, 1]
            total -= 2 * jnp.sum(zero.real * one.real + zero.imag * one.imag)
    return total


def single(values):
    return jnp.asarray(values, jnp.float32)
