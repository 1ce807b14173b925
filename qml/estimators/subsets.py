"""Training events dealt into subsets that are small enough for one QUBO each."""

import numpy as np


def deal(y: np.ndarray, most: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of each subset: as few subsets as can be, with equal shares of both classes.

    Args:
        y: labels (N,) of 0 and 1.
        most: events of one subset.
        rng: decides who is where.

    Raises:
        ValueError: no event at all has room.

    Example:
        >>> hands = deal(np.array([0, 0, 1, 0, 0, 1]), 3, np.random.default_rng(0))
        >>> [np.sort(hand).size for hand in hands], sorted(np.concatenate(hands).tolist())
        ([3, 3], [0, 1, 2, 3, 4, 5])
    """
    if most < 1:
        raise ValueError(
            "Argument `max_variables` must leave room for one event; raise it, or lower `bits`."
        )
    hands = -(-len(y) // most)
    shuffled = rng.permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    return [by_class[hand::hands] for hand in range(hands)]
