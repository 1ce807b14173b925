"""The compiled sweeps of `ChromaticAnnealing`: 64 reads a block, spin by spin.

Row i of `spins` (n, 64) int8 is spin i of the reads of a block. Its field is summed over its
neighbours in four registers; 64 random numbers then decide. Nothing is coloured: each spin sees the
present state of all others.
"""

# numba's intrinsics take their first argument, the typing context, from numba itself.
# pyright: reportCallIssue=false

import numba
import numpy as np

from annealing.samplers.native.registers import as_floats, chosen, filled, load, store

READS = 64  # of a block
PARTS = 4  # registers of a block
f32, u32 = np.float32, np.uint32
# The machine code is kept beside this file (or in NUMBA_CACHE_DIR) as long as this file stays as it
# is: after a change in `registers`, touch it.
njit = numba.njit(nogil=True, error_model="numpy", cache=True)


@njit
def start(spins, noise):
    """Random spins (PARTS * n, 16) int8 from streams (2 * PARTS, 16) uint32 that go on."""
    for row in range(len(spins)):
        up = filled(f32(1))
        drawn = uniform(noise, 2 * (row % PARTS))
        store(spins, row, chosen(drawn, filled(f32(0.5)), up, filled(f32(-1))))


@njit
def sweeps(spins, noise, first, near, weights, fields, betas, gibbs):
    """One sweep for each of `betas` of spins (PARTS * n, 16), streams (2 * PARTS, 16).

    The neighbours of spin i and their couplings stand at first[i] ... first[i + 1] - 1 of `near`
    and `weights`.
    """
    for beta in betas:
        twice = filled(f32(2) * beta)
        for i in range(len(fields)):
            a = filled(fields[i])
            b, c, d = a, a, a
            for k in range(first[i], first[i + 1]):
                weight, row = filled(weights[k]), PARTS * near[k]
                a = a + weight * load(spins, row)
                b = b + weight * load(spins, row + 1)
                c = c + weight * load(spins, row + 2)
                d = d + weight * load(spins, row + 3)
            _decide(spins, noise, PARTS * i, 0, twice * a, gibbs)
            _decide(spins, noise, PARTS * i, 1, twice * b, gibbs)
            _decide(spins, noise, PARTS * i, 2, twice * c, gibbs)
            _decide(spins, noise, PARTS * i, 3, twice * d, gibbs)


@njit
def _decide(spins, noise, row, part, cost, gibbs):
    """New spins, given what turning them from down to up costs, times beta."""
    row, drawn = row + part, uniform(noise, 2 * part)
    one, down, zero = filled(f32(1)), filled(f32(-1)), filled(f32(0))
    if gibbs:  # up with probability 1 / (1 + exp(cost)), in powers that do not overflow
        rising = chosen(zero, cost, cost * down, cost)
        power = exponential(rising)
        weight = chosen(zero, cost, power, one)
        store(spins, row, chosen(drawn * (one + power), weight, one, down))
    else:
        old = load(spins, row)
        store(spins, row, chosen(drawn, exponential(cost * old), old * down, old))


@njit
def uniform(noise, row):
    """Numbers in (0, 1), in steps of 2**-24, and the streams' next states.

    xoroshiro64* (Blackman and Vigna, ACM Trans. Math. Softw. 47, 36 (2021)), one stream a read.
    """
    a, b = load(noise, row), load(noise, row + 1)
    mixed = (a * filled(u32(0x9E3779BB))) >> filled(u32(8))
    b = b ^ a
    turned = (a << filled(u32(26))) | (a >> filled(u32(6)))
    store(noise, row, turned ^ b ^ (b << filled(u32(9))))
    store(noise, row + 1, (b << filled(u32(13))) | (b >> filled(u32(19))))
    return as_floats(mixed) * filled(f32(2**-24)) + filled(f32(2**-25))


@njit
def exponential(x):
    """exp(x) to a few parts in a million; 1 above 0, below -18 less than any random number.

    The series of x / 32, squared five times.
    """
    low, zero, one = filled(f32(-18)), filled(f32(0)), filled(f32(1))
    x = chosen(x, low, low, chosen(x, zero, x, zero)) * filled(f32(1 / 32))
    power = filled(f32(1 / 120)) + x * filled(f32(1 / 720))
    power = filled(f32(1 / 24)) + x * power
    power = filled(f32(1 / 6)) + x * power
    power = filled(f32(1 / 2)) + x * power
    power = one + x * (one + x * power)
    for _ in range(5):
        power = power * power
    return power
