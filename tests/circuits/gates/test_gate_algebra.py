"""Matrix, generator, structure, inverse, power and control of every gate, against dense algebra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from circuits import GATES, build_circuit, circuit_size, gate, unitary
from circuits.gates.definitions import (
    amplitude_vector,
    definition,
    frequencies,
    generator_diagonal,
    monomial,
    structure,
)
from circuits.gates.host_matrices import host_matrix
from circuits.modifiers import controlled, inverse, power

RNG = np.random.default_rng(0)
MIXED = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
HERMITIAN = MIXED + MIXED.conj().T
ANGLE = 0.7


def make_gates():
    """Every named gate and several with data, by a name for the test."""
    named = {
        name: gate(name, *range(item.n_wires), angle=None if item.generator is None else ANGLE)
        for name, item in GATES.items()
    }
    values = RNG.normal(size=4)
    return named | {
        "unitary": gate("unitary", 1, 0, data=expm(1j * HERMITIAN)),
        "unitary-diagonal": gate("unitary", 0, data=np.diag([1j, -1])),
        "unitary-monomial": gate("unitary", 0, data=[[0, 1j], [np.exp(0.3j), 0]]),
        "generated": gate("generated", 0, 2, angle=ANGLE, data=HERMITIAN),
        "generated-diagonal": gate("generated", 0, 1, angle=ANGLE, data=np.diag(values)),
        "diagonal": gate("diagonal", 2, 1, angle=ANGLE, data=values),
        "permutation": gate("permutation", 0, 1, 2, data=[3, 0, 2, 7, 4, 6, 1, 5]),
        "evolution": gate("evolution", 0, 1, 2, angle=ANGLE, data="XYZ"),
        "evolution-diagonal": gate("evolution", 1, 0, angle=ANGLE, data="IZ"),
    }


EVERY = make_gates()
every_gate = pytest.mark.parametrize("item", [pytest.param(v, id=k) for k, v in EVERY.items()])
every_turn = pytest.mark.parametrize(
    "item", [pytest.param(v, id=k) for k, v in EVERY.items() if v.angle is not None]
)


def dense(*gates, n_qubits=3):
    return unitary(build_circuit(gates, n_qubits), {})


def own_matrix(item):
    return host_matrix(item, item.angle)


@every_gate
def test_matrices_on_host_and_device_agree_and_are_unitary(item):
    matrix = own_matrix(item)
    made = definition(item).matrix(*([] if item.angle is None else [item.angle]))
    assert definition(item).n_wires == len(item.wires)
    np.testing.assert_allclose(made, matrix, atol=1e-14)
    np.testing.assert_allclose(matrix @ matrix.conj().T, np.eye(len(matrix)), atol=1e-14)


@every_turn
def test_turns_are_exponentials_of_their_generators(item):
    generator = definition(item).generator
    expected = expm(-1j * ANGLE * generator)
    np.testing.assert_allclose(definition(item).matrix(ANGLE), expected, atol=1e-13)
    many = host_matrix(item, [ANGLE, 0.0])
    np.testing.assert_allclose(many, [expected, np.eye(len(expected))], atol=1e-13)


@every_turn
def test_derivatives_are_minus_i_generator_times_the_gate(item):
    made = definition(item)
    slope = jax.jacfwd(made.matrix)(ANGLE)
    np.testing.assert_allclose(slope, -1j * made.generator @ made.matrix(ANGLE), atol=1e-13)


@every_turn
def test_frequencies_are_the_gaps_of_the_spectrum(item):
    values = np.linalg.eigvalsh(definition(item).generator)
    gaps = np.unique(np.abs(values[:, None] - values).round(8))
    np.testing.assert_allclose(frequencies(item), gaps[gaps > 0], atol=1e-8)


@every_gate
def test_structure_is_that_of_the_matrix(item):
    matrix = np.abs(own_matrix(item)) > 1e-12
    is_diagonal = not matrix[~np.eye(len(matrix), dtype=bool)].any()
    is_monomial = item.angle is None and np.all(matrix.sum(axis=0) == 1)
    expected = "diagonal" if is_diagonal else "monomial" if is_monomial else "matrix"
    assert structure(item) == expected


@every_gate
def test_diagonals_and_permutations_say_what_the_matrix_does(item):
    matrix = own_matrix(item)
    if structure(item) == "diagonal" and item.angle is not None:
        phases = np.exp(-1j * item.angle * generator_diagonal(item))
        np.testing.assert_allclose(np.diag(phases), matrix, atol=1e-14)
    elif structure(item) != "matrix":
        permutation, phases = monomial(item)
        again = np.zeros_like(matrix)
        again[permutation, np.arange(len(matrix))] = phases
        np.testing.assert_allclose(again, matrix, atol=1e-14)
    else:
        with pytest.raises(ValueError, match=f"{item.name!r} must"):
            generator_diagonal(item)
        with pytest.raises(ValueError, match=f"{item.name!r} must"):
            monomial(item)


@every_gate
def test_a_gate_and_its_inverse_are_the_identity(item):
    np.testing.assert_allclose(dense(item, inverse(item)), np.eye(8), atol=1e-13)
    if item.name in GATES and item.name not in ("iswap", "siswap", "csx"):
        assert inverse(inverse(item)) == item


@every_gate
@pytest.mark.parametrize("exponent", [-2, -1, -0.5, 0, 0.25, 0.5, 1, 3])
def test_powers_follow_the_principal_branch(item, exponent):
    raised = own_matrix(power(item, exponent))
    if item.angle is not None:
        expected = host_matrix(item, exponent * ANGLE)
    else:
        values, vectors = np.linalg.eig(own_matrix(item))
        phases = np.angle(values * np.exp(-1e-9j)) + 1e-9  # takes -1 to +pi
        expected = vectors * np.exp(1j * exponent * phases) @ np.linalg.inv(vectors)
    np.testing.assert_allclose(raised, expected, atol=1e-12)
    assert power(item, exponent).wires == item.wires


@every_gate
def test_controls_act_where_they_are_one(item):
    wires = item.wires
    control = 3
    matrix = unitary(build_circuit([controlled(item, control)], 4), {})
    alone = unitary(build_circuit([item], 4), {})
    on = np.diag(np.arange(16) % 2)  # qubit 3 is the rightmost bit
    np.testing.assert_allclose(matrix, (np.eye(16) - on) + on @ alone, atol=1e-13)
    assert item.wires == wires


@pytest.mark.parametrize(
    ("item", "controls", "name"),
    [
        (gate("x", 2), (0, 1), "ccx"),
        (gate("z", 2), (1, 0), "ccz"),
        (gate("x", 4), (0, 1, 2, 3), "permutation"),
        (gate("t", 0), (1,), "diagonal"),
        (gate("rz", 2, angle=0.1), (0, 1), "diagonal"),
        (gate("gphase", 0, angle=0.1), (1,), "p"),
        (gate("evolution", 0, 1, angle=0.1, data="XX"), (2,), "generated"),
        (gate("h", 0), (1, 2), "unitary"),
    ],
)
def test_controls_have_the_cheapest_form(item, controls, name):
    result = controlled(item, *controls)
    assert result.name == name
    n_qubits = 1 + max(result.wires)
    on = [all(row >> (n_qubits - 1 - c) & 1 for c in controls) for row in range(2**n_qubits)]
    alone = dense(item, n_qubits=n_qubits)
    expected = np.where(np.array(on)[:, None], alone, np.eye(len(alone)))
    np.testing.assert_allclose(dense(result, n_qubits=n_qubits), expected, atol=1e-13)


def test_slots_conditions_and_wires_are_kept():
    item = gate("rx", 2, angle=("w", 1, 2.0), condition=(0, 1))
    assert power(item, -0.5).angle == ("w", 1, -1.0)
    assert inverse(item).angle == ("w", 1, -2.0)
    assert controlled(item, 0).angle == ("w", 1, 2.0)
    assert controlled(gate("gphase", 2, angle=0.1, condition=(0, 1)), 0).condition == (0, 1)
    for changed in (power(item, 3), inverse(item), controlled(item, 0)):
        assert changed.condition == (0, 1)
        assert changed.wires[-1] == 2
    assert inverse(gate("unitary", 1, data=np.diag([1, 1j]), condition=(0, 0))).condition == (0, 0)


@given(st.lists(st.sampled_from(sorted(EVERY)), min_size=1, max_size=6), st.randoms())
def test_a_circuit_and_its_inverse_are_the_identity(names, random):
    gates = [EVERY[name] for name in names]
    gates = [item._replace(wires=tuple(random.sample(range(3), len(item.wires)))) for item in gates]
    circuit = build_circuit(gates, 3)
    both = circuit + inverse(circuit)
    np.testing.assert_allclose(unitary(both, {}), np.eye(8), atol=1e-12)
    assert circuit_size(both)["gates"] == 2 * len(names)


def test_large_powers_of_permutations_are_exact():
    step = gate("permutation", 0, 1, 2, data=[1, 2, 3, 4, 5, 6, 7, 0])
    assert power(step, 2**40 + 3).data == power(step, 3).data
    assert power(step, -3).data == power(step, 5).data


def test_large_gates_are_never_made_dense():
    diagonal = gate("diagonal", *range(16), angle=0.1, data=np.arange(2.0**16))
    string = gate("evolution", *range(20), angle=0.1, data="IZ" * 10)
    assert structure(diagonal) == structure(string) == "diagonal"
    assert structure(gate("evolution", *range(30), angle=0.1, data="X" * 30)) == "matrix"
    assert generator_diagonal(string).sum() == 0
    assert generator_diagonal(controlled(diagonal, 16)).shape == (2**17,)
    assert controlled(gate("permutation", *range(14), data=np.arange(2**14)), 14).wires[0] == 14
    for item in (diagonal, string):
        with pytest.raises(ValueError, match=r"at most 12 wires, but it has (16|20)"):
            definition(item)


@pytest.mark.parametrize(
    "item",
    [gate("reset", 0), gate("kraus", 0, data=[np.eye(2)]), gate("amplitudes", 0, data=[1, 0])],
    ids=lambda item: item.name,
)
def test_what_is_not_unitary_is_refused(item):
    for function in (definition, structure, inverse, host_matrix):
        with pytest.raises(ValueError, match=f"{item.name!r} is not unitary, so it has no"):
            function(item)
    for function in (power, controlled):
        with pytest.raises(ValueError, match=f"{item.name!r} is not unitary, so it has no"):
            function(item, 2)


def test_wrong_controls_and_exponents_are_refused():
    with pytest.raises(ValueError, match="at least one qubit"):
        controlled(gate("x", 0))
    for controls in [(0,), (1, 1)]:
        with pytest.raises(ValueError, match=r"distinct qubits other than the gate's \(0,\)"):
            controlled(gate("x", 0), *controls)
    with pytest.raises(ValueError, match="`exponent` must be finite, but is nan"):
        power(gate("x", 0), float("nan"))
    with pytest.raises(ValueError, match="must have an angle to have frequencies"):
        frequencies(gate("x", 0))


def test_amplitudes_are_normalised_with_their_gradient():
    item = gate("amplitudes", 0, angle=("x", 1))
    entries = jnp.array([9.0, 3.0, 4.0])
    np.testing.assert_allclose(amplitude_vector(item, {"x": entries}), [0.6, 0.8], atol=1e-15)
    slope = jax.jacfwd(lambda x: amplitude_vector(item, {"x": x}).real)(entries)
    np.testing.assert_allclose(slope, [[0, 0.128, -0.096], [0, -0.096, 0.072]], atol=1e-15)


def test_precision_follows_jax():
    items = [EVERY[name] for name in ("unitary", "permutation", "diagonal", "evolution")]
    with jax.enable_x64(False):
        for item in items:
            made = definition(item).matrix(*([] if item.angle is None else [item.angle]))
            assert made.dtype == jnp.complex64
            np.testing.assert_allclose(made, own_matrix(item), atol=1e-6)
