"""Circuits that are compared must run alike: compiled for their device once, before they differ.

A compiler that sees each circuit for itself cancels a gate with its inverse, and may choose other
qubits for each. So what is to be folded or calibrated is the compiled circuit, and from there on
the compiler only translates single gates, on the same qubits.
"""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from circuits.angles import Angles, check_angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum
from circuits.on_qiskit.backend import QiskitBackend
from circuits.on_qiskit.native import moved, native
from circuits.on_qiskit.transpiled import Transpiled
from circuits.protocol import Backend


def placed(
    backend: Backend, circuit: Circuit, observables: Sequence[PauliSum], angles: Angles
) -> tuple[Any, Circuit, tuple[PauliSum, ...]]:
    """Return a backend, circuit and observables that mean the same, compiled for a Qiskit target.

    Args:
        backend: around a `QiskitBackend` with a target or a `Transpiled`, or around anything else,
            which compiles nothing and gets back what was given.
        circuit, observables, angles: as for `Backend.expectation`.

    Returns:
        The backend with its optimization level 0 and its layout fixed; the circuit of the target's
        gates on the qubits in use, more than before where routing needs them; the observables on
        the wires that hold their qubits at the end.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> from circuits import build_circuit, gate, z
    >>> device = QiskitBackend(GenericBackendV2(3, seed=1))
    >>> fixed, made, _ = placed(device, build_circuit([gate("h", 0)]), [z(0)], {})
    >>> fixed.optimization_level, len(fixed.initial_layout), [item.name for item in made.gates][-1]
    (0, 1, 'rz')
    """
    device = _innermost(backend)
    compiles = isinstance(device, QiskitBackend | Transpiled) and device.target is not None
    if not compiles or _is_placed(device):
        return backend, circuit, tuple(observables)
    arrays = check_angles(circuit, angles)
    made = native(
        device.target,
        circuit,
        arrays,
        level=device.optimization_level,
        seed=device.seed,
        layout=device.initial_layout,
    )
    fixed = replace(device, optimization_level=0, initial_layout=made.qubits)
    there = tuple(moved(each, made.places) for each in observables)
    return _around(backend, fixed), made.circuit, there


def _is_placed(device: QiskitBackend | Transpiled) -> bool:
    return device.optimization_level == 0 and device.initial_layout is not None


def _innermost(backend: Any) -> Any:
    """What is inside of backends around backends, their field `backend`."""
    while is_dataclass(backend) and "backend" in [field.name for field in fields(backend)]:
        backend = getattr(backend, "backend")  # noqa: B009 - not every dataclass has it
    return backend


def _around(backend: Any, device: QiskitBackend | Transpiled) -> Any:
    """The same wrappers around another device."""
    if isinstance(backend, type(device)):
        return device
    return replace(backend, backend=_around(backend.backend, device))
