"""Stabiliser circuits against dense matrices, closed forms, and the laws of every backend."""

import json
from itertools import product

import numpy as np
import pytest

from circuits import GATES, build_circuit, gate, matrix, pauli, unitary, z
from circuits.gates.table import I2, X, Y, Z
from circuits.on_stim import Stabilizer, to_stim

SHOTS = 4000
EXACT, SAMPLED = Stabilizer(), Stabilizer(SHOTS, seed=1)
QUARTERS = ("rx", "ry", "rz", "p", "rxx", "ryy", "rzz", "rzx", "gphase")
HALVES = ("crx", "cry", "crz", "cp", "xx_plus_yy", "givens")
FIXED = (
    "id",
    "h",
    "x",
    "y",
    "z",
    "s",
    "sdg",
    "sx",
    "sxdg",
    "cx",
    "cy",
    "cz",
    "swap",
    "iswap",
    "ecr",
)
OBSERVABLES = (
    z(0),
    0.7 * pauli("XY", (0, 2)) + -1.3 * pauli("YZ", (1, 0)) + z(2) + 0.4,
    pauli("ZZZ", (0, 1, 2)),
    pauli("", ()),
)


def dense_values(circuit, angles):
    psi = unitary(circuit, angles)[:, 0]
    operators = [matrix(item, circuit.n_qubits) for item in OBSERVABLES]
    return np.array([(psi.conj() @ each @ psi).real for each in operators])


def random_clifford(seed):
    """40 Clifford gates on random wires of 3 qubits; some angles from a segment."""
    rng = np.random.default_rng(seed)
    gates, angles = [], []
    for name in rng.choice([*QUARTERS, *HALVES, *FIXED], 40).tolist():
        wires = rng.permutation(3)[: GATES[name].n_wires]
        angle = None
        if name not in FIXED:
            step = np.pi / 2 if name in QUARTERS else 2 * np.pi if name in HALVES[:3] else np.pi
            angles.append(step * rng.integers(-4, 5))
            angle = ("w", len(angles) - 1)
        gates.append(gate(name, *wires, angle=angle))
    return build_circuit(gates, 3), {"w": np.array(angles)}


@pytest.mark.parametrize("seed", range(5))
def test_values_of_clifford_circuits_equal_dense_matrices(seed):
    circuit, angles = random_clifford(seed)
    wanted = dense_values(circuit, angles)
    exact = EXACT.expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_allclose(exact.values[0], wanted, atol=1e-12)
    assert not exact.std.any()
    drawn = SAMPLED.expectation(circuit, OBSERVABLES, angles)
    np.testing.assert_array_less(np.abs(drawn.values[0] - wanted), 5 * drawn.std[0] + 1e-12)


def test_gates_with_data_are_judged_by_their_matrix():
    quarter = np.kron(X, Z)
    circuit = build_circuit(
        [
            *(gate("h", 0), gate("evolution", 2, 0, angle=np.pi / 4, data="XY")),
            *(gate("unitary", 1, 0, data=quarter), gate("permutation", 0, 2, data=[0, 1, 3, 2])),
            gate("diagonal", 1, angle=np.pi / 2, data=[0, 1]),
        ]
    )
    values = EXACT.expectation(circuit, OBSERVABLES, {}).values[0]
    np.testing.assert_allclose(values, dense_values(circuit, {}), atol=1e-12)


def test_ghz_states_of_2000_qubits_are_exact():
    n_qubits = 2000
    flips = [gate("cx", wire, wire + 1) for wire in range(n_qubits - 1)]
    circuit = build_circuit([gate("h", 0), *flips])
    observables = [pauli("ZZ", (0, n_qubits - 1)), z(7), pauli("X" * n_qubits, range(n_qubits))]
    assert EXACT.expectation(circuit, observables, {}).values.tolist() == [[1.0, 0.0, 1.0]]
    bits = EXACT.sample(circuit, {}, shots=50, seed=0)
    assert bits.shape == (1, 50, n_qubits)
    assert np.all(bits == bits[..., :1])


def depolarizing(probability, strings):
    """Kraus operators: identity, else one of the strings with equal chance."""
    others = [np.sqrt(probability / len(strings)) * each for each in strings]
    return np.stack([np.sqrt(1 - probability) * np.eye(len(strings[0])), *others])


def test_pauli_noise_shrinks_values_as_it_must():
    one = depolarizing(0.3, [X, Y, Z])
    two = depolarizing(0.4, [np.kron(a, b) for a, b in product((I2, X, Y, Z), repeat=2)][1:])
    circuit = build_circuit(
        [gate("x", 0), gate("kraus", 0, data=one), gate("kraus", 2, 1, data=two)], n_qubits=3
    )
    result = SAMPLED.expectation(circuit, [z(0), z(1), pauli("ZZ", (1, 2))], {})
    wanted = [-(1 - 4 / 3 * 0.3), 1 - 16 / 15 * 0.4, 1 - 16 / 15 * 0.4]
    np.testing.assert_array_less(np.abs(result.values[0] - wanted), 4 * result.std[0])


def test_channels_keep_the_order_of_their_wires_whatever_their_operators():
    """Flips of the second wire only, written in a rotated basis of the Kraus operators."""
    flip = np.kron(I2, X)
    mixed = [0.5 * (np.eye(4) + flip), 0.5 * (np.eye(4) - flip)]
    circuit = build_circuit([gate("kraus", 2, 0, data=np.stack(mixed))], n_qubits=3)
    values = SAMPLED.expectation(circuit, [z(0), z(1), z(2)], {}).values[0]
    assert abs(values[0]) < 5 / np.sqrt(SHOTS)
    assert values[1:].tolist() == [1, 1]


def test_measured_bits_steer_later_gates_and_resets_forget():
    circuit = build_circuit(
        [
            *(gate("h", 0), gate("measure", 0, data=4), gate("x", 1, condition=(4, 1))),
            *(gate("x", 2, condition=(4, 0)), gate("x", 3, condition=(0, 0))),
            *(gate("x", 4, condition=(0, 1)), gate("x", 5), gate("reset", 5)),
        ]
    )
    bits = EXACT.sample(circuit, {}, shots=200, seed=0)[0]
    assert 60 < bits[:, 0].sum() < 140
    assert np.array_equal(bits[:, 1], bits[:, 0])
    assert np.array_equal(bits[:, 2], 1 - bits[:, 0])
    assert np.all(bits[:, 3:] == [1, 0, 0])


@pytest.fixture(scope="module")
def bell():
    return build_circuit(
        [gate("rx", 0, angle=("inputs", 0)), gate("h", 1), gate("cx", 1, 2)],
        segments={"inputs": 1, "unused": 1},
    )


@pytest.mark.parametrize("backend", [EXACT, SAMPLED], ids=["exact", "shots"])
def test_batches_seeds_and_records_are_those_of_every_backend(backend, bell):
    angles = {"inputs": [np.pi], "unused": [[0.0], [1.0], [2.0]]}
    result = backend.expectation(bell, [z(0), pauli("XX", (1, 2))], angles)
    np.testing.assert_allclose(result.values, [[-1, 1]] * 3, atol=1e-12)
    first, again, other = (backend.sample(bell, angles, shots=60, seed=seed) for seed in (7, 7, 8))
    assert (first.shape, first.dtype) == ((3, 60, 3), np.uint8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])
    assert np.all(first[..., 0] == 1)
    assert np.array_equal(first[..., 1], first[..., 2])
    info = json.loads(json.dumps(result.info))
    assert info["shots"] == backend.shots
    assert info["circuit"]["depth"] == 2


def test_the_same_seed_gives_the_same_estimates(bell):
    angles = {"inputs": [[np.pi / 2], [np.pi / 2]], "unused": [0.0]}
    first, again = (SAMPLED.expectation(bell, [z(0), z(1)], angles).values for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (gate("t", 0), "'t' is not a Clifford gate; use `Exact`"),
        (gate("rx", 0, angle=0.3), "'rx' at angle 0.3 is not a Clifford gate"),
        (gate("rz", 0, angle=np.pi / 2 + 1e-4), "not a Clifford gate"),
        (gate("ccx", 0, 1, 2), "'ccx' is not a Clifford gate"),
        (gate("amplitudes", 0, data=[1.0, 0.0]), "'amplitudes' on 1 wires has no form"),
        (gate("h", 0, condition=(0, 1)), "under a condition, but got 'h'"),
        (gate("kraus", 0, data=[[[1, 0], [0, 0.6]], [[0, 0.8], [0, 0]]]), "not a mixture of Pauli"),
        (gate("kraus", 0, 1, 2, data=np.eye(8)[None]), "'kraus' acts on 3"),
    ],
)
def test_what_is_not_clifford_is_refused(item, message):
    with pytest.raises(ValueError, match=message):
        to_stim(build_circuit([item]), {})


def test_exact_values_refuse_what_is_random():
    circuit = build_circuit([gate("h", 0), gate("measure", 0, data=0)])
    with pytest.raises(ValueError, match="has the gate 'measure'; give `shots`"):
        EXACT.expectation(circuit, z(0), {})


def test_a_missing_stim_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "stim", None)
    with pytest.raises(ImportError, match=r"qml-offload\[stabilizer\]"):
        to_stim(build_circuit([gate("h", 0)]), {})


def test_wrong_shots_and_seeds_are_refused(bell):
    with pytest.raises(ValueError, match="`shots` must be a positive int"):
        Stabilizer(shots=0)
    with pytest.raises(ValueError, match="`seed` must be an int from 0"):
        EXACT.sample(bell, {"inputs": [0.0], "unused": [0.0]}, shots=1, seed=-1)
