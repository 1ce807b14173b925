"""scikit-learn estimators over the two roads."""

from qml.estimators.boosted_ensemble_classifier import BoostedEnsembleClassifier
from qml.estimators.reuploading_classifier import ReuploadingClassifier

__all__ = ["ReuploadingClassifier", "BoostedEnsembleClassifier"]
