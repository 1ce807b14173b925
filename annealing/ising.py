"""The Ising model of a QUBO and back: the same energies, written in spins s = 2 b - 1.

    E(s) = sum_i h_i s_i + sum_{i<j} J_ij s_i s_j + offset,        s_i in {-1, +1}

Other conventions in use: a minus before J, or a sum over both orders of a pair. Neither is ours.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from annealing.qubo import Coo, Qubo, finite, qubo_from_matrix, qubo_from_terms


def qubo_from_ising(h: Any, J: Any, offset: float = 0.0) -> Qubo:
    """The QUBO with the energies of the Ising model h.s + sum_{i<j} J_ij s_i s_j + offset.

    Args:
        h: fields (n,).
        J: couplings, a square matrix of which every entry off the diagonal counts once (so a
            symmetric one counts each pair twice), or {(i, j): value}, or `Coo`. A diagonal entry
            is a constant, since s_i squared is 1.
        offset: constant term.

    Returns:
        A QUBO in bits (s + 1) / 2; dense where `J` is a matrix, else sparse.

    >>> qubo_from_ising([0.0, 0.0], {(0, 1): 1.0}).energy([[0, 0], [0, 1]])
    array([ 1., -1.])
    """
    h = finite("h", h, ndim=1)
    sparse = isinstance(J, Mapping | Coo)
    n = len(h)
    pairs = qubo_from_terms(J, n, offset) if sparse else qubo_from_matrix(J, offset)
    if pairs.n_variables != n:
        raise ValueError(f"Argument `J` must have {n} rows, as `h`, but has {pairs.n_variables}.")
    degree = _degree(pairs.quadratic, n)
    constant = pairs.offset + pairs.linear.sum() - h.sum() + degree.sum() / 2
    return Qubo(2 * h - 2 * degree, _scaled(pairs.quadratic, 4.0), float(constant))


def qubo_to_ising(qubo: Qubo) -> tuple[np.ndarray, np.ndarray | Coo, float]:
    """The Ising model (h, J, offset) with the energies of `qubo` at spins 2 b - 1.

    Returns:
        `h` (n,), `J` strictly upper in the form of `qubo.quadratic` (dense or `Coo`), `offset`.

    >>> qubo_to_ising(qubo_from_matrix([[0.0, 4.0], [0.0, 0.0]]))[2]
    1.0
    """
    degree = _degree(qubo.quadratic, qubo.n_variables)
    constant = qubo.offset + qubo.linear.sum() / 2 + degree.sum() / 8
    return qubo.linear / 2 + degree / 4, _scaled(qubo.quadratic, 0.25), float(constant)


def _degree(couplings: np.ndarray | Coo, n: int) -> np.ndarray:
    """Sum (n,) of the couplings at each variable; their total is half the sum of it."""
    if not isinstance(couplings, Coo):
        return couplings.sum(axis=0) + couplings.sum(axis=1)
    rows, cols, values = couplings
    return np.bincount(rows, values, n) + np.bincount(cols, values, n)


def _scaled(couplings: np.ndarray | Coo, factor: float) -> np.ndarray | Coo:
    if isinstance(couplings, Coo):
        return couplings._replace(values=factor * couplings.values)
    return factor * couplings
