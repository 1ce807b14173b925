"""Which entries of its input an affine function reads, found by evaluating it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

# Differences below this are rounding, and scales this close to a multiple of 1/64 are that.
ROUNDING = 1e-9


class Affine(NamedTuple):
    """``offset + sum of scale * x[index]`` over the pairs (index, scale) of `terms`."""

    offset: float
    terms: tuple[tuple[int, float], ...]


def read_affine(function: Callable[[Vector], Vector], start: Vector) -> list[Affine | None]:
    """Return each output of a function as an affine map of its input, None where it is none.

    Two evaluations find the entry of every output that reads one entry only: all entries moved by
    one give the scale, and each moved by its number gives scale times number. Only outputs that
    read several entries need an evaluation for each entry. Each map is compared with the function
    at points far on both sides of 0, where a function with a kink (a modulus, a bound) is another.

    Args:
        function: (n,) to (m,).
        start: (n,) where it is evaluated; the others are within n of it, or at most some 30 off 0.

    >>> read_affine(lambda x: np.array([2 * x[1], x[0] + 3, x[0] * x[1]]), np.zeros(2))
    [Affine(offset=0.0, terms=((1, 2.0),)), Affine(offset=3.0, terms=((0, 1.0),)), None]
    """
    base, size = function(start), len(start)
    scales = function(start + 1) - base
    moments = function(start + np.arange(1, size + 1)) - base
    guesses = [_single(*pair, size) for pair in zip(scales, moments, strict=True)]
    maps = [_affine(guess, start, value) for guess, value in zip(guesses, base, strict=True)]
    wrong = ~_agree(function, maps, start)
    if wrong.any():
        slopes = np.stack([function(start + row) - base for row in np.eye(size)], axis=1)
        for index in np.flatnonzero(wrong):
            terms = tuple((i, _exact(slope)) for i, slope in enumerate(slopes[index]))
            maps[index] = _affine(terms, start, base[index])
    right = _agree(function, maps, start)
    return [each if fits else None for each, fits in zip(maps, right, strict=True)]


def _single(scale: float, moment: float, size: int) -> tuple[tuple[int, float], ...]:
    """The one entry that explains both differences, where it is one."""
    if abs(scale) < ROUNDING:
        return ()
    index = round(moment / scale) - 1
    return ((index, _exact(scale)),) if 0 <= index < size else ()


def _affine(terms, start: Vector, value: float) -> Affine:
    kept = tuple((index, scale) for index, scale in terms if abs(scale) > ROUNDING)
    offset = _exact(value - sum(scale * start[index] for index, scale in kept))
    return Affine(0.0 if abs(offset) < ROUNDING else offset, kept)


def _agree(function, maps: list[Affine], start: Vector) -> npt.NDArray[np.bool_]:
    """Whether the maps have the function's values at points that are like no other."""
    random = np.random.default_rng(0)
    far = random.uniform(5, 10, len(start)) * random.choice([-1.0, 1.0], len(start))
    points = (start + random.normal(size=len(start)), far, -3 * far)
    return np.all([_agree_at(function, maps, point) for point in points], axis=0)


def _agree_at(function, maps: list[Affine], point: Vector) -> npt.NDArray[np.bool_]:
    found = [each.offset + sum(scale * point[i] for i, scale in each.terms) for each in maps]
    return np.isclose(found, function(point), rtol=ROUNDING, atol=ROUNDING)


def _exact(value: float) -> float:
    """The multiple of 1/64 that rounding hides."""
    nearest = round(64 * float(value)) / 64
    return nearest if abs(value - nearest) < ROUNDING else float(value)
