"""Problems and random streams as arrays for the compiled loops."""

from typing import Any, NamedTuple

import numpy as np

from annealing.qubo import Coo
from annealing.samplers.graphs import neighbours

GAMMA = 0x9E3779B97F4A7C15  # the step of splitmix64


class Bonds(NamedTuple):
    """Whole-number bonds of `n` spins by the binary digits of their weights; see `words.sweeps`."""

    first: np.ndarray
    near: np.ndarray
    like: np.ndarray
    totals: np.ndarray


def rows_of(n: int, J: Coo) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbours and couplings of spin i, at first[i] ... first[i + 1] - 1.

    Returns:
        first (n + 1,) int64, near (2 p,) int32, weights (2 p,) float64.

    >>> [part.tolist() for part in rows_of(2, Coo(np.array([0]), np.array([1]), np.array([3.0])))]
    [[0, 1, 2], [1, 0], [3.0, 3.0]]
    """
    first, near, pairs = neighbours(n, J.rows, J.cols)
    return first.astype(np.int64), near.astype(np.int32), J.values[pairs].astype(float)


def matrix_of(n: int, J: Coo, dense: bool) -> Any:
    """The symmetric matrix (n, n) of the couplings, an array or SciPy's sparse one.

    >>> J = Coo(np.array([0]), np.array([1]), np.array([3.0]))
    >>> (matrix_of(2, J, dense=False) @ np.ones(2)).tolist()
    [3.0, 3.0]
    """
    from scipy.sparse import csr_array

    rows, cols = np.concatenate([J.rows, J.cols]), np.concatenate([J.cols, J.rows])
    matrix = csr_array((np.concatenate([J.values, J.values]), (rows, cols)), shape=(n, n))
    return matrix.toarray() if dense else matrix


def bonds(h: np.ndarray, J: Coo, group: int) -> Bonds:
    """Fields and couplings, whole numbers, as bonds in groups of `group`.

    A field is a bond to the spin in row n, which is up.

    >>> table = bonds(np.array([0, 2]), Coo(np.array([0]), np.array([1]), np.array([-1])), 2)
    >>> table.first.tolist(), table.near.tolist(), table.totals.tolist()
    ([[0, 2, 2], [2, 4, 6]], [1, 0, 0, 1, 2, 1], [1, 3])
    """
    n, held = len(h), np.flatnonzero(h)
    spins = np.concatenate([J.rows, J.cols, held])
    near = np.concatenate([J.cols, J.rows, np.full(len(held), n)])
    weights = np.concatenate([J.values, J.values, h[held]]).astype(np.int64)
    depth = max(1, int(np.abs(weights).max(initial=0)).bit_length())
    bond, digit = np.nonzero(np.abs(weights)[:, None] >> np.arange(depth) & 1)

    place = spins[bond] * depth + digit
    order = np.argsort(place, kind="stable")
    place, bond = place[order], bond[order]
    sizes = np.bincount(place, minlength=n * depth)
    room = -(-sizes // group) * group
    start = np.concatenate([[0], np.cumsum(room)])
    rank = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = start[place] + rank

    rows = np.repeat(np.arange(n * depth) // depth, room).astype(np.int32)
    like = np.zeros(len(rows), np.int8)
    rows[at] = near[bond]
    like[at] = np.where(weights[bond] < 0, -1, 0)
    first = start[depth * np.arange(n)[:, None] + np.arange(depth + 1)]
    totals = np.bincount(spins, np.abs(weights), n).astype(np.uint64)
    return Bonds(first, rows, like, totals)


def streams(counters: np.ndarray, count: int) -> np.ndarray:
    """Random words (count, s) uint64, those of a stream from its counter alone.

    splitmix64 (Steele, Lea and Flood, OOPSLA 2014), started at the counter's own mixture.

    >>> streams(np.arange(2, dtype=np.uint64), 3).shape
    (3, 2)
    """
    steps = np.arange(1, count + 1, dtype=np.uint64)[:, None] * np.uint64(GAMMA)
    return _mixed(_mixed(counters + np.uint64(GAMMA)) + steps)


def _mixed(z: np.ndarray) -> np.ndarray:
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)
