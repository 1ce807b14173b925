"""The coefficients of gates, lane by lane, from the numbers of matrices, and back for gradients.

A coefficient is a register of real parts and one of imaginary parts. Those of matrices that all
columns share stand first, as the `entries` of a plan say; then come four for each matrix of single
columns and each register of columns. Plain loops: numba takes seconds for what NumPy says shorter.
"""

import numpy as np

from circuits.simulation.native.loops import njit


@njit
def fill(table, matrices, many, entries, columns, is_adjoint, lanes):
    """Write the coefficients of all gates, or of their adjoints, whose entries are then given.

    many: the numbers of matrices of single columns, flat: of each matrix (2, 4, columns).
    """
    sign = -1 if is_adjoint else 1
    for start in range(0, entries.size, 2 * lanes):
        for i in range(start, start + lanes):
            table[i] = matrices[entries[i]]
            table[i + lanes] = matrices[entries[i + lanes]] * sign
    blocks = -(-columns // lanes)
    for i in range(many.size // (2 * columns) * blocks):
        goal = entries.size + 2 * lanes * i
        entry = i & 3
        if is_adjoint:
            entry = entry >> 1 | (entry & 1) << 1
        source, count = _column(i, entry, blocks, columns, lanes)
        for lane in range(lanes):
            inside = lane < count
            table[goal + lane] = many[source + lane] if inside else 0
            table[goal + lanes + lane] = many[source + 4 * columns + lane] * sign if inside else 0


@njit
def collect(totals, d_matrices, d_many, entries, columns, lanes):
    """Add the cotangents of coefficients up to those of the matrices' numbers."""
    sums = np.zeros(d_matrices.size, np.float64)
    for start in range(0, entries.size, 2 * lanes):
        for i in range(start, start + lanes):
            sums[entries[i]] += totals[i]
            sums[entries[i + lanes]] -= totals[i + lanes]
    for i in range(sums.size):
        d_matrices[i] = sums[i]
    blocks = -(-columns // lanes)
    for i in range(d_many.size // (2 * columns) * blocks):
        source = entries.size + 2 * lanes * i
        goal, count = _column(i, i & 3, blocks, columns, lanes)
        for lane in range(count):
            d_many[goal + lane] = totals[source + lane]
            d_many[goal + 4 * columns + lane] = -totals[source + lanes + lane]


@njit
def _column(i, entry, blocks, columns, lanes):
    """Where the numbers of the coefficient i of single columns begin, and how many there are."""
    block, slot = i // 4 % blocks, i // (4 * blocks)
    start = block * lanes
    return (8 * slot + entry) * columns + start, min(columns - start, lanes)
