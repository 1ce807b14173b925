"""Faults of IBM's client as built-in errors, and no secret in an error or a log."""

import os
import re
from contextlib import AbstractContextManager
from typing import Any

from qml.jobs.faults import Kind, plainly

CLIENTS = ("qiskit_ibm_runtime", "ibm_cloud_sdk_core", "ibm_platform_services", "urllib3")

# The service may do better a little later; it says so before it takes a job.
BUSY = re.compile(r"\b429 Client Error")
REFUSED = re.compile(r"\b4\d\d Client Error")


def quietly(target: Any) -> AbstractContextManager[None]:
    """Keep the account's token out of logs and errors, and turn faults into built-in ones.

    Args:
        target: IBM's device, whose client is called inside.

    Raises:
        ConnectionRefusedError: the service did not take the request.
        ConnectionError: it cannot be reached, or fails, and what it has done is not known.
        PermissionError: it refuses the account.
        RuntimeError: anything else that its client raises.
    """
    import qiskit_ibm_runtime  # noqa: F401  makes its loggers

    return plainly(ibm_secrets(target), CLIENTS, fault_kind)


def open_quietly(name: str | None) -> Any:
    """Open a Qiskit target by name, as `circuits.on_qiskit.targets.open_target` does.

    Raises:
        ValueError: there is no such target, or no credentials.
        ConnectionError, PermissionError: as for `quietly`.
    """
    from circuits.on_qiskit.targets import open_target

    with quietly(None):
        return open_target(name)


def ibm_secrets(target: Any = None) -> list[str]:
    """The tokens that IBM's client would use here; for taking them out of texts only."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    account = getattr(getattr(target, "service", None), "active_account", dict)() or {}
    saved = [each.get("token") for each in QiskitRuntimeService.saved_accounts().values()]
    found = [os.environ.get("QISKIT_IBM_TOKEN"), account.get("token"), *saved]
    return [str(token) for token in found if token]


def fault_kind(error: Exception) -> Kind:
    """The built-in error for a fault of IBM's client, and what it says; see `plainly`."""
    import requests.exceptions as http
    from qiskit_ibm_runtime import exceptions
    from qiskit_ibm_runtime.api.exceptions import RequestsApiError

    later = "IBM's service cannot be reached, call again later"
    if isinstance(error, http.ConnectTimeout) or BUSY.search(str(error)):
        return ConnectionRefusedError, later
    if isinstance(error, exceptions.IBMNotAuthorizedError):
        return PermissionError, "IBM's service refuses the account"
    # The client says of any failed request only that it failed; what is no refusal may pass.
    unclear = (exceptions.IBMRuntimeError, exceptions.IBMApiError, RequestsApiError)
    if type(error) in unclear and not REFUSED.search(str(error)):
        return ConnectionError, later
    if isinstance(error, http.ConnectionError | http.Timeout):
        return ConnectionError, later
    return RuntimeError, f"IBM's client failed with {type(error).__name__}"
