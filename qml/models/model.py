"""A model is a pair of pure functions; a circuit model also carries its circuit.

    Model         score = apply(params, x)
    CircuitModel  score = readout(params, <observables>(circuit, angles(params, x)))

`params` is any PyTree of arrays, `x` one sample of shape (f,), `score` one real number whose
sign is the decision (label 1 where positive) and whose logistic function is the probability.
A batch is the caller's `jax.vmap`.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits import Circuit, PauliSum, expectation

Params = Any

CHUNK = 1024  # samples simulated at once: bounds the memory of a large batch


class Model(NamedTuple):
    """A classical model: `init(key) -> params` and `apply(params, x (f,)) -> score`."""

    init: Callable[[jax.Array], Params]
    apply: Callable[[Params, jax.Array], jax.Array]


class CircuitModel(NamedTuple):
    """A model whose score is read from expectation values, so that any device can give it.

    `angles(params, x) -> {segment: (size,)}` in radians; `readout(params, values (k,)) -> score`.
    Segments that do not depend on `x` stay unbatched under `vmap` and are sent to a device once.
    """

    init: Callable[[jax.Array], Params]
    apply: Callable[[Params, jax.Array], jax.Array]
    circuit: Circuit
    observables: tuple[PauliSum, ...]
    angles: Callable[[Params, jax.Array], dict[str, jax.Array]]
    readout: Callable[[Params, jax.Array], jax.Array]


def circuit_model(
    circuit: Circuit,
    observables: tuple[PauliSum, ...],
    *,
    init: Callable[[jax.Array], Params],
    angles: Callable[[Params, jax.Array], dict[str, jax.Array]],
    readout: Callable[[Params, jax.Array], jax.Array],
) -> CircuitModel:
    """Compose a circuit, its angles and its readout into a `CircuitModel`.

    Args:
        circuit: the circuit, with its segments.
        observables: the k observables to measure.
        init: `key -> params`.
        angles: `(params, x (f,)) -> {segment: (size,)}` in radians.
        readout: `(params, values (k,)) -> score`.

    Returns:
        the model, whose `apply` is `readout` after exact `expectation` after `angles`.

    Example:
        >>> from circuits import Slot, build_circuit, gate, z
        >>> circuit = build_circuit([gate("ry", 0, angle=Slot("inputs", 0))])
        >>> model = circuit_model(
        ...     circuit, (z(0),), init=lambda key: {},
        ...     angles=lambda params, x: {"inputs": x}, readout=lambda params, values: values[0])
        >>> round(float(model.apply({}, jnp.array([0.0]))), 6)
        1.0
    """
    values = expectation(circuit, observables)

    def apply(params: Params, x: jax.Array) -> jax.Array:
        return readout(params, values(angles(params, x)))

    return CircuitModel(init, apply, circuit, tuple(observables), angles, readout)


def predict(model: Model | CircuitModel, params: Params, x: np.ndarray) -> np.ndarray:
    """Scores of a batch, computed classically.

    Args:
        model: any model.
        params: its parameters.
        x: (b, f) features.

    Returns:
        (b,) scores.

    Example:
        >>> double = Model(init=lambda key: 2.0, apply=lambda params, x: params * x[0])
        >>> predict(double, 2.0, np.array([[1.0], [3.0]]))
        array([2., 6.]...
    """
    x = np.asarray(x, dtype=float)
    size = 1 << max(0, len(x) - 1).bit_length()  # few batch sizes, so few compilations
    padded = np.concatenate([x, np.broadcast_to(x[-1:], (size - len(x), *x.shape[1:]))])
    return np.asarray(_batched(model.apply)(params, jnp.asarray(padded, dtype=float)))[: len(x)]


@lru_cache(maxsize=64)  # one compiled program a model and batch size, not one a call
def _batched(apply: Callable) -> Callable:
    def scores(params: Params, x: jax.Array) -> jax.Array:
        return jax.lax.map(partial(apply, params), x, batch_size=CHUNK)

    return jax.jit(scores)
