"""This project's simulator, through its public functions alone."""

import jax
import jax.numpy as jnp
import numpy as np
from reference import channels
from timing import NotMeasuredError, Program, main
from workload import energy_terms, gate_list

import circuits
from circuits import build_circuit, expectation, gate, pauli, state, z

BATCHED = ({"inputs": 0, "weights": None},)


def circuit_of(task):
    gates = [gate(name, *wires, angle=slot) for name, wires, slot in gate_list(task)]
    return build_circuit(encoding_gates(task) + gates, task.n)


def encoding_gates(task):
    if task.encoding != "amplitude":
        return []
    if not hasattr(circuits, "amplitudes_from"):
        raise NotMeasuredError("not there yet: a gate that prepares amplitudes")
    return [circuits.amplitudes_from("inputs", tuple(range(task.n)))]


def batched(circuit, task):
    """Z of every qubit for a batch of inputs and one set of weights."""
    observables = tuple(z(wire) for wire in range(task.n))
    return jax.vmap(expectation(circuit, observables), in_axes=BATCHED)


def inference(task, data):
    run = jax.jit(batched(circuit_of(task), task))
    angles = {"inputs": single(data.inputs), "weights": single(data.weights.reshape(-1))}
    return Program(lambda: run(angles).block_until_ready())


def training(task, data):
    outputs = batched(circuit_of(task), task)

    def loss(weights, inputs, labels):
        scores = outputs({"inputs": inputs, "weights": weights}).mean(axis=1)
        return jnp.mean((scores - labels) ** 2)

    run = jax.jit(jax.value_and_grad(loss))
    arrays = [single(x) for x in (data.weights.reshape(-1), data.inputs, data.labels)]
    return Program(
        lambda: jax.block_until_ready(run(*arrays)), lambda result: np.r_[result[0], result[1]]
    )


def vqe(task, data):
    energy = sum(pauli(letters, wires, -1.0) for letters, wires in energy_terms(task.n))
    value = expectation(circuit_of(task), energy)
    run = jax.jit(jax.grad(lambda weights: value({"weights": weights})[0]))
    weights = single(data.weights.reshape(-1))
    return Program(lambda: run(weights).block_until_ready())


def final_state(task, data):
    run = jax.jit(state(circuit_of(task)))
    angles = {"weights": single(data.weights.reshape(-1))}
    return Program(lambda: run(angles).block_until_ready(), lambda psi: np.asarray(psi).reshape(-1))


def noise(task, data):
    if not hasattr(circuits, "density_expectation"):
        raise NotMeasuredError("not there yet: density matrices")
    gates = []
    for name, wires, slot in gate_list(task):
        gates.append(gate(name, *wires, angle=slot))
        gates += [
            gate("kraus", wire, data=np.stack(kraus)) for wire in wires for kraus in channels()
        ]
    observables = tuple(z(wire) for wire in range(task.n))
    value = circuits.density_expectation(build_circuit(gates, task.n), observables)
    run = jax.jit(jax.vmap(value, in_axes=BATCHED))
    angles = {"inputs": single(data.inputs), "weights": single(data.weights.reshape(-1))}
    return Program(lambda: run(angles).block_until_ready())


def single(values):
    return jnp.asarray(values, jnp.float32)


if __name__ == "__main__":
    makers = {"inference": inference, "training": training, "vqe": vqe}
    main(("qml-offload", "jax"), makers | {"state": final_state, "noise": noise})
