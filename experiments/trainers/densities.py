"""Models of the distribution of bits: Boltzmann machines, and what they stand beside.

A score is the log-probability of an event, in nats, exactly normalised; `mean_score` of a table is
then the mean log-likelihood. Labels are not used.
"""

import time
from functools import partial
from typing import Any

import numpy as np
from scipy.special import logsumexp, xlogy

from annealing import Sampler
from experiments.trainers.trained import Progress, Trained, trained_since

SPREAD = 0.3  # of first couplings; with smaller ones hidden units take long to differ
FLIPS = (0.003, 0.01, 0.03, 0.05, 0.1, 0.2)  # chances of a flipped bit that are tried


def boltzmann_chains(
    x,
    y,
    seed,
    *,
    hidden: int = 12,
    persistent: bool = True,
    sweeps: int = 5,
    steps: int = 1000,
    learning_rate: float = 0.1,
) -> Trained:
    """A restricted machine by contrastive divergence, or by persistent chains."""
    from qml.boltzmann import restricted, train_by_chains
    from qml.boltzmann.steps import falling_sgd

    del y
    start = time.perf_counter()
    machine = restricted(x.shape[1], hidden, seed=seed, spread=SPREAD)
    done = train_by_chains(
        machine,
        x,
        seed=seed,
        persistent=persistent,
        sweeps=sweeps,
        steps=steps,
        optimizer=falling_sgd(learning_rate, steps),
    )
    return _machine(start, done.machine, {}, {})


def boltzmann_annealed(
    x,
    y,
    seed,
    *,
    sampler: Sampler,
    progress: Progress | None = None,
    hidden: int = 12,
    steps: int = 100,
    reads: int = 100,
    learning_rate: float = 0.2,
) -> Trained:
    """A restricted machine by the reads of an annealer, a call a step."""
    from qml.boltzmann import restricted, train_by_annealer
    from qml.boltzmann.steps import falling_sgd

    del y
    start = time.perf_counter()
    done = train_by_annealer(
        restricted(x.shape[1], hidden, seed=seed, spread=SPREAD),
        x,
        sampler=sampler,
        reads=reads,
        seed=seed,
        steps=steps,
        optimizer=falling_sgd(learning_rate, steps),
        progress=progress,
    )
    betas = np.array([] if done.betas is None else done.betas[:, 0])
    told = {"sampler": {"sampler": type(sampler).__name__, "simulated": True}}
    told |= {"median_beta": float(np.median(betas))}
    return _machine(start, done.machine, {"reads": reads * steps}, told)


def bernoulli_rbm(
    x, y, seed, *, hidden: int = 12, epochs: int = 200, learning_rate: float = 0.05
) -> Trained:
    """Scikit-learn's restricted machine, trained by persistent chains."""
    from sklearn.neural_network import BernoulliRBM

    del y
    start = time.perf_counter()
    found = BernoulliRBM(
        hidden, n_iter=epochs, learning_rate=learning_rate, batch_size=20, random_state=seed
    ).fit(x)
    states = (np.arange(2**hidden)[:, None] >> np.arange(hidden)) & 1
    inputs = found.intercept_visible_ + states @ found.components_
    log_z = logsumexp(states @ found.intercept_hidden_ + np.logaddexp(0, inputs).sum(axis=1))

    def score(x: np.ndarray) -> np.ndarray:
        hidden_part = np.logaddexp(0, found.intercept_hidden_ + x @ found.components_.T)
        return x @ found.intercept_visible_ + hidden_part.sum(axis=1) - log_z

    return trained_since(start, score)


def independent_bits(x, y, seed) -> Trained:
    """The trivial distribution: each bit by itself, at its share of ones (plus one of each)."""
    del y, seed
    start = time.perf_counter()
    share = (x.sum(axis=0) + 1) / (len(x) + 2)
    return trained_since(start, lambda x: (xlogy(x, share) + xlogy(1 - x, 1 - share)).sum(axis=1))


def noisy_copies(x, y, seed) -> Trained:
    """Copies of training events with bits flipped at random, as often as held-out events like."""
    del y
    start = time.perf_counter()
    order = np.random.default_rng(seed).permutation(len(x))
    kept, held = x[order[len(x) // 4 :]], x[order[: len(x) // 4]]
    flips = max(FLIPS, key=lambda flips: _copies(kept, flips, held).mean())
    return trained_since(start, partial(_copies, x, flips))


def _copies(known: np.ndarray, flips: float, x: np.ndarray) -> np.ndarray:
    """Log-probabilities (b,) of noisy copies of the known events."""
    differ = x @ (1 - known).T + (1 - x) @ known.T
    logs = xlogy(differ, flips) + xlogy(x.shape[1] - differ, 1 - flips)
    return logsumexp(logs, axis=1) - np.log(len(known))


def _machine(start: float, machine: Any, counts: dict[str, int], told: dict[str, Any]) -> Trained:
    from qml.boltzmann import log_likelihoods, log_partition

    score = partial(log_likelihoods, machine, log_z=log_partition(machine))
    return trained_since(start, score)._replace(counts=counts, info=told)
