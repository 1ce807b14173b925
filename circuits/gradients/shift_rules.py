"""Parameter-shift rules: exact derivatives of trigonometric sums from a few of their values.

In the angle of one gate ``exp(-i angle G)`` an expectation value is a Fourier sum whose frequencies
are differences of the eigenvalues of ``G``. Its derivative is a fixed linear combination of values
at shifted angles, which a device can measure. Two eigenvalues need two terms, a controlled
rotation four, and R frequencies 2R.

A gate "driven", ``exp(-i (angle P + B))``, has frequencies that depend on the angle, and no such
rule; what it has instead is in `stochastic_shifts`.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# Candidates for the shifts of each frequency, where a rule has no closed form; of how many at most.
CANDIDATES = 40
MOST = 256
_NO_RULE = (
    "No shift rule was found for {} frequencies from {:g} to {:g}: take `finite_differences`, or "
    "`jax.grad` of `expectation`."
)


class ShiftRule(NamedTuple):
    """``f'(x) = sum_m coefficients[m] f(x + shifts[m])``; both of shape (2R,)."""

    shifts: npt.NDArray[np.float64]
    coefficients: npt.NDArray[np.float64]


def shift_rule(frequencies: Iterable[float]) -> ShiftRule:
    """Return the rule that is exact for all Fourier sums of the given frequencies.

    For multiples 1 to R of one frequency the shifts are the equidistant ones of the closed form.
    For others they are chosen, among many, so that the coefficients have the smallest sum of
    absolute values, which bounds how the rule amplifies noise.

    Args:
        frequencies: R of them, positive and different; a constant needs none and may be present.

    Returns:
        Shifts in the unit of one over the frequencies, in pairs of opposite sign.

    Raises:
        ValueError: where a frequency is not positive and finite, or two are equal, or no rule is
            found: more than 256 that are no multiples, or such as differ by many orders.

    Source:
        Wierichs et al., Quantum 6, 677 (2022), arXiv:2107.12390, Sec. 3. The four-term case:
        Anselmetti et al., New J. Phys. 23, 113010 (2021), arXiv:2104.05695.

    >>> rule = shift_rule([1.0])
    >>> (rule.shifts / np.pi).tolist(), rule.coefficients.round(12).tolist()
    ([0.5, -0.5], [0.5, -0.5])
    """
    return _rule(tuple(sorted(float(value) for value in frequencies)))


@lru_cache(maxsize=256)
def _rule(frequencies: tuple[float, ...]) -> ShiftRule:
    values = np.array(frequencies)
    if not (np.isfinite(values).all() and (values > 0).all() and (np.diff(values) > 0).all()):
        raise ValueError(
            "Argument `frequencies` must hold different positive numbers, "
            f"but is {list(frequencies)}."
        )
    if not frequencies:
        return ShiftRule(np.zeros(0), np.zeros(0))
    count = len(values)
    if np.allclose(values, values[0] * np.arange(1, count + 1), rtol=1e-9, atol=0):
        shifts = (2 * np.arange(1, count + 1) - 1) * np.pi / (2 * count * values[0])
    else:
        shifts = _quietest(values)
    # f(x+s) - f(x-s) keeps the sines alone; their derivatives at 0 are the frequencies.
    weights = np.linalg.lstsq(np.sin(np.outer(values, shifts)), values)[0] / 2
    return ShiftRule(np.concatenate([shifts, -shifts]), np.concatenate([weights, -weights]))


def _quietest(frequencies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Shifts of the exact rule with the smallest 1-norm: a linear program has a sparse optimum."""
    from scipy.optimize import linprog

    if len(frequencies) > MOST:
        raise ValueError(_NO_RULE.format(len(frequencies), frequencies[0], frequencies[-1]))
    scale = np.diff(frequencies, prepend=0).min()
    candidates = np.pi / scale * (np.arange(CANDIDATES * len(frequencies)) + 0.5)
    candidates /= CANDIDATES * len(frequencies)
    sines = np.sin(np.outer(frequencies, candidates))
    found = linprog(
        np.ones(2 * len(candidates)), A_eq=np.hstack([sines, -sines]), b_eq=frequencies
    ).x
    if found is None:
        raise ValueError(_NO_RULE.format(len(frequencies), frequencies[0], frequencies[-1]))
    return candidates[found.reshape(2, -1).sum(axis=0) > 1e-9]
