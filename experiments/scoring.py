"""The scores that every cell is given, from its events' scores and labels alone."""

import math
from collections.abc import Callable

import numpy as np

from qml.metrics import accuracy, auc, background_rejection, balanced_accuracy, tagging_power

METRICS: dict[str, Callable] = {
    "auc": auc,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "background_rejection": background_rejection,  # at half of the signal kept
    "tagging_power": tagging_power,
}


def all_metrics(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Every metric on these events.

    Args:
        scores: (e,) scores, positive where label 1 is predicted.
        labels: (e,) labels 0/1.

    Returns:
        {name: value}; an infinite rejection (no background left) is left out.

    >>> sorted(all_metrics(np.array([-1.0, 3.0, 2.0, 0.5]), np.array([0, 0, 1, 1])))
    ['accuracy', 'auc', 'background_rejection', 'balanced_accuracy', 'tagging_power']
    """
    values = {name: float(metric(scores, labels)) for name, metric in METRICS.items()}
    return {name: value for name, value in values.items() if not math.isinf(value)}
