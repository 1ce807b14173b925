"""Circuit jobs that survive: what was asked, sent and answered, kept on disk step by step."""

from qml.jobs.ibm_faults import open_quietly
from qml.jobs.ledgered import Ledgered, device_of
from qml.jobs.listing import (
    cancel_circuit_job,
    draw_circuit_job,
    fetch_circuit_job,
    is_circuit_job,
    list_circuit_jobs,
)
from qml.jobs.protocol import (
    ESTIMATED_BY,
    Answer,
    Cost,
    Device,
    LocalDevice,
    Part,
    RemoteDevice,
    qpu_seconds,
)
from qml.jobs.rehearsal import check_mitigated
from qml.jobs.steps import is_lost

__all__ = [
    # a backend in a ledger
    "Ledgered",
    # the jobs in it
    "list_circuit_jobs",
    "fetch_circuit_job",
    "cancel_circuit_job",
    "is_circuit_job",
    "is_lost",
    "draw_circuit_job",
    # what a device has to do
    "Part",
    "Answer",
    "Cost",
    "Device",
    "LocalDevice",
    "RemoteDevice",
    "device_of",
    "open_quietly",
    # what it would cost
    "qpu_seconds",
    "ESTIMATED_BY",
    "check_mitigated",
]
