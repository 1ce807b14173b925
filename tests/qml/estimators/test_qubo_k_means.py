import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from annealing import Exhaustive, SimulatedAnnealing, balanced_k_means
from qml.estimators import QUBOKMeans
from qml.estimators.qubo_k_means import spread_choice
from qml.offloading import anneal

X, Y = make_blobs(n_samples=300, centers=3, cluster_std=0.6, random_state=1)
SAMPLER = SimulatedAnnealing(sweeps=200)


@pytest.mark.parametrize("formulation", ["balanced", "pairs"])
def test_finds_the_blobs_that_k_means_finds(formulation):
    model = QUBOKMeans(3, formulation, sampler=SAMPLER, reads=20, random_state=0).fit(X)
    reference = KMeans(3, n_init=3, random_state=0).fit(X)
    assert adjusted_rand_score(reference.labels_, model.labels_) > 0.95
    assert adjusted_rand_score(model.predict(X), model.labels_) > 0.95
    assert model.problem_.qubo.n_variables == 40 * 3
    assert model.transform(X).shape == (300, 3)
    assert list(model.get_feature_names_out()) == ["qubokmeans0", "qubokmeans1", "qubokmeans2"]


def test_a_small_weight_finds_what_the_safe_weight_hides():
    model = QUBOKMeans(3, sampler=SAMPLER, reads=20, random_state=0).fit(X)
    sample = X[model.sample_indices_]
    best = KMeans(3, n_init=3, random_state=0).fit(sample).labels_
    classical = model.problem_.loss(np.eye(3)[best].ravel())
    assert not model.solution_.violated
    assert model.solution_.losses["annealed"] == pytest.approx(classical)
    safe = anneal(balanced_k_means(sample, 3), SAMPLER, reads=20)
    assert safe.samples.energies[0] > 2 * classical


def test_the_weight_grows_until_the_constraints_hold():
    # Enough for the outlier is more than an eighth of what is always enough.
    points = np.array([[0.0], [0.1], [0.2], [0.4], [0.5], [90.0]])
    model = QUBOKMeans(2, sampler=Exhaustive(), random_state=0).fit(points)
    weights = [each.problem.details["penalty_weight"] for each in model.solutions_]
    assert len(weights) > 1
    np.testing.assert_allclose(np.diff(np.log2(weights)), 1.0)
    assert [each.violated for each in model.solutions_] == [True] * (len(weights) - 1) + [False]
    assert sorted(np.bincount(model.labels_)) == [3, 3]


def test_sizes_of_the_annealed_points_are_equal():
    lopsided = X[np.r_[np.flatnonzero(Y == 0)[:8], np.flatnonzero(Y == 1)[:2]]]
    model = QUBOKMeans(2, sampler=Exhaustive(), random_state=0)
    pairs = QUBOKMeans(2, "pairs", sampler=Exhaustive(), random_state=0).fit(lopsided)
    assert sorted(np.bincount(model.fit_predict(lopsided))) == [5, 5]
    assert sorted(np.bincount(pairs.labels_)) == [2, 8]
    assert not model.solution_.violated


def test_two_means_is_cut_by_the_first_component_when_relaxed():
    blobs = X[Y < 2]
    model = QUBOKMeans(2, "two_means", sampler=SAMPLER, reads=20, random_state=0).fit(blobs)
    assert adjusted_rand_score(Y[Y < 2], model.labels_) > 0.95
    relaxed = model.variant("relaxed")
    sample = blobs[model.sample_indices_] - blobs[model.sample_indices_].mean(axis=0)
    side = sample @ np.linalg.svd(sample)[2][0] > 0
    assert adjusted_rand_score(side, relaxed.labels_[model.sample_indices_]) == 1.0
    np.testing.assert_array_equal(model.variant("rounded").labels_, relaxed.labels_)


def test_a_sample_keeps_order_and_shares():
    chosen = spread_choice(X, 60)
    assert len(set(chosen)) == 60
    assert np.bincount(Y[chosen], minlength=3).min() >= 12
    np.testing.assert_array_equal(spread_choice(X[:5], 5), np.arange(5))
    shuffled = np.random.default_rng(0).permutation(300)
    np.testing.assert_array_equal(np.sort(shuffled[spread_choice(X[shuffled], 60)]), chosen)


def test_broken_reads_leave_no_point_out_and_no_cluster_empty():
    model = QUBOKMeans(3, sampler=SAMPLER, random_state=0).fit(X)
    lost = np.zeros(120)
    lost[[1, 3]] = 1  # the first point in cluster 1, the second in cluster 0, the others in none
    model._learn(lost)
    assert len(model.cluster_centers_) == 2
    assert set(model.labels_) == {0, 1}
    with pytest.raises(ValueError, match="No read puts a point into one cluster"):
        model._learn(np.ones(120))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_clusters": 301}, "should both be >= n_clusters=301"),
        ({"max_samples": 1}, "should both be >= n_clusters=2"),
        ({"n_clusters": 0}, "`k` must be an int from 1"),
        ({"formulation": "k-means"}, "`formulation` must be"),
        ({"n_clusters": 3, "formulation": "two_means"}, "with n_clusters=3"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        QUBOKMeans(**options).fit(X)
