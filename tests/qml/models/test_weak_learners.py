"""Weak learners of any kind and what they answer."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.naive_bayes import GaussianNB

from qml.models import Stumps, answers, fit_learners, fit_stumps, fit_trees

RNG = np.random.default_rng(0)
Y = np.arange(100) % 2
X = RNG.normal(size=(100, 3)) + [[1.0, -1.0, 0.0]] * Y[:, None]


def test_stumps_cut_at_quantiles_and_turn_towards_the_labels():
    stumps = fit_stumps(X, Y, cuts=3)
    assert stumps.feature.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(stumps.cut[:3], np.quantile(X[:, 0], [0.25, 0.5, 0.75]))
    assert stumps.sign[:6].tolist() == [1, 1, 1, -1, -1, -1]
    said = answers(stumps, X)
    assert set(np.unique(said)) == {-1.0, 1.0}
    assert ((2 * Y - 1) @ said >= 0).all()


def test_features_of_few_values_have_few_stumps():
    x = np.column_stack([np.ones(100), Y])
    stumps = fit_stumps(x, Y, cuts=5)
    assert stumps.feature.tolist() == [0, 1, 1] or stumps.feature.tolist() == [0, 1, 1, 1]
    assert (answers(stumps, x)[:, 0] == answers(stumps, x)[0, 0]).all()


def test_trees_are_small_different_and_repeatable():
    trees = fit_trees(X, Y, count=4, depth=1, seed=3)
    assert all(tree.get_depth() == 1 for tree in trees)
    said = answers(trees, X)
    assert np.abs(said).max() <= 1
    assert len(np.unique(said, axis=1).T) > 1
    np.testing.assert_array_equal(said, answers(fit_trees(X, Y, count=4, depth=1, seed=3), X))
    assert (((said > 0) == Y[:, None]).mean(axis=0) > 0.6).all()


class LabelsOnly(ClassifierMixin, BaseEstimator):
    """A classifier that gives nothing but labels."""

    def fit(self, x, y):
        self.cut_ = x[:, 0].mean()
        return self

    def predict(self, x):
        return (x[:, 0] > self.cut_).astype(int)


@pytest.mark.parametrize(
    ("prototype", "answer"),
    [
        (LogisticRegression(), lambda c: np.clip(c.decision_function(X), -1, 1)),
        (Perceptron(), lambda c: np.clip(c.decision_function(X), -1, 1)),
        (GaussianNB(), lambda c: 2 * c.predict_proba(X)[:, 1] - 1),
        (LabelsOnly(), lambda c: 2 * c.predict(X) - 1),
    ],
)
def test_any_classifier_answers_in_the_range(prototype, answer):
    (fitted,) = fit_learners([prototype], X, Y)
    assert fitted is not prototype
    said = answers([fitted], X)
    assert said.shape == (100, 1)
    assert np.abs(said).max() <= 1
    np.testing.assert_array_equal(said[:, 0] > 0, fitted.predict(X) == 1)
    np.testing.assert_allclose(said[:, 0], answer(fitted))


def test_a_stump_by_hand():
    stumps = Stumps(np.array([1]), np.array([0.0]), np.array([-1.0]))
    assert answers(stumps, np.array([[9.0, 1.0], [9.0, 0.0]]))[:, 0].tolist() == [-1.0, 1.0]
