"""Jobs at a provider other than IBM: sent with `run`, found again with `retrieve_job`, read.

The backends of qiskit-ionq, qiskit-iqm and qiskit-braket-provider have both. A job there has an id
and no tag of ours. What comes back is counts: the order of the shots is lost.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.on_qiskit.jobs.preparing import Prepared

POLL = 5.0  # seconds between two questions whether a job has ended


def send_bound(target: Any, pubs: Sequence[tuple], shots: int) -> Any:
    """Send each circuit with each set of values of its parameters, in order, as one job.

    Not through `BackendSamplerV2`, which asks for options that providers lack, and reads their
    bit strings as hexadecimal numbers.
    """
    circuits = [circuit.assign_parameters(row) for circuit, values in pubs for row in values]
    return target.run(circuits, shots=shots)


def read_counts(
    job: Any, job_id: str, prepared: Prepared, timeout: float | None
) -> dict[str, npt.NDArray[np.uint8]]:
    """Wait for a job of `send_bound`; its counts as the bits that `fetch` gives.

    Shots are put in a random order, which the seed of the job decides.

    Raises:
        TimeoutError: it has not ended in time.
        RuntimeError: it failed or was cancelled.
        ValueError: it has counts of other circuits or shots than asked for.
    """
    counts = _result(job, job_id, timeout).get_counts()
    part = prepared.request["part"]
    shapes = [prepared.arrays[f"values.{index}"].shape for index in range(len(part["bases"]))]
    found = [counts] if isinstance(counts, dict) else list(counts)
    rng, shots = np.random.default_rng(part["seed"]), part["shots"][1] - part["shots"][0]
    if [sum(each.values()) for each in found] != [shots] * sum(rows for rows, _ in shapes):
        raise ValueError(
            f"Job {job_id} must return {shots} shots of each of {sum(rows for rows, _ in shapes)} "
            f"circuits, but returned {sorted({sum(each.values()) for each in found})} of "
            f"{len(found)}; the answer is not used. The provider keeps it."
        )
    size = -(-prepared.request["circuit"]["n_qubits"] // 8)
    return _in_pubs([_bits(each, size, rng) for each in found], shapes)


def _result(job: Any, job_id: str, timeout: float | None) -> Any:
    from qiskit.providers import JobError, JobTimeoutError

    try:
        job.wait_for_final_state(timeout, wait=POLL if timeout is None else min(POLL, timeout))
        word = job.status().name.lower()
    except JobTimeoutError:
        raise TimeoutError(f"Job {job_id} has not answered within {timeout} s.") from None
    except JobError as error:  # some raise the job's failure instead of stating it
        raise RuntimeError(f"Job {job_id} gave no result: {error}") from error
    if word != "done":
        raise RuntimeError(f"Job {job_id} gave no result: its provider says {word!r}.")
    return job.result()


def _bits(counts: Any, size: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Packed bits (shots, bytes), the last qubit first."""
    numbers = {int(key.replace(" ", ""), 2): count for key, count in counts.items()}
    packed = b"".join(number.to_bytes(size, "big") for number in numbers)
    strings = np.frombuffer(packed, np.uint8).reshape(-1, size)
    return rng.permutation(np.repeat(strings, list(numbers.values()), axis=0))


def _in_pubs(bits: Sequence[npt.NDArray[np.uint8]], shapes: Sequence[tuple[int, int]]):
    """The circuits of a batch together, as a primitive answers; see `targets.bound`."""
    raw: dict[str, npt.NDArray[np.uint8]] = {}
    place = 0
    for rows, free in shapes:
        batch = np.stack(bits[place : place + rows])
        place += rows
        for each in [batch] if free else batch:
            raw[f"bits.{len(raw)}"] = each
    return raw
