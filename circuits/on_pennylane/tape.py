"""Circuits as PennyLane tapes and QNodes."""

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from circuits.angles import Angles, check_angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum, check_observables
from circuits.on_pennylane.gates import to_operation
from circuits.on_pennylane.observables import to_observable


def to_tape(
    circuit: Circuit, observables: Sequence[PauliSum], angles: Angles, shots: int | None = None
):
    """Return the circuit as a PennyLane tape that broadcasts over batched angles.

    Args:
        circuit: on n qubits, which become wires 0 to n-1.
        observables: one ``expval`` for each; ``sample`` of all wires where there are none.
        angles: `{segment: (size,) or (b, size)}` in radians.
        shots: number of shots, None for exact.

    Returns:
        A `pennylane.tape.QuantumScript`.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> to_tape(circuit, [z(0)], {"w": [[0.0]] * 5}).batch_size
    5
    """
    import pennylane as qp
    from pennylane.tape import QuantumScript

    arrays = check_angles(circuit, angles)
    operations = [to_operation(gate, arrays) for gate in circuit.gates]
    measured = [qp.expval(to_observable(item)) for item in observables]
    measured = measured or [qp.sample(wires=range(circuit.n_qubits))]
    return QuantumScript(operations, measured, shots=shots)


def to_pennylane(
    circuit: Circuit,
    observables: PauliSum | Iterable[PauliSum],
    device: Any = "default.qubit",
    **options: Any,
):
    """Return the circuit as a QNode, for PennyLane's devices, transforms and gradients.

    Args:
        circuit: on n qubits, which become wires 0 to n-1, of gates without classical bits.
        observables: k of them, or a single one; one ``expval`` for each.
        device: name of a device, made with n wires, or a device object.
        options: further arguments of `pennylane.QNode`, such as ``diff_method``.

    Returns:
        A `pennylane.QNode` whose arguments are the circuit's segments, in their order and by
        their names: arrays (size,) or (b, size) of any library that PennyLane differentiates.

    Raises:
        ValueError: where an observable acts outside the circuit or a segment's name cannot be
            that of an argument; when called, on a gate with a classical bit or a reset.

    >>> from circuits import build_circuit, gate, z
    >>> node = to_pennylane(build_circuit([gate("rx", 0, angle=("w", 0))]), z(0))
    >>> import numpy as np
    >>> print(node(w=np.array([0.0])))
    1.0
    """
    import pennylane as qp

    checked = check_observables(observables, circuit.n_qubits)
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kinds) for name in circuit.segments])

    def run(*arrays, **named):
        angles = signature.bind(*arrays, **named).arguments
        for item in circuit.gates:
            to_operation(item, angles)
        measured = [qp.expval(to_observable(each)) for each in checked]
        return measured[0] if isinstance(observables, PauliSum) else measured

    run.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    opened = qp.device(device, wires=circuit.n_qubits) if isinstance(device, str) else device
    return qp.QNode(run, opened, **options)
