"""A machine as the prior of binary latents, as in discrete variational auto-encoders."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from qml.boltzmann.machine import Machine, Parameters, energy


def prior_loss(parameters: Parameters, machine: Machine, latents: Any, negatives: Any) -> jax.Array:
    """A number whose gradient is that of the mean of -log p(latents).

    It is the mean energy of the latents less that of samples of the machine: its derivative by the
    parameters is <phi> of the latents less <phi> of the machine (phi being the spins and the
    products of coupled ones), and that by the latents is the energy's, as log Z does not depend on
    them. Its value is no likelihood and may rise while learning goes well.

    Args:
        parameters: those to learn, with respect to which is differentiated.
        machine: gives the graph; the latents are all of its units, in their order.
        latents: (b, n) from 0 to 1, drawn or relaxed, of the encoder.
        negatives: (r, n) of 0 and 1, drawn from the machine at `parameters` by whatever draws; no
            gradient flows through them.

    Source: J. Rolfe, arXiv:1609.02200, the discrete VAE; A. Vahdat et al., arXiv:1802.04920.

    >>> import jax, numpy as np
    >>> from qml.boltzmann.machine import restricted
    >>> machine = restricted(1, 1)
    >>> parameters = Parameters(jnp.zeros(2), jnp.zeros(1))
    >>> ones, mixed = jnp.ones((1, 2)), jnp.array([[0.0, 0.0], [1.0, 0.0]])
    >>> gradient = jax.jit(jax.grad(lambda p: prior_loss(p, machine, ones, mixed)))
    >>> gradient(parameters).biases.tolist()
    [1.0, 2.0]
    """
    dtype = jnp.result_type(float)
    real = 2 * jnp.asarray(latents, dtype) - 1
    drawn = lax.stop_gradient(2 * jnp.asarray(negatives, dtype) - 1)
    return energy(parameters, machine, real).mean() - energy(parameters, machine, drawn).mean()
