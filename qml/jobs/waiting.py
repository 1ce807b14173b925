"""Patience with a network: bounded, and for its own faults only."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

T = TypeVar("T")

WAITS = (1.0, 4.0, 16.0)  # seconds before each new try


def patiently(action: Callable[[], T], until: float, waits: tuple[float, ...] = WAITS) -> T:
    """Do it; after a ConnectionError, and after nothing else, wait and do it again.

    Args:
        action: what to do.
        until: reading of `time.monotonic` after which no new try begins.
        waits: seconds before each new try.

    >>> patiently(lambda: 1, until=float("inf"))
    1
    """
    for wait in waits:
        try:
            return action()
        except ConnectionError:
            if monotonic() + wait > until:
                raise
        sleep(wait)
    return action()


def time_limit(deadline: float | None) -> float:
    """Reading of `time.monotonic` in `deadline` seconds; infinite for None."""
    return float("inf") if deadline is None else monotonic() + deadline


def seconds_left(until: float) -> float | None:
    """Seconds until then, None where there is no limit.

    >>> seconds_left(time_limit(None)) is None
    True
    """
    return None if until == float("inf") else max(0.0, until - monotonic())
