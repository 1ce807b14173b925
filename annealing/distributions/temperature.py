"""The temperature that samples look like: what an annealer's reads need before they train anything.

A machine samples roughly exp(-beta E) with a beta that is not told and that differs from problem to
problem. Given all other bits, a bit of such a sample follows a logistic law of beta alone, which
needs no partition function: the beta under which these laws explain the reads best is found.
"""

from typing import Any

import numpy as np
from scipy.optimize import root_scalar
from scipy.special import expit

from annealing.ising import qubo_to_ising
from annealing.qubo import Coo, Qubo, finite, validated

MOST = 2.0**60  # of beta, in the inverse unit of the median energy step


def effective_beta(qubo: Qubo, bits: Any, occurrences: Any = None) -> tuple[float, float]:
    """The inverse temperature of samples of `qubo`, and its standard error.

    Maximum pseudo-likelihood, with the error of independent reads from the spread of their scores
    (the sandwich formula), which holds whether or not the reads follow exp(-beta E).

    Args:
        qubo: the problem; beta is in the inverse unit of its energies.
        bits: reads (r, n) of 0 and 1, as drawn; `Samples.bits` of a sampler that neither polishes
            its reads nor drops any.
        occurrences: (r,) how often each row was read, as `Samples.occurrences`; once by default.

    Returns:
        (beta, standard error). Where no read has a bit that its neighbours oppose, nothing bounds
        beta: (inf, inf); where none has a bit that they favour, (-inf, inf).

    Raises:
        ValueError: shapes do not fit, or every bit is free in every read, so that any beta would
            do.

    Limits: it sees single flips only. Reads that sit in different valleys in wrong proportions,
    as those of annealers do, are colder by this measure than they are as a whole.

    Source:
        J. Besag, J. R. Stat. Soc. D 24, 179 (1975), the estimator; J. Raymond, S. Yarkoni,
        E. Andriyash, Front. ICT 3, 23 (2016), for annealers.

    >>> from annealing.qubo import qubo_from_matrix
    >>> free = qubo_from_matrix([[1.0]])  # a bit costs 1: three of four reads are 0 at ln 3
    >>> beta, error = effective_beta(free, [[0], [1]], occurrences=[75, 25])
    >>> round(beta, 4), round(error, 4)
    (1.0986, 0.2309)
    """
    qubo = validated(qubo)
    bits = np.asarray(bits)
    qubo.energy(bits)  # refuses what is not reads of this problem
    reads = _weights(bits, occurrences)
    steps = flip_costs(qubo, bits)[reads > 0]
    return _root(steps, reads[reads > 0])


def flip_costs(qubo: Qubo, bits: np.ndarray) -> np.ndarray:
    """What each flip of one bit would cost, (r, n) for reads `bits` (r, n).

    >>> from annealing.qubo import qubo_from_matrix
    >>> flip_costs(qubo_from_matrix([[1.0, 2.0], [0.0, 0.0]]), np.array([[0, 1]]))
    array([[ 3., -0.]])
    """
    h, J, _ = qubo_to_ising(qubo)
    spins = 2.0 * np.asarray(bits) - 1
    return -2 * spins * (h + spins @ _symmetric(J, len(h)))


def _symmetric(J: np.ndarray | Coo, n: int) -> Any:
    if not isinstance(J, Coo):
        return J + J.T
    from scipy.sparse import coo_array

    upper = coo_array((J.values, (J.rows, J.cols)), shape=(n, n)).tocsr()
    return upper + upper.T


def _weights(bits: np.ndarray, occurrences: Any) -> np.ndarray:
    if bits.ndim != 2:
        raise ValueError(f"Argument `bits` must have 2 axes, but has shape {bits.shape}.")
    if occurrences is None:
        return np.ones(len(bits))
    reads = finite("occurrences", occurrences, ndim=1)
    if len(reads) != len(bits) or (reads < 0).any():
        raise ValueError(
            f"Argument `occurrences` must be one count of at least 0 for each of the {len(bits)} "
            f"reads, but has shape {reads.shape}."
        )
    return reads


def _root(steps: np.ndarray, reads: np.ndarray) -> tuple[float, float]:
    """Where the score of the pseudo-likelihood is zero; it falls with beta.

    A bit keeps its state with probability expit(beta * step) given the others, so that a read's
    score, the derivative of its log, is sum_i step_i * expit(-beta * step_i).
    """
    sizes = np.abs(steps[steps != 0])
    if not len(sizes):
        raise ValueError(
            "Argument `bits` must have a bit that is not free, but every flip costs nothing: any "
            "beta would do."
        )
    if (steps >= 0).all():
        return np.inf, np.inf
    if (steps <= 0).all():
        return -np.inf, np.inf

    def scores(beta: float) -> np.ndarray:
        return (steps * expit(-beta * steps)).sum(axis=1)

    beta = _bracketed(lambda beta: reads @ scores(beta), 1 / np.median(sizes))
    chance = expit(beta * steps)
    curvature = reads @ (steps**2 * chance * (1 - chance)).sum(axis=1)
    return beta, float(np.sqrt(reads @ scores(beta) ** 2) / curvature)


def _bracketed(falling: Any, unit: float) -> float:
    """The root of a falling function, sought in ever larger multiples of `unit`."""
    side = 1.0 if falling(0.0) > 0 else -1.0
    end = unit
    while side * falling(side * end) > 0 and end < MOST * unit:
        end *= 2
    low, high = sorted((0.0, side * end))
    return float(root_scalar(falling, bracket=(low, high), xtol=1e-12 * unit).root)
