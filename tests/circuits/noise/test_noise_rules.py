"""Noise of certain gates on certain qubits, against closed forms."""

import json

import numpy as np
import pytest

from circuits import Density, Trajectories, add_noise, build_circuit, gate, pauli, z
from circuits.noise import (
    NoiseModel,
    NoiseRule,
    bit_flip,
    check_noise,
    depolarizing,
    noise_to_dict,
    zz_crosstalk,
)


def value(noise, gates, observable, angles=None):
    return Density(noise).expectation(build_circuit(gates), observable, angles or {}).values.item()


def test_a_rule_holds_for_its_gate_on_its_qubits_only():
    noise = NoiseModel(
        one=(bit_flip(0.1, 0),), rules=(NoiseRule("x", (1,), ()), NoiseRule("h", None, ()))
    )
    gates = [gate("x", 0), gate("x", 1), gate("h", 0)]
    names = [(item.name, item.wires) for item in add_noise(build_circuit(gates), noise).gates]
    assert names == [("x", (0,)), ("kraus", (0,)), ("x", (1,)), ("h", (0,))]


def test_the_first_rule_that_fits_counts_and_its_wires_are_the_gates():
    rules = (
        NoiseRule("cx", (2, 1), (bit_flip(0.2, 0),)),
        NoiseRule("cx", None, (bit_flip(0.3, 1), depolarizing(0.1, 1, 0))),
    )
    circuit = build_circuit([gate("cx", 2, 1), gate("cx", 1, 2)])
    wires = [item.wires for item in add_noise(circuit, NoiseModel(rules=rules)).gates]
    assert wires == [(2, 1), (0,), (1, 2), (2,), (2, 1)]


def test_over_rotation_turns_too_far():
    noise = NoiseModel(rules=(NoiseRule("rx", None, (), over_rotation=0.1),))
    found = value(noise, [gate("rx", 0, angle=("x", 0))], z(0), {"x": np.array([0.8])})
    assert found == pytest.approx(np.cos(1.1 * 0.8), abs=1e-12)


def test_crosstalk_turns_a_neighbour():
    rule = NoiseRule("cx", (0, 1), (zz_crosstalk(0.3, 1, 2),))
    gates = [gate("h", 2), gate("cx", 0, 1)]
    found = value(NoiseModel(rules=(rule,)), gates, pauli("X", 2))
    assert found == pytest.approx(np.cos(0.3), abs=1e-12)


@pytest.mark.parametrize("make", [lambda noise: Density(noise), lambda n: Trajectories(20, n)])
def test_each_qubit_is_read_with_its_own_errors(make):
    noise = NoiseModel(readout=(0.5, 0.5), readouts=((0.1, 0.2), (0.0, 0.3)))
    circuit, backend = build_circuit([gate("x", 1)], 2), make(noise)
    result = backend.expectation(circuit, [z(0), z(1), pauli("ZZ", (0, 1))], {})
    np.testing.assert_allclose(result.values, [[0.8, -0.4, -0.32]], atol=1e-12)
    means = backend.sample(circuit, {}, shots=4000, seed=2)[0].mean(0)
    errors = np.sqrt([0.1 * 0.9 / 4000, 0.3 * 0.7 / 4000])
    np.testing.assert_array_less(np.abs(means - [0.1, 0.7]), 4 * errors)


def test_rules_are_plain_data():
    noise = NoiseModel(
        rules=(NoiseRule("cx", (0, 1), (zz_crosstalk(0.3, 1, 2),)), NoiseRule(None, None, None)),
        readouts=((0.1, 0.2),),
    )
    data = json.loads(json.dumps(noise_to_dict(noise)))
    assert data["rules"][0]["gates"][0]["wires"] == [1, 2]
    assert data["rules"][1] == {"name": None, "wires": None, "gates": None, "over_rotation": 0.0}
    assert data["readouts"] == [[0.1, 0.2]]
    assert set(noise_to_dict(NoiseModel()) or {}) == {"one", "two", "readout"}


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (NoiseModel(rules=(NoiseRule("x", None, (gate("reset", 0),)),)), "must be 'kraus' or"),
        (
            NoiseModel(rules=(NoiseRule("x", None, (gate("rx", 0, angle=("w", 0)),)),)),
            "without slots",
        ),
        (NoiseModel(rules=(NoiseRule("x", None, (), np.inf),)), "`over_rotation` must be finite"),
        (NoiseModel(readouts=((0.1, 2),)), "must be from 0 to 1"),
    ],
)
def test_wrong_models_are_refused(noise, message):
    with pytest.raises(ValueError, match=message):
        check_noise(noise)


def test_noise_outside_of_the_circuit_is_refused():
    circuit = build_circuit([gate("x", 0)])
    reaching = NoiseModel(rules=(NoiseRule("x", (0,), (bit_flip(0.1, 1),)),))
    with pytest.raises(ValueError, match="must act on the 1 qubits"):
        add_noise(circuit, reaching)
    with pytest.raises(ValueError, match="must have readouts of 2 qubits"):
        Density(NoiseModel(readouts=((0.1, 0.1),))).sample(
            build_circuit([gate("x", 1)]), {}, shots=1, seed=0
        )
