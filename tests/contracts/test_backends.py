"""What every backend promises. A new one is tested by a line in `make_backends`."""

import json

import jax
import numpy as np
import pytest

import circuits.backends
from circuits import (
    GATES,
    CliffordDataRegression,
    Density,
    Exact,
    MatrixProduct,
    NoiseModel,
    PauliTwirling,
    PennyLaneBackend,
    ProbabilisticErrorCancellation,
    QiskitBackend,
    ReadoutMitigation,
    Shots,
    Trajectories,
    ZeroNoiseExtrapolation,
    build_circuit,
    gate,
    matrix,
    pauli,
    unitary,
    z,
)
from circuits.backends import Transpiled

SHOTS = 4000
# Terms that commute and terms that do not, strings of all letters, a multiple of the identity.
OBSERVABLES = (
    z(0),
    0.7 * pauli("XY", (0, 2)) + -1.3 * pauli("YZ", (1, 0)) + z(2) + 0.4,
    pauli("ZZZ", (0, 1, 2)),
    pauli("", ()),
)


def make_backends():
    """Exact and sampling objects of every class in `circuits.backends.__all__`."""
    from qiskit_aer import AerSimulator

    return {
        "Exact": [Exact(), Exact(batch_size=2)],
        "Shots": [Shots(SHOTS, seed=1)],
        "QiskitBackend": [QiskitBackend(), QiskitBackend(AerSimulator(), SHOTS, seed=1)],
        "Transpiled": [Transpiled(AerSimulator())],
        "Density": [Density(), Density(shots=SHOTS, seed=1)],
        "Trajectories": [Trajectories(20)],
        "MatrixProduct": [MatrixProduct(), MatrixProduct(bond=2)],
        "PennyLaneBackend": [PennyLaneBackend(), PennyLaneBackend(shots=SHOTS, seed=1)],
        # Around PennyLane's simulator, as nothing has to be compiled for their many circuits.
        "ReadoutMitigation": [
            ReadoutMitigation(PennyLaneBackend()),
            ReadoutMitigation(PennyLaneBackend(), "subspace", SHOTS, seed=1),
        ],
        "ZeroNoiseExtrapolation": [
            ZeroNoiseExtrapolation(PennyLaneBackend(), (1, 3)),
            ZeroNoiseExtrapolation(PennyLaneBackend(shots=SHOTS, seed=1), (1, 3)),
        ],
        "PauliTwirling": [PauliTwirling(PennyLaneBackend(), 4)],
        "ProbabilisticErrorCancellation": [
            ProbabilisticErrorCancellation(PennyLaneBackend(), NoiseModel())
        ],
        "CliffordDataRegression": [
            CliffordDataRegression(PennyLaneBackend(), PennyLaneBackend(), training=5)
        ],
    }


BACKENDS = [
    pytest.param(backend, id=f"{name}-{'shots' if has_shots else 'exact'}-{index}")
    for name, backends in make_backends().items()
    for index, backend in enumerate(backends)
    for has_shots in [getattr(backend, "shots", None) == SHOTS]
]
every_backend = pytest.mark.parametrize("backend", BACKENDS)


def test_every_backend_is_tested():
    # Stabilizer runs Clifford gates only; test_on_stim.py puts the same questions with these.
    assert set(make_backends()) | {"Stabilizer"} == set(circuits.backends.__all__)


@pytest.fixture(scope="module")
def case():
    """Every gate once, in random order, on random wires; 3 inputs, 3 weights, some numbers."""
    rng = np.random.default_rng(0)
    gates = []
    for name in rng.permutation(list(GATES)):
        wires = rng.permutation(3)[: GATES[str(name)].n_wires]
        choices = [("inputs", rng.integers(3)), ("weights", rng.integers(3)), rng.uniform(-4, 4)]
        angle = choices[rng.integers(3)] if GATES[str(name)].generator is not None else None
        gates.append(gate(str(name), *wires, angle=angle))
    circuit = build_circuit(gates, n_qubits=3, segments={"inputs": 3, "weights": 3})
    angles = {"inputs": rng.uniform(-4, 4, (3, 3)), "weights": rng.uniform(-4, 4, 3)}
    return circuit, angles


def dense(circuit, angles):
    """Expectation values (b, k) from dense matrices."""
    columns = [unitary(circuit, angles | {"inputs": row})[:, 0] for row in angles["inputs"]]
    operators = [matrix(item, circuit.n_qubits) for item in OBSERVABLES]
    return np.array([[(psi.conj() @ each @ psi).real for each in operators] for psi in columns])


@every_backend
def test_values_agree_with_dense_matrices_within_the_stated_error(backend, case):
    circuit, angles = case
    result = backend.expectation(circuit, OBSERVABLES, angles)
    assert result.values.shape == result.std.shape == (3, len(OBSERVABLES))
    assert result.values.dtype == result.std.dtype == np.float64
    deviations = np.abs(result.values - dense(circuit, angles))
    if result.info["shots"] is None:
        assert not result.std.any()
        np.testing.assert_array_less(deviations, 1e-10)
    else:
        assert np.all(result.std[:, :3] > 0)
        np.testing.assert_array_less(deviations, 5 * result.std + 1e-12)


@every_backend
def test_equal_circuits_may_list_their_segments_in_another_order(backend):
    gates = [gate("rx", 0, angle=("w", 0)), gate("rx", 1, angle=("x", 0))]
    first, angles = build_circuit(gates), {"w": np.zeros(1), "x": np.array([np.pi])}
    second = build_circuit([], 2, {"x": 1, "w": 1}) + first
    assert first == second
    for circuit in (first, second):
        values = backend.expectation(circuit, (z(0), z(1)), angles).values
        np.testing.assert_allclose(values, [[1, -1]], atol=1e-9)


@pytest.mark.parametrize("backend", [Exact(), QiskitBackend(), PennyLaneBackend()])
def test_exact_values_hold_to_single_precision_without_x64(backend, case):
    circuit, angles = case
    with jax.enable_x64(False):
        values = backend.expectation(circuit, OBSERVABLES, angles).values
    np.testing.assert_allclose(values, dense(circuit, angles), atol=5e-6)


@pytest.fixture(scope="module")
def bell():
    """A Bell pair on qubits 1 and 2 after a rotation of qubit 0."""
    return build_circuit(
        [gate("rx", 0, angle=("inputs", 0)), gate("h", 1), gate("cx", 1, 2)],
        segments={"inputs": 1, "unused": 1},
    )


@every_backend
def test_unbatched_angles_are_a_batch_of_one(backend, bell):
    angles = {"inputs": [np.pi], "unused": [0.0]}
    result = backend.expectation(bell, [z(0), pauli("XX", (1, 2))], angles)
    np.testing.assert_allclose(result.values, [[-1, 1]], atol=1e-12)
    assert backend.sample(bell, angles, shots=2, seed=0).shape == (1, 2, 3)


@every_backend
def test_a_single_observable_is_a_list_of_one(backend, bell):
    angles = {"inputs": [[0.0], [np.pi]], "unused": [0.0]}
    values = backend.expectation(bell, z(0), angles).values
    np.testing.assert_allclose(values, [[1], [-1]], atol=1e-12)


@every_backend
def test_a_batch_that_the_gates_do_not_read_still_is_a_batch(backend, bell):
    angles = {"inputs": [np.pi], "unused": [[0.0], [1.0], [2.0]]}
    values = backend.expectation(bell, z(0), angles).values
    np.testing.assert_allclose(values, -np.ones((3, 1)), atol=1e-12)
    bits = backend.sample(bell, angles, shots=60, seed=0)
    assert bits.shape == (3, 60, 3)
    assert not np.array_equal(bits[0], bits[1])


@every_backend
def test_samples_are_bits_with_qubit_0_leftmost(backend, bell):
    angles = {"inputs": [[np.pi], [0.0]], "unused": [0.0]}
    bits = backend.sample(bell, angles, shots=100, seed=3)
    assert (bits.shape, bits.dtype) == ((2, 100, 3), np.uint8)
    assert np.all(bits[0, :, 0] == 1)
    assert np.all(bits[1, :, 0] == 0)
    assert np.array_equal(bits[..., 1], bits[..., 2])
    assert 0.25 < bits[..., 1].mean() < 0.75


@every_backend
def test_samples_follow_the_seed_and_are_independent_of_each_other(backend, bell):
    angles = {"inputs": np.full((2, 1), np.pi / 2), "unused": [0.0]}
    first, again, other = (backend.sample(bell, angles, shots=100, seed=s) for s in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0, :50], first[0, 50:])


@every_backend
def test_the_same_call_gives_the_same_values(backend, bell):
    angles = {"inputs": [[0.4], [0.4]], "unused": [0.0]}
    observables = [z(0), z(1), pauli("X", 0)]
    first, again = (backend.expectation(bell, observables, angles) for _ in range(2))
    assert np.array_equal(first.values, again.values)
    if first.info["shots"] is not None:
        assert not np.array_equal(first.values[0], first.values[1])


@every_backend
def test_the_record_is_json_and_says_what_was_run(backend, bell):
    result = backend.expectation(bell, z(0), {"inputs": [0.4], "unused": [0.0]})
    info = json.loads(json.dumps(result.info))
    assert info["backend"] == type(backend).__name__
    assert info["simulated"] is True
    assert {"execute"} < set(info["seconds"]) <= {"compile", "transpile", "execute", "post-process"}
    assert info["circuit"] == {"n_qubits": 3, "gates": 3, "two_qubit_gates": 1, "depth": 2}
    assert {"requested", "effective", "shots"} < set(info)


@every_backend
@pytest.mark.parametrize(
    ("angles", "message"),
    [
        ({"inputs": [np.nan], "unused": [0.0]}, "'inputs' must be finite"),
        ({"inputs": [0.0]}, "must have the segments"),
        ({"inputs": [0.0, 1.0], "unused": [0.0]}, "'inputs' must have shape"),
    ],
)
def test_wrong_angles_are_refused(backend, bell, angles, message):
    with pytest.raises(ValueError, match=message):
        backend.expectation(bell, z(0), angles)
    with pytest.raises(ValueError, match=message):
        backend.sample(bell, angles, shots=1, seed=0)


@every_backend
def test_wrong_observables_shots_and_seeds_are_refused(backend, bell):
    angles = {"inputs": [0.0], "unused": [0.0]}
    with pytest.raises(ValueError, match="acts on wire 3"):
        backend.expectation(bell, z(3), angles)
    with pytest.raises(ValueError, match="`shots` must be a positive int, but is shots=0"):
        backend.sample(bell, angles, shots=0, seed=0)
    with pytest.raises(ValueError, match="`seed` must be an int from 0"):
        backend.sample(bell, angles, shots=1, seed=-1)
