"""Folding keeps the meaning; extrapolation is exact where the noise follows its fit."""

import json

import numpy as np
import pytest

from circuits import (
    Density,
    Exact,
    NoiseModel,
    build_circuit,
    depolarizing,
    gate,
    pauli,
    unitary,
    z,
)
from circuits.mitigation import ZeroNoiseExtrapolation, fold
from circuits.mitigation.extrapolation import extrapolate

NOISE = NoiseModel(two=(depolarizing(0.05, 0, 1),))
OBSERVABLES = (z(0), pauli("XY", (0, 1)) + 0.3, pauli("", ()))


@pytest.fixture(scope="module")
def circuit():
    """Every gate acts on both qubits, and so does its noise."""
    gates = [gate("rxx", 0, 1, angle=("x", 0)), gate("cx", 0, 1), gate("rzx", 1, 0, angle=0.4)]
    return build_circuit([*gates, gate("ryy", 0, 1, angle=("x", 1))])


@pytest.fixture(scope="module")
def expected(circuit, angles):
    return Exact().expectation(circuit, OBSERVABLES, angles).values


@pytest.mark.parametrize("folding", ["global", "local"])
@pytest.mark.parametrize(
    ("scale", "met"), [(1, 1), (1.1, 1), (1.4, 1.5), (2, 2), (3, 3), (4.6, 4.5)]
)
def test_folded_circuits_do_the_same(circuit, angles, folding, scale, met):
    folded, found = fold(circuit, scale, folding)
    row = {"x": angles["x"][0]}
    np.testing.assert_allclose(unitary(folded, row), unitary(circuit, row), atol=1e-12)
    assert found == met == len(folded.gates) / len(circuit.gates)


def test_local_folding_spreads_what_is_left():
    names = "hxyzst"
    circuit = build_circuit([gate(name, 0) for name in names])
    folded = [item.name for item in fold(circuit, 5 / 3, "local")[0].gates]
    assert folded == ["h", "h", "h", "x", "y", "z", "z", "z", "s", "t"]


def test_preparations_and_phases_are_not_folded():
    start = gate("amplitudes", 0, angle=("x", 0))
    circuit = build_circuit([start, gate("gphase", 0, angle=0.1), gate("t", 0)])
    folded, scale = fold(circuit, 3)
    assert [item.name for item in folded.gates] == [
        *("amplitudes", "gphase", "t"),
        *("tdg", "gphase", "gphase", "t"),
    ]
    assert scale == 3
    with pytest.raises(ValueError, match="'reset' is not unitary"):
        fold(build_circuit([gate("h", 0), gate("reset", 0)]), 3)


@pytest.mark.parametrize("folding", ["global", "local"])
def test_a_decay_is_exact_for_depolarizing_noise_on_all_qubits(circuit, angles, expected, folding):
    scales = (1, 2, 3.5)
    mitigated = ZeroNoiseExtrapolation(Density(NOISE), scales, "exponential", folding)
    result = mitigated.expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-12)
    info = json.loads(json.dumps(result.info))
    assert info["effective"]["scales"] == [1, 2, 3.5]
    assert info["cost"] == {"calls": 3, "circuits": 6, "shots": None}


def test_richer_fits_leave_less_bias(circuit, angles, expected):
    noisy = Density(NOISE)
    bias = [np.abs(noisy.expectation(circuit, OBSERVABLES, angles).values - expected).max()]
    for fit in ("linear", "richardson", "exponential"):
        mitigated = ZeroNoiseExtrapolation(noisy, fit=fit)
        values = mitigated.expectation(circuit, OBSERVABLES, angles).values
        bias.append(np.abs(values - expected).max())
    assert bias == sorted(bias, reverse=True)
    assert bias[3] < 1e-12


def test_errors_are_those_of_the_extrapolated_shots(circuit, angles, expected):
    noisy = Density(NOISE, shots=500, seed=4)
    result = ZeroNoiseExtrapolation(noisy, (1, 3)).expectation(circuit, z(0), angles)
    kept = 0.95 ** len(circuit.gates)
    truth = (1.5 * kept - 0.5 * kept**3) * expected[:, :1]
    assert np.all(result.std > 0)
    np.testing.assert_array_less(np.abs(result.values - truth), 4 * result.std)
    assert result.info["cost"] == {"calls": 2, "circuits": 4, "shots": 2000}


@pytest.mark.parametrize("fit", ["linear", "richardson", "exponential"])
def test_errors_propagate_as_repetitions_scatter(fit):
    scales, rng = [1, 3, 5], np.random.default_rng(0)
    means, std = np.array([0.8, 0.6, 0.5]), np.array([0.01, 0.02, 0.01])
    draws = means[:, None] + std[:, None] * rng.standard_normal((3, 20000))
    zero, error, _ = extrapolate(scales, draws, np.tile(std[:, None], 20000), fit)
    assert zero.std() == pytest.approx(error.mean(), rel=0.03)


def test_points_that_change_sign_get_a_line_and_are_counted():
    zero, _, lines = extrapolate([1, 3], np.array([[0.2], [-0.2]]), np.zeros((2, 1)), "exponential")
    assert (zero.item(), lines) == (pytest.approx(0.4), 1)


@pytest.mark.parametrize("level", [0, 3])
def test_no_compiler_undoes_the_folding(level):
    from qiskit_aer import AerSimulator

    from circuits import QiskitBackend

    circuit = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    backend = QiskitBackend(AerSimulator(), 100, optimization_level=level)
    result = ZeroNoiseExtrapolation(backend).expectation(circuit, pauli("ZZ", (0, 1)), {})
    assert abs(result.values.item() - 1) < 4 * result.std.item()
    assert result.info["cost"]["calls"] == 3


def test_a_device_that_undoes_the_folding_is_found_out():
    class Undoing:
        """Compiles every circuit to one gate."""

        def expectation(self, circuit, observables, angles):
            result = Exact().expectation(circuit, observables, angles)
            return result._replace(info=result.info | {"transpiled": [{"two_qubit_gates": 1}]})

    circuit = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    with pytest.raises(ValueError, match="compiler undid the folding"):
        ZeroNoiseExtrapolation(Undoing()).expectation(circuit, z(0), {})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ZeroNoiseExtrapolation(Exact(), (1,)), "two or more different"),
        (lambda: ZeroNoiseExtrapolation(Exact(), (1, 1)), "two or more different"),
        (lambda: ZeroNoiseExtrapolation(Exact(), (0.5, 1)), "at least 1, but one is 0.5"),
        (lambda: ZeroNoiseExtrapolation(Exact(), fit="cubic"), "`fit` must be one of"),
        (lambda: ZeroNoiseExtrapolation(Exact(), folding="none"), "'global' or 'local'"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
