"""TensorCircuit-NG; with `scan` as a second argument its layers are a `lax.scan`, as it advises."""

import sys

import jax
import tensorcircuit as tc
from jax_programs import makers
from timing import main
from workload import angle_of, gate_list, layer_gates

tc.set_backend("jax")
tc.set_dtype("complex64")


def unrolled(task):
    def psi(inputs, weights):
        start = inputs if task.encoding == "amplitude" else None
        return run(gate_list(task), task.n, inputs, weights, start)

    return psi


def scanned(task):
    # The first layer may hold the encoding, all others are alike: the scan runs over those.
    later = [(name, wires, shifted(slot, task)) for name, wires, slot in layer_gates(task, 1)]

    def psi(inputs, weights):
        start = inputs if task.encoding == "amplitude" else None
        first = run(layer_gates(task, 0), task.n, inputs, weights, start)
        rest = weights.reshape(task.layers, -1)[1:]
        step = lambda psi, row: (run(later, task.n, inputs, row, psi), None)  # noqa: E731
        return jax.lax.scan(step, first, rest)[0]

    return psi


def shifted(slot, task):
    """The slot of a weight counted from the start of its layer."""
    is_weight = slot is not None and slot[0] == "weights"
    return ("weights", slot[1] - 3 * task.n) if is_weight else slot


def run(gates, n, inputs, weights, start):
    circuit = tc.Circuit(n) if start is None else tc.Circuit(n, inputs=start.astype("complex64"))
    for name, wires, slot in gates:
        if slot is None:
            circuit.cnot(*wires)
        else:
            getattr(circuit, name)(*wires, theta=angle_of(slot, inputs, weights))
    return circuit.state()


if __name__ == "__main__":
    main(("tensorcircuit-ng", "jax"), makers(scanned if sys.argv[2:] == ["scan"] else unrolled))
