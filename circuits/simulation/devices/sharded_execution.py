"""The steps of a route on the part of a state that one device holds, and back for gradients.

Gradients recompute states from the last one by inverse steps, so that memory does not grow with
the number of states on the way.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp

from circuits.gates.definitions import amplitude_vector
from circuits.simulation.devices.chunks import apply_chunks, gather_chunks, pull_chunks
from circuits.simulation.devices.exchanges import run_exchange
from circuits.simulation.devices.layout import Exchange, Shuffle, read_wires, start_layout, to_int
from circuits.simulation.devices.routing import Route, Step
from circuits.simulation.engine.dispatch import linear_operation
from circuits.simulation.engine.kernels import Permutation, Phases, Theta, apply, invert
from circuits.simulation.engine.matrices import Angles, Pair
from circuits.simulation.engine.parameters import make_parameters

INSIDE = 1  # which of a route's three parts is repeated


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
    return _adjoint(parts, axis)(thetas, _start(route, angles, device))


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


def _adjoint(parts, axis: str):
    """The chain of all steps as one function whose gradient goes back by the inverse steps."""
    run = partial(_walk, partial(_chain, axis), parts)
    undo = partial(_walk, partial(_undo, axis), parts, reverse=True)
    rewind = partial(_walk, partial(_unchain, axis), parts, reverse=True)

    @jax.custom_jvp
    def evolve(thetas, psi):
        return run(thetas, psi)[0]

    def forward(residual, changes):
        thetas, final = residual
        start = undo(thetas, final)[0]
        return jax.jvp(lambda *given: run(*given)[0], (thetas, start), changes)[1]

    def transposed(residual, cotangent):
        thetas, final = residual
        (_, before), gradients = rewind(thetas, (final, cotangent))
        return gradients, before

    tangent = linear_operation("sharded", forward, transposed, like=lambda residual: residual[1])

    @evolve.defjvp
    def _(primals, changes):
        final = evolve(*primals)
        return final, tangent((primals[0], final), changes)

    return evolve


def _walk(function: Callable, parts, thetas, carry, reverse: bool = False):
    """The last carry and the parts' outputs of ``function(steps, carry, thetas)``, one by one.

    The repeats are a scan.
    """
    made = {}
    for at in sorted(range(len(parts)), reverse=reverse):
        run = partial(function, parts[at])
        if at == INSIDE and parts[at]:
            carry, made[at] = jax.lax.scan(run, carry, thetas[at], reverse=reverse)
        else:
            carry, made[at] = run(carry, thetas[at])
    return carry, [made[at] for at in range(len(parts))]


def _chain(axis: str, steps: Sequence[Step], psi: Pair, thetas):
    for step, theta in zip(steps, thetas, strict=True):
        psi = _apply(step.kernel, theta, psi, psi, axis)
    return psi, None


def _undo(axis: str, steps: Sequence[Step], psi: Pair, thetas):
    for step, theta in zip(reversed(steps), reversed(thetas), strict=True):
        psi = _apply(*_inverse(step.kernel, theta), psi, psi, axis)
    return psi, None


def _unchain(axis: str, steps: Sequence[Step], both: tuple[Pair, Pair], thetas):
    """Undo steps one by one, on the state and on its cotangent in turn; also the gradients."""
    psi, cotangent = both
    gradients = []
    for step, theta in zip(reversed(steps), reversed(thetas), strict=True):
        inverse = _inverse(step.kernel, theta)
        psi = _apply(*inverse, psi, cotangent, axis)
        if theta is None:
            gradient, cotangent = None, _apply(*inverse, cotangent, psi, axis)
        else:
            cotangent, gradient = pull_chunks(step.kernel, theta, psi, cotangent)
        gradients.append(gradient)
    return (psi, cotangent), gradients[::-1]


def _apply(kernel, theta: Theta, psi: Pair, since: Pair, axis: str) -> Pair:
    """The state after a step, which is computed when `since` has been."""
    match kernel:
        case Shuffle(index, _):
            offset = _ints(index.device)[jax.lax.axis_index(axis)]
            return gather_chunks(psi, _ints(index.first) ^ offset, _ints(index.second), since)
        case Permutation((high, low)):
            return gather_chunks(psi, _ints(high), _ints(low), since)
        case Exchange():
            return run_exchange(kernel, psi, since, axis)
    return apply_chunks(kernel, theta, psi, since)


def _inverse(kernel, theta: Theta):
    match kernel:
        case Shuffle(index, inverse):
            return Shuffle(inverse, index), None
        case Exchange():
            return kernel, None
    return invert(kernel, theta)


def _ints(constant) -> jax.Array:
    return jnp.asarray(constant.array, jnp.int32)
