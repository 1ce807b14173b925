"""The steps of a route on the part of a state that one device holds, and back for gradients.

Gradients recompute states from the last one by inverse steps, so that memory does not grow with
the number of states on the way.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.definitions import amplitude_vector
from circuits.simulation.devices.layout import (
    Exchange,
    Index,
    Shuffle,
    read_wires,
    start_layout,
    to_int,
)
from circuits.simulation.devices.routing import Route, Step
from circuits.simulation.engine.kernels import Phases, apply, invert, pull
from circuits.simulation.engine.matrices import Angles, Pair
from circuits.simulation.engine.parameters import Theta, make_parameters


def run_route(route: Route, angles: Angles, axis: str) -> Pair:
    """Return this device's part of the final state; runs inside `shard_map`.

    Args:
        route: of a circuit.
        angles: `{segment: (size,)}` in radians, the same on all devices.
        axis: of the mesh.

    Returns:
        (real, imaginary), each (2**m,), in the layout in which the route ends.
    """
    parameters = make_parameters(route.program, angles)
    parts = (route.before, route.repeats[0] if route.repeats else (), route.after)
    device = jax.lax.axis_index(axis)
    thetas = [_local(steps, made, device) for steps, made in zip(parts, parameters, strict=True)]
    start = _start(route, angles, device)
    return _adjoint(parts, bool(route.repeats), axis)(thetas, start)


def _local(steps: Sequence[Step], made: Sequence[Theta], device) -> list[Theta]:
    """A parameter for every step, tables reduced to the entries that this device needs."""
    given = iter(made)
    return [_entries(step, next(given), device) if step.op else None for step in steps]


def _entries(step: Step, theta: Theta, device) -> Theta:
    if step.base is None or step.device is None:
        return theta
    index = _ints(step.base) ^ _ints(step.device)[device]
    return jax.tree.map(lambda x: x.at[..., index].get(mode="promise_in_bounds"), theta)


def _start(route: Route, angles, device) -> Pair:
    """``|0...0>``, or the prepared amplitudes on the wires that have some."""
    n, d = len(route.layout.zero), route.layout.n_global
    real, layout = jnp.result_type(float), start_layout(n, d)
    prepared = {wire for gate in route.initial for wire in gate.wires}
    mask = to_int(wire not in prepared for wire in range(n))
    high, low = mask >> (n - d), mask & (2 ** (n - d) - 1)
    entries = jax.lax.iota(jnp.uint32, 2 ** (n - d)) & jnp.uint32(low)
    ones = (entries == 0) & (device & high == 0)
    psi = (ones.astype(real), jnp.zeros_like(ones, real))
    for gate in route.initial:
        positions, base, offsets = read_wires(layout, gate.wires)
        vector = amplitude_vector(gate, angles)[_ints(base) ^ _ints(offsets)[device]]
        psi = apply(Phases(positions), (vector.real, vector.imag), psi, n - d)
    return psi


def _adjoint(parts, scanned: bool, axis: str):
    """The chain of all steps as one function whose gradient goes back by the inverse steps."""
    before, inside, after = parts

    def repeat(psi, theta):
        return _chain(inside, theta, psi, axis), None

    @jax.custom_vjp
    def evolve(thetas, psi):
        psi = _chain(before, thetas[0], psi, axis)
        if scanned:
            psi = jax.lax.scan(repeat, psi, thetas[1])[0]
        return _chain(after, thetas[2], psi, axis)

    def forward(thetas, psi):
        final = evolve(thetas, psi)
        return final, (thetas, final)

    def backward(residual, cotangent):
        thetas, psi = residual
        psi, cotangent, last = _unchain(after, thetas[2], psi, cotangent, axis)
        middle = thetas[1]
        if scanned:

            def step(carry, theta):
                psi, cotangent, gradient = _unchain(inside, theta, carry[0], carry[1], axis)
                return (psi, cotangent), gradient

            (psi, cotangent), middle = jax.lax.scan(step, (psi, cotangent), thetas[1], reverse=True)
        _, cotangent, first = _unchain(before, thetas[0], psi, cotangent, axis)
        return [first, middle, last], cotangent

    evolve.defvjp(forward, backward)
    return evolve


def _chain(steps: Sequence[Step], thetas, psi: Pair, axis: str) -> Pair:
    for step, theta in zip(steps, thetas, strict=True):
        psi = _apply(step.kernel, theta, psi, axis)
    return psi


def _unchain(steps: Sequence[Step], thetas, psi: Pair, cotangent: Pair, axis: str):
    """Undo steps one by one; returns the state before them, its cotangent and the gradients."""
    gradients = []
    for step, theta in zip(reversed(steps), reversed(thetas), strict=True):
        kernel, back = _inverse(step.kernel, theta)
        psi = _apply(kernel, back, psi, axis)
        gradient = _pull(step.kernel, theta, psi, cotangent)
        cotangent = _apply(kernel, back, cotangent, axis)
        # Step by step: XLA compiles that faster than one tangle of all steps.
        psi, cotangent, gradient = jax.lax.optimization_barrier((psi, cotangent, gradient))
        gradients.append(gradient)
    return psi, cotangent, gradients[::-1]


def _apply(kernel, theta: Theta, psi: Pair, axis: str) -> Pair:
    match kernel:
        case Shuffle(index, _):
            entries = _index(index, jax.lax.axis_index(axis))
            return _take(psi[0], entries), _take(psi[1], entries)
        case Exchange():
            return _exchange(kernel, psi, axis)
    return apply(kernel, theta, psi, len(psi[0]).bit_length() - 1)


def _inverse(kernel, theta: Theta):
    match kernel:
        case Shuffle(index, inverse):
            return Shuffle(inverse, index), None
        case Exchange():
            return kernel, None
    return invert(kernel, theta)


def _pull(kernel, theta: Theta, psi: Pair, cotangent: Pair) -> Theta:
    if theta is None:
        return None
    return pull(kernel, theta, psi, cotangent, len(psi[0]).bit_length() - 1)


def _take(x: jax.Array, index: jax.Array) -> jax.Array:
    return x.at[index].get(mode="promise_in_bounds", unique_indices=True)


def _index(index: Index, device) -> jax.Array:
    first, second = _ints(index.first), _ints(index.second)
    return ((first ^ _ints(index.device)[device])[:, None] ^ second).reshape(-1)


def _ints(constant) -> jax.Array:
    return jnp.asarray(constant.array, jnp.int32)


def _exchange(swap: Exchange, psi: Pair, axis: str) -> Pair:
    """One all-to-all: the chunk that spells v in the local bits goes to the device that is v."""
    size, count = 2 ** len(swap.bits), len(psi[0])
    m = count.bit_length() - 1
    order = [*swap.positions, *(place for place in range(m) if place not in swap.positions)]
    both = jnp.stack([_transpose(x, order, m).reshape(size, -1) for x in psi], 1)
    both = jax.lax.all_to_all(
        both, axis, 0, 0, tiled=True, axis_index_groups=_groups(swap.bits, axis)
    )
    back = np.argsort(order).tolist()
    real, imaginary = (_transpose(both[:, part].reshape(-1), back, m) for part in (0, 1))
    return real, imaginary


def _transpose(x: jax.Array, order: list[int], m: int) -> jax.Array:
    """Local bits in another order; neighbours that stay so are one axis."""
    cuts = [i for i in range(1, m) if order[i] != order[i - 1] + 1]
    runs = [order[a:b] for a, b in zip([0, *cuts], [*cuts, m], strict=True)]
    ranked = sorted(runs)
    shape = [2 ** len(run) for run in ranked]
    return x.reshape(shape).transpose([ranked.index(run) for run in runs]).reshape(-1)


def _groups(bits: Sequence[int], axis: str) -> list[list[int]] | None:
    """Devices that differ in some bits only, by the number that these spell; None for all bits."""
    size = jax.lax.axis_size(axis)
    d = size.bit_length() - 1
    if tuple(bits) == tuple(range(d)):
        return None
    order = [*(bit for bit in range(d) if bit not in bits), *bits]
    devices = np.arange(size).reshape((2,) * d).transpose(order)
    return devices.reshape(-1, 2 ** len(bits)).tolist()
