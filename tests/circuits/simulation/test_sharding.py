"""States over several devices: four forced host devices in a process of their own."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.simulation.devices.layout import (
    Exchange,
    exchange,
    inverse_matrix,
    move,
    reachable,
    read_wires,
    settle,
    start_layout,
    to_bits,
    to_int,
)

PRELUDE = """
import re
import jax, jax.numpy as jnp, numpy as np
jax.config.update("jax_enable_x64", DOUBLE)
jax.config.update("jax_numpy_dtype_promotion", "strict")
from circuits import build_circuit, entangler, expectation, gate, pauli, rotation_layer, z
from circuits.dense import matrix, unitary
from circuits.gates.table import GATES
from circuits.simulation.devices.sharding import *

def random_circuit(n, seed, widest=3):
    rng = np.random.default_rng(seed)
    names = [name for name in GATES if GATES[name].n_wires <= widest]
    gates = []
    for name in rng.permutation(names).tolist():
        wires = rng.permutation(n)[: GATES[name].n_wires].tolist()
        turns = GATES[name].generator is not None
        slot = ("w", int(rng.integers(5)), float(rng.normal())) if turns else None
        gates.append(gate(name, *wires, angle=slot))
    return build_circuit(gates, n, {"w": 5}), {"w": jnp.asarray(rng.normal(size=5))}

def collectives(function, *arguments):
    text = jax.jit(function).lower(*arguments).compile().as_text()
    kinds = ("all-to-all", "collective-permute", "all-gather", "all-reduce")
    return [len(re.findall(rf"= [^=]*\\b{kind}(?:-start)?\\(", text)) for kind in kinds]

def ansatz(n, layers, kind, name):
    circuit = build_circuit([], n)
    for layer in range(layers):
        circuit += rotation_layer(n, ("ry", "rz"), offset=2 * n * layer)
        circuit += entangler(n, kind, name)
    angles = np.random.default_rng(1).normal(size=circuit.segments["weights"])
    return circuit, {"weights": jnp.asarray(angles)}

mesh = device_mesh()
assert mesh.size == 4
"""


@pytest.fixture
def four(root):
    """Run Python on four forced host devices; its asserts are the test."""

    def run(code: str, double: bool = True) -> str:
        environment = os.environ | {
            "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
            "JAX_PLATFORMS": "cpu",
            "JAX_COMPILATION_CACHE_DIR": str(root / ".cache" / "jax"),
        }
        text = PRELUDE.replace("DOUBLE", str(double)) + code
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=root, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


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
two = jax.make_mesh((2, 2), ("a", "b"))
assert "one axis" in message(build_circuit([gate("h", 0)], 6), mesh=two)
""")


WORKER = """
import sys
import jax, jax.numpy as jnp, numpy as np
jax.distributed.initialize("localhost:" + sys.argv[1], 2, int(sys.argv[2]))
from circuits import build_circuit, entangler, pauli, rotation_layer, z
from circuits.simulation.devices.sharding import device_mesh, sharded_expectation
circuit = rotation_layer(5) + entangler(5, "ring", "cx") + rotation_layer(5)
angles = {"weights": np.linspace(0, 2, 10)}
function = jax.jit(sharded_expectation(circuit, [z(0), pauli("XX", (0, 4))], device_mesh()))
assert jax.device_count() == 4 and jax.process_count() == 2
print(np.asarray(function(angles)).tolist())
"""


@pytest.mark.slow
def test_two_processes_form_one_mesh(root):
    import socket

    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, port, str(rank)],
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ended = [process.communicate(timeout=300) for process in started]
    assert all(process.returncode == 0 for process in started), ended
    from circuits import entangler, expectation, pauli, rotation_layer, z

    circuit = rotation_layer(5) + entangler(5, "ring", "cx") + rotation_layer(5)
    values = expectation(circuit, [z(0), pauli("XX", (0, 4))])({"weights": np.linspace(0, 2, 10)})
    for text, _ in ended:
        found = [float(part) for part in text.strip().splitlines()[-1].strip("[]").split(",")]
        np.testing.assert_allclose(found, values, atol=1e-5)


def contents(layout):
    """Basis state at every address, as numbers."""
    n = len(layout.zero)
    return [to_int(layout.matrix @ to_bits(y, n) % 2 ^ layout.zero) for y in range(2**n)]


@given(st.lists(st.tuples(st.integers(0, 3), st.permutations(range(5))), max_size=12))
def test_layouts_tell_where_every_basis_state_is(changes):
    """Carried out address by address, whatever moves, exchanges and shuffles come together."""
    n, d = 5, 2
    layout, where = start_layout(n, d), list(range(2**n))
    for kind, wires in changes:
        if kind == 0:
            layout = move(layout, wires[:2], np.array([1, 0, 2, 3]))  # CNOT, control 0
            bits = [to_bits(x, n) for x in where]
            for each in bits:
                each[wires[1]] ^= 1 - each[wires[0]]
            where = [to_int(each) for each in bits]
        elif kind == 1:
            swap = Exchange((0, 1), tuple(wire % 3 for wire in wires if wire < 3)[:2])
            order = np.arange(n)
            there = [d + place for place in swap.positions]
            order[[0, 1]], order[there] = order[there], order[[0, 1]]
            layout = exchange(layout, swap)
            where = [where[to_int(to_bits(y, n)[order])] for y in range(2**n)]
        elif kind == 2:
            layout, shuffle = settle(layout)
            if shuffle:
                parts = [each.array for each in shuffle.index]
                local = (parts[0][:, None] ^ parts[1]).reshape(-1)
                where = [
                    where[p << 3 | int(local[y] ^ parts[2][p])] for p in range(4) for y in range(8)
                ]
            assert settle(layout)[1] is None
        assert contents(layout) == where
    layout, _ = settle(layout)
    for wire, place in reachable(layout).items():
        flipped = inverse_matrix(layout)[:, wire]
        assert flipped.tolist() == [int(bit == d + place) for bit in range(n)]
    positions, base, device = read_wires(layout, (4, 0))
    for y, x in enumerate(contents(layout)):
        local = [to_bits(y, n)[d + place] for place in positions]
        number = base.array[to_int(local)] ^ device.array[y >> 3]
        assert number == 2 * (x & 1) + (x >> 4)


def test_moves_that_are_not_affine_are_refused():
    toffoli = np.array([0, 1, 2, 3, 4, 5, 7, 6])
    assert move(start_layout(4, 1), (0, 1, 2), toffoli) is None
