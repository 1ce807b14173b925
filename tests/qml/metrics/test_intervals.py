"""Bootstrap intervals against full enumeration, closed forms and their own coverage."""

from functools import partial
from math import erf, sqrt

import numpy as np
import pytest

from qml.metrics import accuracy, auc, background_rejection, bootstrap, intervals, paired_difference


def normal_cdf(x):
    return 0.5 * (1 + erf(x / sqrt(2)))


def delong_variance(scores, labels):
    """Variance of the AUC from its structural components (DeLong et al., Biometrics 44, 837)."""
    signal, background = scores[labels == 1], scores[labels == 0]
    wins = np.heaviside(signal[:, None] - background, 0.5)
    by_signal, by_background = wins.mean(axis=1), wins.mean(axis=0)
    return by_signal.var(ddof=1) / signal.size + by_background.var(ddof=1) / background.size


def test_bootstrap_equals_full_enumeration():
    scores, labels = np.array([0.0, 2.0, 1.0, 3.0]), np.array([0, 0, 1, 1])
    counts = np.array([[2, 0], [1, 1], [1, 1], [0, 2]])  # the four draws of two events
    every = [auc(scores, labels, np.append(b, s)) for b in counts for s in counts]
    share = np.mean(np.array(every) <= 0.5)  # 5 of 16 resamples
    resamples = 20_000
    error = sqrt(share * (1 - share) / resamples)
    drawn = np.concatenate(
        [auc(scores, labels, c) for c in intervals._counts(labels == 1, resamples, seed=4)]
    )
    assert abs(np.mean(drawn <= 0.5) - share) < 4 * error
    assert set(np.round(drawn, 12)) == set(np.round(every, 12))
    assert bootstrap(auc, scores, labels, seed=4) == (0.75, 0.0, 1.0)


def test_resamples_keep_class_sizes(sample):
    labels = sample[1] == 1
    blocks = list(intervals._counts(labels, 50, seed=5))
    counts = np.concatenate(blocks)
    assert counts.shape == (50, labels.size)
    assert (counts[:, labels].sum(axis=1) == labels.sum()).all()
    assert (counts[:, ~labels].sum(axis=1) == (~labels).sum()).all()


def test_interval_has_the_width_of_delong():
    rng = np.random.default_rng(6)
    labels = np.repeat([0, 1], [600, 400])
    scores = rng.normal(size=labels.size) + labels
    interval = bootstrap(auc, scores, labels, resamples=4000, seed=7)
    expected = 2 * 1.959964 * sqrt(delong_variance(scores, labels))
    # A 2.5% bound out of 4000 draws has a relative standard error of 2% of the half-width.
    assert abs((interval.high - interval.low) / expected - 1) < 0.06


def test_interval_of_accuracy_is_binomial():
    labels = np.repeat([0, 1], 500)
    scores = np.where(np.arange(1000) % 5 == 0, -1.0, 1.0) * np.where(labels, 1, -1)
    interval = bootstrap(accuracy, scores, labels, resamples=4000, seed=8)
    expected = 2 * 1.959964 * sqrt(0.8 * 0.2 / 1000)
    assert interval.value == 0.8
    assert abs((interval.high - interval.low) / expected - 1) < 0.06


def test_interval_covers_the_truth_as_often_as_it_says():
    rng, truth = np.random.default_rng(9), normal_cdf(1 / sqrt(2))
    labels, trials = np.repeat([0, 1], 100), 300
    covered = 0
    for trial in range(trials):
        scores = rng.normal(size=labels.size) + labels
        _, low, high = bootstrap(auc, scores, labels, resamples=200, seed=trial, level=0.9)
        covered += low <= truth <= high
    assert abs(covered / trials - 0.9) < 3 * sqrt(0.9 * 0.1 / trials)


def test_interval_grows_with_the_level_and_repeats_with_the_seed(sample):
    scores, labels, weights = sample
    interval = partial(bootstrap, auc, scores, labels, weights=weights, resamples=300)
    narrow, wide = interval(seed=1, level=0.5), interval(seed=1, level=0.99)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    assert interval(seed=1) == interval(seed=1) != interval(seed=2)
    np.testing.assert_allclose(narrow.value, auc(scores, labels, weights))


def test_interval_does_not_depend_on_the_block_size(sample, monkeypatch):
    scores, labels, _ = sample
    before = bootstrap(auc, scores, labels, resamples=101, seed=1)
    monkeypatch.setattr(intervals, "BLOCK_ENTRIES", 7 * labels.size)
    assert bootstrap(auc, scores, labels, resamples=101, seed=1) == before


def test_paired_interval_is_the_narrower_one(sample):
    labels = np.repeat([0, 1], 300)
    rng = np.random.default_rng(10)
    a = rng.normal(size=labels.size) + labels
    b = a + 0.3 * rng.normal(size=labels.size)
    paired = paired_difference(auc, a, b, labels, seed=1)
    widths = [np.subtract(*bootstrap(auc, s, labels, seed=1)[:0:-1]) for s in (a, b)]
    assert paired.high - paired.low < 0.5 * np.hypot(*widths)
    np.testing.assert_allclose(paired.value, auc(a, labels) - auc(b, labels))


def test_paired_difference_of_equal_and_of_swapped_scores(sample):
    scores, labels, _ = sample
    other = np.roll(scores, 1)
    assert paired_difference(auc, scores, scores, labels, seed=1) == (0.0, 0.0, 0.0)
    forth = paired_difference(auc, scores, other, labels, seed=1)
    back = paired_difference(auc, other, scores, labels, seed=1)
    np.testing.assert_allclose(back, (-forth.value, -forth.high, -forth.low))


def test_an_infinite_rejection_is_a_bound_and_its_difference_an_error():
    scores, labels = [0.0, 0.1, 0.9, 1.0], [0, 0, 1, 1]
    assert bootstrap(background_rejection, scores, labels, seed=1) == (np.inf,) * 3
    with pytest.raises(ValueError, match="NaN in 1000 of 1000"):
        paired_difference(background_rejection, scores, scores, labels, seed=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resamples": 0}, "`resamples` must be a positive int"),
        ({"resamples": 10.0}, "`resamples` must be a positive int"),
        ({"level": 1.0}, "`level` must be in"),
        ({"weights": np.ones((2, 2))}, r"`weights` must have shape \(2,\)"),
    ],
)
def test_bad_bootstrap_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap(auc, [0.1, 0.2], [0, 1], seed=0, **options)


@pytest.mark.parametrize("efficiency", [0.0, -0.5, 1.5, np.nan])
def test_bad_signal_efficiency_is_refused(efficiency):
    with pytest.raises(ValueError, match="`signal_efficiency` must be in"):
        background_rejection([0.1, 0.2], [0, 1], signal_efficiency=efficiency)
