"""Training a machine by the reads of an annealer, whose temperature is not told."""

from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from annealing import Sampler, SimulatedAnnealing, block_gibbs, boltzmann_reads
from qml.boltzmann.machine import Machine, Parameters, checked_data, to_qubo
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

THERMAL = SimulatedAnnealing(sweeps=100, beta_range=(0.1, 1.0))  # samples at beta = 1, not minima


def train_by_annealer(
    machine: Machine,
    x: Any,
    *,
    sampler: Sampler | Any = None,
    reads: int = 100,
    seed: int = 0,
    given_sweeps: int = 10,
    steps: int = 100,
    batch_size: int | None = 100,
    optimizer: optax.GradientTransformation | None = None,
    monitor: Monitor | None = None,
    progress: Progress | None = None,
) -> Training:
    """Train by the reads of an annealer, one call a step, told at which temperature to read.

    Reads look like exp(-beta E) with an unknown beta. It is estimated at every step, and the
    energies of the next are scaled so that beta becomes 1. That works where the sampler has a fixed
    temperature: switch automatic scaling off, and do not let it polish its reads. Where it has not,
    `betas` stay away from 1, and the machine learnt is not the distribution that was sampled.

    Args:
        machine: where to start; on an annealer's own graph (`on_graph`) no chains are needed.
        x, seed, given_sweeps, batch_size, optimizer, monitor, progress: as of `train_by_chains`.
        sampler: as of `annealing.as_sampler`; None anneals in software to beta = 1.
        reads: a step.
        steps: of the optimiser.

    Raises:
        ValueError, TypeError: malformed data, or what the sampler refuses.

    Source: J. Raymond, S. Yarkoni, E. Andriyash, Front. ICT 3, 23 (2016), of temperatures; M.
    Benedetti et al., Phys. Rev. A 94, 022308 (2016), of learning with them.

    >>> from qml.boltzmann.machine import restricted
    >>> done = train_by_annealer(restricted(2, 1, spread=0.5), [[0, 0], [1, 1]], steps=5, reads=50)
    >>> done.betas.shape
    (5, 2)
    """
    check_counts(given_sweeps=given_sweeps, steps=steps, batch_size=batch_size)
    data, graph = checked_data(machine, x), graph_of(machine)
    sampler = THERMAL if sampler is None else sampler
    optimizer = falling_sgd(0.02, steps) if optimizer is None else optimizer
    rng, key = np.random.default_rng(seed), jax.random.key(seed)
    parameters = as_floats(machine.parameters)
    state, scale = optimizer.init(parameters), 1.0
    sweeps = np.int32(1 if machine.hidden_is_free else given_sweeps)
    betas, mismatch, monitored = [], [], []
    for k in range(steps):
        draw = int(rng.integers(2**31 - 1))
        drawn = boltzmann_reads(to_qubo(machine), sampler, reads=reads, seed=draw, scale=scale)
        model = as_floats(_moments_of_reads(machine, drawn.bits))
        batch = batches_of(machine, data, rng, 1, batch_size)[0]
        given = key, np.uint32(k), batch, model, graph, sweeps
        parameters, state, size = _annealed_step(parameters, state, *given, optimizer)
        machine = with_parameters(machine, parameters)
        betas.append((drawn.beta, drawn.error))
        mismatch.append(float(size))
        scale = next_scale(scale, drawn.beta, drawn.error)
        if (k + 1) % chunk_of(steps) == 0:
            report(machine, k + 1, steps, monitor, monitored, progress)
    return Training(machine, np.array(mismatch), monitored, betas=np.array(betas))


def _moments_of_reads(machine: Machine, bits: np.ndarray) -> Parameters:
    """Of as many reads as there are, on the host: their number may change from call to call."""
    spins = 2.0 * bits - 1
    pairs = spins.T @ spins / len(spins)
    return Parameters(spins.mean(axis=0), pairs[machine.rows, machine.cols])


def next_scale(scale: float, beta: float, error: float) -> float:
    """What to multiply energies with, after reads at `beta` of energies multiplied with `scale`.

    Half the way (in logarithms) to beta = 1, at most a factor of two, and only where beta is known
    to a fifth; reads without any excitation are too cold for sure.

    >>> next_scale(1.0, 4.0, 0.1), next_scale(1.0, 4.0, 2.0), next_scale(1.0, np.inf, np.inf)
    (0.5, 1.0, 0.5)
    """
    if beta == np.inf:
        return max(scale / 2, 1e-3)
    if not error < beta / 5:
        return scale
    return float(np.clip(scale * np.clip(beta**-0.5, 0.5, 2.0), 1e-3, 1e3))


@partial(jax.jit, static_argnames="optimizer")
def _annealed_step(parameters, state, key, number, batch, model, graph, sweeps, optimizer):
    key = jax.random.fold_in(key, number)
    h, J = fields_and_couplings(parameters, graph.rows, graph.cols)
    real = block_gibbs(key, batch.astype(h.dtype), h, J, graph.given, sweeps)
    data = moments_of(conditional_means(real, h, J, graph.free), graph)
    return updated(parameters, state, data, model, optimizer)
