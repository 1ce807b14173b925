"""A circuit of ours as a device runs it: made of its gates, on its qubits, and ours again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from circuits.circuit import Circuit
from circuits.gates.table import GATES
from circuits.noise.model import NoiseModel
from circuits.observables import PauliSum
from circuits.on_qiskit.circuits import to_qiskit
from circuits.on_qiskit.gates import append_gate
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
    the original circuit at the end; `size` is that of `info["transpiled"]`. Where gates of the
    target have other names than ours, so that these are made of several, `holds_noise` says that
    the circuit holds the channels after them.
    """

    circuit: Circuit
    qubits: tuple[int, ...]
    places: tuple[int, ...]
    size: dict[str, Any]
    holds_noise: bool = False


def native(
    target: Any,
    circuit: Circuit,
    arrays: Mapping[str, Any],
    *,
    level: int,
    seed: int,
    layout: Sequence[int] | None = None,
    noise: Callable[[tuple[int, ...]], NoiseModel | None] = lambda qubits: None,
) -> Native:
    """Return what Qiskit's transpiler makes of a circuit for a target.

    Args:
        target: a `BackendV2`.
        circuit: ours.
        arrays: checked angles; segments without a batch axis are put in as numbers, the others
            stay free.
        level: of the transpiler, 0 to 3.
        seed: of the transpiler.
        layout: physical qubit of each wire at the start; None for the transpiler's choice where
            all qubits are measured at the end, whose errors count in it.
        noise: of the qubits in use, for gates that we have no name for.

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
    if layout is None:
        measured = built.measure_all(inplace=False)
        layout = program_size(lowered(measured, target, level=level, seed=seed))["layout"]
    made = lowered(built, target, level=level, seed=seed, layout=layout)
    size = program_size(made)
    # A wire that no gate touches is measured all the same.
    touched = used_qubits(made) if made.data else ()
    qubits = tuple(sorted({*touched, *size["final_layout"]}))
    small = compacted(made, qubits)
    model = None if _has_our_names(small) else noise(qubits)
    read = small if model is None else _with_channels(small, model)
    ours = from_qiskit(read, final_measurements=True)._replace(segments=circuit.segments)
    places = tuple(qubits.index(qubit) for qubit in size["final_layout"])
    return Native(ours, qubits, places, size, model is not None)


def _has_our_names(built) -> bool:
    from qiskit.circuit import Gate

    named = [item.operation.name for item in built.data if isinstance(item.operation, Gate)]
    return GATES.keys() >= set(named)


def _with_channels(built, model: NoiseModel):
    """A Qiskit circuit with what a model lets follow each of its gates."""
    noisy = built.copy_empty_like()
    following = {(rule.name, rule.wires): rule.gates or () for rule in model.rules}
    for item in built.data:
        noisy.append(item)
        wires = tuple(built.find_bit(bit).index for bit in item.qubits)
        for each in following.get((item.operation.name, wires), ()):
            append_gate(noisy, each, {})
    return noisy


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
