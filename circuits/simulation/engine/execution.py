"""Programs on states: the start as a product state, repeats as one scan, gradients by adjoints."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from circuits.circuit import Slot
from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, slot_count
from circuits.simulation.engine.dispatch import linear_operation
from circuits.simulation.engine.kernels import Matrix, Theta, apply, invert, pull
from circuits.simulation.engine.matrices import Angles, Pair
from circuits.simulation.engine.parameters import make_parameters
from circuits.simulation.engine.program import Op, Program, product_count
from circuits.simulation.native.unrolled import rewind_native, run_native


def run_program(
    program: Program,
    angles: Angles,
    method: str = "reverse",
    native: bool = False,
    shared: bool = False,
) -> Pair:
    """Return the final state of a program.

    Args:
        program: of a circuit.
        angles: `{segment: (size,) or (size, b)}` in radians.
        method: how gradients are taken; "reverse" keeps every intermediate state, "adjoint"
            computes them again from the final one and keeps none.
        native: run by the native kernels, which the program must fit.
        shared: make one matrix of all that acts on the product states of a batch, which the batch
            must have in common.

    Returns:
        (real, imaginary) of shape (2**n,) or (2**n, b).
    """
    before, inside, after = make_parameters(program, angles)
    sizes = {x.shape[1] for x in angles.values() if x.ndim == 2}
    # The product state is cheap but for its gradient, and the native kernels need it least.
    product = shared or not native or (bool(sizes) and method != "adjoint")
    rest = product_count(program) if product else 0
    start = initial_state(program, before[:rest], angles)
    thetas, program = (before[rest:], inside, after), program._replace(before=program.before[rest:])
    evolve = _make_adjoint(program, native)
    if method != "adjoint":
        evolve = _on_cpu(native, run_native, _evolve, program)
    if shared:
        return _product(evolve(thetas, _columns_of_one(program.n_qubits)), start)
    for size in sizes:
        start = _batched(start, size)
    return evolve(thetas, start)


def _columns_of_one(n: int) -> Pair:
    one = jnp.eye(2**n, dtype=jnp.result_type(float))
    return one, jnp.zeros_like(one)


def _product(matrix: Pair, columns: Pair) -> Pair:
    dot = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
    (a, b), (x, y) = matrix, columns
    return dot(a, x) - dot(b, y), dot(a, y) + dot(b, x)


def _batched(state: Pair, size: int) -> Pair:
    real, imaginary = (x.reshape(len(x), -1) for x in state)
    shape = len(real), size
    return jnp.broadcast_to(real, shape), jnp.broadcast_to(imaginary, shape)


def over_batch(function, angles: Angles, chunk: int):
    """Return ``function(angles)`` computed for `chunk` columns of the batch at a time.

    A shorter last chunk is padded with copies of the last column, which are dropped again.
    """
    batch = max((x.shape[1] for x in angles.values() if x.ndim == 2), default=1)
    if batch <= chunk:
        return function(angles)
    count = -(-batch // chunk)
    fixed = {name: x for name, x in angles.items() if x.ndim == 1}
    split = {name: _columns(x, count, chunk) for name, x in angles.items() if x.ndim == 2}
    made = jax.lax.map(lambda part: function(fixed | part), split)
    made = jnp.moveaxis(made, 0, -2)
    return made.reshape(*made.shape[:-2], -1)[..., :batch]


def _columns(x: jax.Array, count: int, chunk: int) -> jax.Array:
    padded = jnp.pad(x, ((0, 0), (0, count * chunk - x.shape[1])), mode="edge")
    return padded.reshape(-1, count, chunk).swapaxes(0, 1)


def initial_state(program: Program, before: Sequence[Theta], angles: Angles) -> Pair:
    """Return the state after the first operations, an outer product of small states.

    These are prepared states, and matrices on |0...0>, each on wires of its own.
    """
    n, vectors = program.n_qubits, {gate.wires: _prepared(gate, angles) for gate in program.initial}
    for op, theta in zip(program.before, before, strict=False):
        assert isinstance(op.kernel, Matrix), "only matrices make product states"
        vectors[op.kernel.wires] = (theta[0][:, 0], theta[1][:, 0])
    taken = {wire for wires in vectors for wire in wires}
    real = jnp.result_type(float)
    zero = (jnp.asarray([1.0, 0.0], real), jnp.zeros(2, real))
    vectors |= {(wire,): zero for wire in range(n) if wire not in taken}
    order = sorted(vectors)
    state = _outer([vectors[wires] for wires in order])
    axes = [wire for wires in order for wire in wires]
    return state if axes == sorted(axes) else _reorder(state, axes, n)


def _prepared(gate: Gate, angles: Angles) -> Pair:
    """The vector (2**k,) or (2**k, b) of an "amplitudes" gate."""
    real = jnp.result_type(float)
    if isinstance(gate.data, Constant):
        vector = np.asarray(gate.data.array, complex)
        return jnp.asarray(np.real(vector), real), jnp.asarray(np.imag(vector), real)
    assert isinstance(gate.angle, Slot), "amplitudes come from data or from a slot"
    entries = angles[gate.angle.segment][gate.angle.index : gate.angle.index + slot_count(gate)]
    entries = entries / jnp.sqrt(jnp.sum(entries**2, axis=0))
    return entries, jnp.zeros_like(entries)


def _reorder(state: Pair, axes: list[int], n: int) -> Pair:
    places = [axes.index(wire) for wire in range(n)]

    def reorder(x):
        split = x.reshape((2,) * n + x.shape[1:])
        return split.transpose(*places, *range(n, split.ndim)).reshape(x.shape)

    return reorder(state[0]), reorder(state[1])


def _outer(vectors: list[Pair]) -> Pair:
    """Outer product in pairs of neighbours, so that most of the work is in the last product."""
    while len(vectors) > 1:
        pairs = zip(vectors[::2], [*vectors[1::2], None][: (len(vectors) + 1) // 2], strict=True)
        vectors = [a if b is None else _times(a, b) for a, b in pairs]
    return vectors[0]


def _times(first: Pair, second: Pair) -> Pair:
    def times(a, b):
        a, b = a[:, None], b[None, :]
        if a.ndim < b.ndim:
            a = a[..., None]
        if b.ndim < a.ndim:
            b = b[..., None]
        made = a * b
        return made.reshape((-1, *made.shape[2:]))

    (a, b), (c, d) = first, second
    return times(a, c) - times(b, d), times(a, d) + times(b, c)


def _evolve(program: Program, thetas, psi: Pair) -> Pair:
    n, (before, inside, after) = program.n_qubits, thetas
    psi = _chain(program.before, before, psi, n)
    if program.repeats:

        def step(psi, theta):
            return _chain(program.repeats[0], theta, psi, n), None

        psi, _ = jax.lax.scan(step, psi, inside)
    return _chain(program.after, after, psi, n)


def _chain(ops: Sequence[Op], thetas: Sequence[Theta], psi: Pair, n: int) -> Pair:
    for op, theta in zip(ops, thetas, strict=True):
        psi = apply(op.kernel, theta, psi, n)
    return psi


def _make_adjoint(program: Program, native: bool = False):
    """`_evolve` whose reverse pass computes every state again, backwards from the final one."""
    run = _on_cpu(native, run_native, _evolve, program)
    rewind = jax.custom_jvp(_on_cpu(native, rewind_native, _rewind, program))

    @rewind.defjvp
    def _(primals, changes):
        return jax.jvp(partial(_rewind, program), primals, changes)

    @jax.custom_jvp
    def evolve(thetas, psi):
        return run(thetas, psi)

    def forward(residual, changes):
        thetas, final = residual
        start, _, _ = rewind(thetas, final, final)
        return jax.jvp(partial(_evolve, program), (thetas, start), changes)[1]

    def transposed(residual, cotangent):
        thetas, final = residual
        _, before, gradients = rewind(thetas, final, cotangent)
        return gradients, before

    tangent = linear_operation("adjoint", forward, transposed, like=lambda residual: residual[1])

    @evolve.defjvp
    def _(primals, changes):
        final = evolve(*primals)
        return final, tangent((primals[0], final), changes)

    return evolve


def _on_cpu(native: bool, fast, plain, program: Program):
    """`fast` where the program is compiled for a CPU, `plain` where for another platform."""
    plain = partial(plain, program)
    if not native:
        return plain
    fast = partial(fast, program)
    return lambda *args: jax.lax.platform_dependent(*args, cpu=fast, default=plain)


def _rewind(program: Program, thetas, psi: Pair, cotangent: Pair):
    """State and cotangent before the program, from those after it, and all gradients."""
    (before, inside, after), n = thetas, program.n_qubits
    psi, cotangent, d_after = _unchain(program.after, after, psi, cotangent, n)
    d_inside = inside
    if program.repeats:

        def step(carry, theta):
            psi, cotangent, gradient = _unchain(program.repeats[0], theta, carry[0], carry[1], n)
            return (psi, cotangent), gradient

        (psi, cotangent), d_inside = jax.lax.scan(step, (psi, cotangent), inside, reverse=True)
    psi, cotangent, d_before = _unchain(program.before, before, psi, cotangent, n)
    return psi, cotangent, (d_before, d_inside, d_after)


def _unchain(ops: Sequence[Op], thetas: Sequence[Theta], psi: Pair, cotangent: Pair, n: int):
    """Undo operations one by one: the state before them, its cotangent, all gradients."""
    gradients = []
    for op, theta in zip(reversed(ops), reversed(thetas), strict=True):
        kernel, back = invert(op.kernel, theta)
        psi = apply(kernel, back, psi, n)
        gradient = pull(op.kernel, theta, psi, cotangent, n)
        cotangent = apply(kernel, back, cotangent, n)
        gradients.append(gradient)
    return psi, cotangent, gradients[::-1]
