"""The first law for our own models, angle segments, error propagation, and annealing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from annealing import Exhaustive, binary, least_squares
from circuits import Exact, Result, Shots
from qml import anneal, batch_angles, infer, linear_model, predict, reuploading_model

SHAPES = [(1, 1, 1), (3, 2, 2), (8, 4, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_exact_inference_is_the_model(shape):
    features, qubits, layers = shape
    model = reuploading_model(features, n_qubits=qubits, n_layers=layers)
    params = model.init(jax.random.key(1))
    x = np.random.default_rng(0).normal(size=(9, features))
    want = jax.vmap(model.apply, (None, 0))(params, jnp.asarray(x))
    outcome = infer(model, params, x, Exact())
    np.testing.assert_allclose(outcome.scores, want, atol=1e-12)
    np.testing.assert_allclose(outcome.scores, predict(model, params, x), atol=1e-12)
    np.testing.assert_array_equal(outcome.std, 0)


def test_shots_agree_within_the_stated_error():
    model = reuploading_model(3, n_qubits=2, n_layers=2)
    params = model.init(jax.random.key(1))
    x = np.random.default_rng(0).normal(size=(40, 3))
    exact = infer(model, params, x, Exact()).scores
    outcome = infer(model, params, x, Shots(shots=2000, seed=3))
    pull = (outcome.scores - exact) / outcome.std
    assert np.abs(pull).max() < 5
    assert pull.std() > 0.2  # an error stated far too large would be no error either


def test_only_what_depends_on_x_is_batched():
    model = reuploading_model(3, n_qubits=2, n_layers=2)
    angles = batch_angles(model, model.init(jax.random.key(0)), np.zeros((5, 3)))
    assert angles["inputs"].shape == (5, model.circuit.segments["inputs"])
    assert angles["weights"].shape == (model.circuit.segments["weights"],)


def test_errors_go_through_the_readout_to_first_order():
    model = reuploading_model(1, n_qubits=2, n_layers=1)
    params = model.init(jax.random.key(0)) | {"gain": jnp.array([2.0, -3.0])}

    class Fixed:
        def expectation(self, circuit, observables, angles):
            return Result(np.zeros((4, 2)), np.full((4, 2), 0.1), {})

    np.testing.assert_allclose(infer(model, params, np.zeros((4, 1)), Fixed()).std, 0.5)


def test_a_classical_model_cannot_be_offloaded():
    with pytest.raises(TypeError, match="must be a CircuitModel"):
        infer(linear_model(1), {}, np.zeros((1, 1)), Exact())


@pytest.mark.parametrize("x", [np.zeros(3), np.full((2, 3), np.nan), np.zeros((0, 3))])
def test_bad_features_are_refused(x):
    model = reuploading_model(3, n_qubits=2, n_layers=1)
    with pytest.raises(ValueError, match="`x` must be a finite array"):
        infer(model, model.init(jax.random.key(0)), x, Exact())


def test_annealing_finds_the_brute_force_minimum():
    rng = np.random.default_rng(0)
    matrix, target = rng.normal(size=(20, 6)), rng.normal(size=20)
    problem = least_squares(matrix, target, binary(6))
    everything = (np.arange(64)[:, None] >> np.arange(6)) & 1
    best = min(everything, key=lambda w: np.sum((matrix @ w - target) ** 2))
    np.testing.assert_array_equal(anneal(problem, Exhaustive(), reads=1).params, best)
