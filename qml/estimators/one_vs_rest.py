"""Classifiers of any number of classes from QUBOs of two: one class against the rest."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from qml.estimators.labels import checked, probabilities
from qml.estimators.solving import TrainedByAnnealer


class OneVsRestByAnnealer(TrainedByAnnealer, ClassifierMixin, BaseEstimator):
    """A machine for each class, or one where there are two.

    Subclasses give `_fit_machine` and `_score`. After `fit`: `classes_`, `machines_` (what
    `_fit_machine` returned), and what `TrainedByAnnealer` keeps.
    """

    classes_: np.ndarray
    machines_: list[Any]
    n_features_in_: int

    def _fit_machine(self, X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Any:
        """Whatever `_score` needs, from X (N, f) and labels y (N,) of 0 and 1."""
        raise NotImplementedError

    def _score(self, machine: Any, X: np.ndarray) -> np.ndarray:
        """Scores (b,) of X (b, f), positive where the label 1 is predicted."""
        raise NotImplementedError

    def fit(self, X, y):
        """Train on X (N, f) and labels y (N,) of two classes or more."""
        X, y = checked(self, X, y)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Classifier can't train when only one class is present: {self.classes_[0]!r}."
            )
        rng = self._draws()
        positive = [1] if len(self.classes_) == 2 else range(len(self.classes_))
        self.machines_ = [self._fit_machine(X, (labels == k).astype(int), rng) for k in positive]
        return self

    def decision_function(self, X) -> np.ndarray:
        """Scores of X (b, f): (b,), positive means `classes_[1]`; of k > 2 classes (b, k)."""
        check_is_fitted(self)
        X = checked(self, X, reset=False)
        scores = [self._score(machine, X) for machine in self.machines_]
        return scores[0] if len(scores) == 1 else np.column_stack(scores)

    def predict_proba(self, X) -> np.ndarray:
        """Probabilities (b, k): logistic functions of the scores over their sum, not calibrated."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return probabilities(scores)
        each = 1.0 / (1.0 + np.exp(-scores))
        return each / each.sum(axis=1, keepdims=True)

    def predict(self, X) -> np.ndarray:
        """Labels (b,)."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[best]
