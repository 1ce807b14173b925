"""Readout mitigation: exact where the confusion is known exactly, within its error else."""

import json

import numpy as np
import pytest

from circuits import Density, Exact, Shots, build_circuit, gate, pauli, z
from circuits.mitigation import ReadoutMitigation
from circuits.mitigation.confusion import assignment_matrix
from circuits.noise import NoiseModel

NOISE = NoiseModel(readouts=((0.03, 0.18), (0.2, 0.02)))
OBSERVABLES = (z(0), pauli("ZZ", (0, 1)) - 0.5 * z(1) + 0.3, pauli("XX", (0, 1)))
SHOTS = 2000
METHODS = ("tensored", "full", "subspace")


@pytest.fixture(scope="module")
def circuit():
    gates = [gate("ry", 0, angle=("x", 0)), gate("cx", 0, 1), gate("ry", 1, angle=("x", 1))]
    return build_circuit(gates)


@pytest.fixture(scope="module")
def expected(circuit, angles):
    return Exact().expectation(circuit, OBSERVABLES, angles).values


def test_known_confusion_is_undone_exactly(circuit, angles, expected):
    mitigated = ReadoutMitigation(Density(NOISE))
    result = mitigated.expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-12)
    assert not result.std.any()
    np.testing.assert_allclose(result.info["effective"]["readouts"], NOISE.readouts, atol=1e-12)
    given = ReadoutMitigation(Density(NOISE), readouts=NOISE.readouts)
    result = given.expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-12)
    assert result.info["cost"] == {"calls": 1, "circuits": 2, "shots": None}


@pytest.mark.parametrize("method", METHODS)
def test_estimates_are_within_their_errors_where_raw_ones_are_not(
    circuit, angles, expected, method
):
    noisy = Density(NOISE, shots=SHOTS, seed=1)
    result = ReadoutMitigation(noisy, method, SHOTS, seed=2).expectation(
        circuit, OBSERVABLES, angles
    )
    raw = noisy.expectation(circuit, OBSERVABLES, angles)
    assert np.all(result.std > 0)
    np.testing.assert_array_less(np.abs(result.values - expected), 4 * result.std)
    assert np.abs(raw.values - expected).max() > 8 * raw.std.max()
    assert np.sum((result.values - expected) ** 2) < np.sum((raw.values - expected) ** 2) / 10
    assert json.loads(json.dumps(result.info))["cost"]["shots"] > 0


@pytest.mark.parametrize("method", METHODS)
def test_without_errors_nothing_changes(circuit, angles, expected, method):
    mitigated = ReadoutMitigation(Shots(SHOTS, seed=1), method, SHOTS)
    result = mitigated.expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_array_less(np.abs(result.values - expected), 4 * result.std)


def test_stated_errors_hold_over_repetitions(circuit):
    """Pulls of values that are calibrated anew have a spread of one."""
    angles, observable = {"x": np.array([[0.3, 1.1], [1.2, 0.2]])}, pauli("ZZ", (0, 1))
    exact = Exact().expectation(circuit, observable, angles).values
    pulls = []
    for seed in range(40):
        noisy = Density(NOISE, shots=SHOTS, seed=seed)
        result = ReadoutMitigation(noisy).expectation(circuit, observable, angles)
        pulls.append((result.values - exact) / result.std)
    assert abs(np.mean(pulls)) < 4 / 40**0.5
    assert 0.7 < np.std(pulls) < 1.4


def test_full_sees_errors_that_neighbours_share():
    """A coherent X X error before readout is none of single qubits; a matrix of all strings is."""

    class Flipping:
        """Bits of an ideal device, both flipped together in a quarter of the shots."""

        def expectation(self, circuit, observables, angles):
            return Exact().expectation(circuit, observables, angles)

        def sample(self, circuit, angles, *, shots, seed):
            bits = Shots().sample(circuit, angles, shots=shots, seed=seed)
            flips = np.random.default_rng(seed).random((len(bits), shots, 1)) < 0.25
            return bits ^ flips.astype(np.uint8)

    bell = build_circuit([gate("ry", 0, angle=0.4), gate("cx", 0, 1)])
    mitigated = ReadoutMitigation(Flipping(), "full", seed=3)
    result = mitigated.expectation(bell, z(0), {})
    assert abs(result.values.item() - np.cos(0.4)) < 4 * result.std.item()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReadoutMitigation(Exact(), "none"), "`method` must be one of"),
        (lambda: ReadoutMitigation(Exact(), "full", readouts=()), "for method 'tensored' only"),
        (lambda: ReadoutMitigation(Exact(), shots=0), "`shots` must be a positive int"),
        (lambda: ReadoutMitigation(Exact(), seed=-1), "`seed` must be an int"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("readouts", "message"), [(((0.6, 0.5),), "must tell 0 from 1"), ((), "a pair for each of 1")]
)
def test_readouts_that_tell_nothing_are_refused(readouts, message):
    with pytest.raises(ValueError, match=message):
        ReadoutMitigation(Exact(), readouts=readouts).expectation(
            build_circuit([gate("x", 0)]), z(0), {}
        )


def test_all_strings_of_many_qubits_are_refused():
    with pytest.raises(ValueError, match="at most 8 qubits"):
        assignment_matrix(Shots(2), 9, shots=2, seed=0)
