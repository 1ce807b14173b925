"""Open programs on vectors of Pauli coefficients: forwards on states, backwards on observables.

Coefficients are real arrays (D, c): D the product of the sites' sizes, qubit 0 first, and c columns
for a batch or for observables. Blocks that no batch enters may act backwards, on the observables
instead of the states, which are fewer as a rule: ``Tr(O E(rho)) = Tr(E*(O) rho)``.
"""

from collections.abc import Sequence
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

from circuits.circuit import Slot
from circuits.gates.definitions import amplitude_vector, definition
from circuits.gates.gate_types import Gate
from circuits.simulation.engine.matrices import Angles, angle_rows
from circuits.simulation.open_systems.open_kernels import (
    HIGHEST,
    Theta,
    apply_block,
    to_coefficients,
)
from circuits.simulation.open_systems.open_program import (
    ALONE,
    MAX_WIDTH,
    Block,
    OpenProgram,
    width,
)
from circuits.simulation.open_systems.pauli_transfer import (
    QUBIT,
    TransferTable,
    block_transfers,
    kraus_operators,
)

Product = dict[tuple[int, ...], jax.Array]  # coefficients (K, 1) or (K, c) by sites


def make_thetas(program: OpenProgram, angles: Angles):
    """Return the parameters of the blocks of the start, before, inside and after the repeats.

    Those of the repeats have a leading axis, one row a repeat.
    """
    n = program.n_qubits
    table = block_transfers(
        (b for b in (*program.start, *program.rest) if is_small(b, n)), n, angles
    )

    def row(blocks):
        return [jax.tree.map(lambda x: x[0], _theta([block], table, angles, n)) for block in blocks]

    inside = [_theta(blocks, table, angles, n) for blocks in zip(*program.repeats, strict=True)]
    return row(program.start), row(program.before), inside, row(program.after)


def is_small(block: Block, n_qubits: int) -> bool:
    """Whether a block has a matrix on Pauli coefficients; others act in another way."""
    return block.gates[0].name not in ALONE and width(block.sites, n_qubits) <= MAX_WIDTH


def evolve(program: OpenProgram, thetas, x: jax.Array, sizes) -> jax.Array:
    """Return coefficients (D, c) after all blocks but those of the start."""
    before, inside, after = thetas
    x = _chain(program.before, before, x, sizes)
    if program.repeats:
        widest = max([x.shape[1], *(columns(each, 1) for each in inside)])
        x = jnp.broadcast_to(x, (x.shape[0], widest))
        x = _scan(program.repeats[0], inside, x, sizes)
    return _chain(program.after, after, x, sizes)


def evolve_back(program: OpenProgram, thetas, x: jax.Array, sizes) -> jax.Array:
    """Return observables (D, c) before all blocks but those of the start, none of them batched."""
    before, inside, after = ([jnp.swapaxes(t, -1, -2) for t in part] for part in thetas)
    x = _chain(program.after[::-1], after[::-1], x, sizes)
    if program.repeats:
        x = _scan(program.repeats[0][::-1], inside[::-1], x, sizes, reverse=True)
    return _chain(program.before[::-1], before[::-1], x, sizes)


def start_vectors(program: OpenProgram, thetas: Sequence[Theta], sizes) -> Product:
    """Return the state after the blocks of the start, a product: coefficients by their sites."""
    zero = {QUBIT: np.array([1.0, 0, 0, 1]), 2: np.array([1.0, 1])}
    real = jnp.result_type(float)
    vectors = {}
    for block, theta in zip(program.start, thetas, strict=True):
        local = tuple(sizes[site] for site in block.sites)
        first = jnp.asarray(reduce(np.kron, [zero[size] for size in local]), real)[:, None]
        inside = Block(tuple(range(len(local))), tuple(_relabelled(block)))
        vectors[block.sites] = apply_block(inside, theta, first, local)
    used = {site for sites in vectors for site in sites}
    rest = {(site,): zero[size] for site, size in enumerate(sizes) if site not in used}
    return vectors | {sites: jnp.asarray(each, real)[:, None] for sites, each in rest.items()}


def product_state(product: Product, sizes) -> jax.Array:
    """Return the coefficients (D, 1) or (D, c) of a product state."""
    groups = sorted(product)
    whole = _outer([product[sites] for sites in groups])
    order = [site for sites in groups for site in sites]
    if order != sorted(order):
        split = whole.reshape(*(sizes[site] for site in order), -1)
        whole = split.transpose(*np.argsort(order), len(order)).reshape(whole.shape)
    return whole


def product_overlaps(observables: jax.Array, product: Product, sizes) -> jax.Array:
    """Return the values (k, c) of observables (D, k) in product states, which are never made.

    The first half of the sites is summed over for all states at once, then the second half.
    """
    groups = sorted(product)
    order = [site for sites in groups for site in sites]
    if order != sorted(order) or len(groups) == 1:
        return jnp.matmul(observables.T, product_state(product, sizes), precision=HIGHEST)
    half = (len(groups) + 1) // 2
    front, back = (_outer([product[s] for s in part]) for part in (groups[:half], groups[half:]))
    split = observables.reshape(len(front), len(back), -1)
    inner = jnp.einsum("pqk,pc->qkc", split, front, precision=HIGHEST)
    inner = jax.lax.optimization_barrier(inner)
    return jnp.sum(inner * back[:, None], axis=0)


def columns(theta: Theta, leading: int = 0) -> int:
    """Number of columns that a parameter has, 1 where it is not batched."""
    batched = theta.ndim - leading == (4 if jnp.iscomplexobj(theta) else 3)
    return theta.shape[-1] if batched else 1


def _theta(blocks: Sequence[Block], table: TransferTable, angles: Angles, n: int) -> Theta:
    """Parameters (r, ...) of r blocks of one recipe."""
    gates = [block.gates[0] for block in blocks]
    if is_small(blocks[0], n):
        return table.take(blocks)
    if gates[0].name == "amplitudes":
        return jnp.stack([_prepared(gate, angles) for gate in gates])
    return _operators(gates, angles)


def _prepared(gate: Gate, angles: Angles) -> jax.Array:
    """Coefficients (4**k,) or (4**k, c) of the state that an "amplitudes" gate prepares."""
    if isinstance(gate.angle, Slot) and jnp.ndim(angles[gate.angle.segment]) == 2:
        name = gate.angle.segment
        vector = jax.vmap(lambda x: amplitude_vector(gate, {name: x}), 1, 1)(angles[name])
    else:
        vector = amplitude_vector(gate, angles)
    k = len(gate.wires)
    split = vector.reshape((2,) * k + vector.shape[1:])
    split = split.transpose(*np.argsort(gate.wires), *range(k, split.ndim)).reshape(vector.shape)
    return to_coefficients(split[:, None] * split.conj()[None], (QUBIT,) * k)


def _operators(gates: Sequence[Gate], angles: Angles) -> jax.Array:
    """Kraus operators (r, m, d, d) or (r, m, d, d, c), of wires in their order and then a bit."""
    first = gates[0]
    if first.angle is None:
        made = jnp.asarray(kraus_operators(first), jnp.result_type(complex))
        return jnp.broadcast_to(made, (len(gates), *made.shape))
    rows = angle_rows(gates, angles)
    plain = definition(first).matrix
    made = jax.vmap(lambda angle: _conditional(plain(angle), first))(rows.reshape(-1))
    made = made.reshape(*rows.shape, 1, *made.shape[1:])
    return made if rows.ndim == 1 else jnp.moveaxis(made, 1, -1)


def _conditional(matrix: jax.Array, gate: Gate) -> jax.Array:
    """A matrix, or the same under control of a bit behind its wires where the gate has one."""
    if gate.condition is None:
        return matrix
    on = jnp.diag(jnp.asarray([1 - gate.condition[1], gate.condition[1]], matrix.dtype))
    off = jnp.eye(2, dtype=matrix.dtype) - on
    return jnp.kron(matrix, on) + jnp.kron(jnp.eye(len(matrix), dtype=matrix.dtype), off)


def _relabelled(block: Block):
    """The gates of a block, on its sites counted from 0."""
    place = {site: at for at, site in enumerate(block.sites)}
    for gate in block.gates:
        condition = gate.condition and (place[gate.condition[0]], gate.condition[1])
        yield gate._replace(wires=tuple(place[wire] for wire in gate.wires), condition=condition)


def _chain(blocks: Sequence[Block], thetas: Sequence[Theta], x: jax.Array, sizes) -> jax.Array:
    for block, theta in zip(blocks, thetas, strict=True):
        x = apply_block(block, theta, x, sizes)
    return x


def _scan(blocks: Sequence[Block], thetas: Sequence[Theta], x: jax.Array, sizes, reverse=False):
    """Repeats of some blocks; gradients keep the state before each repeat and no other."""

    def step(x, theta):
        return _chain(blocks, theta, x, sizes), None

    return jax.lax.scan(jax.checkpoint(step, prevent_cse=False), x, thetas, reverse=reverse)[0]


def _outer(vectors: list[jax.Array]) -> jax.Array:
    """Outer product in pairs of neighbours, so that most of the work is in the last product."""
    while len(vectors) > 1:
        pairs = zip(vectors[::2], vectors[1::2], strict=False)
        made = [(a[:, None] * b[None]).reshape(a.shape[0] * b.shape[0], -1) for a, b in pairs]
        vectors = made + vectors[len(made) * 2 :]
    return vectors[0]
