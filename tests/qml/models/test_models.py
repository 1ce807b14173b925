"""Models against closed forms and their own definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import build_circuit, gate, z
from qml import circuit_model, linear_model, predict, reuploading_model


@pytest.fixture
def cosine():
    """score(x) = cos(x): RY(x) on |0>, measured in Z."""
    return circuit_model(
        build_circuit([gate("ry", 0, angle=("inputs", 0))]),
        (z(0),),
        init=lambda key: {},
        angles=lambda params, x: {"inputs": x},
        readout=lambda params, values: values[0],
    )


def test_circuit_model_is_the_closed_form_with_its_gradient(cosine):
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(predict(cosine, {}, x[:, None]), np.cos(x), atol=1e-12)
    slope = jax.vmap(jax.grad(lambda v: cosine.apply({}, v[None])))(jnp.asarray(x))
    np.testing.assert_allclose(slope, -np.sin(x), atol=1e-12)


def test_predict_gives_each_sample_its_own_score_at_any_batch_size():
    model = linear_model(3)
    params = {"weights": jnp.array([1.0, -2.0, 0.5]), "bias": jnp.array(0.25)}
    x = np.random.default_rng(0).normal(size=(37, 3))
    want = x @ [1.0, -2.0, 0.5] + 0.25
    for size in (1, 2, 5, 37):
        np.testing.assert_allclose(predict(model, params, x[:size]), want[:size], atol=1e-12)


def test_reuploading_is_a_fourier_series_of_its_number_of_layers():
    """arXiv:2008.08605: L encodings of one input give frequencies up to L and no higher."""
    layers = 2
    model = reuploading_model(1, n_qubits=1, n_layers=layers)
    params = model.init(jax.random.key(3))
    grid = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    spectrum = np.abs(np.fft.rfft(predict(model, params, grid[:, None]))) / len(grid)
    assert spectrum[layers] > 1e-3
    np.testing.assert_allclose(spectrum[layers + 1 :], 0, atol=1e-12)


def test_every_feature_reaches_the_score():
    model = reuploading_model(5, n_qubits=2, n_layers=2)
    params = model.init(jax.random.key(0))
    slope = jax.grad(lambda x: model.apply(params, x))(jnp.full(5, 0.3))
    assert (np.abs(slope) > 1e-6).all()


def test_models_of_one_shape_are_one_object_so_that_programs_are_shared():
    assert reuploading_model(2, n_qubits=2, n_layers=1) is reuploading_model(
        2, n_qubits=2, n_layers=1
    )
