"""What a measurement of a matrix product state gives, without ever making the dense state."""

from collections.abc import Iterable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from circuits.gates.table import PAULIS
from circuits.observables import Pauli, PauliSum, check_observables
from circuits.simulation.chains.matrix_product import MatrixProductState

LETTERS = "IXYZ"
# Pauli strings that are contracted at a time; bounds the memory by this many bond matrices.
STRINGS = 32


def chain_expectation(
    chain: MatrixProductState, observables: PauliSum | Iterable[PauliSum]
) -> jax.Array:
    """Return expectation values from transfer matrices; for `jit`, `grad` and `vmap`.

    A string costs ``bond**3`` for each site between its first and last letter, and the chain twice
    as much once.

    Args:
        chain: of n sites, as `matrix_product_state` gives it.
        observables: k of them, or a single one.

    Returns:
        Real values of shape (k,).

    Raises:
        ValueError: where there is no observable or one acts outside the chain.

    >>> from circuits import build_circuit, gate, pauli
    >>> from circuits.simulation.chains.matrix_product import matrix_product_state
    >>> bell = matrix_product_state(build_circuit([gate("h", 0), gate("cx", 0, 1)]))({})
    >>> print(chain_expectation(bell, [pauli("XX", (0, 1)), pauli("Z", 0)]).round(3) + 0.0)
    [1. 0.]
    """
    n_sites = len(chain.tensors)
    checked = check_observables(observables, n_sites)
    terms = [(k, value, string) for k, each in enumerate(checked) for value, string in each.terms]
    windows: dict[int, dict[Pauli, None]] = {}
    for _, _, string in terms:
        if string:
            windows.setdefault(_window(string, n_sites), {})[string] = None
    sides = _left_environments(chain.tensors), _right_environments(chain.tensors)
    values: dict[Pauli, jax.Array] = {(): jnp.ones((), chain.tensors.real.dtype)}
    for width, strings in windows.items():
        found = _string_values(chain.tensors, sides, list(strings), width)
        values |= dict(zip(strings, found, strict=True))
    return _sums(terms, values, len(checked))


def chain_samples(chain: MatrixProductState, key: jax.Array, shots: int) -> jax.Array:
    """Return bits drawn from the exact distribution of a chain, site by site.

    Args:
        chain: of n sites, as `matrix_product_state` gives it.
        key: JAX random key.
        shots: number of independent draws, each of cost ``n bond**2``; the chain costs
            ``n bond**3`` once.

    Returns:
        Bits, uint8 of shape (shots, n) with qubit 0 leftmost.

    Source:
        Ferris and Vidal, Phys. Rev. B 85, 165146 (2012), arXiv:1201.3974, Sec. II.

    >>> from circuits import build_circuit, gate
    >>> from circuits.simulation.chains.matrix_product import matrix_product_state
    >>> flipped = matrix_product_state(build_circuit([gate("x", 0)], n_qubits=2))({})
    >>> chain_samples(flipped, jax.random.key(0), shots=2).tolist()
    [[1, 0], [1, 0]]
    """
    n_sites, size = chain.tensors.shape[:2]
    draws = jax.random.uniform(key, (n_sites, shots), chain.tensors.real.dtype)

    def draw(vectors, site):
        tensor, right, draw = site
        both = _contract("sl,lpr->spr", vectors, tensor)
        weights = jnp.sum(both.conj() * _contract("spr,tr->spt", both, right), axis=2).real
        bits = (draw * jnp.sum(weights, axis=1) < weights[:, 1]).astype(jnp.int32)
        chosen = jnp.take_along_axis(both, bits[:, None, None], 1)[:, 0]
        norms = jnp.sqrt(jnp.take_along_axis(weights, bits[:, None], 1))
        return chosen / norms.astype(chosen.dtype), bits.astype(jnp.uint8)

    start = jnp.zeros((shots, size), chain.tensors.dtype).at[:, 0].set(1)
    right = _right_environments(chain.tensors)
    return jax.lax.scan(draw, start, (chain.tensors, right, draws))[1].T


def chain_amplitude(chain: MatrixProductState, bits: Sequence[int] | jax.Array) -> jax.Array:
    """Return the amplitude ``<bits|psi>`` of one bit string; for `jit`, `grad` and `vmap`.

    Args:
        chain: of n sites.
        bits: n ints 0 or 1, qubit 0 first.

    Returns:
        A complex scalar.

    Raises:
        ValueError: on a wrong number of bits.

    >>> from circuits import build_circuit, gate
    >>> from circuits.simulation.chains.matrix_product import matrix_product_state
    >>> bell = matrix_product_state(build_circuit([gate("h", 0), gate("cx", 0, 1)]))({})
    >>> print(chain_amplitude(bell, [1, 1]).real.round(3))
    0.707
    """
    chosen = jnp.asarray(bits, jnp.int32)
    if chosen.shape != (len(chain.tensors),):
        raise ValueError(
            f"Argument `bits` must hold {len(chain.tensors)} bits, one for each site, but has "
            f"shape {chosen.shape}."
        )
    matrices = jnp.take_along_axis(chain.tensors, chosen[:, None, None, None], 2)[:, :, 0]

    def multiply(vector, matrix):
        return _contract("l,lr->r", vector, matrix), None

    start = jnp.zeros(chain.tensors.shape[1], chain.tensors.dtype).at[0].set(1)
    return jax.lax.scan(multiply, start, matrices)[0][0]


def chain_overlap(first: MatrixProductState, second: MatrixProductState) -> jax.Array:
    """Return ``<first|second>``; for `jit`, `grad` and `vmap`. Bond dimensions may differ.

    Raises:
        ValueError: on chains of different length.

    >>> from circuits import build_circuit, gate
    >>> from circuits.simulation.chains.matrix_product import matrix_product_state
    >>> zero, plus = (matrix_product_state(build_circuit([gate(g, 0)]))({}) for g in ("id", "h"))
    >>> print(chain_overlap(zero, plus).real.round(3))
    0.707
    """
    if len(first.tensors) != len(second.tensors):
        raise ValueError(
            "Two chains overlap when they have the same number of sites, but they have "
            f"{len(first.tensors)} and {len(second.tensors)}."
        )

    def transfer(environment, site):
        half = _contract("ab,bqd->aqd", environment, site[1])
        return _contract("apc,apd->cd", site[0].conj(), half), None

    shape = first.tensors.shape[1], second.tensors.shape[1]
    start = jnp.zeros(shape, first.tensors.dtype).at[0, 0].set(1)
    return jax.lax.scan(transfer, start, (first.tensors, second.tensors))[0][0, 0]


def _window(string: Pauli, n_sites: int) -> int:
    """Sites from first to last letter, up to a power of two: few widths make few programs."""
    span = string[-1][0] - string[0][0] + 1
    return min(n_sites, 2 ** (span - 1).bit_length())


def _left_environments(tensors: jax.Array) -> jax.Array:
    """Contractions (n, D, D) of everything to the left of each site with its conjugate."""
    start = jnp.zeros(tensors.shape[1::2], tensors.dtype).at[0, 0].set(1)

    def transfer(environment, tensor):
        return _transfer(environment, tensor, jnp.eye(2, dtype=tensor.dtype)), environment

    return jax.lax.scan(transfer, start, tensors)[1]


def _right_environments(tensors: jax.Array) -> jax.Array:
    """The same (n, D, D) of everything to the right of each site."""
    start = jnp.zeros(tensors.shape[1::2], tensors.dtype).at[0, 0].set(1)

    def transfer(environment, tensor):
        half = _contract("bqd,cd->bqc", tensor, environment)
        return _contract("aqc,bqc->ab", tensor.conj(), half), environment

    return jax.lax.scan(transfer, start, tensors, reverse=True)[1]


def _transfer(environment: jax.Array, tensor: jax.Array, operator: jax.Array) -> jax.Array:
    half = _contract("ab,bqd->aqd", environment, tensor)
    half = _contract("pq,aqd->apd", operator, half)
    return _contract("apc,apd->cd", tensor.conj(), half)


def _string_values(tensors, sides, strings: list[Pauli], width: int) -> jax.Array:
    """Values (t,) of t Pauli strings that fit into windows of one width."""
    left, right = sides
    starts = [min(string[0][0], len(tensors) - width) for string in strings]
    letters = np.zeros((len(strings), width), np.int32)
    for row, string in enumerate(strings):
        for wire, letter in string:
            letters[row, wire - starts[row]] = LETTERS.index(letter)
    operators = jnp.asarray(np.stack([PAULIS[letter] for letter in LETTERS]), tensors.dtype)

    def value(string):
        start, codes = string

        def transfer(environment, place):
            site, code = place
            return _transfer(environment, tensors[site], operators[code]), None

        sites = start + jnp.arange(width, dtype=jnp.int32)
        middle = jax.lax.scan(transfer, left[start], (sites, codes))[0]
        return jnp.sum(middle * right[sites[-1]]).real

    windows = jnp.asarray(np.array(starts, np.int32)), jnp.asarray(letters)
    return jax.lax.map(value, windows, batch_size=STRINGS)


def _sums(terms, values: dict[Pauli, jax.Array], count: int) -> jax.Array:
    """Sums (k,) of coefficients times the values of their strings."""
    places = {string: place for place, string in enumerate(values)}
    stacked = jnp.stack(list(values.values()))
    rows = np.array([row for row, _, _ in terms], np.int32)
    columns = np.array([places[string] for _, _, string in terms], np.int32)
    coefficients = jnp.asarray(np.array([value for _, value, _ in terms], float), stacked.dtype)
    return jnp.zeros(count, stacked.dtype).at[rows].add(coefficients * stacked[columns])


def _contract(formula: str, *operands) -> jax.Array:
    return jnp.einsum(formula, *operands, precision=jax.lax.Precision.HIGHEST)
