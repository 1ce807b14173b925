"""Tests of tests: against enumeration, closed forms, scipy, published examples and simulation."""

from itertools import combinations, product
from math import comb, factorial

import numpy as np
import pytest
import scipy.stats
from scipy.special import ndtr, ndtri

from experiments.statistics import (
    average_ranks,
    bayesian_t_test,
    bca_interval,
    corrected_t_test,
    critical_difference,
    friedman_test,
    holm,
    indistinct_groups,
    mcnemar_test,
    nemenyi_test,
    not_worse_than_best,
    t_interval,
    wilcoxon_test,
)
from qml.metrics import Replicates, auc, log_loss, percentile, resample

# Ranks of four variants of C4.5 on 14 data sets: Demšar 2006, Table 6.
DEMSAR_RANKS = np.array(
    [
        [4, 3, 2, 1],
        [1, 2, 3, 4],
        [4, 1, 2, 3],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [1, 2.5, 4, 2.5],
        [3, 2, 4, 1],
        [2.5, 2.5, 4, 1],
        [4, 3, 2, 1],
        [2.5, 2.5, 2.5, 2.5],
        [4, 2.5, 1, 2.5],
        [3, 2, 4, 1],
        [4, 1, 2, 3],
        [3, 1, 4, 2],
    ]
)


@pytest.fixture
def pair():
    """Scores of two rows on eight splits."""
    rng = np.random.default_rng(1)
    base = rng.normal(0.8, 0.03, size=8)
    return base + rng.normal(0.01, 0.01, size=8), base


class TestReplicates:
    def test_t_interval_agrees_with_scipy(self, pair):
        a, _ = pair
        expected = scipy.stats.ttest_1samp(a, 0.0).confidence_interval(0.9)
        np.testing.assert_allclose(t_interval(a, level=0.9)[1:], expected, rtol=1e-12)

    def test_bca_interval_follows_its_definition(self):
        """Efron 1987: quantiles of all 6**6 resamples, shifted for bias and acceleration."""
        values = np.array([0.0, 0.1, 0.25, 0.34, 0.5, 1.0])
        every = np.mean(list(product(values, repeat=6)), axis=1)
        mean, left_out = values.mean(), (values.sum() - values) / 5
        skew = left_out.mean() - left_out
        acceleration = (skew**3).sum() / (6 * (skew**2).sum() ** 1.5)
        bias = ndtri(0.5 * ((every < mean - 1e-9).mean() + (every < mean + 1e-9).mean()))
        z = bias + ndtri([0.025, 0.975])
        expected = np.quantile(every, ndtr(bias + z / (1 - acceleration * z)))
        found = bca_interval(values, seed=0, resamples=40_000)
        np.testing.assert_allclose(found[1:], expected, atol=0.02 * np.ptp(expected))
        assert found.value == mean
        assert found == bca_interval(values, seed=0, resamples=40_000)

    def test_bca_interval_agrees_with_scipy(self):
        values = np.random.default_rng(11).gamma(1.0, size=20)
        rng = np.random.default_rng(12)
        expected = scipy.stats.bootstrap((values,), np.mean, n_resamples=40_000, rng=rng)
        low, high = expected.confidence_interval
        found = bca_interval(values, seed=0, resamples=40_000)
        np.testing.assert_allclose(found[1:], (low, high), atol=0.03 * (high - low))

    def test_intervals_of_equal_values_have_no_width(self):
        values = [0.1 + 0.2, 0.3, 0.3]
        for found in (t_interval(values), bca_interval(values, seed=0)):
            assert found.low == found.high == found.value == pytest.approx(0.3)

    def test_correction_widens_by_its_factor(self, pair):
        plain, corrected = (t_interval(pair[0], test_to_train=r) for r in (0.0, 0.25))
        ratio = (corrected.high - corrected.low) / (plain.high - plain.low)
        np.testing.assert_allclose(ratio, np.sqrt(1 + 8 * 0.25), rtol=1e-12)


class TestPaired:
    def test_t_test_of_separate_samples_is_students(self, pair):
        expected = scipy.stats.ttest_rel(*pair)
        found = corrected_t_test(*pair, test_to_train=0.0)
        np.testing.assert_allclose(found[1:], (expected.statistic, expected.pvalue), rtol=1e-9)

    def test_corrected_test_keeps_its_level_where_students_does_not(self):
        """Equally correlated differences, the model of the correction: then it is exact."""
        rng, splits, ratio, trials = np.random.default_rng(2), 10, 0.25, 1500
        shared = np.sqrt(ratio / (1 + ratio)) * rng.normal(size=(trials, 1))
        own = np.sqrt(1 / (1 + ratio)) * rng.normal(size=(trials, splits))
        nothing = np.zeros(splits)
        p_values = [corrected_t_test(d, nothing, test_to_train=ratio)[2] for d in shared + own]
        assert scipy.stats.kstest(p_values, "uniform").pvalue > 0.01
        naive = [corrected_t_test(d, nothing, test_to_train=0.0)[2] for d in shared + own]
        assert np.mean(np.array(naive) < 0.05) > 0.2

    def test_wilcoxon_enumerates_signs_with_ties_and_zeros(self):
        b = np.zeros(9)
        a = np.array([0.0, 0.1, 0.1, -0.1, 0.2, 0.3, 0.4, 0.4, -0.2])
        ranks = scipy.stats.rankdata(np.abs(a[1:]))
        sums = np.array([ranks @ signs for signs in product((0, 1), repeat=8)])
        seen, middle = ranks @ (a[1:] > 0), ranks.sum() / 2
        found = wilcoxon_test(a, b)
        expected = np.mean(np.abs(sums - middle) >= np.abs(seen - middle) - 1e-9)
        np.testing.assert_allclose(found.p_value, expected, rtol=1e-12)
        assert found.difference == pytest.approx(0.1)
        assert found.statistic == min(seen, ranks.sum() - seen)

    def test_wilcoxon_sees_through_rounding_errors(self):
        a, b = np.array([0.3, 0.9, 0.8, 0.1 + 0.2]), np.array([0.2, 0.8, 0.7, 0.3])
        assert wilcoxon_test(a, b).statistic == 0.0  # three tied differences and a zero
        np.testing.assert_allclose(wilcoxon_test(a, b).p_value, 2 / 2**3)

    @pytest.mark.parametrize(("wins", "losses"), [(7, 1), (1, 7), (3, 3), (0, 4), (20, 31)])
    def test_mcnemar_adds_up_the_binomial_law(self, wins, losses):
        n = wins + losses
        a = np.array([True] * wins + [False] * losses + [True] * 5)
        b = np.array([False] * wins + [True] * losses + [True] * 5)
        chances = np.array([comb(n, k) / 2**n for k in range(n + 1)])
        far = np.abs(np.arange(n + 1) - n / 2) - abs(wins - n / 2)
        exact, mid = mcnemar_test(a, b, mid_p=False), mcnemar_test(a, b)
        np.testing.assert_allclose(exact.p_value, chances[far >= 0].sum(), rtol=1e-12)
        if wins != losses:
            expected = chances[far > 0].sum() + chances[far == 0].sum() / 2
            np.testing.assert_allclose(mid.p_value, expected, rtol=1e-12)
        else:
            assert mid.p_value == 1.0
        assert mid.difference == exact.difference == (wins - losses) / a.size

    def test_mcnemar_gives_the_published_example(self):
        """1 and 7 discordant pairs: Fagerland et al. 2013, Table 1 (0.0703 and 0.0391)."""
        a, b = np.arange(8) < 7, np.arange(8) >= 7
        assert round(mcnemar_test(a, b, mid_p=False).p_value, 4) == 0.0703
        assert round(mcnemar_test(a, b).p_value, 4) == 0.0391

    def test_swapped_rows_turn_the_difference_only(self, pair):
        a, b = pair
        decisions = a > 0.8, b > 0.8
        for test, x, y in (
            (lambda x, y: corrected_t_test(x, y, test_to_train=0.1), a, b),
            (wilcoxon_test, a, b),
            (mcnemar_test, *decisions),
        ):
            forth, back = test(x, y), test(y, x)
            assert forth.difference == pytest.approx(-back.difference)
            assert forth.p_value == pytest.approx(back.p_value)

    def test_equal_rows_have_p_value_one(self, pair):
        a, _ = pair
        assert corrected_t_test(a, a, test_to_train=0.1) == (0.0, 0.0, 1.0)
        assert wilcoxon_test(a, a) == (0.0, 0.0, 1.0)
        assert mcnemar_test(a > 0.8, a > 0.8) == (0.0, 0.0, 1.0)
        assert bayesian_t_test(a, a, rope=0.0, test_to_train=0.1) == (0.0, 1.0, 0.0)


class TestBayesian:
    def test_posterior_is_that_of_equally_correlated_normals(self, pair):
        """Flat prior on the mean and 1/variance: the marginal is Q(mean)**(-s/2)."""
        differences = pair[0] - pair[1]
        s, ratio, rope = differences.size, 0.25, 0.005
        covariance = np.full((s, s), ratio) + np.eye(s)  # rho / (1 - rho) is the ratio
        precision = np.linalg.inv(covariance)
        mean = np.linspace(-0.2, 0.2, 80_001)
        deviation = differences[:, None] - mean
        density = np.einsum("im,ij,jm->m", deviation, precision, deviation) ** (-s / 2)
        below = np.append(0.0, np.cumsum(density[1:] + density[:-1]))
        worse, not_better = np.interp([-rope, rope], mean, below / below[-1])
        expected = worse, not_better - worse, 1 - not_better
        found = bayesian_t_test(*pair, rope=rope, test_to_train=ratio)
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(sum(found), 1.0)

    def test_without_a_region_it_is_the_one_sided_t_test(self, pair):
        test = corrected_t_test(*pair, test_to_train=0.1)
        posterior = bayesian_t_test(*pair, rope=0.0, test_to_train=0.1)
        np.testing.assert_allclose(posterior, (test.p_value / 2, 0.0, 1 - test.p_value / 2))

    def test_t_interval_is_its_credible_interval(self, pair):
        differences = pair[0] - pair[1]
        _, low, high = t_interval(differences, test_to_train=0.1)
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        inside = bayesian_t_test(
            differences - middle, 0 * middle * differences, rope=half, test_to_train=0.1
        )
        np.testing.assert_allclose(inside, (0.025, 0.95, 0.025), rtol=1e-9)


class TestMultiplicity:
    def test_holm_is_the_closure_of_bonferroni(self):
        p_values = np.array([0.03, 0.001, 0.2, 0.03, 0.012, 0.9])
        everyone = range(p_values.size)
        groups = [list(g) for n in everyone for g in combinations(everyone, n + 1)]
        expected = [
            max(min(1.0, len(g) * p_values[g].min()) for g in groups if i in g) for i in everyone
        ]
        np.testing.assert_allclose(holm(p_values), expected, rtol=1e-12)

    def test_two_rows_are_told_apart_where_the_interval_leaves_out_zero(self):
        rng, decisions = np.random.default_rng(3), []
        for lead in np.linspace(0.0, 4.0, 41):
            rows = [Replicates(m, m + rng.normal(size=1999)) for m in (0.0, lead)]
            interval = percentile(rows[1] - rows[0])
            best = not_worse_than_best(rows)
            assert best.not_worse[best.row]
            decisions.append((best.not_worse.all(), interval.low <= 0 <= interval.high))
        same = [ours == theirs for ours, theirs in decisions]
        assert np.mean(same) > 0.95  # one order statistic apart at the edge
        assert {ours for ours, _ in decisions} == {True, False}

    @pytest.mark.parametrize("equal", [2, 5])
    def test_false_alarms_stay_below_the_level(self, equal):
        """Rows equally good and three far worse: any of the equal ones not bold is an alarm."""
        rng, trials = np.random.default_rng(4), 600
        truth, alarms, found = np.append(np.zeros(equal), [-9.0] * 3), 0, 0
        for _ in range(trials):
            rows = [
                Replicates(v, v + rng.normal(size=399)) for v in truth + rng.normal(size=truth.size)
            ]
            bold = not_worse_than_best(rows).not_worse
            alarms += not bold[:equal].all()
            found += (~bold[equal:]).sum()
        assert alarms / trials < 0.05 + 2 * np.sqrt(0.05 * 0.95 / trials)
        assert found > 0.95 * 3 * trials

    def test_hopeless_rows_do_not_save_a_close_one(self):
        drawn = np.random.default_rng(5).normal(size=999)
        rows = [Replicates(0.0, drawn), Replicates(-2.5, -2.5 + np.roll(drawn, 1) * 0.1)]
        hopeless = [Replicates(-50.0 - i, -50.0 - i + np.roll(drawn, i)) for i in range(20)]
        alone, among = not_worse_than_best(rows), not_worse_than_best([*rows, *hopeless])
        np.testing.assert_allclose(among.p_values[:2], alone.p_values, rtol=1e-12)
        assert not among.not_worse[2:].any()

    def test_it_works_on_resampled_metrics(self):
        rng = np.random.default_rng(6)
        labels = np.repeat([0, 1], 150)
        good = rng.normal(size=300) + 1.5 * labels
        scores = [rng.normal(size=300), good, good.copy(), good + 0.05 * rng.normal(size=300)]
        for metric, larger in ((auc, True), (log_loss, False)):
            rows = [
                resample(lambda w, s=s, m=metric: m(s, labels, w), labels, seed=0) for s in scores
            ]
            best = not_worse_than_best(rows, larger_is_better=larger)
            assert best.row in (1, 3)
            assert best.not_worse.tolist() == [False, True, True, True]
            assert best.p_values[0] < 1e-3 < best.p_values[3]

    def test_one_row_is_the_best(self):
        best = not_worse_than_best([Replicates(1.0, np.ones(3))])
        assert (best.row, best.p_values.tolist(), best.not_worse.tolist()) == (0, [1.0], [True])


class TestRanks:
    def test_published_example(self):
        """Demšar 2006, section 3.2.2: ranks, chi square without tie correction, F, difference."""
        scores = -DEMSAR_RANKS
        ranks, found = average_ranks(scores), friedman_test(scores)
        np.testing.assert_allclose(ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
        groups = [np.unique(row, return_counts=True)[1] for row in DEMSAR_RANKS]
        ties = 1 - sum((g**3 - g).sum() for g in groups) / (14 * 4 * 15)
        plain = found.chi_square * ties
        assert round(plain, 2) == 9.28
        assert round(13 * plain / (14 * 3 - plain), 2) == 3.69
        assert round(critical_difference(4, 14), 2) == 1.25
        assert round(critical_difference(4, 14, alpha=0.1), 2) == 1.12
        # At 10% the paper finds C4.5 apart from C4.5+m+cf and C4.5+m, and nothing else.
        assert indistinct_groups(ranks, 1.12) == [(3, 1, 2), (2, 0)]

    def test_friedman_agrees_with_scipy_and_with_a_variance_ratio(self):
        scores = np.random.default_rng(7).integers(0, 5, size=(9, 4))
        found = friedman_test(scores)
        expected = scipy.stats.friedmanchisquare(*scores.T)
        np.testing.assert_allclose(found.chi_square, expected.statistic, rtol=1e-12)
        ranks = scipy.stats.rankdata(scores, axis=1)
        rows = 9 * ((ranks.mean(axis=0) - 2.5) ** 2).sum() / 3
        rest = ((ranks - ranks.mean(axis=0)) ** 2).sum() / (3 * 8)
        np.testing.assert_allclose(found.f, rows / rest, rtol=1e-12)
        np.testing.assert_allclose(found.p_value, scipy.stats.f.sf(rows / rest, 3, 24), rtol=1e-9)

    def test_friedman_is_not_surer_than_agreement_can_be(self):
        """Two data sets, two rows that agree: half of all coins would."""
        assert friedman_test([[2.0, 1.0]] * 2).p_value == pytest.approx(0.5)
        assert friedman_test([[3.0, 2.0, 1.0, 0.0]] * 3).p_value == pytest.approx(
            factorial(4) ** -2
        )
        assert friedman_test(np.ones((4, 3))) == (0.0, 0.0, 1.0)

    def test_ranks_agree_with_scipy_and_turn_with_the_sign(self):
        scores = np.random.default_rng(8).integers(0, 4, size=(6, 5))
        expected = scipy.stats.rankdata(-scores, axis=1).mean(axis=0)
        np.testing.assert_allclose(average_ranks(scores), expected)
        np.testing.assert_allclose(average_ranks(-scores, larger_is_better=False), expected)

    @pytest.mark.parametrize(("m", "q"), [(2, 1.960), (3, 2.343), (6, 2.850), (10, 3.164)])
    def test_critical_difference_has_the_published_quantiles(self, m, q):
        """Demšar 2006, Table 5 (a), within one unit of its last digit."""
        found = critical_difference(m, 10) / np.sqrt(m * (m + 1) / 60)
        np.testing.assert_allclose(found, q, atol=1e-3)

    def test_nemenyi_integrates_the_range_of_normals(self):
        scores = np.random.default_rng(9).normal(size=(10, 4)) + np.array([0, 0, 0.5, 1.5])
        ranks, z = average_ranks(scores), np.linspace(-9, 9, 4001)
        width = np.abs(ranks[:, None] - ranks) / np.sqrt(4 * 5 / 120)
        inside = (ndtr(z) - ndtr(z - width[..., None])) ** 3
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        expected = 1 - np.trapezoid(4 * density * inside, z)
        found = nemenyi_test(scores)
        np.testing.assert_allclose(found, expected, atol=1e-7)
        apart = np.abs(ranks[:, None] - ranks) >= critical_difference(4, 10)
        np.testing.assert_array_equal(found <= 0.05, apart)

    def test_groups_are_the_largest_that_hold_together(self):
        rng = np.random.default_rng(10)
        for _ in range(20):
            ranks, difference = rng.uniform(1, 6, size=6), rng.uniform(0.2, 3)
            near = [
                set(g)
                for n in range(2, 7)
                for g in combinations(range(6), n)
                if np.ptp(ranks[list(g)]) < difference
            ]
            largest = [g for g in near if not any(g < other for other in near)]
            found = indistinct_groups(ranks, difference)
            assert sorted(map(sorted, found)) == sorted(map(sorted, largest))
            assert all(list(g) == sorted(g, key=ranks.__getitem__) for g in found)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: t_interval([1.0]), "`values` must have shape"),
        (lambda: t_interval([1.0, np.nan]), "`values` must be finite"),
        (lambda: t_interval([1.0, 2.0], level=0.0), "`level` must be in"),
        (lambda: bca_interval([1.0, 2.0], level=1.0, seed=0), "`level` must be in"),
        (lambda: bca_interval([1.0, 2.0], resamples=0, seed=0), "`resamples` must be"),
        (lambda: t_interval([1.0, 2.0], test_to_train=-0.1), "`test_to_train`"),
        (lambda: corrected_t_test([1.0, 2.0], [1.0, 2.0, 3.0], test_to_train=0), "one shape"),
        (lambda: corrected_t_test([0.9, 0.8], [0.8, 0.7], test_to_train=0), "are 0.1: these"),
        (lambda: wilcoxon_test([1.0, np.inf], [1.0, 2.0]), "`a` must be finite"),
        (lambda: mcnemar_test([True], [True, False]), "one shape"),
        (lambda: mcnemar_test([], []), "one shape"),
        (lambda: mcnemar_test([1, 0], [0, 1]), "must be boolean"),
        (lambda: bayesian_t_test([1, 2], [1, 3], rope=-1, test_to_train=0), "`rope`"),
        (lambda: holm([0.1, 1.1]), "`p_values` must"),
        (lambda: holm([0.1, np.nan]), "`p_values` must"),
        (lambda: not_worse_than_best([]), "is empty"),
        (lambda: not_worse_than_best([Replicates(0.0, np.ones(2))], alpha=0), "`alpha`"),
        (
            lambda: not_worse_than_best([Replicates(0.0, np.ones(n)) for n in (2, 3)]),
            "one number of resamples",
        ),
        (
            lambda: not_worse_than_best([Replicates(0.0, np.array([m])) for m in (0.0, np.inf)]),
            r"rows \[1\] are not",
        ),
        (lambda: average_ranks([1.0, 2.0]), r"must have shape \(d, m\)"),
        (lambda: friedman_test([[1.0, 2.0]]), "two data sets and two rows"),
        (lambda: nemenyi_test([[1.0, np.nan], [1.0, 2.0]]), "must not hold NaN"),
        (lambda: critical_difference(1, 5), "m > 1"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
