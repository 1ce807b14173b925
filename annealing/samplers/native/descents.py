"""The compiled steepest descent of one block of reads (see `annealing.samplers.descent`)."""

import numba

njit = numba.njit(nogil=True, error_model="numpy", cache=True)


@njit
def descend(bits, fields, first, near, weights, tolerance, steps):
    """Take reads `bits` (r, n) uint8 with `fields` (r, n) at most `steps` turns down, in place.

    The neighbours of spin i and their couplings stand at first[i] ... first[i + 1] - 1 of `near`
    and `weights`.
    """
    for r in range(len(bits)):
        read, field = bits[r], fields[r]
        for _ in range(steps):
            best, most = -1, 0.0
            for i in range(len(tolerance)):
                gain = (field[i] if read[i] else -field[i]) - tolerance[i]
                if gain > most:
                    best, most = i, gain
            if best < 0:
                break
            read[best] ^= 1
            change = 2.0 if read[best] else -2.0
            for k in range(first[best], first[best + 1]):
                field[near[k]] += change * weights[k]
