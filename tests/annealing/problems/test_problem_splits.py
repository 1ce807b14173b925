"""Category splits and binary factorisation as QUBOs, against every answer there is."""

import itertools

import numpy as np
import pytest

from annealing import Exhaustive, binary_factorization, split_gain, tree_split
from annealing.problems.binary_factorization import binary_factorization_variables
from annealing.problems.tree_split import tree_split_variables

RNG = np.random.default_rng(0)
CATEGORIES = np.r_[np.arange(6), RNG.integers(0, 6, 60)]
CLASSES = np.eye(3)[RNG.integers(0, 3, 66)]
TARGETS = RNG.normal(size=66) + CATEGORIES % 4


def gini(columns):
    return 1 - (columns.mean(axis=0) ** 2).sum()


def every_gain(targets):
    return max(
        split_gain(CATEGORIES, targets, left) for left in itertools.product((0, 1), repeat=6)
    )


def test_the_gain_is_the_drop_of_ginis_impurity():
    left = np.array([1, 0, 0, 1, 1, 0])
    goes = left[CATEGORIES] == 1
    after = goes.mean() * gini(CLASSES[goes]) + (1 - goes.mean()) * gini(CLASSES[~goes])
    assert split_gain(CATEGORIES, CLASSES, left) == pytest.approx(gini(CLASSES) - after)
    assert split_gain(CATEGORIES, CLASSES, 1 - left) == pytest.approx(gini(CLASSES) - after)
    assert split_gain(CATEGORIES, CLASSES, np.ones(6)) == 0.0


def test_the_gain_is_the_drop_of_the_variance():
    left = np.array([0, 0, 1, 1, 0, 1])
    goes = left[CATEGORIES] == 1
    after = goes.mean() * TARGETS[goes].var() + (1 - goes.mean()) * TARGETS[~goes].var()
    assert split_gain(CATEGORIES, TARGETS, left) == pytest.approx(TARGETS.var() - after)


@pytest.mark.parametrize("targets", [TARGETS, CLASSES], ids=["numbers", "classes"])
def test_a_ratio_is_surpassed_where_the_least_loss_is_negative(targets):
    best = every_gain(targets)
    for ratio, negative in [(0.5 * best, True), (0.999 * best, True), (1.001 * best, False)]:
        problem = tree_split(CATEGORIES, targets, ratio=ratio)
        found = Exhaustive().sample(problem.qubo, reads=1, seed=0)
        assert (found.energies[0] < -1e-12) == negative
        if negative:
            assert split_gain(CATEGORIES, targets, found.bits[0]) > ratio
    assert problem.qubo.n_variables == tree_split_variables(6)


def test_the_column_is_the_best_of_all():
    W, v = RNG.normal(size=(5, 7)), RNG.normal(size=5)
    problem = binary_factorization(W, v)
    every = np.array(list(itertools.product((0, 1), repeat=7)))
    best = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    distances = np.linalg.norm(every @ W.T - v, axis=1)
    assert best.energies[0] == pytest.approx(distances.min() ** 2)
    np.testing.assert_array_equal(problem.decode(best.bits[0]), every[distances.argmin()])
    assert problem.qubo.n_variables == binary_factorization_variables(7)
    assert problem.loss(problem.relaxed()) <= best.energies[0] + 1e-9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tree_split([0, 1], [1.0]), r"\(N,\) and \(N,\) or \(N, c\)"),
        (lambda: tree_split([], []), "with N > 0"),
        (lambda: tree_split([0.0, 1.0], [1.0, 2.0]), "ints from 0 on"),
        (lambda: tree_split([0, -1], [1.0, 2.0]), "ints from 0 on"),
        (lambda: tree_split([0, 1], [1.0, 2.0], ratio=-0.1), "not be negative"),
        (lambda: binary_factorization(np.ones((2, 2)), np.ones(3)), "one f > 0"),
        (lambda: binary_factorization(np.ones((2, 0)), np.ones(2)), "rank > 0"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
