"""Trials: the combinations of a space, a journal of those finished, and which to try next.

The journal holds one JSON line a finished trial, with the name of its search. A killed search asks
TPE again from the start and finished trials answer from the journal, so the same seed gives what an
undisturbed search gives. A stored study cannot do so: it loses the state of its random numbers.
"""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.records import told_in_a_sentence
from experiments.specs import canonical

Space = dict[str, list]

REPEATS = 20  # TPE may ask again for what was tried; after so many asks a trial it is left


class Trial(NamedTuple):
    """One combination: its `number` in grid order, a score each fold; `error` where it failed."""

    number: int
    settings: dict[str, Any]
    scores: list[float]
    seconds: float
    error: str = ""

    @property
    def mean(self) -> float:
        """What trials are compared by; a failed one is below every other."""
        return -math.inf if self.error else float(np.mean(self.scores))


def count_combinations(space: Space) -> int:
    """How many combinations a space has.

    >>> count_combinations({"layers": [1, 2, 3], "products": [False, True]})
    6
    """
    return math.prod(len(values) for values in space.values())


def combination(space: Space, number: int) -> dict[str, Any]:
    """The settings with a number; the last setting varies fastest.

    Args:
        space: {setting: values}.
        number: from 0.

    >>> combination({"layers": [1, 2, 3], "products": [False, True]}, 3)
    {'layers': 2, 'products': True}
    """
    places = np.unravel_index(number, [len(values) for values in space.values()])
    return {key: values[at] for (key, values), at in zip(space.items(), places, strict=True)}


def follow_tpe(
    space: Space,
    budget: int,
    seed: int,
    tried: dict[int, Trial],
    attempt: Callable[[int], Trial],
) -> None:
    """Try what the tree-structured Parzen estimator asks for, one combination after the other.

    Source: Bergstra et al., NeurIPS 24, 2546 (2011), as in optuna.

    Args:
        space: {setting: values}; where all are numbers in order, TPE uses their order.
        budget: how many different combinations to try.
        seed: of the estimator.
        tried: {number: trial}, which `attempt` adds to.
        attempt: tries the combination with a number.

    Raises:
        ImportError: optuna is missing; the message names the extra.
    """
    optuna = _optuna()
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    sizes = [len(values) for values in space.values()]
    for _ in range(REPEATS * budget):
        if len(tried) == budget:
            break
        asked = study.ask()
        places = [_place(asked, key, values) for key, values in space.items()]
        number = int(np.ravel_multi_index(places, sizes))
        if number not in tried and not attempt(number).error:
            study.tell(asked, tried[number].mean)
        else:  # TPE learns nothing from a failure or a repetition
            study.tell(asked, state=optuna.trial.TrialState.FAIL)


def read_trials(journal: Path | None, name: str) -> dict[str, Trial]:
    """The finished trials of one search; lines torn by a kill are set aside.

    Args:
        journal: a file that need not be there.
        name: of the search.

    Returns:
        {canonical settings: trial}; a failure stays one until its line is deleted.
    """
    if journal is None or not journal.is_file():
        return {}
    parsed = [_parse(line) for line in journal.read_bytes().splitlines()]
    trials = [trial for found, trial in filter(None, parsed) if found == name]
    return {canonical(trial.settings): trial for trial in trials}


def append_trial(journal: Path | None, name: str, trial: Trial) -> None:
    """Add a finished trial to the journal, ending first what a kill left half-written.

    Args:
        journal: the file; made where absent.
        name: of the search.
        trial: the trial.

    Raises:
        OSError: a full disk or a folder that cannot be written.
    """
    if journal is None:
        return
    line = canonical({"search": name} | trial._asdict()).encode() + b"\n"
    with told_in_a_sentence(journal.parent):
        journal.parent.mkdir(parents=True, exist_ok=True)
        with open(journal, "a+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if end and os.pread(file.fileno(), 1, end - 1) != b"\n":
                line = b"\n" + line
            file.write(line)
            os.fsync(file.fileno())


def _parse(line: bytes) -> tuple[str, Trial] | None:
    try:
        entry = json.loads(line)
        return entry.pop("search"), Trial(**entry)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _place(asked: Any, key: str, values: list) -> int:
    """Where in a list TPE points, knowing the order only where there is one."""
    numbers = all(type(value) in (int, float) for value in values)
    if numbers and values == sorted(values):
        return asked.suggest_int(key, 0, len(values) - 1)
    return asked.suggest_categorical(key, list(range(len(values))))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            "A search with fewer `trials` than combinations needs the package `optuna`; "
            "`pip install qml-offload[hpo]`, or try all with `trials` = 0."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
