"""A session with D-Wave's client: opened, patient with the network, and silent about secrets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from annealing.hardware.credentials import (
    HOW,
    configured_secrets,
    redact,
    redacted_logs,
    require_credentials,
    secrets_in,
)

WAITS = (0.5, 2.0, 8.0)  # seconds before each new try after a fault of the network
BUSY = (429, 500, 502, 503, 504)  # HTTP: the server or a gateway may do better a little later


def leap_client() -> Any:
    """D-Wave's client for quantum processors, as configured on this machine.

    Raises:
        ValueError: there are no credentials.
    """
    require_credentials()
    from dwave.cloud import Client

    # A status request is held by the server for `poll_wait_time`, and closing waits for it. What
    # urllib3 calls "other" faults can strike after a problem was received: never resend on those.
    patience = {"poll_wait_time": 5, "http_retry_total": 3}
    return Client.from_config(client="qpu", http_retry_other=0, defaults=patience)


@contextmanager
def session(open_client: Callable[[], Any] = leap_client) -> Iterator[Any]:
    """A client, closed at the end without waiting for jobs; no secret leaves in a log or an error.

    Raises:
        ConnectionError: D-Wave cannot be reached.
        PermissionError: it refuses the token.
        RuntimeError: its client or server fails in another way.
    """
    secrets = configured_secrets()
    with redacted_logs(secrets):
        try:
            client = open_client()
            secrets.extend(secrets_in(client.config))
            try:
                yield client
            finally:
                client.close(wait=False)
        except Exception as error:
            plain = _plain(error, secrets)
            if plain is error:
                raise
            raise plain from None  # the original may hold the token, its text is in ours


def is_network_fault(error: Exception) -> bool:
    """Whether to try again helps: the network failed, or the server is busy."""
    import requests.exceptions as http
    from dwave.cloud.api.exceptions import RequestTimeout

    code = getattr(error, "error_code", None)
    return isinstance(error, http.ConnectionError | http.Timeout | RequestTimeout) or code in BUSY


def _plain(error: Exception, secrets: list[str]) -> Exception:
    """A built-in error for a vendor's, without secrets; any other that holds none stays itself."""
    from dwave.cloud.exceptions import SolverAuthenticationError

    text = redact(str(error), secrets)
    if is_network_fault(error):
        return ConnectionError(f"D-Wave cannot be reached, call again later: {text}")
    if isinstance(error, SolverAuthenticationError):
        return PermissionError(f"D-Wave refuses the token ({text}): {HOW}.")
    if type(error).__module__ == "builtins" and text == str(error):
        return error
    return RuntimeError(f"D-Wave's client failed with {type(error).__name__}: {text}")
