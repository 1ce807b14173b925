"""Stochastic trajectories: noisy circuits as averages over pure states, which need 2**n numbers.

In each trajectory a channel applies one of its Kraus operators, chosen with its probability, and a
measurement collapses the state. All the choices inside a block are made on the reduced state of
its wires, so that a block costs two passes over the state, however many channels it holds; one
where every channel is a mixture of unitaries.

An expectation value is a sum over all choices, ``E = sum_m <psi_m|O|psi_m>`` with states ``psi_m``
that are not normalised. A trajectory is drawn with the probability ``p_m = <psi_m|psi_m>`` and
counts ``<psi_m|O|psi_m> / p_m``. With the divisor held constant, the derivative of that is an
unbiased estimate of the derivative of E.

Source:
    Molmer, Castin and Dalibard, J. Opt. Soc. Am. B 10, 524 (1993).
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from circuits.angles import Angles, real_angles
from circuits.circuit import Circuit
from circuits.gates.definitions import amplitude_vector
from circuits.observables import PauliSum, check_observables
from circuits.protocol import check_count
from circuits.simulation.engine.matrices import angle_rows
from circuits.simulation.open_systems.open_program import Block, OpenProgram, make_open_program
from circuits.simulation.open_systems.pauli_transfer import kraus_operators
from circuits.simulation.open_systems.trajectory_blocks import Carry, act_block
from circuits.simulation.open_systems.trajectory_draws import block_draws, uniform_draws
from circuits.simulation.open_systems.trajectory_runs import act_run, is_plain
from circuits.simulation.pauli import pauli_expectations

# Amplitudes that are worked on at once.
CHUNK = 2**18
# Random numbers that are drawn at once, for each of these amplitudes.
DRAWS = 8
# Neighbouring blocks that become a loop; fewer are compiled one by one.
MANY = 4


def trajectory_expectation(
    circuit: Circuit, observables: PauliSum | Iterable[PauliSum], trajectories: int
) -> Callable[[Angles, jax.Array], tuple[jax.Array, jax.Array]]:
    """Return the function that estimates expectation values of a noisy circuit.

    The derivative of the means is an unbiased estimate of that of the expectation values, through
    measurements, resets and conditions too; second derivatives are so only where no outcome is
    impossible. The errors count as constants. For the error of a gradient, `vmap` it over keys: the
    scatter of g gradients divided by the root of g is that of their mean. Reverse mode keeps, of
    the `CHUNK` amplitudes that are worked on at once, a copy for each repeated layer and for each
    block outside the repeats or in one of them; other chunks wait their turn.

    Args:
        circuit: on n qubits, of any gates.
        observables: k of them, or a single one.
        trajectories: number of pure states that are averaged, at least 2; a circuit in which
            nothing is random is run once.

    Returns:
        A pure function of `{segment: (size,)}` in radians and a JAX random key, for `jit`, `grad`,
        `jvp` and `vmap`. It returns the means (k,) and their standard errors (k,), which are those
        of the scatter between trajectories: an event that none of them saw is not in them.

    Raises:
        ValueError: on fewer than 2 trajectories, no observable or one that acts outside, or
            amplitudes that are prepared on wires that are not in ``|0>``.

    >>> from circuits import build_circuit, gate, z
    >>> from circuits.noise.channels import (bit_flip)
    >>> flip = build_circuit([bit_flip(0.25, 0)])
    >>> values = jax.jit(trajectory_expectation(flip, z(0), 2000))
    >>> mean, error = values({}, jax.random.key(0))
    >>> bool(abs(mean[0] - 0.5) < 4 * error[0]), round(error.item(), 2)
    (True, 0.02)
    """
    checked = check_observables(observables, circuit.n_qubits)
    check_count("trajectories", trajectories)
    if trajectories == 1:
        raise ValueError("Argument `trajectories` must be at least 2, but is trajectories=1.")
    measured = pauli_expectations(checked, circuit.n_qubits)
    count = trajectories if is_random(circuit) else 1

    def read(psi: jax.Array, keys: jax.Array) -> jax.Array:
        return jnp.concatenate([measured(psi), jnp.sum(psi.real**2 + psi.imag**2, 0)[None]])

    run = _trajectories(circuit, read)

    def estimate(angles: Angles, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = run(angles, jax.random.split(key, count))
        if count == 1:
            return found[:-1, 0], jnp.zeros_like(found[:-1, 0])
        values = _centred(found[:-1], found[-1])
        errors = jax.lax.stop_gradient(values).std(1, ddof=1) / count**0.5
        return values.mean(1), errors

    return estimate


def trajectory_samples(circuit: Circuit, shots: int) -> Callable[[Angles, jax.Array], jax.Array]:
    """Return the function that measures all qubits of a noisy circuit, one trajectory a shot.

    Bits have no gradient: see `trajectory_expectation`.

    Args:
        circuit: on n qubits, of any gates.
        shots: number of independent draws.

    Returns:
        A pure function of `{segment: (size,)}` in radians and a JAX random key; it returns bits,
        uint8 of shape (shots, n) with qubit 0 leftmost.

    Raises:
        ValueError: on a number of shots that is not positive, or as `trajectory_expectation`.

    >>> from circuits import build_circuit, gate
    >>> items = [gate("h", 0), gate("measure", 0, data=0), gate("x", 1, condition=(0, 1))]
    >>> bits = jax.jit(trajectory_samples(build_circuit(items), shots=50))({}, jax.random.key(0))
    >>> bool((bits[:, 0] == bits[:, 1]).all()), 0 < int(bits[:, 0].sum()) < 50
    (True, True)
    """
    check_count("shots", shots)
    run = _trajectories(circuit, _draw)
    shifts = np.arange(circuit.n_qubits - 1, -1, -1, dtype=np.int32)

    def sample(angles: Angles, key: jax.Array) -> jax.Array:
        outcomes = run(angles, jax.random.split(key, shots))
        return ((outcomes[:, None] >> jnp.asarray(shifts)) & 1).astype(jnp.uint8)

    return sample


def is_random(circuit: Circuit) -> bool:
    """Return whether trajectories of a circuit may differ.

    >>> from circuits import build_circuit, gate
    >>> is_random(build_circuit([gate("h", 0)]))
    False
    """
    return any(
        gate.name in ("measure", "reset")
        or (gate.name == "kraus" and len(kraus_operators(gate)) > 1)
        for gate in circuit.gates
    )


def _trajectories(circuit: Circuit, read):
    """What `read(states, keys)` finds (..., t) in trajectories of t keys, some at a time."""
    program = make_open_program(circuit)
    chunk = max(1, CHUNK >> circuit.n_qubits)

    def run(angles: Angles, keys: jax.Array) -> jax.Array:
        arrays = real_angles(circuit, angles)

        def some(keys: jax.Array) -> jax.Array:
            return read(_final_states(program, arrays, keys), keys)

        count = -(-len(keys) // chunk)
        if count == 1:
            return some(keys)
        padded = np.minimum(np.arange(count * chunk), len(keys) - 1).reshape(count, chunk)
        # Gradients run a chunk again rather than keep its states.
        made = jax.lax.map(jax.checkpoint(some, prevent_cse=False), keys[padded])
        made = jnp.moveaxis(made, 0, -2)
        return made.reshape(*made.shape[:-2], -1)[..., : len(keys)]

    return run


@jax.custom_jvp
def _centred(values: jax.Array, norms: jax.Array) -> jax.Array:
    """Values (k, t) of states with squared norms (t,): less scatter in the gradient.

    The norms are 1, and so is their mean over all choices at any angles. Their derivative times
    what does not depend on the trajectory, the mean of the others, is thus no more than scatter.
    """
    return values


@_centred.defjvp
def _(primals, tangents):
    (values, _), (change, growth) = primals, tangents
    others = (values.sum(1, keepdims=True) - values) / (values.shape[1] - 1)
    return values, change - jax.lax.stop_gradient(others) * growth


@jax.custom_jvp
def _no_gradient(psi: jax.Array) -> jax.Array:
    return psi


@_no_gradient.defjvp
def _(primals, tangents):
    raise TypeError(
        "Bits drawn from trajectories have no gradient: differentiate the expectation values of "
        "`trajectory_expectation`."
    )


def _final_states(program: OpenProgram, angles: Angles, keys: jax.Array) -> jax.Array:
    """States (2**n, t) at the end of trajectories of t keys."""
    first = jnp.zeros((2**program.n_qubits, len(keys)), jnp.result_type(complex)).at[0].set(1)
    carry = (first, jnp.zeros((program.n_bits, len(keys)), jnp.int32))
    front, period = (*program.start, *program.before), len(next(iter(program.repeats), ()))
    carry = _chain(front, _single(front, angles), 0, carry, keys, program.n_qubits)
    at = len(front)
    if program.repeats:
        thetas = [_values(blocks, angles) for blocks in zip(*program.repeats, strict=True)]
        places = at + period * np.arange(len(program.repeats), dtype=np.int32)

        def step(carry, inputs):
            place, theta = inputs
            blocks = program.repeats[0]
            return _chain(blocks, theta, place, carry, keys, program.n_qubits), None

        step = jax.checkpoint(step, prevent_cse=False)
        carry = jax.lax.scan(step, carry, (jnp.asarray(places), thetas))[0]
        at += period * len(program.repeats)
    after = program.after
    return _chain(after, _single(after, angles), at, carry, keys, program.n_qubits)[0]


def _single(blocks: Sequence[Block], angles: Angles) -> list[list[Any]]:
    return [jax.tree.map(lambda x: x[0], _values([block], angles)) for block in blocks]


def _values(blocks: Sequence[Block], angles: Angles) -> list[Any]:
    """For each gate of r blocks of one recipe: angles (r,), amplitudes (r, 2**k), or None."""
    values = []
    for gates in zip(*(block.gates for block in blocks), strict=True):
        if gates[0].name == "amplitudes":
            values.append(jnp.stack([amplitude_vector(gate, angles) for gate in gates]))
        else:
            values.append(None if gates[0].angle is None else angle_rows(gates, angles))
    return values


def _chain(blocks, thetas, place, carry: Carry, keys: jax.Array, n: int) -> Carry:
    """Act with blocks, of which the first draws as number `place` of the circuit."""
    act = jax.checkpoint(act_block, static_argnums=(0, 4))
    pairs = list(zip(blocks, thetas, strict=True))
    for plain, group in groupby(pairs, lambda pair: is_plain(pair[0])):
        some, values = zip(*group, strict=True)
        if plain and len(some) >= MANY:
            carry = act_run(some, values, place, carry[0], keys, n), carry[1]
        else:
            drawn = block_draws(some, place, keys, DRAWS * CHUNK)
            for block, theta, draws in zip(some, values, drawn, strict=True):
                carry = act(block, theta, carry, draws[: len(block.gates)], n)
        place = place + len(some)
    return carry


def _draw(psi: jax.Array, keys: jax.Array) -> jax.Array:
    """One outcome (t,) of measuring all qubits of each state."""
    psi = _no_gradient(psi)
    running = jnp.cumsum(psi.real**2 + psi.imag**2, 0)
    draw = uniform_draws(keys, np.array([2**31], np.uint32), 1)[0, 0]
    below = draw * running[-1] * (1 - 4 * jnp.finfo(draw.dtype).eps)
    return jnp.argmax(running > below, 0).astype(jnp.int32)
