import numpy as np
import pennylane as qp
import pytest

from circuits import (
    GATES,
    Exact,
    PennyLaneBackend,
    build_circuit,
    gate,
    pauli,
    reuploading,
    to_tape,
    unitary,
    z,
)


@pytest.fixture(scope="module")
def circuit():
    return reuploading(n_qubits=3, n_layers=1, n_inputs=3)


@pytest.fixture(scope="module")
def angles(circuit):
    rng = np.random.default_rng(2)
    return {
        "inputs": rng.normal(size=(5, circuit.segments["inputs"])),
        "weights": rng.normal(size=circuit.segments["weights"]),
    }


OBSERVABLES = (z(0), pauli("XY", (0, 2)) * 0.3 + z(1))


@pytest.mark.parametrize("name", GATES)
def test_every_gate_is_pennylanes_gate_of_the_same_matrix(name):
    definition = GATES[name]
    angle = None if definition.generator is None else 0.7
    wires = range(definition.n_wires)
    circuit = build_circuit([gate(name, *wires, angle=angle)])
    (operation,) = to_tape(circuit, [z(0)], {}).operations
    matrix = qp.matrix(operation, wire_order=wires)
    np.testing.assert_allclose(matrix, unitary(circuit, {}), atol=1e-15)


def test_one_tape_holds_the_whole_batch(circuit, angles):
    tape = to_tape(circuit, OBSERVABLES, angles, shots=7)
    assert tape.batch_size == 5
    assert len(tape.measurements) == 2
    assert tape.shots.total_shots == 7


@pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit", "default.mixed"])
def test_devices_agree_with_the_simulator(circuit, angles, device):
    exact = Exact().expectation(circuit, OBSERVABLES, angles).values
    result = PennyLaneBackend(device).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, exact, atol=1e-10)
    sampled = PennyLaneBackend(device, shots=2000, seed=5)
    first, again = (sampled.expectation(circuit, OBSERVABLES, angles) for _ in range(2))
    np.testing.assert_array_less(np.abs(first.values - exact), 5 * first.std)
    assert np.array_equal(first.values, again.values)
    assert first.info["effective"] == {"device": device, "shots": 2000, "seed": 5}


def test_a_device_object_decides_its_seed_for_itself(circuit, angles):
    device = qp.device("default.qubit", wires=4, seed=1)
    info = PennyLaneBackend(device, shots=3).expectation(circuit, OBSERVABLES, angles).info
    assert (info["requested"]["seed"], info["effective"]["seed"]) == (0, None)


def test_circuits_larger_than_the_device_are_refused(circuit, angles):
    backend = PennyLaneBackend(qp.device("default.qubit", wires=2))
    with pytest.raises(ValueError, match=r"has 3 qubits, but the device 'default.qubit' has the"):
        backend.expectation(circuit, OBSERVABLES, angles)


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="`shots` must be a positive int, but is shots=0"):
        PennyLaneBackend(shots=0)
    with pytest.raises(ValueError, match="`seed` must be an int"):
        PennyLaneBackend(seed=-1)


def test_a_device_that_is_not_there_is_named(circuit, angles):
    with pytest.raises(ValueError, match=r"PennyLane cannot open the device 'no\.device'"):
        PennyLaneBackend("no.device").expectation(circuit, OBSERVABLES, angles)


class Broken(qp.devices.Device):
    """Returns what it was given, whatever was asked."""

    name = "broken"

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def execute(self, circuits, execution_config=None):
        return (self.answer,) * len(circuits)


@pytest.mark.parametrize("answer", [(np.nan, 0.0), (np.zeros(4), 0.0)])
def test_values_of_a_device_are_checked(circuit, angles, answer):
    with pytest.raises(ValueError, match="'broken' must return finite values for 5 sets"):
        PennyLaneBackend(Broken(answer)).expectation(circuit, OBSERVABLES, angles)


@pytest.mark.parametrize("answer", [np.zeros((5, 6, 3)), np.full((5, 7, 3), np.nan)])
def test_bits_of_a_device_are_checked(circuit, angles, answer):
    with pytest.raises(ValueError, match=r"'broken' must return bits of shape \(5, 7, 3\)"):
        PennyLaneBackend(Broken(answer)).sample(circuit, angles, shots=7, seed=0)
