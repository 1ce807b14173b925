"""Every way to take a gradient gives the same: adjoint, reverse, shifts, differences."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import (
    GATES,
    Exact,
    build_circuit,
    expectation,
    finite_differences,
    gate,
    parameter_shift,
    pauli,
    z,
)
from circuits.simulation import differentiation

PARAMETRIC = sorted(name for name, item in GATES.items() if item.generator is not None)
DATA = {
    "generated": (2, np.diag([1.0, 0.3, -0.2, 0.5]) + 0.4 * np.ones((4, 4))),
    "diagonal": (2, [0.0, 1.0, 2.5, -0.3]),
    "evolution": (3, "XYZ"),
}
OBSERVABLES = (z(0), 0.5 * pauli("XY", (0, 1)) - pauli("ZX", (1, 2)) + 0.3)


@st.composite
def circuits(draw):
    """All parametric gates in a random order on random wires, or those of `names` only."""
    gates = [gate("h", 0), gate("ry", 1, angle=0.7), gate("sx", 2), gate("cx", 0, 1)]
    slots = st.tuples(st.just("w"), st.integers(0, 4), st.sampled_from([1.0, -0.5, 2.0]))
    for name in draw(st.permutations([*PARAMETRIC, *DATA])):
        n_wires, data = DATA.get(name) or (GATES[name].n_wires, None)
        wires = draw(st.permutations(range(3)))[:n_wires]
        gates.append(gate(name, *wires, angle=draw(slots), data=data))
    seed = draw(st.integers(0, 1000))
    angles = {"w": np.random.default_rng(seed).uniform(-3, 3, 5)}
    return build_circuit(gates, 3, {"w": 5}), angles


def check(case):
    circuit, angles = case
    by_jax = {
        kind: jax.jit(jax.jacrev(expectation(circuit, OBSERVABLES, gradient=kind)))(angles)["w"]
        for kind in ("auto", "reverse")
    }
    shifts = parameter_shift(circuit, OBSERVABLES, angles, Exact()).values["w"][0]
    steps = finite_differences(circuit, OBSERVABLES, angles, Exact()).values["w"][0]
    np.testing.assert_allclose(by_jax["reverse"], by_jax["auto"], atol=1e-11)
    np.testing.assert_allclose(shifts, by_jax["auto"], atol=1e-9)
    np.testing.assert_allclose(steps, by_jax["auto"], atol=1e-6)


@settings(max_examples=1)
@given(circuits())
def test_all_ways_agree_on_every_parametric_gate(case):
    check(case)


@pytest.mark.slow
@settings(max_examples=20)
@given(circuits())
def test_all_ways_agree_on_many_circuits(case):
    check(case)


def gradients(circuit, kind, rows):
    """Derivatives of the mean over a batch."""
    values = jax.vmap(expectation(circuit, z(1), gradient=kind))
    return jax.jit(jax.grad(lambda angles: values(angles).mean()))({"w": rows})["w"]


def test_adjoint_and_reverse_agree_on_a_batch():
    gates = [gate("rx", 0, angle=("w", 0)), gate("cx", 0, 1), gate("ry", 1, angle=("w", 1))]
    circuit, rows = build_circuit(gates), np.random.default_rng(0).normal(size=(3, 2))
    adjoint, reverse = (gradients(circuit, kind, rows) for kind in ("adjoint", "reverse"))
    np.testing.assert_allclose(adjoint, reverse, atol=1e-12)


def test_wrong_names_and_states_that_do_not_fit_are_refused(monkeypatch):
    circuit = build_circuit([gate("ry", 1, angle=("w", q)) for q in range(2)])
    with pytest.raises(ValueError, match=r"`gradient` must be one of 'auto', .* but is 'forward'"):
        expectation(circuit, z(0), gradient="forward")
    monkeypatch.setattr(differentiation, "device_memory", lambda: 10)
    with pytest.raises(
        ValueError, match=r'at least \d+ states of 64 bytes .* 4 samples.*"adjoint"'
    ):
        gradients(circuit, "reverse", np.ones((4, 2)))
    assert gradients(circuit, "auto", np.ones((4, 2))).shape == (4, 2)
