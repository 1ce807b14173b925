"""The estimator beside scikit-learn's own, on data of which the best likelihood is known."""

import pickle
from copy import copy

import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM

from annealing import SimulatedAnnealing, qubo_to_ising
from annealing.qubo import qubo_from_matrix
from qml.boltzmann import Machine, Parameters, log_likelihoods, restricted
from qml.data.patterns import bars_and_stripes
from qml.estimators.boltzmann_machine import BoltzmannMachine

BEST = -np.log(14)  # of bars and stripes of 3 by 3


def as_machine(model: BernoulliRBM) -> Machine:
    """scikit-learn's machine as ours: bits to spins."""
    hidden, visible = model.components_.shape
    machine = restricted(visible, hidden)
    matrix = np.zeros((visible + hidden, visible + hidden))
    matrix[machine.rows, machine.cols] = -model.components_.T.ravel()
    linear = -np.concatenate([model.intercept_visible_, model.intercept_hidden_])
    h, J, _ = qubo_to_ising(qubo_from_matrix(matrix + np.diag(linear)))
    couplings = np.asarray(J)[machine.rows, machine.cols]
    return machine._replace(parameters=Parameters(h, couplings))


@pytest.fixture(scope="module")
def pictures():
    return bars_and_stripes(3)


@pytest.fixture(scope="module")
def peer(pictures):
    x = np.tile(pictures, (10, 1))
    return BernoulliRBM(8, learning_rate=0.05, batch_size=14, n_iter=100, random_state=0).fit(x)


@pytest.fixture(scope="module")
def contrastive(pictures):
    return BoltzmannMachine(8, "contrastive", sweeps=5, random_state=0).fit(pictures)


def test_hidden_units_answer_as_those_of_scikit_learn(pictures, peer, contrastive):
    ours = copy(contrastive)
    ours.machine_ = as_machine(peer)
    np.testing.assert_allclose(ours.transform(pictures), peer.transform(pictures), rtol=1e-6)
    free = -peer._free_energy(pictures)
    found = log_likelihoods(ours.machine_, pictures)
    np.testing.assert_allclose(found - found[0], free - free[0], atol=1e-9)


@pytest.mark.parametrize("negative", ["persistent", "contrastive"])
def test_is_as_likely_as_scikit_learns(pictures, peer, contrastive, negative):
    model = contrastive
    if negative == "persistent":
        model = BoltzmannMachine(8, sweeps=5, random_state=0).fit(pictures)
    theirs = log_likelihoods(as_machine(peer), pictures).mean()
    assert theirs < BEST
    assert max(theirs, BEST - 0.3) < model.score(pictures) < BEST
    assert model.betas_.shape == (0, 2)
    assert model.history_.shape == (2000,)
    assert model.log_partition_error_ == 0


def test_an_annealer_is_a_source_of_samples(pictures):
    sampler = SimulatedAnnealing(sweeps=30, beta_range=(0.1, 2.0))
    model = BoltzmannMachine(
        8, "annealer", learning_rate=0.1, steps=200, sampler=sampler, random_state=0
    ).fit(pictures)
    assert BEST - 0.6 < model.score(pictures) < BEST
    assert np.median(model.betas_[100:, 0]) == pytest.approx(1, abs=0.1)


def test_samples_look_like_the_data(pictures, contrastive):
    model = contrastive
    drawn = model.sample(500, sweeps=200)
    known = (drawn[:, None] == pictures).all(axis=2).any(axis=1)
    chance = np.exp(model.score_samples(pictures)).sum()
    assert known.mean() == pytest.approx(chance, abs=4 * 0.5 / np.sqrt(500))
    assert chance > 0.6
    assert set(model.get_feature_names_out()[:1]) == {"boltzmannmachine0"}


def test_large_machines_are_measured_by_importance_sampling():
    x = np.random.default_rng(0).integers(0, 2, size=(100, 17))
    model = BoltzmannMachine(17, steps=20, random_state=0).fit(x)
    assert 0 < model.log_partition_error_ < 0.1
    exact = log_likelihoods(model.machine_, x[:5])
    assert np.abs(model.score_samples(x[:5]) - exact).max() < 4 * model.log_partition_error_
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.score_samples(x), model.score_samples(x))


def test_features_are_cut_at_a_threshold_or_must_be_bits():
    x = np.array([[0.2, 0.9], [0.8, 0.1]])
    cut = BoltzmannMachine(2, steps=50, random_state=0).fit(x)
    bits = BoltzmannMachine(2, steps=50, binarize=None, random_state=0).fit(np.round(x))
    np.testing.assert_array_equal(cut.transform(x), bits.transform(np.round(x)))
    with pytest.raises(ValueError, match="`x` must hold 0 and 1 only"):
        BoltzmannMachine(2, steps=50, binarize=None).fit(x)
    with pytest.raises(ValueError, match="`negative` must be 'persistent'"):
        BoltzmannMachine().set_params(negative="quantum").fit(x)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("negative", "options"),
    [
        ("contrastive", {"steps": 5000, "sweeps": 5}),
        ("persistent", {"steps": 5000, "sweeps": 5}),
        ("annealer", {"steps": 1000, "learning_rate": 0.1, "reads": 100}),
    ],
)
def test_all_negatives_come_near_the_best_likelihood(pictures, negative, options):
    scores = [
        BoltzmannMachine(8, negative, random_state=seed, **options).fit(pictures).score(pictures)
        for seed in range(3)
    ]
    assert BEST - 0.3 < np.mean(scores) < BEST
