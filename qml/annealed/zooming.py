"""Precision without more bits: a box of few levels that shrinks around its last answer.

    theta = centre +- width,        centre <- answer,        width <- shrink * width

Each round is a QUBO of the same, small size, and the levels of all rounds together are as fine as
one likes: `rounds` rounds of one bit that halve the box tell 2**rounds levels of a parameter apart.
Zlokapa et al., arXiv:1908.04480, zoom into the weights of a boosted ensemble (QAML-Z), and
iterative least squares, arXiv:2505.02788, into coefficients. A round cannot take back what the
rounds after it are too narrow to reach, so the end need not be the minimum over all levels.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from annealing import Problem


class Zoomed(NamedTuple):
    """Outcome of `zoom`: `params` (p,) of the least loss met, and every round's steps.

    `answers` (rounds, p), their `losses` (rounds,), and `widths` (rounds, p) they were found in.
    """

    params: np.ndarray
    answers: np.ndarray
    losses: np.ndarray
    widths: np.ndarray


def zoom(
    make_problem: Callable[[np.ndarray, np.ndarray], Problem],
    minimise: Callable[[Problem], np.ndarray],
    centre: Any,
    width: Any,
    *,
    rounds: int = 8,
    shrink: float = 0.5,
) -> Zoomed:
    """Minimise a loss in a box that shrinks around the last answer.

    Args:
        make_problem: from the centre (p,) and half the width (p,) of a box to the problem of the
            same loss on levels in that box.
        minimise: from a problem to its answer (p,), by whatever annealer.
        centre: of the first box, (p,).
        width: half of the first box's width, positive; one number or (p,).
        rounds: QUBOs to solve; 8 as published.
        shrink: a box is as wide as this times the one before; a half as published, which is the
            least that leaves no gap between the levels of one bit.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> from annealing import Exhaustive, fixed_point, least_squares
        >>> from qml.offloading import anneal
        >>> target = np.array([0.3, -0.6])
        >>> found = zoom(
        ...     lambda c, w: least_squares(np.eye(2), target, fixed_point(2, 1, c - w, c + w)),
        ...     lambda problem: anneal(problem, Exhaustive(), reads=1).params,
        ...     centre=np.zeros(2),
        ...     width=0.5,
        ... )
        >>> bool(np.abs(found.params - target).max() < 2**-8)
        True
    """
    centre = np.array(centre, dtype=float)
    width = np.broadcast_to(np.asarray(width, dtype=float), centre.shape)
    _check(centre, width, rounds, shrink)
    widths = width * shrink ** np.arange(rounds)[:, None]
    answers, losses = [], []
    for width in widths:
        problem = make_problem(centre, width)
        centre = np.asarray(minimise(problem))
        answers.append(centre)
        losses.append(float(problem.loss(centre)))
    return Zoomed(answers[int(np.argmin(losses))], np.array(answers), np.array(losses), widths)


def _check(centre: np.ndarray, width: np.ndarray, rounds: int, shrink: float) -> None:
    if centre.ndim != 1:
        raise ValueError(f"Argument `centre` must have shape (p,), but has {centre.shape}.")
    if not (width > 0).all():
        raise ValueError(f"Argument `width` must be positive, but is width={width}.")
    if rounds < 1:
        raise ValueError(f"Argument `rounds` must be a positive int, but is rounds={rounds}.")
    if not 0 < shrink < 1:
        raise ValueError(f"Argument `shrink` must lie between 0 and 1, but is shrink={shrink}.")
