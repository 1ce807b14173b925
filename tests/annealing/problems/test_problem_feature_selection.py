import itertools

import numpy as np
import pytest
from sklearn.feature_selection import f_classif
from sklearn.metrics import mutual_info_score

from annealing import Exhaustive, correlations, feature_selection, mutual_informations

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6))
Y = X[:, 0] - 0.5 * X[:, 3] + RNG.normal(size=200)


def kept(problem):
    return problem.decode(Exhaustive().sample(problem.qubo, reads=1, seed=0).bits[0])


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("count", range(1, 7))
def test_a_count_gives_the_best_subset_of_that_size(count, alpha):
    relevance, redundancy = correlations(X, Y)
    problem = feature_selection(relevance, redundancy, alpha=alpha, count=count)
    found = kept(problem)
    assert found.sum() == count
    best = min(
        (1 - alpha) * sum(2 * redundancy[i, j] for i, j in itertools.combinations(subset, 2))
        - alpha * relevance[list(subset)].sum()
        for subset in itertools.combinations(range(6), count)
    )
    assert problem.loss(found) == pytest.approx(best)


def test_a_larger_share_of_relevance_keeps_more():
    relevance, redundancy = correlations(X, Y)
    counts = [
        kept(feature_selection(relevance, redundancy, alpha=alpha)).sum()
        for alpha in np.linspace(0, 1, 21)
    ]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 6)


def test_of_two_equal_features_one_is_kept():
    Z = RNG.normal(size=(200, 3))
    twice = np.c_[Z, Z[:, 0]]
    found = kept(feature_selection(*correlations(twice, Z[:, 0] + Z[:, 1]), count=2))
    assert found[0] + found[3] == 1


def test_correlations_are_those_of_numpy():
    expected = np.abs(np.corrcoef(np.c_[X, Y].T))
    relevance, redundancy = correlations(X * 3 + 1e3, Y)
    np.testing.assert_allclose(relevance, expected[-1, :-1], rtol=1e-9)
    np.testing.assert_allclose(redundancy, expected[:-1, :-1], rtol=1e-9)


def test_of_classes_it_is_the_correlation_ratio():
    classes = RNG.integers(0, 3, 200)
    relevance, _ = correlations(X, classes[:, None] == np.arange(3))
    F = f_classif(X, classes)[0]  # F = (r^2 / 2) / ((1 - r^2) / 197)
    np.testing.assert_allclose(relevance**2, 2 * F / (2 * F + 197), rtol=1e-9)
    two = correlations(X, (classes > 0)[:, None] == [False, True])[0]
    np.testing.assert_allclose(two, correlations(X, classes > 0)[0], rtol=1e-9)


def test_constant_features_tell_nothing():
    constant = np.c_[X[:, :1], np.full(200, 0.1)]
    for measured in (correlations(constant, Y), mutual_informations(constant, Y, bins=5)):
        assert measured[0][1] == pytest.approx(0.0, abs=1e-12)
        assert measured[1][0, 1] == pytest.approx(0.0, abs=1e-12)


def test_mutual_information_is_that_of_scikit_learn():
    whole, labels = RNG.integers(0, 6, (200, 3)), RNG.choice(list("abc"), 200)
    relevance, redundancy = mutual_informations(whole, labels, bins=6)
    for i, j in itertools.product(range(3), repeat=2):
        assert redundancy[i, j] == pytest.approx(mutual_info_score(whole[:, i], whole[:, j]))
        assert relevance[i] == pytest.approx(mutual_info_score(whole[:, i], labels))


def test_quantiles_make_information_blind_to_the_scale():
    plain = mutual_informations(X, Y, bins=5)
    warped = mutual_informations(np.exp(X), Y**3, bins=5)
    np.testing.assert_allclose(warped[0], plain[0], atol=1e-12)
    np.testing.assert_allclose(plain[1].diagonal(), np.log(5), atol=1e-3)  # bins of equal weight


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: feature_selection([1.0], np.zeros((2, 2))), "must have shapes"),
        (lambda: feature_selection([-1.0], [[0.0]]), "must not be negative"),
        (lambda: feature_selection([1.0, 1.0], [[0.0, 1.0], [0.0, 0.0]]), "symmetric"),
        (lambda: feature_selection([1.0], [[0.0]], alpha=1.1), "`alpha` must lie in"),
        (lambda: feature_selection([1.0], [[0.0]], count=2), "`count` must be an int from 1 to 1"),
        (lambda: feature_selection([1.0], [[0.0]], count=1.0), "`count` must be an int from 1"),
        (lambda: correlations(np.zeros((3, 1)), np.zeros(2)), "must have shapes"),
        (lambda: mutual_informations(np.zeros((3, 1)), np.zeros((3, 1))), "must have shapes"),
        (lambda: mutual_informations(np.zeros((3, 1)), np.zeros(3), bins=1), "`bins` must be"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
