"""Clifford gates absorbed into observables, against dense matrices."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import (
    GATES,
    build_circuit,
    depolarizing,
    entangler,
    expectation,
    gate,
    matrix,
    pauli,
    rotation_layer,
    unitary,
    z,
)
from circuits.dense import density
from circuits.simulation.absorption import absorb_cliffords

CLIFFORD = sorted(
    {"id", "h", "x", "y", "z", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap"}
    | {"iswap", "ecr", "dcx"}
)
QUARTERS = ("rx", "ry", "rz", "p", "rxx", "ryy", "rzz", "rzx", "gphase")
OBSERVABLES = (z(0), pauli("XY", (0, 2), 0.5) - pauli("ZYX", (1, 0, 2)) + 0.25, pauli("", ()))


def value(circuit, observable, angles):
    psi = unitary(circuit, angles)[:, 0]
    return (psi.conj() @ matrix(observable, circuit.n_qubits) @ psi).real


@st.composite
def endings(draw):
    """Clifford gates and rotations by quarter turns, on 3 qubits."""
    gates = []
    for name in draw(st.lists(st.sampled_from([*CLIFFORD, *QUARTERS]), min_size=1, max_size=8)):
        wires = draw(st.permutations(range(3)))[: GATES[name].n_wires]
        turns = draw(st.integers(-5, 5)) * np.pi / 2
        gates.append(gate(name, *wires, angle=turns if name in QUARTERS else None))
    return build_circuit(gates, 3)


@given(endings())
def test_an_ending_of_cliffords_is_absorbed_whole_with_equal_values(ending):
    start = build_circuit([gate("ry", q, angle=("w", q)) for q in range(3)] + [gate("cx", 0, 2)])
    start += build_circuit([gate("t", q) for q in range(3)], 3)
    angles = {"w": np.array([0.3, 1.1, -0.7])}
    shorter, moved = absorb_cliffords(start + ending, OBSERVABLES)
    assert shorter.gates == start.gates
    assert [len(each.terms) for each in moved] == [len(each.terms) for each in OBSERVABLES]
    for before, after in zip(OBSERVABLES, moved, strict=True):
        exact = value(start + ending, before, angles)
        np.testing.assert_allclose(value(shorter, after, angles), exact, atol=1e-12)
    # Coefficients change by their sign only.
    sizes = [[abs(c) for c, _ in each.terms] for each in moved]
    assert sizes == [[abs(c) for c, _ in each.terms] for each in OBSERVABLES]


def test_what_acts_on_other_wires_does_not_stand_in_the_way():
    gates = [gate("cx", 0, 1), gate("h", 0), gate("t", 1), gate("s", 0), gate("s", 1)]
    shorter, (moved,) = absorb_cliffords(build_circuit(gates), z(0))
    assert [(each.name, each.wires) for each in shorter.gates] == [("cx", (0, 1)), ("t", (1,))]
    assert moved == pauli("X", 0)


@pytest.mark.parametrize(
    "last",
    [
        gate("t", 0),
        gate("rx", 0, angle=("w", 0)),
        gate("rz", 0, angle=0.3),
        gate("ccx", 0, 1, 2),
        gate("reset", 0),
        gate("x", 0, condition=(0, 1)),
        gate("unitary", 0, data=np.diag([1, 1j * np.exp(1e-7j)])),
    ],
)
def test_what_is_no_clifford_gate_stays(last):
    circuit = build_circuit([gate("h", 0), last], 3)
    assert absorb_cliffords(circuit, z(0)) == (circuit, (z(0),))


def test_a_noisy_circuit_keeps_its_values():
    gates = [
        gate("ry", 0, angle=0.4),
        gate("cx", 0, 1),
        depolarizing(0.2, 0),
        gate("measure", 1, data=0),
    ]
    circuit = build_circuit([*gates, gate("h", 1), gate("cz", 0, 1), gate("sx", 0)])
    shorter, moved = absorb_cliffords(circuit, OBSERVABLES[0] + pauli("XZ", (0, 1)))
    assert len(shorter.gates) == len(gates)
    values = [
        np.trace(density(each, {}) @ matrix(observable, 2)).real
        for each, observable in ((circuit, z(0) + pauli("XZ", (0, 1))), (shorter, moved[0]))
    ]
    np.testing.assert_allclose(*values, atol=1e-12)


def test_expectation_absorbs_what_makes_measuring_no_dearer():
    """An entangler goes, Hadamard gates stay: they would turn one pass over the state into n."""
    layers = rotation_layer(4) + entangler(4, "ring", "cx")
    circuit = layers + build_circuit([gate("h", q) for q in range(4)])
    observables = [z(q) for q in range(4)]
    angles = {"weights": np.random.default_rng(0).normal(size=circuit.segments["weights"])}
    for each in (layers, circuit):
        found = jax.jit(expectation(each, observables))(angles)
        expected = [value(each, observable, angles) for observable in observables]
        np.testing.assert_allclose(found, expected, atol=1e-12)
    kinds = [
        str(jax.make_jaxpr(expectation(each, observables))(angles)) for each in (layers, circuit)
    ]
    assert ["name='cx'" in kind for kind in kinds] == [False, True]


def test_a_circuit_of_clifford_gates_only_is_left_empty():
    ghz = build_circuit([gate("h", 0), gate("cx", 0, 1), gate("cx", 1, 2)])
    found = expectation(ghz, [pauli("XXX", (0, 1, 2)), pauli("ZZ", (0, 2)), z(1)])({})
    np.testing.assert_allclose(found, [1, 1, 0], atol=1e-12)
    assert absorb_cliffords(ghz, pauli("XXX", (0, 1, 2)))[0].gates == ()
