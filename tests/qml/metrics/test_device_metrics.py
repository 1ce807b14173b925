"""Samplers and devices: binomial intervals by their definition, time to target, agreement."""

from itertools import product
from math import comb, inf, log

import numpy as np
import pytest
from scipy.stats import linregress

from annealing import qubo_from_matrix
from annealing.samplers import Exhaustive
from qml.metrics.devices import (
    METHODS,
    Interval,
    binomial_interval,
    energy_gap,
    expectation_agreement,
    success_probability,
    time_to_target,
)


def at_least(hits, reads, p):
    return sum(comb(reads, k) * p**k * (1 - p) ** (reads - k) for k in range(hits, reads + 1))


def coverage(method, reads, p):
    """Probability that the interval contains p, summed over all outcomes."""
    total = 0.0
    for hits in range(reads + 1):
        _, low, high = binomial_interval(hits, reads, method=method)
        chance = comb(reads, hits) * p**hits * (1 - p) ** (reads - hits)
        total += chance * (low <= p <= high)
    return total


@pytest.mark.parametrize(("hits", "reads"), [(1, 5), (3, 20), (19, 20)])
def test_clopper_pearson_ends_where_each_tail_is_half_of_the_rest(hits, reads):
    value, low, high = binomial_interval(hits, reads)
    assert value == hits / reads
    np.testing.assert_allclose(at_least(hits, reads, low), 0.025, rtol=1e-9)
    np.testing.assert_allclose(1 - at_least(hits + 1, reads, high), 0.025, rtol=1e-9)


def test_jeffreys_holds_the_posterior_probability():
    hits, reads = 3, 20
    _, low, high = binomial_interval(hits, reads, method="jeffreys")
    p = np.linspace(0, 1, 200_001)
    density = p ** (hits - 0.5) * (1 - p) ** (reads - hits - 0.5)
    below = np.append(0.0, np.cumsum(0.5 * (density[1:] + density[:-1])))
    posterior = np.interp([low, high], p, below / below[-1])
    np.testing.assert_allclose(posterior, [0.025, 0.975], atol=1e-8)


def test_clopper_pearson_always_covers_and_jeffreys_on_average():
    chances = np.linspace(0.01, 0.99, 99)
    exact = [coverage("clopper-pearson", 20, p) for p in chances]
    assert min(exact) >= 0.95
    assert abs(np.mean([coverage("jeffreys", 20, p) for p in chances]) - 0.95) < 0.01


@pytest.mark.parametrize("method", METHODS)
def test_without_a_hit_or_a_miss_one_end_is_certain(method):
    never, always = (binomial_interval(hits, 50, method=method) for hits in (0, 50))
    assert (never.value, never.low) == (0.0, 0.0)
    assert (always.value, always.high) == (1.0, 1.0)
    np.testing.assert_allclose(never.high, 1 - always.low, rtol=1e-12)
    assert 0 < never.high < 0.08


def test_no_hit_gives_an_infinite_time_with_a_lower_bound():
    found = time_to_target(success_probability(np.zeros(1000), target=-1.0), 2e-6)
    assert found.value == found.high == inf
    high = 1 - 0.025 ** (1 / 1000)
    np.testing.assert_allclose(found.low, 2e-6 * log(0.01) / log(1 - high), rtol=1e-9)


def test_time_to_target_reaches_it_with_the_confidence():
    for p, confidence in product((1e-12, 0.01, 0.3, 0.9), (0.5, 0.99)):
        reads = time_to_target(Interval(p, p, p), 1.0, confidence=confidence).value
        if reads > 1:
            np.testing.assert_allclose(-np.expm1(reads * np.log1p(-p)), confidence, rtol=1e-9)
        else:
            assert p >= confidence
    # A run cannot be shorter than its one read.
    assert time_to_target(Interval(1.0, 0.995, 1.0), 3.0) == (3.0, 3.0, 3.0)


def test_time_to_target_turns_the_interval_round():
    found = time_to_target(success_probability([-1.0, 0.0, 0.0], -1.0), 1.0)
    assert 1.0 <= found.low < found.value < found.high < inf


def test_metrics_of_an_exhaustive_search():
    qubo = qubo_from_matrix(np.diag([-1.0, 2.0, 0.5]))
    samples = Exhaustive().sample(qubo, reads=8, seed=0)
    read = (samples.energies, samples.occurrences)
    assert energy_gap(read[0], -1.0, read[1]) == (0.0, 1.75)  # energies average to 1.5 / 2
    assert success_probability(read[0], -1.0, read[1]).value == 1 / 8


def test_occurrences_are_repeated_reads():
    energies, times = np.array([-3.0, -2.0, 0.5, 9.0]), [0, 4, 1, 2]
    repeated = np.repeat(energies, times)
    assert energy_gap(energies, -3.0, times) == energy_gap(repeated, -3.0)
    assert success_probability(energies, -2.0, times) == success_probability(repeated, -2.0)
    assert energy_gap(energies, -3.0, times).best == 1.0  # a sample that no read gave is no sample


def test_tolerance_forgives_rounding_only():
    energies = [-0.1 - 0.2, -0.3 + 1e-6]
    assert success_probability(energies, -0.3).value == 0.5
    assert success_probability(energies, -0.3, tolerance=1e-5).value == 1.0


def test_agreement_is_the_regression_line():
    rng = np.random.default_rng(5)
    exact = rng.uniform(-1, 1, size=(20, 3))
    measured = 0.8 * exact + 0.05 + 0.1 * rng.normal(size=exact.shape)
    found, line = (
        expectation_agreement(measured, exact),
        linregress(exact.ravel(), measured.ravel()),
    )
    np.testing.assert_allclose(found.slope, line.slope, rtol=1e-12)
    np.testing.assert_allclose(found.offset, line.intercept, rtol=1e-12)
    np.testing.assert_allclose(found.rmse, np.linalg.norm(measured - exact) / np.sqrt(60))
    assert expectation_agreement(exact, exact) == (0.0, pytest.approx(1.0), pytest.approx(0.0))


def test_agreement_with_one_exact_value_has_no_line():
    found = expectation_agreement([0.9, 0.7], [1.0, 1.0])
    np.testing.assert_allclose(found.rmse, np.sqrt(0.05))
    assert np.isnan(found.slope)
    assert np.isnan(found.offset)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: energy_gap([[1.0]], 0.0), r"one shape \(r,\)"),
        (lambda: energy_gap([1.0, np.nan], 0.0), "must not hold NaN"),
        (lambda: energy_gap([], 0.0), "one read or more"),
        (lambda: energy_gap([1.0], 0.0, [0]), "one read or more"),
        (lambda: energy_gap([1.0], 0.0, [1.5]), "one read or more"),
        (lambda: success_probability([1.0, 2.0], 0.0, [1]), r"one shape \(r,\)"),
        (lambda: binomial_interval(3, 2), "0 <= hits <= reads"),
        (lambda: binomial_interval(0, 0), "0 <= hits <= reads"),
        (lambda: binomial_interval(1, 2, method="wald"), "`method` must be one of"),
        (lambda: binomial_interval(1, 2, level=1.0), "`level` must be in"),
        (lambda: time_to_target(Interval(0.5, 0.4, 0.6), 0.0), "`seconds_per_read`"),
        (lambda: time_to_target(Interval(0.5, 0.4, 0.6), 1.0, confidence=1.0), "`confidence`"),
        (lambda: time_to_target(Interval(1.5, 0.4, 0.6), 1.0), "hold probabilities"),
        (lambda: expectation_agreement([1.0], [1.0, 2.0]), "one shape"),
        (lambda: expectation_agreement([], []), "not be empty"),
        (lambda: expectation_agreement([np.nan], [1.0]), "must be finite"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
