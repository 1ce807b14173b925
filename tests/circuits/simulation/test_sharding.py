"""States over several devices: four forced host devices in a process of their own."""

import pytest


@pytest.mark.parametrize(("n", "widest"), [(4, 2), (6, 3)])
def test_every_named_gate_agrees_with_the_dense_matrix(four, n, widest):
    four(f"""
circuit, angles = random_circuit({n}, seed={n}, widest={widest})
expected = unitary(circuit, angles)[:, 0]
psi = jax.jit(sharded_state(circuit, mesh))(angles)
assert psi.dtype == jnp.complex128 and len(psi.sharding.device_set) == 4
assert abs(psi - expected).max() < 1e-12
""")


def test_pauli_sums_on_all_qubits_and_their_gradient(four):
    four("""
circuit, angles = random_circuit(5, seed=0)
circuit = build_circuit(circuit.gates[:24], 5, {"w": 5})
observables = [
    pauli("XYZ", (0, 1, 4)) + 0.5 * pauli("XX", (0, 2)),
    2.0 * pauli("YY", (0, 3)) + 0.3 * z(1) + 0.2 * pauli("", ()),
    pauli("XXXXX", range(5)) + pauli("YYYYY", range(5)) + z(0),
]
weights = jnp.array([1.0, 0.5, -0.7])
ours = lambda given: sharded_expectation(circuit, observables, mesh)(given)
psi = unitary(circuit, angles)[:, 0]
dense = [(psi.conj() @ matrix(each, 5) @ psi).real for each in observables]
values, gradient = jax.jit(lambda a: (ours(a), jax.vjp(ours, a)[1](weights)[0]["w"]))(angles)
assert abs(values - np.array(dense)).max() < 1e-12
step, forward = 1e-5, jax.jit(lambda a: ours(a) @ weights)
shift = lambda at, by: {"w": angles["w"].at[at].add(by)}
slopes = [(forward(shift(q, step)) - forward(shift(q, -step))) / (2 * step) for q in range(5)]
assert abs(np.array(slopes)).max() > 1e-3
assert abs(gradient - np.array(slopes)).max() < 1e-8
""")


def test_gates_with_data_and_prepared_amplitudes(four):
    four("""
from circuits.gates.definitions import amplitude_vector
from circuits.operations import *
rng = np.random.default_rng(3)
random = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
hermitian = random + random.conj().T
circuit = build_circuit([
    amplitudes(rng.normal(size=4) + 1j * rng.normal(size=4), (2, 0)),
    amplitudes_from("x", (1, 4)),
    unitary_gate(random, (3, 0)),
    generated(hermitian, (0, 1), ("w", 0)),
    diagonal(rng.normal(size=32), (3, 1, 0, 4, 2), ("w", 1)),
    permutation(rng.permutation(8), (1, 5, 0)),
    *evolution(0.5 * pauli("XYZ", (0, 2, 4)), ("w", 0)),
    gate("cx", 5, 0), gate("x", 1), gate("cx", 1, 2), gate("rzz", 0, 1, angle=("w", 1)),
    gate("h", 0),
])
angles = {"x": jnp.asarray(rng.normal(size=4)), "w": jnp.asarray(rng.normal(size=2))}
ours = sharded_state(circuit, mesh)
start = sharded_state(build_circuit(circuit.gates[:2], 6), mesh)
first = np.asarray(jax.jit(start)({"x": angles["x"]}))
rest = unitary(build_circuit(circuit.gates[2:], 6), {"w": angles["w"]})
assert abs(np.linalg.norm(first) - 1) < 1e-12
assert abs(jax.jit(ours)(angles) - rest @ first).max() < 1e-12
vector = amplitude_vector(circuit.gates[0], {})
entries = np.outer(vector, np.asarray(angles["x"]) / np.linalg.norm(angles["x"]))
cube = np.zeros((2,) * 6, complex)
cube[:, :, :, 0, :, 0] = entries.reshape((2,) * 4).transpose(1, 2, 0, 3)
assert abs(first - cube.ravel()).max() < 1e-12
""")


def test_driven_gates_and_blocks_whose_qubits_interleave(four):
    # On four devices the last two gates meet on local bits (0, 2) and (1, 3).
    four("""
from circuits.operations import driven
rng = np.random.default_rng(5)
rest = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
zx = np.kron(np.diag([1, -1]), [[0, 1], [1, 0]])
flip = np.array([[0, 1], [1, 0]])
circuit = build_circuit([
    driven(flip, np.diag([0.3, -0.3]), 0, ("w", 0)),
    driven(zx, rest + rest.conj().T, (1, 5), ("w", 1)),
    gate("ch", 0, 1),
    driven(zx, rest + rest.conj().T, (5, 3), ("w", 2)),
], 6)
w = rng.normal(size=3)
observable = z(1) + 0.5 * pauli("XY", (3, 5))
ours = sharded_expectation(circuit, observable, mesh)
value, slopes = jax.jit(jax.value_and_grad(lambda w: ours({"w": w})[0]))(jnp.asarray(w))
def dense(w):
    psi = unitary(circuit, {"w": w})[:, 0]
    return (psi.conj() @ matrix(observable, 6) @ psi).real
assert abs(value - dense(w)) < 1e-12
step = 1e-5 * np.eye(3)
expected = [(dense(w + each) - dense(w - each)) / 2e-5 for each in step]
assert abs(np.array(expected)).min() > 1e-3
assert abs(slopes - np.array(expected)).max() < 1e-8
""")


def test_a_layer_costs_one_all_to_all_at_most(four):
    # Counted in the compiled program; three layers of each, no repeat so that all are in the text.
    four("""
for kind, name in (("ring", "cz"), ("ring", "cx"), ("chain", "cx")):
    circuit, angles = ansatz(8, 3, kind, name)
    for gates in (circuit, build_circuit([gate("h", 0), *circuit.gates], 8)):
        found = collectives(sharded_expectation(gates, [z(q) for q in range(8)], mesh), angles)
        assert 1 <= found[0] <= 3, (kind, name, found)
        assert found[1:] == [0, 0, 1], (kind, name, found)
""")


def test_gradients_equal_those_of_one_device(four):
    four("""
circuit, angles = ansatz(4, 2, "ring", "cx")
observables = [z(0), pauli("XX", (0, 3)), pauli("ZY", (1, 2))]
total = lambda f: jax.jit(jax.grad(lambda a: f(a).sum()))(angles)["weights"]
ours = total(sharded_expectation(circuit, observables, mesh))
assert abs(ours - total(expectation(circuit, observables))).max() < 1e-12
state = sharded_state(circuit, mesh)
weight = jnp.asarray(np.random.default_rng(0).normal(size=16))
ours = total(lambda a: abs(state(a)) ** 2 * weight)
projected = lambda a: jnp.abs(one_state(circuit)(a).ravel()) ** 2 * weight
from circuits.simulation.statevector import state as one_state
assert abs(ours - total(projected)).max() < 1e-12
""")


def test_derivatives_of_either_mode_and_second_order_equal_those_of_one_device(four):
    # Where SMALLEST is as small as the circuit, everything runs in chunks.
    four("""
from circuits.simulation.devices import chunks
chunks.SMALLEST = 1
circuit = rotation_layer(4, ("ry",)) + entangler(4, "ring", "cx") + rotation_layer(4, ("ry",))
observable = z(0) + 0.4 * pauli("XX", (0, 3))
rng = np.random.default_rng(2)
angles, change = ({"weights": jnp.asarray(rng.normal(size=4))} for _ in range(2))
def derivatives(function):
    slope = jax.grad(lambda given: function(given)[0])
    def run(x, t):
        return *jax.jvp(function, (x,), (t,)), *jax.jvp(slope, (x,), (t,))
    return jax.jit(run)(angles, change)
ours = derivatives(sharded_expectation(circuit, observable, mesh))
theirs = derivatives(expectation(circuit, observable))
for left, right in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
    assert abs(right).max() > 0.01
    assert abs(np.asarray(left) - np.asarray(right)).max() < 1e-12
""")


def test_gradients_take_few_states_in_a_program_that_exports_to_cuda(four):
    four(
        """
n = 16
circuit, angles = ansatz(n, 1, "ring", "cx")
values = sharded_expectation(circuit, [z(q) for q in range(n)], mesh)
program = jax.jit(jax.grad(lambda a: values(a).sum()))
temporary = program.lower(angles).compile().memory_analysis().temp_size_in_bytes
assert temporary < 6 * 8 * 2 ** (n - 2), temporary / 8 / 2 ** (n - 2)
assert jax.export.export(program, platforms=["cuda"])(angles).platforms == ("cuda",)
""",
        double=False,
    )


def test_samples_and_marginals_have_the_probabilities_of_the_state(four):
    four("""
circuit, angles = ansatz(5, 1, "ring", "cx")
circuit += build_circuit([gate("ry", q, angle=("weights", q)) for q in range(5)], 5)
exact = abs(unitary(circuit, angles)[:, 0]) ** 2
wires, shots = (4, 0, 2), 4000
found = jax.jit(sharded_probabilities(circuit, wires, mesh))(angles)
table = np.asarray(exact).reshape((2,) * 5)
assert abs(found - np.einsum("abcde->eac", table).ravel()).max() < 1e-14
draw = jax.jit(sharded_samples(circuit, shots, mesh))
bits = draw(angles, jax.random.key(3))
assert bits.shape == (shots, 5) and bits.dtype == jnp.uint8
assert (bits == draw(angles, jax.random.key(3))).all()
assert (bits != draw(angles, jax.random.key(4))).any()
counts = np.bincount(np.asarray(bits) @ (1 << np.arange(4, -1, -1)), minlength=32)
error = np.sqrt(exact * (1 - exact) / shots)
assert (abs(counts / shots - exact) < 4.5 * error + 1 / shots).all()
found = collectives(sharded_samples(circuit, shots, mesh), angles, jax.random.key(3))
assert found[0] <= 2 and found[1:] == [0, 1, 1], found
exported = jax.export.export(draw, platforms=["cuda"])(angles, jax.random.key(3))
assert exported.platforms == ("cuda",)
# What has no weight is never drawn: a single basis state, then two of them on two devices.
for gates, strings in (([], {6}), ([gate("h", 0), gate("cx", 0, 4)], {6, 23})):
    flips = build_circuit([gate("x", 2), gate("x", 3), *gates], 5)
    bits = jax.jit(sharded_samples(flips, 200, mesh))({}, jax.random.key(0))
    assert set((np.asarray(bits) @ (1 << np.arange(4, -1, -1))).tolist()) == strings
""")


def test_deep_circuits_are_one_scan_and_agree_in_single_precision(four):
    four(
        """
from circuits.simulation.devices.routing import make_route
circuit, angles = ansatz(6, 12, "ring", "cz")
assert len(make_route(circuit, 2, False).repeats) > 1
observables = [z(q) for q in range(6)] + [pauli("XX", (0, 1))]
ours = jax.jit(sharded_expectation(circuit, observables, mesh))
values = ours(angles)
assert values.dtype == jnp.float32
psi = unitary(circuit, angles)[:, 0]
dense = np.array([(psi.conj() @ matrix(each, 6) @ psi).real for each in observables])
assert abs(values - dense).max() < 1e-5
total = lambda f: jax.jit(jax.grad(lambda a: f(a).sum()))(angles)["weights"]
assert abs(total(ours) - total(expectation(circuit, observables))).max() < 1e-5
""",
        double=False,
    )


def test_a_batch_over_devices_communicates_nothing(four):
    four("""
circuit, angles = ansatz(3, 1, "ring", "cx")
circuit = build_circuit([*(gate("rx", q, angle=("x", q)) for q in range(3)), *circuit.gates])
batch = {"x": jnp.asarray(np.random.default_rng(0).normal(size=(8, 3)))} | angles
values = expectation(circuit, [z(0), pauli("XX", (0, 2))])
spread = over_devices(values, mesh)
assert collectives(spread, batch) == [0, 0, 0, 0]
result = jax.jit(spread)(batch)
assert result.sharding.shard_shape(result.shape) == (2, 2)
one = jax.vmap(lambda x: values({"x": x} | angles))(batch["x"])
assert abs(np.asarray(result) - np.asarray(one)).max() < 1e-12
mean = lambda w: spread(batch | {"weights": w}).mean()
assert collectives(jax.grad(mean), angles["weights"])[:3] == [0, 0, 0]
alone = lambda w: jax.vmap(lambda x: values({"x": x, "weights": w}))(batch["x"]).mean()
change = jax.jit(jax.grad(mean))(angles["weights"]) - jax.jit(jax.grad(alone))(angles["weights"])
assert abs(change).max() < 1e-12
try:
    spread(batch | {"x": batch["x"][:6]})
except ValueError as error:
    assert "4 devices divide" in str(error)
else:
    raise AssertionError
""")


def test_what_does_not_fit_is_refused(four):
    four("""
def message(circuit, devices=4, mesh=None):
    try:
        sharded_state(circuit, mesh or device_mesh(jax.devices()[:devices]))
    except ValueError as error:
        return str(error)
assert "at least 3 qubits" in message(build_circuit([gate("ccx", 0, 1, 2)], 4))
assert "at least 2 qubits" in message(build_circuit([gate("h", 0)], 3))
assert "2**d devices" in message(build_circuit([gate("h", 0)], 6), devices=3)
assert "'reset'" in message(build_circuit([gate("reset", 0)], 6))
for call, word in (
    (lambda: sharded_samples(build_circuit([], 6), 0, mesh), "`shots`"),
    (lambda: sharded_probabilities(build_circuit([], 6), (0, 0), mesh), "`wires`"),
    (lambda: sharded_probabilities(build_circuit([], 6), (6,), mesh), "`wires`"),
):
    try:
        call()
    except ValueError as error:
        assert word in str(error)
    else:
        raise AssertionError
two = jax.make_mesh((2, 2), ("a", "b"))
assert "one axis" in message(build_circuit([gate("h", 0)], 6), mesh=two)
""")
