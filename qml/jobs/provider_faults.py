"""Faults of a provider's client, other than IBM's, as built-in errors; no secret in any of them."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from annealing import credentials

# Where providers' clients look for their tokens: IONQ_API_KEY, IQM_TOKEN, AWS_SECRET_ACCESS_KEY, …
SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|API_KEY")


@contextmanager
def provider_quietly(target: Any) -> Iterator[None]:
    """Keep the account's secrets out of logs and errors, and turn faults into built-in ones.

    Args:
        target: the provider's device, whose client is called inside.

    Raises:
        ConnectionRefusedError: the service did not take the request.
        ConnectionError: it cannot be reached, or fails, and what it has done is not known.
        PermissionError: it refuses the account.
        LookupError: it has no such job.
        RuntimeError: anything else that its client raises.
    """
    secrets = provider_secrets(target)
    with credentials.redacted_logs(secrets, _loggers(target)):
        try:
            yield
        except Exception as error:
            plain = plain_fault(error, secrets)
            if plain is error:
                raise
            raise plain from None  # the original may hold the token


def provider_secrets(target: Any) -> list[str]:
    """What must occur in no text: secrets in the environment, and those the provider holds."""
    held = getattr(getattr(target, "provider", None), "credentials", None)
    values = held.values() if isinstance(held, dict) else []
    found = [value for name, value in os.environ.items() if SECRET.search(name.upper())]
    found += [value for value in values if isinstance(value, str) and "://" not in value]
    return [value for value in found if len(value) >= 8]  # shorter ones would hide plain words


def plain_fault(error: Exception, secrets: list[str]) -> Exception:
    """A built-in error for one of the client's or its HTTP library's; a built-in one stays.

    >>> plain_fault(ConnectionError("bad token ABCDEFGH"), ["ABCDEFGH"])
    ConnectionError('bad token [hidden]')
    """
    text = credentials.redact(str(error), secrets)
    if type(error).__module__ == "builtins":
        return error if text == str(error) else type(error)(text)
    kind, what = _kind(error)
    return kind(f"{what}: {text}")


def _kind(error: Exception) -> tuple[type[Exception], str]:
    import requests.exceptions as http

    response = getattr(error, "response", None)
    code = getattr(response, "status_code", None) or getattr(error, "status_code", None) or 0
    if code == 404:
        return LookupError, "The provider has no such thing for this account"
    if code in (401, 403):
        return PermissionError, "The provider refuses the account"
    if 400 <= code < 500:
        return ConnectionRefusedError, "The provider refuses the request"
    if isinstance(error, http.ConnectTimeout):
        return ConnectionRefusedError, "The provider cannot be reached, call again later"
    if code >= 500 or isinstance(error, http.ConnectionError | http.Timeout):
        return ConnectionError, "The provider cannot be reached, call again later"
    return RuntimeError, f"The provider's client failed with {type(error).__name__}"


def _loggers(target: Any) -> list[logging.Logger]:
    """Every logger of the clients involved; a filter on a parent would not see its children's."""
    clients = {type(target).__module__.split(".")[0], "urllib3", "requests", "httpx"}
    known = list(logging.root.manager.loggerDict)
    return [logging.getLogger(name) for name in known if name.split(".")[0] in clients]
