import numpy as np
import pytest

from circuits import build_circuit, expectation, gate, matrix, pauli, z
from circuits.dense import density
from circuits.noise import amplitude_damping
from circuits.simulation.open_systems.deferral import defer_measurements
from circuits.simulation.open_systems.density import density_expectation

OBSERVABLES = (z(0), z(1), pauli("XY", (0, 1)), pauli("X", 1))
ANGLES = {"w": np.array([0.3, -0.8, 1.9])}
START = [gate("ry", 0, angle=("w", 0)), gate("rx", 1, angle=("w", 1)), gate("cx", 0, 1)]
FEED_FORWARD = {
    "one": [gate("measure", 0, data=0), gate("rx", 1, angle=("w", 2), condition=(0, 1))],
    "zero": [gate("measure", 0, data=0), gate("h", 1, condition=(0, 0))],
    "overwritten": [
        gate("measure", 0, data=0),
        gate("h", 0),
        gate("measure", 0, data=0),
        gate("x", 1, condition=(0, 1)),
    ],
    "reset": [gate("reset", 0), gate("h", 0)],
    "measured and reset": [
        gate("measure", 0, data=2),
        gate("reset", 0),
        gate("s", 1, condition=(2, 1)),
        gate("ry", 0, angle=0.4, condition=(2, 0)),
    ],
    "never measured": [gate("x", 0, condition=(1, 1)), gate("h", 1, condition=(1, 0))],
    "read by none": [gate("measure", 1, data=0), gate("h", 1)],
}


def exact(circuit):
    rho = density(circuit, ANGLES)
    return [np.trace(rho @ matrix(item, circuit.n_qubits)).real for item in OBSERVABLES]


@pytest.mark.parametrize("name", list(FEED_FORWARD))
def test_pure_states_give_the_values_of_the_measured_circuit(name):
    circuit = build_circuit([*START, *FEED_FORWARD[name], gate("cz", 0, 1), gate("h", 0)])
    circuit = circuit._replace(segments={"w": 3})
    deferred = defer_measurements(circuit)
    assert not any(item.condition for item in deferred.gates)
    values = expectation(deferred, OBSERVABLES)(ANGLES)
    np.testing.assert_allclose(values, exact(circuit), atol=1e-12)


def test_fresh_qubits_are_spent_on_measurements_and_on_resets_of_unknown_states():
    def qubits(gates):
        return defer_measurements(build_circuit([*START, *gates], 2)).n_qubits

    assert qubits([]) == 2
    assert qubits([gate("measure", 0, data=0)]) == 3
    assert qubits([gate("measure", 0, data=0), gate("reset", 0), gate("reset", 0)]) == 3
    assert qubits([gate("reset", 0)]) == 3
    assert qubits([gate("measure", 0, data=0), gate("h", 0), gate("reset", 0)]) == 4
    unused = defer_measurements(build_circuit([gate("reset", 0)]))
    assert (unused.n_qubits, unused.gates) == (1, ())


def test_noise_stays():
    gates = [*START, amplitude_damping(0.2, 0), *FEED_FORWARD["one"]]
    circuit = build_circuit(gates)
    values = density_expectation(defer_measurements(circuit), OBSERVABLES)(ANGLES)
    np.testing.assert_allclose(values, exact(circuit), atol=1e-12)
