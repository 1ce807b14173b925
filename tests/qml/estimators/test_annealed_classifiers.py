"""QBoost, QAML with and without zooming, and the kernel machine, beside what they approximate."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from annealing import Exhaustive, SimulatedAnnealing
from qml.estimators import QUBOSVC, QAMLClassifier, QBoostClassifier, QUBOLinearSVC
from qml.estimators.qubo_svc import margin_bias
from qml.estimators.subsets import deal

FAST = SimulatedAnnealing(sweeps=200)


@pytest.fixture(scope="module")
def moons():
    x, y = make_moons(400, noise=0.25, random_state=0)
    return x[:200], y[:200], x[200:], y[200:]


@pytest.mark.parametrize("learners", ["stumps", "trees", [GaussianNB(), DecisionTreeClassifier()]])
def test_qboost_weighs_any_learners(moons, learners):
    x, y, x_test, y_test = moons
    model = QBoostClassifier(FAST, learners, count=20, reads=10, random_state=0).fit(x, y)
    assert model.score(x_test, y_test) > 0.78
    assert set(np.unique(model.machines_[0].weights)) <= {0.0, 1.0}
    bits = QBoostClassifier(FAST, learners, count=20, bits=2, reads=10, random_state=0).fit(x, y)
    assert bits.problem_.qubo.n_variables == 2 * len(bits.machines_[0].weights)


def test_a_penalty_keeps_fewer_learners(moons):
    x, y, *_ = moons
    kept = [
        QBoostClassifier(FAST, count=20, penalty=penalty, reads=10, random_state=0)
        .fit(x, y)
        .solution_.params.sum()
        for penalty in (0.0, 0.05)
    ]
    assert kept[0] > kept[1] > 0


def test_zooming_lowers_the_loss_and_weighs_with_signs(moons):
    x, y, x_test, y_test = moons
    options = {"products": True, "shifts": (-0.3, 0.0, 0.3), "random_state": 0}
    plain = QAMLClassifier(Exhaustive(), reads=1, **options).fit(x, y)
    zoomed = QAMLClassifier(Exhaustive(), rounds=8, reads=1, **options).fit(x, y)
    assert len(zoomed.solutions_) == 8
    assert zoomed.problem_.qubo.n_variables == plain.problem_.qubo.n_variables == 9
    weights = zoomed.machines_[0][1]
    assert weights.min() < 0 < weights.max()
    assert zoomed.problem_.loss(weights) < plain.problem_.loss(plain.solution_.params)
    assert zoomed.score(x_test, y_test) > 0.8
    assert zoomed.solutions_[1].seconds["build"] == 0.0 < zoomed.solutions_[0].seconds["build"]


@pytest.mark.parametrize(("kernel", "bits"), [("rbf", 1), ("rbf", 2), ("linear", 2)])
def test_the_kernel_machine_comes_near_libsvm(moons, kernel, bits):
    x, y, x_test, y_test = moons
    exact = SVC(kernel=kernel, gamma=1.0, C=1.0).fit(x[:80], y[:80])
    model = QUBOSVC(FAST, kernel, gamma=1.0, bits=bits, C=1.0, reads=20, random_state=0)
    model.fit(x[:80], y[:80])
    assert len(model.solutions_) == 1
    assert model.score(x_test, y_test) > exact.score(x_test, y_test) - 0.05
    relaxed = model.variant("relaxed")
    same = relaxed.predict(x_test) == exact.predict(x_test)
    assert same.mean() > 0.95


def test_subsets_keep_the_chip_small_and_the_classes_mixed(moons):
    x, y, x_test, y_test = moons
    model = QUBOSVC(FAST, gamma=1.0, max_variables=101, reads=10, random_state=0).fit(x, y)
    sizes = [solution.logical_variables for solution in model.solutions_]
    assert sum(sizes) == 400
    assert max(sizes) <= 101
    assert len(sizes) == 4
    hands = deal(y, 50, np.random.default_rng(0))
    assert sorted(np.concatenate(hands)) == list(range(200))
    shares = [y[rows].mean() for rows in hands]
    assert np.ptp(shares) <= 0.021
    assert model.score(x_test, y_test) > 0.85
    with pytest.raises(ValueError, match="`kind` must be one of"):
        model.variant("relaxed")


def test_an_ensemble_is_the_mean_of_its_reads(moons):
    x, y, x_test, _ = moons
    model = QUBOSVC(FAST, gamma=1.0, ensemble=3, reads=10, random_state=0).fit(x[:30], y[:30])
    alphas = model.problem_.decode(model.solution_.samples.bits[:3])
    x, signs, *_ = model._trained_on  # the events of the chip's problem, in its order
    kernel = np.exp(-((x[:, None] - x) ** 2).sum(axis=-1))
    cross = np.exp(-((x_test[:, None] - x) ** 2).sum(axis=-1))
    each = [cross @ (a * signs) + margin_bias(a, signs, kernel, 3.0) for a in alphas]
    np.testing.assert_allclose(model.decision_function(x_test), np.mean(each, axis=0))


def test_the_bias_puts_the_margin_on_the_margin():
    x = np.array([[-1.0], [-0.5], [0.8], [2.0]])
    y = np.array([-1, -1, 1, 1])
    exact = SVC(C=10.0, kernel="linear", tol=1e-10).fit(x, y)
    alpha = np.zeros(4)
    alpha[exact.support_] = np.abs(exact.dual_coef_[0])
    assert margin_bias(alpha, y, x @ x.T, 10.0) == pytest.approx(exact.intercept_[0], abs=1e-6)
    assert margin_bias(np.zeros(4), y[1:].repeat([1, 1, 2]), x @ x.T, 1.0) == 0.5


def test_the_linear_machine_comes_near_the_squared_hinge():
    x, y = make_blobs(80, centers=2, cluster_std=3.0, random_state=0)
    model = QUBOLinearSVC(FAST, bits=4, max_variables=400, reads=20, random_state=0).fit(x, y)
    assert len(model.solutions_) == 1
    assert model.problem_.qubo.n_variables == (2 + 1 + 80) * 4
    relaxed = model.variant("relaxed")
    exact = LogisticRegression().fit(x, y)
    assert relaxed.score(x, y) > exact.score(x, y) - 0.03
    assert model.score(x, y) > exact.score(x, y) - 0.1
    cut = QUBOLinearSVC(FAST, bits=2, max_variables=100, reads=20, random_state=0).fit(x, y)
    assert max(solution.logical_variables for solution in cut.solutions_) <= 100
    assert cut.score(x, y) > exact.score(x, y) - 0.1


@pytest.mark.parametrize(
    "model",
    [
        QBoostClassifier(FAST, count=12, reads=5, random_state=0),
        QAMLClassifier(FAST, rounds=2, reads=5, random_state=0),
        QUBOSVC(FAST, bits=1, reads=5, random_state=0),
        QUBOLinearSVC(FAST, bits=2, max_variables=100, reads=5, random_state=0),
    ],
)
def test_three_classes_and_what_is_kept(model):
    x, y = make_blobs(60, centers=3, random_state=2)
    x = x / x.std(axis=0)
    labels = np.array(["a", "b", "c"])[y]
    model.fit(x, labels)
    assert model.score(x, labels) > 0.85
    probabilities = model.predict_proba(x)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.decision_function(x), model.decision_function(x))
    assert again.problem_.loss(again.solution_.params) == model.problem_.loss(
        model.solution_.params
    )


def test_variants_have_thresholds_of_their_own(moons):
    x, y, *_ = moons
    for model in (QBoostClassifier(FAST, count=12, reads=5), QAMLClassifier(FAST, reads=5)):
        model.fit(x, y)
        for kind in ("rounded", "relaxed"):
            other = model.variant(kind)
            assert other.problem_.loss(other.machines_[0][1]) == pytest.approx(
                model.solution_.losses[kind]
            )
            assert other.score(x, y) > 0.75
        assert model.solution_.losses["relaxed"] <= model.solution_.losses["annealed"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (QBoostClassifier(learners="forests"), "`learners` must be 'stumps', 'trees' or a list"),
        (QUBOSVC(kernel="poly"), "`kernel` must be 'rbf' or 'linear'"),
        (QUBOSVC(bits=3, max_variables=2), "`max_variables` must leave room for one event"),
    ],
)
def test_bad_arguments_are_refused(moons, model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(*moons[:2])
