"""Two-sided tests that two rows are equally good, on the same replicates or the same events."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, stdtr

from experiments.statistics.replicates import paired_differences, standard_error


class PairedTest(NamedTuple):
    """What a test found: `difference` is that of a minus b, `p_value` speaks against equality."""

    difference: float
    statistic: float
    p_value: float


def corrected_t_test(a: ArrayLike, b: ArrayLike, *, test_to_train: float) -> PairedTest:
    """Corrected resampled t test of two rows scored on the same random splits.

    Nadeau & Bengio, Machine Learning 52, 239 (2003): the variance of the mean difference is that of
    one split times 1/s + n_test/n_train, because the splits overlap. Without the correction the
    test finds differences that are none several times more often than it says.

    Args:
        a: (s,) score of the first row on each split; larger is better.
        b: (s,) score of the second row on the same splits.
        test_to_train: test events over training events of one split; 1/(k - 1) for k folds; 0 only
            where every replicate has training and test events of its own, which makes it Student's.

    Returns:
        The mean difference, t with s - 1 degrees of freedom, and its p value.

    Raises:
        ValueError: on bad shapes, NaN or infinite scores, a negative ratio, and where all
            differences are the same number but 0: such replicates do not say how sure it is.

    >>> test = corrected_t_test([0.8, 0.9, 0.7], [0.7, 0.7, 0.7], test_to_train=0.5)
    >>> round(test.difference, 3), round(test.statistic, 3), round(test.p_value, 3)
    (0.1, 1.095, 0.388)
    """
    differences = paired_differences(a, b)
    error = informative_error(differences, test_to_train)
    if error == 0:
        return PairedTest(0.0, 0.0, 1.0)
    t = float(differences.mean()) / error
    return PairedTest(float(differences.mean()), t, float(2 * stdtr(differences.size - 1, -abs(t))))


def wilcoxon_test(a: ArrayLike, b: ArrayLike) -> PairedTest:
    """Wilcoxon signed rank test of two rows over data sets or independent replicates.

    Wilcoxon, Biometrics Bulletin 1, 80 (1945), by scipy; recommended for two rows over several data
    sets by Demšar, J. Mach. Learn. Res. 7, 1 (2006), section 3.1.3. Equal pairs are left out; the p
    value is exact up to 50 pairs (13 with ties) and of the normal approximation beyond.

    Args:
        a: (s,) scores of the first row; larger is better.
        b: (s,) scores of the second row on the same data sets.

    Returns:
        The median difference, the smaller of the two rank sums, and the p value (1 without a
        difference). Below 6 pairs no p value can be less than 0.05.

    Raises:
        ValueError: on bad shapes, NaN or infinite scores.

    >>> wilcoxon_test([0.6, 0.7, 0.8, 0.9], [0.5, 0.5, 0.5, 0.5]).p_value  # 2 of 2**4 sign patterns
    0.125
    """
    from scipy.stats import wilcoxon

    differences = paired_differences(a, b)
    unequal = differences[differences != 0]
    if not unequal.size:
        return PairedTest(0.0, 0.0, 1.0)
    found: Any = wilcoxon(unequal)
    return PairedTest(float(np.median(differences)), float(found.statistic), float(found.pvalue))


def mcnemar_test(right_a: ArrayLike, right_b: ArrayLike, *, mid_p: bool = True) -> PairedTest:
    """Test on the events of which just one of two rows is right: do both win equally many?

    McNemar, Psychometrika 12, 153 (1947), with the binomial law in place of the normal. The mid-p
    value keeps its level in practice and is less conservative than the exact one (Fagerland,
    Lydersen & Laake, BMC Med. Res. Methodol. 13, 91 (2013)). It is about the trained models at
    hand: another seed is another pair of models.

    Args:
        right_a: (N,) whether the first row is right on an event: (scores > 0) == labels.
        right_b: (N,) the same of the second row.
        mid_p: count half of the probability of the table seen; False is the exact test.

    Returns:
        The difference in accuracy, the number of events that only the row with fewer of them has
        right, and the p value (1 where both win equally many).

    Raises:
        ValueError: on shapes that do not match, no event, values that are not boolean.

    >>> mcnemar_test([True] * 7 + [False], [False] * 7 + [True]).p_value
    0.0390625
    """
    first, second = _checked_decisions(right_a, right_b)
    wins, losses = int((first & ~second).sum()), int((second & ~first).sum())
    difference, fewer, unequal = (wins - losses) / first.size, min(wins, losses), wins + losses
    if not unequal:
        return PairedTest(0.0, 0.0, 1.0)
    as_few = float(bdtr(fewer, unequal, 0.5))
    even_fewer = float(bdtr(fewer - 1, unequal, 0.5)) if fewer else 0.0
    p_value = as_few + even_fewer if mid_p else min(1.0, 2 * as_few)
    return PairedTest(difference, float(fewer), p_value)


def informative_error(differences: np.ndarray, test_to_train: float) -> float:
    """Standard error of the mean difference, 0 only where there is no difference at all."""
    error = standard_error(differences, test_to_train)
    if error == 0 and differences[0] != 0:
        raise ValueError(
            f"All {differences.size} differences between `a` and `b` are {differences[0]:.3g}: "
            "these replicates show no spread to judge it by. Compare on events instead."
        )
    return error


def _checked_decisions(right_a: ArrayLike, right_b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(right_a), np.asarray(right_b)
    if first.ndim != 1 or first.shape != second.shape or not first.size:
        raise ValueError(
            "Arguments `right_a` and `right_b` must have one shape (N,), "
            f"but have {first.shape} and {second.shape}."
        )
    if first.dtype != bool or second.dtype != bool:
        raise ValueError(
            "Arguments `right_a` and `right_b` must be boolean, "
            f"but are {first.dtype} and {second.dtype}: give (scores > 0) == labels."
        )
    return first, second
