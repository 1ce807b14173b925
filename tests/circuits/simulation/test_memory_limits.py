"""Batches under a memory limit: the bound holds, the results are those without it."""

from dataclasses import replace

import numpy as np
import pytest

from circuits import (
    Density,
    Exact,
    NoiseModel,
    Shots,
    Trajectories,
    bit_flip,
    build_circuit,
    gate,
    pauli,
    reuploading,
    z,
)

QUBITS, SAMPLES = 9, 40
NOISE = NoiseModel(one=(bit_flip(0.1, 0),))
OBSERVABLES = (z(0), pauli("XY", (0, 3)))


@pytest.fixture(scope="module")
def circuit():
    return reuploading(QUBITS, 1, QUBITS)


@pytest.fixture(scope="module")
def angles(circuit):
    rng = np.random.default_rng(5)
    return {
        "inputs": rng.normal(size=(SAMPLES, circuit.segments["inputs"])),
        "weights": rng.normal(size=circuit.segments["weights"]),
    }


def bytes_of(circuit, angles, chunk):
    """What a program of this chunk takes."""
    result = Exact(batch_size=chunk).expectation(circuit, OBSERVABLES, angles)
    return result.info["effective"]["chunk_bytes"]


@pytest.mark.parametrize("chunk", [64, 16, 1])
def test_values_do_not_depend_on_the_limit_and_the_bound_holds(circuit, angles, chunk):
    expected = Exact().expectation(circuit, OBSERVABLES, angles)
    assert expected.info["effective"]["chunk"] == 64
    limit = bytes_of(circuit, angles, chunk)
    found = Exact(memory_limit=limit).expectation(circuit, OBSERVABLES, angles)
    assert found.info["effective"]["chunk"] == chunk
    assert found.info["effective"]["chunk_bytes"] <= limit
    np.testing.assert_allclose(found.values, expected.values, atol=1e-13)


def test_a_limit_below_one_sample_is_refused_with_bytes_and_a_way_out(circuit, angles):
    one = bytes_of(circuit, angles, 1)
    message = (
        rf"on 9 qubits needs {one} bytes, 8192 of them for one state, but {one - 1} are allowed.*"
        r'What would fit: precision "single"; .*sharded_state.*MatrixProduct'
    )
    with pytest.raises(ValueError, match=message):
        Exact(memory_limit=one - 1).expectation(circuit, OBSERVABLES, angles)
    # Where not even a state fits, nothing is compiled to find that out.
    with pytest.raises(ValueError, match="8192 of them for one state, but 8000 are allowed"):
        Exact(memory_limit=8000).expectation(circuit, OBSERVABLES, angles)


@pytest.mark.parametrize(
    "backend",
    [Shots(30), Density(NOISE), pytest.param(Trajectories(2, NOISE), marks=pytest.mark.slow)],
)
def test_draws_and_noisy_values_do_not_depend_on_the_limit(backend):
    circuit = build_circuit([gate("ry", q, angle=("x", q)) for q in range(3)] + [gate("cx", 0, 1)])
    angles = {"x": np.random.default_rng(1).normal(size=(20, 3))}
    expected = backend.expectation(circuit, z(1), angles)
    limit = int(0.7 * expected.info["effective"]["chunk_bytes"])
    found = replace(backend, memory_limit=limit).expectation(circuit, z(1), angles)
    assert found.info["effective"]["chunk"] < expected.info["effective"]["chunk"]
    assert found.info["effective"]["chunk_bytes"] <= limit
    np.testing.assert_allclose(found.values, expected.values, atol=1e-13)


@pytest.mark.parametrize("backend", [Exact, Shots, Density, Trajectories])
def test_a_limit_is_a_positive_int(backend):
    with pytest.raises(ValueError, match="`memory_limit` must be a positive int, but is"):
        backend(memory_limit=0)
