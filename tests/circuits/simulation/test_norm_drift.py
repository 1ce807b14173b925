"""Rounding errors of many gates: the norm drifts from 1 as little as a random walk would."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import GATES, build_circuit, gate, state

QUBITS, PERIOD, REPEATS = 3, 10, 1000
# Not those with a root of 1/2: repeated, its one rounding adds up instead of averaging out.
NAMES = sorted(name for name, item in GATES.items() if item.generator is not None)
NAMES += ["x", "y", "s", "sx", "cx", "cz", "swap"]


def random_circuit():
    """10,000 gates: random ones, again and again, each time with angles of their own."""
    rng = np.random.default_rng(1)
    names = rng.choice(NAMES, PERIOD)
    wires = [rng.permutation(QUBITS)[: GATES[name].n_wires].tolist() for name in names]
    gates, slots = [], 0
    for _ in range(REPEATS):
        for name, at in zip(names, wires, strict=True):
            has_angle = GATES[name].generator is not None
            gates.append(gate(name, *at, angle=("w", slots) if has_angle else None))
            slots += has_angle
    return build_circuit(gates, QUBITS)


@pytest.mark.parametrize("x64", [False, True])
def test_the_norm_after_ten_thousand_gates(x64):
    """A gate errs by a few roundings; as they are independent, they add up to eps * sqrt(gates).

    Measured: a fifth to a half of that. A bias, which adds up to eps * gates, would stand out.
    """
    circuit = random_circuit()
    with jax.enable_x64(x64):
        real = jnp.result_type(float)
        run = jax.jit(state(circuit))
        rows = np.random.default_rng(0).uniform(-4, 4, (5, circuit.segments["w"])).astype(real)
        norms = [np.linalg.norm(np.asarray(run({"w": row}), complex)) for row in rows]
    assert len(circuit.gates) == 10_000
    bound = 4 * np.finfo(real).eps * np.sqrt(len(circuit.gates))
    np.testing.assert_allclose(norms, 1, rtol=0, atol=bound)
