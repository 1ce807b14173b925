"""qulacs: C++ in complex128, a Python loop over samples, gradients by its `backprop` (adjoint)."""

import numpy as np
import qulacs
from timing import NotMeasuredError, Program, main
from workload import energy_terms, few, gate_list


class Runner:
    """A parametric circuit whose angles are set in place; qulacs turns by exp(+i angle/2 P)."""

    def __init__(self, task, weights):
        self.circuit, self.state = qulacs.ParametricQuantumCircuit(task.n), None
        self.slots = []
        for name, wires, slot in gate_list(task):
            # Qubit 0 of qulacs is the last axis.
            wires = [task.n - 1 - wire for wire in wires]
            if slot is None:
                self.circuit.add_CNOT_gate(*wires)
            else:
                getattr(self.circuit, f"add_parametric_{name.upper()}_gate")(*wires, 0.0)
                self.slots.append(slot)
        self.state = qulacs.QuantumState(task.n)
        self.amplitudes = task.encoding == "amplitude"
        self.inputs = [(k, i) for k, (segment, i) in enumerate(self.slots) if segment == "inputs"]
        self.weights = [k for k, (segment, _) in enumerate(self.slots) if segment == "weights"]
        for k, value in zip(self.weights, weights.reshape(-1), strict=True):
            self.circuit.set_parameter(k, -value)

    def run(self, row):
        """State for one sample."""
        for k, index in self.inputs:
            self.circuit.set_parameter(k, -row[index])
        if self.amplitudes:
            self.state.load(row)
        else:
            self.state.set_zero_state()
        self.circuit.update_quantum_state(self.state)
        return self.state


def inference(task, data):
    runner = Runner(task, data.weights)
    observables = [observable(task.n, [("Z", (wire,))], 1.0) for wire in range(task.n)]
    task, data = few(task, data, 1000 if task.n <= 8 else 200)

    def run():
        values = np.empty((task.samples, task.n))
        for b, row in enumerate(data.inputs):
            state = runner.run(row)
            values[b] = [item.get_expectation_value(state) for item in observables]
        return values

    return Program(run, samples=task.samples, precision="complex128")


def training(task, data):
    if task.encoding == "amplitude":
        raise NotMeasuredError("its backprop starts in the zero state")
    runner = Runner(task, data.weights)
    mean_z = observable(task.n, [("Z", (wire,)) for wire in range(task.n)], 1 / task.n)
    task, data = few(task, data, 1000 if task.n <= 4 else 200 if task.n <= 8 else 20)

    def run():
        errors, slopes = np.empty(task.samples), np.zeros(len(runner.slots))
        for b, row in enumerate(data.inputs):
            errors[b] = mean_z.get_expectation_value(runner.run(row)) - data.labels[b]
            slopes -= 2 * errors[b] / task.samples * np.array(runner.circuit.backprop(mean_z))
        return np.r_[np.mean(errors**2), slopes[runner.weights]]

    return Program(run, samples=task.samples, precision="complex128")


def vqe(task, data):
    runner = Runner(task, data.weights)
    energy = observable(task.n, energy_terms(task.n), -1.0)
    return Program(lambda: -np.array(runner.circuit.backprop(energy)), precision="complex128")


def state(task, data):
    runner = Runner(task, data.weights)
    return Program(lambda: runner.run(None), lambda psi: psi.get_vector(), precision="complex128")


def observable(n, terms, coefficient):
    result = qulacs.Observable(n)
    for letters, wires in terms:
        string = " ".join(f"{a} {n - 1 - wire}" for a, wire in zip(letters, wires, strict=True))
        result.add_operator(coefficient, string)
    return result


if __name__ == "__main__":
    main(("qulacs",), {"inference": inference, "training": training, "vqe": vqe, "state": state})
