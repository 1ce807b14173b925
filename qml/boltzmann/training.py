"""Training a machine by gradients <phi>_data - <phi>_model, phi being spins and coupled products.

What differs is where the second mean comes from: chains that start at the data (contrastive
divergence), chains that go on from step to step (persistent), or the reads of an annealer. None is
exact, and only chains that mix, or an annealer that samples its own temperature, come near.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from annealing import block_gibbs
from qml.boltzmann.machine import Machine, checked_data
from qml.boltzmann.sampling import as_floats, conditional_means, fields_and_couplings
from qml.boltzmann.steps import (
    Monitor,
    Progress,
    Training,
    batches_of,
    check_counts,
    chunk_of,
    falling_sgd,
    graph_of,
    moments_of,
    report,
    updated,
    with_parameters,
)


def train_by_chains(
    machine: Machine,
    x: Any,
    *,
    seed: int = 0,
    persistent: bool = True,
    sweeps: int = 1,
    given_sweeps: int = 10,
    chains: int = 100,
    steps: int = 1000,
    batch_size: int | None = 100,
    optimizer: optax.GradientTransformation | None = None,
    monitor: Monitor | None = None,
    progress: Progress | None = None,
) -> Training:
    """Train by block Gibbs chains of our own: contrastive divergence, or persistent chains.

    Args:
        machine: where to start.
        x: (N, v) of 0 and 1.
        seed: decides batches and chains; the same seed gives the same machine.
        persistent: whether chains go on from step to step, or start at the batch each time.
        sweeps: of the chains between two steps, the k of CD-k.
        given_sweeps: of the hidden units given the data, where these couple to each other.
        chains: persistent ones.
        steps: of the optimiser.
        batch_size: rows a step, drawn with replacement; None takes all of them every step.
        optimizer: any of optax; by default plain descent at 0.02, falling to zero.
            Rates ten times that, and Adam, diverge with persistent chains.
        monitor: called about ten times, such as `lambda m: log_likelihoods(m, x).mean()`.
        progress: called with (steps done, steps).

    Raises:
        ValueError: malformed data, or a number that is not positive.

    Source: G. Hinton, Neural Comput. 14, 1771 (2002); T. Tieleman, ICML 2008.

    >>> from qml.boltzmann.machine import restricted
    >>> done = train_by_chains(restricted(2, 2), [[0, 0], [1, 1]], steps=20, batch_size=None)
    >>> done.mismatch.shape, done.chains.shape
    ((20,), (100, 4))
    """
    check_counts(
        sweeps=sweeps, given_sweeps=given_sweeps, chains=chains, steps=steps, batch_size=batch_size
    )
    data, graph = checked_data(machine, x), graph_of(machine)
    optimizer = falling_sgd(0.02, steps) if optimizer is None else optimizer
    rng, key = np.random.default_rng(seed), jax.random.key(seed)
    parameters = as_floats(machine.parameters)
    start = 2.0 * rng.integers(2, size=(chains, machine.n_units)) - 1
    start = jnp.asarray(start, parameters.biases.dtype)
    carry = (parameters, optimizer.init(parameters), start)
    counts = np.array([sweeps, 1 if machine.hidden_is_free else given_sweeps], np.int32)
    mismatch, monitored = [], []
    chunk = chunk_of(steps, (batch_size or len(data)) * machine.n_units)
    for done in range(0, steps, chunk):
        numbers = np.arange(done, done + chunk, dtype=np.uint32)
        batches = batches_of(machine, data, rng, chunk, batch_size)
        given = key, (numbers, batches), graph, counts
        carry, part = _chain_steps(carry, *given, optimizer, persistent)
        mismatch.append(np.asarray(part))
        machine = with_parameters(machine, carry[0])
        report(machine, done + chunk, steps, monitor, monitored, progress)
    return Training(machine, np.concatenate(mismatch), monitored, chains=np.asarray(carry[2]))


@partial(jax.jit, static_argnames=("optimizer", "persistent"))
def _chain_steps(carry, key, batches, graph, counts, optimizer, persistent):
    def step(carry, now):
        parameters, state, chains = carry
        number, batch = now
        first, later = jax.random.split(jax.random.fold_in(key, number))
        h, J = fields_and_couplings(parameters, graph.rows, graph.cols)
        real = block_gibbs(first, batch.astype(h.dtype), h, J, graph.given, counts[1])
        start = chains if persistent else real
        drawn = block_gibbs(later, start, h, J, graph.every, counts[0])
        model = moments_of(conditional_means(drawn, h, J, graph.free), graph)
        data = moments_of(conditional_means(real, h, J, graph.free), graph)
        parameters, state, size = updated(parameters, state, data, model, optimizer)
        return (parameters, state, drawn if persistent else chains), size

    return jax.lax.scan(step, carry, batches)
