"""Many comparisons at once: corrected p values, and the rows that may still be the best."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from qml.metrics import Replicates


class Best(NamedTuple):
    """The best row, and which of the m rows are not significantly worse than it.

    `row` is the index of the best, `p_values` (m,) are corrected and 1 for the best itself,
    `not_worse` (m,) is True where a table prints bold.
    """

    row: int
    p_values: np.ndarray
    not_worse: np.ndarray


def holm(p_values: ArrayLike) -> np.ndarray:
    """Correct p values for their number: the chance of any false alarm stays below the level.

    Holm, Scand. J. Statist. 6, 65 (1979). Holds whatever the dependence between the tests.

    Args:
        p_values: (m,) of m tests.

    Returns:
        (m,) corrected p values in the order given, none smaller than before.

    Raises:
        ValueError: on values outside [0, 1].

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=float)
    if p_values.ndim != 1 or not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError(
            "Argument `p_values` must have shape (m,) and lie in [0, 1], but does not."
        )
    return _step_down(p_values, np.arange(p_values.size, 0, -1))


def not_worse_than_best(
    rows: Sequence[Replicates], *, alpha: float = 0.05, larger_is_better: bool = True
) -> Best:
    """Decide which rows of a table are not significantly worse than its best row.

    Each row's paired difference to the best is tested on the resamples (two-sided), and the p
    values are corrected in Holm's manner, from the most distant row on. Because the best row is
    picked on the same events, a p value is multiplied not by the number of rows that stand against
    the best, but by the number of pairs among all that still stand, as all of these can be equal
    (Shaffer, J. Am. Stat. Assoc. 81, 826 (1986)). So the chance to call any row worse that is as
    good as the best stays at about `alpha` or below; counting rows it would be 9% for five equal,
    independent rows at `alpha` 5%. It is about the test events, not about another training.

    Args:
        rows: m statistics from `qml.intervals.resample` with the same events, seed and number of
            resamples.
        alpha: chance of a false alarm in the whole table, in (0, 1).
        larger_is_better: False for losses and errors.

    Returns:
        The index of the best row, the corrected p values and the decisions.

    Raises:
        ValueError: on no row, on different numbers of resamples, on NaN or infinite values.

    >>> drawn = np.linspace(-0.02, 0.02, 999)
    >>> rows = [Replicates(m, m + scale * drawn) for m, scale in ((0.8, 1), (0.7, 2), (0.79, -1))]
    >>> not_worse_than_best(rows).not_worse.tolist()
    [True, False, True]
    """
    if not 0 < alpha < 1:
        raise ValueError(f"Argument `alpha` must be in (0, 1), but is {alpha}.")
    values, drawn = _checked_rows(rows)
    sign = 1 if larger_is_better else -1
    best = int(np.argmax(sign * values))
    p_values = _p_values(sign * (values[best] - values), sign * (drawn[best] - drawn))
    others = np.arange(values.size) != best
    standing = np.arange(values.size, 1, -1)
    corrected = np.ones(values.size)
    corrected[others] = _step_down(p_values[others], standing * (standing - 1) / 2)
    return Best(best, corrected, corrected > alpha)


def _p_values(lead: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Two-sided p values (m,) of the lead (m,) of the best row, from its resamples (m, r)."""
    lost = (drawn <= 0).sum(axis=1)
    counted = np.minimum(1.0, 2 * (1 + lost) / (1 + drawn.shape[1]))
    # Beyond the last resample the tail goes on as a normal one: many rows need small p values, and
    # with r resamples none below 2 / (r + 1) can be counted.
    with np.errstate(divide="ignore", invalid="ignore"):
        normal = 2 * ndtr(-lead / drawn.std(axis=1))
    return np.where(lost == 0, np.minimum(counted, normal), counted)


def _step_down(p_values: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Multiply the smallest p value by the first factor and so on, then keep their order."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(p_values.size)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return corrected


def _checked_rows(rows: Sequence[Replicates]) -> tuple[np.ndarray, np.ndarray]:
    """Finite values (m,) and replicates (m, r)."""
    if not rows:
        raise ValueError("Argument `rows` must hold one row or more, but is empty.")
    shapes = sorted({np.shape(row.drawn) for row in rows})
    if len(shapes) > 1 or len(shapes[0]) != 1 or shapes[0] == (0,):
        raise ValueError(
            f"Argument `rows` must have one number of resamples, but has shapes {shapes}."
        )
    values, drawn = np.array([row.value for row in rows]), np.stack([row.drawn for row in rows])
    bad = np.flatnonzero(~(np.isfinite(values) & np.isfinite(drawn).all(axis=1)))
    if bad.size:
        raise ValueError(f"Argument `rows` must be finite, but rows {bad.tolist()} are not.")
    return values, drawn
