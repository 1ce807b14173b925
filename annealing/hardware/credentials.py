"""D-Wave credentials: whether there are any, how to set them, and how to keep them out of texts.

The vendor's client finds a token in a file or a variable and, asked for debug output, logs it.
Nothing here returns the token to anybody but the functions that take it out of texts.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

HOW = "run `dwave setup`, or set the variable DWAVE_API_TOKEN"
_HIDDEN = "[hidden]"


def leap_credentials() -> tuple[bool, str]:
    """Whether D-Wave's client would find a token here, and one sentence on it; no network.

    Returns:
        (there, sentence); the sentence says what to do where there is none, and never the token.
    """
    try:
        there = bool(_config().get("token"))
    except (OSError, ValueError) as error:  # a profile or file that is named but not there
        return False, f"not configured ({error}): {HOW}"
    return there, "configured" if there else f"not configured (only hardware needs it): {HOW}"


def require_credentials() -> None:
    """Refuse to go on without a token, before anything touches the network.

    Raises:
        ValueError: there is none; the text says how to set one.
    """
    there, _ = leap_credentials()
    if not there:
        raise ValueError(f"No D-Wave credentials found: {HOW}.")


def configured_secrets() -> list[str]:
    """What must occur in no text: the token, proxy and headers that are configured here."""
    return secrets_in(_config())


def secrets_in(config: Any) -> list[str]:
    """The secrets in a configuration of D-Wave's client, a dict or the client's own object."""
    get = config.get if isinstance(config, dict) else lambda name: getattr(config, name, None)
    headers = get("headers") or {}
    values = headers.values() if isinstance(headers, dict) else [headers]
    return [str(value) for value in (get("token"), get("proxy"), *values) if value]


def redact(text: str, secrets: list[str]) -> str:
    """`text` without any of `secrets`.

    >>> redact("bad token ABC-1", ["ABC-1"])
    'bad token [hidden]'
    """
    for secret in sorted(secrets, key=len, reverse=True):  # a part of another goes last
        text = text.replace(secret, _HIDDEN)
    return text


@contextmanager
def redacted_logs(
    secrets: list[str], loggers: Iterable[logging.Logger] | None = None
) -> Iterator[None]:
    """Take `secrets` (looked at anew for each record) out of logs; by default D-Wave's client's."""
    hide = _Redactor(secrets)
    loggers = _loggers() if loggers is None else list(loggers)
    for logger in loggers:
        logger.addFilter(hide)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(hide)


class _Redactor(logging.Filter):
    """Rewrites records; a filter at each logger, since handlers are the user's own."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self.secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage(), self.secrets), None
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_info, record.exc_text = None, redact(text, self.secrets)
        return True


class _Silence(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return False


def _config() -> dict:
    """The vendor's configuration, read without the vendor's log of it (level TRACE)."""
    from dwave.cloud.config import ConfigFileError, load_config

    logger = logging.getLogger("dwave.cloud.config.loaders")
    silence = _Silence()
    logger.addFilter(silence)
    try:
        return dict(load_config())
    except ConfigFileError as error:
        raise OSError(f"{error}") from None
    finally:
        logger.removeFilter(silence)


def _loggers() -> list[logging.Logger]:
    """Every logger of D-Wave's client; a filter on the parent would not see its children's."""
    import dwave.cloud.client  # noqa: F401  makes them all

    names = [name for name in logging.root.manager.loggerDict if name.startswith("dwave.cloud")]
    return [logging.getLogger(name) for name in names]
