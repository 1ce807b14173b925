"""The Boltzmann distribution of a QUBO, p(b) = exp(-beta E(b)) / Z: exact where small, and as read.

A partition function is a sum over all bit strings, but bits that share no coupling sum one by one:
of a layered graph only the smaller half has to be tried, however many bits the other half has.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from annealing.choosing import as_sampler
from annealing.distributions.temperature import effective_beta
from annealing.qubo import BLOCK, Qubo, as_dense, by_blocks, finite, validated
from annealing.samplers.exhaustive import bit_strings
from annealing.samplers.graphs import colouring

MOST_TRIED = 20  # bits of which all states are tried


class Reads(NamedTuple):
    """What an annealer drew: `bits` (r, n), the `beta` they look like, its standard `error`."""

    bits: np.ndarray
    beta: float
    error: float
    info: dict


def log_partition(qubo: Qubo, beta: float = 1.0) -> float:
    """The logarithm of Z = sum over all bit strings of exp(-beta E), exactly.

    Args:
        qubo: at most `MOST_TRIED` = 20 variables beside those of the largest colour of its graph.
        beta: inverse temperature, in the inverse unit of the energies.

    Raises:
        ValueError: more than 20 variables would have to be tried.

    >>> from annealing.qubo import qubo_from_matrix
    >>> round(float(np.exp(log_partition(qubo_from_matrix(np.zeros((3, 3)))))), 9)
    8.0
    """
    return float(log_partitions(qubo, (), np.zeros((1, 0)), beta)[0])


def log_partitions(qubo: Qubo, held: Any, bits: Any, beta: float = 1.0) -> np.ndarray:
    """Logarithms (b,) of the sums of exp(-beta E) over all variables but those that are held.

    Args:
        qubo: at most 20 variables beside the held ones and the largest colour of the others.
        held: variables (m,) that do not change.
        bits: (b, m) of 0 and 1, where they are held.
        beta: inverse temperature, in the inverse unit of the energies.

    Raises:
        ValueError: more than 20 variables would have to be tried; shapes do not fit.

    >>> from annealing.qubo import qubo_from_matrix
    >>> np.exp(log_partitions(qubo_from_matrix([[0.0, 9.0], [0.0, 0.0]]), [0], [[0], [1]])).round(4)
    array([2.    , 1.0001])
    """
    qubo = as_dense(validated(qubo))
    held, bits = np.asarray(held, dtype=int), finite("bits", bits, ndim=2)
    if bits.shape[1] != len(held):
        raise ValueError(f"Argument `bits` must have shape (b, {len(held)}), not {bits.shape}.")
    matrix = beta * (np.asarray(qubo.quadratic) + np.asarray(qubo.quadratic).T)
    summed, tried = _split(matrix, np.setdiff1d(np.arange(qubo.n_variables), held))
    if len(tried) > MOST_TRIED:
        raise ValueError(
            f"Argument `qubo` must leave at most {MOST_TRIED} variables to be tried, but leaves "
            f"{len(tried)}; estimate by annealed importance sampling instead."
        )
    linear = beta * qubo.linear
    pieces = (
        (linear[tried], matrix[np.ix_(held, tried)], matrix[np.ix_(tried, tried)]),
        (linear[summed], matrix[np.ix_(held, summed)], matrix[np.ix_(tried, summed)]),
    )

    def rows(block: np.ndarray) -> np.ndarray:
        inside = ((block @ matrix[np.ix_(held, held)]) * block).sum(axis=1) / 2
        return _log_sums(block, *pieces) - block @ linear[held] - inside

    width = 2 ** len(tried) * (len(summed) + 1)
    return by_blocks(rows, bits, width) - beta * qubo.offset


def _split(matrix: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the variables `free`: those of the most used colour, and the others."""
    rows, cols = np.nonzero(np.triu(matrix[np.ix_(free, free)], 1))
    colour = colouring(len(free), rows, cols)
    largest = colour == np.bincount(colour, minlength=1).argmax()
    return free[largest], free[~largest]


def _log_sums(held: np.ndarray, tried: tuple, summed: tuple) -> np.ndarray:
    """Log of the sums over all states of the tried bits, in blocks of states; (b,)."""
    (a, to_tried, among), (c, to_summed, between) = tried, summed
    step = max(1, BLOCK // (len(held) * (len(c) + 1)))
    totals = np.full(len(held), -np.inf)
    for start in range(0, 2 ** len(a), step):
        numbers = np.arange(start, min(start + step, 2 ** len(a)))
        states = bit_strings(numbers, len(a)).astype(float)
        energies = states @ a + ((states @ among) * states).sum(axis=1) / 2
        fields = c + (held @ to_summed)[:, None] + states @ between
        logs = np.logaddexp(0, -fields).sum(axis=2) - energies - (held @ to_tried) @ states.T
        totals = np.logaddexp(totals, logsumexp(logs, axis=1))
    return totals


def moments(qubo: Qubo, beta: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Exact means (n,) of the spins 2 b - 1 and of their products (n, n), at exp(-beta E).

    Args:
        qubo: at most 20 variables.
        beta: inverse temperature, in the inverse unit of the energies.

    Raises:
        ValueError: more than 20 variables.

    >>> from annealing.ising import qubo_from_ising
    >>> means, pairs = moments(qubo_from_ising([0.0, 0.0], {(0, 1): -1.0}))
    >>> means.round(4), pairs[0, 1].round(4), np.tanh(1).round(4)
    (array([0., 0.]), np.float64(0.7616), np.float64(0.7616))
    """
    qubo, n = validated(qubo), qubo.n_variables
    if n > MOST_TRIED:
        raise ValueError(
            f"Argument `qubo` must have at most {MOST_TRIED} variables, but has {n}; use block "
            "Gibbs chains instead."
        )
    log_z = log_partition(qubo, beta)
    means, pairs = np.zeros(n), np.zeros((n, n))
    for numbers in np.array_split(np.arange(2**n), max(1, 2**n // 2**16)):
        bits = bit_strings(numbers, n)
        chance, spins = np.exp(-beta * qubo.energy(bits) - log_z), 2.0 * bits - 1
        means += chance @ spins
        pairs += (spins * chance[:, None]).T @ spins
    return means, pairs


def boltzmann_reads(
    qubo: Qubo, sampler: Any = None, *, reads: int, seed: int, scale: float = 1.0
) -> Reads:
    """Draw from an annealer as from exp(-beta E), and say which beta it was.

    Args:
        qubo: the problem whose energies beta refers to.
        sampler: as of `as_sampler`; one that neither polishes its reads nor drops any.
        reads: samples asked for.
        seed: decides them.
        scale: what the energies are multiplied with on their way to the annealer. An annealer of
            fixed temperature, as hardware without auto-scaling, gives scale times the beta.

    Returns:
        the reads, each as often as it occurred, with `effective_beta` of them for `qubo` itself.

    Raises:
        ValueError, TypeError: what the sampler refuses; a problem of zeros has no temperature.

    >>> from annealing.qubo import qubo_from_matrix
    >>> from annealing.on_dimod import SimulatedAnnealing
    >>> thermal = SimulatedAnnealing(sweeps=20, beta_range=(0.1, 1.0))
    >>> drawn = boltzmann_reads(qubo_from_matrix([[1.0]]), thermal, reads=2000, seed=0, scale=2.0)
    >>> drawn.bits.shape, abs(drawn.beta - 2.0) < 3 * drawn.error
    ((2000, 1), True)
    """
    couplings = qubo.quadratic
    scaled = (
        scale * couplings
        if isinstance(couplings, np.ndarray)
        else couplings._replace(values=scale * couplings.values)
    )
    asked = Qubo(scale * qubo.linear, scaled, scale * qubo.offset)
    samples = as_sampler(sampler).sample(asked, reads=reads, seed=seed)
    beta, error = effective_beta(qubo, samples.bits, samples.occurrences)
    bits = np.repeat(samples.bits, samples.occurrences, axis=0)
    return Reads(bits, beta, error, samples.info)
