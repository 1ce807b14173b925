"""A circuit of ours as a device runs it: made of its gates, on its qubits, and ours again."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from circuits.circuit import Circuit
from circuits.observables import PauliSum
from circuits.on_qiskit.circuits import to_qiskit
from circuits.on_qiskit.importing import from_qiskit
from circuits.on_qiskit.programs import (
    check_size,
    compacted,
    lowered,
    program_size,
    used_qubits,
)


class Native(NamedTuple):
    """A circuit after transpilation.

    `circuit` is made of the target's gates on wires that stand for the physical `qubits`,
    ascending, those that routing needed among them; `places[q]` is the wire that holds qubit q of
    the original circuit at the end; `size` is that of `info["transpiled"]`.
    """

    circuit: Circuit
    qubits: tuple[int, ...]
    places: tuple[int, ...]
    size: dict[str, Any]


def native(
    target: Any,
    circuit: Circuit,
    arrays: Mapping[str, Any],
    *,
    level: int,
    seed: int,
    layout: Sequence[int] | None = None,
) -> Native:
    """Return what Qiskit's transpiler makes of a circuit for a target.

    Args:
        target: a `BackendV2`.
        circuit: ours.
        arrays: checked angles; segments without a batch axis are put in as numbers, the others
            stay free.
        level: of the transpiler, 0 to 3.
        seed: of the transpiler.
        layout: physical qubit of each wire at the start; None for the transpiler's choice.

    Raises:
        ValueError: where the target has too few qubits, or no gates to make these of.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> from circuits import build_circuit, gate
    >>> line = GenericBackendV2(3, coupling_map=[[0, 1], [1, 2]], seed=1)
    >>> made = native(line, build_circuit([gate("cx", 0, 1)]), {}, level=1, seed=0, layout=[0, 2])
    >>> made.qubits, [item.name for item in made.circuit.gates].count("cx")
    ((0, 1, 2), 4)
    """
    check_size(target, circuit, layout)
    constants = {name: array for name, array in arrays.items() if array.ndim == 1}
    built, _ = to_qiskit(circuit, constants)
    made = lowered(built, target, level=level, seed=seed, layout=layout)
    size = program_size(made)
    # A wire that no gate touches is measured all the same.
    touched = used_qubits(made) if made.data else ()
    qubits = tuple(sorted({*touched, *size["final_layout"]}))
    ours = from_qiskit(compacted(made, qubits), final_measurements=True)
    places = tuple(qubits.index(qubit) for qubit in size["final_layout"])
    return Native(ours._replace(segments=circuit.segments), qubits, places, size)


def moved(observable: PauliSum, places: Sequence[int]) -> PauliSum:
    """Return an observable on the wires that hold its qubits.

    >>> from circuits import pauli
    >>> moved(pauli("XZ", (0, 1)), [4, 2]).terms
    ((1.0, ((2, 'Z'), (4, 'X'))),)
    """
    return PauliSum(
        tuple(
            (value, tuple(sorted((places[wire], letter) for wire, letter in string)))
            for value, string in observable.terms
        )
    )
