"""Non-negative matrix factorisation with a binary factor, alternating with an annealer.

    V ~ W H,        W >= 0, H of 0 and 1

With W held, each column of H is a QUBO; with H held, each row of W is a non-negative least squares
problem, solved exactly. In the form of O'Malley et al., PLoS ONE 13, e0206653 (2018). It ends in a
local minimum that depends on the start; print scikit-learn's `NMF` beside, whose H is not binary.
"""

from typing import Any, NamedTuple

import numpy as np

from annealing import as_sampler, binary_factorization


class Factorized(NamedTuple):
    """Outcome of `factorize`: `W` (f, rank), `H` (rank, m), and |V - W H|^2 after each sweep."""

    W: np.ndarray
    H: np.ndarray
    losses: np.ndarray


def factorize(
    V: Any,
    rank: int,
    sampler: Any = None,
    *,
    starts: int = 5,
    sweeps: int = 20,
    reads: int = 20,
    seed: int = 0,
) -> Factorized:
    """Factorise a non-negative matrix into a non-negative and a binary one.

    A sweep keeps an old column of H where the annealer found none better, so the loss never rises;
    it ends early where it no longer falls.

    Args:
        V: (f, m), not negative; m QUBOs a sweep.
        rank: columns of W, variables of each QUBO.
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        starts: the best of so many is returned; each ends in a local minimum.
        sweeps: at most, of each start.
        reads: answers asked for each column.
        seed: decides the start and the annealer's draws.

    Raises:
        ValueError: a negative V, or a number below 1.

    Example:
        >>> V = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 2.0]])
        >>> found = factorize(V, 2, "Exhaustive")
        >>> (found.W @ found.H).round(6)
        array([[1., 0., 1.],
               [0., 2., 2.]])
    """
    V = np.asarray(V, dtype=float)
    if V.ndim != 2 or V.size == 0 or not np.isfinite(V).all() or (V < 0).any():
        raise ValueError(f"Argument `V` must be a finite (f, m), not negative, has {V.shape}.")
    for name, value in {"rank": rank, "starts": starts, "sweeps": sweeps}.items():
        if value < 1:
            raise ValueError(f"Argument `{name}` must be a positive int, but is {name}={value}.")
    sampler, rng = as_sampler(sampler), np.random.default_rng(seed)
    found = [_alternate(V, rank, sampler, sweeps, reads, rng) for _ in range(starts)]
    return min(found, key=lambda each: each.losses[-1])


def _alternate(V, rank: int, sampler, sweeps: int, reads: int, rng) -> Factorized:
    """One start, at random columns with the mean of V."""
    W = 4 * V.mean(axis=1, keepdims=True) / rank * rng.uniform(size=(len(V), rank))
    H = np.zeros((rank, V.shape[1]))
    losses: list[float] = []
    for _ in range(sweeps):
        columns = zip(V.T, H.T, strict=True)
        H = np.column_stack([_column(W, v, h, sampler, reads, rng) for v, h in columns])
        W = _basis(V, H)
        losses.append(float(((V - W @ H) ** 2).sum()))
        if len(losses) > 1 and losses[-1] >= losses[-2]:
            break
    return Factorized(W, H, np.array(losses))


def _column(W, v, before, sampler, reads: int, rng: np.random.Generator) -> np.ndarray:
    """The best column (rank,) of 0 and 1 for target v (f,): the annealer's, or the one before."""
    problem = binary_factorization(W, v)
    samples = sampler.sample(problem.qubo, reads=reads, seed=int(rng.integers(2**31 - 1)))
    found = problem.decode(samples.bits[0])
    return found if problem.loss(found) < problem.loss(before) else before


def _basis(V: np.ndarray, H: np.ndarray) -> np.ndarray:
    """The non-negative W (f, rank) nearest to V = W H, row by row."""
    from scipy.optimize import nnls

    return np.array([nnls(H.T, row)[0] for row in V])
