"""Feature scaling as plain data, so that it travels inside a checkpoint."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike


class Scaler(NamedTuple):
    """x' = clip((x - shift) / scale, low, high) with `shift` and `scale` (f,)."""

    shift: np.ndarray
    scale: np.ndarray
    low: float
    high: float


def fit_scaler(x: ArrayLike, *, reach: float = 3.0, span: float = np.pi / 2) -> Scaler:
    """Scaler that sends mean - reach*std .. mean + reach*std to -span .. span and clips the tails.

    Angles beyond half a turn would wrap far outliers onto ordinary events, hence the clip.

    Args:
        x: (N, f) training features.
        reach: standard deviations that are kept; 3 keeps almost all of a Gaussian.
        span: largest angle in radians.

    Returns:
        the scaler; a constant feature is sent to 0.

    Raises:
        ValueError: features that are not a finite (N, f) array.

    Example:
        >>> scaler = fit_scaler(np.array([[0.0], [2.0]]), reach=1.0, span=1.0)
        >>> scale_features(scaler, np.array([[0.0], [1.0], [9.0]])).ravel().tolist()
        [-1.0, 0.0, 1.0]
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise ValueError(
            f"Argument `x` must be a finite array of shape (N, f), but has shape {x.shape} with "
            f"{int((~np.isfinite(x)).sum())} non-finite entries; remove or impute those rows."
        )
    std = x.std(axis=0)
    scale = np.where(std > 0, std, 1.0) * reach / span
    return Scaler(x.mean(axis=0), scale, -span, span)


def scale_features(scaler: Scaler, x: ArrayLike | jax.Array) -> jax.Array:
    """Apply a scaler.

    Args:
        scaler: the fitted scaler of f features.
        x: (..., f) features.

    Returns:
        (..., f) angles in radians.

    Raises:
        ValueError: another number of features, which would be broadcast.
    """
    x = jnp.asarray(x, dtype=float)
    shift, scale = (jnp.asarray(part, dtype=x.dtype) for part in (scaler.shift, scaler.scale))
    if x.shape[-1:] != shift.shape:
        raise ValueError(
            f"Argument `x` must hold {len(shift)} features in its last axis, but has the shape "
            f"{x.shape}."
        )
    return jnp.clip((x - shift) / scale, scaler.low, scaler.high)
