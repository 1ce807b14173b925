"""Our simulators in the place of a device, and mitigation of what a compiler has placed."""

import json

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeEssexV2, FakeLagosV2, FakeManilaV2

from circuits import (
    Exact,
    PauliTwirling,
    QiskitBackend,
    ReadoutMitigation,
    ZeroNoiseExtrapolation,
    build_circuit,
    gate,
    pauli,
    z,
)
from circuits.backends import Transpiled
from circuits.on_qiskit.transpiled import noise_of

OBSERVABLES = [pauli("XZZ", (0, 1, 2)), pauli("ZX", (0, 2)) + 0.3, pauli("ZZ", (1, 2))]


@pytest.fixture(scope="module")
def manila():
    return FakeManilaV2()


@pytest.fixture(scope="module")
def circuit():
    """Three qubits, all pairs of which interact, on a device in a line."""
    gates = [gate("ry", wire, angle=("x", wire)) for wire in range(3)]
    gates += [gate("cx", 0, 1), gate("cx", 1, 2), gate("cx", 2, 0)]
    return build_circuit([*gates, gate("rz", 2, angle=("w", 0)), gate("h", 0)])


@pytest.fixture(scope="module")
def angles():
    return {"x": np.array([[0.3, 1.1, -0.7], [2.0, 0.4, 0.9]]), "w": np.array([0.5])}


def test_it_gives_what_aer_gives_with_the_same_devices_noise(manila, circuit, angles):
    ours = Transpiled(manila, seed=2).expectation(circuit, OBSERVABLES, angles)
    theirs = QiskitBackend(manila, 40_000, seed=2).expectation(circuit, OBSERVABLES, angles)
    assert np.abs((ours.values - theirs.values) / theirs.std).max() < 4
    exact = Exact().expectation(circuit, OBSERVABLES, angles).values
    assert np.abs((ours.values - exact) / theirs.std).max() > 8
    assert not ours.std.any()
    for key in ("transpiled", "calibration", "circuit", "shots"):
        expected = None if key == "shots" else theirs.info[key]
        assert ours.info[key] == expected
    assert ours.info["simulated"] is True
    assert json.loads(json.dumps(ours.info))["requested"] == ours.info["requested"]


def test_noise_follows_gates_that_have_other_names_than_ours(circuit, angles):
    """Essex has u1, u2 and u3, each of which is several gates here."""
    essex, observables = FakeEssexV2(), OBSERVABLES[1:]
    ours = Transpiled(essex, seed=2).expectation(circuit, observables, angles)
    theirs = QiskitBackend(essex, 20_000, seed=2).expectation(circuit, observables, angles)
    assert np.abs((ours.values - theirs.values) / theirs.std).max() < 4


def test_a_target_without_errors_gives_exact_values(circuit, angles):
    line = GenericBackendV2(4, coupling_map=[[0, 1], [1, 2], [2, 3]], noise_info=False)
    exact = Exact().expectation(circuit, OBSERVABLES, angles).values
    for target in (AerSimulator(), line):
        found = Transpiled(target, seed=1).expectation(circuit, OBSERVABLES, angles)
        np.testing.assert_allclose(found.values, exact, atol=1e-12)
    shots = Transpiled(line, shots=2000, seed=1).expectation(circuit, OBSERVABLES, angles)
    assert np.all(np.abs(shots.values - exact) < 5 * shots.std)
    assert shots.info["shots"] == 2000
    assert noise_of(line, [0]) is None


def test_samples_follow_the_wires_and_err_as_stated(manila):
    gates = [gate("x", 0), gate("cx", 0, 2), gate("cx", 1, 2), gate("cx", 0, 1)]
    bits = Transpiled(manila).sample(build_circuit(gates), {}, shots=500, seed=0)
    assert bits.shape == (1, 500, 3)
    np.testing.assert_array_equal(bits.mean(axis=(0, 1)).round(), [1, 1, 1])
    assert bits.mean() < 0.99


def test_trajectories_agree_with_the_density_matrix(manila):
    flipped = build_circuit([gate("x", 0), gate("cx", 0, 1)])
    exact = Transpiled(manila).expectation(flipped, z(1), {})
    drawn = Transpiled(manila, "trajectories", count=2000).expectation(flipped, z(1), {})
    assert abs((drawn.values - exact.values).item()) < 4.5 * drawn.std.item()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "pure"}, "`method` must be one of"),
        ({"method": "trajectories", "shots": 5}, "`shots` is for method 'density'"),
        ({"shots": 0}, "`shots` must be a positive int"),
        ({"count": 1}, "`count` must be at least 2"),
        ({"optimization_level": 4}, "`optimization_level` must be 0, 1, 2 or 3"),
        ({"initial_layout": (0,)}, "name a different qubit for each of the circuit's 3 wires"),
        ({"initial_layout": (0, 1, 9)}, "name qubits of the backend 'fake_manila', which has 5"),
    ],
)
def test_wrong_options_are_refused(manila, circuit, angles, options, message):
    with pytest.raises(ValueError, match=message):
        Transpiled(manila, **options).expectation(circuit, z(0), angles)


def test_aer_with_a_noise_model_is_refused(manila):
    with pytest.raises(ValueError, match="give `QiskitBackend` the same target"):
        Transpiled(AerSimulator.from_backend(manila))


@pytest.mark.parametrize(
    "around",
    [
        ReadoutMitigation,
        lambda device: ReadoutMitigation(device, "full", shots=4000),
        ZeroNoiseExtrapolation,
        lambda device: ZeroNoiseExtrapolation(ReadoutMitigation(device), (1, 3)),
        lambda device: PauliTwirling(device, 4),
    ],
)
def test_mitigation_works_above_optimization_level_0(manila, circuit, angles, around):
    device = QiskitBackend(manila, 4000, seed=1, optimization_level=2)
    exact = Exact().expectation(circuit, OBSERVABLES, angles).values
    raw = device.expectation(circuit, OBSERVABLES, angles)
    result = around(device).expectation(circuit, OBSERVABLES, angles)
    assert result.values.shape == exact.shape
    errors = [np.sqrt(np.square(each.values - exact).mean()) for each in (result, raw)]
    assert errors[0] < errors[1] + 3 * result.std.max() / np.sqrt(exact.size)
    assert result.info["circuit"]["n_qubits"] == 3


@pytest.mark.parametrize("level", [1, 3])
def test_a_layout_counts_the_errors_of_readout_as_for_shots(level):
    line = [gate("ry", wire, angle=0.3) for wire in range(3)]
    circuit = build_circuit([*line, gate("cx", 0, 1), gate("cx", 1, 2)])
    target = FakeLagosV2()  # at level 3 other qubits are best where none is measured
    drawn = QiskitBackend(target, 10, optimization_level=level)
    ours = Transpiled(target, optimization_level=level)
    told = [each.expectation(circuit, z(0), {}).info["transpiled"][0] for each in (drawn, ours)]
    assert told[0]["layout"] == told[1]["layout"]
