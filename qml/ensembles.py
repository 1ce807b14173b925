"""An ensemble of weak classifiers whose weights an annealer trains: QBoost and QAML.

Weak classifiers are fitted classically, their weights are the ground state of a QUBO
(`annealing.boosting`), and the decoded ensemble is an ordinary classifier.
"""

import time
from typing import NamedTuple

import numpy as np

from annealing import Sampler, Samples, boosting
from qml.models import (
    WeakClassifiers,
    best_threshold,
    fit_weak_classifiers,
    respond,
    vote,
)
from qml.offloading import anneal


class Ensemble(NamedTuple):
    """score(x) = weights . respond(weak, x) - threshold, with what its training left.

    `weights` (m,); `samples` of the annealer; `seconds` {"build", "sample"}.
    """

    weak: WeakClassifiers
    weights: np.ndarray
    threshold: float
    samples: Samples
    seconds: dict[str, float]


def fit_ensemble(
    x: np.ndarray,
    y: np.ndarray,
    sampler: Sampler,
    *,
    products: bool = True,
    shifts: tuple[float, ...] = (0.0,),
    max_correlation: float = 1.0,
    count: int | None = None,
    scale: float | None = None,
    penalty: float = 0.0,
    reads: int = 100,
    seed: int = 0,
) -> Ensemble:
    """Fit weak classifiers and let an annealer choose among them.

    Args:
        x: (N, f) features.
        y: (N,) labels 0/1.
        sampler: the annealer.
        products, shifts, max_correlation, count: of `fit_weak_classifiers`.
        scale, penalty: of `annealing.boosting`; a small scale and a positive penalty switch on
            fewer weak classifiers.
        reads: answers asked of the annealer.
        seed: decides the annealer's draws.

    Returns:
        the ensemble of the lowest-energy read; its threshold is set on the training events.

    Example:
        >>> from annealing import Exhaustive
        >>> rng = np.random.default_rng(0); y = np.arange(200) % 2
        >>> x = rng.normal(size=(200, 3)); x[:, 0] += 2 * y
        >>> ensemble = fit_ensemble(x, y, Exhaustive(), products=False, scale=1.0)
        >>> ensemble.weights
        array([1., 0., 0.])
    """
    start = time.perf_counter()
    weak = fit_weak_classifiers(
        x, y, products=products, shifts=shifts, max_correlation=max_correlation, count=count
    )
    responses = np.asarray(respond(weak, x), dtype=float)
    problem = boosting(responses, 2 * np.asarray(y) - 1, penalty=penalty, scale=scale)
    built = time.perf_counter()
    weights, samples = anneal(problem, sampler, reads=reads, seed=seed)
    seconds = {"build": built - start, "sample": time.perf_counter() - built}
    return Ensemble(weak, weights, best_threshold(responses @ weights, y), samples, seconds)


def score_ensemble(ensemble: Ensemble, x: np.ndarray) -> np.ndarray:
    """Scores of an ensemble.

    Args:
        ensemble: the fitted ensemble.
        x: (b, f) features.

    Returns:
        (b,) scores, positive where label 1 is predicted.
    """
    return vote(ensemble.weak, ensemble.weights, ensemble.threshold, x)
