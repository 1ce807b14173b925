"""Matrix product states: circuits of many qubits and little entanglement, in pure JAX.

A state of n qubits is a chain of n tensors (left bond, qubit, right bond). Memory is
``2 n bond**2`` numbers and time ``bond**3`` for each gate, whatever n; the price is that a bond
of dimension D holds at most log2 D bits of entanglement, and what exceeds it is cut and reported.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits.angles import Angles, check_shapes
from circuits.circuit import Circuit
from circuits.protocol import check_count
from circuits.simulation.chains.steps import (
    ALL_LEFT,
    ALL_RIGHT,
    LEFT,
    RIGHT,
    Step,
    chain_steps,
    step_matrices,
)


class MatrixProductState(NamedTuple):
    """A normalised state as a chain of tensors, and what truncation has cost.

    `tensors` (n, D, 2, D): axes are left bond, qubit, right bond; bonds that need less than D are
    padded with zeros, and the chain begins and ends in index 0. `discarded` is the accumulated
    truncation error ``1 - prod_t (1 - w_t)`` over the weights ``w_t`` (sums of squared Schmidt
    values) that were cut: an estimate of the infidelity, 0 up to rounding where nothing was cut.
    """

    tensors: jax.Array
    discarded: jax.Array


def matrix_product_state(
    circuit: Circuit, bond: int = 64
) -> Callable[[Angles], MatrixProductState]:
    """Return the function that computes the final state as a matrix product from the angles.

    The centre of orthogonality is in every block that is cut, so that each truncation is the best
    there is for it, and the state is normalised after each. Gates on distant wires are swapped
    together and back, which costs time and, along the way, entanglement. Compilation takes seconds
    whatever the depth, as one loop runs all steps.

    A bond with at most D states on one side of it, as the log2 D bonds at each end have, is never
    cut and needs no singular values. Where all bonds are such, from ``D = 2**(n // 2)`` on,
    derivatives of any order are exact at all angles, product and GHZ states included.

    At the other bonds derivatives go through the truncations by that of the subspace that is kept;
    no degeneracy among the values kept or among those cut does harm. They are those of the
    truncated state, not of the circuit's, and exact for it where the Schmidt rank does not change
    and no value kept equals one cut. **At special angles where gates create no entanglement but
    would do so next to them (all angles exactly zero, say), what comes from the new directions is
    missing from the gradient**: start from small random angles, 0.01 will do, or take
    `parameter_shift` with the backend `MatrixProduct`, which differentiates no truncation. There
    are no second derivatives.

    Args:
        circuit: on n qubits, of unitary gates on at most 3 wires.
        bond: largest bond dimension D; ``2**(n // 2)`` is exact for every circuit on n qubits, and
            never exceeded.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit`, `grad` and `vmap`; complex64,
        or complex128 where JAX's x64 is on.

    Raises:
        ValueError: on a gate that is not unitary, has a condition, or acts on more than 3 wires.

    Source:
        Vidal, Phys. Rev. Lett. 91, 147902 (2003), arXiv:quant-ph/0301063; Schollwoeck, Ann. Phys.
        326, 96 (2011), arXiv:1008.3477, Sec. 4; the fidelity as a product of those of the
        truncations: Zhou, Stoudenmire, Waintal, Phys. Rev. X 10, 041038 (2020), Eq. (13).

    >>> from circuits import build_circuit, gate
    >>> chain = [gate("h", 0)] + [gate("cx", q, q + 1) for q in range(49)]
    >>> ghz = matrix_product_state(build_circuit(chain), bond=2)({})
    >>> ghz.tensors.shape, bool(ghz.discarded < 1e-6)
    ((50, 2, 2, 2), True)
    """
    check_count("bond", bond)
    size = min(int(bond), 2 ** min(circuit.n_qubits // 2, 20))
    steps = chain_steps(circuit, size)
    width = max((len(step.gate.wires) for step in steps if step.gate), default=2)
    width = max(width, 2)
    matrices = step_matrices(steps, width)

    def run(angles: Angles) -> MatrixProductState:
        check_shapes(circuit, angles)
        tensors = _zero_state(circuit.n_qubits + width - 1, size)
        kept = jnp.zeros((), jnp.result_type(float))
        if steps:
            tensors, kept = _run(steps, matrices(angles), tensors, width)
        return MatrixProductState(tensors[: circuit.n_qubits], 0 - jnp.expm1(kept))

    return run


def _zero_state(n_sites: int, size: int) -> jax.Array:
    empty = jnp.zeros((n_sites, size, 2, size), jnp.result_type(complex))
    return empty.at[:, 0, 0, 0].set(1)


def _run(steps: tuple[Step, ...], matrices: jax.Array, tensors: jax.Array, width: int):
    """Tensors after all steps, and the logarithm of the weight that was kept.

    Only the sites of a step go through its branch, which is run again in the backward pass: what
    is stored for each step are its `width` tensors.
    """
    places = {kind: place for place, kind in enumerate(dict.fromkeys(step.kind for step in steps))}
    moves: dict[tuple[str, ...], Callable] = {RIGHT: _move_right, LEFT: _move_left}
    branches = [moves.get(kind, partial(_apply, kind)) for kind in places]
    switch = jax.checkpoint(partial(_switch, branches))

    def advance(carry, step):
        tensors, kept = carry
        kind, site, matrix = step
        block = jax.lax.dynamic_slice_in_dim(tensors, site, width)
        block, cut = switch(kind, block, matrix)
        tensors = jax.lax.dynamic_update_slice_in_dim(tensors, block, site, 0)
        return (tensors, kept + jnp.log1p(-cut)), None

    kinds = jnp.asarray(np.array([places[step.kind] for step in steps], np.int32))
    sites = jnp.asarray(np.array([step.site for step in steps], np.int32))
    start = tensors, jnp.zeros((), jnp.result_type(float))
    return jax.lax.scan(advance, start, (kinds, sites, matrices))[0]


def _switch(branches, kind, block, matrix):
    return jax.lax.switch(kind, branches, block, matrix)


def _apply(kind: tuple[str, ...], block, matrix):
    """Gate on the first sites, and what happens to each bond between them.

    The centre goes to the last site before the bonds that keep all of their right side.
    """
    size, k = block.shape[1], len(kind) + 1
    joined = block[0]
    for site in range(1, k):
        joined = _contract("lpr,rqs->lpqs", joined, block[site]).reshape(size, -1, size)
    joined = _contract("pq,lqr->lpr", matrix[: 2**k, : 2**k], joined)
    weight = _no_cut(block)
    right = kind.count(ALL_RIGHT)
    for site in range(k - 1, k - 1 - right, -1):
        joined, tensor = _keep_right(joined.reshape(size, 2**site, 2, size))
        block = block.at[site].set(tensor)
    for site in range(k - 1 - right):
        rows = joined.reshape(2 * size, -1)
        left, joined, cut = _keep_left(rows) if kind[site] == ALL_LEFT else _cut(rows, size)
        block = block.at[site].set(left.reshape(size, 2, size))
        weight = weight + cut - weight * cut
    return block.at[k - 1 - right].set(joined.reshape(size, 2, size)), weight


def _keep_left(rows):
    """States l and bits p as they come are those of the bond, 2 l + p: a linear split."""
    size = len(rows) // 2
    return jnp.eye(2 * size, size, dtype=rows.dtype), rows[:size], _no_cut(rows)


def _keep_right(joined):
    """The same from the right: what is left of the last bit and its states, and their tensor."""
    size = joined.shape[-1]
    flat = jnp.swapaxes(joined, 2, 3).reshape(size, -1, 2 * size)
    tensor = jnp.eye(size, 2 * size, dtype=joined.dtype).reshape(size, size, 2)
    return flat[:, :, :size], jnp.swapaxes(tensor, 1, 2)


def _cut(rows, size: int):
    """The leading states of the bond; the rest has the centre and is normalised."""
    left, weight = _isometry(rows, size)
    rest = _contract("lk,lr->kr", left.conj(), rows)
    norm = jnp.sqrt(jnp.sum(rest.real**2 + rest.imag**2))
    return left, rest / norm.astype(rest.dtype), weight


def _move_right(block, matrix):
    """Make the first site left-orthonormal; what is left goes into the second."""
    size = block.shape[1]
    rows = block[0].reshape(2 * size, size)
    left, _ = _isometry(rows, size)
    rest = _contract("lk,lr->kr", left.conj(), rows)
    block = block.at[0].set(left.reshape(size, 2, size))
    return block.at[1].set(_contract("kl,lpr->kpr", rest, block[1])), _no_cut(block)


def _move_left(block, matrix):
    """Make the second site right-orthonormal; what is left goes into the first."""
    size = block.shape[1]
    rows = block[1].reshape(size, 2 * size).T
    right, _ = _isometry(rows, size)
    rest = _contract("lk,lr->rk", right.conj(), rows)
    block = block.at[1].set(right.T.reshape(size, 2, size))
    return block.at[0].set(_contract("lpr,rk->lpk", block[0], rest)), _no_cut(block)


def _no_cut(block):
    return jnp.zeros((), block.real.dtype)


def _contract(formula: str, *operands) -> jax.Array:
    return jnp.einsum(formula, *operands, precision=jax.lax.Precision.HIGHEST)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _isometry(rows: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
    """Leading `size` left singular vectors (m, size) of `rows`, and the weight of the others.

    Vectors that belong to vanishing singular values are zero. The weight has no derivative.
    """
    left, values, _ = jnp.linalg.svd(rows, full_matrices=False)
    return _leading(left, values, size)


def _leading(left, values, size):
    squares = values**2
    kept = jnp.where(_present(values, size), left[:, :size], 0)
    return kept, jnp.sum(squares[size:]) / jnp.sum(squares)


@_isometry.defjvp
def _isometry_jvp(size, primals, tangents):
    """Derivative in the gauge in which the vectors kept do not turn among themselves.

    What follows is the same in every gauge, as later tensors undo a turn, so the differences
    between singular values that are kept, which make the plain rule singular (Liao et al., Phys.
    Rev. X 9, 031041 (2019), Sec. III), do not appear, nor do the phases of the vectors (Wan and
    Zhang, arXiv:1909.02659). First-order perturbation theory gives
    ``dU_k = sum_d U_d (a_dk s_k + s_d a*_kd) / (s_k**2 - s_d**2)`` with ``a = U^H dM V``, over the
    vectors d that are not kept; the quotient is split into those by ``s_k - s_d`` and ``s_k + s_d``
    to lose no digits. Gaps too small to be told from rounding contribute nothing.
    """
    (rows,), (change,) = primals, tangents
    left, values, right = jnp.linalg.svd(rows, full_matrices=False)
    present, kept = _present(values, size), values[:size]
    pushed = _contract("lr,kr->lk", change, right.conj())
    inner = _contract("lk,lj->kj", left.conj(), pushed)
    adjoint = inner.conj().T
    minus = (inner + adjoint)[:, :size] * _reciprocal(kept - values[:, None], values)
    plus = (inner - adjoint)[:, :size] * _reciprocal(kept + values[:, None], values)
    is_cut = jnp.ones(len(values), bool).at[:size].set(~present)
    inside = _contract("lk,kj->lj", left, jnp.where(is_cut[:, None], (minus + plus) / 2, 0))
    outside = (pushed - _contract("lk,kj->lj", left, inner))[:, :size] * _reciprocal(kept, values)
    primal = _leading(left, values, size)
    return primal, (jnp.where(present, inside + outside, 0), jnp.zeros_like(primal[1]))


def _present(values, size):
    """Which of the leading singular values are more than rounding."""
    return values[:size] > 100 * jnp.finfo(values.dtype).eps * values[0]


def _reciprocal(gaps, values):
    """``1 / gaps`` as complex numbers, 0 where a gap is small."""
    is_open = jnp.abs(gaps) > 0.1 * jnp.finfo(values.dtype).eps ** 0.5 * values[0]
    inverse = jnp.where(is_open, 1 / jnp.where(is_open, gaps, 1), 0)
    return jax.lax.complex(inverse, jnp.zeros_like(inverse))
