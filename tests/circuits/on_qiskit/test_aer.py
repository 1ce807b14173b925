"""Aer called itself, against Aer's own SamplerV2 with the same seed."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error
from qiskit_aer.primitives import SamplerV2

from circuits.on_qiskit import aer
from circuits.on_qiskit.aer import start_aer

SHOTS = 300


def layered(n_qubits=3, *, before=0, middle=None):
    """Measured circuits of two angles, some with classical bits and operations before the end."""
    angles = ParameterVector("x", 2)
    built = QuantumCircuit(n_qubits, before, global_phase=angles[0])
    for wire in range(n_qubits):
        built.rx(angles[wire % 2] + 0.1 * wire, wire)
    for wire in range(n_qubits - 1):
        built.cx(wire, wire + 1)
    if middle == "measure":
        built.measure(0, before - 1)
    if middle == "if":
        built.measure(0, 0)
        with built.if_test((built.clbits[0], 1)):
            built.rx(angles[1], n_qubits - 1)
    built.ry(angles[1], 0)
    built.measure_all()
    return built


def noise_model():
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.1, 2), ["cx"])
    return model


def counted(packed):
    """Rows of a batch sorted: what was drawn, whatever the order of the shots."""
    return [sorted(map(bytes, shots)) for shots in packed]


CASES = {
    "ideal": ({}, layered()),
    "one qubit": ({}, layered(1)),
    "more than a byte": ({}, layered(10, before=3, middle="measure")),
    "more than eight bytes": (
        {"method": "matrix_product_state", "matrix_product_state_max_bond_dimension": 4},
        layered(70),
    ),
    "noise": ({"noise_model": noise_model()}, layered()),
    "density matrix": ({"method": "density_matrix"}, layered(2)),
    "control flow": ({}, layered(before=1, middle="if")),
}


@pytest.mark.parametrize("name", CASES)
def test_draws_are_those_of_aers_sampler(name):
    options, circuit = CASES[name]
    values = np.random.default_rng(0).normal(size=(4, 2))
    simulator = AerSimulator(**options)
    before = dict(vars(simulator.options))
    job = start_aer(simulator, [(circuit, values), (circuit, values)], SHOTS, seed=5)
    first, second = (each.data.meas for each in job.result())
    assert job.in_final_state()
    assert first.array.shape == (4, SHOTS, -(-circuit.num_qubits // 8))
    assert first.num_bits == circuit.num_qubits
    theirs = SamplerV2.from_backend(simulator, seed=5).run([(circuit, values)] * 2, shots=SHOTS)
    for mine, each in zip((first, second), theirs.result(), strict=True):
        assert counted(mine.array) == counted(each.data.meas.array)
    assert not np.array_equal(first.array, second.array)
    assert vars(simulator.options) == before


def test_shots_come_in_random_order_and_repeat_by_seed():
    circuit, values = layered(1), np.array([[np.pi / 4, np.pi / 4]] * 2)
    first, again, other = (
        start_aer(AerSimulator(), [(circuit, values)], 4000, seed).result()[0].data.meas.array
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])
    halves = first.reshape(2, 2, 2000).mean(axis=2)
    assert np.abs(halves[:, 0] - halves[:, 1]).max() < 4.5 * np.sqrt(0.5 / 2000)
    # Neighbours are independent: as many changes as chance has.
    share = first.mean(axis=1).ravel()
    changes = np.diff(first[..., 0].astype(int), axis=1).astype(bool).mean(axis=1)
    assert np.abs(changes - 2 * share * (1 - share)).max() < 4.5 * np.sqrt(0.25 / 4000)


def test_large_batches_are_cut_into_runs_with_draws_of_their_own(monkeypatch):
    monkeypatch.setattr(aer, "DRAWS", 2 * SHOTS)
    circuit, values = layered(), np.tile([[0.4, 0.9]], (5, 1))
    (whole,) = start_aer(AerSimulator(), [(circuit, values)], SHOTS, seed=3).result()
    assert whole.data.meas.array.shape == (5, SHOTS, 1)
    assert len({shots.tobytes() for shots in whole.data.meas.array}) == 5


def test_circuits_without_parameters_have_an_answer_for_each_set():
    fixed = QuantumCircuit(2)
    fixed.h(0)
    fixed.measure_all()
    values = np.zeros((3, 2))
    job = start_aer(AerSimulator(), [(fixed, values[:, :0]), (layered(2), values)], 50, seed=0)
    *single, batch = (each.data.meas.array for each in job.result())
    assert [each.shape for each in single] == [(50, 1)] * 3
    assert len({each.tobytes() for each in single}) == 3
    assert batch.shape == (3, 50, 1)
    phase = QuantumCircuit(1, global_phase=ParameterVector("x", 1)[0])
    phase.measure_all()
    (only,) = start_aer(AerSimulator(), [(phase, values[:, :1])], 50, seed=0).result()
    assert np.array_equal(only.data.meas.array, np.zeros((3, 50, 1)))


def test_what_aer_cannot_simulate_is_an_error():
    job = start_aer(AerSimulator(method="stabilizer"), [(layered(2), np.ones((2, 2)))], 10, 0)
    with pytest.raises(RuntimeError, match="Aer could not simulate the circuits"):
        job.result()
