"""Embedding: a chain of qubits for each variable of a problem."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from annealing.hardware.chips import SHAPE_LENGTHS, chip_graph
from annealing.qubo import Qubo, as_coo

FIRST_OF_TWO = {"chimera": 3, "zephyr": 5}  # smallest clique that needs chains of two qubits

# Where a search by minorminer pays, as measured on zephyr (6, 4): with half of all pairs coupled it
# needs 142 qubits for 40 variables, a clique 160; for 60 it needs 351, a clique 328. Small problems
# it embeds tighter however dense: all pairs of 20 variables in 50 qubits, a clique in 60.
DENSE, SMALL = 0.5, 24


@lru_cache(maxsize=128)
def clique_embedding(topology: str, shape: tuple[int, ...], n: int) -> Any:
    """Chains for `n` variables that all couple, as a `dwave.embedding.EmbeddedStructure`.

    Found in polynomial time by `minorminer.busclique`; the same arguments give the same chains.
    `topology` and `shape` (a tuple) are those of `MockAnnealer`.

    Raises:
        ValueError: the chip has no clique of `n`, or there is no such chip.

    >>> clique_embedding("zephyr", (2, 4), 24).max_chain_length
    3
    """
    from dwave.embedding import EmbeddedStructure

    graph = chip_graph(topology, shape)
    chains = clique_chains(graph, n)
    if len(chains) != n:
        largest = bisect_left(range(1, n), True, key=lambda k: not clique_chains(graph, k))
        raise ValueError(
            f"Argument `qubo` must have at most {largest} variables on {topology} {shape}, but has "
            f"{n}; use a larger `shape`, or SimulatedAnnealing."
        )
    return EmbeddedStructure(graph.edges, chains)


def clique_chains(graph: Any, n: int) -> dict[int, tuple[int, ...]]:
    """Chains {variable: qubits} of a clique of `n`; none if the chip has no such clique.

    Args:
        graph: the chip's, of one of D-Wave's families; it may have defects.
        n: number of variables.

    >>> chip = chip_graph("zephyr", (2, 4))
    >>> len(clique_chains(chip, 24)), len(clique_chains(chip, 25))
    (24, 0)
    """
    from minorminer.busclique import find_clique_embedding

    # minorminer 0.2.22 never returns where all chains would have two qubits, eating all memory:
    # up to 8 variables, from 5 on zephyr and from 3 on chimera. Chains of a larger clique do.
    size = 9 if FIRST_OF_TWO.get(graph.graph["family"], 9) <= n < 9 else n
    chains = find_clique_embedding(size, graph, seed=0, use_cache=False)  # leaves no files
    return {i: chains[i] for i in range(n)} if chains else {}


def find_embedding(
    edges: Iterable[tuple[int, int]],
    graph: Any,
    *,
    n: int | None = None,
    seed: int = 0,
    timeout: float = 60.0,
) -> Any:
    """Chains for a problem by the couplings it has, as a `dwave.embedding.EmbeddedStructure`.

    A problem of more than 24 variables, over half of all pairs coupled, gets the chains of a
    clique (`minorminer.busclique`). Another is searched for by `minorminer` (Cai, Macready and Roy,
    arXiv:1406.2741), and takes the fewer qubits of the two: a sparse problem needs far fewer, and
    fits where no clique of its size does. That none is found does not prove that there is none.

    Args:
        edges: coupled pairs of variables, as `problem_edges` gives them.
        graph: the hardware's qubits and couplers, a `networkx.Graph` as of `chip_graph`; defects
            are simply absent. Any graph will do, but cliques need one of D-Wave's families.
        n: number of variables; by default the largest of `edges` plus one.
        seed: of minorminer. The same one gives the same chains, unless the time runs out.
        timeout: seconds after which the search ends.

    Raises:
        ValueError: nothing was found, or `edges` name variables other than 0 to n - 1.

    >>> ring = [(i, (i + 1) % 8) for i in range(8)]
    >>> sorted(find_embedding(ring, chip_graph("zephyr", (2, 4)))) == list(range(8))
    True
    """
    import minorminer
    from dwave.embedding import EmbeddedStructure

    problem = problem_graph(edges, n)
    size, pairs = problem.number_of_nodes(), problem.number_of_edges()
    known = graph.graph.get("family") in SHAPE_LENGTHS
    found = [clique_chains(graph, size)] if known else []
    if not any(found) or size <= SMALL or pairs <= DENSE * size * (size - 1) / 2:
        options: dict[str, Any] = {"random_seed": seed, "timeout": timeout}
        hardware = ordered_graph(graph.nodes, graph.edges)  # what is found depends on the order
        found.append(minorminer.find_embedding(problem, hardware, **options))
    found = [chains for chains in found if len(chains) == size]
    if not found:
        raise ValueError(
            f"Argument `graph` must hold the problem, but no chains for its {size} variables and "
            f"{pairs} couplings were found among {graph.number_of_nodes()} qubits in {timeout} s; "
            "use a larger chip, fewer couplings, another `seed` or more `timeout`."
        )
    return EmbeddedStructure(graph.edges, min(found, key=lambda c: sum(map(len, c.values()))))


def checked_embedding(chains: Mapping, edges: Iterable, graph: Any, n: int) -> Any:
    """Chains that come from elsewhere as an `EmbeddedStructure`, or an error that says what is bad.

    Args:
        chains: {variable: qubits}; may hold more variables than the problem's.
        edges, graph, n: the problem and the hardware, as of `find_embedding`.

    Raises:
        ValueError: a chain is missing or not connected, two overlap, a qubit does not exist, or
            a coupling has no coupler.

    >>> checked_embedding({0: [0], 1: [0]}, [(0, 1)], chip_graph("zephyr", (2, 4)), 2)
    Traceback (most recent call last):
    ValueError: Argument `embedding` must fit problem and chip, but does not: overlapped chains ...
    """
    from dwave.embedding import EmbeddedStructure, verify_embedding
    from dwave.embedding.exceptions import EmbeddingError

    chains = {i: tuple(chains.get(i, ())) for i in range(n)}
    used = graph.subgraph(qubit for chain in chains.values() for qubit in chain)
    try:
        verify_embedding(chains, problem_graph(edges, n), used)
        return EmbeddedStructure(used.edges, chains)  # refuses a qubit twice in a chain
    except EmbeddingError as error:
        raise ValueError(
            f"Argument `embedding` must fit problem and chip, but does not: {error}."
        ) from error


def problem_edges(qubo: Qubo) -> list[tuple[int, int]]:
    """The coupled pairs of variables of `qubo`; a `Coo` couples what it lists, by zero or not.

    >>> from annealing.qubo import qubo_from_matrix
    >>> problem_edges(qubo_from_matrix([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]))
    [(0, 2)]
    """
    rows, cols, _ = as_coo(qubo).quadratic
    return list(zip(rows.tolist(), cols.tolist(), strict=True))


def problem_graph(edges: Iterable[tuple[int, int]], n: int | None = None) -> Any:
    """The graph of a problem, with nodes 0 to n - 1 and edges in a fixed order.

    Raises:
        ValueError: `edges` name other variables, or couple one with itself.

    >>> problem_graph([(2, 0), (0, 2)]).edges
    EdgeView([(0, 2)])
    """
    pairs = sorted({(min(pair), max(pair)) for pair in edges})
    least = max((high for _, high in pairs), default=-1) + 1
    n = least if n is None else n
    if n < least or any(low < 0 or low == high for low, high in pairs):
        raise ValueError(
            f"Argument `edges` must hold pairs of two different variables from 0 to {n - 1}."
        )
    return ordered_graph(range(n), pairs)


def ordered_graph(nodes: Iterable, edges: Iterable) -> Any:
    """A `networkx.Graph` whose order depends on nothing but what it holds."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(sorted(nodes))
    graph.add_edges_from(sorted(tuple(sorted(edge)) for edge in edges))
    return graph
