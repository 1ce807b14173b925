import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import GATES, build_circuit, gate, matrix, pauli, z
from circuits.dense import density
from circuits.noise import (
    NoiseModel,
    add_noise,
    amplitude_damping,
    channel,
    depolarizing,
    phase_damping,
    thermal_relaxation,
)
from circuits.simulation.open_systems import density as module
from circuits.simulation.open_systems.density import (
    density_expectation,
    density_matrix,
    density_probabilities,
)
from circuits.simulation.open_systems.open_program import make_open_program

OBSERVABLES = (z(0), 0.7 * pauli("XY", (0, 2)) - 1.3 * pauli("YZ", (1, 0)) + 0.4, pauli("", ()))


def random_circuit(seed, n_qubits=3, length=14):
    """Gates of all kinds in random order, with feed-forward on three classical bits."""
    rng = np.random.default_rng(seed)
    gates = []
    for _ in range(length):
        kind = rng.choice(["named", "named", "noise", "data", "measure", "reset"])
        gates.append(_random_gate(str(kind), rng, n_qubits))
    return build_circuit(gates, n_qubits, {"w": 4, "x": 4})


def _random_gate(kind, rng, n_qubits):
    wires = tuple(int(wire) for wire in rng.permutation(n_qubits))
    angle = [("w", int(rng.integers(4)), -0.5), ("x", int(rng.integers(4))), 0.3][rng.integers(3)]
    condition = (int(rng.integers(3)), int(rng.integers(2))) if rng.random() < 0.4 else None
    if kind == "named":
        name = str(rng.choice(list(GATES)))
        turned = angle if GATES[name].generator is not None else None
        return gate(name, *wires[: GATES[name].n_wires], angle=turned, condition=condition)
    if kind == "noise":
        return [
            amplitude_damping(0.3, wires[0]),
            depolarizing(0.2, wires[0], wires[1]),
            thermal_relaxation(50.0, 40.0, 20.0, wires[1], excited=0.2),
        ][rng.integers(3)]
    if kind == "data":
        return [
            gate("evolution", *wires[:2], angle=angle, data="XY", condition=condition),
            gate("diagonal", *wires[:2], angle=angle, data=rng.normal(size=4)),
            gate("permutation", *wires, data=rng.permutation(8), condition=condition),
        ][rng.integers(3)]
    if kind == "measure":
        return gate("measure", wires[0], data=int(rng.integers(3)))
    return gate("reset", wires[0])


def random_angles(seed):
    rng = np.random.default_rng(seed)
    return {"w": rng.normal(size=4), "x": rng.normal(size=4)}


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_random_circuits_have_the_dense_density_matrix(seed):
    circuit, angles = random_circuit(seed), random_angles(seed)
    expected = density(circuit, angles)
    np.testing.assert_allclose(density_matrix(circuit)(angles), expected, atol=1e-12)


@pytest.mark.parametrize("seed", [1, 2])
def test_values_and_probabilities_are_those_of_the_density_matrix(seed):
    circuit, angles = random_circuit(seed), random_angles(seed)
    expected = density(circuit, angles)
    values = density_expectation(circuit, OBSERVABLES)(angles)
    traces = [np.trace(expected @ matrix(item, 3)).real for item in OBSERVABLES]
    np.testing.assert_allclose(values, traces, atol=1e-12)
    chances = density_probabilities(circuit)(angles)
    np.testing.assert_allclose(chances, expected.diagonal().real, atol=1e-12)


@pytest.mark.parametrize("name", list(GATES))
@pytest.mark.parametrize("condition", [None, (0, 1)])
def test_every_gate_has_its_transfer_matrix(name, condition):
    angle = ("w", 0) if GATES[name].generator is not None else None
    start = [gate("ry", q, angle=0.4 + q) for q in range(3)] + [gate("rx", 1, angle=0.7)]
    start += [gate("cx", 1, 3), gate("ry", 3, angle=0.2), gate("measure", 3, data=0)]
    acted = gate(name, *(2, 0, 1)[: GATES[name].n_wires], angle=angle, condition=condition)
    circuit = build_circuit([*start, acted], 4, {"w": 1})
    angles = {"w": np.array([0.9])}
    np.testing.assert_allclose(
        density_matrix(circuit)(angles), density(circuit, angles), atol=1e-13
    )


def wide_gates():
    """Gates on four wires, for which no transfer matrix is made."""
    rng = np.random.default_rng(5)
    hermitian = rng.normal(size=(16, 16))
    flip = np.sqrt(0.5) * np.eye(16)
    return {
        "diagonal": gate("diagonal", 2, 0, 3, 1, angle=("w", 0), data=rng.normal(size=16)),
        "permutation": gate("permutation", 2, 0, 3, 1, data=rng.permutation(16)),
        "generated": gate("generated", 3, 1, 2, 0, angle=("w", 0), data=hermitian + hermitian.T),
        "condition": gate("evolution", 2, 0, 3, 1, angle=("w", 0), data="XYZX", condition=(0, 1)),
        "kraus": channel([flip, flip[::-1]], 3, 0, 1, 2),
    }


@pytest.mark.parametrize("name", list(wide_gates()))
@pytest.mark.parametrize("batched", [False, True])
def test_gates_on_many_wires_act_in_the_computational_basis(name, batched):
    gates = [gate("ry", q, angle=0.3 + q) for q in range(4)] + [gate("cx", 0, 1), gate("s", 0)]
    gates += [gate("measure", 1, data=0), wide_gates()[name], amplitude_damping(0.2, 2)]
    circuit = build_circuit(gates, 4, {"w": 1})
    rows = np.array([[0.4], [1.3]])
    expected = [density(circuit, {"w": row}) for row in rows]
    function = density_matrix(circuit)
    if batched:
        values = jax.vmap(function)({"w": rows})
        np.testing.assert_allclose(values, expected, atol=1e-13)
    else:
        np.testing.assert_allclose(function({"w": rows[0]}), expected[0], atol=1e-13)


@pytest.mark.parametrize("wires", [(0, 1, 2), (2, 0), (1,)])
def test_amplitudes_start_a_state(wires):
    size = 2 ** len(wires)
    gates = [gate("h", 0)] if 0 not in wires else []
    gates += [gate("amplitudes", *wires, angle=("w", 0)), gate("cx", 0, 1), depolarizing(0.1, 0)]
    circuit = build_circuit(gates, 3)
    rows = np.random.default_rng(1).normal(size=(4, size))
    expected = [density(circuit, {"w": row}) for row in rows]
    np.testing.assert_allclose(jax.vmap(density_matrix(circuit))({"w": rows}), expected, atol=1e-13)


def test_amplitudes_may_follow_a_reset_and_nothing_else():
    prepared = gate("amplitudes", 0, 1, data=np.array([0.6, 0, 0, 0.8j]))
    noisy = [gate("h", 0), gate("cx", 0, 2), gate("reset", 0)]
    circuit = build_circuit([*noisy, prepared])
    np.testing.assert_allclose(density_matrix(circuit)({}), density(circuit, {}), atol=1e-13)
    with pytest.raises(ValueError, match=r"prepares wires \(0, 1\), which must be in \|0>"):
        density_matrix(build_circuit([gate("h", 0), prepared]))


def layered(n_qubits, n_layers, reupload):
    gates = []
    for layer in range(n_layers):
        for q in range(n_qubits):
            at = layer * n_qubits + q
            if reupload or layer == 0:
                gates.append(gate("rx", q, angle=("x", q)))
            gates += [gate("ry", q, angle=("w", at)), amplitude_damping(0.05, q)]
        for q in range(n_qubits):
            other = (q + 1) % n_qubits
            gates += [gate("cx", q, other), depolarizing(0.03, q, other)]
    return build_circuit(gates)


@pytest.mark.parametrize("reupload", [False, True])
@pytest.mark.parametrize("chunk", [2**19, 2**8])
def test_batches_equal_single_evaluations_and_so_do_gradients(reupload, chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    circuit = layered(3, 4 if chunk > 1000 else 5, reupload)
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 3)), rng.normal(size=circuit.segments["w"])
    one = jax.jit(density_expectation(circuit, OBSERVABLES))
    many = jax.jit(jax.vmap(one, in_axes=({"x": 0, "w": None},)))
    expected = np.stack([one({"x": row, "w": w}) for row in x])
    np.testing.assert_allclose(many({"x": x, "w": w}), expected, atol=1e-13)
    both = jax.jit(jax.vmap(one))({"x": x, "w": np.tile(w, (4, 1))})
    np.testing.assert_allclose(both, expected, atol=1e-13)
    weights = rng.normal(size=(4, len(OBSERVABLES)))

    def total(w, x):
        return jnp.sum(weights * many({"x": x, "w": w}))

    found = jax.jit(jax.grad(total, (0, 1)))(w, x)
    gradient = jax.jit(jax.grad(lambda w, x, row: jnp.sum(row * one({"x": x, "w": w})), (0, 1)))
    single = [gradient(w, each, row) for row, each in zip(weights, x, strict=True)]
    np.testing.assert_allclose(found[0], sum(each[0] for each in single), atol=1e-12)
    np.testing.assert_allclose(found[1], np.stack([each[1] for each in single]), atol=1e-12)
    step = 1e-5 * np.eye(len(w))[3]
    slope = (total(w + step, x) - total(w - step, x)) / 2e-5
    np.testing.assert_allclose(found[0][3], slope, atol=1e-8)


def test_forward_derivatives_and_second_ones_agree_with_reverse():
    circuit = layered(2, 3, reupload=True)
    energy = density_expectation(circuit, pauli("XZ", (0, 1)))
    x, w = np.array([0.3, -0.4]), np.linspace(0, 1, circuit.segments["w"])

    def slope(w):
        return jax.grad(lambda w: energy({"x": x, "w": w})[0])(w)

    forward = jax.jacfwd(lambda w: energy({"x": x, "w": w})[0])(w)
    np.testing.assert_allclose(forward, slope(w), atol=1e-13)
    along = np.linspace(1, 2, len(w))
    second = jax.jvp(slope, (w,), (along,))[1]
    finite = (slope(w + 1e-5 * along) - slope(w - 1e-5 * along)) / 2e-5
    np.testing.assert_allclose(second, finite, atol=1e-8)


def test_segments_that_no_gate_reads_may_hold_a_batch():
    circuit = build_circuit([gate("h", 0), phase_damping(0.5, 0)], segments={"unused": 2})
    values = jax.vmap(density_expectation(circuit, [z(0)]))({"unused": np.ones((3, 2))})
    assert values.shape == (3, 1)
    assert jax.vmap(density_matrix(circuit))({"unused": np.ones((3, 2))}).shape == (3, 2, 2)


def test_single_precision_holds_without_x64():
    circuit = layered(3, 4, reupload=False)
    angles = {"x": np.ones(3), "w": np.linspace(-1, 1, circuit.segments["w"])}
    expected = density(circuit, angles)
    with jax.enable_x64(False):
        found = density_matrix(circuit)(angles)
        assert found.dtype == np.complex64
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_depth_is_compiled_once():
    shallow, deep = (make_open_program(layered(4, depth, reupload=False)) for depth in (5, 50))
    assert len(shallow.before) + len(shallow.after) == len(deep.before) + len(deep.after)
    assert len(deep.repeats) == len(shallow.repeats) + 45


def test_long_runs_on_one_wire_repeat_short_blocks():
    run = build_circuit(3200 * [gate("rx", 0, angle=("w", 0)), amplitude_damping(1e-4, 0)])
    program = make_open_program(run)
    assert len(program.repeats) * len(program.repeats[0]) > 190
    assert max(len(block.gates) for block in program.rest) == 32


def test_bits_that_are_read_no_more_make_room_for_others():
    rounds = [
        each
        for bit in range(20)
        for each in (
            gate("h", 0),
            gate("measure", 0, data=bit),
            gate("x", 1, condition=(bit, 1)),
            gate("reset", 0),
        )
    ]
    circuit = build_circuit(rounds)
    assert make_open_program(circuit).n_bits == 1
    # Each round flips the second qubit with probability 1/2.
    np.testing.assert_allclose(density_expectation(circuit, z(1))({}), [0], atol=1e-14)


def test_t1_decay_and_t2_dephasing_have_their_closed_forms():
    t1, t2, time = 50.0, 30.0, 4.0
    waits = [thermal_relaxation(t1, t2, time, 0)] * 10
    excited = build_circuit([gate("x", 0), *waits])
    plus = build_circuit([gate("h", 0), *waits])
    decay = density_expectation(excited, z(0))({})
    np.testing.assert_allclose(decay, [1 - 2 * np.exp(-10 * time / t1)], atol=1e-13)
    coherence = density_expectation(plus, pauli("X", 0))({})
    np.testing.assert_allclose(coherence, [np.exp(-10 * time / t2)], atol=1e-13)


def test_a_depolarised_bell_pair_is_a_werner_state():
    circuit = build_circuit([gate("h", 0), gate("cx", 0, 1), depolarizing(0.3, 0, 1)])
    values = density_expectation(circuit, [pauli(p, (0, 1)) for p in ("XX", "YY", "ZZ", "ZI")])({})
    np.testing.assert_allclose(values, [0.7, -0.7, 0.7, 0], atol=1e-14)


def test_teleportation_by_feed_forward_is_exact():
    gates = [gate("ry", 0, angle=("w", 0)), gate("h", 1), gate("cx", 1, 2)]
    gates += [gate("cx", 0, 1), gate("h", 0), gate("measure", 0, data=0)]
    gates += [gate("measure", 1, data=1)]
    gates += [gate("x", 2, condition=(1, 1)), gate("z", 2, condition=(0, 1))]
    values = density_expectation(build_circuit(gates), [z(2), pauli("X", 2)])(
        {"w": np.array([0.7])}
    )
    np.testing.assert_allclose(values, [np.cos(0.7), np.sin(0.7)], atol=1e-14)


def test_what_does_not_fit_is_refused_with_bytes_and_another_method(monkeypatch):
    monkeypatch.setattr(module, "device_memory", lambda: 2**20)
    density_matrix(build_circuit([gate("h", 0)], 7))
    with pytest.raises(ValueError, match=r"9 qubits .* takes 0.00419 GB .* `Trajectories`"):
        density_matrix(build_circuit([gate("h", 0)], 9))


def test_wrong_angles_and_observables_are_refused():
    circuit = layered(2, 1, reupload=False)
    with pytest.raises(ValueError, match="acts on wire 2"):
        density_expectation(circuit, z(2))
    with pytest.raises(ValueError, match="'x' must have shape"):
        density_matrix(circuit)({"x": np.ones(3), "w": np.ones(2)})


def test_single_precision_holds_for_batches_of_gates_on_two_wires():
    """Compiled in single precision, XLA for CPUs once made matrices of such blocks wrong."""
    wires = [(1, 0), (0, 1), (1, 2), (2, 0)]
    names = ["ryy", "rzx", "crx", "xx_plus_yy"]
    gates = [gate("ry", q, angle=0.3 + q) for q in range(3)]
    for at, (name, pair) in enumerate(zip(names, wires, strict=True)):
        gates += [gate(name, *pair, angle=("x", at % 3)), gate("rzx", *pair, angle=-2.4)]
        gates += [gate("h", pair[0])]
    circuit = build_circuit(gates)
    rows = np.random.default_rng(0).normal(size=(3, 3))
    expected = [density(circuit, {"x": row}) for row in rows]
    with jax.enable_x64(False):
        found = jax.vmap(density_matrix(circuit))({"x": rows})
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_single_precision_batches_equal_double_ones():
    """A block of several gates, wide batches: what XLA got wrong where it fused their product."""
    gates = [
        gate("rz", 1, angle=("x", 1)),
        gate("cry", 0, 1, angle=("w", 0)),
        gate("cx", 1, 0),
        gate("rx", 1, angle=("x", 0)),
        gate("rx", 1, angle=("x", 0)),
    ]
    model = NoiseModel(one=(amplitude_damping(0.01, 0),), two=(depolarizing(0.02, 0, 1),))
    values = density_expectation(add_noise(build_circuit(gates), model), [z(0), z(1)])
    rng = np.random.default_rng(0)
    x, w = rng.uniform(-4, 4, (100, 2)), rng.uniform(-4, 4, 1)
    found = {}
    for x64 in (False, True):
        with jax.enable_x64(x64):
            run = jax.jit(jax.vmap(values, ({"x": 0, "w": None},)))
            real = jnp.result_type(float)
            found[x64] = run({"x": jnp.asarray(x, real), "w": jnp.asarray(w, real)})
    np.testing.assert_allclose(found[False], found[True], atol=2e-6)
