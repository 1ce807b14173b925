"""Encodings of a choice among any levels, with the constraint that makes bits such a choice.

One-hot and domain-wall words are few of all words, so each encoding comes with a QUBO that is 0
on them and at least 1 elsewhere, made for `annealing.constrained`.
"""

from typing import Any

import numpy as np

from annealing.encodings.affine import Encoding, block_diagonal
from annealing.qubo import Qubo, finite, qubo_from_terms


def one_hot(p: int, levels: Any) -> tuple[Encoding, Qubo]:
    """`p` parameters on any `levels`, one bit a level, exactly one of which is 1.

    Args:
        p: number of parameters.
        levels: (k,) of all parameters, or (p, k) of each.

    Returns:
        the encoding of p * k variables, and the constraint on them: the sum over parameters of
        (number of ones - 1)^2.

    >>> encoding, constraint = one_hot(1, [-1.0, 0.0, 5.0])
    >>> encoding.decode([0, 0, 1]), constraint.energy([[0, 0, 1], [0, 0, 0], [1, 1, 1]])
    (array([5.]), array([0., 1., 4.]))
    """
    levels = _checked_levels(p, levels)
    k = levels.shape[1]
    encoding = Encoding(np.zeros(p), block_diagonal(levels), np.eye(k, dtype=np.uint8))
    return encoding, exactly_one(p, k)


def domain_wall(p: int, levels: Any) -> tuple[Encoding, Qubo]:
    """`p` parameters on any `levels`, one bit less than levels: ones, a wall, zeros.

    Level l is written by l ones. Chancellor, arXiv:1903.05068: fewer bits than one-hot, and the
    constraint couples neighbours in a chain instead of all pairs.

    Args:
        p: number of parameters.
        levels: (k + 1,) of all parameters, or (p, k + 1) of each.

    Returns:
        the encoding of p * k variables, and the constraint on them: the number of bits that are 1
        after a bit that is 0.

    >>> encoding, constraint = domain_wall(1, [-1.0, 0.0, 5.0])
    >>> encoding.decode([[0, 0], [1, 0], [1, 1]]).ravel(), constraint.energy([[1, 0], [0, 1]])
    (array([-1.,  0.,  5.]), array([0., 1.]))
    """
    levels = _checked_levels(p, levels)
    k = levels.shape[1] - 1
    words = np.tri(k + 1, k, -1, dtype=np.uint8)
    chain = np.diag(np.r_[0.0, np.ones(k - 1)]) - np.eye(k, k=1)
    encoding = Encoding(levels[:, 0].copy(), block_diagonal(np.diff(levels)), words)
    return encoding, side_by_side(chain, p)


def exactly_one(count: int, k: int) -> Qubo:
    """The constraint that each of `count` neighbouring blocks of k bits holds exactly one 1.

    >>> exactly_one(2, 2).energy([[1, 0, 0, 1], [1, 1, 0, 1], [1, 1, 0, 0]])
    array([0., 1., 2.])
    """
    return side_by_side(np.ones((k, k)) - 2 * np.eye(k), count, offset=count)


def side_by_side(matrix: Any, count: int, offset: float = 0.0) -> Qubo:
    """The QUBO of `count` copies of b.matrix.b, each on k variables of its own, plus `offset`.

    >>> side_by_side([[0.0, 1.0], [0.0, 0.0]], 2).energy([[1, 1, 1, 1], [1, 0, 1, 1]])
    array([2., 1.])
    """
    matrix = np.asarray(matrix, dtype=float)
    rows, cols = np.nonzero(matrix)
    first = len(matrix) * np.arange(count)[:, None]
    terms = (first + rows).ravel(), (first + cols).ravel(), np.tile(matrix[rows, cols], count)
    return qubo_from_terms(terms, len(matrix) * count, offset)


def _checked_levels(p: int, levels: Any) -> np.ndarray:
    """(p, k) of at least two levels."""
    levels = finite("levels", levels)
    if p < 1 or levels.ndim not in (1, 2) or levels.shape[:-1] not in ((), (p,)):
        raise ValueError(
            f"Argument `levels` must have shape (k,) or {(p, 'k')}, but has {levels.shape}."
        )
    if levels.shape[-1] < 2:
        raise ValueError(f"Argument `levels` must hold at least two, but has {levels.shape}.")
    return np.broadcast_to(levels, (p, levels.shape[-1]))
