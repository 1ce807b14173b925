"""Twirling makes coherent errors random; cancellation is unbiased under Pauli noise."""

import json

import numpy as np
import pytest

from circuits import (
    Density,
    Exact,
    NoiseModel,
    amplitude_damping,
    build_circuit,
    depolarizing,
    gate,
    pauli,
    pauli_channel,
    z,
)
from circuits.dense import unitary
from circuits.gates.host_matrices import host_matrix
from circuits.gates.table import PAULIS
from circuits.mitigation import PauliTwirling, ProbabilisticErrorCancellation
from circuits.mitigation.paulis import conjugated, quasi_probabilities
from circuits.mitigation.twirling import TWIRLED, twirled_circuit
from circuits.noise import NoiseRule, superoperator

OBSERVABLES = (z(1), pauli("XZ", (0, 1)) + 0.3, pauli("", ()))
STRINGS = [np.kron(PAULIS[a], PAULIS[b]) for a in "IXYZ" for b in "IXYZ"]


@pytest.fixture(scope="module")
def circuit():
    gates = [gate("ry", 0, angle=("x", 0)), gate("cx", 0, 1), gate("ry", 1, angle=("x", 1))]
    return build_circuit([*gates, gate("cz", 1, 0), gate("ry", 0, angle=0.7)])


@pytest.fixture(scope="module")
def expected(circuit, angles):
    return Exact().expectation(circuit, OBSERVABLES, angles).values


@pytest.mark.parametrize("name", TWIRLED)
def test_paulis_pass_through_clifford_gates(name):
    matrix = host_matrix(gate(name, 0, 1))
    for before, after in enumerate(conjugated(name)):
        moved = matrix @ STRINGS[before] @ matrix.conj().T
        assert min(np.abs(moved - sign * STRINGS[after]).max() for sign in (1, -1)) < 1e-12


def test_every_instance_does_the_same(circuit, angles):
    backend = PauliTwirling(Exact(), 8, seed=3)
    result = backend.expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(
        result.values, Exact().expectation(circuit, OBSERVABLES, angles).values, atol=1e-12
    )
    assert not result.std.any()
    assert json.loads(json.dumps(result.info))["effective"]["twirled_gates"] == 2
    assert result.info["cost"] == {"calls": 1, "circuits": 16, "shots": None}


def test_no_angle_means_no_pauli():
    plain = build_circuit([gate("h", 0), gate("cx", 0, 1), gate("ecr", 1, 0)])
    twirled = twirled_circuit(plain, "paulis")
    assert twirled.segments == {"paulis": 16}
    made = unitary(twirled, {"paulis": np.zeros(16)})
    np.testing.assert_allclose(made, unitary(plain, {}), atol=1e-12)


def test_a_coherent_error_becomes_a_random_one():
    """After n gates cx, a rotation by e each time turns by n e; twirled, cos(e) is lost n times."""
    error, count = 0.2, 8
    turning = NoiseRule("cx", None, (gate("rx", 1, angle=error),))
    noisy = Density(NoiseModel(rules=(turning,)))
    circuit = build_circuit([gate("cx", 0, 1)] * count)
    raw = noisy.expectation(circuit, z(1), {}).values.item()
    assert raw == pytest.approx(np.cos(count * error), abs=1e-12)
    result = PauliTwirling(noisy, 512, seed=1).expectation(circuit, z(1), {})
    assert 0 < result.std.item() < 0.05
    assert abs(result.values.item() - np.cos(error) ** count) < 4 * result.std.item()


def test_shots_are_dealt_out_to_the_instances(circuit, angles):
    class Counting:
        """Tells what it was asked for, and gives the row's number as its bits."""

        def sample(self, circuit, angles, *, shots, seed):
            rows = len(angles["paulis"])
            return np.tile(np.arange(rows, dtype=np.uint8)[:, None, None], (1, shots, 2))

    bits = PauliTwirling(Counting(), 4).sample(circuit, angles, shots=6, seed=0)  # pyright: ignore
    assert bits[..., 0].tolist() == [[0, 1, 2, 3, 0, 1], [4, 5, 6, 7, 4, 5]]


@pytest.mark.parametrize(
    "channel", [depolarizing(0.1, 0, 1), pauli_channel({"XI": 0.1, "ZY": 0.02}, 0, 1)]
)
def test_quasi_probabilities_make_the_inverse(channel):
    weights, size = quasi_probabilities(channel)
    undo = sum(q * superoperator(each[None]) for q, each in zip(weights, STRINGS, strict=True))
    np.testing.assert_allclose(undo @ superoperator(channel.data.array), np.eye(16), atol=1e-12)
    assert size == pytest.approx(np.abs(weights).sum())
    assert weights.sum() == pytest.approx(1)


def test_the_price_of_depolarizing_noise_is_the_known_one():
    p, d = 0.1, 4  # gamma = (1 + (1 - 2/d**2) p) / (1 - p)
    expected = (1 + (1 - 2 / d**2) * p) / (1 - p)
    assert quasi_probabilities(depolarizing(p, 0, 1))[1] == pytest.approx(expected)


NOISES = [
    NoiseModel(two=(depolarizing(0.1, 0, 1),)),
    NoiseModel(one=(depolarizing(0.03, 0),), two=(pauli_channel({"ZX": 0.06, "YI": 0.03}, 0, 1),)),
]


@pytest.mark.parametrize("noise", NOISES)
def test_cancellation_is_unbiased(circuit, angles, expected, noise):
    noisy = Density(noise)
    cancelled = ProbabilisticErrorCancellation(noisy, noise, samples=2000, seed=1)
    result = cancelled.expectation(circuit, OBSERVABLES, angles)
    deviations = np.abs(result.values - expected)
    np.testing.assert_array_less(deviations, 4 * result.std + 1e-12)
    bias = np.abs(noisy.expectation(circuit, OBSERVABLES, angles).values - expected)
    assert deviations[:, 0].max() < bias[:, 0].max() / 2
    assert not result.std[:, 2].any()
    info = json.loads(json.dumps(result.info))
    assert info["effective"]["gamma"] > 1
    assert info["cost"]["circuits"] == 4000


def test_without_noise_nothing_is_sampled(circuit, angles, expected):
    result = ProbabilisticErrorCancellation(Exact(), NoiseModel()).expectation(
        circuit, OBSERVABLES, angles
    )
    np.testing.assert_allclose(result.values, expected, atol=1e-12)
    assert (result.info["effective"]["gamma"], result.info["cost"]["circuits"]) == (1.0, 2)


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (NoiseModel(two=(amplitude_damping(0.1, 0),)), "must be a mixture of Pauli gates"),
        (NoiseModel(two=(depolarizing(1.0, 0, 1),)), "keeps something"),
        (NoiseModel(rules=(NoiseRule("cx", None, (gate("rzz", 0, 1, angle=0.1),)),)), "coherent"),
        (NoiseModel(rules=(NoiseRule("cx", None, (), 0.1),)), "coherent"),
    ],
)
def test_noise_that_is_no_mixture_of_paulis_is_refused(circuit, angles, noise, message):
    cancelled = ProbabilisticErrorCancellation(Density(noise), noise)
    with pytest.raises(ValueError, match=message):
        cancelled.expectation(circuit, z(0), angles)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PauliTwirling(Exact(), 0), "`instances` must be a positive int"),
        (lambda: PauliTwirling(Exact(), seed=-1), "`seed` must be an int"),
        (lambda: ProbabilisticErrorCancellation(Exact(), NoiseModel(), 1), "at least 2"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
