"""What classifiers of two classes share: labels to 0/1 and back, with scikit-learn's messages."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import validate_data


class BinaryClassifier(ClassifierMixin, BaseEstimator):
    """Labels and probabilities from a score; subclasses set `classes_` and give the score."""

    classes_: np.ndarray
    n_features_in_: int

    def decision_function(self, X) -> np.ndarray:
        """Scores (b,) of X (b, f); positive means `classes_[1]`."""
        raise NotImplementedError

    def predict_proba(self, X) -> np.ndarray:
        """Probabilities (b, 2): the logistic function of the score, not calibrated further."""
        return probabilities(self.decision_function(X))

    def predict(self, X) -> np.ndarray:
        """Labels (b,)."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(int)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def checked(estimator: BaseEstimator, *data: Any, **options: Any) -> Any:
    """scikit-learn's `validate_data`, typed: arrays in, arrays out.

    Args:
        estimator: gets `n_features_in_` when it is fitted.
        data: X, or X and y.
        options: of `validate_data`.

    Returns:
        what was checked, as arrays.
    """
    return validate_data(estimator, *data, **options)


def binary_labels(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two classes and the labels as 0/1.

    Args:
        y: (N,) labels of any type.

    Returns:
        (classes (2,), labels (N,) of 0/1).

    Raises:
        ValueError: one class, or more than two.

    Example:
        >>> binary_labels(np.array(["b", "a", "b"]))[1].tolist()
        [1, 0, 1]
    """
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}."
        )
    classes, labels = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"Classifier can't train when only one class is present: {classes[0]!r}.")
    return classes, labels


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Class probabilities (b, 2) from scores (b,) by the logistic function.

    Example:
        >>> probabilities(np.array([0.0])).tolist()
        [[0.5, 0.5]]
    """
    positive = 1.0 / (1.0 + np.exp(-np.asarray(scores, dtype=float)))
    return np.column_stack([1.0 - positive, positive])
