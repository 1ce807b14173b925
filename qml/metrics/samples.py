"""How far two samples are apart: metrics for generators, with event weights.

Both samples are arrays (N, f), or (N,) for one feature, and need not have the same length.
"""

import numpy as np
from numpy.typing import ArrayLike

BLOCK_ROWS = 1024  # rows of the kernel matrix held at a time
MEDIAN_ROWS = 2000  # events that the median heuristic looks at: 2 million pairs


def mmd_squared(
    x: ArrayLike,
    y: ArrayLike,
    *,
    bandwidth: float | None = None,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy with a Gaussian kernel.

    Gretton et al., J. Mach. Learn. Res. 13, 723 (2012), Eq. 3, with
    k(x, y) = exp(-|x - y|^2 / (2 s^2)). Being unbiased it may be negative, and is
    so about half the time where both samples come from one law.

    Args:
        x: (N, f) or (N,) first sample; scale the features first, one bandwidth serves all.
        y: (M, f) or (M,) second sample.
        bandwidth: s in the unit of the features; `median_bandwidth(x, y)` where not given. Give one
            number where several generators are compared.
        x_weights: (N,) non-negative event weights; all ones where not given.
        y_weights: (M,) likewise.

    Returns:
        The estimate, in about [-1/N - 1/M, 2].

    Raises:
        ValueError: on NaN or infinite values, on shapes that do not match, on fewer than two events
            with weight, on a bandwidth that is not positive.

    >>> print(round(mmd_squared([0.0, 1.0], [5.0, 6.0], bandwidth=1.0), 4))
    1.2129
    """
    first, second = _checked_pair(x, y)
    if bandwidth is None:
        bandwidth = median_bandwidth(first, second)
    if not 0 < bandwidth < np.inf:
        raise ValueError(f"Argument `bandwidth` must be positive and finite, but is {bandwidth}.")
    u = _checked_weights("x_weights", x_weights, len(first))
    v = _checked_weights("y_weights", y_weights, len(second))
    within = [_within(s, w, bandwidth) for s, w in ((first, u), (second, v))]
    across = _kernel_sum(first, second, u, v, bandwidth) / (u.sum() * v.sum())
    return sum(within) - 2 * across


def median_bandwidth(x: ArrayLike, y: ArrayLike) -> float:
    """Median distance between two different points of the pooled sample.

    The usual bandwidth of a Gaussian kernel (Gretton et al. 2012, section 8). Pairs of equal points
    are left out, else it would be 0 for bit strings of a peaked law. Of more than 2,000 pooled
    events, evenly spaced ones are looked at.

    Args:
        x: (N, f) or (N,) first sample.
        y: (M, f) or (M,) second sample.

    Returns:
        The distance in the unit of the features; 1 where all points are equal.

    Raises:
        ValueError: on NaN or infinite values, on shapes that do not match.

    >>> median_bandwidth([0.0, 0.0], [1.0, 3.0])
    2.0
    """
    from scipy.spatial.distance import pdist

    pooled = np.concatenate(_checked_pair(x, y))
    rows = np.linspace(0, len(pooled) - 1, min(len(pooled), MEDIAN_ROWS)).astype(int)
    distances = pdist(pooled[rows])
    distances = distances[distances > 0]
    return float(np.median(distances)) if distances.size else 1.0


def wasserstein(
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> np.ndarray:
    """Wasserstein-1 distance of each feature: how far its events must be moved on average.

    One-dimensional, so blind to correlations between features (`mmd_squared` is not).

    Args:
        x: (N, f) or (N,) first sample.
        y: (M, f) or (M,) second sample.
        x_weights: (N,) non-negative event weights; all ones where not given.
        y_weights: (M,) likewise.

    Returns:
        (f,) distances, each in the unit of its feature; (1,) for samples (N,).

    Raises:
        ValueError: as `mmd_squared`.

    >>> wasserstein([[0.0, 5.0], [1.0, 7.0]], [[2.0, 7.0], [3.0, 5.0]]).tolist()
    [2.0, 0.0]
    """
    from scipy.stats import wasserstein_distance

    first, second = _checked_pair(x, y)
    u = _checked_weights("x_weights", x_weights, len(first))
    v = _checked_weights("y_weights", y_weights, len(second))
    columns = zip(first.T, second.T, strict=True)
    return np.array([wasserstein_distance(a, b, u, v) for a, b in columns])


def _within(x: np.ndarray, weights: np.ndarray, bandwidth: float) -> float:
    """Mean kernel between two different events of one sample."""
    same = (weights**2).sum()  # the kernel of an event with itself is 1
    total = _kernel_sum(x, x, weights, weights, bandwidth)
    return (total - same) / (weights.sum() ** 2 - same)


def _kernel_sum(x, y, u, v, bandwidth: float) -> float:
    """Sum over all pairs of u_i v_j k(x_i, y_j), a block of rows at a time."""
    from scipy.spatial.distance import cdist

    total = 0.0
    for start in range(0, len(x), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        kernel = np.exp(cdist(x[rows], y, "sqeuclidean") / (-2.0 * bandwidth**2))
        total += float(u[rows] @ kernel @ v)
    return total


def _checked_pair(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both samples as finite floats (N, f) and (M, f)."""
    first, second = (np.asarray(s, dtype=float) for s in (x, y))
    first, second = (s[:, None] if s.ndim == 1 else s for s in (first, second))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            "Arguments `x` and `y` must have shapes (N, f) and (M, f), "
            f"but have {np.shape(x)} and {np.shape(y)}."
        )
    for name, sample in (("x", first), ("y", second)):
        if len(sample) < 2 or not np.isfinite(sample).all():
            raise ValueError(
                f"Argument `{name}` must hold two or more finite events, but does not."
            )
    return first, second


def _checked_weights(name: str, weights: ArrayLike | None, n: int) -> np.ndarray:
    weights = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != (n,):
        raise ValueError(f"Argument `{name}` must have shape ({n},), but has {weights.shape}.")
    if not (weights.min() >= 0 and weights.max() < np.inf) or np.count_nonzero(weights) < 2:
        raise ValueError(
            f"Argument `{name}` must be finite, not negative, and positive for two events or more."
        )
    return weights
