"""Models: pairs of pure functions, classical and circuit."""

from qml.models.linear import linear_model
from qml.models.model import CircuitModel, Model, circuit_model, predict
from qml.models.reuploading import reuploading_model
from qml.models.weak_classifiers import (
    WeakClassifiers,
    best_threshold,
    fit_weak_classifiers,
    respond,
    vote,
)
from qml.models.weak_learners import Stumps, answers, fit_learners, fit_stumps, fit_trees

__all__ = [
    "Model",
    "CircuitModel",
    "circuit_model",
    "predict",
    "linear_model",
    "reuploading_model",
    "WeakClassifiers",
    "fit_weak_classifiers",
    "respond",
    "vote",
    "best_threshold",
    "Stumps",
    "fit_stumps",
    "fit_trees",
    "fit_learners",
    "answers",
]
