"""Weak classifiers of physical variables, the building blocks of an annealed ensemble.

A weak classifier looks at one variable v (a feature, or a product of two) and answers in [-1, 1]:
0 at a cut, rising linearly to +1 towards signal and falling linearly to -1 towards background,
after the construction of Mott et al., Nature 550, 375 (2017). `respond` is the whole set at once.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np


class WeakClassifiers(NamedTuple):
    """m weak classifiers: response_i = clip(slope * (sign_i * v_i - cut_i), -1, 1).

    `first`, `second` (m,): v_i = x[first] * x[second], or x[first] alone where second is -1;
    `sign` (m,) +-1; `cut` (m,); `up`, `down` (m,) slopes above and below the cut.
    """

    first: np.ndarray
    second: np.ndarray
    sign: np.ndarray
    cut: np.ndarray
    up: np.ndarray
    down: np.ndarray


def fit_weak_classifiers(
    x: np.ndarray,
    y: np.ndarray,
    *,
    products: bool = True,
    shifts: tuple[float, ...] = (0.0,),
    max_correlation: float = 1.0,
    count: int | None = None,
) -> WeakClassifiers:
    """Cuts and slopes of the weak classifiers, from training events.

    The sign makes signal larger on average; the cut is the 30th percentile of signal, +1 is reached
    at its 90th and -1 at the 10th percentile of background. `shifts` adds copies with the cut moved
    by that many standard deviations. Weak classifiers that are alike are all switched on together,
    so `max_correlation` keeps, from the most to the least correlated with the label, only those
    whose responses correlate by less than this with every one kept before.

    Args:
        x: (N, f) features.
        y: (N,) labels 0/1.
        products: add the f (f - 1) / 2 products of two features.
        shifts: shifts of the cut in standard deviations of the variable.
        max_correlation: largest absolute correlation between two that are kept; 1 keeps all.
        count: keep at most this many, best first; None keeps all.

    Returns:
        the fitted weak classifiers, best first where a selection was asked for.

    Example:
        >>> x = np.array([[0.0], [1.0], [2.0], [3.0]]); y = np.array([0, 0, 1, 1])
        >>> weak = fit_weak_classifiers(x, y, products=False)
        >>> respond(weak, x)[:, 0].round(2).tolist()
        [-1.0, -0.59, -0.14, 1.0]
    """
    first, second = _variables(x.shape[1], products)
    weak = _concatenate([_cuts(x, y, first, second, shift) for shift in shifts])
    if max_correlation >= 1.0 and count is None:
        return weak
    kept = _diverse(respond(weak, x), 2.0 * y - 1.0, max_correlation)
    return WeakClassifiers(*(part[kept[:count]] for part in weak))


def respond(weak: WeakClassifiers, x: np.ndarray) -> np.ndarray:
    """Responses in [-1, 1] of every weak classifier.

    Args:
        weak: m weak classifiers.
        x: (..., f) features.

    Returns:
        (..., m) responses.
    """
    x = np.asarray(x, dtype=float)
    v = x[..., weak.first] * np.where(weak.second < 0, 1.0, x[..., weak.second])
    distance = weak.sign * v - weak.cut
    slope = np.where(distance > 0, weak.up, weak.down)
    return np.clip(distance * slope, -1.0, 1.0)


def vote(weak: WeakClassifiers, weights: np.ndarray, threshold: float, x: np.ndarray) -> np.ndarray:
    """Scores of a weighted vote: weights . respond(weak, x) - threshold.

    Args:
        weak: m weak classifiers.
        weights: (m,) weights; all ones is the untrained sum.
        threshold: subtracted from the weighted sum.
        x: (b, f) features.

    Returns:
        (b,) scores, positive where label 1 is predicted.
    """
    return respond(weak, x) @ np.asarray(weights) - threshold


def best_threshold(scores: np.ndarray, y: np.ndarray) -> float:
    """Threshold with the highest accuracy on these (training) scores.

    Args:
        scores: (N,) real scores.
        y: (N,) labels 0/1.

    Returns:
        the midpoint between the two neighbouring scores where accuracy peaks.

    Example:
        >>> best_threshold(np.array([0.1, 0.2, 0.9]), np.array([0, 0, 1]))
        0.55
    """
    order = np.argsort(scores, kind="stable")
    s, gain = scores[order], np.where(y[order] == 1, -1, 1)
    correct = np.cumsum(gain[:-1])
    correct[s[:-1] == s[1:]] = -len(s)  # no threshold fits between equal scores
    best = int(np.argmax(correct))
    return float((s[best] + s[best + 1]) / 2)


def _variables(n_features: int, products: bool) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(i, -1) for i in range(n_features)]
    if products:
        pairs += list(combinations(range(n_features), 2))
    first, second = np.array(pairs).T
    return first, second


def _cuts(
    x: np.ndarray, y: np.ndarray, first: np.ndarray, second: np.ndarray, shift: float
) -> WeakClassifiers:
    v = x[:, first] * np.where(second < 0, 1.0, x[:, second])
    sign = np.where(v[y == 1].mean(axis=0) > v[y == 0].mean(axis=0), 1.0, -1.0)
    signal, background = sign * v[y == 1], sign * v[y == 0]
    cut = np.percentile(signal, 30, axis=0) + shift * v.std(axis=0)
    tiny = 1e-9 + 1e-6 * v.std(axis=0)  # a constant variable answers 0 rather than dividing by 0
    up = 1.0 / np.maximum(np.percentile(signal, 90, axis=0) - cut, tiny)
    down = 1.0 / np.maximum(cut - np.percentile(background, 10, axis=0), tiny)
    return WeakClassifiers(first, second, sign, cut, up, down)


def _concatenate(parts: list[WeakClassifiers]) -> WeakClassifiers:
    return WeakClassifiers(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _diverse(responses: np.ndarray, label: np.ndarray, max_correlation: float) -> np.ndarray:
    spread = responses.std(axis=0)
    alive = np.flatnonzero(spread > 0)
    standard = (responses[:, alive] - responses[:, alive].mean(axis=0)) / spread[alive]
    relation = np.abs(standard.T @ standard) / len(standard)
    strength = np.abs(standard.T @ (label - label.mean()))
    kept: list[int] = []
    for i in np.argsort(-strength, kind="stable"):
        if not kept or relation[i, kept].max() < max_correlation:
            kept.append(int(i))
    return alive[np.array(kept)]
