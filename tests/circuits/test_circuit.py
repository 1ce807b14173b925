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
from circuits.gates.constants import Constant
from circuits.gates.gate_types import gate_angle


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


@pytest.fixture
def every_gate():
    """A gate with data of each name, conditions and scales."""
    return build_circuit(
        [
            gate("amplitudes", 0, 1, angle=("x", 3)),
            gate("amplitudes", 2, data=[0.6, -0.8j]),
            gate("unitary", 0, data=[[0, -1j], [1j, 0]], condition=(3, 0)),
            gate("generated", 1, angle=("w", 0, -0.5), data=[[0, 1], [1, 0]]),
            gate("diagonal", 0, 2, angle=0.3, data=[1, -0.0, 1e-17, 2]),
            gate("permutation", 1, data=[1, 0]),
            gate("evolution", 2, 0, angle=("x", 1), data="XY"),
            gate("kraus", 1, data=[np.diag([1, 0]), np.diag([0, 1])]),
            gate("measure", 0, data=2),
            gate("reset", 0),
        ]
    )


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
    assert item[:3] == ("rx", (1,), Slot("w", 2))
    assert type(item.wires[0]) is type(item.angle.index) is int
    assert type(gate("rx", 0, angle=np.float32(0.5)).angle) is float


def test_dict_round_trip_through_json(circuit):
    assert circuit_from_dict(json.loads(json.dumps(circuit_to_dict(circuit)))) == circuit


def test_every_kind_of_gate_survives_json(every_gate):
    again = circuit_from_dict(json.loads(json.dumps(circuit_to_dict(every_gate))))
    assert again == every_gate
    assert hash(again) == hash(every_gate)
    for ours, theirs in zip(again.gates, every_gate.gates, strict=True):
        if isinstance(ours.data, Constant):
            assert ours.data.array.dtype == theirs.data.array.dtype
    assert again.n_bits == 4
    assert again.segments == {"w": 1, "x": 7}


def test_fields_of_default_value_are_not_written(circuit):
    """So that circuits saved before there were scales, data and conditions keep their bytes."""
    assert circuit_to_dict(circuit)["gates"][0] == {
        "name": "rx",
        "wires": [0],
        "angle": {"segment": "inputs", "index": 1},
    }


def test_what_has_its_default_value_is_not_shown():
    assert repr(gate("rx", 0, angle=("w", 1, 1.0))) == (
        "Gate(name='rx', wires=(0,), angle=Slot(segment='w', index=1))"
    )
    assert repr(gate("x", 0, condition=(0, 1))) == (
        "Gate(name='x', wires=(0,), angle=None, condition=(0, 1))"
    )


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
        ("rx", ("w", 0, np.nan), "with or without a finite scale"),
        ("rx", ("w", 0, 1.0, 2.0), "with or without a finite scale"),
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
    with pytest.raises(ValueError, match=r"`n_qubits` must be .* an int, but is n_qubits=3\.5"):
        build_circuit([gate("x", 2)], 3.5)
    with pytest.raises(ValueError, match=r"`n_qubits` must be at least 1 .*n_qubits=0"):
        build_circuit([])
    with pytest.raises(ValueError, match=r"'inputs' must have a size of at least 2 .*but has 1"):
        build_circuit(circuit.gates, segments={"inputs": 1})


@pytest.mark.parametrize("condition", [(0,), (0, 2), (-1, 0), "01", (0, 1, 0)])
def test_wrong_conditions_are_refused(condition):
    with pytest.raises(ValueError, match=r"`condition` must be \(classical bit >= 0, value 0 or 1"):
        gate("x", 0, condition=condition)
    with pytest.raises(ValueError, match="gate 'reset' has one"):
        gate("reset", 0, condition=(0, 1))


def test_an_angle_is_a_number_or_scale_times_an_entry():
    angles = {"w": np.array([0.5, 2.0])}
    assert gate_angle(gate("h", 0), angles) is None
    assert gate_angle(gate("rx", 0, angle=0.25), angles) == 0.25
    assert gate_angle(gate("rx", 0, angle=("w", 1)), angles) == 2.0
    assert gate_angle(gate("rx", 0, angle=("w", 1, -3)), angles) == -6.0


def test_broken_data_is_refused(circuit):
    data = circuit_to_dict(circuit)
    with pytest.raises(ValueError, match="must have the key 'gates'"):
        circuit_from_dict({key: data[key] for key in ("n_qubits", "segments")})
    for item, message in [
        ({"data": {"shape": [2, 2], "real": [1, 0, 0, 2]}}, "'unitary' is not unitary"),
        ({"data": {"shape": [2, 2], "real": [1, 0, 0]}}, "cannot hold numbers of shape"),
        ({"data": {"real": [1, 0, 0, 1]}}, "must have the key 'shape'"),
        ({}, "'unitary' needs an array"),
    ]:
        with pytest.raises(ValueError, match=message):
            circuit_from_dict(data | {"gates": [{"name": "unitary", "wires": [0]} | item]})
    with pytest.raises(ValueError, match="but is 'u9'"):
        circuit_from_dict(data | {"gates": [{"name": "u9", "wires": [0]}]})
