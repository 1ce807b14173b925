"""The inner loop of parallel tempering: sweeps, swaps of temperatures, exchanges of clusters.

A ladder is one column of spins at each temperature. Columns stay where they are; what swaps is
which column stands at which temperature.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from annealing.samplers.chromatic import Tables
from annealing.samplers.engines import energies, random_state, sweep, touching

EVERY = 10  # rounds between two cluster moves, which cost tens of sweeps


class State(NamedTuple):
    """Ladders (g, t) of columns (c = g * t), and what they have seen; `reads` = g / ladders.

    `column` (g, t) is the column at each temperature. `heading` (c,) is 1 for a column that last
    met the cold end, 2 if then the hot end, 0 before; `trips` (g,) round trips. `rejected` (t - 1,)
    sums probabilities over `tried` swaps of each pair; `share` (t,) cluster sizes.
    """

    spins: jax.Array
    noise: jax.Array
    keys: jax.Array
    round: jax.Array
    column: jax.Array
    best: jax.Array
    best_spins: jax.Array
    heading: jax.Array
    trips: jax.Array
    rejected: jax.Array
    tried: jax.Array
    share: jax.Array


@partial(jax.jit, static_argnums=(2, 3, 4))
def start(model: Any, keys: jax.Array, rows: int, t: int, ladders: int) -> State:
    """Random ladders of `t` temperatures, `ladders` of them for each key, from that key alone."""
    reads, g = len(keys), len(keys) * ladders
    both = jax.vmap(partial(jax.random.split, num=ladders * (t + 1)))(keys)
    both = both.reshape(g, t + 1)
    spins, noise = random_state(model, both[:, :t].reshape(-1), rows)
    whole = partial(jnp.zeros, dtype=jnp.int32)
    return State(
        spins=spins,
        noise=noise,
        keys=both[:, t],
        round=jnp.int32(0),
        column=jnp.arange(g * t, dtype=jnp.int32).reshape(g, t),
        best=jnp.full(reads, jnp.inf, jnp.float32),
        best_spins=spins[:, :: t * ladders],
        heading=whole(g * t),
        trips=whole(g),
        rejected=jnp.zeros(t - 1, jnp.float32),
        tried=jnp.zeros(t - 1, jnp.float32),
        share=jnp.zeros(t, jnp.float32),
    )


def forget(state: State) -> State:
    """The ladders as they are, with their counts at zero."""
    zeros = (jnp.zeros_like(x) for x in (state.round, state.rejected, state.tried, state.share))
    now, rejected, tried, share = zeros
    keys = jax.vmap(lambda key: jax.random.split(key, 1)[0])(state.keys)  # rounds number the draws
    return state._replace(round=now, rejected=rejected, tried=tried, share=share, keys=keys)


@partial(jax.jit, static_argnums=4)
def advance(model: Any, state: State, betas: jax.Array, count: jax.Array, clusters: bool) -> State:
    """`count` rounds at the inverse temperatures `betas` (t,), hottest first."""

    def one(_, state):
        hot = jnp.zeros(state.column.size, jnp.float32)
        every = jnp.broadcast_to(betas, state.column.shape)
        spins, noise = sweep(model, state.spins, state.noise, hot.at[state.column].set(every))
        state = state._replace(spins=spins, noise=noise)
        keys = jax.vmap(jax.random.fold_in, (0, None))(state.keys, state.round)
        if clusters:
            state = lax.cond(
                state.round % EVERY == 0,
                lambda: exchange_clusters(model, state, keys),
                lambda: state,
            )
        energy = energies(model, state.spins)
        return swap(remember(state, energy), energy, betas, keys)

    return lax.fori_loop(0, count, one, state)


def remember(state: State, energy: jax.Array) -> State:
    """The lowest state of each read so far."""
    by_read = energy.reshape(len(state.best), -1)
    lowest = by_read.argmin(axis=1).astype(jnp.int32)
    reads = jnp.arange(len(state.best), dtype=jnp.int32)
    found = by_read[reads, lowest]
    better = found < state.best
    spins = state.spins[:, reads * by_read.shape[1] + lowest]
    return state._replace(
        best=jnp.where(better, found, state.best),
        best_spins=jnp.where(better, spins, state.best_spins),
    )


def swap(state: State, energy: jax.Array, betas: jax.Array, keys: jax.Array) -> State:
    """Neighbouring temperatures trade columns: even pairs in even rounds, odd ones in odd."""
    t = len(betas)
    at = energy[state.column]
    gain = (betas[1:] - betas[:-1]) * (at[:, 1:] - at[:, :-1])
    chance = jnp.exp(jnp.minimum(gain, 0))
    drawn = jax.vmap(lambda key: jax.random.uniform(key, (t - 1,), jnp.float32))(keys)
    turn = jnp.arange(t - 1, dtype=jnp.int32) % 2 == state.round % 2
    accepted = turn & (drawn < chance)
    none = jnp.zeros((len(at), 1), bool)
    up, down = jnp.hstack([accepted, none]), jnp.hstack([none, accepted])
    place = jnp.arange(t, dtype=jnp.int32)
    source = jnp.where(up, place + 1, jnp.where(down, place - 1, place))
    column = jnp.take_along_axis(state.column, source, axis=1)
    tried = turn.astype(jnp.float32)
    state = count_trips(state._replace(column=column, round=state.round + 1))
    return state._replace(
        rejected=state.rejected + tried * (1 - chance).sum(axis=0),
        tried=state.tried + tried * len(at),
    )


def count_trips(state: State) -> State:
    """Round trips: from the cold end over the hot end and back."""
    hot, cold = state.column[:, 0], state.column[:, -1]
    heading = state.heading
    heading = heading.at[hot].set(jnp.where(heading[hot] > 0, 2, 0).astype(jnp.int32))
    back = heading[cold] == 2
    return state._replace(
        heading=heading.at[cold].set(1), trips=state.trips + back.astype(jnp.int32)
    )


def exchange_clusters(model: Tables, state: State, keys: jax.Array) -> State:
    """Houdayer's move between the ladders of each pair, at each temperature."""
    t = state.column.shape[1]
    one, other = state.column[0::2].reshape(-1), state.column[1::2].reshape(-1)
    a, b = state.spins[:, one], state.spins[:, other]
    differ = a != b
    seeds = jax.vmap(lambda key: jax.random.uniform(key, (t, len(a)), jnp.float32))(
        jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys[0::2])
    )
    first = jnp.argmax(jnp.where(differ, seeds.reshape(-1, len(a)).T, -1), axis=0)
    columns = jnp.arange(a.shape[1], dtype=jnp.int32)
    cluster = jnp.zeros_like(differ).at[first, columns].set(True) & differ
    cluster = grow(model, cluster, differ)
    spins = state.spins.at[:, one].set(jnp.where(cluster, b, a))
    spins = spins.at[:, other].set(jnp.where(cluster, a, b))
    held, differing = (x.astype(jnp.float32).sum(axis=0) for x in (cluster, differ))
    share = (held / jnp.maximum(differing, 1)).reshape(-1, t).mean(axis=0)
    return state._replace(spins=spins, share=state.share + share)


def grow(model: Tables, cluster: jax.Array, within: jax.Array) -> jax.Array:
    """The connected parts of `within` (rows, r) that `cluster` lies in."""

    def more(carry):
        cluster, _ = carry
        larger = cluster | (touching(model, cluster) & within)
        return larger, jnp.any(larger != cluster)

    return lax.while_loop(lambda carry: carry[1], more, (cluster, jnp.bool_(True)))[0]
