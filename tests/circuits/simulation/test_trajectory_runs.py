"""Many different blocks of trajectories: one loop over all of them."""

import jax
import numpy as np

from circuits import build_circuit, gate, pauli, z
from circuits.noise import amplitude_damping, depolarizing, phase_damping
from circuits.simulation.open_systems import trajectories as module
from circuits.simulation.open_systems.open_program import make_open_program
from circuits.simulation.open_systems.trajectories import trajectory_expectation

N, KEY = 4, jax.random.key(4)
W = np.random.default_rng(0).normal(size=6)
OBSERVABLES = (z(0), pauli("XY", (1, 3)))


def pair(rng):
    """A block on two random wires: a few gates, some noise, or none of one or the other."""
    first, second = (int(wire) for wire in rng.permutation(N)[:2])
    items = [gate("ry", first, angle=("w", int(rng.integers(6)))), gate("cx", first, second)]
    noise = [amplitude_damping(0.2, second), depolarizing(0.1, first, second)]
    items += noise[: rng.integers(3)]
    return items + [gate("crz", second, first, angle=("w", int(rng.integers(6))))] * rng.integers(2)


def mixed():
    """Blocks on one, two and three wires, between two that read and write a classical bit."""
    rng = np.random.default_rng(1)
    blocks = [pair(rng) for _ in range(4)]
    blocks[2:2] = [[gate("ccx", 3, 0, 2), phase_damping(0.3, 0), amplitude_damping(0.1, 3)]]
    blocks[3:3] = [[gate("measure", 1, data=0), gate("x", 2, condition=(0, 1))]]
    alone = [amplitude_damping(0.3, 2), gate("rx", 3, angle=("w", 1))]
    return build_circuit([*alone, *(item for block in blocks for item in block)], N, {"w": 6})


def test_one_loop_gives_the_numbers_of_one_block_after_the_other(monkeypatch):
    def found():
        run = trajectory_expectation(mixed(), OBSERVABLES, 20)
        total = jax.value_and_grad(lambda w: run({"w": w}, KEY)[0] @ np.array([1.0, 0.6]))
        return jax.jit(jax.vmap(total))(np.stack([W, -W, 2 * W]))

    monkeypatch.setattr(module, "MANY", 2)
    whole = found()
    monkeypatch.setattr(module, "MANY", 1000)
    assert np.abs(whole[1]).max() > 0.05
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), whole, found())


def layers(count):
    """Blocks on three pairs of wires in turn, each with a noise of its own."""
    pairs = [((0, 1), (1, 2), (3, 0))[at % 3] for at in range(count)]
    for at, (a, b) in enumerate(pairs):
        yield from (gate("ry", a, angle=("w", at % 6)), gate("cx", a, b))
        yield depolarizing(0.01 + 0.001 * at, a, b)


def test_programs_do_not_grow_with_the_blocks():
    def length(count):
        circuit = build_circuit(layers(count), N, {"w": 6})
        assert not make_open_program(circuit).repeats
        text = jax.jit(trajectory_expectation(circuit, z(0), 10)).lower({"w": W}, KEY).as_text()
        return text.count("stablehlo.while"), text.count("stablehlo.dot_general")

    assert length(40) == length(20)


def test_states_stay_normalised_in_single_precision():
    with jax.enable_x64(False):
        program = make_open_program(mixed())
        run = jax.jit(lambda w, keys: module._final_states(program, {"w": w}, keys))
        psi = run(W.astype(np.float32), jax.random.split(KEY, 100))
    np.testing.assert_allclose((np.abs(psi) ** 2).sum(0), 1, atol=2e-6)
