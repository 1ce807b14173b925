"""Ensembles of weak classifiers that an annealer chooses, each sampler from the same QUBO."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from annealing import Sampler, SimulatedAnnealing
from experiments.trainers.trained import Progress, Trained
from qml import Ensemble, fit_weak_classifiers, score_ensemble
from qml.ensembles import PosedEnsemble, pose_ensemble, solve_ensemble
from qml.metrics import auc


class Searched(NamedTuple):
    """What each sampler of an ensemble is given; `seconds` and `info` of how it came about."""

    posed: PosedEnsemble
    seconds: dict[str, float]
    info: dict[str, Any]


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
