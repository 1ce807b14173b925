import copy
import pickle

import numpy as np
import pytest
import qiskit_ibm_runtime
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from circuits import (
    GATES,
    Exact,
    QiskitBackend,
    build_circuit,
    gate,
    pauli,
    reuploading,
    to_qiskit,
    unitary,
    z,
)
from circuits.noise import bit_flip

# Gates that Qiskit has under another name.
OTHER_NAMES = {"gphase": "global_phase", "siswap": "xx_plus_yy", "givens": "xx_plus_yy"}


@pytest.fixture(scope="module")
def manila():
    """A fake backend of 5 qubits in a line, with the noise of its device."""
    return FakeManilaV2()


@pytest.fixture(scope="module")
def circuit():
    return reuploading(n_qubits=4, n_layers=1, n_inputs=4)


@pytest.fixture(scope="module")
def angles(circuit):
    rng = np.random.default_rng(2)
    return {
        "inputs": rng.normal(size=(6, circuit.segments["inputs"])),
        "weights": rng.normal(size=circuit.segments["weights"]),
    }


@pytest.mark.parametrize("name", GATES)
def test_every_gate_is_qiskits_gate_of_the_same_name(name):
    definition = GATES[name]
    angle = None if definition.generator is None else 0.7
    circuit = build_circuit([gate(name, *range(definition.n_wires), angle=angle)])
    built, vectors = to_qiskit(circuit)
    theirs = OTHER_NAMES.get(name, name)
    assert ([item.operation.name for item in built.data], vectors) == ([theirs], {})
    # Qiskit writes qubit 0 last: turn its qubits round to compare.
    operator = Operator(built.reverse_bits())
    np.testing.assert_allclose(operator.data, unitary(circuit, {}), atol=1e-15)


def test_segments_become_vectors_or_numbers(circuit, angles):
    built, vectors = to_qiskit(circuit, {"weights": angles["weights"]})
    assert list(vectors) == ["inputs"]
    assert set(built.parameters) == set(vectors["inputs"])
    with pytest.raises(
        ValueError, match=r"'weights' must have shape \(8,\), but have shape \(7,\)"
    ):
        to_qiskit(circuit, {"weights": angles["weights"][1:]})


def test_parameters_are_bound_by_name_also_past_nine():
    """Qiskit sorts parameters by name; a segment that sorts last must not change places."""
    gates = [gate("rx", 0, angle=("z", slot)) for slot in range(12)]
    gates += [gate("ry", 0, angle=("a", 0))]
    circuit = build_circuit(gates)
    rng = np.random.default_rng(0)
    angles = {"z": rng.normal(size=(5, 12)), "a": rng.normal(size=(5, 1))}
    observables = [z(0), pauli("X", 0)]
    exact = Exact().expectation(circuit, observables, angles).values
    values = QiskitBackend().expectation(circuit, observables, angles).values
    np.testing.assert_allclose(values, exact, atol=1e-12)


def test_a_noisy_device_is_near_the_exact_values_and_repeats_by_seed(manila, circuit, angles):
    observables = [z(0), z(3), pauli("XX", (1, 2))]
    backend = QiskitBackend(manila, shots=1024, seed=3)
    result = backend.expectation(circuit, observables, angles)
    again = backend.expectation(circuit, observables, angles)
    exact = Exact().expectation(circuit, observables, angles).values
    assert np.array_equal(result.values, again.values)
    assert np.all(result.std > 0.01)
    deviations = np.abs(result.values - exact)
    assert deviations.max() < 0.35
    assert (deviations / result.std).max() > 3, "noise of the device must show above shot noise"
    slope = np.vdot(exact, result.values) / np.vdot(exact, exact)
    assert 0.6 < slope < 1


def test_the_record_tells_what_the_transpiler_and_the_device_made_of_it(manila, circuit, angles):
    options = {"twirling": {"enable_gates": True}}
    backend = QiskitBackend(manila, 64, 3, optimization_level=2, mode="batch", options=options)
    info = backend.expectation(circuit, [z(0), pauli("X", 0)], angles).info
    assert info["simulated"] is True
    assert info["requested"] == {
        "target": "fake_manila",
        "shots": 64,
        "seed": 3,
        "optimization_level": 2,
        "mode": "batch",
        "options": {"twirling": {"enable_gates": True}},
        "max_sets": None,
        "max_shots": None,
        "initial_layout": None,
    }
    assert info["effective"] == {
        "primitive": "qiskit_aer.AerSimulator",
        "shots": 64,
        "seed_simulator": 3,
        "optimization_level": 2,
        "mode": "job",
        "options": {},
        "ignored": ["twirling"],
        "jobs": 1,
    }
    assert info["circuit"]["two_qubit_gates"] == 4
    assert len(info["transpiled"]) == 2
    for size in info["transpiled"]:
        # A ring of 4 on a line of 5 needs swaps, and cx in place of cz.
        assert size["two_qubit_gates"] > 4
        assert size["depth"] > info["circuit"]["depth"]
        assert len(set(size["layout"])) == 4
        assert set(size["layout"]) <= set(range(5))
        assert set(size["final_layout"]) <= set(range(5))
    used = {item["qubit"] for item in info["calibration"]["qubits"]}
    assert used >= {qubit for size in info["transpiled"] for qubit in size["layout"]}
    assert info["calibration"]["time"].startswith("2024-05-27")


def test_bits_follow_the_wires_through_layout_and_swaps(manila):
    gates = [gate("x", 0), gate("cx", 0, 3), gate("cz", 1, 2), gate("cz", 0, 2), gate("cz", 1, 3)]
    bits = QiskitBackend(manila).sample(build_circuit(gates), {}, shots=200, seed=1)
    np.testing.assert_array_equal(bits.mean(axis=(0, 1)).round(), [1, 0, 0, 1])


def test_other_simulators_of_qiskit_are_backends_too(circuit, angles):
    few = angles | {"inputs": angles["inputs"][:2]}
    exact = Exact().expectation(circuit, z(0), few).values
    for target in (BasicSimulator(), GenericBackendV2(4, seed=1)):
        result = QiskitBackend(target, shots=300).expectation(circuit, z(0), few)
        assert result.info["simulated"] is True
        assert np.abs(result.values - exact).max() < 0.35


def test_devices_of_ibm_go_through_the_runtime(manila, circuit, angles, monkeypatch):
    """The runtime's local mode stands for the service; it takes no seed, and neither does it."""
    monkeypatch.setattr(qiskit_ibm_runtime, "IBMBackend", FakeManilaV2)
    few = angles | {"inputs": angles["inputs"][:2]}
    backend = QiskitBackend(manila, shots=1024, mode="batch")
    result = backend.expectation(circuit, [z(0), pauli("X", 1)], few)
    exact = Exact().expectation(circuit, [z(0), pauli("X", 1)], few).values
    assert np.abs(result.values - exact).max() < 0.35
    assert result.info["simulated"] is False
    effective = result.info["effective"]
    assert effective["primitive"] == "qiskit_ibm_runtime.Sampler"
    assert effective["seed_simulator"] is None
    assert effective["mode"] == "batch"
    same = build_circuit([gate("x", 0)], segments={"unused": 1})
    bits = backend.sample(same, {"unused": np.zeros((3, 1))}, shots=50, seed=0)
    assert bits.shape == (3, 50, 1)
    assert bits.mean() > 0.8


def test_gates_that_a_device_cannot_be_given_are_refused(manila):
    circuit = build_circuit([bit_flip(0.1, 0)])
    with pytest.raises(ValueError, match="'fake_manila' has no gates to make this circuit of: "):
        QiskitBackend(manila).expectation(circuit, z(0), {})


def test_observables_over_missing_qubits_and_shots_are_refused(manila):
    circuit = build_circuit([gate("h", 0)])
    with pytest.raises(ValueError, match=r"must act on the 1 qubits of the circuit, .* wire 3"):
        QiskitBackend(manila).expectation(circuit, z(3), {})
    with pytest.raises(ValueError, match="`shots` must be a positive int, but is shots=-1"):
        QiskitBackend(manila).sample(circuit, {}, shots=-1, seed=0)


def test_circuits_larger_than_the_device_are_refused(manila):
    wide = build_circuit([gate("h", 5)])
    with pytest.raises(ValueError, match="has 6 qubits, but the backend 'fake_manila' has 5"):
        QiskitBackend(manila).expectation(wide, z(0), {})
    with pytest.raises(ValueError, match="has 6 qubits"):
        QiskitBackend(manila).sample(wide, {}, shots=1, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shots": 0}, "`shots` must be a positive int, but is shots=0"),
        ({"target": object(), "shots": None}, "`shots` must be a positive int, but is shots=None"),
        ({"optimization_level": 4}, "`optimization_level` must be 0, 1, 2 or 3, but is 4"),
        ({"seed": 2**31}, "`seed` must be an int"),
        ({"max_sets": 0}, "`max_sets` must be a positive int"),
        ({"max_shots": -1}, "`max_shots` must be a positive int"),
        ({"mode": "sesion"}, "`mode` must be one of .*, but is 'sesion'"),
        (
            {"options": {"twirl": {}}},
            "`options` must be those of IBM's sampler, but `twirl`: Extra",
        ),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        QiskitBackend(**options)


def test_the_layout_that_is_asked_for_is_used(manila):
    circuit = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    backend = QiskitBackend(manila, 100, initial_layout=[3, 2])
    info = backend.expectation(circuit, z(0), {}).info
    assert info["transpiled"][0]["layout"] == info["requested"]["initial_layout"] == [3, 2]
    with pytest.raises(ValueError, match="a different qubit for each of the circuit's 1 wires"):
        backend.expectation(build_circuit([gate("h", 0)]), z(0), {})
    with pytest.raises(ValueError, match="'fake_manila', which has 5, but is"):
        QiskitBackend(manila, initial_layout=(0, 5)).sample(circuit, {}, shots=1, seed=0)
    with pytest.raises(ValueError, match="different physical qubits from 0"):
        QiskitBackend(manila, initial_layout=(1, 1))


def test_a_device_of_ibm_is_not_pickled_and_others_are(manila, monkeypatch):
    backend = QiskitBackend(manila, 7)
    assert pickle.loads(pickle.dumps(backend)).shots == 7
    assert pickle.loads(pickle.dumps(QiskitBackend())) == QiskitBackend()
    monkeypatch.setattr(qiskit_ibm_runtime, "IBMBackend", FakeManilaV2)
    with pytest.raises(TypeError, match="cannot be pickled, as it holds your account"):
        pickle.dumps(backend)
    assert copy.deepcopy(backend) is backend
