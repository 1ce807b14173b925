import numpy as np
import pytest
from qiskit.quantum_info import Kraus, SuperOp
from qiskit_aer.noise import thermal_relaxation_error

from circuits import build_circuit, gate
from circuits.dense import density
from circuits.noise import (
    amplitude_damping,
    bit_flip,
    channel,
    depolarizing,
    over_rotated,
    pauli_channel,
    phase_damping,
    phase_flip,
    readout_confusion,
    superoperator,
    thermal_relaxation,
)

A, B = 0.3, 0.4 + 0.2j
RHO = np.array([[1 - A, B], [B.conjugate(), A]])


def act(item, rho=RHO):
    """What a channel makes of a state, by its superoperator."""
    return (superoperator(item.data.array) @ rho.ravel()).reshape(rho.shape)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (depolarizing(0.2, 0), 0.8 * RHO + 0.1 * np.eye(2)),
        (depolarizing(1, 0), np.eye(2) / 2),
        (bit_flip(0.2, 0), 0.8 * RHO + 0.2 * RHO[::-1, ::-1]),
        (phase_flip(0.5, 0), np.diag([1 - A, A])),
        (pauli_channel({"Y": 1.0}, 0), [[A, -B.conjugate()], [-B, 1 - A]]),
        (amplitude_damping(0.36, 0), [[1 - 0.64 * A, 0.8 * B], [0.8 * B.conjugate(), 0.64 * A]]),
        (amplitude_damping(1, 0, excited=0.25), np.diag([0.75, 0.25])),
        (phase_damping(0.36, 0), [[1 - A, 0.8 * B], [0.8 * B.conjugate(), A]]),
        (thermal_relaxation(5, 4, 0, 0), RHO),
    ],
)
def test_channels_have_their_closed_forms(item, expected):
    np.testing.assert_allclose(act(item), expected, atol=1e-15)


def test_two_qubits_are_depolarised_jointly():
    psi = np.zeros(4)
    psi[[0, 3]] = np.sqrt(0.5)
    bell = np.outer(psi, psi)
    expected = 0.9 * bell + 0.1 * np.eye(4) / 4
    np.testing.assert_allclose(act(depolarizing(0.1, 0, 1), bell), expected, atol=1e-15)
    circuit = build_circuit([gate("h", 0), gate("cx", 0, 1), depolarizing(0.1, 1, 0)])
    np.testing.assert_allclose(density(circuit, {}), expected, atol=1e-15)


@pytest.mark.parametrize("t2", [30.0, 50.0, 100.0])
@pytest.mark.parametrize("excited", [0.0, 0.2])
def test_relaxation_follows_t1_and_t2(t2, excited):
    rho = act(thermal_relaxation(50.0, t2, 20.0, 0, excited))
    decay = np.exp(-20 / 50)
    assert abs(rho[1, 1] - (excited + (A - excited) * decay)) < 1e-15
    assert abs(rho[0, 1] - B * np.exp(-20 / t2)) < 1e-15


def test_superoperators_and_relaxation_are_those_of_qiskit():
    item = thermal_relaxation(50.0, 70.0, 20.0, 0, excited=0.1)
    theirs = SuperOp(thermal_relaxation_error(50.0, 70.0, 20.0, excited_state_population=0.1))
    # Qiskit stacks columns, so that its factors are the other way round.
    swap = np.eye(4)[[0, 2, 1, 3]]
    np.testing.assert_allclose(
        superoperator(item.data.array), swap @ theirs.data @ swap, atol=1e-12
    )
    assert Kraus(list(item.data.array)).is_cptp()


def test_operators_that_are_zero_are_left_out():
    assert len(amplitude_damping(0.0, 0).data.array) == 1
    assert len(depolarizing(0.0, 0, 1).data.array) == 1


def test_coherent_errors_turn_too_far():
    assert over_rotated(gate("rx", 0, angle=0.5), 0.1).angle == pytest.approx(0.55)
    assert over_rotated(gate("cz", 0, 1), -0.25).angle == pytest.approx(0.75 * np.pi)


def test_readout_confusion_turns_true_into_read_probabilities():
    read = readout_confusion(0.02, 0.1) @ [0.25, 0.75]
    np.testing.assert_allclose(read, [0.25 * 0.98 + 0.75 * 0.1, 0.25 * 0.02 + 0.75 * 0.9])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: depolarizing(1.1, 0), "`probability` must be from 0 to 1, but is 1.1"),
        (lambda: bit_flip(-0.1, 0), "`probability` must be from 0 to 1, but is -0.1"),
        (lambda: phase_flip(np.nan, 0), "`probability` must be from 0 to 1, but is nan"),
        (lambda: amplitude_damping(2, 0), "`gamma` must be from 0 to 1"),
        (lambda: amplitude_damping(0.1, 0, 2), "`excited` must be from 0 to 1"),
        (lambda: phase_damping(-1, 0), "`lam` must be from 0 to 1"),
        (lambda: pauli_channel({"X": 0.6, "Z": 0.6}, 0), "must sum to at most 1, but to 1.2"),
        (lambda: pauli_channel({"XX": 0.6}, 0), "strings of 1 letters I, X, Y or Z"),
        (lambda: thermal_relaxation(1, 3, 1, 0), r"0 < t2 <= 2 \* t1 .* t1=1, t2=3"),
        (lambda: thermal_relaxation(1, 1, -1, 0), "time >= 0, but .* time=-1"),
        (lambda: readout_confusion(0, 2), "`one_read_as_zero` must be from 0 to 1"),
        (lambda: channel([np.eye(2), np.eye(2)], 0), "do not preserve the trace"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
