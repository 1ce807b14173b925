"""qujax: one function from parameters (in units of pi) to the state tensor."""

import jax.numpy as jnp
import numpy as np
import qujax
from jax_programs import makers
from timing import main
from workload import gate_list

NAMES = {"rx": "Rx", "ry": "Ry", "rz": "Rz", "cx": "CX"}


def make_state(task):
    gates = gate_list(task)
    n_inputs = task.n if task.encoding in ("angle", "reuploading") else 0
    offset = {"inputs": 0, "weights": n_inputs}
    slots = [[] if slot is None else [offset[slot[0]] + slot[1]] for *_, slot in gates]
    run = qujax.get_params_to_statetensor_func(
        [NAMES[name] for name, *_ in gates], [list(wires) for _, wires, _ in gates], slots
    )

    def psi(inputs, weights):
        parameters = jnp.concatenate([inputs, weights]) if n_inputs else weights
        start = None
        if task.encoding == "amplitude":
            start = inputs.astype("complex64").reshape((2,) * task.n)
        return run(parameters / np.float32(np.pi), start).reshape(-1)

    return psi


if __name__ == "__main__":
    main(("qujax", "jax"), makers(make_state))
