import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import export

from circuits import (
    GATES,
    build_circuit,
    expectation,
    frequencies,
    gate,
    generated,
    matrix,
    pauli,
    probabilities,
    samples,
    state,
    structure,
    unitary,
    z,
)

FINITE = st.floats(-10, 10)


@st.composite
def circuits_and_angles(draw):
    """Up to 6 gates of any kind on 3 qubits, angles partly numbers and partly slots."""
    gates, values = [], []
    for name in draw(st.lists(st.sampled_from(sorted(GATES)), min_size=1, max_size=6)):
        wires = draw(st.permutations(range(3)))[: GATES[name].n_wires]
        angle = None
        if GATES[name].generator is not None:
            angle = draw(FINITE)
            if draw(st.booleans()):
                values.append(angle)
                angle = ("w", len(values) - 1)
        gates.append(gate(name, *wires, angle=angle))
    circuit = build_circuit(gates, n_qubits=3)
    return circuit, {"w": np.array(values)} if values else {}


@st.composite
def pauli_sums(draw):
    letters = st.text("IXYZ", min_size=3, max_size=3)
    terms = draw(st.lists(st.tuples(letters, FINITE), min_size=1, max_size=4))
    return sum(pauli(letters, (0, 1, 2), value) for letters, value in terms)


@given(circuits_and_angles())
def test_the_state_is_the_first_column_of_the_dense_unitary(case):
    circuit, angles = case
    psi = state(circuit)(angles)
    assert psi.shape == (2, 2, 2)
    np.testing.assert_allclose(psi.ravel(), unitary(circuit, angles)[:, 0], atol=1e-12)


@given(circuits_and_angles(), pauli_sums())
def test_expectation_values_are_those_of_dense_matrices(case, observable):
    circuit, angles = case
    psi = unitary(circuit, angles)[:, 0]
    dense = (psi.conj() @ matrix(observable, 3) @ psi).real
    np.testing.assert_allclose(expectation(circuit, observable)(angles), [dense], atol=1e-11)
    np.testing.assert_allclose(probabilities(circuit)(angles), np.abs(psi) ** 2, atol=1e-12)


def test_the_state_of_a_rotation_has_its_closed_form():
    circuit = build_circuit(
        [gate("ry", 0, angle=("w", 0)), gate("cx", 0, 1), gate("p", 1, angle=("w", 1))]
    )
    angle, phase = 0.8, 1.9
    psi = jax.jit(state(circuit))({"w": jnp.array([angle, phase])})
    expected = np.zeros((2, 2), complex)
    expected[0, 0], expected[1, 1] = np.cos(angle / 2), np.exp(1j * phase) * np.sin(angle / 2)
    np.testing.assert_allclose(psi, expected, atol=1e-15)


def test_the_leftmost_axis_is_qubit_0():
    psi = state(build_circuit([gate("x", 0)], n_qubits=3))({})
    assert psi[1, 0, 0] == 1
    assert probabilities(build_circuit([gate("x", 0)], n_qubits=3))({})[0b100] == 1


def test_states_that_no_memory_holds_are_refused():
    with pytest.raises(ValueError, match="at most 31 qubits, but the circuit has 60"):
        state(build_circuit([gate("h", 59)]))


@pytest.fixture(scope="module")
def layered():
    """Three qubits, data and weights mixed, every derivative different from zero."""
    gates = [gate("ry", wire, angle=0.4 + wire) for wire in range(3)]
    gates += [gate("rx", wire, angle=("inputs", wire)) for wire in range(3)]
    gates += [gate("ryy", 0, 1, angle=("weights", 0)), gate("crx", 1, 2, angle=("weights", 1))]
    gates += [gate("ry", 2, angle=("weights", 2)), gate("cp", 2, 0, angle=("weights", 3))]
    gates += [gate("rz", 0, angle=("weights", 0)), gate("sx", 0)]
    return build_circuit(gates)


@pytest.fixture(scope="module")
def angles():
    rng = np.random.default_rng(5)
    return {"inputs": rng.uniform(-2, 2, (4, 3)), "weights": rng.uniform(-2, 2, 4)}


OBSERVABLES = (z(0) + 0.5 * pauli("XY", (1, 2)), pauli("YZ", (0, 2)) + 0.25)


def test_vmap_leaves_unbatched_segments_alone(layered, angles):
    values = jax.vmap(expectation(layered, OBSERVABLES), ({"inputs": 0, "weights": None},))(angles)
    assert values.shape == (4, 2)
    for row, inputs in zip(values, angles["inputs"], strict=True):
        psi = unitary(layered, angles | {"inputs": inputs})[:, 0]
        dense = [(psi.conj() @ matrix(each, 3) @ psi).real for each in OBSERVABLES]
        np.testing.assert_allclose(row, dense, atol=1e-13)


def test_equal_circuits_may_list_their_segments_in_another_order():
    gates = [gate("rx", 0, angle=("w", 0)), gate("rx", 1, angle=("x", 0))]
    first, angles = build_circuit(gates), {"w": np.array([0.0]), "x": np.array([np.pi])}
    second = build_circuit([], 2, {"x": 1, "w": 1}) + first
    assert first == second
    for circuit in (first, second):
        np.testing.assert_allclose(probabilities(circuit)(angles), [0, 1, 0, 0], atol=1e-12)


def test_what_is_wrong_with_one_sample_stays_with_it():
    observables = [z(0), pauli("X", 0)]
    values = jax.vmap(expectation(build_circuit([gate("ry", 0, angle=("w", 0))]), observables))
    found = jax.jit(values)({"w": np.array([[np.nan], [0.3]])})
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [np.cos(0.3), np.sin(0.3)], atol=1e-12)


def test_an_empty_batch_has_empty_values():
    values = jax.vmap(expectation(build_circuit([gate("ry", 0, angle=("w", 0))]), [z(0), z(0)]))
    assert values({"w": np.zeros((0, 1))}).shape == (0, 2)
    slope = jax.grad(lambda angles: values(angles).sum())
    assert slope({"w": np.zeros((0, 1))})["w"].shape == (0, 1)


@pytest.mark.parametrize("batch", [1, 40])
def test_generators_may_be_tiny(batch):
    tiny = generated(1e-13 * (pauli_x := np.array([[0, 1], [1, 0]])), 0, ("w", 0, 1e13))
    values = jax.vmap(expectation(build_circuit([tiny]), z(0)))
    angles = np.linspace(0.3, 1, batch)[:, None]
    np.testing.assert_allclose(values({"w": angles}), np.cos(2 * angles), atol=1e-9)
    np.testing.assert_allclose(frequencies(tiny), [2e-13], rtol=1e-9)
    assert structure(tiny) == structure(generated(pauli_x, 0, 1.0)) == "matrix"


def test_the_gradient_of_a_rotation_has_its_closed_form():
    circuit = build_circuit([gate("ry", 0, angle=("a", 0)), gate("rx", 0, angle=("b", 0))])
    a, b = 0.7, -1.1
    slopes = jax.jacrev(expectation(circuit, [z(0), pauli("X", 0)]))(
        {"a": jnp.array([a]), "b": jnp.array([b])}
    )
    np.testing.assert_allclose(slopes["a"].ravel(), [-np.sin(a) * np.cos(b), np.cos(a)], atol=1e-15)
    np.testing.assert_allclose(slopes["b"].ravel(), [-np.cos(a) * np.sin(b), 0], atol=1e-15)


def test_the_gradient_is_the_parameter_shift(layered, angles):
    one = {"inputs": jnp.array(angles["inputs"][0]), "weights": jnp.array(angles["weights"])}
    values = jax.jit(expectation(layered, OBSERVABLES))
    slope = jax.jit(jax.jacrev(expectation(layered, OBSERVABLES)))(one)["inputs"]
    for index in range(3):
        shifted = [one["inputs"].at[index].add(sign * jnp.pi / 2) for sign in (1, -1)]
        plus, minus = (values(one | {"inputs": inputs}) for inputs in shifted)
        np.testing.assert_allclose(slope[:, index], (plus - minus) / 2, atol=1e-13)


def test_forward_and_reverse_derivatives_agree_also_for_shared_slots(layered, angles):
    one = {"inputs": jnp.array(angles["inputs"][0]), "weights": jnp.array(angles["weights"])}
    function = expectation(layered, OBSERVABLES)
    forward, reverse = jax.jit(jax.jacfwd(function))(one), jax.jit(jax.jacrev(function))(one)
    for name in one:
        assert np.all(np.abs(reverse[name]).max(axis=0) > 1e-3)
        np.testing.assert_allclose(forward[name], reverse[name], atol=1e-13)


def test_single_precision_is_single_all_through(layered, angles):
    one = angles | {"inputs": angles["inputs"][0]}
    double = expectation(layered, OBSERVABLES)(one)
    with jax.enable_x64(False):
        assert state(layered)(one).dtype == jnp.complex64
        single = expectation(layered, OBSERVABLES)(one)
    assert (single.dtype, double.dtype) == (jnp.float32, jnp.float64)
    np.testing.assert_allclose(single, double, atol=2e-6)


def test_everything_compiled_exports_to_cuda(layered, angles):
    axes = {"inputs": 0, "weights": None}
    loss = expectation(layered, OBSERVABLES)
    programs = {
        "expectation": jax.jit(jax.vmap(loss, (axes,))),
        "gradient": jax.jit(jax.vmap(jax.grad(lambda one: loss(one).sum()), (axes,))),
        "samples": jax.jit(
            jax.vmap(lambda one: samples(layered, 8)(one, jax.random.key(0)), (axes,))
        ),
    }
    for name, program in programs.items():
        exported = export.export(program, platforms=["cuda"])(angles)
        assert exported.platforms == ("cuda",), name


def test_runs_unchanged_with_the_batch_spread_over_four_devices(root):
    script = """
        import jax, numpy as np
        from jax.sharding import Mesh, NamedSharding, PartitionSpec
        from circuits import expectation, reuploading, z
        assert jax.device_count() == 4
        circuit = reuploading(n_qubits=2, n_layers=1, n_inputs=2)
        rows = NamedSharding(Mesh(np.array(jax.devices()), ("rows",)), PartitionSpec("rows"))
        rng = np.random.default_rng(0)
        x, weights = rng.normal(size=(8, 2)), rng.normal(size=circuit.segments["weights"])
        program = jax.jit(jax.vmap(expectation(circuit, z(0)), ({"inputs": 0, "weights": None},)))
        spread = program({"inputs": jax.device_put(x, rows), "weights": weights})
        assert len(spread.sharding.device_set) == 4
        np.testing.assert_allclose(spread, program({"inputs": x, "weights": weights}), atol=1e-6)
        print("equal")
    """
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={"PATH": "", "PYTHONPATH": str(root), **flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "equal\n", done.stderr
