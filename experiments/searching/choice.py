"""A model's settings chosen on training events alone; no test event can reach the choice.

A space is a table of lists, `{"layers": [1, 2, 3]}`. Every combination is tried in grid order, or,
where `trials` is smaller, those that optuna's TPE asks for; each is scored on the same held-out
parts of the training events.
"""

import hashlib
import inspect
import json
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.searching.folds import Rows, fold_rows
from experiments.searching.trials import (
    Space,
    Trial,
    append_trial,
    combination,
    count_combinations,
    follow_tpe,
    read_trials,
)
from experiments.specs import canonical
from experiments.trainers.trained import Progress, Trained, TrainedCircuit
from qml import predict, thaw
from qml.metrics import auc

Train = Callable[..., Trained | TrainedCircuit]
Metric = Callable[[np.ndarray, np.ndarray], Any]


class Chosen(NamedTuple):
    """The searched settings with the highest mean score, that mean, every trial as JSON.

    The mean is optimistic, being the best of many; `nested_scores` gives an honest estimate.
    """

    settings: dict[str, Any]
    score: float
    trials: list[dict[str, Any]]


class Nested(NamedTuple):
    """Score of the whole procedure on each outer part (k,), and what was chosen for it."""

    scores: np.ndarray
    chosen: list[Chosen]


def search(
    train: Train,
    space: Space,
    x: np.ndarray,
    y: np.ndarray,
    seed: int,
    *,
    settings: dict[str, Any] | None = None,
    folds: int = 3,
    metric: Metric = auc,
    trials: int = 0,
    journal: Path | None = None,
    progress: Progress | None = None,
) -> Chosen:
    """Choose a model's settings by their scores on held-out training events.

    Args:
        train: a trainer, `train(x, y, seed, **settings)`; every fit gets the same seed.
        space: {setting: values to try}; JSON values.
        x: (N, f) features of training events.
        y: (N,) their labels, 0 or 1.
        seed: decides the folds, the fits and what TPE asks for.
        settings: fixed arguments of the trainer.
        folds: parts in turn held out; 1 holds out the last quarter of the shuffled events once.
        metric: `metric(scores, labels)`, larger is better.
        trials: how many combinations to try, by TPE where that is not all; 0 tries all.
        journal: file of finished trials, from which a killed search goes on; searches may share it.
        progress: told (trials done, of how many).

    Returns:
        the choice; of equal ones the first in grid order.

    Raises:
        ValueError: a space, `folds` or `trials` that cannot be; no trial that succeeds.
        ImportError: TPE is asked for and optuna is missing.

    Example:
        >>> from experiments.trainers.classical import logistic_regression
        >>> x = np.random.default_rng(0).normal(size=(80, 2))
        >>> space = {"products": [False, True]}
        >>> search(logistic_regression, space, x, x[:, 0] * x[:, 1] > 0, 0).settings
        {'products': True}
    """
    total = _check(train, space, trials)
    x, y, fixed = np.asarray(x), np.asarray(y), settings or {}
    name = _name(train, fixed, x, y, seed, folds, metric)
    score = [partial(_score, train, x, y, seed, metric, rows) for rows in fold_rows(y, folds, seed)]
    known, budget = read_trials(journal, name), min(trials or total, total)
    tried: dict[int, Trial] = {}

    def attempt(number: int) -> Trial:
        candidate = combination(space, number)
        trial = known.get(canonical(candidate))
        if trial is None:
            trial = _attempt(score, fixed, number, candidate)
            append_trial(journal, name, trial)
        tried[number] = trial._replace(number=number)
        if progress is not None:
            progress(len(tried), budget)
        return tried[number]

    if budget < total:
        follow_tpe(space, budget, seed, tried, attempt)
    for number in range(total):  # the whole grid, or what TPE was too slow to ask for
        if len(tried) == budget:
            break
        if number not in tried:
            attempt(number)
    return _best(list(tried.values()))


def nested_scores(
    train: Train,
    space: Space,
    x: np.ndarray,
    y: np.ndarray,
    seed: int,
    *,
    outer: int = 5,
    settings: dict[str, Any] | None = None,
    metric: Metric = auc,
    **options: Any,
) -> Nested:
    """Estimate, without optimism, what searching and then training gives on unseen events.

    Nested cross-validation (Varma & Simon, BMC Bioinformatics 7, 91 (2006)): each outer part is
    scored by a model whose settings and parameters were both found on the other parts.

    Args:
        train: as in `search`, like all that is not named here.
        space: values to try.
        x: (N, f) features of training events.
        y: (N,) their labels.
        seed: of folds, fits and TPE.
        outer: outer parts; 1 holds out the last quarter once.
        settings: fixed arguments of the trainer.
        metric: `metric(scores, labels)`, larger is better.
        **options: `folds`, `trials`, `journal` and `progress` of each search.

    Returns:
        the scores and choices of the outer parts.

    Raises:
        ValueError: as in `search`; a metric that gives no number on an outer part.

    Example:
        >>> from experiments.trainers.classical import logistic_regression
        >>> x = np.random.default_rng(0).normal(size=(80, 2))
        >>> space = {"products": [False, True]}
        >>> found = nested_scores(logistic_regression, space, x, x[:, 0] * x[:, 1] > 0, 0, outer=2)
        >>> [chosen.settings["products"] for chosen in found.chosen]
        [True, True]
    """
    x, y, fixed = np.asarray(x), np.asarray(y), settings or {}
    scores, chosen = [], []
    for fit, held in fold_rows(y, outer, seed):
        best = search(train, space, x[fit], y[fit], seed, settings=fixed, metric=metric, **options)
        chosen.append(best)
        scores.append(_score(train, x, y, seed, metric, (fit, held), fixed | best.settings))
    return Nested(np.array(scores), chosen)


def _attempt(score: list[Callable], fixed: dict, number: int, candidate: dict) -> Trial:
    """Fit and score on each fold; whatever goes wrong is a result too."""
    start, scores, error = time.perf_counter(), [], ""
    try:
        scores = [on_fold(fixed | candidate) for on_fold in score]
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
    return Trial(number, candidate, scores, round(time.perf_counter() - start, 6), error)


def _score(train: Train, x, y, seed: int, metric: Metric, rows: Rows, settings: dict) -> float:
    """Fit on one side, score the other; a circuit model exactly, whatever will predict later."""
    fit, held = rows
    trained = train(x[fit], y[fit], seed, **settings)
    if isinstance(trained, TrainedCircuit):
        scores = predict(*thaw(trained.frozen), x[held])
    else:
        scores = trained.score(x[held])
    value = float(metric(np.asarray(scores), y[held]))
    if not math.isfinite(value):
        raise ValueError(f"The metric must give a finite number, but gives {value}.")
    return value


def _best(tried: list[Trial]) -> Chosen:
    best = max(tried, key=lambda trial: (trial.mean, -trial.number))
    if best.error:
        raise ValueError(f"All {len(tried)} trials failed; the first with {tried[0].error}")
    return Chosen(best.settings, best.mean, [trial._asdict() for trial in tried])


def _check(train: Train, space: Space, trials: int) -> int:
    """How many combinations there are, in a space that can be searched."""
    if not isinstance(space, dict) or not all(isinstance(v, list) and v for v in space.values()):
        raise ValueError(f"Argument `space` must be a table of lists, but is {space!r}.")
    parameters = inspect.signature(train).parameters.values()
    allowed = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    if not space or not set(space) <= allowed:
        unknown = ", ".join(sorted(set(space) - allowed)) or "nothing"
        raise ValueError(f"Argument `space` must name settings of the model, but names {unknown}.")
    try:
        canonical(space)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Argument `space` must hold JSON values: {error}.") from error
    if type(trials) is not int or trials < 0:
        raise ValueError(f"Argument `trials` must be an int >= 0, but is trials={trials!r}.")
    return count_combinations(space)


def _name(train: Train, fixed: dict, x, y, seed: int, folds: int, metric: Metric) -> str:
    """What a trial depends on besides its own settings and the code; equal ones share trials."""
    told = {
        "train": train,
        "metric": metric,
        "settings": {key: value for key, value in fixed.items() if key != "progress"},
        "events": [hashlib.sha256(a.tobytes()).hexdigest() for a in (x, y)],
        "precision": str(jnp.result_type(float)),
        "seed": seed,
        "folds": folds,
    }
    text = json.dumps(told, sort_keys=True, default=_told)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _told(entry: Any) -> str:
    """A function by its name, anything else (a sampler, say) by its plain repr."""
    name = getattr(entry, "__qualname__", None)
    return f"{entry.__module__}.{name}" if name else repr(entry)
