"""Choosing weak classifiers by annealing: QBoost and QAML.

    loss(theta) = sum_t w_t (sum_i theta_i h_i(x_t) / scale - y_t)^2 / sum_t w_t
                  + penalty sum_i theta_i

Neven, Denchev, Rose and Macready, arXiv:0811.0416 (QBoost); Mott, Job, Vlimant, Lidar and
Spiropulu, Nature 550, 375 (2017) (QAML). Two slips found in published code are easy to make: a pair
i < j enters with *both* h_i.h_j and h_j.h_i (a factor 2), and the product of the Gram matrix with a
shift of the weights needs the full matrix, not one triangle. Folding the whole Gram matrix in one
place rules out both, and the law of `Problem` would show either.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import fixed_point
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks, finite


def boosting(
    outputs: Any,
    labels: Any,
    *,
    penalty: float = 0.0,
    scale: float | None = None,
    weights: Any = None,
    bits: int = 1,
) -> Problem:
    """The problem of weighing `m` weak classifiers so that their sum over `scale` hits the labels.

    Args:
        outputs: (N, m), answer of classifier i on event t, in [-1, 1].
        labels: (N,), -1 or +1.
        penalty: price of a unit of weight; larger keeps fewer classifiers.
        scale: the weighted sum is divided by it. About `scale` classifiers in agreement reach a
            label, so it sets how many are worth keeping. The published form is `scale=m`, with
            which nearly every useful classifier is kept; sqrt(m) by default, which selects.
        weights: (N,), event weights with a positive sum (only ratios matter); all equal by default.
        bits: bits of one classifier's weight, on 2**bits levels from 0 to 1.

    Returns:
        A problem of m * bits variables; the parameters are the weights (m,), in [0, 1].

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = boosting([[1.0, -1.0], [-1.0, -1.0]], [1, -1], scale=1.0)
    >>> problem.qubo.energy([[0, 0], [1, 0], [0, 1], [1, 1]])
    array([1., 0., 2., 1.])
    """
    H, y, w, scale = checked_votes(outputs, labels, weights, scale)
    penalty = float(finite("penalty", penalty))
    gram, correlation = vote_correlations(H, y, w, scale)
    return quadratic_problem(
        gram,
        penalty - 2 * correlation,
        1.0,  # mean of the labels squared
        fixed_point(H.shape[1], bits, 0.0, 1.0),
        loss=partial(_loss, H, y, w, scale, penalty),
        name="boosting",
        details={"events": len(y), "bits": bits, "scale": scale, "penalty": penalty},
    )


def vote_correlations(
    H: np.ndarray, y: np.ndarray, w: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """The answers' correlations over events, with each other (m, m) and with the labels (m,).

    >>> H = np.array([[1.0, -1.0], [-1.0, -1.0]])
    >>> vote_correlations(H, np.array([1.0, -1.0]), np.array([0.5, 0.5]), 1.0)[1]
    array([1., 0.])
    """
    if (w == w[0]).all():  # a matrix times itself is half the work
        return H.T @ H * (w[0] / scale**2), H.T @ (y * w) / scale
    return H.T @ (H * (w / scale**2)[:, None]), H.T @ (y * w) / scale


def checked_votes(
    outputs: Any, labels: Any, weights: Any, scale: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Answers (N, m), labels (N,), weights (N,) of sum 1 and the scale, in double precision.

    >>> checked_votes([[1, 0, 0, 1]], [1], None, None)[2:]
    (array([1.]), 2.0)
    """
    H, y = finite("outputs", outputs, ndim=2), finite("labels", labels, ndim=1)
    if 0 in H.shape or len(y) != len(H):
        raise ValueError(
            f"Arguments `outputs` (N, m) and `labels` (N,) must have one N > 0 and m > 0, "
            f"but have shapes {H.shape} and {y.shape}."
        )
    if max(H.max(), -H.min()) > 1:
        raise ValueError("Argument `outputs` must lie in [-1, 1], but exceeds it.")
    check_signs(y)
    w = np.ones(len(y)) if weights is None else finite("weights", weights, ndim=1)
    if w.shape != y.shape or not w.sum() > 0:
        raise ValueError(
            f"Argument `weights` must have shape {y.shape} and a positive sum, "
            f"but has shape {w.shape} and sum {w.sum()}."
        )
    scale = float(np.sqrt(H.shape[1])) if scale is None else float(finite("scale", scale))
    if scale <= 0:
        raise ValueError(f"Argument `scale` must be positive, but is scale={scale}.")
    return H, y, w / w.sum(), scale


def check_signs(labels: np.ndarray) -> None:
    """Refuse labels other than -1 and +1.

    >>> check_signs(np.array([-1.0, 1.0]))
    """
    if not (np.abs(labels) == 1).all():
        raise ValueError(
            f"Argument `labels` must hold -1 and +1 only, but holds "
            f"{np.unique(labels)[:4].tolist()}; labels in {{0, 1}} become 2 * labels - 1."
        )


def _loss(H: Any, y: Any, w: Any, scale: float, penalty: float, theta: Any) -> Any:
    """The loss of weights `theta` (..., m), from the answers and the labels themselves."""
    return by_blocks(
        lambda t: (t @ H.T / scale - y) ** 2 @ w + penalty * t.sum(axis=-1),
        np.asarray(theta, dtype=float),
        len(y),
    )
