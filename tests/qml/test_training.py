"""Training: convergence to closed forms, determinism, sharing of programs, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from qml import fit, linear_model, reuploading_model, square_loss
from qml.training import _program


@pytest.fixture
def line():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    return x, (x @ [1.0, -1.0] > 0).astype(int)


def test_square_loss_training_reaches_the_least_squares_solution(line):
    x, y = line
    result = fit(
        linear_model(2),
        x,
        y,
        key=jax.random.key(0),
        loss=square_loss,
        optimizer=optax.sgd(0.2),
        steps=400,
        batch_size=None,
    )
    design = np.column_stack([x, np.ones(len(x))])
    want = np.linalg.lstsq(design, 2.0 * y - 1, rcond=None)[0]
    got = np.append(result.params["weights"], result.params["bias"])
    np.testing.assert_allclose(got, want, atol=1e-8)


def test_the_same_key_gives_the_same_fit_and_another_key_another(line):
    x, y = line
    model = reuploading_model(2, n_qubits=2, n_layers=1)
    runs = [fit(model, x, y, key=jax.random.key(k), steps=20, batch_size=16) for k in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0].losses, runs[1].losses)
    assert not np.array_equal(runs[0].losses, runs[2].losses)


def test_two_seeds_share_one_compiled_program(line):
    x, y = line
    model = linear_model(2)
    before = _program.cache_info().misses
    for seed in range(3):
        fit(model, x, y, key=jax.random.key(seed), steps=20, batch_size=16)
    assert _program.cache_info().misses == before + 1


def test_a_circuit_learns_what_no_line_can():
    from qml.data import load_dataset

    data = load_dataset("toy_rings")
    model = reuploading_model(2, n_qubits=2, n_layers=3)
    x, y = data.x[data.train], data.y[data.train]
    result = fit(model, x, y, key=jax.random.key(0), optimizer=optax.adam(0.05), steps=200)
    scores = jax.vmap(model.apply, (None, 0))(result.params, jnp.asarray(data.x[data.test]))
    assert np.mean((np.asarray(scores) > 0) == data.y[data.test]) > 0.9


def test_precision_may_change_between_calls(line):
    model = reuploading_model(2, n_qubits=2, n_layers=1)
    for double in (False, True, False):
        with jax.enable_x64(double):
            result = fit(model, *line, key=jax.random.key(0), steps=10)
        assert result.params["weights"].dtype == ("float64" if double else "float32")


def test_progress_ends_at_the_last_step(line):
    told = []
    fit(
        linear_model(2),
        *line,
        key=jax.random.key(0),
        steps=25,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (25, 25)
    assert len(told) > 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((200, 2, 1))}, "must have shapes"),
        ({"y": np.ones(200, int)}, "both labels 0 and 1"),
        ({"y": np.arange(200) % 3}, "both labels 0 and 1"),
        ({"steps": 0}, "`steps` must be a positive int"),
        ({"batch_size": -1}, "`batch_size` must be a positive int"),
    ],
)
def test_bad_input_is_one_sentence(line, change, message):
    arguments = {"x": line[0], "y": line[1], "steps": 10} | change
    with pytest.raises(ValueError, match=message):
        fit(linear_model(2), key=jax.random.key(0), **arguments)


def test_the_place_of_a_nan_is_named(line):
    x = line[0].copy()
    x[7, 1] = np.nan
    with pytest.raises(ValueError, match="nan in row 7, column 1"):
        fit(linear_model(2), x, line[1], key=jax.random.key(0))


def test_divergence_is_told_with_its_step(line):
    with pytest.raises(FloatingPointError, match="at step"):
        fit(
            linear_model(2),
            *line,
            key=jax.random.key(0),
            loss=square_loss,
            optimizer=optax.sgd(1e6),
            steps=200,
        )


def test_a_training_step_is_exported_for_a_gpu(line):
    model = reuploading_model(2, n_qubits=2, n_layers=1)
    params = model.init(jax.random.key(0))

    @jax.jit
    def gradient(params, x, y):
        scores = jax.vmap(model.apply, (None, 0))
        return jax.grad(lambda p: square_loss(scores(p, x), y))(params)

    x, y = (jnp.asarray(a, dtype=float) for a in line)
    exported = jax.export.export(gradient, platforms=["cuda"])(params, x, y)
    assert exported.platforms == ("cuda",)
