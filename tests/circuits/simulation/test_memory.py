"""What fits into memory: figures against their closed forms."""

import pytest

from circuits import build_circuit, gate, state
from circuits.simulation.devices.memory import (
    STATES,
    alternatives,
    check_fits,
    device_memory,
    largest_qubits,
    memory_plan,
    slice_table,
)
from experiments.commands.doctor import plan


@pytest.mark.parametrize(("precision", "amplitude"), [("single", 8), ("double", 16)])
def test_sizes_are_multiples_of_the_state(precision, amplitude):
    state = memory_plan(20, precision=precision)
    assert state.state_bytes == amplitude * 2**20
    assert state.bytes_per_device == -(-22 * state.state_bytes // 10)
    adjoint = memory_plan(20, precision=precision, method="gradient", devices=4, batch=3)
    assert adjoint.bytes_per_device == -(-48 * 3 * state.state_bytes // 40)
    reverse = memory_plan(20, precision=precision, method="reverse", layers=10)
    assert reverse.bytes_per_device == -(-222 * state.state_bytes // 10)
    density = memory_plan(10, precision=precision, method="density")
    assert density.state_bytes == amplitude // 2 * 4**10


@pytest.mark.parametrize("method", STATES)
def test_the_largest_number_of_qubits_fits_and_the_next_does_not(method):
    room = 10**10
    most = largest_qubits(room, method=method, devices=2)
    fits = [
        memory_plan(n, method=method, devices=2, device_bytes=room).fits for n in (most, most + 1)
    ]
    assert fits == [True, False]


def test_a_slice_of_twice_the_memory_holds_one_qubit_more():
    states = [fits["state"] for _, fits in slice_table()]
    assert states == list(range(states[0], states[0] + 5))
    assert all(fits["gradient"] <= fits["state"] for _, fits in slice_table())


def test_what_does_not_fit_is_refused_with_bytes_and_a_way_out():
    refused = memory_plan(28, precision="double", method="reverse", layers=5, device_bytes=10**10)
    with pytest.raises(ValueError, match=r"52\.4 GB .* 10\.0 GB.*`sharded_expectation` by adjoint"):
        check_fits(refused)
    assert any("4 devices" in text for text in alternatives(refused))
    noisy = memory_plan(20, method="density", device_bytes=10**9)
    assert alternatives(noisy) == ["method 'trajectories' (0.0 GB)"]
    double = memory_plan(20, precision="double", device_bytes=2 * 10**7)
    assert 'precision "single"' in alternatives(double)
    # The number of devices named is enough, and half of it is not.
    state = memory_plan(33, device_bytes=10**10)
    assert "`sharded_state` over 32 devices" in alternatives(state)
    assert memory_plan(33, devices=32, device_bytes=10**10).fits
    assert not memory_plan(33, devices=16, device_bytes=10**10).fits


def test_what_fits_or_is_unknown_passes():
    assert check_fits(memory_plan(10)).fits
    assert check_fits(memory_plan(4, device_bytes=device_memory())).n_qubits == 4


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"method": "dense"}, "`method`"),
        ({"precision": "half"}, "`precision`"),
        ({"devices": 0}, "devices"),
    ],
)
def test_bad_arguments_are_named(options, word):
    with pytest.raises((ValueError, TypeError), match=word):
        memory_plan(4, **options)


def test_doctor_plans():
    lines = plan("n=30")
    assert "Computed" in lines[0]
    assert len(lines) == 4 + len(STATES) + 5
    with pytest.raises(ValueError, match="n=30"):
        plan("thirty")


def test_a_state_that_does_not_fit_is_refused_with_its_bytes(monkeypatch):
    monkeypatch.setattr("circuits.simulation.statevector.device_memory", lambda: 10**9)
    with pytest.raises(ValueError, match=r"for 30 qubits needs 37\.8 GB .* What would fit"):
        state(build_circuit([gate("h", 0)], n_qubits=30))
