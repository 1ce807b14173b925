"""The last layer of a classifier of many classes, on features that stay as they are.

Cross-entropy is no quadratic, but lies below one that touches it at the weights W of now:

    cross_entropy(V) <= cross_entropy(W) + sum_c loss_c(V_c)
    loss_c(v) = sum_n [ (p_nc - y_nc) x_n.(v - W_c) + (x_n.(v - W_c))^2 / 4 ] / N

with p the probabilities at W and y_nc = 1 where event n is of class c: the curvature of the softmax
is at most 1/2 (Boehning, Ann. Inst. Stat. Math. 44, 197 (1992)). So each class is a QUBO of its
own, of (features + 1) * bits variables whatever the number of events, and answers with negative
losses lower the cross-entropy, all classes at once. Repeated, it comes to the minimum. The method
is in the form of Atallah and Herrman, arXiv:2603.02958; the bound on the curvature is ours. Its
minimum without bits is one linear solve, and Newton's method needs fewer rounds: compare.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import twos_complement
from annealing.problem import Problem, quadratic_problem
from annealing.qubo import by_blocks, finite


def classification_head(
    X: Any, labels: Any, *, bits: int = 3, ridge: float = 0.0
) -> Callable[[Any, int, Any], Problem]:
    """The problems of one step of each class's weights, for any weights of now.

    Args:
        X: features (N, d); a column of ones for the intercept is added behind them.
        labels: (N,), classes counted from 0.
        bits: bits of one weight, on levels from W - width to just below W + width, W among them.
        ridge: price of the squared length of the weights, intercepts included.

    Returns:
        a function of the weights of now (C, d + 1), the class to improve, and the width, one number
        or (d + 1,), that makes a problem of `classification_head_variables(d, bits)` variables; the
        parameters are the class's new weights (d + 1,), the intercept last.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> make_problem = classification_head([[1.0], [-1.0]], [0, 1], bits=2)
    >>> problem = make_problem(np.zeros((2, 2)), 0, 2.0)
    >>> problem.decode([1, 0, 0, 0]), problem.decode([0, 1, 0, 0])
    (array([-2.,  0.]), array([1., 0.]))
    >>> problem.qubo.energy([[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]])
    array([ 2.  ,  0.  , -0.25])
    """
    X, labels, ridge = finite("X", X, ndim=2), np.asarray(labels), float(finite("ridge", ridge))
    if len(X) == 0 or labels.shape != (len(X),):
        raise ValueError(
            f"Arguments `X` and `labels` must have shapes (N, d) and (N,) with N > 0, "
            f"but have {X.shape} and {labels.shape}."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError("Argument `labels` must hold ints from 0 on, but holds others.")
    if ridge < 0:
        raise ValueError(f"Argument `ridge` must not be negative, but is ridge={ridge}.")
    design = np.column_stack([X, np.ones(len(X))])
    return partial(_one_class, design, design.T @ design / len(X), labels, bits, ridge)


def classification_head_variables(d: int, bits: int) -> int:
    """Variables of `classification_head` for d features, for each class.

    >>> classification_head_variables(59, 3)
    180
    """
    return (d + 1) * bits


def cross_entropy(X: Any, labels: Any, weights: Any) -> float:
    """Mean cross-entropy in nats of `weights` (C, d + 1) on features (N, d), without a ridge.

    >>> round(cross_entropy([[1.0], [-1.0]], [0, 1], np.zeros((2, 2))), 6)
    0.693147
    """
    X, labels = finite("X", X, ndim=2), np.asarray(labels)
    scores = np.column_stack([X, np.ones(len(X))]) @ finite("weights", weights, ndim=2).T
    return float(-_log_softmax(scores)[np.arange(len(X)), labels].mean())


def _one_class(
    design: np.ndarray,
    gram: np.ndarray,
    labels: np.ndarray,
    bits: int,
    ridge: float,
    weights: Any,
    chosen: int,
    width: Any,
) -> Problem:
    """The problem of class `chosen`, around `weights` (C, d + 1)."""
    weights = finite("weights", weights, ndim=2)
    if weights.shape[1] != len(gram) or len(weights) <= labels.max():
        raise ValueError(
            f"Argument `weights` must have shape (C, {len(gram)}) with C > {labels.max()}, "
            f"but has {weights.shape}."
        )
    if not 0 <= chosen < len(weights):
        raise ValueError(
            f"Argument `chosen` must be an int from 0 to {len(weights) - 1}, but is {chosen}."
        )
    now = weights[chosen]
    slope = np.exp(_log_softmax(design @ weights.T)[:, chosen]) - (labels == chosen)
    gradient = design.T @ slope / len(design)
    encoding = twos_complement(len(now), bits, width)
    return quadratic_problem(
        gram / 4 + ridge * np.eye(len(now)),
        gradient - gram @ now / 2,
        float(now @ gram @ now / 4 - gradient @ now - ridge * now @ now),
        encoding._replace(shift=encoding.shift + now),
        loss=partial(_loss, design, slope, now, ridge),
        name="classification_head",
        details={"events": len(design), "bits": bits, "ridge": ridge, "class": int(chosen)},
    )


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def _loss(
    design: np.ndarray, slope: np.ndarray, now: np.ndarray, ridge: float, weights: Any
) -> Any:
    """The bound on the gain of new weights (..., d + 1) of one class, from the events themselves.

    With a ridge, its change belongs to the loss.
    """

    def rows(v: np.ndarray) -> np.ndarray:
        step = (v - now) @ design.T
        gain = (slope * step + step**2 / 4).mean(axis=-1)
        return gain + ridge * ((v**2).sum(axis=-1) - now @ now)

    return by_blocks(rows, np.asarray(weights, dtype=float), len(design))
