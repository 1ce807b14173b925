"""An ensemble of weak classifiers whose weights an annealer trains: QBoost and QAML.

Weak classifiers are fitted classically, their weights are the ground state of a QUBO
(`annealing.boosting`), and the decoded ensemble is an ordinary classifier.
"""

import time
from typing import NamedTuple

import numpy as np

from annealing import Problem, Sampler, Samples, boosting
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


class PosedEnsemble(NamedTuple):
    """An ensemble's training as a QUBO, whichever annealer it is given to.

    `responses` (N, m) of the weak classifiers and `y` (N,) labels of the training events.
    """

    weak: WeakClassifiers
    responses: np.ndarray
    y: np.ndarray
    problem: Problem


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
    posed = pose_ensemble(weak, x, y, scale=scale, penalty=penalty)
    built = time.perf_counter() - start
    ensemble = solve_ensemble(posed, sampler, reads=reads, seed=seed)
    return ensemble._replace(seconds={"build": built, **ensemble.seconds})


def pose_ensemble(
    weak: WeakClassifiers,
    x: np.ndarray,
    y: np.ndarray,
    *,
    scale: float | None = None,
    penalty: float = 0.0,
) -> PosedEnsemble:
    """The QUBO whose ground state is the best choice among fitted weak classifiers.

    Args:
        weak: m weak classifiers, of `fit_weak_classifiers`.
        x: (N, f) features.
        y: (N,) labels 0/1.
        scale, penalty: of `annealing.boosting`.

    Returns:
        the problem with what `solve_ensemble` needs; it may be solved any number of times.

    Example:
        >>> x, y = np.arange(4.0)[:, None], np.array([0, 0, 1, 1])
        >>> weak = fit_weak_classifiers(x, y, products=False)
        >>> pose_ensemble(weak, x, y, scale=1.0).responses.shape
        (4, 1)
    """
    responses = respond(weak, x)
    problem = boosting(responses, 2 * np.asarray(y) - 1, penalty=penalty, scale=scale)
    return PosedEnsemble(weak, responses, np.asarray(y), problem)


def solve_ensemble(
    posed: PosedEnsemble, sampler: Sampler, *, reads: int = 100, seed: int = 0
) -> Ensemble:
    """Let an annealer choose the weights of a posed ensemble.

    Args:
        posed: of `pose_ensemble`.
        sampler: the annealer.
        reads: answers asked of it.
        seed: decides its draws.

    Returns:
        the ensemble, as of `fit_ensemble`; its `seconds` hold "sample" only.

    Example:
        >>> from annealing import Exhaustive
        >>> x, y = np.arange(4.0)[:, None], np.array([0, 0, 1, 1])
        >>> weak = fit_weak_classifiers(x, y, products=False)
        >>> solve_ensemble(pose_ensemble(weak, x, y, scale=1.0), Exhaustive()).weights
        array([1.])
    """
    start = time.perf_counter()
    weights, samples = anneal(posed.problem, sampler, reads=reads, seed=seed)
    seconds = {"sample": time.perf_counter() - start}
    threshold = best_threshold(posed.responses @ weights, posed.y)
    return Ensemble(posed.weak, weights, threshold, samples, seconds)


def score_ensemble(ensemble: Ensemble, x: np.ndarray) -> np.ndarray:
    """Scores of an ensemble.

    Args:
        ensemble: the fitted ensemble.
        x: (b, f) features.

    Returns:
        (b,) scores, positive where label 1 is predicted.
    """
    return vote(ensemble.weak, ensemble.weights, ensemble.threshold, x)
