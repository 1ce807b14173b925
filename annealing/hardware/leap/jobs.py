"""Jobs on D-Wave's Leap service: sent once, found again, waited for, cancelled, each step recorded.

The server knows a job by its id, and by a label that is the job's digest in the ledger. The id is
lost if we are killed between sending and writing; the label is not. So nothing is ever sent before
the server was asked for the label. A server that lists a job only some time after it took it could
still be paid twice within that time; no client can exclude that.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from annealing.hardware.credentials import redact, secrets_in
from annealing.hardware.leap.session import (
    WAITS,
    is_network_fault,
    leap_client,
    session,
)
from annealing.hardware.ledger import (
    Entry,
    find_job,
    locked,
    read_state,
    show_job,
    state_of,
    write_state,
)
from annealing.hardware.patience import patiently, seconds_left, time_limit

LABEL = "qml-"  # before the digest
_BY_READ = ("spins", "energies", "occurrences")


class Outcome(NamedTuple):
    """How a job ended: a state of the ledger with its facts and arrays."""

    state: str
    facts: dict
    arrays: dict


def finish(
    client: Any,
    folder: str | Path,
    digest: str,
    until: float,
    waits: tuple[float, ...] = WAITS,
    send: bool = True,
) -> str:
    """Bring a prepared or submitted job to its end, each state written as soon as it is known.

    Args:
        client: D-Wave's.
        folder, digest: the job, locked by the caller.
        until: reading of `time.monotonic` at which to give up waiting.
        waits: seconds before each new try after a fault of the network.
        send: whether a job that the server does not know may be sent, which costs money.

    Returns:
        "answered", "failed" or "cancelled".

    Raises:
        TimeoutError: the time is up; the job goes on at D-Wave.
        ValueError: the answer is malformed, or there is no such job and `send` is False.
    """
    prepared = read_state(folder, digest, "prepared")
    future = None
    if state_of(folder, digest) == "prepared":
        find_or_send = _finder(client, prepared, LABEL + digest, until, send)
        job, future = patiently(find_or_send, until, waits, is_network_fault)
        write_state(folder, digest, "submitted", {"id": job, "found_by_label": future is None})
    job = read_state(folder, digest, "submitted").facts["id"]
    futures = [future] if future is not None else []  # a new try asks by id
    outcome = patiently(
        lambda: _receive(client, futures.pop() if futures else client.retrieve_answer(job), until),
        until,
        waits,
        is_network_fault,
    )
    if outcome.state == "answered":
        _check_answer(outcome.arrays, prepared, job)
    write_state(folder, digest, *outcome)
    return outcome.state


def fetch_job(
    folder: str | Path,
    digest: str,
    *,
    deadline: float | None = None,
    client: Callable[[], Any] = leap_client,
) -> dict:
    """Wait for a job that was sent and write its answer into the ledger; nothing is sent.

    Args:
        folder: the ledger.
        digest: the job's digest or its beginning.
        deadline: seconds to wait at most; None waits as long as it takes.
        client: opens the connection.

    Returns:
        the job as `show_job` shows it.

    Raises:
        ValueError: the server does not know the job.
        TimeoutError: it has not ended in time.
    """
    digest, until = find_job(folder, digest), time_limit(deadline)
    with locked(folder, digest, until):
        if state_of(folder, digest) in ("prepared", "submitted"):
            with session(client) as connected:
                finish(connected, folder, digest, until, send=False)
    return show_job(folder, digest)


def cancel_job(
    folder: str | Path,
    digest: str,
    *,
    deadline: float | None = 60.0,
    client: Callable[[], Any] = leap_client,
) -> dict:
    """Ask D-Wave to stop a job, and write down how it ended: an answer that was paid for is kept.

    A job that was never sent becomes "cancelled" too, and may then be set aside. Arguments, result
    and errors are those of `fetch_job`.
    """
    digest, until = find_job(folder, digest), time_limit(deadline)
    with locked(folder, digest, until):
        if state_of(folder, digest) in ("prepared", "submitted"):
            with session(client) as connected:
                _cancel(connected, folder, digest, until)
    return show_job(folder, digest)


def _cancel(client: Any, folder: str | Path, digest: str, until: float) -> None:
    if state_of(folder, digest) == "submitted":
        job = read_state(folder, digest, "submitted").facts["id"]
    else:
        found = _find(client, LABEL + digest)
        if not found:
            write_state(folder, digest, "cancelled", {"reason": "cancelled before it was sent"})
            return
        job = found[0]
    with _problems(client) as problems:  # an ended job cannot be stopped, which `finish` finds out
        patiently(lambda: problems.cancel_problem(job), until, WAITS, is_network_fault)
    finish(client, folder, digest, until, send=False)


def _finder(
    client: Any, prepared: Entry, label: str, until: float, send: bool
) -> Callable[[], tuple[str, Any]]:
    """A function that finds the job on the server, or sends it once however often it is called.

    It returns the id, and the future of the answer or None for a job that was found. Where sending
    failed, the job may have arrived nevertheless: from then on it is only looked for.
    """
    faults = []

    def find_or_send() -> tuple[str, Any]:
        found = _find(client, label)
        if found:
            return found[0], None
        if faults:
            raise faults[0]
        if not send:
            raise ValueError(f"D-Wave knows no job with the label {label}; it was never sent.")
        solver = client.get_solver(name=prepared.facts["solver"])
        try:
            return _send(solver, prepared, label, until)
        except Exception as error:
            faults.append(error)
            raise

    return find_or_send


def _send(solver: Any, prepared: Entry, label: str, until: float) -> tuple[str, Any]:
    arrays = prepared.arrays
    pairs = zip(arrays["rows"].tolist(), arrays["cols"].tolist(), strict=True)
    h = dict(zip(arrays["qubits"].tolist(), arrays["h"].tolist(), strict=True))
    couplings = dict(zip(pairs, arrays["couplings"].tolist(), strict=True))
    # No offset: the server does not store it, so an answer fetched by id would lack it.
    future = solver.sample_ising(h, couplings, label=label, **prepared.facts["parameters"])
    try:
        job = future.wait_id(seconds_left(until))
    except TimeoutError:
        raise TimeoutError(
            f"D-Wave did not confirm in time that it has the job {label}; the same call looks for "
            "it before it sends anything."
        ) from None
    if job is None:
        future.exception()  # raises what went wrong
        raise RuntimeError("D-Wave gave the job no id.")
    return job, future


def _find(client: Any, label: str) -> list[str]:
    """Ids of the jobs with this label that were or will be answered, the earliest first."""
    with _problems(client) as problems:
        listed = problems.list_problems(label=label)
    alive = [p for p in listed if p.label == label and p.status not in ("FAILED", "CANCELLED")]
    return [problem.id for problem in sorted(alive, key=lambda p: p.submitted_on)]


def _problems(client: Any) -> Any:
    from dwave.cloud.api import Problems

    return Problems.from_config(client.config, cache={"enabled": False})


def _receive(client: Any, future: Any, until: float) -> Outcome:
    if not future.wait(seconds_left(until)):
        raise TimeoutError(
            f"D-Wave has not answered job {future.id} in time. It is kept there: the same call "
            "goes on waiting for it, `cancel_job` stops it."
        )
    try:
        result = future.result()
    except (LookupError, ValueError, TypeError) as error:  # not from the network: from decoding
        raise _malformed(future.id, f"no form that can be read ({error!r})") from error
    except Exception as error:
        if future.remote_status not in ("FAILED", "CANCELLED"):
            raise
        reason = redact(str(error), secrets_in(client.config))
        return Outcome(future.remote_status.lower(), {"reason": reason}, {})
    qubits = np.asarray(result["active_variables"], np.int64)
    arrays = {
        "qubits": qubits,
        "spins": np.asarray(result["solutions"], np.int8)[:, qubits],
        "energies": np.asarray(result["energies"], np.float64),
        "occurrences": np.asarray(future.num_occurrences, np.int64),
    }
    return Outcome("answered", {"timing": dict(future.timing)}, arrays)


def _check_answer(answer: dict, prepared: Entry, job: str) -> None:
    """Refuse an answer that does not belong to what was prepared, before it enters the ledger."""
    reads, spins = prepared.facts["parameters"]["num_reads"], answer["spins"]
    wrong = {
        "other qubits": not np.array_equal(
            np.sort(answer["qubits"]), np.sort(prepared.arrays["qubits"])
        ),
        "spins other than -1 and 1": not (np.abs(spins) == 1).all(),
        "energies that are not finite": not np.isfinite(answer["energies"]).all(),
        "lengths that differ": len({len(answer[name]) for name in _BY_READ}) > 1,
        f"a number of reads other than {reads}": int(answer["occurrences"].sum()) != reads,
    }
    found = [what for what, there in wrong.items() if there]
    if found:
        raise _malformed(job, ", ".join(found))


def _malformed(job: str, what: str) -> ValueError:
    return ValueError(
        f"The answer of job {job} has {what}. It was not written down; it is kept at D-Wave, and "
        "the same call fetches it again at no cost."
    )
