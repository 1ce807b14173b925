"""Linear models: the smallest classical model, and the shape an annealed ensemble decodes to."""

import jax
import jax.numpy as jnp

from qml.models.model import Model, Params


def linear_model(n_features: int) -> Model:
    """score = weights . x + bias.

    Args:
        n_features: f, features a sample.

    Returns:
        the model; params = {"weights": (f,), "bias": ()}, all zero at the start.

    Example:
        >>> model = linear_model(2)
        >>> params = {"weights": jnp.array([1.0, 2.0]), "bias": jnp.array(0.5)}
        >>> float(model.apply(params, jnp.array([1.0, 1.0])))
        3.5
    """

    def init(key: jax.Array) -> Params:
        del key
        return {"weights": jnp.zeros(n_features), "bias": jnp.zeros(())}

    def apply(params: Params, x: jax.Array) -> jax.Array:
        return jnp.dot(params["weights"], x) + params["bias"]

    return Model(init, apply)
