"""Many rows over many data sets: average ranks, and which of them differ.

After Demšar, J. Mach. Learn. Res. 7, 1 (2006), section 3.2. `scores` (d, m) hold m rows of a table
on d data sets (or other independent blocks); rank 1 is the best.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc, gammaln


class Friedman(NamedTuple):
    """Friedman's `chi_square`, the `f` of Iman and Davenport made from it, and the p value of f."""

    chi_square: float
    f: float
    p_value: float


def average_ranks(scores: ArrayLike, *, larger_is_better: bool = True) -> np.ndarray:
    """Mean rank of each row over data sets; ties share the mean of their ranks.

    Args:
        scores: (d, m) scores of m rows on d data sets.
        larger_is_better: False for losses and errors.

    Returns:
        (m,) mean ranks from 1, the best, to m.

    Raises:
        ValueError: on fewer than two rows or data sets, on NaN.

    >>> average_ranks([[0.9, 0.8, 0.7], [0.9, 0.9, 0.5]]).tolist()
    [1.25, 1.75, 3.0]
    """
    return _ranks(scores, larger_is_better).mean(axis=0)


def friedman_test(scores: ArrayLike) -> Friedman:
    """Test that m rows are equally good over d data sets.

    The chi square is corrected for ties. The p value is that of
    f = (d - 1) chi2 / (d (m - 1) - chi2) with m - 1 and (m - 1)(d - 1) degrees of freedom (Iman &
    Davenport, Commun. Statist. A 9, 571 (1980)), and not below (m!)^(1 - d), the chance that d
    rankings agree.

    Args:
        scores: (d, m) scores of m rows on d data sets; only their order on a data set matters.

    Returns:
        Both statistics and the p value; f is infinite where all data sets agree.

    Raises:
        ValueError: on fewer than two rows or data sets, on NaN.

    >>> friedman_test([[3.0, 2.0, 1.0]] * 4)  # p = 1 / 6**3
    Friedman(chi_square=8.0, f=inf, p_value=0.00462...)
    """
    ranks = _ranks(scores, True)
    d, m = ranks.shape
    spread = ((ranks - (m + 1) / 2) ** 2).sum()
    if spread == 0:
        return Friedman(0.0, 0.0, 1.0)
    between = d * ((ranks.mean(axis=0) - (m + 1) / 2) ** 2).sum()
    chi_square = float(d * (m - 1) * between / spread)
    rest = d * (m - 1) - chi_square
    f = (d - 1) * chi_square / rest if rest > 1e-9 else np.inf
    unanimous = np.exp((1 - d) * gammaln(m + 1))
    p_value = fdtrc(m - 1, (m - 1) * (d - 1), f)
    return Friedman(chi_square, float(f), float(max(p_value, unanimous)))


def critical_difference(m: int, d: int, *, alpha: float = 0.05) -> float:
    """Difference in average rank from which on two of m rows differ (Nemenyi's test).

    Demšar 2006, section 3.2.2: q sqrt(m (m + 1) / (6 d)) with q the quantile of the studentized
    range over sqrt(2). Draw it together with `indistinct_groups`.

    Args:
        m: number of rows, two or more.
        d: number of data sets.
        alpha: chance of any false alarm, in (0, 1).

    Returns:
        The critical difference, in ranks.

    Raises:
        ValueError: on fewer than two rows, no data set, an alpha outside (0, 1).

    >>> round(critical_difference(4, 14, alpha=0.10), 2)
    1.12
    """
    from scipy.stats import studentized_range

    if m < 2 or d < 1 or not 0 < alpha < 1:
        raise ValueError(
            "Arguments `m`, `d` and `alpha` must be m > 1, d > 0 and 0 < alpha < 1, "
            f"but are m={m}, d={d}, alpha={alpha}."
        )
    return float(studentized_range.isf(alpha, m, np.inf) * _range_unit(m, d))


def nemenyi_test(scores: ArrayLike) -> np.ndarray:
    """P values of all pairs of rows, corrected for their number.

    They depend on the other rows in the table too; for one pair use `wilcoxon_test`.

    Args:
        scores: (d, m) scores of m rows on d data sets.

    Returns:
        (m, m) symmetric, 1 on the diagonal.

    Raises:
        ValueError: on fewer than two rows or data sets, on NaN.

    >>> nemenyi_test([[3.0, 2.0, 1.0]] * 4).round(3).tolist()
    [[1.0, 0.333, 0.013], [0.333, 1.0, 0.333], [0.013, 0.333, 1.0]]
    """
    from scipy.stats import studentized_range

    ranks = _ranks(scores, True)
    d, m = ranks.shape
    means = ranks.mean(axis=0)
    distances = np.abs(means[:, None] - means) / _range_unit(m, d)
    return np.clip(studentized_range.sf(distances, m, np.inf), 0.0, 1.0)


def indistinct_groups(ranks: ArrayLike, difference: float) -> list[tuple[int, ...]]:
    """Largest groups of rows that differ by less than the critical difference: a diagram's bars.

    Args:
        ranks: (m,) average ranks.
        difference: of `critical_difference`.

    Returns:
        Row indices of each group of two or more, best rank first.

    >>> indistinct_groups([3.1, 2.0, 2.9, 1.9], 1.12)
    [(3, 1, 2), (1, 2, 0)]
    """
    ranks = np.asarray(ranks, dtype=float)
    order = np.argsort(ranks, kind="stable")
    ends = np.searchsorted(ranks[order], ranks[order] + difference, side="left")
    groups, reached = [], 0
    for start, end in enumerate(ends):
        if end > max(reached, start + 1):
            groups.append(tuple(order[start:end].tolist()))
            reached = end
    return groups


def _range_unit(m: int, d: int) -> float:
    """Standard error of an average rank, (m (m + 1) / (12 d))^(1/2): the range is counted in it."""
    return np.sqrt(m * (m + 1) / (12 * d))


def _ranks(scores: ArrayLike, larger_is_better: bool) -> np.ndarray:
    """Ranks (d, m): one plus the rows that are better, plus half of those that are equal."""
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or min(scores.shape) < 2:
        raise ValueError(
            "Argument `scores` must have shape (d, m) with two data sets and two rows or more, "
            f"but has {scores.shape}."
        )
    if np.isnan(scores).any():
        raise ValueError("Argument `scores` must not hold NaN: rank the data sets all rows have.")
    scores = scores if larger_is_better else -scores
    mine, other = scores[:, :, None], scores[:, None, :]
    return 0.5 + (other > mine).sum(axis=2) + 0.5 * (other == mine).sum(axis=2)
