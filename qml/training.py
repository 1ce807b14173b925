"""Gradient training of any model by any optax optimiser, compiled once a shape.

The loop runs as `lax.scan` inside one program; only every tenth of the steps does control come
back to Python, to report progress. Parameters start from `key`, batches are drawn from `key`.
"""

import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from qml.models import CircuitModel, Model
from qml.models.model import Params

Loss = Callable[[jax.Array, jax.Array], jax.Array]
Progress = Callable[[int, int], None]

DEFAULT_OPTIMIZER = optax.adam(0.02)


class Fit(NamedTuple):
    """Outcome of `fit`: `params`, `losses` (steps,), `seconds` {"compile", "train"}."""

    params: Params
    losses: np.ndarray
    seconds: dict[str, float]


@lru_cache(maxsize=32)  # one object a setting, so that fits with it share their program
def cosine_adam(learning_rate: float, steps: int) -> optax.GradientTransformation:
    """Adam whose learning rate falls to zero by a cosine over the steps.

    Args:
        learning_rate: at the first step.
        steps: of the whole fit.

    Returns:
        the optimiser, the same object for the same arguments.

    Example:
        >>> cosine_adam(0.1, 10) is cosine_adam(0.1, 10)
        True
    """
    return optax.adam(optax.cosine_decay_schedule(learning_rate, steps))


def logistic_loss(scores: jax.Array, y: jax.Array) -> jax.Array:
    """Mean cross entropy of the label given logistic(score).

    Args:
        scores: (b,) real scores.
        y: (b,) labels 0/1.

    Returns:
        the mean over the batch, in nats.

    Example:
        >>> round(float(logistic_loss(jnp.zeros(2), jnp.array([0.0, 1.0]))), 4)
        0.6931
    """
    return optax.sigmoid_binary_cross_entropy(scores, y).mean()


def square_loss(scores: jax.Array, y: jax.Array) -> jax.Array:
    """Mean squared distance of the score to the label written as -1/+1.

    Args:
        scores: (b,) real scores.
        y: (b,) labels 0/1.

    Returns:
        the mean over the batch.

    Example:
        >>> float(square_loss(jnp.array([1.0, 0.0]), jnp.array([1.0, 0.0])))
        0.5
    """
    return jnp.mean((scores - (2.0 * y - 1.0)) ** 2)


def fit(
    model: Model | CircuitModel,
    x: np.ndarray,
    y: np.ndarray,
    *,
    key: jax.Array,
    loss: Loss = logistic_loss,
    optimizer: optax.GradientTransformation = DEFAULT_OPTIMIZER,
    steps: int = 300,
    batch_size: int | None = 256,
    progress: Progress | None = None,
) -> Fit:
    """Train a model's parameters by stochastic gradient descent.

    Args:
        model: what to train.
        x: (N, f) features, already scaled.
        y: (N,) labels 0/1.
        key: decides the initial parameters and the batches; the same key gives the same fit.
        loss: (scores (b,), labels (b,)) -> number.
        optimizer: any optax optimiser.
        steps: gradient steps.
        batch_size: events a step, drawn with replacement; None takes all of them every step.
        progress: called with (steps done, steps).

    Returns:
        parameters, the loss of every step, and seconds to compile and to train.

    Raises:
        ValueError: `x`, `y`, `steps` or `batch_size` that cannot be trained on.
        FloatingPointError: a loss that became NaN or infinite, with the step.

    Example:
        >>> from qml.models import linear_model
        >>> x = np.array([[-1.0], [1.0]]); y = np.array([0, 1])
        >>> result = fit(linear_model(1), x, y, key=jax.random.key(0), steps=20, batch_size=None)
        >>> bool(result.losses[-1] < result.losses[0])
        True
    """
    check_samples(x, y)
    _check_counts(steps=steps, batch_size=batch_size)
    data = jnp.asarray(x, dtype=float), jnp.asarray(y, dtype=float)
    batch = None if batch_size is None or batch_size >= len(x) else batch_size
    init_key, batch_key = jax.random.split(key)
    params = model.init(init_key)
    start = time.perf_counter()
    chunk = _chunk(steps)
    program = _program(model, loss, optimizer, chunk, batch, x.shape, str(data[0].dtype))
    compiled = time.perf_counter()
    carry, losses = (params, optimizer.init(params), batch_key), []
    for done in range(0, steps, chunk):
        carry, part = program(carry, *data)
        losses.append(np.asarray(part))
        _check_finite(losses[-1], done)
        if progress is not None:
            progress(done + chunk, steps)
    seconds = {"compile": compiled - start, "train": time.perf_counter() - compiled}
    return Fit(carry[0], np.concatenate(losses), seconds)


def check_samples(x: np.ndarray, y: np.ndarray) -> None:
    """Refuse features and labels that no classifier can be trained on.

    Args:
        x: (N, f) features.
        y: (N,) labels.

    Raises:
        ValueError: wrong shapes, NaN or infinite features, labels other than 0/1, one class only.

    Example:
        >>> check_samples(np.zeros((2, 1)), np.array([0, 1]))
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(
            f"Arguments `x` and `y` must have shapes (N, f) and (N,), but have {x.shape} "
            f"and {y.shape}."
        )
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise ValueError(
            f"Argument `x` must be finite, but is {x[row, column]} in row {row}, column {column}; "
            "remove or impute such rows."
        )
    classes = np.unique(y)
    if not np.array_equal(classes, [0, 1]):
        raise ValueError(
            f"Argument `y` must hold both labels 0 and 1 only, but holds {classes.tolist()}."
        )


@lru_cache(maxsize=32)
def _program(
    model: Model | CircuitModel,
    loss: Loss,
    optimizer: optax.GradientTransformation,
    chunk: int,
    batch: int | None,
    shape: tuple[int, int],
    dtype: str,
) -> Callable:
    """Compile `chunk` training steps ahead of time; seeds and data of one shape share it."""
    scores = jax.vmap(model.apply, in_axes=(None, 0))
    x, y = jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct(shape[:1], dtype)
    key = jax.eval_shape(lambda: jax.random.key(0))
    params = jax.eval_shape(model.init, key)
    carry = (params, jax.eval_shape(optimizer.init, params), key)
    return (
        jax.jit(partial(_steps, scores, loss, optimizer, chunk, batch)).lower(carry, x, y).compile()
    )


def _steps(scores, loss, optimizer, chunk, batch, carry, x, y) -> tuple[Any, jax.Array]:
    def objective(params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
        return loss(scores(params, x), y)

    def step(carry, _):
        params, state, key = carry
        key, draw = jax.random.split(key)
        xs, ys = x, y
        if batch is not None:
            rows = jax.random.randint(draw, (batch,), 0, len(x))
            xs, ys = x[rows], y[rows]
        value, gradient = jax.value_and_grad(objective)(params, xs, ys)
        with jax.numpy_dtype_promotion("standard"):  # optax relies on implicit promotion
            updates, state = optimizer.update(gradient, state, params)
        return (optax.apply_updates(params, updates), state, key), value

    return jax.lax.scan(step, carry, None, length=chunk)


def _chunk(steps: int) -> int:
    """Largest divisor of `steps` that still reports about ten times."""
    return max(d for d in range(1, max(1, steps // 10) + 1) if steps % d == 0)


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and (not isinstance(value, (int, np.integer)) or value < 1):
            raise ValueError(f"Argument `{name}` must be a positive int, but is {name}={value}.")


def _check_finite(losses: np.ndarray, done: int) -> None:
    bad = np.flatnonzero(~np.isfinite(losses))
    if len(bad):
        raise FloatingPointError(
            f"Training loss became {losses[bad[0]]} at step {done + bad[0]}; lower the learning "
            "rate or scale the features."
        )
