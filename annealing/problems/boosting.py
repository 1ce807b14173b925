"""Choosing weak classifiers by annealing: QBoost and QAML.

    loss(theta) = sum_t w_t (sum_i theta_i h_i(x_t) / scale - y_t)^2 / sum_t w_t
                  + penalty sum_i theta_i

Neven, Denchev, Rose and Macready, arXiv:0811.0416 (QBoost); Mott, Job, Vlimant, Lidar and
Spiropulu, Nature 550, 375 (2017) (QAML). Two slips found in published code are easy to make: a pair
i < j enters with *both* h_i.h_j and h_j.h_i (a factor 2), and the product of the Gram matrix with a
shift of the weights needs the full matrix, not one triangle. Folding the whole Gram matrix in one
place rules out both, and the law of `Problem` would show either.
"""

from typing import Any

import numpy as np

from annealing.encodings import fixed_point
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
    H, y, w = _check(outputs, labels, weights)
    m = H.shape[1]
    scale = float(np.sqrt(m)) if scale is None else float(finite("scale", scale))
    penalty = float(finite("penalty", penalty))
    if scale <= 0:
        raise ValueError(f"Argument `scale` must be positive, but is scale={scale}.")
    gram = H.T @ (H * w[:, None]) / scale**2
    correlation = H.T @ (y * w) / scale

    def loss(theta):
        theta = np.asarray(theta, dtype=float)
        return by_blocks(
            lambda t: (t @ H.T / scale - y) ** 2 @ w + penalty * t.sum(axis=-1), theta, len(y)
        )

    return quadratic_problem(
        gram,
        penalty - 2 * correlation,
        1.0,  # mean of the labels squared
        fixed_point(m, bits, 0.0, 1.0),
        loss=loss,
        name="boosting",
        details={"events": len(y), "bits": bits, "scale": scale, "penalty": penalty},
    )


def _check(outputs: Any, labels: Any, weights: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three arrays in double precision, the weights with sum 1."""
    H, y = finite("outputs", outputs, ndim=2), finite("labels", labels, ndim=1)
    if 0 in H.shape or len(y) != len(H):
        raise ValueError(
            f"Arguments `outputs` (N, m) and `labels` (N,) must have one N > 0 and m > 0, "
            f"but have shapes {H.shape} and {y.shape}."
        )
    if np.abs(H).max() > 1:
        raise ValueError("Argument `outputs` must lie in [-1, 1], but exceeds it.")
    if not (np.abs(y) == 1).all():
        raise ValueError(
            f"Argument `labels` must hold -1 and +1 only, but holds {np.unique(y)[:4].tolist()}; "
            "labels in {0, 1} become 2 * labels - 1."
        )
    w = np.ones(len(y)) if weights is None else finite("weights", weights, ndim=1)
    if w.shape != y.shape or not w.sum() > 0:
        raise ValueError(
            f"Argument `weights` must have shape {y.shape} and a positive sum, "
            f"but has shape {w.shape} and sum {w.sum()}."
        )
    return H, y, w / w.sum()
