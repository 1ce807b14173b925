"""Embedding: a chain of qubits for each variable of a problem."""

from bisect import bisect_left
from functools import lru_cache
from typing import Any

from annealing.hardware.chips import chip_graph

FIRST_OF_TWO = {"chimera": 3, "zephyr": 5}  # smallest clique that needs chains of two qubits


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
    from minorminer.busclique import find_clique_embedding

    graph = chip_graph(topology, shape)

    def embed(k: int) -> dict:
        # minorminer 0.2.22 never returns where all chains would have two qubits, eating all memory:
        # up to 8 variables, from 5 on zephyr and from 3 on chimera. Chains of a larger clique do.
        size = 9 if FIRST_OF_TWO.get(topology, 9) <= k < 9 else k
        chains = find_clique_embedding(size, graph, seed=0, use_cache=False)  # leaves no files
        return {i: chains[i] for i in range(k)} if chains else {}

    chains = embed(n)
    if len(chains) != n:
        largest = bisect_left(range(1, n), True, key=lambda k: not embed(k))
        raise ValueError(
            f"Argument `qubo` must have at most {largest} variables on {topology} {shape}, but has "
            f"{n}; use a larger `shape`, or SimulatedAnnealing."
        )
    return EmbeddedStructure(graph.edges, chains)
