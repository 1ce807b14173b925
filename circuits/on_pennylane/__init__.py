"""PennyLane: its devices as a backend, its circuits as ours and back, our simulator as its device.

PennyLane is loaded when it is used, not when this is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from circuits.on_pennylane.backend import PennyLaneBackend
from circuits.on_pennylane.importing import FromPennyLane, from_pennylane
from circuits.on_pennylane.tape import to_pennylane, to_tape

if TYPE_CHECKING:
    from circuits.on_pennylane.device import JaxDevice

__all__ = [
    "PennyLaneBackend",
    "to_tape",
    "to_pennylane",
    "from_pennylane",
    "FromPennyLane",
    "JaxDevice",
]


def __getattr__(name: str) -> Any:
    """The device subclasses PennyLane's, so its module is loaded only when asked for."""
    if name == "JaxDevice":
        return import_module("circuits.on_pennylane.device").JaxDevice
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
