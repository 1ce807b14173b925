"""From a circuit to what a device runs: transpiled once, with free parameters for the batch."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import batch_length
from circuits.circuit import Circuit
from circuits.on_qiskit.circuits import to_qiskit


def program(
    target: Any,
    circuit: Circuit,
    arrays,
    *,
    level: int,
    seed: int,
    measured: bool,
    layout: Sequence[int] | None = None,
):
    """Return a circuit that the target runs, and the values of its parameters.

    Args:
        target: a `BackendV2`; None for Qiskit's reference primitives, which take any gate.
        circuit: ours.
        arrays: checked angles; segments without a batch axis are put in as numbers.
        level: of the transpiler, 0 to 3.
        seed: of the transpiler.
        measured: whether all qubits are measured at the end, into the register "meas".
        layout: physical qubit of each wire at the start; None for the transpiler's choice.

    Returns:
        `qiskit.QuantumCircuit`, and its values (b, m) in the order of its `parameters`.

    Raises:
        ValueError: where the target has too few qubits, or no gates to make these of.
    """
    check_size(target, circuit, layout)
    built, columns = _split(circuit, arrays)
    if measured:
        built.measure_all()
    if target is not None:
        built = lowered(built, target, level=level, seed=seed, layout=layout)
    values = np.zeros((batch_length(arrays), built.num_parameters))
    for index, parameter in enumerate(built.parameters):
        values[:, index] = columns[parameter]
    return built, values


def lowered(built, target, *, level: int, seed: int, layout: Sequence[int] | None = None):
    """Return a Qiskit circuit as its transpiler makes it for a target; raises as `program` does.

    One circuit at a time: a list would fork processes, which JAX's threads do not survive.
    """
    from qiskit.transpiler import generate_preset_pass_manager
    from qiskit.transpiler.exceptions import TranspilerError

    start: Any = None if layout is None else [*layout]
    manager = generate_preset_pass_manager(
        level, target, seed_transpiler=seed, initial_layout=start
    )
    try:
        return manager.run(built)
    except TranspilerError as error:
        raise ValueError(
            f"The backend {target.name!r} has no gates to make this circuit of: {error.message}"
        ) from error


def pack(built) -> npt.NDArray[np.uint8]:
    """Return a Qiskit circuit as the bytes of its QPY file, Qiskit's own lasting format.

    >>> built, _ = to_qiskit(Circuit((), 1, {}))
    >>> unpack(pack(built)) == built
    True
    """
    from qiskit import qpy

    file = io.BytesIO()
    qpy.dump(built, file)
    return np.frombuffer(file.getvalue(), np.uint8)


def unpack(packed: npt.NDArray[np.uint8]):
    """Return the circuit that `pack` wrote."""
    from qiskit import qpy

    return qpy.load(io.BytesIO(np.asarray(packed, np.uint8).tobytes()))[0]


def used_qubits(built) -> tuple[int, ...]:
    """Return the physical numbers of the qubits that a transpiled circuit touches, ascending."""
    numbers = {bit: place for place, bit in enumerate(built.qubits)}
    return tuple(sorted({numbers[bit] for item in built.data for bit in item.qubits})) or (0,)


def compacted(built, qubits: tuple[int, ...]):
    """Return the circuit on those of its qubits alone, renumbered from 0 in the order given."""
    from qiskit import QuantumCircuit

    loose = [bit for bit in built.clbits if not built.find_bit(bit).registers]
    small = QuantumCircuit(*built.cregs, loose, global_phase=built.global_phase)
    small.add_bits([built.qubits[qubit] for qubit in qubits])
    for item in built.data:
        small.append(item)
    return small


def program_size(built) -> dict[str, Any]:
    """Return the size of a transpiled circuit, counted as `circuit_size` does, and its layout.

    `layout` and `final_layout` are the physical qubit of each wire at the start and at the end.
    """
    from qiskit.circuit import Gate

    wires = [*range(built.num_qubits)]
    layout, final = wires, wires
    if built.layout:
        layout = built.layout.initial_index_layout(filter_ancillas=True)
        final = built.layout.final_index_layout(filter_ancillas=True)
    sizes = [len(item.qubits) for item in built.data if isinstance(item.operation, Gate)]
    return {
        "gates": len(sizes),
        "two_qubit_gates": sum(size > 1 for size in sizes),
        "depth": built.depth(lambda item: isinstance(item.operation, Gate)),
        "layout": layout,
        "final_layout": final,
    }


def check_size(target: Any, circuit: Circuit, layout: Sequence[int] | None = None) -> None:
    """Raise ValueError where the target has fewer qubits than the circuit, or its layout lacks."""
    available = getattr(target, "num_qubits", None)
    if available is not None and circuit.n_qubits > available:
        raise ValueError(
            f"The circuit has {circuit.n_qubits} qubits, but the backend {target.name!r} has "
            f"{available}."
        )
    if layout is None:
        return
    places = set(layout)
    if len(layout) != circuit.n_qubits or len(places) < len(layout):
        raise ValueError(
            f"Argument `initial_layout` must name a different qubit for each of the circuit's "
            f"{circuit.n_qubits} wires, but is {tuple(layout)}."
        )
    if target is not None and available is not None and max(places) >= available:
        raise ValueError(
            f"Argument `initial_layout` must name qubits of the backend {target.name!r}, which has "
            f"{available}, but is {tuple(layout)}."
        )


def check_gates(target: Any, circuit: Circuit) -> None:
    """Raise ValueError on what Qiskit's reference primitives, which hold pure states, lack."""
    for gate in circuit.gates:
        if target is None and (gate.condition or gate.name in ("kraus", "measure", "reset")):
            raise ValueError(
                f"Qiskit's statevector primitives cannot run gate {gate.name!r} on wires "
                f"{gate.wires} of a noisy or conditional circuit; give a `target` such as Aer."
            )


def _split(circuit: Circuit, arrays):
    """Qiskit circuit with unbatched angles as numbers, and `{Parameter: (b,)}` for the others."""
    constants = {name: array for name, array in arrays.items() if array.ndim == 1}
    built, vectors = to_qiskit(circuit, constants)
    pairs = [(vector, arrays[name]) for name, vector in vectors.items()]
    return built, {vector[i]: array[:, i] for vector, array in pairs for i in range(len(vector))}
