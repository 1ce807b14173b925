"""Faults of vendors' clients as built-in errors, and no secret in an error or a log."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from annealing import credentials

Kind = tuple[type[Exception], str]  # the built-in error for a fault, and what it says


@contextmanager
def plainly(
    secrets: list[str], clients: Iterable[str], kind: Callable[[Exception], Kind]
) -> Iterator[None]:
    """Keep secrets out of logs and errors, and turn a client's faults into built-in ones.

    Args:
        secrets: what must occur in no text.
        clients: packages whose loggers are filtered.
        kind: of a fault that is no built-in error.
    """
    with credentials.redacted_logs(secrets, _loggers(set(clients))):
        try:
            yield
        except Exception as error:
            plain = plain_fault(error, secrets, kind)
            if plain is error:
                raise
            raise plain from None  # the original may hold the token


def plain_fault(
    error: Exception, secrets: list[str], kind: Callable[[Exception], Kind]
) -> Exception:
    """Return a built-in error for one of a client's or its HTTP library's; a built-in one stays.

    >>> plain_fault(ConnectionError("bad token ABC"), ["ABC"], lambda error: (OSError, ""))
    ConnectionError('bad token [hidden]')
    """
    text = credentials.redact(str(error), secrets)
    if type(error).__module__ == "builtins":
        return error if text == str(error) else type(error)(text)
    made, what = kind(error)
    return made(f"{what}: {text}")


def _loggers(clients: set[str]) -> list[logging.Logger]:
    """Every logger of the clients; a filter on a parent would not see its children's."""
    known = list(logging.root.manager.loggerDict)
    return [logging.getLogger(name) for name in known if name.split(".")[0] in clients]
