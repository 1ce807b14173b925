"""Programs on states: natively or in JAX, repeats as one scan, gradients by adjoints."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp

from circuits.simulation.engine.dispatch import linear_operation
from circuits.simulation.engine.kernels import Theta, apply, invert, pull
from circuits.simulation.engine.matrices import Angles, Pair, block_matrices
from circuits.simulation.engine.parameters import make_parameters, places_of, take_parameters
from circuits.simulation.engine.platforms import by_platform
from circuits.simulation.engine.product_states import product_state
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
    sizes = {x.shape[1] for x in angles.values() if x.ndim == 2}
    # The product state is cheap but for its gradient, and the native kernels need it least.
    product = shared or not native or (bool(sizes) and method != "adjoint")
    count = product_count(program) if product else 0
    start = product_state(program, program.before[:count], angles)
    rest = program._replace(before=program.before[count:])
    parameters, evolve, rewind = (_native if native else _plain)(rest, angles)
    if method == "adjoint":
        evolve = _adjoint(evolve, rewind)
    if shared:
        return _product(evolve(parameters, _columns_of_one(program.n_qubits)), start)
    for size in sizes:
        start = _batched(start, size)
    return evolve(parameters, start)


def _plain(program: Program, angles: Angles):
    """The parameters of a program (any tree), and what it does to these and to states.

    That is (parameters, psi) to the final state, and (parameters, final, cotangent) to the first
    state, its cotangent, and the parameters' ones.
    """
    return make_parameters(program, angles), partial(_evolve, program), partial(_rewind, program)


def _native(program: Program, angles: Angles):
    """As `_plain`, by native kernels where it is compiled for a CPU; all angles are in blocks."""
    places = places_of(program)

    def spread(arrays):
        return take_parameters(program, places, arrays, {})

    def evolve(arrays, psi):
        return _evolve(program, spread(arrays), psi)

    def rewind(arrays, psi, cotangent):
        thetas, pull = jax.vjp(spread, arrays)
        first, before, gradients = _rewind(program, thetas, psi, cotangent)
        return first, before, *pull(gradients)

    run = by_platform(partial(run_native, program, places), evolve, like=lambda _, psi: psi)
    back = by_platform(
        partial(rewind_native, program, places), rewind, like=lambda a, psi, _: (psi, psi, a)
    )
    return block_matrices(places, angles), run, back


def _columns_of_one(n: int) -> Pair:
    one = jnp.eye(2**n, dtype=jnp.result_type(float))
    return one, jnp.zeros_like(one)


def _product(matrix: Pair, columns: Pair) -> Pair:
    """The product of complex matrices as one of real ones."""
    (a, b), (x, y) = matrix, columns
    whole = jnp.block([[a, -b], [b, a]])
    made = jnp.matmul(whole, jnp.concatenate([x, y]), precision=jax.lax.Precision.HIGHEST)
    return made[: len(a)], made[len(a) :]


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


def _adjoint(run: Callable, rewind: Callable):
    """`run` whose reverse pass computes every state again, backwards from the final one."""

    @jax.custom_jvp
    def evolve(parameters, psi):
        return run(parameters, psi)

    def forward(residual, changes):
        parameters, final = residual
        start, _, _ = rewind(parameters, final, final)
        return jax.jvp(run, (parameters, start), changes)[1]

    def transposed(residual, cotangent):
        parameters, final = residual
        _, before, gradients = rewind(parameters, final, cotangent)
        return gradients, before

    tangent = linear_operation("adjoint", forward, transposed, like=lambda residual: residual[1])

    @evolve.defjvp
    def _(primals, changes):
        final = evolve(*primals)
        return final, tangent((primals[0], final), changes)

    return evolve


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
