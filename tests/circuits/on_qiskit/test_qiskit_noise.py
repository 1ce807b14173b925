"""The noise that devices state, as plain data, against Aer's own reading of it."""

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import DensityMatrix, average_gate_fidelity
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from circuits import QiskitBackend, build_circuit, gate, reuploading, to_qiskit, z
from circuits.on_qiskit import target_noise
from circuits.on_qiskit.noise import (
    DeviceNoise,
    GateNoise,
    QubitNoise,
    aer_noise,
    depolarizing_rest,
)
from circuits.on_qiskit.programs import compacted, used_qubits
from circuits.on_qiskit.targets import reduced_simulator

DEVICES = [FakeManilaV2(), GenericBackendV2(5, seed=1)]


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_the_reduced_noise_is_aers_on_the_qubits_in_use(device):
    """Exact density matrices of a transpiled circuit: all qubits and Aer's noise, or ours."""
    circuit = reuploading(n_qubits=3, n_layers=1, n_inputs=3)
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal(size=size) for name, size in circuit.segments.items()}
    built, _ = to_qiskit(circuit, numbers)
    built = generate_preset_pass_manager(
        1, device, initial_layout=[3, 1, 2], seed_transpiler=0
    ).run(built)
    qubits = used_qubits(built)
    assert len(qubits) < 5
    small = compacted(built, qubits)
    for each in (small, built):
        each.save_density_matrix(qubits=[*range(3)] if each is small else [*qubits])
    ours = reduced_simulator(device, qubits).run(small).result().data(0)["density_matrix"]
    full = AerSimulator(noise_model=NoiseModel.from_backend(device), method="density_matrix")
    theirs = full.run(built).result().data(0)["density_matrix"]
    assert DensityMatrix(theirs).purity().real < 0.99
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=1e-12)


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_the_mean_readout_error_is_aers(device):
    """Aer reads both errors of a qubit as their mean; ours are told apart where IBM does."""
    noise = target_noise(device)
    theirs = NoiseModel.from_backend(device).to_dict()["errors"]
    found = {e["gate_qubits"][0][0]: e["probabilities"] for e in theirs if e["type"] == "roerror"}
    for item in noise.qubits:
        (_, one_as_zero), (zero_as_one, _) = item.confusion
        mean = (one_as_zero + zero_as_one) / 2
        assert mean == pytest.approx(found[item.qubit][0][1], abs=1e-12)
    ours = aer_noise(noise).to_dict()["errors"]
    tables = [e["probabilities"] for e in ours if e["type"] == "roerror"]
    np.testing.assert_allclose(tables, [np.transpose(q.confusion) for q in noise.qubits])


def test_what_is_left_beside_the_decay_gives_the_stated_error():
    qubits = {
        place: QubitNoise(place, t1, t2, ((1, 0), (0, 1)), None)
        for place, t1, t2 in ((0, 1e-4, 5e-5), (1, None, None), (2, 1e-5, 2e-5))
    }
    for gate_noise in (GateNoise("x", (0,), 0.01, 1e-7), GateNoise("cx", (1, 2), 0.1, 1e-6)):
        noise = aer_noise(DeviceNoise("made up", tuple(qubits.values()), (gate_noise,)))
        (error,) = noise._local_quantum_errors[gate_noise.name].values()
        assert 1 - average_gate_fidelity(error.to_quantumchannel()) == pytest.approx(
            gate_noise.error, abs=1e-12
        )
    assert depolarizing_rest(GateNoise("x", (2,), 1e-9, 1e-6), qubits) == 0.0
    assert depolarizing_rest(GateNoise("x", (2,), 0.6, 1.0), qubits) == 0.0, "all is decayed"


def test_devices_that_state_nothing_are_ideal():
    device = GenericBackendV2(2, noise_info=False)
    noise = target_noise(device)
    assert {item.error for item in noise.gates} <= {0.0}
    assert noise.qubits[0][1:4] == (None, None, ((1.0, 0.0), (0.0, 1.0)))
    assert aer_noise(noise).is_ideal()


def test_readout_errors_of_a_fake_device_are_seen_in_its_samples():
    manila = DEVICES[0]
    backend = QiskitBackend(manila, shots=1)
    circuit = build_circuit([gate("id", 0)])
    (place,) = backend.expectation(circuit, z(0), {}).info["transpiled"][0]["final_layout"]
    (qubit,) = target_noise(manila, [place]).qubits
    bits = backend.sample(circuit, {}, shots=20000, seed=0)
    wrong = qubit.confusion[1][0]
    assert abs(bits.mean() - wrong) < 4 * np.sqrt(wrong / 20000)
