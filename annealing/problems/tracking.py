"""Particle tracking: which segments (doublets or triplets of detector hits) lie on tracks?

    loss(T) = sum_i a_i T_i + sum_{pairs} b_ij T_i T_j,         T_i = 1 where segment i is kept

In the form of Bapst et al., Comput. Softw. Big Sci. 4, 1 (2020), arXiv:1902.08324: a_i weighs a
triplet, b_ij is negative for two that continue each other to a smooth quadruplet and positive for
two in conflict, which cannot both be true; Zlokapa et al., arXiv:1908.04475, have doublets instead.
How segments are found and scored decides how good the tracks are, and in the published program
takes far longer than the annealing; it is left to whoever has the detector.

The problem is sparse: most pairs share no hit. Published files hold the scores of pairs i < j in
the *lower* triangle; a program that reads the upper one only finds no coupling at all. Here pairs
may come in either order.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.problem import Problem
from annealing.qubo import by_blocks, finite, qubo_from_terms


def tracking(weights: Any, pairs: Any, scores: Any) -> Problem:
    """The problem of keeping segments.

    Args:
        weights: a (n,), price of each segment; below 0 for a likely one.
        pairs: (m, 2) of two different segments each, in either order; a pair that occurs twice
            counts twice.
        scores: b (m,) of the pairs.

    Returns:
        A problem of `tracking_variables(n)` variables with sparse couplings; the parameters are
        T (n,).

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = tracking([0.1, 0.1, 0.1], [[1, 0], [1, 2]], [-1.0, 2.0])
    >>> problem.loss([[1, 1, 0], [1, 1, 1]]).round(3)
    array([-0.8,  1.3])
    """
    a, b = finite("weights", weights, ndim=1).copy(), finite("scores", scores, ndim=1)
    pairs = np.asarray(pairs) if len(b) else np.zeros((0, 2), int)
    if pairs.shape != (len(b), 2) or pairs.dtype.kind not in "iu":
        raise ValueError(
            f"Argument `pairs` must hold ints in shape {(len(b), 2)} to fit `scores`, "
            f"but has shape {pairs.shape} and dtype {pairs.dtype}."
        )
    if (pairs[:, 0] == pairs[:, 1]).any() or not ((pairs >= 0) & (pairs < len(a))).all():
        raise ValueError(
            f"Argument `pairs` must hold two different segments from 0 to {len(a) - 1} each."
        )
    qubo = qubo_from_terms((pairs[:, 0], pairs[:, 1], b), len(a))
    return Problem(
        qubo=qubo._replace(linear=a),
        decode=partial(np.asarray, dtype=float),
        loss=partial(_loss, a, pairs, b),
        name="tracking",
        details={"variables": len(a), "parameters": len(a), "pairs": len(b)},
    )


def tracking_variables(n: int) -> int:
    """Variables of `tracking`: one a segment.

    >>> tracking_variables(10)
    10
    """
    return n


def _loss(a: np.ndarray, pairs: np.ndarray, b: np.ndarray, kept: Any) -> Any:
    """The loss of segments kept (..., n), pair by pair."""
    first, second = pairs.T
    return by_blocks(
        lambda t: t @ a + (t[:, first] * t[:, second]) @ b,
        np.asarray(kept, dtype=float),
        len(a) + 2 * len(b),
    )
