"""Gradients of matrix product states that cut no bond, where the Schmidt values are degenerate."""

import jax
import numpy as np
import pytest

from circuits import build_circuit, expectation, gate, pauli, z
from circuits.simulation.chains.matrix_product import matrix_product_state
from circuits.simulation.chains.measurement import chain_expectation
from circuits.simulation.chains.steps import ALL_LEFT, ALL_RIGHT, chain_steps

PAIRS = [(0, 1), (1, 2), (2, 3), (0, 3)]
NAMES = ["rxx", "rzz", "xx_plus_yy", "givens"]
OBSERVABLE = pauli("XY", (0, 1)) + pauli("XYZ", (0, 1, 3)) + 0.5 * pauli("XY", (2, 3)) + z(1)
OBSERVABLE = OBSERVABLE + pauli("YX", (0, 3)) - pauli("YXXX", range(4))
GHZ = [gate("h", 0)] + [gate("cx", wire, wire + 1) for wire in range(3)]


def twisted():
    """Rotations, and gates that entangle by an angle of their own; the identity at zero."""
    gates = []
    for name, wires in zip(NAMES * 2, PAIRS * 2, strict=True):
        gates.append(gate(name, *wires, angle=("w", len(gates))))
        gates.append(gate("ry", wires[0], angle=("w", len(gates))))
    return gates


def chain_values(circuit):
    state = matrix_product_state(circuit)
    return lambda angles: chain_expectation(state(angles), OBSERVABLE)


def test_no_bond_is_cut_where_all_states_have_room():
    fates = {fate for step in chain_steps(build_circuit(twisted()), 4) for fate in step.kind}
    assert fates == {ALL_LEFT, ALL_RIGHT}


@pytest.mark.parametrize("start", ["product", "ghz", "random"])
def test_gradients_without_truncation_are_exact(start):
    """Schmidt values that vanish or agree, where the derivative of an SVD is NaN or lacks the
    directions that a gate would open."""
    circuit = build_circuit([*(GHZ if start == "ghz" else []), *twisted()], 4)
    weights = np.random.default_rng(0).uniform(-3, 3, 16) * (start == "random")
    found, wanted = (
        jax.jit(jax.grad(lambda w, run=run: run({"w": w})[0]))(weights)
        for run in (chain_values(circuit), expectation(circuit, OBSERVABLE))
    )
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.slow
def test_second_derivatives_without_truncation_are_exact():
    circuit, weights = build_circuit(twisted()[:4], 4), np.zeros(4)
    found, wanted = (
        jax.jit(jax.hessian(lambda w, run=run: run({"w": w})[0]))(weights)
        for run in (chain_values(circuit), expectation(circuit, OBSERVABLE, gradient="reverse"))
    )
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(found, wanted, atol=1e-12)
