"""The sweeps of `MultiSpinAnnealing` in JAX: 32 reads in a word of a spin, colour by colour.

Each plane of a count of satisfied bonds is one word per spin; see there. The words of random bits
of a colour are drawn once for 32 of its spins and turned by one more bit at each.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.qubo import Coo
from annealing.samplers.chromatic import CACHE
from annealing.samplers.graphs import Layout, by_slot, couplings, layout
from annealing.samplers.noise import advance, mixed, streams
from annealing.samplers.stopping import Method

WORD = 32  # reads in a word, whether x64 is on or not: the same seed gives the same reads
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


def by_planes(h: np.ndarray, J: Coo, schedule: Callable) -> Method:
    """Metropolis' rule on whole-number fields and couplings, 32 reads a word.

    `schedule(sweeps, planes)` gives the probabilities of the digits (see `chances`).
    """
    made = layout(len(h), J.rows, J.cols, lanes=WORD)
    words = words_of(made, h, J.values)
    planes, rows = len(words.totals), made.width // WORD
    place, slots = jnp.asarray(made.place, jnp.int32), made.colours * made.width
    return Method(
        init=lambda keys: _start(keys, slots, (made.colours, planes + 1, rows)),
        step=lambda state, block, count: _sweeps(state, words, block, count),
        read=lambda state: _bits(state, place),
        schedule=partial(schedule, planes=planes),
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
