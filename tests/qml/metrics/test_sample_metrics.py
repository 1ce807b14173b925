"""Distances between samples against enumeration, closed forms and scipy's linear program."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import wasserstein_distance_nd

from qml.metrics import median_bandwidth, mmd_squared, wasserstein
from qml.metrics import samples as sample_metrics


def brute_force_mmd(x, y, u, v, bandwidth):
    def mean(a, b, w, q, *, same):
        total = norm = 0.0
        for i, j in product(range(len(a)), range(len(b))):
            if not (same and i == j):
                distance = ((a[i] - b[j]) ** 2).sum()
                total += w[i] * q[j] * np.exp(-distance / (2 * bandwidth**2))
                norm += w[i] * q[j]
        return total / norm

    return (
        mean(x, x, u, u, same=True) + mean(y, y, v, v, same=True) - 2 * mean(x, y, u, v, same=False)
    )


@pytest.fixture
def two_samples():
    """Two weighted samples of two features: x, y, weights of x, weights of y."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(12, 2)), rng.normal(size=(9, 2)) + 0.5
    return x, y, rng.gamma(1.0, size=12), rng.gamma(1.0, size=9)


def test_mmd_agrees_with_the_sum_over_pairs(two_samples, monkeypatch):
    x, y, u, v = two_samples
    expected = brute_force_mmd(x, y, u, v, 0.8)
    options = {"bandwidth": 0.8, "x_weights": u, "y_weights": v}
    np.testing.assert_allclose(mmd_squared(x, y, **options), expected, rtol=1e-12)
    monkeypatch.setattr(sample_metrics, "BLOCK_ROWS", 5)
    np.testing.assert_allclose(mmd_squared(x, y, **options), expected, rtol=1e-12)


def test_mmd_is_unbiased():
    """Mean over all samples of three from a two-point law, against the law's own MMD."""
    points, chances = np.array([0.0, 1.0]), np.array([0.3, 0.7])
    others, mean = np.array([0.0, 0.0, 1.0]), 0.0
    for draw in product(range(2), repeat=3):
        mean += chances[list(draw)].prod() * mmd_squared(points[list(draw)], others, bandwidth=1.0)
    kernel = np.exp(-((points[:, None] - points) ** 2) / 2)
    within = (1 + 2 * kernel[0, 1]) / 3  # of `others`: pairs 00, 01, 01
    across = chances @ kernel @ np.array([2, 1]) / 3
    np.testing.assert_allclose(mean, chances @ kernel @ chances + within - 2 * across, rtol=1e-12)


def test_mmd_of_two_gaussians():
    """E k = s / sqrt(s^2 + 2) exp(-m^2 / (2 (s^2 + 2))) for unit normals m apart."""
    rng, shift, bandwidth, n = np.random.default_rng(3), 1.0, 0.7, 400
    runs = [
        mmd_squared(rng.normal(size=n), rng.normal(size=n) + shift, bandwidth=bandwidth)
        for _ in range(20)
    ]
    width = bandwidth**2 + 2
    expected = 2 * bandwidth / np.sqrt(width) * (1 - np.exp(-(shift**2) / (2 * width)))
    assert abs(np.mean(runs) - expected) < 3 * np.std(runs, ddof=1) / np.sqrt(len(runs))


def test_integer_weights_of_the_other_sample_are_repeated_events():
    x, y = np.array([0.0, 1.0, 5.0]), np.array([0.5, 2.0, 2.5])
    np.testing.assert_allclose(
        wasserstein(x, y, x_weights=[1, 2, 3]), wasserstein(np.repeat(x, [1, 2, 3]), y)
    )
    options = {"bandwidth": 1.0}
    ours = mmd_squared(x, y, x_weights=[1, 1, 0], **options)
    np.testing.assert_allclose(ours, mmd_squared(x[:2], y, **options), rtol=1e-12)


def test_median_bandwidth_leaves_equal_points_out():
    bits = np.array([[0, 0], [0, 0], [0, 0], [1, 1]])
    np.testing.assert_allclose(median_bandwidth(bits, bits), np.sqrt(2))
    assert median_bandwidth([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert mmd_squared([1.0, 1.0], [1.0, 1.0]) == 0.0
    scale = median_bandwidth(np.arange(5000.0), np.arange(5000.0))
    np.testing.assert_allclose(scale, 5000 * (1 - np.sqrt(0.5)), rtol=1e-2)  # of a uniform law


def test_wasserstein_of_a_shift_and_of_sorted_samples():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 3))
    np.testing.assert_allclose(
        wasserstein(x, x + np.array([1.0, -2.0, 0.0])), [1.0, 2.0, 0.0], atol=1e-12
    )
    expected = np.abs(np.sort(x, axis=0) - np.sort(y, axis=0)).mean(axis=0)
    np.testing.assert_allclose(wasserstein(x, y), expected, rtol=1e-12)


def test_weighted_wasserstein_agrees_with_a_linear_program(two_samples):
    x, y, u, v = two_samples
    ours = wasserstein(x, y, x_weights=u, y_weights=v)
    for column, value in enumerate(ours):
        one = (x[:, [column]], y[:, [column]])
        np.testing.assert_allclose(value, wasserstein_distance_nd(*one, u, v), rtol=1e-9)


@pytest.mark.parametrize("metric", [mmd_squared, wasserstein])
@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ([[0.0, 1.0]] * 3, [[0.0]] * 3, {}, "must have shapes"),
        (np.zeros((2, 2, 2)), [0.0, 1.0], {}, "must have shapes"),
        ([0.0], [0.0, 1.0], {}, "`x` must hold two or more"),
        ([0.0, 1.0], [0.0, np.nan], {}, "`y` must hold two or more finite"),
        ([0.0, 1.0], [0.0, 1.0], {"x_weights": [1.0]}, r"`x_weights` must have shape \(2,\)"),
        ([0.0, 1.0], [0.0, 1.0], {"y_weights": [1.0, -1.0]}, "`y_weights` must be finite, not"),
        ([0.0, 1.0], [0.0, 1.0], {"y_weights": [1.0, np.nan]}, "`y_weights` must be finite"),
        ([0.0, 1.0], [0.0, 1.0], {"x_weights": [1.0, 0.0]}, "positive for two"),
    ],
)
def test_bad_samples_are_refused(metric, x, y, options, message):
    with pytest.raises(ValueError, match=message):
        metric(x, y, **options)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, np.inf, np.nan])
def test_bad_bandwidth_is_refused(bandwidth):
    with pytest.raises(ValueError, match="`bandwidth` must be positive"):
        mmd_squared([0.0, 1.0], [0.0, 1.0], bandwidth=bandwidth)
