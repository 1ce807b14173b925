"""scikit-learn's own suite over every estimator, with no expected failure."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import qml.estimators
from annealing import Exhaustive, SimulatedAnnealing
from circuits import Exact, Shots
from qml.data import load_dataset
from qml.estimators import (
    QUBOSVC,
    BinaryNeuralNetwork,
    BoltzmannMachine,
    QAMLClassifier,
    QBoostClassifier,
    QUBOFeatureSelector,
    QUBOKMeans,
    QUBOLinearSVC,
    QUBORidge,
    ReuploadingClassifier,
)

CHEAP = {
    "ReuploadingClassifier": ReuploadingClassifier(n_qubits=2, n_layers=2, steps=60),
    "QBoostClassifier": QBoostClassifier(SimulatedAnnealing(sweeps=50), reads=5, count=12),
    "QAMLClassifier": QAMLClassifier(SimulatedAnnealing(sweeps=100), reads=10),
    "QUBOSVC": QUBOSVC(SimulatedAnnealing(sweeps=20), reads=5, bits=1, max_variables=150),
    "QUBOLinearSVC": QUBOLinearSVC(
        SimulatedAnnealing(sweeps=50), reads=5, bits=2, max_variables=100
    ),
    "BinaryNeuralNetwork": BinaryNeuralNetwork(SimulatedAnnealing(sweeps=50), units=5, reads=5),
    "QUBORidge": QUBORidge(SimulatedAnnealing(sweeps=50), reads=5),
    "QUBOKMeans": QUBOKMeans(sampler=SimulatedAnnealing(sweeps=50), reads=5),
    "QUBOFeatureSelector": QUBOFeatureSelector(sampler=SimulatedAnnealing(sweeps=50), reads=5),
    "BoltzmannMachine": BoltzmannMachine(3, steps=20, chains=20, batch_size=20),
}


@parametrize_with_checks([CHEAP[name] for name in qml.estimators.__all__])
def test_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def rings():
    data = load_dataset("toy_rings")
    return data.x[data.train], data.y[data.train], data.x[data.test], data.y[data.test]


def test_default_constructors_learn(rings):
    x, y, x_test, y_test = rings
    circuit = make_pipeline(StandardScaler(), ReuploadingClassifier(random_state=0)).fit(x, y)
    assert circuit.score(x_test, y_test) > 0.9
    data = load_dataset("toy_linear")
    ensemble = QAMLClassifier(random_state=0).fit(data.x[data.train], data.y[data.train])
    assert ensemble.score(data.x[data.test], data.y[data.test]) > 0.75


def test_offload_gives_the_scores_of_the_estimator(rings):
    x, y, x_test, _ = rings
    model = ReuploadingClassifier(n_qubits=2, n_layers=1, steps=20, random_state=0).fit(x, y)
    exact = model.offload(x_test, Exact())
    np.testing.assert_allclose(exact.scores, model.decision_function(x_test), atol=1e-10)
    noisy = model.offload(x_test, Shots(shots=500, seed=0))
    assert np.abs((noisy.scores - exact.scores) / noisy.std).max() < 5


def test_a_second_fit_equals_the_first_and_a_clone_too(rings):
    x, y, x_test, _ = rings
    model = ReuploadingClassifier(n_qubits=2, n_layers=1, steps=20, random_state=3)
    first = model.fit(x, y).decision_function(x_test)
    np.testing.assert_array_equal(first, model.fit(x, y).decision_function(x_test))
    np.testing.assert_array_equal(first, clone(model).fit(x, y).decision_function(x_test))


def test_any_sampler_trains_the_ensemble(rings):
    x, y, *_ = rings
    exact = QAMLClassifier(Exhaustive(), random_state=0).fit(x, y)
    annealed = QAMLClassifier(SimulatedAnnealing(), random_state=0).fit(x, y)
    lowest = exact.solution_.samples.energies[0]
    assert annealed.solution_.samples.energies[0] == pytest.approx(lowest)
