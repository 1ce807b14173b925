"""The graph of a problem, laid out so that many spins of many reads turn at once.

Spins of one colour share no coupling, so they may all turn together. The colours are made nearly
equal in size and padded to one width, so that a sweep is one loop over colours whose program does
not grow with their number; within a colour the spins stand by degree, so that those of few
neighbours need not wait for those of many.
"""

from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np

from annealing.ising import qubo_to_ising
from annealing.qubo import Coo, Qubo, as_coo, as_dense

GROUPS = 4  # degree classes of a colour
DENSE = 0.1  # share of all pairs above which a matrix is smaller and faster than lists


class Ising(NamedTuple):
    """An Ising model in units of its largest coefficient, `scale`, which fits every dtype.

    Fields `h` (n,) and couplings `J`, each pair once: the energy is scale * (h.s + s.J.s) + const.
    """

    h: np.ndarray
    J: Coo
    scale: float


class Group(NamedTuple):
    """A degree class: `d` neighbours for each of `m` spins in each of `c` colours.

    `slots` (c, d, m) int32 says where the neighbours stand, `pairs` (c, d, m) int32 which coupling
    holds them; a missing neighbour is the spin itself with coupling number -1.
    """

    slots: np.ndarray
    pairs: np.ndarray


class Layout(NamedTuple):
    """Where the variables of a graph stand: variable i in slot `place[i]` of colours * width.

    Colour c owns the slots c * width + (0 ... width - 1), of which the groups, in order, take their
    share. Slots without a variable have no neighbours.
    """

    place: np.ndarray
    colours: int
    width: int
    groups: tuple[Group, ...]


def ising(qubo: Qubo) -> Ising:
    """The Ising model of `qubo`, dense or sparse, scaled to coefficients of at most 1.

    >>> from annealing.qubo import qubo_from_matrix
    >>> ising(qubo_from_matrix([[0.0, 4.0], [0.0, 0.0]])).h
    array([1., 1.])
    """
    with np.errstate(over="ignore"):  # said below, by name
        h, J, _ = qubo_to_ising(as_coo(qubo))
    J = cast(Coo, J)
    scale = _scale(h, J.values)
    return Ising(h / scale, J._replace(values=J.values / scale), scale)


def dense_ising(qubo: Qubo) -> tuple[np.ndarray, np.ndarray, float]:
    """The same with the couplings as a symmetric matrix: (h (n,), J (n, n), scale).

    The energy is scale * (h.s + s.J.s / 2) + const, and the field at the spins h + J.s.

    >>> from annealing.qubo import qubo_from_matrix
    >>> dense_ising(qubo_from_matrix([[0.0, 4.0], [0.0, 0.0]]))[1]
    array([[0., 1.],
           [1., 0.]])
    """
    with np.errstate(over="ignore"):
        h, J, _ = qubo_to_ising(as_dense(qubo))
    upper = np.asarray(J)
    scale = _scale(h, upper)
    return h / scale, (upper + upper.T) / scale, scale


def _scale(h: np.ndarray, couplings: np.ndarray) -> float:
    largest = max(np.abs(h).max(initial=0.0), np.abs(couplings).max(initial=0.0))
    if not np.isfinite(largest):
        raise ValueError("Argument `qubo` must have fields below 1e308, but their sums overflow.")
    return float(largest) if largest > 0 else 1.0


def is_dense(qubo: Qubo) -> bool:
    """Whether more than a tenth of all pairs are coupled."""
    return density(qubo) > DENSE


def density(qubo: Qubo) -> float:
    """Share of all pairs that are coupled; 1 where there are no pairs."""
    pairs = qubo.n_variables * (qubo.n_variables - 1) / 2
    quadratic = qubo.quadratic
    values = quadratic.values if isinstance(quadratic, Coo) else quadratic
    return np.count_nonzero(values) / pairs if pairs else 1.0


def neighbours(n: int, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, ...]:
    """Neighbour lists: those of i, and their pairs, stand at start[i] ... start[i + 1] - 1.

    Returns:
        start (n + 1,), spins (2 p,), pairs (2 p,) for p pairs.

    >>> neighbours(3, np.array([0, 0]), np.array([1, 2]))[1].tolist()
    [1, 2, 0, 0]
    """
    source, target = np.concatenate([rows, cols]), np.concatenate([cols, rows])
    order = np.argsort(source, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))])
    pairs = np.tile(np.arange(len(rows)), 2)
    return start, target[order], pairs[order]


def colouring(n: int, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Colours (n,) 0, 1, ... such that no pair has two of one, few of them and nearly equally used.

    Greedy, spins of most neighbours first, which takes at most the largest degree plus one (Welsh
    and Powell, Comput. J. 10, 85 (1967)); then spins move to a less used colour where they may.

    >>> colouring(4, np.array([0, 0, 0]), np.array([1, 2, 3])).tolist()
    [0, 1, 1, 1]
    """
    start, spins, _ = neighbours(n, rows, cols)
    near = [spins[a:b].tolist() for a, b in pairwise(start)]
    colour = [-1] * n
    for i in np.argsort(-np.diff(start), kind="stable").tolist():
        taken = {colour[j] for j in near[i]}
        colour[i] = next(c for c in range(len(taken) + 1) if c not in taken)
    sizes = np.bincount(np.array(colour, dtype=int)).tolist()
    for i in range(n):
        taken = {colour[j] for j in near[i]}
        best = min((c for c in range(len(sizes)) if c not in taken), key=sizes.__getitem__)
        if sizes[best] + 1 < sizes[colour[i]]:
            sizes[best] += 1
            sizes[colour[i]] -= 1
            colour[i] = best
    return np.array(colour, dtype=int)


def layout(n: int, rows: np.ndarray, cols: np.ndarray, lanes: int = 8) -> Layout:
    """Slots and neighbour tables of the graph of `n` variables with pairs (rows, cols).

    The width is a multiple of `lanes`, so that similar graphs have programs in common.

    >>> made = layout(2, np.array([0]), np.array([1]))
    >>> made.colours, made.width, made.place.tolist()
    (2, 8, [0, 8])
    """
    colour = colouring(n, rows, cols)
    start, spins, pairs = neighbours(n, rows, cols)
    degree = np.diff(start)
    sizes = np.bincount(colour, minlength=1)
    width = max(lanes, -(-int(sizes.max()) // lanes) * lanes)
    order = np.lexsort((-degree, colour))  # by colour, then the most neighbours first
    position = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.empty(n, dtype=np.int64)
    place[order] = colour[order] * width + position

    slots_degree = np.zeros(len(sizes) * width, dtype=np.int64)
    slots_degree[place] = degree
    depth = slots_degree.reshape(-1, width).max(axis=0)  # largest degree at each position
    # All entries of the widest table, then cut into groups.
    table = np.tile(np.arange(len(slots_degree), dtype=np.int32), (max(1, depth.max()), 1))
    names = np.full(table.shape, -1, dtype=np.int32)
    owner = np.repeat(np.arange(n), degree)
    rank = np.arange(len(spins)) - start[owner]
    table[rank, place[owner]] = place[spins]
    names[rank, place[owner]] = pairs
    table, names = (t.reshape(-1, len(sizes), width).swapaxes(0, 1) for t in (table, names))
    groups = tuple(
        Group(
            np.ascontiguousarray(table[:, : depth[a], a:b]),
            np.ascontiguousarray(names[:, : depth[a], a:b]),
        )
        for a, b in _cuts(depth, lanes)
    )
    return Layout(place, len(sizes), width, groups)


def _cuts(depth: np.ndarray, lanes: int) -> list[tuple[int, int]]:
    """Ranges of positions, up to `GROUPS` of them, each of which starts where the depth falls."""
    width = len(depth)
    edges = [width * g // (GROUPS * lanes) * lanes for g in range(GROUPS)]
    kept = [0, *(b for a, b in pairwise(edges) if depth[b] < depth[a])]
    return list(zip(kept, [*kept[1:], width], strict=True))


def by_slot(made: Layout, values: np.ndarray, fill: float = 0.0) -> np.ndarray:
    """`values` (n,) of the variables as (colours, width), `fill` where no variable stands."""
    out = np.full(made.colours * made.width, fill, dtype=values.dtype)
    out[made.place] = values
    return out.reshape(made.colours, made.width)


def couplings(group: Group, values: np.ndarray) -> np.ndarray:
    """Couplings (c, d, m) to the neighbours of a group; 0 where there is none.

    >>> made = layout(2, np.array([0]), np.array([1]))
    >>> couplings(made.groups[0], np.array([-1.0]))[:, 0, 0].tolist()
    [-1.0, -1.0]
    """
    return np.append(values, 0.0)[group.pairs]  # pair -1 reads the zero at the end
