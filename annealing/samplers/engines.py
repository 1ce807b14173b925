"""One Metropolis sweep for whatever graph: by colours where it is sparse, by tiles where it is not.

Methods that are built around a sweep (parallel tempering, quantum annealing) use these functions
and never ask which of the two it is. States are columns with a stream of noise for each spin.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from annealing.qubo import Qubo
from annealing.samplers import chromatic, dense
from annealing.samplers.chromatic import Tables, tables_of, temperatures
from annealing.samplers.dense_annealing import dense_beta_range
from annealing.samplers.graphs import is_dense, ising, layout
from annealing.samplers.noise import streams


class Engine(NamedTuple):
    """A problem of `n` spins on the device, in units of `scale`; spin i is in row `place[i]`.

    `model` is `Tables` of a sparse graph or `Couplings` of a dense one, `rows` the length of a
    state, `ends` the automatic first and last inverse temperature in the unit of the QUBO.
    """

    model: Any
    place: jax.Array
    rows: int
    scale: float
    ends: tuple[float, float]


class Couplings(NamedTuple):
    """Dense `J` (N, N), `h` (N,)."""

    J: jax.Array
    h: jax.Array


def engine(qubo: Qubo) -> Engine:
    """`qubo` for the faster of the two sweeps.

    >>> from annealing.qubo import qubo_from_matrix
    >>> type(engine(qubo_from_matrix([[0.0, 4.0], [0.0, 0.0]])).model).__name__
    'Couplings'
    """
    if is_dense(qubo):
        model = dense.dense(qubo)
        place = jnp.arange(model.n, dtype=jnp.int32)
        ends = dense_beta_range(qubo, model)
        return Engine(Couplings(model.J, model.h), place, len(model.h), model.scale, ends)
    model = ising(qubo)
    made = layout(len(model.h), model.J.rows, model.J.cols)
    tables = tables_of(made, model.h, model.J.values)
    place, rows = jnp.asarray(made.place, jnp.int32), made.colours * made.width
    return Engine(tables, place, rows, model.scale, temperatures(qubo, model, None))


def random_state(model: Any, keys: jax.Array, rows: int) -> tuple[jax.Array, jax.Array]:
    """Random spins (rows, r) and noise (rows, r), one column for each key."""
    if isinstance(model, Couplings):
        return dense.start(keys, rows)
    both = jax.vmap(lambda key: streams(key, 2 * rows))(keys).T
    return jnp.where(both[:rows] >> 31, 1, -1).astype(jnp.int8), both[rows:]


def sweep(
    model: Any, spins: jax.Array, noise: jax.Array, betas: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """One sweep of each column at its own of `betas` (r,)."""
    if isinstance(model, Couplings):
        return dense.sweep(model.J, model.h[:, None], spins, noise, betas)
    return chromatic.sweep((spins, noise), model, betas, "metropolis")


def energies(model: Any, spins: jax.Array) -> jax.Array:
    """Energies (r,) of the columns, in units of the engine's scale."""
    if isinstance(model, Couplings):
        return dense.energies(model.J, model.h, spins)
    pairs = over_neighbours(model, spins, lambda weight, spin: weight * spin, jnp.float32)
    fields = model.fields.reshape(-1, 1)
    return ((pairs / 2 + fields) * spins.astype(jnp.float32)).sum(axis=0)


def touching(model: Tables, marked: jax.Array) -> jax.Array:
    """Rows (rows, r) with a coupling to one of the `marked` rows (rows, r)."""

    def hit(weight, mark):
        return ((weight != 0) & mark).astype(jnp.int8)

    return over_neighbours(model, marked, hit, jnp.int8) > 0


def over_neighbours(model: Tables, states: jax.Array, term: Any, dtype: Any) -> jax.Array:
    """Sum (rows, r) over the neighbours of each row of `term(weight, state of the neighbour)`."""
    colours, _ = model.fields.shape
    parts = []
    for near, weight in zip(model.slots, model.weights, strict=True):

        def add(k, total, near=near, weight=weight):
            return total + term(weight[:, k, :, None], states[near[:, k]].astype(_kind(states)))

        total = jnp.zeros((colours, near.shape[2], states.shape[1]), dtype)
        # Without neighbours there is nothing to trace.
        parts.append(lax.fori_loop(0, near.shape[1], add, total) if near.shape[1] else total)
    return jnp.concatenate(parts, axis=1).reshape(-1, states.shape[1])


def _kind(states: jax.Array) -> Any:
    return jnp.bool_ if states.dtype == jnp.bool_ else jnp.float32
