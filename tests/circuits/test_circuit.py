import json

import numpy as np
import pytest

from circuits import (
    Slot,
    build_circuit,
    circuit_from_dict,
    circuit_size,
    circuit_to_dict,
    gate,
)


@pytest.fixture
def circuit():
    return build_circuit(
        [
            gate("rx", 0, angle=("inputs", 1)),
            gate("rzz", 2, 0, angle=0.25),
            gate("h", 1),
            gate("ry", 1, angle=("weights", 0)),
        ]
    )


def test_sizes_are_inferred_from_the_gates(circuit):
    assert circuit.n_qubits == 3
    assert circuit.segments == {"inputs": 2, "weights": 1}


def test_sizes_given_may_be_larger_than_needed(circuit):
    larger = build_circuit(circuit.gates, n_qubits=5, segments={"inputs": 7, "spare": 1})
    assert larger.n_qubits == 5
    assert larger.segments == {"inputs": 7, "weights": 1, "spare": 1}


def test_circuits_hash_and_compare_by_value(circuit):
    again = circuit_from_dict(circuit_to_dict(circuit))
    assert again == circuit
    assert hash(again) == hash(circuit)
    assert build_circuit(circuit.gates, n_qubits=4) != circuit
    reordered = circuit._replace(segments={"weights": 1, "inputs": 2})
    assert (reordered, hash(reordered)) == (circuit, hash(circuit))


def test_joining_appends_gates_and_keeps_the_larger_segments(circuit):
    other = build_circuit([gate("ry", 0, angle=("weights", 4))], n_qubits=3)
    joined = circuit + other
    assert joined.gates == circuit.gates + other.gates
    assert joined.segments == {"inputs": 2, "weights": 5}
    assert (other + circuit).segments == joined.segments


def test_joining_needs_the_same_number_of_qubits(circuit):
    with pytest.raises(ValueError, match="but they have 3 and 1"):
        circuit + build_circuit([gate("h", 0)])


def test_numbers_of_numpy_become_plain_ones():
    item = gate("rx", np.int64(1), angle=("w", np.int32(2)))
    assert item == ("rx", (1,), Slot("w", 2))
    assert type(item.wires[0]) is type(item.angle.index) is int
    assert type(gate("rx", 0, angle=np.float32(0.5)).angle) is float


def test_dict_round_trip_through_json(circuit):
    assert circuit_from_dict(json.loads(json.dumps(circuit_to_dict(circuit)))) == circuit


def test_size_counts_gates_and_depth(circuit):
    assert circuit_size(circuit) == {
        "n_qubits": 3,
        "gates": 4,
        "two_qubit_gates": 1,
        "depth": 2,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rw", 0), "`name` must be one of id, h, .*but is 'rw'"),
        (("h",), "'h' acts on 1 distinct wires"),
        (("cx", 0), "'cx' acts on 2 distinct wires, but got \\(0,\\)"),
        (("cx", 1, 1), "'cx' acts on 2 distinct wires, but got \\(1, 1\\)"),
        (("h", -1), "must be non-negative ints, but are \\(-1,\\)"),
        (("h", 0.0), "must be non-negative ints, but are \\(0.0,\\)"),
    ],
)
def test_gates_on_wrong_wires_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        gate(*arguments)


@pytest.mark.parametrize(
    ("name", "angle", "message"),
    [
        ("rx", None, "'rx' needs an angle"),
        ("h", 0.1, "'h' takes no angle, but `angle` is 0.1"),
        ("rx", float("nan"), "must be finite, but is nan"),
        ("rx", np.inf, "must be finite, but is inf"),
        ("rx", ("w", -1), "must be a number or a slot"),
        ("rx", "w", "must be a number or a slot"),
        ("rx", 1j, "must be a number or a slot"),
    ],
)
def test_wrong_angles_are_refused(name, angle, message):
    with pytest.raises(ValueError, match=message):
        gate(name, 0, angle=angle)


def test_circuits_that_do_not_fit_are_refused(circuit):
    with pytest.raises(ValueError, match=r"`n_qubits` must be at least 3 .*n_qubits=2"):
        build_circuit(circuit.gates, n_qubits=2)
    with pytest.raises(ValueError, match=r"`n_qubits` must be at least 1 .*n_qubits=0"):
        build_circuit([])
    with pytest.raises(ValueError, match=r"'inputs' must have a size of at least 2 .*but has 1"):
        build_circuit(circuit.gates, segments={"inputs": 1})


def test_broken_data_is_refused(circuit):
    data = circuit_to_dict(circuit)
    with pytest.raises(ValueError, match="must have the key 'gates'"):
        circuit_from_dict({key: data[key] for key in ("n_qubits", "segments")})
    with pytest.raises(ValueError, match="but is 'u9'"):
        circuit_from_dict(data | {"gates": [{"name": "u9", "wires": [0]}]})
