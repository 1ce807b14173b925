import json

import numpy as np
import pytest

from circuits import Exact, Shots, build_circuit, gate, pauli, reuploading, z
from circuits.simulation import batching


@pytest.fixture(scope="module")
def circuit():
    return reuploading(n_qubits=2, n_layers=1, n_inputs=2)


@pytest.fixture(scope="module")
def angles(circuit):
    rng = np.random.default_rng(3)
    return {
        "inputs": rng.normal(size=(11, circuit.segments["inputs"])),
        "weights": rng.normal(size=circuit.segments["weights"]),
    }


OBSERVABLES = (z(0), pauli("XY", (0, 1), 0.3) + z(1))


@pytest.mark.parametrize("batch_size", [1, 3, 4, 11, 1000])
def test_the_result_does_not_depend_on_the_batch_size(circuit, angles, batch_size):
    expected = Exact().expectation(circuit, OBSERVABLES, angles).values
    result = Exact(batch_size).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-14)


def test_calls_of_the_same_shape_compile_once(circuit, angles):
    wide = circuit + build_circuit([gate("h", 0)], n_qubits=2)
    first, second = (Exact().expectation(wide, OBSERVABLES, angles) for _ in range(2))
    assert first.info["seconds"]["compile"] > 0
    assert second.info["seconds"]["compile"] == 0
    longer = angles | {"inputs": np.ones((15, 2))}
    assert Exact().expectation(wide, OBSERVABLES, longer).info["seconds"]["compile"] == 0
    other = Exact().expectation(wide, z(0), angles)
    assert other.info["seconds"]["compile"] > 0


def test_large_states_shorten_the_chunks_and_change_nothing(circuit, angles, monkeypatch):
    exact, shots = Exact(), Shots(50)
    before = [each.expectation(circuit, OBSERVABLES, angles) for each in (exact, shots)]
    monkeypatch.setattr(batching, "CHUNK_NUMBERS", 400)
    after = [each.expectation(circuit, OBSERVABLES, angles) for each in (exact, shots)]
    assert [each.info["effective"]["chunk"] for each in before] == [16, 16]
    assert [each.info["effective"]["chunk"] for each in after] == [16, 3]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=1e-14)


@pytest.mark.parametrize("backend", [Exact(), Shots(20)])
def test_the_record_tells_what_was_run_and_is_json(circuit, angles, backend):
    result = backend.expectation(circuit, OBSERVABLES, angles)
    info = json.loads(json.dumps(result.info))
    assert info["backend"] == type(backend).__name__
    assert info["simulated"] is True
    assert info["circuit"]["two_qubit_gates"] == 1
    assert info["effective"]["precision"] == "double"
    assert info["shots"] == getattr(backend, "shots", None)


def test_the_same_seed_gives_the_same_values_and_another_seed_others(circuit, angles):
    shots = Shots(500, seed=4)
    again = Shots(500, seed=4).expectation(circuit, z(0), angles)
    assert np.array_equal(shots.expectation(circuit, z(0), angles).values, again.values)
    other = Shots(500, seed=5).expectation(circuit, z(0), angles)
    assert not np.array_equal(other.values, again.values)


def test_stated_errors_describe_the_scatter_around_the_exact_value(circuit):
    """Normalised deviations of 2000 independent sets: mean 0 and variance 1 within 4 sigma."""
    count = 2000
    rng = np.random.default_rng(0)
    angles = {"inputs": rng.normal(size=(count, 2)), "weights": rng.normal(size=4)}
    exact = Exact().expectation(circuit, OBSERVABLES, angles).values
    result = Shots(400, seed=1).expectation(circuit, OBSERVABLES, angles)
    pulls = (result.values - exact) / result.std
    assert np.all(np.abs(pulls.mean(axis=0)) < 4 / np.sqrt(count))
    assert np.all(np.abs(pulls.var(axis=0) - 1) < 4 * np.sqrt(2 / count))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Exact(batch_size=0), "`batch_size` must be a positive int"),
        (lambda: Shots(shots=0), "`shots` must be a positive int, but is shots=0"),
        (lambda: Shots(shots=1.5), "`shots` must be a positive int, but is shots=1.5"),
        (lambda: Shots(seed=-1), r"`seed` must be an int from 0 to 2\*\*31 - 1, but is seed=-1"),
    ],
)
def test_wrong_options_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
