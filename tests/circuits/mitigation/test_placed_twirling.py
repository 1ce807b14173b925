"""On a device the circuit that it runs is twirled: its own gates, and those of routing's swaps."""

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoise
from qiskit_aer.noise import coherent_unitary_error

from circuits import Density, Exact, NoiseModel, QiskitBackend, build_circuit, gate, pauli, z
from circuits.gates.host_matrices import host_matrix
from circuits.gates.table import PAULIS
from circuits.mitigation import PauliTwirling, ZeroNoiseExtrapolation
from circuits.mitigation.placing import placed
from circuits.noise import NoiseRule, channel
from circuits.on_qiskit.transpiled import Transpiled

LINE = [[0, 1], [1, 2]]
OBSERVABLES = (z(2), pauli("XZ", (0, 1)) + 0.3)
ERROR = 0.3
TURN = host_matrix(gate("rzx", 0, 1, angle=ERROR), ERROR)
STRINGS = [np.kron(PAULIS[a], PAULIS[b]) for a in "IXYZ" for b in "IXYZ"]


def line(gates=("cx", "rz", "sx", "x")):
    """A device of three qubits in a row, without errors."""
    return GenericBackendV2(3, list(gates), coupling_map=LINE, noise_info=False, seed=1)


@pytest.fixture(scope="module")
def circuit():
    """The qubits at the ends meet, and so routing needs swaps."""
    gates = [gate("ry", wire, angle=("x", wire)) for wire in range(3)]
    gates += [gate("rx", wire, angle=0.7) for wire in range(3)]
    gates += [gate("cx", 0, 2), gate("ry", 2, angle=("w", 0)), gate("cx", 2, 1)]
    return build_circuit(gates)


@pytest.fixture(scope="module")
def angles():
    return {"x": np.array([[0.3, 1.1, -0.4], [0.8, -0.2, 0.5]]), "w": np.array([0.6])}


@pytest.fixture(scope="module")
def expected(circuit, angles):
    return Exact().expectation(circuit, OBSERVABLES, angles).values


@pytest.mark.parametrize("native", ["rzz", pytest.param("ecr", marks=pytest.mark.slow)])
def test_every_instance_of_the_routed_circuit_does_the_same(native, circuit, angles, expected):
    """What the compiler makes of cx out of rzz turns by pi / 2, and is twirled too."""
    device = Transpiled(
        line((native, "rz", "sx", "x")), optimization_level=2, initial_layout=range(3)
    )
    result = PauliTwirling(device, 3, seed=1).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(result.values, expected, atol=1e-6)
    made = placed(device, circuit, angles)
    count = sum(len(item.wires) == 2 for item in made.circuit.gates)
    assert count > 2
    assert result.info["effective"]["twirled_gates"] == count
    assert result.info["inside"]["transpiled"][0]["two_qubit_gates"] == count
    assert result.info["cost"] == {"calls": 1, "circuits": 6, "shots": None}
    assert result.info["circuit"]["two_qubit_gates"] == 2


def test_rotations_by_other_angles_are_left_alone():
    gates = [gate("rzz", 0, 1, angle=np.pi), gate("rzz", 0, 1, angle=0.4)]
    circuit = build_circuit([*gates, gate("rxx", 0, 1, angle=("x", 0))])
    result = PauliTwirling(Exact(), 4).expectation(circuit, z(0), {"x": [np.pi / 2]})
    assert result.info["effective"]["twirled_gates"] == 1
    np.testing.assert_allclose(result.values, 0, atol=1e-12)


def simulator(noise=None):
    """The same device at Aer."""
    return AerSimulator(target=line().target, noise_model=noise)


def over_rotating():
    """Errors of cx, which turns by ERROR about ZX too far."""
    noise = AerNoise()
    reverse = TURN.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)  # Qiskit's order
    noise.add_all_qubit_quantum_error(coherent_unitary_error(reverse), ["cx"])
    return noise


def values_under(device, circuit, angles, kraus):
    """What our density matrices give for the routed circuit with a channel after each cx."""
    made = placed(device, circuit, angles)
    noisy = Density(NoiseModel(rules=(NoiseRule("cx", None, (channel(kraus, 0, 1),)),)))
    return noisy.expectation(made.circuit, made.moved(OBSERVABLES), angles).values


def test_coherent_errors_of_the_swaps_become_pauli_channels(circuit, angles, expected):
    device = QiskitBackend(simulator(over_rotating()), 500, seed=2, initial_layout=(0, 1, 2))
    raw = device.expectation(circuit, OBSERVABLES, angles)
    coherent = values_under(device, circuit, angles, [TURN])
    np.testing.assert_array_less(np.abs(raw.values - coherent), 4 * raw.std)
    twirled = values_under(device, circuit, angles, [p @ TURN @ p / 4 for p in STRINGS])
    result = PauliTwirling(device, 128, seed=3).expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_array_less(np.abs(result.values - twirled), 4 * result.std)
    assert np.abs(twirled - coherent).max() > 8 * result.std.max()
    assert result.info["effective"]["backend"]["jobs"] == 1
    assert result.info["cost"]["calls"] == 1
    assert result.info["effective"]["twirled_gates"] > 2 * len(LINE)


def test_bits_come_back_on_the_wires_of_the_circuit():
    flips = [gate("x", 0), gate("cx", 0, 2), gate("rx", 1, angle=("x", 0)), gate("cx", 2, 1)]
    for device in (QiskitBackend(simulator(), 10), Transpiled(line())):
        twirled = PauliTwirling(device, 3)
        bits = twirled.sample(build_circuit(flips), {"x": [[0.0], [np.pi]]}, shots=5, seed=4)
        assert bits.tolist() == [[[1, 1, 1]] * 5, [[1, 0, 1]] * 5]


def test_methods_stack_around_one_placing():
    device = Transpiled(line(), initial_layout=(0, 1, 2))
    circuit = build_circuit([gate("ry", 0, angle=0.4), gate("cx", 0, 2)])
    inside = PauliTwirling(device, 2)
    result = ZeroNoiseExtrapolation(inside, (1, 3)).expectation(circuit, z(2), {})
    np.testing.assert_allclose(result.values, np.cos(0.4), atol=1e-6)
    made = placed(device, circuit, {}).circuit
    count = result.info["effective"]["backend"]["twirled_gates"]
    assert count == sum(len(item.wires) == 2 for item in made.gates) > 1


def test_a_layout_of_level_0_leaves_routing_to_be_done(circuit, angles):
    device = Transpiled(line(), optimization_level=0, initial_layout=(0, 1, 2))
    made = placed(device, circuit, angles)
    assert len(made.circuit.gates) > len(circuit.gates)
    assert placed(made.backend, made.circuit, angles).circuit is made.circuit
