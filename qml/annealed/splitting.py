"""The best split of a categorical feature, by Dinkelbach's method over an annealer.

    ratio <- gain of the best split found,          until no split gains more than the ratio

Each round is one QUBO of `annealing.tree_split`. Where all are solved exactly the end is the best
split; an annealer ends at the first round in which it finds nothing better.
"""

from typing import Any, NamedTuple

import numpy as np

from annealing import as_sampler, split_gain, tree_split


class Split(NamedTuple):
    """Outcome of `split_categories`: `left` (k,), its gain, and the gain after each round."""

    left: np.ndarray
    gain: float
    gains: np.ndarray


def split_categories(
    categories: Any,
    targets: Any,
    sampler: Any = None,
    *,
    rounds: int = 20,
    reads: int = 20,
    seed: int = 0,
) -> Split:
    """Find the categories that should go left.

    With one column of targets, or two classes, sorting categories by their means is exact and
    instant; this is for more.

    Args:
        categories: (N,), counted from 0.
        targets: (N,) or (N, c), as of `annealing.tree_split`.
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        rounds: QUBOs at most; a handful is enough.
        reads: answers asked of each.
        seed: decides the annealer's draws.

    Raises:
        ValueError: what `tree_split` refuses, or no round.

    Example:
        >>> split = split_categories([0, 1, 2, 3], np.eye(3)[[0, 1, 1, 2]], "Exhaustive")
        >>> split.gain, len(set(split.left[1:3]))
        (0.375, 1)
    """
    if rounds < 1:
        raise ValueError(f"Argument `rounds` must be a positive int, but is rounds={rounds}.")
    sampler, rng = as_sampler(sampler), np.random.default_rng(seed)
    left, gains = np.zeros(0), [0.0]
    for _ in range(rounds):
        problem = tree_split(categories, targets, ratio=gains[-1])
        samples = sampler.sample(problem.qubo, reads=reads, seed=int(rng.integers(2**31 - 1)))
        found = problem.decode(samples.bits[0])
        gain = split_gain(categories, targets, found)
        if not len(left) or gain > gains[-1]:
            left = found
        if gain <= gains[-1] * (1 + 1e-12):
            break
        gains.append(gain)
    return Split(left, gains[-1], np.array(gains[1:]))
