"""Gates ``exp(-i (angle P + B))``: their matrix and algebra, and every simulator on them."""

import jax
import numpy as np
import pytest
from scipy.linalg import expm

from circuits import (
    Exact,
    build_circuit,
    circuit_from_dict,
    circuit_to_dict,
    controlled,
    draw,
    expectation,
    gate,
    inverse,
    matrix,
    pauli,
    power,
    unitary,
    z,
)
from circuits.dense import density
from circuits.gates.definitions import definition, frequencies
from circuits.gates.host_matrices import host_matrix
from circuits.operations import driven, when
from circuits.simulation.chains.matrix_product import matrix_product_state
from circuits.simulation.chains.measurement import chain_expectation
from circuits.simulation.open_systems.density import density_expectation
from circuits.simulation.open_systems.trajectories import trajectory_expectation

RNG = np.random.default_rng(5)
MIXED = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
XY = np.kron([[0, 1], [1, 0]], [[0, -1j], [1j, 0]])
REST = (MIXED + MIXED.conj().T) / 2
PAIR = driven(XY, REST, (2, 0), ("w", 0, 0.5))
SINGLE = driven([[0, 1], [1, 0]], [[0.4, 0], [0, -0.4]], 1, ("w", 1))
OBSERVABLES = (z(0), pauli("XY", (0, 2)) - pauli("ZZ", (1, 2)), pauli("Y", 1))
ANGLES = {"w": np.array([0.9, -1.3])}


def layers():
    turns = [gate("ry", q, angle=("w", q % 2)) for q in range(3)]
    return build_circuit([*turns, PAIR, SINGLE, gate("cx", 0, 1), *turns])


def values(circuit, angles):
    rho = density(circuit, angles)
    return np.array([np.trace(rho @ matrix(item, 3)).real for item in OBSERVABLES])


def slopes(circuit, step=1e-5):
    """Derivatives (k, 2) by differences of the dense oracle."""
    shifts = step * np.eye(2)
    ends = [[values(circuit, {"w": ANGLES["w"] + s * row}) for row in shifts] for s in (1, -1)]
    return (np.array(ends[0]) - np.array(ends[1])).T / (2 * step)


@pytest.mark.parametrize("angle", [0.7, 0.0, -30.0])
def test_matrices_are_exponentials_on_host_and_device(angle):
    expected = expm(-1j * (angle * XY + REST))
    np.testing.assert_allclose(host_matrix(PAIR, [angle, 0.1])[0], expected, atol=1e-12)
    np.testing.assert_allclose(definition(PAIR).matrix(angle), expected, atol=1e-12)


def test_derivatives_are_finite_where_eigenvalues_are_equal():
    """``exp(-i (t - 1) P)`` at t = 1: its derivative is ``-i P``, that of eigenvectors is NaN."""
    made = definition(driven(XY, -XY, (0, 1), 1.0)).matrix
    slope, bend = jax.jit(lambda t: (jax.jacfwd(made)(t), jax.jacfwd(jax.jacfwd(made))(t)))(1.0)
    np.testing.assert_allclose(slope, -1j * XY, atol=1e-14)
    np.testing.assert_allclose(bend, -np.eye(4), atol=1e-14)


def test_inverses_and_powers_scale_the_drive_and_the_rest():
    circuit = layers()
    np.testing.assert_allclose(unitary(circuit + inverse(circuit), ANGLES), np.eye(8), atol=1e-12)
    third = unitary(build_circuit(3 * [power(PAIR, 1 / 3)], 3), {"w": [0.9]})
    np.testing.assert_allclose(third, unitary(build_circuit([PAIR], 3), {"w": [0.9]}), atol=1e-12)


def test_what_has_no_constant_generator_is_refused():
    for function in (lambda: controlled(SINGLE, 0), lambda: frequencies(SINGLE)):
        with pytest.raises(ValueError, match="no generator that is the same at all angles"):
            function()
    with pytest.raises(ValueError, match=r"must have one shape, but have \(2, 2\) and \(4, 4\)"):
        driven(np.eye(2), np.eye(4), 0, 0.1)


def test_they_are_written_read_and_drawn():
    circuit = layers()
    assert circuit_from_dict(circuit_to_dict(circuit)) == circuit
    assert "[DRIVEN w[1]]" in draw(build_circuit([SINGLE]))


@pytest.mark.parametrize("gradient", ["auto", pytest.param("reverse", marks=pytest.mark.slow)])
def test_states_and_their_gradients_agree_with_dense_matrices(gradient):
    run = expectation(layers(), OBSERVABLES, gradient=gradient)
    found, slope = jax.jit(lambda angles: (run(angles), jax.jacrev(run)(angles)))(ANGLES)
    np.testing.assert_allclose(found, values(layers(), ANGLES), atol=1e-12)
    np.testing.assert_allclose(slope["w"], slopes(layers()), atol=1e-8)


def test_batches_agree_with_dense_matrices():
    rows = RNG.normal(size=(3, 2))
    found = Exact().expectation(layers(), OBSERVABLES, {"w": rows}).values
    expected = [values(layers(), {"w": row}) for row in rows]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def chains(circuit):
    state = matrix_product_state(circuit)
    return lambda angles: chain_expectation(state(angles), OBSERVABLES)


def trajectories(circuit):
    run = trajectory_expectation(circuit, OBSERVABLES, 2)
    return lambda angles: run(angles, jax.random.key(0))[0]


@pytest.mark.parametrize("make", [chains, trajectories], ids=lambda make: make.__name__)
def test_other_simulators_agree_with_dense_matrices(make):
    found = jax.jit(make(layers()))(ANGLES)
    np.testing.assert_allclose(found, values(layers(), ANGLES), atol=1e-12)


def test_density_matrices_take_them_under_conditions():
    measured = build_circuit([gate("measure", 0, data=0), when(SINGLE, 0)], 3)
    circuit = layers() + measured
    run = density_expectation(circuit, OBSERVABLES)
    found, slope = jax.jit(lambda angles: (run(angles), jax.jacrev(run)(angles)))(ANGLES)
    np.testing.assert_allclose(found, values(circuit, ANGLES), atol=1e-12)
    np.testing.assert_allclose(slope["w"], slopes(circuit), atol=1e-8)
