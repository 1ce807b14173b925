"""One state spread over several devices: 2**d of them hold 2**(n - d) amplitudes each.

The steps are those of `make_route`; every device runs the same ones on its part, by `shard_map`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from circuits.angles import Angles, real_angles
from circuits.circuit import Circuit
from circuits.gates.definitions import structure
from circuits.gates.gate_types import Gate, is_unitary
from circuits.observables import PauliSum, check_observables
from circuits.protocol import check_count
from circuits.simulation.devices.routing import make_route
from circuits.simulation.devices.sharded_execution import run_route
from circuits.simulation.devices.sharded_pauli import sharded_values
from circuits.simulation.devices.sharded_sampling import draw_bits, marginal


def device_mesh(devices: Sequence[Any] | None = None) -> Mesh:
    """Return the devices in one row, as `sharded_state` takes them: of all hosts, unless given.

    >>> device_mesh(jax.devices()[:1]).size
    1
    """
    return Mesh(np.array(jax.devices() if devices is None else devices), ("devices",))


def over_devices(
    function: Callable[[Angles], jax.Array], mesh: Mesh
) -> Callable[[Angles], jax.Array]:
    """Return the function of a batch of angles that gives each device its own samples.

    No device talks to another but for what is made of the results, such as a mean, and for the
    gradients of angles that all samples share. `jit` with shardings of the inputs alone would
    gather the whole batch where a native kernel runs. In a `shard_map` of your own,
    programs of circuits do not say over which devices their values vary: give it `check_vma=False`
    and take gradients outside of it, as JAX then does not add up those that devices share.

    Args:
        function: pure, of `{segment: (size,)}`, such as `expectation` returns.
        mesh: D devices on one axis.

    Returns:
        A pure function of `{segment: (size,) or (b, size)}`, b a multiple of D, for `jit` and
        `grad`; it returns (b, ...), the first axis spread over the devices.

    Raises:
        ValueError: where b is not a multiple of D.

    >>> from circuits import build_circuit, expectation, gate, z
    >>> values = expectation(build_circuit([gate("rx", 0, angle=("x", 0))]), z(0))
    >>> run = over_devices(values, device_mesh(jax.devices()[:1]))
    >>> print(run({"x": jnp.array([[0.0], [jnp.pi]])}).round(3))
    [[ 1.]
     [-1.]]
    """
    batch = PartitionSpec(*mesh.axis_names)

    def run(angles: Angles) -> jax.Array:
        rows = {name: jnp.ndim(array) == 2 for name, array in angles.items()}
        sizes = {len(array) for name, array in angles.items() if rows[name]}
        if len(sizes) != 1 or next(iter(sizes)) % mesh.size:
            raise ValueError(
                f"Batched angles must share a length that {mesh.size} devices divide, "
                f"but have {sorted(sizes)}."
            )
        mapped = jax.vmap(function, ({name: 0 if row else None for name, row in rows.items()},))
        specs = {name: batch if row else PartitionSpec() for name, row in rows.items()}
        spread = jax.shard_map(
            mapped, mesh=mesh, in_specs=(specs,), out_specs=batch, check_vma=False
        )
        return spread(dict(angles))

    return run


def sharded_state(circuit: Circuit, mesh: Mesh) -> Callable[[Angles], jax.Array]:
    """Return the function that computes the final state, spread over the devices of a mesh.

    A layer of gates costs one all-to-all at most, whatever its rotations and rings of diagonal or
    permuting gates; putting qubit 0 first again at the end costs up to three more.

    Args:
        circuit: on n qubits, of unitary gates after optional state preparations. Tables of diagonal
            gates and vectors of amplitudes are whole on every device.
        mesh: D devices on one axis, D a power of two; n is at least 2 log2(D), and n - log2(D) at
            least the number of wires of the widest gate that is neither diagonal nor affine.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit` and derivatives of either mode
        and any order. It returns the state of shape (2**n,), index bits with qubit 0 leftmost,
        device p holding the p-th part.

    Raises:
        ValueError: where circuit and mesh do not fit each other or a gate is not unitary.

    >>> from circuits import build_circuit, gate
    >>> bell = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    >>> state = jax.jit(sharded_state(bell, device_mesh(jax.devices()[:1])))
    >>> print(state({}).real.round(3))
    [0.707 0.    0.    0.707]
    """
    axis, d = check_mesh(circuit, mesh)
    route = make_route(circuit, d, True)

    def local(angles):
        return jax.lax.complex(*run_route(route, angles, axis))

    return _on_mesh(circuit, mesh, local, PartitionSpec(axis))


def sharded_expectation(
    circuit: Circuit, observables: PauliSum | Iterable[PauliSum], mesh: Mesh
) -> Callable[[Angles], jax.Array]:
    """Return the function that computes expectation values from a state spread over devices.

    Strings that flip a qubit which names the device send the state once to a neighbour; others
    cost one sum over the devices, all together.

    Args:
        circuit: as for `sharded_state`.
        observables: k of them, or a single one.
        mesh: as for `sharded_state`.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit` and derivatives of either mode
        and any order; it returns real values of shape (k,) on every device.

    Raises:
        ValueError: as `sharded_state`, and where no observable is given or one acts outside.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> mesh = device_mesh(jax.devices()[:1])
    >>> values = jax.jit(sharded_expectation(circuit, z(0), mesh))
    >>> print(values({"w": jnp.array([jnp.pi / 3])}).round(3))
    [0.5]
    """
    checked = check_observables(observables, circuit.n_qubits)
    axis, d = check_mesh(circuit, mesh)
    route = make_route(circuit, d, False)
    values = sharded_values(checked, route.layout, axis)
    return _on_mesh(
        circuit, mesh, lambda angles: values(run_route(route, angles, axis)), PartitionSpec()
    )


def sharded_samples(
    circuit: Circuit, shots: int, mesh: Mesh
) -> Callable[[Angles, jax.Array], jax.Array]:
    """Return the function that measures all qubits of a state over devices, `shots` times.

    The state stays where it is: a shot chooses a device, then an amplitude of that device's. The
    devices exchange D totals and the bits that were drawn.

    Args:
        circuit: as for `sharded_state`.
        shots: number of independent draws.
        mesh: as for `sharded_state`.

    Returns:
        A pure function of `{segment: (size,)}` in radians and a JAX random key, for `jit`; it
        returns bits, uint8 of shape (shots, n) with qubit 0 leftmost, on every device. They have
        the distribution of `samples`; which are drawn for a key depends on the mesh.

    Raises:
        ValueError: as `sharded_state`, and where `shots` is not a positive int.

    >>> from circuits import build_circuit, gate
    >>> flip_first = build_circuit([gate("x", 0)], n_qubits=2)
    >>> draw = jax.jit(sharded_samples(flip_first, 2, device_mesh(jax.devices()[:1])))
    >>> draw({}, jax.random.key(0)).tolist()
    [[1, 0], [1, 0]]
    """
    check_count("shots", shots)
    axis, d = check_mesh(circuit, mesh)
    route = make_route(circuit, d, False)

    def local(angles, uniforms):
        return draw_bits(run_route(route, angles, axis), route.layout, uniforms, axis)

    mapped = _on_mesh(circuit, mesh, local, PartitionSpec())

    def run(angles: Angles, key: jax.Array) -> jax.Array:
        # From (0, 1], so that nothing is drawn that has no weight.
        return mapped(angles, 1 - jax.random.uniform(key, (3, shots), jnp.result_type(float)))

    return run


def sharded_probabilities(
    circuit: Circuit, wires: Iterable[int], mesh: Mesh
) -> Callable[[Angles], jax.Array]:
    """Return the function that computes the probabilities of some qubits' bits, others summed over.

    Args:
        circuit: as for `sharded_state`.
        wires: k qubits, whose 2**k probabilities every device can hold.
        mesh: as for `sharded_state`.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit` and derivatives; it returns
        real values of shape (2**k,) on every device, the bit of the first wire leftmost.

    Raises:
        ValueError: as `sharded_state`, and where a wire is absent or repeated.

    >>> from circuits import build_circuit, gate
    >>> bell = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    >>> values = jax.jit(sharded_probabilities(bell, [1], device_mesh(jax.devices()[:1])))
    >>> print(values({}).round(3))
    [0.5 0.5]
    """
    chosen, n = tuple(wires), circuit.n_qubits
    if len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(n)):
        raise ValueError(
            f"Argument `wires` must be different qubits from 0 to {n - 1}, but is {list(chosen)}."
        )
    axis, d = check_mesh(circuit, mesh)
    route = make_route(circuit, d, False)

    def local(angles):
        return marginal(run_route(route, angles, axis), route.layout, chosen, axis)

    return _on_mesh(circuit, mesh, local, PartitionSpec())


def check_mesh(circuit: Circuit, mesh: Mesh) -> tuple[str, int]:
    """Return the mesh's axis and log2 of its size.

    Raises:
        ValueError: as `sharded_state`.
    """
    d, n = mesh.size.bit_length() - 1, circuit.n_qubits
    if len(mesh.axis_names) != 1 or mesh.size != 2**d:
        raise ValueError(
            f"Argument `mesh` must have one axis of 2**d devices, but has {dict(mesh.shape)}: "
            "use `device_mesh`."
        )
    for gate in circuit.gates:
        if gate.condition or not (is_unitary(gate) or gate.name == "amplitudes"):
            raise ValueError(f"A sharded state needs unitary gates, but has {gate.name!r}.")
    widest = max((len(gate.wires) for gate in circuit.gates if not _is_free(gate)), default=1)
    if n - d < max(widest, d):
        raise ValueError(
            f"Each of {mesh.size} devices must hold at least {max(widest, d)} qubits (the widest "
            f"gate's, and log2 of the number of devices), but holds {n - d} of {n}: use fewer."
        )
    return mesh.axis_names[0], d


def _is_free(gate: Gate) -> bool:
    return gate.name == "amplitudes" or structure(gate) == "diagonal"


def _on_mesh(circuit, mesh, local, out):
    # Reverse mode sums the devices' contributions to the angles once, here. Types of what varies
    # from device to device are not checked: transposes inside `pauli` do not carry them.
    mapped = jax.shard_map(
        local, mesh=mesh, in_specs=PartitionSpec(), out_specs=out, check_vma=False
    )

    def run(angles: Angles, *others: jax.Array) -> jax.Array:
        return mapped(real_angles(circuit, angles), *others)

    return run
