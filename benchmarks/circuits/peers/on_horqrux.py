"""horqrux: a list of gates applied to a state tensor."""

import horqrux
from jax_programs import makers
from timing import main
from workload import angle_of, gate_list


def make_state(task):
    def psi(inputs, weights):
        gates = [one_gate(item, inputs, weights) for item in gate_list(task)]
        start = horqrux.zero_state(task.n)
        if task.encoding == "amplitude":
            start = inputs.astype(start.dtype).reshape(start.shape)
        return horqrux.apply_gates(start, gates).reshape(-1)

    return psi


def one_gate(item, inputs, weights):
    name, wires, slot = item
    if slot is None:
        return horqrux.NOT(wires[1], wires[0])
    return getattr(horqrux, name.upper())(angle_of(slot, inputs, weights), wires[0])


if __name__ == "__main__":
    main(("horqrux", "jax"), makers(make_state))
