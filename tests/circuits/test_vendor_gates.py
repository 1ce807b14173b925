"""Gates with data, scales and classical bits on Qiskit and PennyLane, against the dense oracle."""

import numpy as np
import pytest
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator

from circuits import (
    PennyLaneBackend,
    QiskitBackend,
    build_circuit,
    gate,
    matrix,
    pauli,
    to_qiskit,
    unitary,
    z,
)
from circuits.dense import density
from circuits.noise import amplitude_damping, depolarizing, thermal_relaxation
from circuits.operations import (
    amplitudes,
    amplitudes_from,
    diagonal,
    evolution,
    fsim,
    generated,
    measure,
    permutation,
    product_state,
    reset,
    u,
    unitary_gate,
    when,
)

RNG = np.random.default_rng(4)
MIXED = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
OBSERVABLES = (z(0), pauli("XY", (0, 2)), pauli("YZ", (1, 0)))
ANGLES = {"w": RNG.normal(size=(3, 2))}
COMMUTING = np.kron([[0, 1], [1, 0]], np.diag([1, -1]))  # XZ


def expected(circuit, angles):
    """Values (b, k) from dense density matrices."""
    operators = [matrix(item, circuit.n_qubits) for item in OBSERVABLES]
    rows = [{"w": row} for row in angles["w"]] if angles else [{}]
    states = [density(circuit, row) for row in rows]
    return np.array([[np.trace(rho @ each).real for each in operators] for rho in states])


@pytest.fixture(scope="module")
def circuit():
    """Every kind of data, slots with scales, on qubits in mixed order."""
    return build_circuit(
        [
            *product_state(RNG.normal(size=(3, 2)) + 1j * RNG.normal(size=(3, 2))),
            diagonal(RNG.normal(size=4), (2, 0), ("w", 0, 0.5)),
            diagonal(RNG.normal(size=4), (0, 1)),
            generated(MIXED + MIXED.conj().T, (0, 2), 0.3),
            generated(COMMUTING, (2, 1), ("w", 1)),
            *evolution(0.3 * pauli("XX", (0, 1)) + 0.2 * pauli("ZZ", (0, 1)) + 0.1, ("w", 1, -2)),
            permutation([1, 2, 3, 0], (2, 1)),
            unitary_gate(np.linalg.qr(MIXED)[0], (1, 2)),
            *u(("w", 1), 0.2, 0.3, 0),
            *fsim(0.1, ("w", 0), 0, 2),
            gate("gphase", 1, angle=("w", 0)),
            gate("xx_minus_yy", 1, 0, angle=("w", 1)),
        ]
    )


@pytest.mark.parametrize(
    "backend", [QiskitBackend(), PennyLaneBackend(), PennyLaneBackend("lightning.qubit")]
)
def test_gates_with_data_have_the_dense_values(backend, circuit):
    values = backend.expectation(circuit, OBSERVABLES, ANGLES).values
    np.testing.assert_allclose(values, expected(circuit, ANGLES), atol=1e-13)


@pytest.mark.parametrize("angle", [0.7, ("w", 0)])
@pytest.mark.parametrize("letters", ["XYZ", "ZIZ", "III"])
def test_qiskit_has_evolution_up_to_no_phase(angle, letters):
    circuit = build_circuit([gate("evolution", 2, 0, 1, angle=angle, data=letters)])
    angles = {"w": [0.7]} if isinstance(angle, tuple) else {}
    built, _ = to_qiskit(circuit, angles)
    operator = Operator(built.reverse_bits()).data
    np.testing.assert_allclose(operator, unitary(circuit, angles), atol=1e-14)


def test_scales_stay_in_the_parameter_expression():
    built, vectors = to_qiskit(build_circuit([gate("rx", 0, angle=("w", 0, -0.5))]))
    (angle,) = built.data[0].operation.params
    assert angle.bind({vectors["w"][0]: 3.0}).numeric() == -1.5


def test_amplitudes_may_come_from_a_batch_on_pennylane():
    circuit = build_circuit([amplitudes_from("w", (1, 0)), gate("h", 2)])
    angles = {"w": RNG.normal(size=(3, 4))}
    values = PennyLaneBackend().expectation(circuit, OBSERVABLES, angles).values
    np.testing.assert_allclose(values, expected(circuit, angles), atol=1e-13)
    constant = {"w": angles["w"][0]}
    values = QiskitBackend().expectation(circuit, OBSERVABLES, constant).values
    np.testing.assert_allclose(values, expected(circuit, angles)[:1], atol=1e-13)
    with pytest.raises(ValueError, match=r"'amplitudes' .* segment 'w' is free or batched"):
        QiskitBackend().expectation(circuit, OBSERVABLES, angles)


def test_noise_runs_on_mixed_states_of_pennylane():
    circuit = build_circuit([*make_noise(), gate("ry", 2, angle=("w", 1))])
    values = PennyLaneBackend("default.mixed").expectation(circuit, OBSERVABLES, ANGLES).values
    np.testing.assert_allclose(values, expected(circuit, ANGLES), atol=1e-13)


def test_noise_measurements_resets_and_conditions_run_on_aer():
    middle = [measure(0, 1), when(gate("x", 1), 1), when(gate("h", 2), 1, 0), reset(0)]
    circuit = build_circuit([*make_noise(), *middle, gate("ry", 0, angle=("w", 1))])
    backend = QiskitBackend(AerSimulator(), shots=4000, seed=1)
    result = backend.expectation(circuit, OBSERVABLES, ANGLES)
    deviations = np.abs(result.values - expected(circuit, ANGLES))
    np.testing.assert_array_less(deviations, 4.5 * result.std)
    assert backend.sample(circuit, ANGLES, shots=5, seed=0).shape == (3, 5, 3)


def make_noise():
    return [
        gate("h", 0),
        depolarizing(0.2, 0),
        amplitude_damping(0.3, 0),
        gate("cx", 0, 1),
        depolarizing(0.1, 1, 0),
        gate("ry", 2, angle=("w", 0)),
        thermal_relaxation(10, 5, 1, 2, 0.2),
    ]


@pytest.mark.parametrize("item", [measure(0, 0), reset(0), when(gate("x", 0), 0)])
def test_what_a_vendor_cannot_run_is_refused_by_name(item):
    circuit = build_circuit([item])
    for backend in (PennyLaneBackend(), QiskitBackend()):
        with pytest.raises(ValueError, match=f"gate {item.name!r}|Gate {item.name!r}"):
            backend.expectation(circuit, z(0), {})
        with pytest.raises(ValueError, match=f"gate {item.name!r}|Gate {item.name!r}"):
            backend.sample(circuit, {}, shots=3, seed=0)


def test_generators_that_do_not_commute_need_a_number_on_qiskit():
    item = generated([[1, 1], [1, -1]], 0, ("w", 0))
    with pytest.raises(ValueError, match=r"'generated' .* needs a number as its angle in Qiskit"):
        to_qiskit(build_circuit([item]))
    built, _ = to_qiskit(build_circuit([item]), {"w": [0.3]})
    np.testing.assert_allclose(
        Operator(built).data, unitary(build_circuit([item]), {"w": [0.3]}), atol=1e-14
    )


def test_constant_states_are_prepared_on_qiskit():
    circuit = build_circuit([amplitudes([1, 2j, 3, 0.5], (2, 0)), gate("x", 1)])
    values = QiskitBackend().expectation(circuit, OBSERVABLES, {}).values
    np.testing.assert_allclose(values, expected(circuit, {}), atol=1e-13)
