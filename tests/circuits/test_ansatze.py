import numpy as np
import pytest

from circuits import Slot, angle_encoding, entangler, reuploading, rotation_layer, state


def test_angle_encoding_reads_one_slot_for_each_qubit():
    circuit = angle_encoding(3, "rx", "x")
    assert [(item.name, item.wires, item.angle) for item in circuit.gates] == [
        ("rx", (q,), Slot("x", q)) for q in range(3)
    ]


def test_a_rotation_layer_runs_through_the_gates_of_one_qubit_then_the_next():
    circuit = rotation_layer(2, ("ry", "rz"), offset=3)
    assert [(item.name, item.wires[0], item.angle.index) for item in circuit.gates] == [
        ("ry", 0, 3),
        ("rz", 0, 4),
        ("ry", 1, 5),
        ("rz", 1, 6),
    ]


@pytest.mark.parametrize(
    ("n_qubits", "kind", "pairs"),
    [
        (4, "chain", [(0, 1), (1, 2), (2, 3)]),
        (4, "ring", [(0, 1), (1, 2), (2, 3), (3, 0)]),
        (3, "all", [(0, 1), (0, 2), (1, 2)]),
        (2, "ring", [(0, 1)]),
        (1, "ring", []),
    ],
)
def test_entanglers_connect_the_pairs_of_their_kind(n_qubits, kind, pairs):
    circuit = entangler(n_qubits, kind, "cx")
    assert [item.wires for item in circuit.gates] == pairs
    assert circuit.n_qubits == n_qubits


@pytest.mark.parametrize(("n_qubits", "n_inputs"), [(1, 1), (3, 2), (2, 5), (4, 4)])
def test_reuploading_encodes_every_feature_in_every_layer(n_qubits, n_inputs):
    n_layers, uploads = 3, max(n_qubits, n_inputs)
    circuit = reuploading(n_qubits, n_layers, n_inputs)
    assert circuit.segments == {"inputs": n_layers * uploads, "weights": n_layers * n_qubits * 2}
    slots = [item.angle.index for item in circuit.gates if item.angle and item.angle[0] == "inputs"]
    assert slots == list(range(n_layers * uploads))
    for layer in np.array(slots).reshape(n_layers, uploads):
        assert set(layer % n_inputs) == set(range(n_inputs))


def test_features_that_share_a_wire_do_not_merely_add():
    circuit = reuploading(n_qubits=1, n_layers=1, n_inputs=2)
    function = state(circuit)
    first, second = (
        function({"inputs": np.array(pair), "weights": np.zeros(2)})
        for pair in ([0.3, 0.9], [0.9, 0.3])
    )
    assert abs(np.vdot(first, second)) < 0.99


def test_wrong_sizes_and_kinds_are_refused():
    with pytest.raises(ValueError, match="`n_layers` must be a positive int, but is n_layers=0"):
        reuploading(2, 0, 2)
    with pytest.raises(ValueError, match="`n_qubits` must be a positive int, but is n_qubits=0"):
        reuploading(0, 1, 2)
    with pytest.raises(ValueError, match="must be one of chain, ring, all, but is 'star'"):
        entangler(3, "star")
