"""One mesh of the devices of two processes, connected by `jax.distributed`."""

import os
import subprocess
import sys

import numpy as np
import pytest

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
