"""Circuits that are compared must run alike: compiled for their device once, before they differ.

A compiler that sees each circuit for itself cancels a gate with its inverse, and may choose other
qubits for each. So what is to be folded, twirled or calibrated is the compiled circuit, and from
there on the compiler only translates single gates, on the same qubits.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

from circuits.angles import Angles, check_angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum
from circuits.on_qiskit.backend import QiskitBackend
from circuits.on_qiskit.native import moved, native
from circuits.on_qiskit.transpiled import Transpiled
from circuits.protocol import Backend


class Placed(NamedTuple):
    """A circuit that its backend runs as it is; wire `places[q]` holds qubit q at the end."""

    backend: Any
    circuit: Circuit
    places: tuple[int, ...]

    def moved(self, observables: Iterable[PauliSum]) -> tuple[PauliSum, ...]:
        """Observables of the original circuit, on the wires that hold its qubits."""
        return tuple(moved(each, self.places) for each in observables)


def placed(backend: Backend, circuit: Circuit, angles: Angles) -> Placed:
    """Return a backend and a circuit that mean the same, compiled for a Qiskit target.

    Args:
        backend: around a `QiskitBackend` with a target or a `Transpiled`, or around anything else,
            which compiles nothing and gets back what was given.
        circuit, angles: as for `Backend.expectation`.

    Returns:
        The backend with its optimization level 0 and its layout fixed; the circuit of the target's
        gates on the qubits in use, more than before where routing needs them; its places.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> from circuits import build_circuit, gate
    >>> line = GenericBackendV2(3, coupling_map=[[0, 1], [1, 2]], seed=1)
    >>> device = QiskitBackend(line, initial_layout=(0, 2))
    >>> made = placed(device, build_circuit([gate("cx", 0, 1)]), {})
    >>> made.backend.optimization_level, made.backend.initial_layout, made.circuit.n_qubits
    (0, (0, 1, 2), 3)
    """
    device = _device(backend)
    if device is None or _is_placed(device, circuit):
        return Placed(backend, circuit, tuple(range(circuit.n_qubits)))
    made = native(
        device.target,
        circuit,
        check_angles(circuit, angles),
        level=device.optimization_level,
        seed=device.seed,
        layout=device.initial_layout,
    )
    fixed = replace(device, optimization_level=0, initial_layout=made.qubits)
    return Placed(_around(backend, fixed), made.circuit, made.places)


def _device(backend: Any) -> QiskitBackend | Transpiled | None:
    """What compiles inside of backends around backends, their field `backend`, if anything."""
    while is_dataclass(backend) and "backend" in [field.name for field in fields(backend)]:
        backend = getattr(backend, "backend")  # noqa: B009 - not every dataclass has it
    if isinstance(backend, QiskitBackend | Transpiled) and backend.target is not None:
        return backend
    return None


def _is_placed(device: QiskitBackend | Transpiled, circuit: Circuit) -> bool:
    """Whether nothing is left to route: gates on several wires are the target's, where they are."""
    layout = device.initial_layout
    if device.optimization_level or layout is None or len(layout) != circuit.n_qubits:
        return False
    known = device.target.target.instruction_supported
    wide = [item for item in circuit.gates if len(item.wires) > 1]
    return all(known(item.name, tuple(layout[wire] for wire in item.wires)) for item in wide)


def _around(backend: Any, device: QiskitBackend | Transpiled) -> Any:
    """The same wrappers around another device."""
    if isinstance(backend, type(device)):
        return device
    return replace(backend, backend=_around(backend.backend, device))
