"""How a row's parameters are got: classical baselines, a circuit model, an annealed ensemble.

A trainer is a function of the training events and a seed that returns `Trained`. Its keyword-only
arguments are the settings of a spec's `[models.NAME]`; their defaults are the documented ones.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from annealing import Sampler, SimulatedAnnealing
from qml import (
    Ensemble,
    Frozen,
    best_threshold,
    cosine_adam,
    fit,
    fit_scaler,
    fit_weak_classifiers,
    freeze,
    reuploading_model,
    scale_features,
    score_ensemble,
    vote,
)
from qml.ensembles import PosedEnsemble, pose_ensemble, solve_ensemble
from qml.metrics import auc

Progress = Callable[[int, int], None]


class Trained(NamedTuple):
    """An ordinary classifier: `score(x (b, f)) -> (b,)`, and what its training left.

    `seconds` by stage; `counts` of reads and the like; `arrays` to keep; `info` as JSON.
    """

    score: Callable[[np.ndarray], np.ndarray]
    seconds: dict[str, float]
    counts: dict[str, int]
    arrays: dict[str, np.ndarray]
    info: dict[str, Any]


class TrainedCircuit(NamedTuple):
    """A circuit model ready for any device: `frozen`, its `losses` (steps,), `seconds` by stage."""

    frozen: Frozen
    losses: np.ndarray
    seconds: dict[str, float]


class Searched(NamedTuple):
    """What each sampler of an ensemble is given; `seconds` and `info` of how it came about."""

    posed: PosedEnsemble
    seconds: dict[str, float]
    info: dict[str, Any]


def logistic_regression(
    x, y, seed, *, products: bool = True, inverse_penalty: float = 1.0
) -> Trained:
    """Scikit-learn's logistic regression on standardised features and their products."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    del seed  # the solver is deterministic
    pairs = PolynomialFeatures(interaction_only=products, degree=2 if products else 1)
    model = LogisticRegression(C=inverse_penalty, max_iter=2000)
    return _sklearn(make_pipeline(pairs, StandardScaler(), model), x, y)


def boosted_trees(x, y, seed, *, trees: int = 150, learning_rate: float = 0.05) -> Trained:
    """Scikit-learn's histogram gradient boosting on the features."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=learning_rate, random_state=seed
    )
    return _sklearn(model, x, y)


def untrained_sum(x, y, seed, *, products: bool = True) -> Trained:
    """The trivial ensemble: every weak classifier with weight one, nothing optimised."""
    del seed
    start = time.perf_counter()
    weak = fit_weak_classifiers(x, y, products=products)
    ones = np.ones(len(weak.cut))
    threshold = best_threshold(vote(weak, ones, 0.0, x), y)
    seconds = {"train": time.perf_counter() - start}
    return Trained(partial(vote, weak, ones, threshold), seconds, {}, {}, {})


def reuploading(
    x,
    y,
    seed,
    *,
    progress: Progress | None = None,
    qubits: int = 4,
    layers: int = 3,
    steps: int = 400,
    batch_size: int = 256,
    learning_rate: float = 0.03,
) -> TrainedCircuit:
    """Data re-uploading classifier, trained with JAX and optax, frozen for a device."""
    scaler = fit_scaler(x)
    model = reuploading_model(x.shape[1], n_qubits=qubits, n_layers=layers)
    result = fit(
        model,
        np.asarray(scale_features(scaler, x)),
        y,
        key=jax.random.key(seed),
        optimizer=cosine_adam(learning_rate, steps),
        steps=steps,
        batch_size=batch_size,
        progress=progress,
    )
    frozen = freeze(model, result.params, scaler)
    return TrainedCircuit(frozen, result.losses, result.seconds)


def boosted_ensemble(
    x,
    y,
    seed,
    *,
    sampler: Sampler,
    progress: Progress | None = None,
    shared: Callable[[Callable[[], Searched]], Searched] = lambda make: make(),
    products: bool = True,
    shifts: tuple[float, ...] = (0.0,),
    max_correlation: float = 1.0,
    count: int | None = None,
    scale: float = 1.0,
    penalties: tuple[float, ...] = (0.0,),
    reads: int = 100,
    validation: float = 0.25,
) -> Trained:
    """Ensemble of weak classifiers chosen by an annealer; the penalty is set on held-out events.

    The penalty with the highest AUC on the last `validation` part of the training events is used to
    train on all of them. This search always runs on simulated annealing, so that every sampler is
    then given the same QUBO, which is built once for all of them where the caller's `shared` keeps
    it; its seconds are then told by each. Test events are never looked at.
    """
    weak = {
        "products": products,
        "shifts": tuple(shifts),
        "max_correlation": max_correlation,
        "count": count,
    }

    def make() -> Searched:
        start = time.perf_counter()
        cut = int(len(x) * (1 - validation))
        scan = _scan(x, y, cut, weak, scale, penalties, reads, seed, progress)
        best = max(scan, key=lambda entry: entry["auc"])["penalty"]
        searched = time.perf_counter()
        fitted = fit_weak_classifiers(x, y, **weak)
        posed = pose_ensemble(fitted, x, y, scale=scale, penalty=best)
        seconds = {"search": searched - start, "build": time.perf_counter() - searched}
        return Searched(posed, seconds, {"penalty": best, "scan": scan})

    searched = shared(make)
    ensemble = solve_ensemble(searched.posed, sampler, reads=reads, seed=seed)
    seconds = {**searched.seconds, **ensemble.seconds}
    return _annealed(ensemble, seconds | {"train": sum(seconds.values())}, dict(searched.info))


def _scan(x, y, cut, weak, scale, penalties, reads, seed, progress) -> list[dict[str, Any]]:
    """How each penalty does on the events from `cut` on, trained on those before."""
    fitted, scan = fit_weak_classifiers(x[:cut], y[:cut], **weak), []
    for done, penalty in enumerate(penalties):
        posed = pose_ensemble(fitted, x[:cut], y[:cut], scale=scale, penalty=penalty)
        tried = solve_ensemble(posed, SimulatedAnnealing(), reads=reads, seed=seed)
        value = auc(score_ensemble(tried, x[cut:]), y[cut:])
        scan.append({"penalty": penalty, "auc": value, "on": int(tried.weights.sum())})
        if progress is not None:
            progress(done + 1, len(penalties))
    return scan


def _annealed(ensemble: Ensemble, seconds: dict[str, float], info: dict[str, Any]) -> Trained:
    samples = ensemble.samples
    info |= {
        "sampler": samples.info,
        "weak_classifiers": len(ensemble.weights),
        "switched_on": int(ensemble.weights.sum()),
        "lowest_energy": float(samples.energies[0]),
    }
    energies = np.repeat(samples.energies, samples.occurrences)
    arrays = {"energies": energies, "weights": ensemble.weights}
    counts = {"reads": int(samples.occurrences.sum())}
    return Trained(partial(score_ensemble, ensemble), seconds, counts, arrays, info)


def _sklearn(model: Any, x: np.ndarray, y: np.ndarray) -> Trained:
    start = time.perf_counter()
    model.fit(x, y)
    return Trained(model.decision_function, {"train": time.perf_counter() - start}, {}, {}, {})
