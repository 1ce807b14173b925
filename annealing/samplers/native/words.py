"""The compiled sweeps of `MultiSpinAnnealing`: 512 reads a block, spin by spin (see there).

A register holds one spin of 512 reads, and so does each plane of a count. Bonds come in sevens, of
which adders make one number of three binary digits; a field is a bond to a spin that is always up.
The number of planes is that of the entries of a tuple, which is part of its type: each number has
its own program, in which all planes stay in registers.
"""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false

from functools import reduce

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from annealing.samplers.native.registers import WORDS, filled, load, store

DIGITS = 24  # of a probability
LARGEST = 2.0**DIGITS - 1
LANES = WORDS.lanes
READS = 64 * LANES  # of a block
BONDS = 7  # counted at a time
# The machine code is kept beside this file (or in NUMBA_CACHE_DIR) as long as this file stays as it
# is: after a change in `registers`, touch it.
njit = numba.njit(nogil=True, error_model="numpy", cache=True)


def _constant(number: int) -> ir.Constant:
    return ir.Constant(WORDS.code(), [number] * LANES)


def _sum(build, x, y, carry):
    """Digit and carry of three words; an addend that is None is zero."""
    words = [word for word in (x, y, carry) if word is not None]
    total = reduce(build.xor, words)
    if len(words) < 2:
        return total, None
    both = build.and_(words[0], words[1])
    if len(words) == 3:
        both = build.or_(both, build.and_(words[2], build.xor(words[0], words[1])))
    return total, both


@intrinsic
def empty(typing, planes):
    """Planes of a count of nothing, as many as `planes` has entries."""
    kind = types.UniTuple(WORDS, len(planes))

    def code(context, builder, signature, args):
        return cgutils.pack_array(builder, [_constant(0)] * len(planes))

    return kind(planes), code


@intrinsic
def added(typing, planes, number):
    """Planes of a sum: those of a count, and a number's digits, lowest first."""

    def code(context, builder, signature, args):
        count = cgutils.unpack_tuple(builder, args[0])
        digits = cgutils.unpack_tuple(builder, args[1])
        carry, total = None, []
        for b, plane in enumerate(count):
            digit = digits[b] if b < len(digits) else None
            now, carry = _sum(builder, plane, digit, carry)
            total.append(now)
        return cgutils.pack_array(builder, total)

    return planes(planes, number), code


@intrinsic
def doubled(typing, planes):
    """Planes of twice the count, which must leave the last one empty."""

    def code(context, builder, signature, args):
        count = cgutils.unpack_tuple(builder, args[0])
        return cgutils.pack_array(builder, [_constant(0), *count[:-1]])

    return planes(planes), code


@intrinsic
def within(typing, planes, total, pool):
    """Ones in the reads whose satisfied weight `a` of `total` obeys 2 a <= total + G.

    `pool` (planes + 1, lanes) holds the digits of G, and in its last row where G exceeds them.
    """

    def code(context, builder, signature, args):
        count = cgutils.unpack_tuple(builder, args[0])
        data = context.make_array(pool)(context, builder, args[2]).data

        def drawn(b):
            """The digit, turned by one bit for the next spin."""
            place = ir.Constant(ir.IntType(64), b * LANES)
            pointer = builder.bitcast(builder.gep(data, [place]), WORDS.code().as_pointer())
            word = builder.load(pointer, align=8)
            high = builder.lshr(word, _constant(63))
            builder.store(builder.or_(builder.shl(word, _constant(1)), high), pointer, align=8)
            return word

        carry, fits = None, None
        for b in range(len(count)):
            digit = _spread(builder, args[1], b)
            limit, carry = _sum(builder, drawn(b), digit, carry)
            if b:  # the lowest digit of twice the count is zero, so that it fits
                fits = _not_above(builder, count[b - 1], limit, fits)
        fits = _not_above(builder, count[-1], carry, fits)
        return builder.or_(fits, drawn(len(count)))

    return WORDS(planes, types.uint64, pool), code


def _spread(build, number, b):
    """All ones where digit `b` of a number is 1, else all zeros."""
    one = ir.Constant(ir.IntType(64), 1)
    bit = build.and_(build.lshr(number, ir.Constant(ir.IntType(64), b)), one)
    word = build.insert_element(_constant(0), build.neg(bit), ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), WORDS.lanes), [0] * LANES)
    return build.shuffle_vector(word, word, order)


def _not_above(build, digit, limit, lower):
    """Ones where digit <= limit, where digits are equal what `lower` says of the lower ones."""
    less = build.and_(build.not_(digit), limit)
    if lower is None:
        return build.or_(less, build.not_(build.xor(digit, limit)))
    return build.or_(less, build.and_(build.not_(build.xor(digit, limit)), lower))


@njit
def _majority(x, y, z):
    return (x & y) | (z & (x ^ y))


@njit
def _mask(like):
    return filled(np.uint64(np.int64(like)))


@njit
def _satisfied(spins, near, like, k, own):
    """How many of the seven bonds from place `k` on the reads satisfy, as digits."""
    a = own ^ load(spins, near[k]) ^ _mask(like[k])
    b = own ^ load(spins, near[k + 1]) ^ _mask(like[k + 1])
    c = own ^ load(spins, near[k + 2]) ^ _mask(like[k + 2])
    d = own ^ load(spins, near[k + 3]) ^ _mask(like[k + 3])
    e = own ^ load(spins, near[k + 4]) ^ _mask(like[k + 4])
    f = own ^ load(spins, near[k + 5]) ^ _mask(like[k + 5])
    g = own ^ load(spins, near[k + 6]) ^ _mask(like[k + 6])
    abc = a ^ b ^ c
    abcde = abc ^ d ^ e
    x, y, z = _majority(a, b, c), _majority(abc, d, e), _majority(abcde, f, g)
    return abcde ^ f ^ g, x ^ y ^ z, _majority(x, y, z)


@njit
def _draw(pool, noise, chances):
    """Words of ones with the probabilities `chances` (rows,) of 24 digits, by xoroshiro128+."""
    first, second = load(noise, 0), load(noise, 1)
    r24, r40 = filled(np.uint64(24)), filled(np.uint64(40))
    r37, r27, r16 = filled(np.uint64(37)), filled(np.uint64(27)), filled(np.uint64(16))
    for row in range(len(chances)):
        word = first ^ first
        for digit in range(DIGITS):
            one = filled(np.uint64(0) - ((chances[row] >> np.uint64(digit)) & np.uint64(1)))
            drawn = first + second
            word = (word & drawn) | (one & (word | drawn))
            second = second ^ first
            first = (first << r24) | (first >> r40)
            first = first ^ second ^ (second << r16)
            second = (second << r37) | (second >> r27)
        store(pool, row, word)
    store(noise, 0, first)
    store(noise, 1, second)


@njit
def start(spins, noise):
    """Random spins (n, 8) from streams (2, 8) that go on; the last row is the field's, all up."""
    half = np.full(1, 2 ** (DIGITS - 1), np.uint64)
    for i in range(len(spins) - 1):
        _draw(spins[i : i + 1], noise, half)
    spins[-1] = ~np.uint64(0)


@njit
def sweeps(spins, noise, first, near, like, totals, chances, planes):
    """One sweep for each row of `chances` (t, planes + 1) of spins (n + 1, 8), streams (2, 8).

    Args:
        spins: row i is spin i of the 512 reads of a block, row n all ones.
        noise: streams, one for each word of 64 reads.
        first: (n, d + 1); the bonds of spin i whose weight has digit b, 2**b, stand at
            first[i, b] ... first[i, b + 1] - 1 of `near` and `like`, in sevens.
        near: the neighbours' rows; those of missing bonds are the spin's own.
        like: int8, -1 (all ones) where like spins satisfy the bond, else 0.
        totals: (n,) uint64, the sum of the weights at each spin.
        chances: probabilities of the digits of G in units of 2**-24, uint64, and of G beyond them.
        planes: a tuple of as many entries as the totals have digits.
    """
    pool = np.zeros((len(planes) + 1, LANES), np.uint64)
    for now in chances:
        for i in range(len(totals)):
            if i % 64 == 0:
                _draw(pool, noise, now)
            own = load(spins, i)
            count = empty(planes)
            for b in range(first.shape[1] - 1, 0, -1):  # the highest digit first
                count = doubled(count)
                for k in range(first[i, b - 1], first[i, b], BONDS):
                    count = added(count, _satisfied(spins, near, like, k, own))
            store(spins, i, own ^ within(count, totals[i], pool))
