"""scikit-learn estimators over the two roads."""

from qml.estimators.binary_neural_network import BinaryNeuralNetwork
from qml.estimators.boltzmann_machine import BoltzmannMachine
from qml.estimators.qaml_classifier import QAMLClassifier
from qml.estimators.qboost_classifier import QBoostClassifier
from qml.estimators.qubo_feature_selector import QUBOFeatureSelector
from qml.estimators.qubo_k_means import QUBOKMeans
from qml.estimators.qubo_linear_svc import QUBOLinearSVC
from qml.estimators.qubo_ridge import QUBORidge
from qml.estimators.qubo_svc import QUBOSVC
from qml.estimators.reuploading_classifier import ReuploadingClassifier

__all__ = [
    "ReuploadingClassifier",
    "QBoostClassifier",
    "QAMLClassifier",
    "QUBOSVC",
    "QUBOLinearSVC",
    "BinaryNeuralNetwork",
    "QUBOFeatureSelector",
    "QUBOKMeans",
    "QUBORidge",
    "BoltzmannMachine",
]
