"""Splitting a categorical feature in a decision tree: which categories go left?

    gain(b) = |S|^2 / (F (1 - F)),          loss(b) = ratio F (1 - F) - |S|^2,
    F = share of events that go left,       S = mean over all events of left_n (y_n - mean y)

The gain is the drop of the variance of the targets, or of Gini's impurity where they are columns of
0 and 1, one a class. A fraction is no QUBO, but some split gains more than `ratio` exactly where
the loss can be negative; Dinkelbach's method sets the ratio to the best gain found and repeats,
which ends at the best split. In the form of arXiv:2605.06528; QUBOs for other splits of regression
trees are in arXiv:2303.09772.

With one column of targets, or two classes, sorting the categories by their means finds the best
split at once (Fisher, J. Am. Stat. Assoc. 53, 789 (1958)): then no annealer is needed. With three
classes or more no such order is known. b and its complement are the same split.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import binary
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks, finite


def tree_split(categories: Any, targets: Any, *, ratio: float = 0.0) -> Problem:
    """The problem of a split that gains more than `ratio`.

    Args:
        categories: (N,), counted from 0.
        targets: (N,) numbers, or (N, c) columns, such as ones where an event is of a class.
        ratio: gain to surpass; 0 finds the greatest |S|, a start.

    Returns:
        A problem of `tree_split_variables(k)` variables for k categories; the parameters (k,) are 1
        where a category goes left.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = tree_split([0, 0, 1, 2], [0.0, 0.0, 3.0, 5.0])
    >>> split_gain([0, 0, 1, 2], [0.0, 0.0, 3.0, 5.0], [0, 1, 1])
    4.0
    >>> problem.loss([[0, 1, 1], [1, 0, 0], [1, 1, 1]])
    array([-1., -1.,  0.])
    """
    place, Y = _checked(categories, targets)
    ratio = float(finite("ratio", ratio))
    if ratio < 0:
        raise ValueError(f"Argument `ratio` must not be negative, but is ratio={ratio}.")
    k = int(place.max()) + 1
    shares = np.bincount(place, minlength=k) / len(place)
    sums = np.stack([np.bincount(place, y, minlength=k) for y in Y.T], axis=1) / len(place)
    problem = quadratic_problem(
        -ratio * np.outer(shares, shares) - sums @ sums.T,
        ratio * shares,
        0.0,
        binary(k),
        loss=partial(_loss, place, Y, ratio),
        name="tree_split",
        details={"events": len(place), "ratio": ratio},
    )
    return problem._replace(relaxed=None)  # not convex: a local minimum would say nothing


def tree_split_variables(k: int) -> int:
    """Variables of `tree_split` for k categories: one each.

    >>> tree_split_variables(7)
    7
    """
    return k


def split_gain(categories: Any, targets: Any, left: Any) -> float:
    """Drop of the targets' variance, summed over columns, by the split `left` (k,) of 0 and 1.

    It is 0 where all events go to one side. Arguments else as of `tree_split`.

    >>> round(split_gain([0, 1, 2], [1.0, 1.0, 4.0], [1, 1, 0]), 6)
    2.0
    """
    place, Y = _checked(categories, targets)
    goes = np.asarray(left)[place] > 0
    if goes.all() or not goes.any():
        return 0.0
    share = goes.mean()
    return float((Y[goes].sum(axis=0) ** 2).sum() / len(Y) ** 2 / (share * (1 - share)))


def _checked(categories: Any, targets: Any) -> tuple[np.ndarray, np.ndarray]:
    """Categories (N,) and centred targets (N, c)."""
    place, Y = np.asarray(categories), finite("targets", targets)
    if place.ndim != 1 or len(place) == 0 or Y.shape[:1] != place.shape or Y.ndim > 2:
        raise ValueError(
            f"Arguments `categories` and `targets` must have shapes (N,) and (N,) or (N, c) with "
            f"N > 0, but have {place.shape} and {Y.shape}."
        )
    if place.dtype.kind not in "iu" or place.min() < 0:
        raise ValueError("Argument `categories` must hold ints from 0 on, but holds others.")
    Y = Y.reshape(len(Y), -1)
    return place, Y - Y.mean(axis=0)


def _loss(place: np.ndarray, Y: np.ndarray, ratio: float, left: Any) -> Any:
    """The loss of splits (..., k), from the events themselves."""

    def rows(t: np.ndarray) -> np.ndarray:
        goes = t[:, place]
        share = goes.mean(axis=1)
        return ratio * share * (1 - share) - ((goes @ Y / len(Y)) ** 2).sum(axis=1)

    return by_blocks(rows, np.asarray(left, dtype=float), len(place))
