"""What cannot be right is refused at the edge, in one sentence that says what is wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import (
    Density,
    Exact,
    bit_flip,
    build_circuit,
    channel,
    controlled,
    density_matrix,
    expectation,
    gate,
    generated,
    pauli,
    samples,
    state,
    u,
    unitary_gate,
    z,
)
from circuits.observables import PauliSum
from circuits.simulation import batching, statevector
from circuits.simulation.open_systems import density

CIRCUIT = build_circuit([gate("rx", 0, angle=("w", 0)), gate("cx", 0, 1)])
WIDE = build_circuit([gate("h", 0)], n_qubits=24)


def by_hand(*term):
    return PauliSum((term,))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        # wires
        (lambda: build_circuit([gate("h", 3)], 2), "`n_qubits` must be at least 4 .* n_qubits=2"),
        (lambda: gate("cx", 1, 1), r"'cx' acts on 2 distinct wires, but got \(1, 1\)"),
        (lambda: gate("h", -1), r"must be non-negative ints, but are \(-1,\)"),
        (lambda: gate("h", 0.5), r"must be non-negative ints, but are \(0.5,\)"),
        (
            lambda: controlled(gate("x", 0), [1, 2]),
            r"distinct qubits other than .* is \(\[1, 2\],\)",
        ),
        # segments
        (lambda: state(CIRCUIT)({"w": jax.random.key(0)}), "'w' must be an array of real numbers"),
        (lambda: state(CIRCUIT)({"w": [1], 0: [1]}), r"has \['0', 'w'\]"),
        (lambda: state(CIRCUIT)({}), r"must have the segments \['w'\], but has \[\]"),
        (lambda: state(CIRCUIT)({"w": np.ones(2)}), r"shape \(1,\), but have shape \(2,\)\."),
        (lambda: state(CIRCUIT)({"w": np.ones((3, 1))}), "map over a batch with `jax.vmap`"),
        (lambda: state(CIRCUIT)({"w": ["a"]}), "'w' must be an array of real numbers"),
        (lambda: state(CIRCUIT)({"w": [1j]}), "'w' must be an array of real numbers"),
        (lambda: Exact().expectation(CIRCUIT, z(0), {"w": [[1], [1, 2]]}), "rows of different"),
        (lambda: state(CIRCUIT)({"w": np.array([np.nan])}), "'w' must be finite"),
        (lambda: state(CIRCUIT)({"w": jnp.array([jnp.inf])}), "'w' must be finite"),
        # matrices and channels
        (lambda: generated([[0, 1e-6], [0, 0]], 0, 1.0), "is not Hermitian: .* by 1.0e-06"),
        (lambda: unitary_gate([[1, 0], [0, 2]], 0), "not unitary: .* 3.0e.00 off identity"),
        (lambda: unitary_gate(np.eye(3), 0), r"must have shape \(2, 2\) .* has shape \(3, 3\)"),
        (lambda: channel([[[1, 0], [0, 0.5]]], 0), "do not preserve the trace: .* 7.5e-01 off"),
        (lambda: bit_flip(1.5, 0), "`probability` must be from 0 to 1, but is 1.5"),
        # observables
        (lambda: expectation(CIRCUIT, z(2)), "the 2 qubits of the circuit, but acts on wire 2"),
        (lambda: expectation(CIRCUIT, by_hand(1.0, ((-1, "Z"),))), "one is .*-1.*; `pauli` makes"),
        (lambda: expectation(CIRCUIT, by_hand(1.0, ((0, "Q"),))), "one is .*'Q'"),
        (lambda: expectation(CIRCUIT, by_hand(1.0, ((0, "Z"), (0, "X")))), "different non-negat"),
        (lambda: expectation(CIRCUIT, z(0) * float("nan")), "a finite coefficient .* one is .nan"),
        (lambda: pauli("Z", 0.5), r"must be 1 distinct non-negative ints .* is \(0.5,\)"),
        (lambda: pauli("Z", 0, 1j), "`coefficient` must be a finite real number, but is 1j"),
        (lambda: samples(CIRCUIT, 0), "`shots` must be a positive int, but is shots=0"),
        # states that no memory holds
        (lambda: state(build_circuit([gate("h", 40)])), "41, whose state takes 17592186044416 byt"),
    ],
)
def test_wrong_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: state(CIRCUIT)(np.zeros(1)), "segments to arrays, but is a ndarray"),
        (lambda: expectation(CIRCUIT, 3), "must hold PauliSums, but holds 3"),
        (lambda: build_circuit([u(0.1, 0.2, 0.3, 0)]), "must hold gates, but holds a list: put"),
    ],
)
def test_wrong_types_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_what_does_not_fit_is_refused_with_its_bytes_and_a_way_out(monkeypatch):
    for module in (statevector, density):
        monkeypatch.setattr(module, "device_memory", lambda: 10**8)
    monkeypatch.setattr(batching, "_device_limit", lambda: 10**8)
    with pytest.raises(ValueError, match=r"24 qubits needs 0.6 GB .* would fit: .*MatrixProduct"):
        state(WIDE)
    noisy = build_circuit([bit_flip(0.1, 0)], n_qubits=20)
    with pytest.raises(ValueError, match=r"8796093022208 of them for one .* 'trajectories'"):
        Density().expectation(noisy, z(0), {})
    with pytest.raises(ValueError, match=r"takes 1.76e\+04 GB of memory.*`Trajectories`"):
        density_matrix(noisy)
