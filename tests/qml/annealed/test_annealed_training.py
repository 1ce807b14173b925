"""Trainings of several QUBOs, and the binary network: against what they approximate."""

import itertools
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_blobs
from sklearn.linear_model import LogisticRegression

from annealing import SimulatedAnnealing, cross_entropy, split_gain
from qml.annealed import factorize, fit_head, split_categories
from qml.estimators import BinaryNeuralNetwork

FAST = SimulatedAnnealing(sweeps=200)
RNG = np.random.default_rng(0)
CATEGORIES = np.r_[np.arange(8), RNG.integers(0, 8, 100)]


@pytest.mark.parametrize("sampler", ["Exhaustive", FAST])
def test_dinkelbachs_rounds_end_at_the_best_of_all_splits(sampler):
    classes = np.eye(4)[RNG.integers(0, 4, 108)]
    split = split_categories(CATEGORIES, classes, sampler)
    every = itertools.product((0, 1), repeat=8)
    assert split.gain == pytest.approx(max(split_gain(CATEGORIES, classes, b) for b in every))
    assert split.gain == split_gain(CATEGORIES, classes, split.left)
    assert (np.diff(split.gains) > 0).all()


def test_numbers_are_split_where_their_sorted_means_are():
    targets = RNG.normal(size=108) + RNG.normal(size=8)[CATEGORIES]
    split = split_categories(CATEGORIES, targets, FAST)
    means = np.bincount(CATEGORIES, targets) / np.bincount(CATEGORIES)
    order = means.argsort()
    prefixes = [np.isin(np.arange(8), order[:k]) for k in range(1, 8)]
    exact = max(split_gain(CATEGORIES, targets, left) for left in prefixes)
    assert split.gain == pytest.approx(exact)


def test_nothing_to_gain_is_no_error():
    split = split_categories([0, 1, 0, 1], [2.0, 2.0, 2.0, 2.0], "Exhaustive")
    assert split.gain == 0.0
    assert split.left.shape == (2,)
    assert len(split.gains) == 0


def test_a_planted_factorisation_is_found_again():
    V = RNG.uniform(size=(8, 3)) @ RNG.integers(0, 2, (3, 20))
    found = factorize(V, 3, "Exhaustive", starts=8)
    np.testing.assert_allclose(found.W @ found.H, V, atol=1e-8)
    assert set(np.unique(found.H)) <= {0.0, 1.0}
    assert (found.W >= 0).all()


def test_sweeps_never_raise_the_loss():
    V = RNG.uniform(size=(6, 12))
    found = factorize(V, 3, SimulatedAnnealing(sweeps=10), starts=1, reads=2)
    assert (np.diff(found.losses) <= 1e-12).all()
    assert found.losses[-1] == pytest.approx(((V - found.W @ found.H) ** 2).sum())
    again = factorize(V, 3, SimulatedAnnealing(sweeps=10), starts=1, reads=2)
    np.testing.assert_array_equal(again.W, found.W)


def test_a_head_comes_near_logistic_regression_and_never_gets_worse():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    head = fit_head(X, y, FAST, ridge=0.01, rounds=25, reads=10)
    assert (np.diff(head.losses) <= 1e-12).all()
    exact = LogisticRegression(C=1 / (2 * 0.01 * len(y))).fit(X, y)
    best = np.column_stack([exact.coef_, exact.intercept_])
    least = cross_entropy(X, y, best) + 0.01 * (exact.coef_**2).sum()
    assert least - 1e-3 < head.losses[-1] < least + 0.1
    scores = X @ head.weights[:, :-1].T + head.weights[:, -1]
    assert (scores.argmax(axis=1) == y).mean() > 0.9


@pytest.fixture(scope="module")
def blobs():
    x, y = make_blobs(240, centers=2, cluster_std=2.0, random_state=3)
    return x[:120], y[:120], x[120:], y[120:]


def test_the_network_learns_with_weights_of_one_bit(blobs):
    x, y, x_test, y_test = blobs
    model = BinaryNeuralNetwork(FAST, units=6, reads=20, random_state=0).fit(x, y)
    assert model.problem_.qubo.n_variables == 42
    assert set(np.unique(model.machines_[0].weights)) == {-1.0, 1.0}
    linear = LogisticRegression().fit(x, y).score(x_test, y_test)
    assert model.score(x_test, y_test) > linear - 0.1
    assert model.solution_.samples.energies[0] >= model.solution_.losses["annealed"] - 1e-9


def test_the_network_takes_three_classes_and_can_be_pickled():
    x, y = make_blobs(90, centers=3, random_state=0)
    labels = np.array(["a", "b", "c"])[y]
    model = BinaryNeuralNetwork(FAST, units=6, reads=20, random_state=0).fit(x, labels)
    assert model.score(x, labels) > 0.85
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.decision_function(x), model.decision_function(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split_categories([0], [1.0], rounds=0), "`rounds` must be a positive int"),
        (lambda: factorize([[-1.0]], 1), "`V` must be a finite"),
        (lambda: factorize([[1.0]], 0), "`rank` must be a positive int"),
        (lambda: fit_head([[1.0]], [0], rounds=0), "`rounds` must be a positive int"),
        (lambda: BinaryNeuralNetwork(units=0).fit([[0.0], [1.0]], [0, 1]), "`units` must be"),
        (lambda: BinaryNeuralNetwork(cuts=0).fit([[0.0], [1.0]], [0, 1]), "`cuts` must be"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
