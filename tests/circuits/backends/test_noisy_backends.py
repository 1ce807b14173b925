import json

import numpy as np
import pytest

from circuits import build_circuit, gate, matrix, pauli, z
from circuits.backends import Density, Trajectories
from circuits.dense import density
from circuits.noise import (
    NoiseModel,
    add_noise,
    amplitude_damping,
    bit_flip,
    confused,
    depolarizing,
    readout_confusion,
)

NOISE = NoiseModel(
    one=(amplitude_damping(0.1, 0),),
    two=(depolarizing(0.2, 0, 1), bit_flip(0.1, 1)),
    readout=(0.05, 0.15),
)
OBSERVABLES = (z(0), pauli("XY", (0, 1)) - 0.5 * pauli("ZZ", (1, 2)) + 0.25, pauli("", ()))


@pytest.fixture(scope="module")
def circuit():
    gates = [gate("ry", q, angle=("x", q)) for q in range(3)]
    return build_circuit([*gates, gate("cx", 0, 1), gate("ccx", 0, 2, 1), gate("h", 0)])


@pytest.fixture(scope="module")
def angles():
    return {"x": np.random.default_rng(0).uniform(-3, 3, (4, 3))}


@pytest.fixture(scope="module")
def expected(circuit, angles):
    """Means of the signs that a confused readout gives, by dense matrices."""
    keep, shift = 1 - sum(NOISE.readout), NOISE.readout[1] - NOISE.readout[0]

    def letter(p, q):
        return keep * matrix(pauli(p, q), 3) + shift * np.eye(8)

    operators = [
        letter("Z", 0),
        letter("X", 0) @ letter("Y", 1) - 0.5 * letter("Z", 1) @ letter("Z", 2) + 0.25 * np.eye(8),
        np.eye(8),
    ]
    states = [density(add_noise(circuit, NOISE), {"x": row}) for row in angles["x"]]
    return np.array([[np.trace(rho @ each).real for each in operators] for rho in states])


def test_channels_follow_the_gates(circuit):
    listed = [(item.name, item.wires) for item in add_noise(circuit, NOISE).gates]
    assert listed[:2] == [("ry", (0,)), ("kraus", (0,))]
    assert listed[6:9] == [("cx", (0, 1)), ("kraus", (0, 1)), ("kraus", (1,))]
    after_toffoli = [("kraus", (0, 2)), ("kraus", (2,)), ("kraus", (2, 1)), ("kraus", (1,))]
    assert listed[9:] == [("ccx", (0, 2, 1)), *after_toffoli, ("h", (0,)), ("kraus", (0,))]
    untouched = build_circuit([bit_flip(0.1, 0), gate("measure", 0, data=0), gate("reset", 0)])
    assert add_noise(untouched, NOISE) == untouched
    assert add_noise(circuit, None) is circuit


def test_exact_values_are_those_of_a_confused_readout(circuit, angles, expected):
    result = Density(NOISE).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-12)
    assert not result.std.any()


@pytest.mark.parametrize("backend", [Density(NOISE, shots=4000), Trajectories(2000, NOISE)])
def test_estimates_agree_within_their_errors(backend, circuit, angles, expected):
    result = backend.expectation(circuit, OBSERVABLES, angles)
    assert np.all(result.std[:, :2] > 0)
    np.testing.assert_array_less(np.abs(result.values - expected), 5 * result.std + 1e-12)
    assert json.loads(json.dumps(result.info))["requested"]["noise"]["readout"] == [0.05, 0.15]


@pytest.mark.parametrize("backend", [Density(NOISE), Trajectories(2000, NOISE)])
def test_samples_are_read_with_errors(backend, circuit, angles):
    bits = backend.sample(circuit, angles, shots=2000, seed=5)
    confusion = readout_confusion(*NOISE.readout)
    for row, drawn in zip(angles["x"], bits, strict=True):
        chances = density(add_noise(circuit, NOISE), {"x": row}).diagonal().real.reshape(2, 2, 2)
        read = np.einsum("ai,bj,ck,ijk->abc", confusion, confusion, confusion, chances).ravel()
        counts = np.bincount(drawn @ [4, 2, 1], minlength=8)
        errors = np.sqrt(2000 * read * (1 - read))
        np.testing.assert_array_less(np.abs(counts - 2000 * read), 5 * errors)


def test_circuits_may_measure_and_feed_forward():
    gates = [gate("h", 0), gate("measure", 0, data=0), gate("x", 1, condition=(0, 1))]
    circuit = build_circuit(gates)
    observables = [pauli("ZZ", (0, 1)), z(1)]
    exact = Density().expectation(circuit, observables, {})
    np.testing.assert_allclose(exact.values, [[1, 0]], atol=1e-12)
    estimated = Trajectories(500).expectation(circuit, observables, {})
    deviations = np.abs(estimated.values - exact.values)
    np.testing.assert_array_less(deviations, 5 * estimated.std + 1e-12)


def test_readout_that_errs_alike_only_shrinks():
    ((value, string),) = confused([pauli("XZ", (0, 1))], NoiseModel(readout=(0.1, 0.1)))[0].terms
    assert (value, string) == (pytest.approx(0.64), ((0, "X"), (1, "Z")))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Density(NoiseModel(one=(bit_flip(0.1, 1),))), "on 1 wires must be 'kraus'"),
        (lambda: Trajectories(2, NoiseModel(two=(gate("x", 0),))), "but is 'x' on"),
        (lambda: Density(NoiseModel(readout=(0.1, 2))), "must be from 0 to 1, but is 2"),
        (lambda: Density(shots=0), "`shots` must be a positive int"),
        (lambda: Trajectories(1), "`count` must be at least 2"),
        (lambda: Trajectories(seed=-1), "`seed` must be an int from 0"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
