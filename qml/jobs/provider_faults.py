"""Faults of a provider's client, other than IBM's, as built-in errors; no secret in any of them."""

import os
import re
from contextlib import AbstractContextManager
from typing import Any

from qml.jobs.faults import Kind, plainly

LIBRARIES = ("urllib3", "requests", "httpx")

# Where providers' clients look for their tokens: IONQ_API_KEY, IQM_TOKEN, AWS_SECRET_ACCESS_KEY, …
SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|API_KEY")


def provider_quietly(target: Any) -> AbstractContextManager[None]:
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
    package = type(target).__module__.split(".")[0]
    return plainly(provider_secrets(target), (package, *LIBRARIES), provider_fault_kind)


def provider_secrets(target: Any) -> list[str]:
    """What must occur in no text: secrets in the environment, and those the provider holds."""
    held = getattr(getattr(target, "provider", None), "credentials", None)
    values = held.values() if isinstance(held, dict) else []
    found = [value for name, value in os.environ.items() if SECRET.search(name.upper())]
    found += [value for value in values if isinstance(value, str) and "://" not in value]
    return [value for value in found if len(value) >= 8]  # shorter ones would hide plain words


def provider_fault_kind(error: Exception) -> Kind:
    """The built-in error for a fault of a provider's client, and what it says; see `plainly`."""
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
