"""Qiskit Aer in single precision: statevector, and density_matrix for noise; no gradients."""

import numpy as np
import qiskit_aer.library  # noqa: F401  adds the save_ methods to circuits
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, amplitude_damping_error, depolarizing_error
from timing import Program, main
from workload import DAMPING, DEPOLARISING, few, gate_list


def circuit_of(task, weights):
    """Weights bound, inputs as parameters; qubits reversed, for Qiskit's qubit 0 is the last."""
    circuit, inputs = QuantumCircuit(task.n), ParameterVector("inputs", task.n)
    for name, wires, slot in gate_list(task):
        on = [task.n - 1 - wire for wire in wires]
        if slot is None:
            circuit.cx(*on)
        else:
            value = inputs[slot[1]] if slot[0] == "inputs" else weights.reshape(-1)[slot[1]]
            getattr(circuit, name)(value, *on)
    return circuit, inputs


def save_z(circuit, n):
    for wire in range(n):
        circuit.save_expectation_value(SparsePauliOp("Z"), [n - 1 - wire], label=f"z{wire}")


def read_z(result, samples, n):
    return np.array([[result.data(b)[f"z{w}"] for w in range(n)] for b in range(samples)])


def sweep(task, data, simulator):
    circuit, inputs = circuit_of(task, data.weights)
    save_z(circuit, task.n)
    binds = [{item: data.inputs[:, k].tolist() for k, item in enumerate(inputs)}]
    return Program(
        lambda: read_z(simulator.run(circuit, parameter_binds=binds).result(), len(data.inputs),
                       task.n),
        samples=task.samples,
    )  # fmt: skip


def inference(task, data):
    task, data = few(task, data, 1000 if task.n <= 4 else 200 if task.n <= 8 else 50)
    simulator = AerSimulator(method="statevector", precision="single")
    if task.encoding != "amplitude":
        return sweep(task, data, simulator)
    layers, _ = circuit_of(task, data.weights)
    jobs = []
    for row in data.inputs:
        job = QuantumCircuit(task.n)
        job.set_statevector(row)
        job.compose(layers, inplace=True)
        save_z(job, task.n)
        jobs.append(job)
    return Program(
        lambda: read_z(simulator.run(jobs).result(), len(jobs), task.n), samples=task.samples
    )


def noise(task, data):
    task, data = few(task, data, 10)
    model = NoiseModel()
    # Aer's probability is that of full mixing, 4/3 of the chance of any Pauli.
    error = depolarizing_error(DEPOLARISING * 4 / 3, 1).compose(amplitude_damping_error(DAMPING))
    model.add_all_qubit_quantum_error(error, ["rx", "ry", "rz"])
    model.add_all_qubit_quantum_error(error.tensor(error), ["cx"])
    options = {"method": "density_matrix", "precision": "single", "noise_model": model}
    return sweep(task, data, AerSimulator(**options))


def state(task, data):
    circuit, _ = circuit_of(task, data.weights)
    circuit.save_statevector()
    simulator = AerSimulator(method="statevector", precision="single")
    return Program(lambda: np.asarray(simulator.run(circuit).result().data(0)["statevector"]))


if __name__ == "__main__":
    main(("qiskit-aer", "qiskit"), {"inference": inference, "state": state, "noise": noise})
