"""What training leaves behind: a classifier to score with, or a circuit model ready for any device.

A trainer is a function of the training events and a seed that returns `Trained` or
`TrainedCircuit`. Its keyword-only arguments are the settings of a spec's `[models.NAME]`; their
defaults are the documented ones.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from qml import Frozen

Progress = Callable[[int, int], None]
Score = Callable[[np.ndarray], np.ndarray]


class Trained(NamedTuple):
    """An ordinary classifier: `score(x (b, f)) -> (b,)`, and what its training left.

    `seconds` by stage; `counts` of reads and the like; `arrays` to keep; `info` as JSON.
    """

    score: Score
    seconds: dict[str, float]
    counts: dict[str, int]
    arrays: dict[str, np.ndarray]
    info: dict[str, Any]


class TrainedCircuit(NamedTuple):
    """A circuit model ready for any device: `frozen`, its `losses` (steps,), `seconds` by stage."""

    frozen: Frozen
    losses: np.ndarray
    seconds: dict[str, float]


def trained_since(start: float, score: Score) -> Trained:
    """A classifier whose training began at `start` of `time.perf_counter` and ends now."""
    return Trained(score, {"train": time.perf_counter() - start}, {}, {}, {})


def behind(scaler: Any, score: Score, x: np.ndarray) -> np.ndarray:
    """Scores of features that a scaler of scikit-learn's, or a selector, changes first."""
    return score(scaler.transform(x))
