"""Random problems of the annealing literature. One seed, one instance, on every machine."""

from typing import Any, Literal, NamedTuple

import numpy as np

from annealing.ising import qubo_from_ising
from annealing.qubo import Coo, Qubo, qubo_from_terms
from annealing.samplers.graphs import neighbours

Values = Literal["signs", "gaussian"]


class Planted(NamedTuple):
    """A problem whose lowest energy is known: `qubo`, a ground state `bits` (n,), its `energy`."""

    qubo: Qubo
    bits: np.ndarray
    energy: float


def sherrington_kirkpatrick(n: int, seed: int = 0, values: Values = "signs") -> Qubo:
    """The Sherrington-Kirkpatrick glass: couplings between all pairs of `n` spins, no fields.

    Args:
        n: number of spins.
        seed: of the couplings.
        values: couplings -1 and +1, or "gaussian" of unit variance. The lowest energy is near
            -0.763 n**1.5 for large n (Parisi's constant; finite sizes are above it).

    >>> sherrington_kirkpatrick(3).energy([0, 0, 0])
    np.float64(3.0)
    """
    couplings = np.zeros((n, n))
    rows, cols = np.triu_indices(n, 1)
    couplings[rows, cols] = _drawn(len(rows), seed, values)
    return qubo_from_ising(np.zeros(n), couplings)


def zephyr_glass(m: int, seed: int = 0, values: Values = "signs") -> Qubo:
    """A spin glass on D-Wave's graph Zephyr Z(m, 4): 576 spins for m = 4, 2176 for 8, 4800 for 12.

    >>> zephyr_glass(1).n_variables
    48
    """
    import dwave.graphs

    return _glass(dwave.graphs.zephyr_graph(m), seed, values)


def regular_max_cut(n: int, degree: int = 3, seed: int = 0, values: Values | None = None) -> Qubo:
    """The largest cut of a random `degree`-regular graph of `n`, or a glass on it.

    Args:
        n: nodes; n * degree must be even.
        degree: neighbours of each.
        seed: of the graph, and of the couplings if any.
        values: None for the cut, whose energy is minus the number of edges cut; else couplings as
            of `sherrington_kirkpatrick`.

    >>> regular_max_cut(4).energy([0, 0, 1, 1])
    np.float64(-4.0)
    """
    import networkx as nx

    graph = nx.random_regular_graph(degree, n, seed=seed)
    if values is not None:
        return _glass(graph, seed, values)
    rows, cols = _edges(graph)
    return max_cut(n, rows, cols)


def max_cut(n: int, rows: Any, cols: Any, weights: Any = 1.0) -> Qubo:
    """The largest cut of a graph: the energy is minus the weight of the edges that are cut.

    Bit i says on which side node i stands, so that an edge is cut by b_i + b_j - 2 b_i b_j.

    Args:
        n: number of nodes.
        rows: first node (e,) of each edge.
        cols: second node (e,).
        weights: (e,) or one for all.

    >>> max_cut(3, [0, 1], [1, 2], [2.0, 5.0]).energy([[0, 1, 1], [0, 1, 0]])
    array([-2., -7.])
    """
    rows, cols = np.asarray(rows, dtype=int), np.asarray(cols, dtype=int)
    weights = np.broadcast_to(np.asarray(weights, dtype=float), rows.shape)
    first = np.concatenate([rows, rows, cols])
    second = np.concatenate([cols, rows, cols])
    return qubo_from_terms((first, second, np.concatenate([2 * weights, -weights, -weights])), n)


def planted_loops(n: int, rows: Any, cols: Any, *, loops: int, seed: int = 0) -> Planted:
    """A problem with a planted ground state: the sum of `loops` frustrated loops of a graph.

    Each loop is a random cycle on which all couplings but one agree with the planted state, which
    therefore is a ground state of every loop, of energy 2 - length, and of their sum.

    Args:
        n: number of spins.
        rows: first spin (e,) of each pair that may couple.
        cols: second spin (e,).
        loops: how many; about 0.2 n to n, in the middle of which the problems are hardest.
        seed: of the planted state and the loops.

    Raises:
        ValueError: the graph has no cycle.

    Source:
        Hen et al., Phys. Rev. A 92, 042325 (2015).

    >>> problem = planted_loops(4, [0, 1, 2, 3], [1, 2, 3, 0], loops=1)
    >>> problem.energy, problem.qubo.energy(problem.bits)
    (-2.0, np.float64(-2.0))
    """
    rng = np.random.default_rng(seed)
    near = _without_dead_ends(n, np.asarray(rows, dtype=int), np.asarray(cols, dtype=int))
    starts = [i for i in range(n) if near[i]]
    if not starts:
        raise ValueError("Arguments `rows` and `cols` must be a graph with a cycle, but have none.")
    spins = rng.choice([-1, 1], n)
    couplings: dict[tuple[int, int], float] = {}
    energy = 0.0
    for _ in range(loops):
        cycle = _cycle(near, int(rng.choice(starts)), rng)
        wrong = rng.integers(len(cycle))
        for k, (i, j) in enumerate(zip(cycle, cycle[1:] + cycle[:1], strict=True)):
            agreeing = -float(spins[i] * spins[j])
            pair = min(i, j), max(i, j)
            couplings[pair] = couplings.get(pair, 0.0) + (-agreeing if k == wrong else agreeing)
        energy += 2.0 - len(cycle)
    qubo = qubo_from_ising(np.zeros(n), couplings)
    return Planted(qubo, (spins > 0).astype(np.uint8), energy)


def _cycle(near: list[list[int]], start: int, rng: np.random.Generator) -> list[int]:
    """The loop a walk that never turns back closes first."""
    walk, place = [start], {start: 0}
    while True:
        onward = [j for j in near[walk[-1]] if len(walk) < 2 or j != walk[-2]]
        step = onward[rng.integers(len(onward))]
        if step in place:
            return walk[place[step] :]
        place[step] = len(walk)
        walk.append(step)


def _without_dead_ends(n: int, rows: np.ndarray, cols: np.ndarray) -> list[list[int]]:
    """Neighbours of each node in what is left when nodes of one neighbour are cut off again."""
    start, spins, _ = neighbours(n, rows, cols)
    near = [set(spins[start[i] : start[i + 1]].tolist()) - {i} for i in range(n)]
    ends = [i for i in range(n) if len(near[i]) == 1]
    while ends:
        end = ends.pop()
        for other in near[end]:
            near[other].discard(end)
            if len(near[other]) == 1:
                ends.append(other)
        near[end] = set()
    return [sorted(nodes) for nodes in near]


def _glass(graph: Any, seed: int, values: Values) -> Qubo:
    rows, cols = _edges(graph)
    couplings = Coo(rows, cols, _drawn(len(rows), seed, values))
    return qubo_from_ising(np.zeros(len(graph)), couplings)


def _edges(graph: Any) -> tuple[np.ndarray, np.ndarray]:
    """Edges of a graph with its nodes numbered from 0."""
    number = {node: i for i, node in enumerate(sorted(graph))}
    edges = [(number[a], number[b]) for a, b in graph.edges]
    rows, cols = np.sort(np.array(edges), axis=1).T
    order = np.lexsort((cols, rows))
    return rows[order], cols[order]


def _drawn(count: int, seed: int, values: Values) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if values == "signs":
        return rng.choice([-1.0, 1.0], count)
    if values == "gaussian":
        return rng.normal(size=count)
    raise ValueError(f"Argument `values` must be signs or gaussian, but is {values!r}.")
