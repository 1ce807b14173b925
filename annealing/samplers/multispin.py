"""Simulated annealing of 32 reads in one machine word, for couplings that are small integers.

The spin of 32 reads is one uint32. An exclusive or with the neighbour's word marks the reads in
which a bond is satisfied; bit-sliced adders count the satisfied bonds of all reads at once, plane b
of the count holding its bit b (multi-spin coding: Jacobs and Rebbi, J. Comput. Phys. 41, 203
(1981); for +-J glasses Isakov et al., Comput. Phys. Commun. 192, 265 (2015)).

Turning a spin of which bonds of weight `a` out of `D` are satisfied costs 2 (2 a - D). Metropolis
accepts it with probability r**(2 a - D), r = exp(-2 beta), or 1; that is where

    2 a <= D + G,    P(G >= g) = r**g,

and the binary digits of such a geometric G are independent: digit b is 1 with probability
r**(2**b) / (1 + r**(2**b)). So G is drawn in planes too, for all reads of a word, each plane from
24 random words that are combined by AND and OR along the binary digits of its probability.

These probabilities are the same at all spins. A drawn word is therefore used at 32 spins of a
colour, turned by one more bit at each: a read meets every random bit once, which leaves it an exact
Metropolis chain, and the reads at one spin have independent bits, so that they do not merge as
reads that share their thresholds do. What is shared is one bit between different spins of different
reads of one word; reads of different words share nothing.
"""

import math
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.qubo import Qubo
from annealing.samplers.chromatic import CACHE, ChromaticAnnealing, temperatures
from annealing.samplers.descent import polished
from annealing.samplers.graphs import Ising, Layout, by_slot, couplings, ising, layout
from annealing.samplers.noise import advance, mixed, streams
from annealing.samplers.protocol import Samples, check_count, check_request
from annealing.samplers.schedules import betas
from annealing.samplers.stopping import UNLIMITED, Budget, Method, draw

WORD = 32  # reads in a word, whether x64 is on or not: the same seed gives the same reads
LARGEST = 15  # coefficient, in units of the common divisor: four bit planes
UNROLLED = 48  # neighbours written out in the program; more of them are a loop
DIGITS = 24  # of a probability


class Words(NamedTuple):
    """A problem on the device, most of it as words that are all ones or all zeros.

    For each group: `slots` (c, d, m) of the neighbours; `like` (c, d, m), ones where like spins
    satisfy the bond; `digits`, binary digits of its weight, lowest first, each (c, d, m). For the
    field of each spin: `down` (c, width), ones where spin down satisfies it, and `field_digits`.
    `totals`: binary digits of the sum D of the weights at a spin, each (c, width).
    """

    slots: tuple
    like: tuple
    digits: tuple
    down: Any
    field_digits: tuple
    totals: tuple


@dataclass(frozen=True)
class MultiSpinAnnealing:
    """Simulated annealing of +-J and other small-integer problems, 32 reads at a time.

    Where fields and couplings are multiples -15 ... 15 of some unit (those of the Ising model, so
    that a MaxCut or a graph of +-J qualifies), this is the sampler of the highest rate; it pays
    from about 32 reads on. Other problems are handed to `ChromaticAnnealing`; "method" in
    `info["effective"]` says which it was. `reads` that do not fill the last word are cut off.

    Args:
        sweeps: of a read; each proposes to turn every spin once, by Metropolis' rule.
        beta_range: first and last inverse temperature, in the inverse unit of the energies; by
            default read off the couplings (`schedules.beta_range`).
        schedule: "linear", "geometric" or, by the width of the range, "auto".
        polish: end each read with a steepest descent to the next local minimum.
        budget: when to stop earlier, and memory.

    >>> from annealing.ising import qubo_from_ising
    >>> ring = {(i, (i + 1) % 6): 1.0 for i in range(6)}
    >>> samples = MultiSpinAnnealing(sweeps=100).sample(
    ...     qubo_from_ising(np.zeros(6), ring), reads=64, seed=1
    ... )
    >>> samples.energies[0].item(), samples.info["effective"]["method"]
    (-6.0, 'multi-spin')
    """

    sweeps: int = 1000
    beta_range: tuple[float, float] | None = None
    schedule: Literal["auto", "linear", "geometric"] = "auto"
    polish: bool = True
    budget: Budget = UNLIMITED

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` samples of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, or does not fit the budget.
        """
        qubo = check_request(qubo, reads, seed)
        check_count("sweeps", self.sweeps)
        model = ising(qubo)
        unit = common_unit(np.concatenate([model.h, model.J.values]))
        if unit is None:
            return self._by_colours(qubo, reads, seed)
        ends = temperatures(model, self.beta_range)
        method = _method(model, unit, ends, self.schedule)
        chosen = {"schedule": self.schedule, "polish": self.polish}
        asked = self.beta_range and [float(beta) for beta in self.beta_range]
        info = {
            "sampler": "MultiSpinAnnealing",
            "requested": {**chosen, "beta_range": asked},
            "effective": {**chosen, "beta_range": list(ends), "method": "multi-spin"},
        }
        return draw(
            qubo,
            polished(method, qubo) if self.polish else method,
            reads=reads,
            seed=seed,
            sweeps=self.sweeps,
            budget=self.budget,
            info=info,
        )

    def _by_colours(self, qubo: Qubo, reads: int, seed: int) -> Samples:
        other = ChromaticAnnealing(
            **{field.name: getattr(self, field.name) for field in fields(self)}
        )
        samples = other.sample(qubo, reads=reads, seed=seed)
        effective = {**samples.info["effective"], "method": "chromatic"}
        info = {**samples.info, "sampler": "MultiSpinAnnealing", "effective": effective}
        return samples._replace(info=info)


def common_unit(values: np.ndarray) -> float | None:
    """The largest number of which all `values` are multiples -15 ... 15, if there is one.

    >>> common_unit(np.array([0.5, -0.75, 0.0])), common_unit(np.array([1.0, np.pi]))
    (0.25, None)
    """
    sizes = np.abs(values)
    sizes = sizes[sizes > 1e-9 * sizes.max(initial=0.0)]  # rounding leaves what should be zero
    if not sizes.size:
        return 1.0
    for parts in range(1, LARGEST + 1):
        unit = sizes.min() / parts
        multiples = sizes / unit
        if np.abs(multiples - np.rint(multiples)).max() < 1e-6:
            return float(unit) if multiples.max() < LARGEST + 0.5 else None
    return None


def _method(model: Ising, unit: float, ends: tuple[float, float], kind: Any) -> Method:
    made = layout(len(model.h), model.J.rows, model.J.cols, lanes=WORD)
    h, J = np.rint(model.h / unit).astype(int), np.rint(model.J.values / unit).astype(int)
    words = words_of(made, h, J)
    planes, rows = len(words.totals), made.width // WORD
    place, slots = jnp.asarray(made.place, jnp.int32), made.colours * made.width
    hot, cold = ends
    return Method(
        init=lambda keys: _start(keys, slots, (made.colours, planes + 1, rows)),
        step=lambda state, block, count: _sweeps(state, words, block, count),
        read=lambda state: _bits(state, place),
        schedule=lambda sweeps: chances(
            model.scale * unit * betas(hot, cold, sweeps, kind), planes
        ),
        bytes_per_read=slots + 2 * len(h),  # some planes of a bit each; the answer
        group=WORD,
        most=WORD * max(32, CACHE // (8 * slots)),
    )


def words_of(made: Layout, h: np.ndarray, J: np.ndarray) -> Words:
    """Whole-number fields `h` (n,) and couplings `J` (p,) in the places of `made`, as words."""
    weights = [couplings(group, J).astype(int) for group in made.groups]
    field = by_slot(made, h)
    totals = np.abs(field)
    totals += np.concatenate([np.abs(weight).sum(axis=1) for weight in weights], axis=1)
    depth = int(np.abs(J).max(initial=1)).bit_length()
    return Words(
        tuple(jnp.asarray(group.slots, jnp.int32) for group in made.groups),
        tuple(_mask(weight < 0) for weight in weights),
        tuple(_digits(weight, depth) for weight in weights),
        _mask(field > 0),
        _digits(field, int(np.abs(h).max(initial=0)).bit_length()),
        _digits(totals, max(1, int(totals.max())).bit_length()),
    )


def _digits(weights: np.ndarray, depth: int) -> tuple:
    return tuple(_mask(np.abs(weights) >> digit & 1 == 1) for digit in range(depth))


def _mask(where: np.ndarray) -> Any:
    return jnp.where(jnp.asarray(where), jnp.uint32(0xFFFFFFFF), jnp.uint32(0))


def chances(beta: np.ndarray, planes: int) -> np.ndarray:
    """Probabilities (..., planes + 1) of the digits of G, lowest first, and of G beyond them.

    >>> chances(np.array([0.0, np.log(2) / 2]), 1).tolist()
    [[0.5, 1.0], [0.3333333333333333, 0.25]]
    """
    powers = np.exp(-2 * np.asarray(beta)[..., None] * 2.0 ** np.arange(planes + 1))
    digits = powers / (1 + powers)
    return np.concatenate([digits[..., :-1], powers[..., -1:]], axis=-1)


@partial(jax.jit, static_argnums=(1, 2))
def _start(keys: Any, slots: int, pool: tuple[int, ...]) -> tuple[Any, Any]:
    """Random words (slots, w) and streams (*pool, w), those of a word from its own key."""

    def one(key):
        first, second = jax.random.split(key)
        spins = jax.random.bits(first, (slots,), jnp.uint32)
        return spins, streams(second, math.prod(pool))

    spins, noise = jax.vmap(one, out_axes=1)(keys)
    return spins, noise.reshape(*pool, len(keys))


@jax.jit
def _bits(state: tuple[Any, Any], place: Any) -> Any:
    """Bits (32 w, n) of the reads in words (slots, w)."""
    words = state[0][place]
    bits = words[:, :, None] >> jnp.arange(WORD, dtype=jnp.uint32) & 1
    return (bits.reshape(len(place), WORD * words.shape[1]) > 0).T


@partial(jax.jit, donate_argnums=0)
def _sweeps(state: tuple[Any, Any], words: Words, block: Any, count: Any) -> Any:
    """The first `count` sweeps, with the probabilities `block` (BLOCK, planes + 1)."""
    return lax.fori_loop(0, count, lambda k, now: _sweep(now, words, block[k]), state)


def _sweep(state: tuple[Any, Any], words: Words, probabilities: Any) -> tuple[Any, Any]:
    colours, width = words.down.shape
    spins, noise = state
    pool, noise = _random_words(noise, probabilities)

    def colour(spins, own):
        first, part, pool = own
        digits = _spread(pool, width)
        start = 0
        for near, like, weights in zip(part.slots, part.like, part.digits, strict=True):
            m = near.shape[1]
            here = slice(start, start + m)
            old = lax.dynamic_slice_in_dim(spins, first + start, m)
            held = old ^ part.down[here, None]
            fields = [held & digit[here, None] for digit in part.field_digits]
            counts = _satisfied(spins, old, near, like, weights, fields, len(part.totals))
            limits = _added(
                [[t[here, None], g[here]] for t, g in zip(part.totals, digits[:-1], strict=True)]
                + [[]],
                old,
            )
            turned = _at_most([jnp.zeros_like(old), *counts], limits) | digits[-1][here]
            spins = lax.dynamic_update_slice_in_dim(spins, old ^ turned, first + start, 0)
            start += m
        return spins, None

    firsts = jnp.arange(colours, dtype=jnp.int32) * width
    return lax.scan(colour, spins, (firsts, words, pool))[0], noise


def _random_words(noise: Any, probabilities: Any) -> tuple[Any, Any]:
    """Words (..., planes, m, w) of ones with `probabilities` (planes,), and the next streams."""
    whole = jnp.minimum(probabilities * 2**DIGITS, 2**DIGITS - 1).astype(jnp.uint32)[:, None, None]

    def digit(k, now):
        words, noise = now
        noise = advance(noise)
        drawn = mixed(noise)
        return jnp.where(whole >> k & 1 == 1, words | drawn, words & drawn), noise

    start = jnp.zeros_like(noise), noise
    return lax.fori_loop(jnp.uint32(0), jnp.uint32(DIGITS), digit, start)


def _spread(pool: Any, width: int) -> Any:
    """Words (planes, width, w) of all spins of a colour: those of the pool, turned bit by bit."""
    planes, rows, w = pool.shape

    def turned(k, words):
        more = k.astype(jnp.uint32)
        part = pool << more | pool >> (WORD - more) % WORD
        return lax.dynamic_update_slice_in_dim(words, part, k * rows, 1)

    # A loop of writes: as one expression, XLA works out the place in the pool anew for each word.
    return lax.fori_loop(
        jnp.int32(0), jnp.int32(WORD), turned, jnp.zeros((planes, width, w), pool.dtype)
    )


def _satisfied(
    spins: Any, old: Any, near: Any, like: Any, weights: tuple, fields: list, planes: int
) -> list:
    """Planes of the satisfied weight at the spins `old` (m, w), that of `fields` included."""

    def with_bond(k, columns):
        satisfied = old ^ spins.at[near[k]].get(mode="promise_in_bounds") ^ like[k][:, None]
        for column, digit in zip(columns, weights, strict=False):
            column.append(satisfied & digit[k][:, None])
        return columns

    columns = [[field] for field in fields] + [[] for _ in range(planes - len(fields))]
    if len(near) <= UNROLLED:
        for k in range(len(near)):
            columns = with_bond(k, columns)
        return _added(columns, old)

    def add(k, counts):
        return tuple(_added(with_bond(k, [[count] for count in counts]), old))

    return list(lax.fori_loop(0, len(near), add, tuple(_added(columns, old))))


def _added(columns: list[list], like: Any) -> list:
    """Bit-sliced sum: planes of the total of words, those of `columns[b]` weighing 2**b each.

    Three words of a column become one and a carry (a full adder) until one is left. The last column
    has no carries, the planes being enough for the largest total.
    """
    columns, planes = [list(column) for column in columns], []
    for b, column in enumerate(columns):
        while len(column) > 1:
            x, y, *column = column
            carry, total = x & y, x ^ y
            if column:
                z, *column = column
                carry, total = carry | (total & z), total ^ z
            column.append(total)
            if b + 1 < len(columns):
                columns[b + 1].append(carry)
        planes.append(column[0] if column else jnp.zeros_like(like))
    return planes


def _at_most(counts: list, limits: list) -> Any:
    """Ones in the reads whose count does not exceed the limit."""
    less, equal = jnp.zeros_like(counts[0]), ~jnp.zeros_like(counts[0])
    for count, limit in zip(reversed(counts), reversed(limits), strict=True):
        less = less | (equal & ~count & limit)
        equal = equal & ~(count ^ limit)
    return less | equal
