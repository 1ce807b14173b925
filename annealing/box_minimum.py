"""The minimum of a quadratic form in a box: what training finds without bits and annealers."""

import numpy as np

EVENLY = 1.0  # how the slopes on the walls may exceed those inside, before walls are left


def box_minimum(
    A: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray, *, steps: int = 20_000
) -> np.ndarray:
    """Where x.A.x + b.x is least for low <= x <= high; if not convex, a local minimum.

    Conjugate gradients on the coordinates inside the box, gradient steps where they meet its walls:
    Dostal and Schoeberl, Comput. Optim. Appl. 30, 23 (2005). One product with a matrix a step, so
    it is fast for thousands of coordinates.

    Args:
        A: (p, p), need not be symmetric.
        b: (p,).
        low: (p,) walls.
        high: (p,) walls.
        steps: at most; it ends before, once no slope exceeds 1e-10 of the largest |b| (or 1).

    >>> box_minimum(np.eye(2), np.array([-1.0, 6.0]), np.array([-1.0, -1.0]), np.array([1.0, 1.0]))
    array([ 0.5, -1. ])
    """
    S = A + A.T
    length = 1.0 / _norm(S)
    small = 1e-10 * max(1.0, np.abs(b).max(initial=0.0))
    x = (low + high) / 2
    slope = S @ x + b
    inside, onto = _split(x, slope, low, high)
    along = inside
    for _ in range(steps):
        if max(np.abs(inside).max(initial=0.0), np.abs(onto).max(initial=0.0)) <= small:
            break
        leave = onto @ onto > EVENLY**2 * (inside @ inside)
        along = onto if leave else along
        image = S @ along
        curvature = along @ image
        room = _room(x, along, low, high)
        wanted = slope @ along / curvature if curvature > 0 else np.inf
        if wanted <= room:
            x, slope = x - wanted * along, slope - wanted * image
        else:
            x, slope = x - room * along, slope - room * image
            x = np.clip(x - length * _split(x, slope, low, high)[0], low, high)
            slope = S @ x + b
        inside, onto = _split(x, slope, low, high)
        conjugate = not leave and wanted <= room
        along = inside - (inside @ image / curvature) * along if conjugate else inside
    return np.clip(x, low, high)


def _split(x, slope, low, high) -> tuple[np.ndarray, np.ndarray]:
    """The slope of coordinates inside the box, and of those on walls that it leads away from."""
    at_low, at_high = x <= low, x >= high
    inside = np.where(at_low | at_high, 0.0, slope)
    onto = np.where(at_low, np.minimum(slope, 0.0), np.where(at_high, np.maximum(slope, 0.0), 0.0))
    return inside, onto


def _room(x, along, low, high) -> float:
    """The largest step against `along` that stays in the box."""
    wall = np.where(along > 0, low, high)
    moves = along != 0
    return float(((x - wall)[moves] / along[moves]).min(initial=np.inf))


def _norm(S: np.ndarray) -> float:
    """About the largest absolute eigenvalue of a symmetric matrix, by powers."""
    v = np.random.default_rng(0).normal(size=len(S))
    for _ in range(20):
        v = S @ (v / (np.linalg.norm(v) or 1.0))
    return float(np.linalg.norm(v)) or 1.0
