"""Four forced host devices in a process of their own."""

import os
import subprocess
import sys

import pytest

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
