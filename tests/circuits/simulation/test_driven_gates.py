"""Gates ``exp(-i (angle P + B))`` where states are noisy, drawn, chains, or over devices."""

import jax
import numpy as np
import pytest

from circuits import build_circuit, driven, gate, matrix, pauli, z
from circuits.dense import density
from circuits.noise import amplitude_damping
from circuits.simulation.chains.matrix_product import matrix_product_state
from circuits.simulation.chains.measurement import chain_expectation
from circuits.simulation.open_systems.density import density_expectation
from circuits.simulation.open_systems.trajectories import trajectory_expectation

OBSERVABLES = (z(1), pauli("XY", (1, 3)))
W = np.random.default_rng(5).normal(size=3)
FLIP = np.array([[0, 1], [1, 0]])
ZX = np.kron(np.diag([1, -1]), FLIP)


def drives():
    rng = np.random.default_rng(3)
    rest = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    return [
        driven(FLIP, np.diag([0.3, -0.3]), 0, ("w", 0)),
        driven(ZX, rest + rest.conj().T, (1, 3), ("w", 1)),
        gate("ch", 0, 1),
        driven(ZX, rest + rest.conj().T, (3, 2), ("w", 2)),
        driven(FLIP, np.diag([0.5, 0.1]), 1, ("w", 0)),
    ]


def noisy():
    head, *tail = drives()
    under = tail[-1]._replace(condition=(0, 1))
    return [head, amplitude_damping(0.3, 0), *tail, gate("measure", 0, data=0), under]


def values_and_slopes(function):
    def both(w):
        return function({"w": w}), jax.jacrev(lambda w: function({"w": w}))(w)

    return jax.jit(both)(W)


def dense_values(circuit, w):
    rho = density(circuit, {"w": w})
    return np.array([np.trace(rho @ matrix(each, 4)).real for each in OBSERVABLES])


def dense_slopes(circuit):
    steps = 1e-5 * np.eye(3)
    pairs = [dense_values(circuit, W + s) - dense_values(circuit, W - s) for s in steps]
    return np.stack(pairs, 1) / 2e-5


def chain_values(circuit):
    chain = matrix_product_state(circuit, 4)
    return lambda angles: chain_expectation(chain(angles), OBSERVABLES)


def noisy_values(circuit):
    return density_expectation(circuit, OBSERVABLES)


def drawn_values(circuit):
    run = trajectory_expectation(circuit, OBSERVABLES, 2)
    return lambda angles: run(angles, jax.random.key(0))[0]


@pytest.mark.parametrize(
    ("make", "gates"), [(chain_values, drives), (noisy_values, noisy), (drawn_values, drives)]
)
def test_values_and_gradients_are_those_of_the_dense_matrix(make, gates):
    circuit = build_circuit(gates(), 4)
    values, slopes = values_and_slopes(make(circuit))
    np.testing.assert_allclose(values, dense_values(circuit, W), atol=1e-12)
    np.testing.assert_allclose(slopes, dense_slopes(circuit), atol=1e-8)
    assert np.abs(slopes).max() > 0.1


def test_noisy_trajectories_agree_within_five_errors():
    circuit = build_circuit(noisy(), 4)
    run = trajectory_expectation(circuit, OBSERVABLES, 1000)
    means, errors = jax.jit(run)({"w": W}, jax.random.key(1))
    np.testing.assert_array_less(np.abs(means - dense_values(circuit, W)), 5 * errors)
    assert errors.max() < 0.05
