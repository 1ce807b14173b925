"""Qiskit: its devices as a backend, its circuits as ours and back, our simulator as its primitives.

Qiskit is loaded when it is used, not when this is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from circuits.on_qiskit.backend import QiskitBackend
from circuits.on_qiskit.circuits import to_qiskit
from circuits.on_qiskit.importing import from_qiskit
from circuits.on_qiskit.noise import DeviceNoise, GateNoise, QubitNoise, target_noise
from circuits.on_qiskit.qasm import from_openqasm3, to_openqasm3
from circuits.on_qiskit.targets import ibm_credentials, open_target

if TYPE_CHECKING:
    from circuits.on_qiskit.primitives import EstimatorV2, SamplerV2
    from circuits.on_qiskit.transpiled import Transpiled

__all__ = [
    "QiskitBackend",
    "Transpiled",
    "open_target",
    "ibm_credentials",
    # circuits there and back
    "to_qiskit",
    "from_qiskit",
    "to_openqasm3",
    "from_openqasm3",
    # what a device states of its errors
    "DeviceNoise",
    "QubitNoise",
    "GateNoise",
    "target_noise",
    # our simulator as Qiskit's primitives
    "EstimatorV2",
    "SamplerV2",
]


def __getattr__(name: str) -> Any:
    """What subclasses Qiskit's, or needs our simulators, is loaded only when asked for."""
    if name in ("EstimatorV2", "SamplerV2"):
        return getattr(import_module("circuits.on_qiskit.primitives"), name)
    if name == "Transpiled":
        return import_module("circuits.on_qiskit.transpiled").Transpiled
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
