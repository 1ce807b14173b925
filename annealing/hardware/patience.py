"""Patience with a network: bounded, and for its own faults only. It knows nothing of annealers."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

T = TypeVar("T")


def patiently(
    action: Callable[[], T],
    until: float,
    waits: tuple[float, ...],
    is_fault: Callable[[Exception], bool] = lambda error: isinstance(error, ConnectionError),
) -> T:
    """Do it; after a fault of the network, and after nothing else, wait and do it again.

    Args:
        action: what to do.
        until: reading of `time.monotonic` after which no new try begins.
        waits: seconds before each new try.
        is_fault: whether an error is one of the network; a ConnectionError is by default.

    >>> patiently(lambda: 1, until=float("inf"), waits=(1.0,))
    1
    """
    for wait in waits:
        try:
            return action()
        except Exception as error:
            if not is_fault(error) or monotonic() + wait > until:
                raise
        sleep(wait)
    return action()


def time_limit(deadline: float | None) -> float:
    """Reading of `time.monotonic` in `deadline` seconds; infinite for None."""
    return float("inf") if deadline is None else monotonic() + deadline


def seconds_left(until: float) -> float | None:
    """Seconds until then, as waiting functions take them; None where there is no limit.

    >>> seconds_left(time_limit(None)) is None
    True
    """
    return None if until == float("inf") else max(0.0, until - monotonic())
