"""Clusterings as QUBOs: their ground states are the best of all assignments, tried one by one."""

import itertools

import numpy as np
import pytest

from annealing import (
    Exhaustive,
    assignment_clustering,
    balanced_k_means,
    broken,
    cluster_labels,
    squared_distances,
    sufficient_weight,
    two_means,
)
from annealing.problems.assignment_clustering import clustering_variables
from annealing.problems.balanced_k_means import balanced_weight, equal_sizes

RNG = np.random.default_rng(0)
OUTLIER = np.array([[0.0], [0.1], [0.2], [0.4], [0.5], [90.0]])
SETS = {
    "blobs": np.r_[RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2)) + 4],
    "noise": RNG.normal(size=(6, 2)),
    "outlier": OUTLIER,
    "equal": np.ones((5, 2)),
    "odd": RNG.normal(size=(5, 3)) + 1e4,
}


def inertia(X, labels):
    """The loss of k-means: squared distances to the centres."""
    parts = [X[labels == j] for j in np.unique(labels)]
    return sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts)


def inside(X, labels):
    """Squared distances of pairs in one cluster."""
    pairs = itertools.combinations(range(len(X)), 2)
    return sum(((X[i] - X[j]) ** 2).sum() for i, j in pairs if labels[i] == labels[j])


def every_labelling(N, k):
    return [np.array(labels) for labels in itertools.product(range(k), repeat=N)]


def balanced(labels, k):
    return np.ptp(np.bincount(labels, minlength=k)) <= 1


def ground_states(problem):
    samples = Exhaustive().sample(problem.qubo, reads=200, seed=0)
    return samples.bits[: samples.info["ground_states"]]


def check_optimum(problem, X, k, allowed):
    best = min(inside(X, labels) for labels in every_labelling(len(X), k) if allowed(labels, k))
    for bits in ground_states(problem):
        assert not broken(problem, bits)
        labels = cluster_labels(problem.decode(bits), k)
        assert allowed(labels, k)
        assert inside(X, labels) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("name", SETS)
def test_pairs_are_best_and_in_one_cluster_each(name, k):
    X = SETS[name][:5]
    check_optimum(assignment_clustering(squared_distances(X), k), X, k, lambda *_: True)


@pytest.mark.parametrize(("name", "k"), [*itertools.product(SETS, [2, 3]), ("noise", 1)])
def test_balanced_clusters_are_best_and_balanced(name, k):
    X = SETS[name][: 18 // k]
    check_optimum(balanced_k_means(X, k), X, k, balanced)


def test_as_many_clusters_as_points():
    for bits in ground_states(balanced_k_means(SETS["noise"][:4], 4)):
        assert sorted(cluster_labels(bits, 4)) == [0, 1, 2, 3]


def test_the_default_weight_is_far_below_the_general_one():
    X = RNG.normal(size=(40, 2))
    free = balanced_k_means(X, 3, weight=1e-9)
    assert sufficient_weight(free.qubo) > 20 * balanced_weight(squared_distances(X), 3)


def test_a_tenth_of_the_default_weight_lets_an_outlier_go():
    weight = balanced_weight(squared_distances(OUTLIER), 2)
    weak = balanced_k_means(OUTLIER, 2, weight=weight / 10)
    assert broken(weak, ground_states(weak)).all()


@pytest.mark.parametrize(("N", "k"), [(4, 2), (5, 2), (5, 3), (3, 1)])
def test_equal_sizes_cost_nothing_and_others_at_least_one(all_bits, N, k):
    bits = all_bits(N * k)
    sizes = bits.reshape(-1, N, k).sum(axis=1)
    allowed = np.isin(sizes, [N // k, -(-N // k)]).all(axis=1)
    price = equal_sizes(N, k).energy(bits)
    assert (price[allowed] == 0).all()
    assert (price[~allowed] >= 1).all()


def test_equal_sizes_give_the_loss_of_k_means():
    X, labels = RNG.normal(size=(12, 3)), np.arange(12) % 3
    loss = balanced_k_means(X, 3).loss(np.eye(3)[labels].ravel())
    assert loss == pytest.approx(12 / 3 * inertia(X, labels))
    assert clustering_variables(12, 3) == balanced_k_means(X, 3).qubo.n_variables


def test_labels_of_broken_reads_are_no_cluster():
    np.testing.assert_array_equal(
        cluster_labels([[0, 1, 1, 1], [0, 0, 1, 0]], 2), [[1, -1], [-1, 0]]
    )


def test_two_means_is_k_means_for_equal_sizes_and_above_it_elsewhere(all_bits):
    X = RNG.normal(size=(8, 2)) + 50
    problem = two_means(X)
    for bits in all_bits(8):
        loss, exact = problem.loss(2.0 * bits - 1), inertia(X, bits)
        if bits.sum() == 4:
            assert loss == pytest.approx(exact)
        else:
            assert loss >= exact - 1e-9


def test_two_means_between_its_bounds(all_bits):
    X = np.r_[RNG.normal(size=(4, 2)), RNG.normal(size=(4, 2)) + 3]
    problem = two_means(X)
    losses = problem.loss(2.0 * all_bits(8) - 1)
    relaxed = problem.relaxed()
    assert problem.loss(relaxed) <= losses.min() + 1e-9
    assert relaxed @ relaxed == pytest.approx(8)
    # The relaxed minimum is what is left of the variance beside the first principal component.
    lengths = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    assert problem.loss(relaxed) == pytest.approx((lengths[1:] ** 2).sum())
    best = problem.decode(ground_states(problem)[0])
    assert set(best[:4]) == {-best[7]}
    np.testing.assert_array_equal(np.abs(problem.decode(problem.nearest(relaxed)) @ best), 8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: balanced_k_means(np.zeros((3, 1)), 4), "`k` must be an int from 1 to"),
        (lambda: balanced_k_means(np.zeros((3, 1)), 1.5), "`k` must be an int from 1 to"),
        (lambda: balanced_k_means(np.zeros(3), 1), "`X` must have 2 axes"),
        (lambda: assignment_clustering(np.eye(3), 2), "zero diagonal"),
        (lambda: assignment_clustering([[0.0, 1.0], [2.0, 0.0]], 2), "symmetric"),
        (lambda: assignment_clustering([[0.0, -1.0], [-1.0, 0.0]], 2), "from 0 on"),
        (lambda: two_means(np.zeros((0, 2))), r"shape \(N, f\)"),
        (lambda: two_means([[np.nan]]), "`X` must be finite"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
