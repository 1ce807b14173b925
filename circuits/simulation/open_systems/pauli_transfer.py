"""Gates and channels as real matrices on Pauli coefficients, in the computational basis nowhere.

A state is ``r_P = Tr(P rho)`` for the Pauli strings P of its qubits, letters in the order I, X, Y
and Z. A gate ``exp(-i angle G)`` acts on it by a matrix of sums of ``cos`` and ``sin`` of the angle
times differences of eigenvalues of G: constant coefficients, found once on the host. A channel is
a constant matrix. A classical bit is a qubit that is always diagonal, of which I and Z suffice: two
coefficients.

Source:
    Greenbaum, arXiv:1509.02921, Sec. 2.2 (Pauli transfer matrix).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, classical_bit
from circuits.gates.host_matrices import constant_matrix, generator_matrix
from circuits.gates.table import I2, ONE, PAULIS, Matrix
from circuits.simulation.engine.matrices import Angles, angle_rows
from circuits.simulation.open_systems.open_program import Block, recipe

LETTERS = np.stack([PAULIS[letter] for letter in "IXYZ"])
QUBIT, BIT = 4, 2  # coefficients of a site
Real = npt.NDArray[np.float64]


class Factor(NamedTuple):
    """``sum_f (cosines[f] cos(w_f angle) + sines[f] sin(w_f angle))``; `place` says whose angle."""

    place: int
    frequencies: Real
    cosines: Real
    sines: Real


class TransferTable(NamedTuple):
    """Matrices of many blocks: those of one recipe stand in one array, a row each."""

    arrays: dict[tuple[Gate, ...], jax.Array]
    rows: dict[Block, int]

    def take(self, blocks: Sequence[Block]) -> jax.Array:
        """Matrices (r, K, K) or (r, K, K, b) of r blocks of one recipe."""
        rows = np.array([self.rows[block] for block in blocks], np.int32)
        return self.arrays[recipe(blocks[0])][rows]


def block_transfers(blocks: Iterable[Block], n_qubits: int, angles: Angles) -> TransferTable:
    """Return the Pauli transfer matrices of blocks, those of one recipe in one array program.

    Args:
        blocks: of an `OpenProgram`.
        n_qubits: sites from there on are classical bits.
        angles: `{segment: (size,) or (size, b)}` in radians.

    >>> flip = Block((0,), (Gate("x", (0,)),))
    >>> print(block_transfers([flip], 1, {}).take([flip])[0].diagonal())
    [ 1.  1. -1. -1.]
    """
    groups: dict[tuple[Gate, ...], list[Block]] = {}
    for block in dict.fromkeys(blocks):
        groups.setdefault(recipe(block), []).append(block)
    arrays = {make: _matrices(make, group, n_qubits, angles) for make, group in groups.items()}
    rows = {block: row for group in groups.values() for row, block in enumerate(group)}
    return TransferTable(arrays, rows)


def transfer_matrix(operators: Matrix) -> Real:
    """Return the matrix (4**k, 4**k) of the channel with Kraus operators (m, 2**k, 2**k).

    >>> transfer_matrix(PAULIS["Z"][None]).diagonal()
    array([ 1., -1., -1.,  1.])
    """
    return np.real(sum(_transfer(each, each) for each in operators))


def site_sizes(sites: Iterable[int], n_qubits: int) -> tuple[int, ...]:
    """Return the number of coefficients of each site: 4 of a qubit, 2 of a classical bit.

    >>> site_sizes((0, 1, 2), n_qubits=2)
    (4, 4, 2)
    """
    return tuple(QUBIT if site < n_qubits else BIT for site in sites)


def _matrices(make, blocks: Sequence[Block], n_qubits: int, angles: Angles) -> jax.Array:
    """Matrices (m, K, K) or (m, K, K, b) of m blocks of one recipe."""
    factors = _factors(make, site_sizes(blocks[0].sites, n_qubits))
    total = _product([_turned(each, blocks, angles) for each in factors])
    total = jnp.broadcast_to(total, (len(blocks), *total.shape[1:]))
    batched = any(
        hasattr(part.angle, "segment") and jnp.ndim(angles[part.angle.segment]) == 2
        for part in make
    )
    return total if batched else total[..., 0]


def _product(factors: Sequence[jax.Array]) -> jax.Array:
    """The product (m, K, K, b) of factors (m, K, K, b) of which m and b may be 1, the last first.

    By matrix products, which XLA for CPUs does not fuse: a sum over what is computed from angles,
    fused with it, it gets wrong in single precision (jaxlib 0.10.2), behind barriers too.
    """

    def times(late: jax.Array, early: jax.Array) -> jax.Array:
        rows = [max(sizes) for sizes in zip(late.shape, early.shape, strict=True)]
        pair = [
            jnp.broadcast_to(each, (rows[0], *each.shape[1:3], rows[3])) for each in (late, early)
        ]
        return jnp.einsum("mikb,mkjb->mijb", *pair, precision=jax.lax.Precision.HIGHEST)

    return reduce(times, factors)


def _turned(factor: Factor, blocks: Sequence[Block], angles: Angles) -> jax.Array:
    """A factor at the angles of the blocks, (m, K, K, b); m and b are 1 where it has no angle."""
    real = jnp.result_type(float)
    cosines, sines = (jnp.asarray(x, real) for x in (factor.cosines, factor.sines))
    if factor.place < 0:
        return cosines.sum(0)[None, :, :, None]
    rows = angle_rows([block.gates[factor.place] for block in blocks], angles)
    rows = rows.reshape(len(blocks), 1, -1)
    turns = rows * jnp.asarray(factor.frequencies, real)[:, None]
    product = jax.lax.Precision.HIGHEST
    made = jnp.einsum("mfb,fij->mijb", jnp.cos(turns), cosines, precision=product)
    return made + jnp.einsum("mfb,fij->mijb", jnp.sin(turns), sines, precision=product)


@lru_cache(maxsize=256)
def _factors(make: tuple[Gate, ...], sizes: tuple[int, ...]) -> tuple[Factor, ...]:
    """Factors of a block, the last to act first; constants are multiplied into their neighbours."""
    factors: list[Factor] = []
    for place, gate in enumerate(make):
        late = _spread(_gate_factor(gate, place), gate, sizes)
        constant = bool(factors) and min(late.place, factors[-1].place) < 0
        factors[-1:] = [_merged(late, factors[-1])] if constant else [*factors[-1:], late]
    return tuple(factors[::-1])


def _merged(late: Factor, early: Factor) -> Factor:
    """The product of two factors one of which is constant."""
    if late.place < 0:
        left = late.cosines[0]
        return early._replace(cosines=left @ early.cosines, sines=left @ early.sines)
    right = early.cosines[0]
    return late._replace(cosines=late.cosines @ right, sines=late.sines @ right)


def _gate_factor(gate: Gate, place: int) -> Factor:
    """The factor of one gate on its own sites, its classical bit last and as a full qubit."""
    if gate.angle is None:
        matrix = transfer_matrix(kraus_operators(gate))
        return Factor(-1, np.zeros(1), matrix[None], np.zeros((1, *matrix.shape)))
    generator = generator_matrix(gate.name, gate.data)
    if gate.condition:
        generator = np.kron(generator, _projector(gate.condition[1]))
    return Factor(place, *_series(generator))


def kraus_operators(gate: Gate) -> Matrix:
    """Return the Kraus operators (m, d, d) of a placed gate without an angle.

    A classical bit that is written or read counts as a qubit, behind the gate's wires.

    >>> kraus_operators(Gate("reset", (0,))).shape
    (2, 2, 2)
    """
    zero, one = I2 - ONE, ONE
    if gate.name == "kraus":
        assert isinstance(gate.data, Constant), "checked by `gate`"
        return gate.data.array
    if gate.name == "reset":
        return np.stack([zero, PAULIS["X"] @ one])
    if gate.name == "measure":
        flip = PAULIS["X"]
        pairs = [(zero, zero), (zero, flip @ one), (one, one), (one, flip @ zero)]
        return np.stack([np.kron(wire, bit) for wire, bit in pairs])
    matrix = constant_matrix(gate.name, gate.data)
    if gate.condition:
        value = gate.condition[1]
        rest = np.kron(np.eye(len(matrix)), _projector(1 - value))
        matrix = np.kron(matrix, _projector(value)) + rest
    return matrix[None]


def _projector(value: int) -> Matrix:
    return ONE if value else I2 - ONE


def _series(generator: Matrix) -> tuple[Real, Real, Real]:
    """Frequencies (f,) and coefficients (f, K, K) of the cosines and of the sines.

    With the projectors ``Q_v`` of the eigenvalues v, the matrix is ``sum_vw exp(-i angle (v - w))
    Tr(P Q_v P' Q_w) / d``; terms of (v, w) and (w, v) are conjugate.
    """
    values, vectors = np.linalg.eigh(generator)
    levels, level = np.unique(values.round(10), return_inverse=True)
    parts = [vectors[:, level == at] for at in range(len(levels))]
    projectors = [part @ part.conj().T for part in parts]
    sums: dict[float, Matrix] = {}
    for v, late in enumerate(projectors):
        for w, early in enumerate(projectors[: v + 1]):
            gap = round(float(levels[v] - levels[w]), 9)
            sums[gap] = sums.get(gap, 0) + (1 if v == w else 2) * _transfer(late, early)
    terms = np.stack(list(sums.values()))
    return np.array(list(sums)), np.real(terms).copy(), np.imag(terms).copy()


def _transfer(left: Matrix, right: Matrix) -> Matrix:
    """``Tr(P left P' right^dagger) / d`` for all Pauli strings P, P': complex (4**k, 4**k)."""
    n_wires = len(left).bit_length() - 1
    strings = reduce(np.kron, [LETTERS] * n_wires)
    turned = left @ strings @ right.conj().T
    rows = strings.transpose(0, 2, 1).reshape(len(strings), -1)
    return rows @ turned.reshape(len(strings), -1).T / len(left)


def _spread(factor: Factor, gate: Gate, sizes: tuple[int, ...]) -> Factor:
    """A factor on the sites of a gate as one on all sites of its block."""
    sites = list(gate.wires)
    if gate.condition or gate.name == "measure":
        sites.append(gate.condition[0] if gate.condition else classical_bit(gate))
    cosines, sines = (_embed(x, sites, sizes) for x in (factor.cosines, factor.sines))
    return factor._replace(cosines=cosines, sines=sines)


def _embed(matrices: Real, sites: Sequence[int], sizes: tuple[int, ...]) -> Real:
    """Matrices (f, 4**k, 4**k) of k sites on a block; of its bits only I and Z are kept."""
    shape = (QUBIT,) * len(sites)
    small = matrices.reshape(-1, *shape, *shape)
    for axis, site in enumerate(sites):
        if sizes[site] == BIT:
            for at in (1 + axis, 1 + axis + len(sites)):
                small = small.take([0, 3], axis=at)
    others = [site for site in range(len(sizes)) if site not in sites]
    order = [*sites, *others]
    rest = int(np.prod([sizes[site] for site in others], initial=1))
    dim = int(np.prod([sizes[site] for site in sites]))
    full = np.kron(small.reshape(-1, dim, dim), np.eye(rest))
    lengths = [sizes[site] for site in order]
    axes = np.argsort(order) + 1
    full = full.reshape(-1, *lengths, *lengths).transpose(0, *axes, *(axes + len(sizes)))
    return full.reshape(len(full), dim * rest, dim * rest).astype(np.float64)
