"""qsim through qsimcirq, complex64: expectation sweeps and states; it has no gradients."""

import cirq
import numpy as np
import qsimcirq
import sympy
from timing import Program, main
from workload import few, gate_list


def circuit_of(task):
    qubits, gates = cirq.LineQubit.range(task.n), []
    for name, wires, slot in gate_list(task):
        on = [qubits[wire] for wire in wires]
        one = cirq.CNOT if slot is None else getattr(cirq, name)(sympy.Symbol(symbol(slot)))
        gates.append(one(*on))
    return cirq.Circuit(gates), qubits


def symbol(slot):
    return f"{slot[0]}{slot[1]}"


def resolver(weights, inputs=()):
    named = {symbol(("weights", k)): value for k, value in enumerate(weights.reshape(-1))}
    return named | {symbol(("inputs", k)): value for k, value in enumerate(inputs)}


def simulator():
    return qsimcirq.QSimSimulator(qsimcirq.QSimOptions(max_fused_gate_size=4, cpu_threads=1))


def inference(task, data):
    task, data = few(task, data, 50 if task.n <= 8 else 20)
    circuit, qubits = circuit_of(task)
    run_one, values = simulator(), [cirq.Z(qubit) for qubit in qubits]
    if task.encoding == "amplitude":
        fixed = cirq.resolve_parameters(circuit, resolver(data.weights))
        starts = data.inputs.astype(np.complex64)

        def run():
            return np.real([run_one.simulate_expectation_values(
                fixed, values, qubit_order=qubits, initial_state=start) for start in starts]
            )  # fmt: skip
    else:
        sweep = [cirq.ParamResolver(resolver(data.weights, row)) for row in data.inputs]

        def run():
            return np.real(run_one.simulate_expectation_values_sweep(
                circuit, values, sweep, qubit_order=qubits)
            )  # fmt: skip

    return Program(run, samples=task.samples)


def state(task, data):
    circuit, qubits = circuit_of(task)
    fixed, run_one = cirq.resolve_parameters(circuit, resolver(data.weights)), simulator()
    return Program(lambda: run_one.simulate(fixed, qubit_order=qubits).final_state_vector)


if __name__ == "__main__":
    main(("qsimcirq", "cirq-core"), {"inference": inference, "state": state})
