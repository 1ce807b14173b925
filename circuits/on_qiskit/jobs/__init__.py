"""A batch of expectation values as jobs of plain data, so that a ledger can keep each step.

    parts = prepare(backend, circuit, observables, angles)
    raws = [fetch(backend, submit(backend, part), prepared=part) for part in parts]
    result = finish(parts, raws)            # equals backend.expectation(circuit, ...)

What is prepared and what is fetched is JSON and arrays of numbers; nothing of it is a live object.
"""

from circuits.on_qiskit.jobs.answers import finish, finish_samples
from circuits.on_qiskit.jobs.drawing import drawings
from circuits.on_qiskit.jobs.preparing import Prepared, prepare, prepare_samples
from circuits.on_qiskit.jobs.sending import (
    cancel,
    execution_mode,
    fetch,
    find,
    run_parts,
    status,
    submit,
)

__all__ = [
    "Prepared",
    "prepare",
    "drawings",
    "submit",
    "fetch",
    "finish",
    "prepare_samples",
    "finish_samples",
    "run_parts",
    "execution_mode",
    "find",
    "status",
    "cancel",
]
