"""A device's noise in our simulators, against Aer's noise model of the same fake device."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import (
    Density,
    Trajectories,
    add_noise,
    build_circuit,
    density_expectation,
    density_probabilities,
    gate,
    pauli,
    z,
)
from circuits.noise import noise_from_target, noise_to_dict

SHOTS = 4000
READOUT = ("prob_meas1_prep0", "prob_meas0_prep1")


@pytest.fixture(scope="module")
def device():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return FakeManilaV2()


@pytest.fixture(scope="module")
def aer(device):
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, ReadoutError

    # Aer knows the mean of a qubit's two readout errors only, the device's properties both.
    model = NoiseModel.from_backend(device, readout_error=False)
    for qubit in range(device.num_qubits):
        ((a, _), (b, _)) = (device.properties().qubit_property(qubit, name) for name in READOUT)
        model.add_readout_error(ReadoutError([[1 - a, a], [b, 1 - b]]), [qubit])
    return AerSimulator(method="density_matrix", noise_model=model)


def transpiled(device, seed: int):
    """A random circuit on three qubits in the gates of the device, and the qubits in use."""
    from qiskit import generate_preset_pass_manager
    from qiskit.circuit.random import random_circuit

    manager = generate_preset_pass_manager(
        1, device, seed_transpiler=seed, initial_layout=[3, 1, 2]
    )
    built = manager.run(random_circuit(3, 4, max_operands=2, seed=seed))
    used = {built.find_bit(qubit).index for item in built.data for qubit in item.qubits}
    return built, sorted(used)


def imported(built, used):
    """Our circuit of a transpiled one; physical qubit used[i] is wire i."""
    gates = []
    for item in built.data:
        wires = [used.index(built.find_bit(qubit).index) for qubit in item.qubits]
        angle = float(item.params[0]) if item.params else None
        gates.append(gate(item.operation.name, *wires, angle=angle))
    return build_circuit(gates, len(used))


def check_against_aer(device, aer, seed: int):
    built, used = transpiled(device, seed)
    circuit, noise = imported(built, used), noise_from_target(device, used)
    read = built.copy()
    read.measure_all()
    # Aer adds the method when it is imported; Qiskit's first qubit is the last bit.
    built.save_probabilities(used[::-1])  # pyright: ignore[reportAttributeAccessIssue]
    expected = aer.run(built).result().data()["probabilities"]
    found = density_probabilities(add_noise(circuit, noise))({})
    np.testing.assert_allclose(found, expected, atol=1e-9)
    counts = aer.run(read, shots=SHOTS, seed_simulator=seed).result().get_counts()
    bits = np.array([[int(bit) for bit in key[::-1]] for key in counts])[:, used]
    means = np.array(list(counts.values())) @ (1 - 2.0 * bits) / SHOTS
    values = Density(noise).expectation(circuit, [z(q) for q in range(len(used))], {}).values[0]
    errors = np.sqrt((1 - values**2) / SHOTS)
    np.testing.assert_array_less(np.abs(means - values), 4.5 * errors + 1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_random_circuits_agree_with_aer(device, aer, seed):
    check_against_aer(device, aer, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 23))
def test_more_random_circuits_agree_with_aer(device, aer, seed):
    check_against_aer(device, aer, seed)


@pytest.fixture(scope="module")
def noise(device):
    return noise_from_target(device, [2, 1])


@pytest.fixture(scope="module")
def circuit():
    gates = [gate("sx", 0), gate("rz", 0, angle=("x", 0)), gate("sx", 0), gate("cx", 0, 1)]
    return build_circuit(gates)


def test_batches_and_gradients_go_through_the_noise(noise, circuit):
    batch = np.array([[0.3], [1.1]])
    observables = [z(1), pauli("XY", (0, 1))]
    result = Density(noise).expectation(circuit, observables, {"x": batch})
    assert result.values.shape == (2, 2)
    run = jax.jit(density_expectation(add_noise(circuit, noise), observables))
    slope = jax.jacfwd(lambda x: run({"x": x}))(jnp.array([0.3]))[:, 0]
    step = 1e-5
    ends = [run({"x": jnp.array([0.3 + each])}) for each in (step, -step)]
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * step), atol=1e-8)


@pytest.mark.slow
def test_trajectories_agree_with_density_matrices(noise, circuit):
    observables = [z(0), pauli("XY", (0, 1))]
    angles = {"x": np.array([0.7])}
    exact = Density(noise).expectation(circuit, observables, angles).values
    found = Trajectories(400, noise).expectation(circuit, observables, angles)
    np.testing.assert_array_less(np.abs(found.values - exact), 5 * found.std)


def test_qubits_are_renumbered_in_the_order_given(device, noise):
    stated = device.properties().qubit_property
    expected = [[stated(qubit, name)[0] for name in READOUT] for qubit in (2, 1)]
    np.testing.assert_allclose(noise.readouts, expected)
    assert {rule.wires for rule in noise.rules if rule.name == "cx"} == {(0, 1), (1, 0)}
    assert json.loads(json.dumps(noise_to_dict(noise)))["rules"][-1]["gates"] is None


def test_gates_that_the_device_lacks_are_refused(noise):
    with pytest.raises(ValueError, match="no gate 'ry' on wires \\(0,\\): transpile"):
        Density(noise).expectation(build_circuit([gate("ry", 0, angle=0.1)]), z(0), {})


@pytest.mark.parametrize("qubits", [[0, 0], [5]])
def test_wrong_qubits_are_refused(device, qubits):
    with pytest.raises(ValueError, match="`qubits` must be distinct numbers below 5"):
        noise_from_target(device, qubits)
