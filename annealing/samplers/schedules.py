"""Temperatures that need no tuning: a range read off the couplings, and the way through it.

A spin i in random surroundings feels a field of the root mean square

    f_i = sqrt(h_i**2 + sum_j J_ij**2),

and turning it costs twice the field. The hot end makes this cost small against the temperature for
nearly all spins; the cold end freezes the weakest of the steps a spin can make. That the two ends
are set by the largest fields and the smallest coefficients is the rule of `dwave-samplers`
(`default_beta_range` in `annealing.on_dimod`); the numbers here were chosen on +-J glasses.
"""

from typing import Literal

import numpy as np

from annealing.qubo import Coo

HOT = 0.3  # beta * f: four of five turns are accepted in random surroundings
COLD = 6.0  # beta * smallest step: exp(-6) = 1 in 400 is accepted
NARROW = 50.0  # cold / hot; +-J on degrees up to about 20 is narrower
ROUNDING = 1e-9  # of the largest: rounding leaves coefficients that should be zero


def beta_range(h: np.ndarray, J: Coo | np.ndarray) -> tuple[float, float]:
    """First and last inverse temperature for the Ising model (h, J), in its inverse unit.

    Args:
        h: fields (n,).
        J: couplings, each pair once; or a symmetric matrix (n, n), each pair twice.

    Returns:
        (hot, cold): 0.3 over the root mean square of the f_i, and 6 over the median of twice the
        smallest coefficient at a spin. Where all energies are equal, (0.1, 1.0).

    Limits: fields that are sums of many different couplings are often smaller than any of these;
    a last greedy descent (`polish`) takes such steps.

    >>> hot, cold = beta_range(np.zeros(2), Coo(np.array([0]), np.array([1]), np.array([-1.0])))
    >>> round(hot, 3), round(cold, 3)
    (0.3, 3.0)
    """
    squares, least = _sparse(h, J) if isinstance(J, Coo) else _dense(h, J)
    bound = np.isfinite(least)
    if not bound.any():
        return 0.1, 1.0
    hot = HOT / np.sqrt(squares[bound].mean())
    cold = COLD / (2 * np.median(least[bound]))
    return float(hot), float(max(cold, hot))


def _sparse(h: np.ndarray, J: Coo) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squares and least size of the coefficients at each spin; infinity where all are 0."""
    n = len(h)
    spins = np.concatenate([np.arange(n), J.rows, J.cols])
    sizes = np.abs(np.concatenate([h, J.values, J.values]))
    kept = sizes > ROUNDING * sizes.max(initial=0.0)
    least = np.full(n, np.inf)
    np.minimum.at(least, spins[kept], sizes[kept])
    return np.bincount(spins, sizes**2, n), least


def _dense(h: np.ndarray, J: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of a symmetric matrix."""
    sizes = np.concatenate([np.abs(J), np.abs(h)[:, None]], axis=1)
    kept = sizes > ROUNDING * sizes.max(initial=0.0)
    least = np.where(kept, sizes, np.inf).min(axis=1, initial=np.inf)
    return (sizes**2).sum(axis=1), least


def betas(
    hot: float,
    cold: float,
    sweeps: int,
    kind: Literal["auto", "linear", "geometric"] = "auto",
) -> np.ndarray:
    """Inverse temperatures (sweeps,) from `hot` to `cold`.

    Args:
        hot: the first.
        cold: the last, the only one where `sweeps` is 1.
        sweeps: how many.
        kind: equal steps or equal ratios; "auto" takes equal steps up to cold = 50 hot, which gives
            the cold half of a narrow range the time it needs, and ratios beyond, so that every
            scale of a problem of many scales (a loss with penalties) gets some.

    Raises:
        ValueError: not 0 < hot <= cold < infinity, or no such kind.

    >>> betas(0.5, 2.0, 3, "geometric").tolist()
    [0.5, 1.0, 2.0]
    """
    if not 0 < hot <= cold < np.inf:
        raise ValueError(
            "Argument `beta_range` must be two positive numbers, the lower first, but is "
            f"({hot}, {cold})."
        )
    if kind not in ("auto", "linear", "geometric"):
        raise ValueError(f"Argument `schedule` must be auto, linear or geometric, but is {kind!r}.")
    if sweeps == 1:
        return np.array([float(cold)])
    straight = cold <= NARROW * hot if kind == "auto" else kind == "linear"
    return (np.linspace if straight else np.geomspace)(hot, cold, sweeps)
