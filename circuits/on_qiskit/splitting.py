"""A batch cut into jobs that keep within the limits of a device."""

from collections.abc import Iterator
from math import ceil
from typing import Any, NamedTuple


class Limits(NamedTuple):
    """Most circuits (a basis with one set of angles counts as one) and shots in a job; None: any.

    Shots are those of each circuit.
    """

    sets: int | None = None
    shots: int | None = None


class Part(NamedTuple):
    """What one job holds: indices of the bases, and ranges of the sets of angles and the shots."""

    bases: tuple[int, ...]
    rows: tuple[int, int]
    shots: tuple[int, int]


def target_limits(target: Any) -> Limits:
    """Return what a Qiskit backend says of its limits.

    >>> from qiskit.providers.basic_provider import BasicSimulator
    >>> target_limits(BasicSimulator())
    Limits(sets=None, shots=None)
    """
    configuration = getattr(target, "configuration", None)
    stated = configuration() if callable(configuration) else configuration
    return Limits(getattr(target, "max_circuits", None), getattr(stated, "max_shots", None))


def tighter(first: Limits, second: Limits) -> Limits:
    """Return the smaller of each limit.

    >>> tighter(Limits(sets=5), Limits(sets=3, shots=100))
    Limits(sets=3, shots=100)
    """
    pairs = zip(first, second, strict=True)
    return Limits(*(min((v for v in pair if v is not None), default=None) for pair in pairs))


def split(bases: int, rows: int, shots: int, limits: Limits) -> tuple[Part, ...]:
    """Return the jobs that hold every basis, set of angles and shot once, of nearly equal size.

    >>> split(2, 10, 100, Limits())
    (Part(bases=(0, 1), rows=(0, 10), shots=(0, 100)),)
    >>> [part.rows for part in split(2, 10, 100, Limits(sets=8))]
    [(0, 4), (4, 7), (7, 10)]
    """
    together = min(bases, limits.sets or bases)  # bases of one set of angles that fit into a job
    most = max(1, limits.sets // together) if limits.sets else rows
    return tuple(
        Part(tuple(range(*basis)), row, shot)
        for basis in _ranges(bases, together)
        for row in _ranges(rows, most)
        for shot in _ranges(shots, limits.shots or shots)
    )


def _ranges(length: int, most: int) -> Iterator[tuple[int, int]]:
    """The fewest consecutive ranges of at most `most` that cover `length`, the longer ones first.

    >>> list(_ranges(7, 3))
    [(0, 3), (3, 5), (5, 7)]
    """
    count = ceil(length / most)
    size, longer = divmod(length, count)
    start = 0
    for index in range(count):
        stop = start + size + (index < longer)
        yield start, stop
        start = stop
