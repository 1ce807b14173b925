"""Simulated annealing of sparse problems: all spins of one colour of all reads turn at once.

Reads are columns. A sweep goes through the colours of the graph; spins of one colour do not couple,
so that turning them together equals turning them one after the other. The program depends on the
shape of the graph alone: fields, couplings and temperatures are its arguments. On a CPU compiled
loops (`native.lanes`) do turn them one after the other, without colours and faster.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.qubo import Qubo
from annealing.samplers.dense import dense
from annealing.samplers.dense_annealing import dense_beta_range
from annealing.samplers.descent import polished
from annealing.samplers.graphs import (
    Ising,
    Layout,
    by_slot,
    couplings,
    is_dense,
    ising,
    layout,
)
from annealing.samplers.native import calls
from annealing.samplers.noise import advance, streams, uniform
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.schedules import beta_range, betas
from annealing.samplers.stopping import UNLIMITED, Budget, Method, draw

UNROLLED = 24  # neighbours written out in the program; more of them are a loop, quicker to compile
FEW = 32  # variables that are dense at any degree
CACHE = 2**20  # bytes near a core; spins and streams that fit in it are turned twice as fast
Rule = Literal["metropolis", "gibbs"]


class Tables(NamedTuple):
    """A problem on the device: `fields` (c, width); for each group `slots`, `weights` (c, d, m)."""

    fields: Any
    slots: tuple
    weights: tuple


@dataclass(frozen=True)
class ChromaticAnnealing:
    """Simulated annealing for sparse problems with couplings of any size, on CPU or GPU.

    The time of a sweep grows with the number of couplings. On dense graphs every spin has a colour
    of its own: it works there, but other methods are faster.

    Args:
        sweeps: of a read; each proposes to turn every spin once.
        beta_range: first and last inverse temperature, in the inverse unit of the energies; by
            default read off the couplings (`schedules.beta_range`).
        schedule: "linear", "geometric" or, by the width of the range, "auto".
        rule: "metropolis" turns more spins a sweep, "gibbs" draws each anew from its surroundings.
        polish: end each read with a steepest descent to the next local minimum.
        budget: when to stop earlier, and memory.
        kernel: "native" (compiled loops on all cores of a CPU; needs numba), "jax", or "auto":
            native where it can be. They draw different reads from one seed; "kernel" in
            `info["effective"]` says which it was.

    >>> from annealing.qubo import qubo_from_terms
    >>> qubo = qubo_from_terms({(0,): -1.0, (0, 1): 2.0, (1,): -2.0})
    >>> samples = ChromaticAnnealing(sweeps=100).sample(qubo, reads=8, seed=1)
    >>> samples.bits[0].tolist(), samples.energies[0].item()
    ([0, 1], -2.0)
    """

    sweeps: int = 1000
    beta_range: tuple[float, float] | None = None
    schedule: Literal["auto", "linear", "geometric"] = "auto"
    rule: Rule = "metropolis"
    polish: bool = True
    budget: Budget = UNLIMITED
    kernel: calls.Kernel = "auto"

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, or does not fit the budget.
        """
        qubo = check_request(qubo, reads, seed)
        check_count("sweeps", self.sweeps)
        if self.rule not in ("metropolis", "gibbs"):
            raise ValueError(f"Argument `rule` must be metropolis or gibbs, but is {self.rule!r}.")
        kernel = calls.picked_kernel(self.kernel)
        model = ising(qubo)
        ends = temperatures(qubo, model, self.beta_range)
        method = self._method(model, ends, kernel)
        method = polished(method, qubo, kernel) if self.polish else method
        chosen = {"schedule": self.schedule, "rule": self.rule, "polish": self.polish}
        asked = self.beta_range and [float(beta) for beta in self.beta_range]
        info = {
            "sampler": "ChromaticAnnealing",
            "requested": {**chosen, "beta_range": asked, "kernel": self.kernel},
            "effective": {**chosen, "beta_range": list(ends), "kernel": kernel},
        }
        return draw(
            qubo,
            method,
            reads=reads,
            seed=seed,
            sweeps=self.sweeps,
            budget=self.budget,
            info=info,
        )

    def _method(self, model: Ising, ends: tuple[float, float], kernel: str) -> Method:
        def schedule(sweeps: int) -> np.ndarray:
            return model.scale * betas(*ends, sweeps, self.schedule)

        if kernel == "native":
            return calls.by_lanes(model, schedule, self.rule == "gibbs")
        return by_colours(model, schedule, self.rule)


def temperatures(
    qubo: Qubo, model: Ising, given: tuple[float, float] | None
) -> tuple[float, float]:
    """The ends of the schedule in the inverse unit of the QUBO: those given, or the automatic.

    Where most spins are coupled, fields are sums of many terms, and the cold end is measured
    (`dense_annealing.dense_beta_range`).
    """
    if given is not None:
        hot, cold = (float(beta) for beta in given)
        return hot, cold
    if is_dense(qubo) and qubo.n_variables > FEW:
        return dense_beta_range(qubo, dense(qubo))
    hot, cold = beta_range(model.h, model.J)
    return hot / model.scale, cold / model.scale


def by_colours(model: Ising, schedule: Callable, rule: Rule) -> Method:
    """The sweeps in JAX; `schedule(sweeps)` gives their inverse temperatures."""
    made = layout(len(model.h), model.J.rows, model.J.cols)
    tables = tables_of(made, model.h, model.J.values)
    place, slots = jnp.asarray(made.place, jnp.int32), made.colours * made.width
    return Method(
        init=lambda keys: _start(keys, slots),
        step=lambda state, block, count: _sweeps(state, tables, block, count, rule),
        read=lambda state: _bits(state, place),
        schedule=schedule,
        bytes_per_read=16 * slots,  # spins 1, noise 4, both twice while they change; bits, fields
        most=max(64, CACHE // (5 * slots)),
    )


def tables_of(made: Layout, h: np.ndarray, values: np.ndarray) -> Tables:
    """Fields `h` (n,) and coupling `values` (p,) in the places of `made`, on the device."""
    weights = (couplings(group, values) for group in made.groups)
    return Tables(
        jnp.asarray(by_slot(made, h), jnp.float32),
        tuple(jnp.asarray(group.slots, jnp.int32) for group in made.groups),
        tuple(jnp.asarray(weight, jnp.float32) for weight in weights),
    )


@partial(jax.jit, static_argnums=1)
def _start(keys: Any, slots: int) -> tuple[Any, Any]:
    """Random spins (slots, r) int8 and streams (slots, r), those of a read from its own key."""
    both = jax.vmap(lambda key: streams(key, 2 * slots))(keys).T
    return jnp.where(both[:slots] >> 31, 1, -1).astype(jnp.int8), both[slots:]


@jax.jit
def _bits(state: tuple[Any, Any], place: Any) -> Any:
    return (state[0][place] > 0).T


@partial(jax.jit, static_argnames="rule", donate_argnums=0)
def _sweeps(state: tuple[Any, Any], tables: Tables, block: Any, count: Any, rule: Rule) -> Any:
    """The first `count` sweeps at the inverse temperatures `block`."""
    return lax.fori_loop(0, count, lambda k, now: sweep(now, tables, block[k], rule), state)


def sweep(state: tuple[Any, Any], tables: Tables, beta: Any, rule: Rule) -> tuple[Any, Any]:
    """One sweep of spins (slots, r) int8 with streams (slots, r).

    Args:
        state: spins and streams.
        tables: the problem.
        beta: inverse temperature, of all reads or of each (r,).
        rule: how a spin decides.
    """
    width = tables.fields.shape[1]

    def colour(now, own):
        spins, noise = now
        first, fields, slots, weights = own
        start = 0
        for near, weight in zip(slots, weights, strict=True):
            m = near.shape[1]
            field = _field(spins, fields[start : start + m], near, weight)
            old = lax.dynamic_slice_in_dim(spins, first + start, m)
            drawn = advance(lax.dynamic_slice_in_dim(noise, first + start, m))
            new = _decide(old, beta * field, uniform(drawn), rule)
            spins = lax.dynamic_update_slice_in_dim(spins, new, first + start, 0)
            noise = lax.dynamic_update_slice_in_dim(noise, drawn, first + start, 0)
            start += m
        return (spins, noise), None

    firsts = jnp.arange(tables.fields.shape[0], dtype=jnp.int32) * width
    state, _ = lax.scan(colour, state, (firsts, tables.fields, tables.slots, tables.weights))
    return state


def _field(spins: Any, fields: Any, near: Any, weight: Any) -> Any:
    """Fields (m, r) at spins with neighbours `near` (d, m)."""

    def add(k, total):
        return total + weight[k][:, None] * spins.at[near[k]].get(mode="promise_in_bounds").astype(
            jnp.float32
        )

    total = jnp.broadcast_to(fields[:, None], (len(fields), spins.shape[1]))
    if not len(near):
        return total
    return lax.fori_loop(0, len(near), add, total, unroll=len(near) <= UNROLLED or 8)


def _decide(old: Any, field: Any, chance: Any, rule: Rule) -> Any:
    """New spins, given beta times the field at each: up costs beta times that, down gains it."""
    if rule == "gibbs":
        return jnp.where(chance * (1 + jnp.exp(2 * field)) < 1, 1, -1).astype(jnp.int8)
    turned = chance <= jnp.exp(2 * field * old.astype(jnp.float32))
    return jnp.where(turned, -old, old)


def gibbs(n: int, rows: np.ndarray, cols: np.ndarray) -> Callable:
    """Block Gibbs sampling on one graph, for training Boltzmann machines with persistent chains.

    Args:
        n: number of spins.
        rows: first spin (p,) of each pair that may couple.
        cols: second spin (p,).

    Returns:
        `chains(key, spins, h, J, beta=1.0, sweeps=1)`, a function of JAX arrays: `spins` (n, r) of
        -1 and +1 are `r` chains as they stand, `h` (n,) and `J` (p,) the model of the moment; it
        gives the spins (n, r) int8 after `sweeps` sweeps at exp(-beta * (h.s + s.J.s)). It
        compiles once for each r.

    Limits: a chain forgets its start slowly where the couplings are strong. The layers of a
    machine that couples all visible to all hidden units are better drawn by matrix products.

    >>> chains = gibbs(2, np.array([0]), np.array([1]))
    >>> up = jnp.ones((2, 4), jnp.int8)
    >>> chains(jax.random.key(0), up, jnp.zeros(2), jnp.full(1, -9.0)).tolist()
    [[1, 1, 1, 1], [1, 1, 1, 1]]
    """
    made = layout(n, np.asarray(rows), np.asarray(cols))
    place, slots = jnp.asarray(made.place, jnp.int32), made.colours * made.width
    near = tuple(jnp.asarray(group.slots, jnp.int32) for group in made.groups)
    pairs = tuple(jnp.asarray(group.pairs, jnp.int32) for group in made.groups)

    @jax.jit
    def chains(key, spins, h, J, beta=1.0, sweeps=1):
        values = jnp.append(J.astype(jnp.float32), jnp.float32(0))
        fields = jnp.zeros(slots, jnp.float32).at[place].set(h.astype(jnp.float32))
        weights = tuple(values[pair] for pair in pairs)
        tables = Tables(fields.reshape(made.colours, made.width), near, weights)
        placed = jnp.ones((slots, spins.shape[1]), jnp.int8).at[place].set(spins.astype(jnp.int8))
        noise = streams(key, slots * spins.shape[1]).reshape(placed.shape)
        beta = jnp.asarray(beta).astype(jnp.float32)
        step = partial(sweep, tables=tables, beta=beta, rule="gibbs")
        return lax.fori_loop(0, sweeps, lambda _, now: step(now), (placed, noise))[0][place]

    return chains
