"""Clifford data regression: exact for depolarizing noise on all qubits."""

import json

import numpy as np
import pytest

from circuits import (
    Density,
    Exact,
    MatrixProduct,
    NoiseModel,
    Shots,
    Stabilizer,
    amplitude_damping,
    build_circuit,
    depolarizing,
    gate,
    pauli,
    z,
)
from circuits.mitigation import CliffordDataRegression
from circuits.mitigation.regression import STEPS, correct, freed
from circuits.on_stim import to_stim

OBSERVABLES = (z(0), pauli("XY", (0, 1)) + 0.3, pauli("", ()))


@pytest.fixture(scope="module")
def circuit():
    gates = [gate("rxx", 0, 1, angle=("x", 0)), gate("cx", 0, 1), gate("rzx", 1, 0, angle=0.4)]
    return build_circuit([*gates, gate("ryy", 0, 1, angle=("x", 1, 0.5))])


@pytest.fixture(scope="module")
def angles():
    return {"x": np.array([[0.3, 1.1], [-0.8, 0.4], [1.0, 2.0]])}


@pytest.fixture(scope="module")
def expected(circuit, angles):
    return Exact().expectation(circuit, OBSERVABLES, angles).values


def test_a_line_is_all_there_is_to_depolarizing_noise(circuit, angles, expected):
    noisy = Density(NoiseModel(two=(depolarizing(0.05, 0, 1),)))
    result = CliffordDataRegression(noisy).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-10)
    info = json.loads(json.dumps(result.info))
    np.testing.assert_allclose(info["effective"]["slopes"][:2], 0.95**-4.0, rtol=1e-9)
    assert info["cost"] == {"calls": 1, "circuits": 23, "shots": None}


def test_other_noise_is_reduced_within_the_stated_error(circuit, angles, expected):
    noisy = Density(NoiseModel(two=(amplitude_damping(0.05, 0), amplitude_damping(0.05, 1))))
    result = CliffordDataRegression(noisy, training=40).expectation(circuit, OBSERVABLES, angles)
    raw = noisy.expectation(circuit, OBSERVABLES, angles).values
    assert np.sum((result.values - expected) ** 2) < np.sum((raw - expected) ** 2) / 2
    np.testing.assert_array_less(np.abs(result.values - expected), 4 * result.std + 1e-12)


def test_without_noise_nothing_changes(circuit, angles, expected):
    result = CliffordDataRegression(Exact()).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-10)
    assert not result.std.any()
    shots = CliffordDataRegression(Shots(2000, seed=2)).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_array_less(np.abs(shots.values - expected), 4 * shots.std + 1e-12)


def test_angles_are_freed(circuit, angles):
    free, arrays = freed(circuit, angles)
    assert free.segments == {"x": 2, "angles": 3}
    expected = np.array([[0.3, 0.4, 0.55], [-0.8, 0.4, 0.2], [1.0, 0.4, 1.0]])
    np.testing.assert_allclose(arrays["angles"], expected)


@pytest.mark.parametrize("name", STEPS)
def test_steps_make_clifford_gates(name):
    wires = range(1 if name in ("rx", "ry", "rz", "p") else 2)
    data = "XY" if name == "evolution" else None
    item = gate(name, *wires, angle=3 * STEPS[name], data=data)
    assert len(to_stim(build_circuit([item]), {})) > 0


@pytest.mark.parametrize("simulator", [Stabilizer(), MatrixProduct()])
def test_training_circuits_run_on_other_simulators(simulator, circuit, angles):
    noisy = Density(NoiseModel(two=(depolarizing(0.05, 0, 1),)))
    learned = CliffordDataRegression(noisy, simulator, kept=0.0)
    same = CliffordDataRegression(noisy, kept=0.0)
    found, expected = (each.expectation(circuit, z(0), angles) for each in (learned, same))
    np.testing.assert_allclose(found.values, expected.values, atol=1e-9)
    assert found.info["effective"]["simulator"] == type(simulator).__name__


def test_circuits_without_angles_are_shifted_only():
    noisy = Density(NoiseModel(one=(depolarizing(0.1, 0),)))
    result = CliffordDataRegression(noisy).expectation(build_circuit([gate("x", 0)]), z(0), {})
    np.testing.assert_allclose(result.values, [[-1]], atol=1e-12)


def test_shots_do_not_flatten_the_line():
    rng = np.random.default_rng(0)
    truth = rng.choice([-0.5, 0.0, 0.5], (4000, 1))
    noisy = 0.5 * truth + 0.1 * rng.standard_normal(truth.shape)
    values = np.concatenate([[[0.25]], noisy])
    found, std, slopes = correct(values, np.full(values.shape, 0.1), truth)
    assert slopes.item() == pytest.approx(2, rel=0.05)
    assert found.item() == pytest.approx(0.5, abs=0.03)
    assert std.item() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"training": 2}, "`training` must be at least 3"),
        ({"kept": 1.5}, "`kept` must be from 0 to 1"),
        ({"seed": -1}, "`seed` must be an int"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CliffordDataRegression(Exact(), **options)
