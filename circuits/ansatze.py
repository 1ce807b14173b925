"""Families of circuits: encodings of data, layers of rotations and entanglers, and their joins."""

from collections.abc import Sequence

from circuits.circuit import Circuit, build_circuit, gate
from circuits.protocol import check_count


def angle_encoding(n_qubits: int, gate_name: str = "ry", segment: str = "inputs") -> Circuit:
    """Return one rotation for each qubit; qubit q reads slot q of the segment.

    >>> angle_encoding(2).segments
    {'inputs': 2}
    """
    return rotation_layer(n_qubits, (gate_name,), segment)


def rotation_layer(
    n_qubits: int,
    gate_names: Sequence[str] = ("ry", "rz"),
    segment: str = "weights",
    offset: int = 0,
) -> Circuit:
    """Return rotations on every qubit.

    Args:
        n_qubits: number of qubits.
        gate_names: one-qubit gates with an angle, in the order in which they act; ``ry`` then
            ``rz`` take ``|0>`` to any state of a qubit.
        segment: where the angles are read from.
        offset: slot of the first angle; the slots run through the gates of qubit 0, then 1, ...

    >>> [item.angle[:2] for item in rotation_layer(2, ("rx",), offset=4).gates]
    [('weights', 4), ('weights', 5)]
    """
    check_count("n_qubits", n_qubits)
    names = [(wire, name) for wire in range(n_qubits) for name in gate_names]
    gates = [
        gate(name, wire, angle=(segment, offset + slot)) for slot, (wire, name) in enumerate(names)
    ]
    return build_circuit(gates, n_qubits)


def entangler(n_qubits: int, kind: str = "ring", gate_name: str = "cz") -> Circuit:
    """Return constant two-qubit gates on pairs of qubits.

    Args:
        n_qubits: number of qubits.
        kind: "chain" for neighbours (q, q+1), "ring" with (n-1, 0) in addition, "all" for every
            pair. A ring of two qubits is a chain, for two equal gates ``cz`` would cancel.
        gate_name: a constant two-qubit gate, such as "cz" or "cx".

    Raises:
        ValueError: on another `kind`.

    >>> [item.wires for item in entangler(3, "ring").gates]
    [(0, 1), (1, 2), (2, 0)]
    """
    check_count("n_qubits", n_qubits)
    chain = [(wire, wire + 1) for wire in range(n_qubits - 1)]
    pairs = {
        "chain": chain,
        "ring": chain + ([(n_qubits - 1, 0)] if n_qubits > 2 else []),
        "all": [(a, b) for a in range(n_qubits) for b in range(a + 1, n_qubits)],
    }
    if kind not in pairs:
        raise ValueError(f"Argument `kind` must be one of {', '.join(pairs)}, but is {kind!r}.")
    return build_circuit([gate(gate_name, *pair) for pair in pairs[kind]], n_qubits)


def reuploading(
    n_qubits: int,
    n_layers: int,
    n_inputs: int,
    *,
    encoding: Sequence[str] = ("rx", "ry"),
    rotations: Sequence[str] = ("ry", "rz"),
    kind: str = "ring",
    gate_name: str = "cz",
) -> Circuit:
    """Return a data re-uploading circuit: each layer encodes all inputs, rotates and entangles.

    Segment "inputs" has a slot for each encoding gate, ``m = max(n_inputs, n_qubits)`` in each
    layer, so that every upload may be scaled by a weight of its own. **Slot i is meant for feature
    ``i % n_inputs``** and acts on wire ``(i % m) % n_qubits``: with fewer inputs than qubits the
    features repeat, with more the wires do.
    Segment "weights" has ``len(rotations)`` slots for each qubit and layer, qubit by qubit.

    Args:
        n_qubits: number of qubits.
        n_layers: number of uploads.
        n_inputs: number of features.
        encoding: gates of the encoding, in turn where a wire is used again within a layer: equal
            ones in a row would only add their features.
        rotations: trainable gates on each qubit.
        kind: of `entangler`.
        gate_name: of `entangler`.

    Returns:
        Circuit with segments "inputs" (n_layers * m,) and "weights"
        (n_layers * n_qubits * len(rotations),).

    Source:
        Perez-Salinas et al., Quantum 4, 226 (2020), arXiv:1907.02085.

    >>> reuploading(n_qubits=3, n_layers=2, n_inputs=2).segments
    {'inputs': 6, 'weights': 12}
    """
    for name, value in (("n_qubits", n_qubits), ("n_layers", n_layers), ("n_inputs", n_inputs)):
        check_count(name, value)
    uploads, weights = max(n_inputs, n_qubits), n_qubits * len(rotations)
    circuit = build_circuit([], n_qubits)
    for layer in range(n_layers):
        encoded = [
            gate(
                encoding[slot // n_qubits % len(encoding)],
                slot % n_qubits,
                angle=("inputs", layer * uploads + slot),
            )
            for slot in range(uploads)
        ]
        circuit += build_circuit(encoded, n_qubits)
        circuit += rotation_layer(n_qubits, rotations, offset=layer * weights)
        circuit += entangler(n_qubits, kind, gate_name)
    return circuit
