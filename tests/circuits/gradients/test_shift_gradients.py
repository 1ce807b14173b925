import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import (
    GATES,
    Exact,
    Result,
    Shots,
    Slot,
    batch_length,
    build_circuit,
    expectation,
    gate,
    matrix,
    pauli,
    unitary,
    z,
)
from circuits.dense import density
from circuits.gates.definitions import definition
from circuits.gradients.on_backends import finite_differences, hessian_vector, parameter_shift
from circuits.gradients.shift_rules import shift_rule

PARAMETRIC = sorted(name for name, item in GATES.items() if item.generator is not None)
OBSERVABLES = (z(0), 0.5 * pauli("XY", (0, 1)) - pauli("ZX", (1, 2)) + 0.3)


@st.composite
def cases(draw):
    """Layers of gates on 3 qubits; slots with scales, some of them read by several gates."""
    gates = [gate("h", 0), gate("h", 1), gate("sx", 2)]
    for name in draw(st.lists(st.sampled_from(sorted(GATES)), min_size=2, max_size=6)):
        wires = draw(st.permutations(range(3)))[: GATES[name].n_wires]
        slot = (draw(st.sampled_from(["w", "x"])), draw(st.integers(0, 1)))
        angle = (*slot, draw(st.sampled_from([1.0, -0.5, 2.0])))
        gates.append(gate(name, *wires, angle=angle if name in PARAMETRIC else None))
    circuit = build_circuit(gates, 3, {"w": 2, "x": 2})
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return circuit, {"w": rng.uniform(-4, 4, 2), "x": rng.uniform(-4, 4, (2, 2))}


def every_gate():
    """All parametric named gates, one slot each, between constant ones that mix."""
    gates = []
    for at, name in enumerate(PARAMETRIC):
        wires = [(at + shift) % 3 for shift in range(GATES[name].n_wires)]
        gates += [gate("h", at % 3), gate("t", at % 3), gate("cx", at % 3, (at + 1) % 3)]
        gates.append(gate(name, *wires, angle=("w", at)))
    return build_circuit(gates, 3)


class Dense:
    """A backend of dense matrices, which compiles nothing."""

    def expectation(self, circuit, observables, angles):
        rows = [
            {name: array if array.ndim == 1 else array[row] for name, array in angles.items()}
            for row in range(batch_length(angles))
        ]
        operators = np.stack([matrix(item, circuit.n_qubits) for item in observables])
        states = np.stack([density(circuit, row) for row in rows])
        values = np.einsum("kij,bji->bk", operators, states).real
        return Result(values, np.zeros(values.shape), {})

    def sample(self, circuit, angles, *, shots, seed):
        raise NotImplementedError


def values_of(psi, observables, other=None):
    other = psi if other is None else other
    return [(psi.conj() @ matrix(item, 3) @ other).real for item in observables]


@given(cases())
def test_shifts_agree_with_the_product_rule(case):
    circuit, angles = case
    gradient = parameter_shift(circuit, OBSERVABLES, angles, Dense())
    for row in range(2):
        expected = product_rule(circuit, angles | {"x": angles["x"][row]})
        for name, array in expected.items():
            np.testing.assert_allclose(gradient.values[name][row], array, atol=1e-10)


def product_rule(circuit, angles):
    """Derivatives {segment: (k, size)}: ``-i G`` of each gate in turn put behind it."""
    totals = {name: np.zeros((len(OBSERVABLES), size)) for name, size in circuit.segments.items()}
    psi = unitary(circuit, angles)[:, 0]
    for at, item in enumerate(circuit.gates, 1):
        if isinstance(item.angle, Slot):
            before = unitary(circuit._replace(gates=circuit.gates[:at]), angles)[:, 0]
            after = unitary(circuit._replace(gates=circuit.gates[at:]), angles)
            change = after @ embedded(definition(item).generator, item.wires) @ before * -1j
            slopes = 2 * np.array(values_of(psi, OBSERVABLES, change)) * item.angle.scale
            totals[item.angle.segment][:, item.angle.index] += slopes
    return totals


def embedded(small, wires):
    """A Hermitian matrix on some of 3 qubits, as the sum of its Pauli strings."""
    total = np.zeros((8, 8), complex)
    for letters in itertools.product("IXYZ", repeat=len(wires)):
        string = matrix(pauli("".join(letters), range(len(wires))), len(wires))
        value = np.trace(string @ small).real / len(small)
        total += value * matrix(pauli("".join(letters), wires), 3)
    return total


def reverse_mode(circuit, angles):
    jacobian = jax.jit(jax.jacrev(expectation(circuit, OBSERVABLES)))
    rows = [angles | {"x": row} for row in angles["x"]] if "x" in angles else [angles]
    found = [jacobian(jax.tree.map(jnp.asarray, row)) for row in rows]
    return {name: np.stack([each[name] for each in found]) for name in angles}


def test_every_named_gate_has_its_rule():
    circuit = every_gate()
    angles = {"w": np.random.default_rng(3).uniform(-4, 4, len(PARAMETRIC))}
    gradient = parameter_shift(circuit, OBSERVABLES, angles, Exact())
    expected = reverse_mode(circuit, angles)["w"]
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(gradient.values["w"], expected, atol=1e-10)


def test_shared_and_scaled_slots_in_a_batch_agree_with_reverse_mode():
    gates = [gate("ry", q, angle=("x", q % 2, 0.5)) for q in range(3)]
    gates += [gate("crx", 0, 1, angle=("w", 0)), gate("givens", 1, 2, angle=("w", 0, -2.0))]
    gates += [gate("ry", q, angle=("x", q % 2)) for q in range(3)] + [gate("cp", 0, 2, angle=0.3)]
    circuit = build_circuit(gates)
    angles = {"x": np.array([[0.3, -1.0], [2.0, 0.7]]), "w": np.array([1.2])}
    gradient = parameter_shift(circuit, OBSERVABLES, angles, Exact())
    for name, expected in reverse_mode(circuit, angles).items():
        np.testing.assert_allclose(gradient.values[name], expected, atol=1e-10)


def test_gates_with_data_have_their_rules():
    rng = np.random.default_rng(0)
    generator = rng.normal(size=(4, 4))
    gates = [
        gate("h", 0),
        gate("generated", 0, 1, angle=("w", 0), data=generator + generator.T),
        gate("h", 1),
        gate("diagonal", 1, 2, angle=("w", 1), data=[0.0, 1.0, 2.5, -0.3]),
        gate("evolution", 0, 1, 2, angle=("w", 0, 0.5), data="XYZ"),
    ]
    circuit, angles = build_circuit(gates), {"w": np.array([0.4, -1.1])}
    gradient = parameter_shift(circuit, OBSERVABLES, angles, Dense())
    differences = finite_differences(circuit, OBSERVABLES, angles, Dense())
    assert gradient.info["evaluations"] == 2 * (6 + 6 + 1)
    np.testing.assert_allclose(gradient.values["w"], differences.values["w"], atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_shots_agree_within_the_propagated_error(seed):
    circuit = build_circuit(
        [
            gate("ry", 0, angle=("w", 0)),
            gate("crx", 0, 1, angle=("w", 1)),
            gate("ry", 1, angle=("w", 0, 0.5)),
            gate("rzz", 0, 2, angle=("x", 0)),
        ],
        n_qubits=3,
    )
    angles = {"w": np.array([0.7, -1.2]), "x": np.array([[0.3], [2.0]])}
    exact = parameter_shift(circuit, OBSERVABLES, angles, Exact())
    drawn = parameter_shift(circuit, OBSERVABLES, angles, Shots(4000, seed=seed))
    for name, expected in exact.values.items():
        deviations = np.abs(drawn.values[name] - expected)
        np.testing.assert_array_less(deviations, 5 * drawn.std[name] + 1e-12)
        assert drawn.std[name].max() < 0.1
    assert drawn.info["backend"]["shots"] == 4000


def test_the_error_of_two_terms_is_that_of_their_values():
    circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    drawn = parameter_shift(circuit, z(0), {"w": [0.0]}, Shots(10_000, seed=1))
    # Half of a difference of two independent coins of variance 1.
    np.testing.assert_allclose(drawn.std["w"], np.sqrt(2) / 2 / 100, rtol=0.01)


def test_one_call_of_the_backend_and_only_for_what_is_asked():
    calls = []

    class Counting(Exact):
        def expectation(self, circuit, observables, angles):
            calls.append({name: np.shape(array) for name, array in angles.items()})
            return super().expectation(circuit, observables, angles)

    circuit = build_circuit([gate("rx", 0, angle=("x", 0)), gate("crx", 0, 1, angle=("w", 0))])
    angles = {"x": np.zeros((3, 1)), "w": np.zeros(1)}
    gradient = parameter_shift(circuit, z(0), angles, Counting(), segments=["w"])
    assert calls == [{"x": (12, 1), "shifted": (12, 1)}]
    assert {name: array.shape for name, array in gradient.values.items()} == {"w": (3, 1, 1)}


def test_nothing_to_shift_is_a_zero_gradient_without_a_call():
    circuit = build_circuit([gate("h", 0), gate("gphase", 0, angle=("w", 1))])
    gradient = parameter_shift(circuit, [z(0), z(0)], {"w": np.ones((4, 2))}, backend=None)
    assert gradient.info["evaluations"] == 0
    assert gradient.values["w"].shape == gradient.std["w"].shape == (4, 2, 2)
    assert not gradient.values["w"].any()


def test_finite_differences_of_amplitudes_where_shifts_are_refused():
    circuit = build_circuit([gate("amplitudes", 0, angle=("a", 0))])
    angles = {"a": np.array([3.0, 4.0])}
    # <Z> = (a^2 - b^2) / (a^2 + b^2).
    expected = [4 * 3 * 16 / 625, -4 * 4 * 9 / 625]
    gradient = finite_differences(circuit, z(0), angles, Dense())
    np.testing.assert_allclose(gradient.values["a"][0, 0], expected, atol=1e-7)
    with pytest.raises(ValueError, match="'a' holds amplitudes, which have no shift rule"):
        parameter_shift(circuit, z(0), angles, Exact())


@pytest.mark.parametrize(("segments", "shown"), [(["nope"], "nope"), ("w", "'w'")])
def test_wrong_segments_and_steps_are_refused(segments, shown):
    circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    with pytest.raises(ValueError, match=f"must be a list out of .'w'., but is .*{shown}"):
        parameter_shift(circuit, z(0), {"w": [0.0]}, Exact(), segments=segments)
    with pytest.raises(ValueError, match="`step` must be positive and finite, but is step=0"):
        finite_differences(circuit, z(0), {"w": [0.0]}, Exact(), step=0)


@given(st.lists(st.floats(0.25, 8).map(lambda w: round(w, 1)), max_size=6, unique=True))
def test_a_rule_is_exact_for_its_frequencies_and_needs_two_terms_each(frequencies):
    rule = shift_rule(frequencies)
    rng, values = np.random.default_rng(0), np.array(sorted(frequencies))
    cosines, sines = rng.normal(size=(2, len(values)))

    def series(x):
        return 1.5 + np.cos(values * x) @ cosines + np.sin(values * x) @ sines

    found = sum(c * series(0.7 + s) for s, c in zip(*rule, strict=True))
    turned = np.cos(values * 0.7) @ (values * sines) - np.sin(values * 0.7) @ (values * cosines)
    assert len(rule.shifts) == 2 * len(values)
    np.testing.assert_allclose(found, turned, atol=1e-8)
    # No rule can do with less than the largest frequency; these amplify noise hardly more.
    total, least = np.abs(rule.coefficients).sum(), max(frequencies, default=0)
    assert least - 1e-9 <= total <= 1.1 * least


def test_the_four_term_rule_is_the_published_one():
    rule = shift_rule([0.5, 1.0])
    np.testing.assert_allclose(rule.shifts[:2], [np.pi / 2, 3 * np.pi / 2])
    published = [(np.sqrt(2) + 1) / (4 * np.sqrt(2)), -(np.sqrt(2) - 1) / (4 * np.sqrt(2))]
    np.testing.assert_allclose(rule.coefficients[:2], published)


@pytest.mark.parametrize("wrong", [[0.0], [-1.0], [1.0, 1.0], [np.nan]])
def test_wrong_frequencies_are_refused(wrong):
    with pytest.raises(ValueError, match="`frequencies` must hold different positive numbers"):
        shift_rule(wrong)


@pytest.mark.parametrize("values", [[1.0, 999_998.0, 999_999.0, 1e6], np.sqrt(np.arange(1, 300))])
def test_where_no_rule_is_found_it_is_said(values):
    with pytest.raises(ValueError, match=r"No shift rule was found for .* `finite_differences`"):
        shift_rule(values)


def test_hessian_products_in_both_modes():
    @jax.custom_vjp
    def cubes(x):
        return jnp.sum(x**3)

    cubes.defvjp(lambda x: (cubes(x), x), lambda x, cotangent: (3 * cotangent * x**2,))
    x, v = jnp.array([1.0, -2.0]), jnp.array([0.5, 3.0])
    for function in (lambda x: jnp.sum(x**3), cubes):
        np.testing.assert_allclose(hessian_vector(function)(x, v), 6 * x * v, atol=1e-12)


def test_hessian_products_of_a_circuit():
    circuit = every_gate()
    energy = expectation(circuit, OBSERVABLES[1])
    angles = {"w": jnp.asarray(np.random.default_rng(3).uniform(-4, 4, len(PARAMETRIC)))}
    vector = {"w": jnp.linspace(-1.0, 1.0, len(PARAMETRIC))}
    found = jax.jit(hessian_vector(lambda x: energy(x)[0]))(angles, vector)["w"]
    slope, step = jax.jit(jax.grad(lambda x: energy(x)[0])), 1e-5
    up, down = (
        slope(jax.tree.map(lambda a, v, s=sign: a + s * step * v, angles, vector))["w"]
        for sign in (1, -1)
    )
    np.testing.assert_allclose(found, (up - down) / (2 * step), atol=1e-8)
