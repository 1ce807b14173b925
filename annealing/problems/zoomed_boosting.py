"""Weighing weak classifiers with signs and fine steps, by zooming: one step of QAML-Z.

    loss(theta) = sum_t w_t (sum_i theta_i h_i(x_t) / scale - y_t)^2 / sum_t w_t
                  + ridge sum_i theta_i^2,             theta_i = centre_i + width_i s_i

Zlokapa et al., arXiv:1908.04480: s_i = +-1, the centres start at 0 and the width at 1, then the
centres move to the answer and the width is halved, eight times. The classifiers are augmented by
copies with shifted thresholds. In the spins the linear part holds the whole Gram matrix times the
centres; public code that took one triangle of it there solves another problem, and ends with a
greater loss. The ridge is ours: the published loss has none.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import around
from annealing.problem import Problem, quadratic_problem
from annealing.problems.boosting import checked_votes, vote_correlations
from annealing.qubo import by_blocks, finite


def zoomed_boosting(
    outputs: Any,
    labels: Any,
    *,
    ridge: float = 0.0,
    scale: float | None = None,
    weights: Any = None,
    bits: int = 1,
) -> Callable[[Any, Any], Problem]:
    """The problems of weighing `m` weak classifiers in a box, for any box, of one Gram matrix.

    Args:
        outputs: (N, m), answer of classifier i on event t, in [-1, 1].
        labels: (N,), -1 or +1.
        ridge: price of the squared length of the weights.
        scale: the weighted sum is divided by it; sqrt(m) by default, as of `boosting`.
        weights: (N,), event weights with a positive sum (only ratios matter); all equal by default.
        bits: bits of one weight, on 2**bits levels from centre - width to centre + width; 1 as
            published: the two ends.

    Returns:
        a function of centre and width, each (m,) or one number, that makes a problem of m * bits
        variables; the parameters are the weights (m,).

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> make_problem = zoomed_boosting([[1.0, -1.0], [-1.0, -1.0]], [1, -1], scale=1.0)
    >>> problem = make_problem(0.5, 0.5)
    >>> problem.qubo.energy([[0, 0], [1, 0], [0, 1], [1, 1]])
    array([1., 0., 2., 1.])
    """
    H, y, w, scale = checked_votes(outputs, labels, weights, scale)
    ridge = float(finite("ridge", ridge))
    gram, correlation = vote_correlations(H, y, w, scale)
    return partial(
        _in_box,
        gram + ridge * np.eye(len(gram)),
        -2 * correlation,
        partial(_loss, H, y, w, scale, ridge),
        {"events": len(y), "bits": bits, "scale": scale, "ridge": ridge},
    )


def _in_box(
    A: np.ndarray, b: np.ndarray, loss: Callable, details: dict, centre: Any, width: Any
) -> Problem:
    """The problem on levels from `centre` - `width` to `centre` + `width`."""
    mean_square_of_labels = 1.0
    return quadratic_problem(
        A,
        b,
        mean_square_of_labels,
        around(np.broadcast_to(centre, len(b)), width, details["bits"]),
        loss=loss,
        name="zoomed_boosting",
        details={**details, "width": float(np.max(width))},
    )


def _loss(H: Any, y: Any, w: Any, scale: float, ridge: float, theta: Any) -> Any:
    """The loss of weights `theta` (..., m), from the answers and the labels themselves."""
    return by_blocks(
        lambda t: (t @ H.T / scale - y) ** 2 @ w + ridge * (t**2).sum(axis=-1),
        np.asarray(theta, dtype=float),
        len(y),
    )
