"""How likely a machine finds data: exactly where it is small, else by annealed importance sampling.

    log p(v) = log sum_h exp(-E(v, h)) - log Z

The first term is exact wherever hidden units do not couple much among themselves; log Z is the hard
one, and any error of it shifts all log-likelihoods of a machine alike.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing import block_gibbs, colour_blocks, log_partitions
from annealing import log_partition as log_partition_of
from qml.boltzmann.machine import Machine, checked_data, to_qubo
from qml.boltzmann.sampling import model_arrays
from qml.boltzmann.steps import check_counts

LN2 = float(np.log(2))


class Estimate(NamedTuple):
    """`log_partition`, its standard `error`, and the `log_weights` (r,) of the runs."""

    log_partition: float
    error: float
    log_weights: np.ndarray


def log_partition(machine: Machine) -> float:
    """The logarithm of Z by trying all states of the smaller layer, or of what couples.

    Raises:
        ValueError: more than 20 units would have to be tried.

    >>> from qml.boltzmann.machine import restricted
    >>> round(log_partition(restricted(3, 50, spread=0.0)) / LN2, 9)
    53.0
    """
    return log_partition_of(to_qubo(machine))


def log_likelihoods(machine: Machine, x: Any, log_z: float | None = None) -> np.ndarray:
    """Log-probabilities (b,) of data, in nats.

    Args:
        machine: the model.
        x: (b, v) of 0 and 1.
        log_z: logarithm of the partition function; by default `log_partition`, exactly.

    Raises:
        ValueError: malformed data, or a machine too large for what is left to be exact.

    >>> from qml.boltzmann.machine import restricted
    >>> (log_likelihoods(restricted(2, 1, spread=0.0), [[0, 1]]) / LN2).round(9)
    array([-2.])
    """
    log_z = log_partition(machine) if log_z is None else log_z
    bits = (checked_data(machine, x) + 1) // 2
    return log_partitions(to_qubo(machine), machine.visible, bits) - log_z


def annealed_importance_sampling(
    machine: Machine,
    *,
    key: jax.Array,
    x: Any = None,
    runs: int = 100,
    temperatures: int = 1000,
) -> Estimate:
    """Estimate log Z by runs of block Gibbs chains from independent units to the machine.

    The weights' mean is Z over that of the start without bias, so its logarithm errs low on
    average. One colour of the units is summed over rather than drawn.

    Args:
        machine: the model, of any size.
        key: decides the draws.
        x: (N, v) data whose means the visible units of the start have, which is nearer than the
            start without it, where all units are fair.
        runs: independent ones; the error falls with their square root.
        temperatures: distributions from start to machine, one sweep each.

    Returns:
        the estimate; its `error` is that of the logarithm of the weights' mean, to first order.
        Where a few weights dominate, or no run found a valley, it is too small.

    Raises:
        ValueError: malformed data, or a number that is not positive.

    Source: R. Salakhutdinov, I. Murray, On the quantitative analysis of deep belief networks, ICML
    2008; R. Neal, Stat. Comput. 11, 125 (2001).

    >>> from qml.boltzmann.machine import restricted
    >>> machine = restricted(4, 3, seed=1, spread=1.0)
    >>> found = annealed_importance_sampling(machine, key=jax.random.key(0))
    >>> abs(found.log_partition - log_partition(machine)) < 3 * found.error
    True
    """
    check_counts(runs=runs, temperatures=temperatures)
    h, J = model_arrays(machine)
    base = np.zeros(machine.n_units)
    if x is not None:
        spins = checked_data(machine, x)
        base[machine.visible] = -np.arctanh(spins.sum(axis=0) / (len(spins) + 2))
    blocks = colour_blocks(machine.n_units, machine.rows, machine.cols)
    largest = max(range(len(blocks)), key=lambda c: len(blocks[c][0]))
    summed = blocks[largest][0]
    drawn = np.setdiff1d(np.arange(machine.n_units), summed).astype(np.int32)
    start = jnp.asarray(base, h.dtype)
    betas = jnp.asarray(np.linspace(0, 1, temperatures + 1), h.dtype)
    logs = np.asarray(_log_weights(key, start, h, J, blocks, (drawn, summed), betas, runs))
    weights = np.exp(logs - logs.max())
    free = np.logaddexp(base, -base).sum()
    log_z = float(free + logs.max() + np.log(weights.mean()))
    error = float(weights.std(ddof=1) / weights.mean() / np.sqrt(runs)) if runs > 1 else np.inf
    return Estimate(log_z, error, logs)


@partial(jax.jit, static_argnames="runs")
def _log_weights(key, base, h, J, blocks, parts, betas, runs):
    """Logarithms (runs,) of the importance weights, from fields `base` without couplings."""
    first, key = jax.random.split(key)
    noise = jax.random.uniform(first, (runs, len(h)), h.dtype)
    spins = jnp.where(noise < jax.nn.sigmoid(-2 * base), 1, -1).astype(h.dtype)

    def at(beta):
        return base + beta * (h - base), beta * J

    def step(carry, now):
        spins, logs = carry
        k, before, beta = now
        gained = _log_marginal(spins, *at(beta), *parts) - _log_marginal(spins, *at(before), *parts)
        spins = block_gibbs(jax.random.fold_in(key, k), spins, *at(beta), blocks)
        return (spins, logs + gained), None

    count = jnp.arange(len(betas) - 1, dtype=jnp.int32)
    start = (spins, jnp.zeros(runs, h.dtype))
    return lax.scan(step, start, (count, betas[:-1], betas[1:]))[0][1]


def _log_marginal(spins, h, J, drawn, summed):
    """Log of the unnormalised probability (r,) of the `drawn` spins, `summed` being summed over."""
    own = spins[:, drawn]
    inside = ((own @ J[drawn[:, None], drawn]) * own).sum(axis=1) / 2
    fields = h[summed] + own @ J[drawn[:, None], summed]
    return jnp.logaddexp(fields, -fields).sum(axis=1) - own @ h[drawn] - inside
