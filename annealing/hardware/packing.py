"""Packing: the same small problem graph many times side by side on one chip."""

import os
from functools import partial
from typing import Any

from annealing.hardware.embedding import ordered_graph
from annealing.hardware.embedding_cache import Chains, remembered


def cached_slots(
    problem: Any,
    graph: Any,
    *,
    seed: int = 0,
    timeout: float = 300.0,
    folder: str | os.PathLike | None = None,
) -> list[Any]:
    """What `find_slots` finds, each as an `EmbeddedStructure`, kept on disk.

    Args:
        problem, graph, seed, timeout: as of `find_slots`.
        folder: as of `cached_embedding`.

    Raises:
        ValueError: not even one place was found, or the file is damaged.

    >>> from tempfile import TemporaryDirectory
    >>> from annealing.hardware.chips import chip_graph
    >>> from annealing.hardware.embedding import problem_graph
    >>> pair, chip = problem_graph([(0, 1)]), chip_graph("zephyr", (1, 4))
    >>> with TemporaryDirectory() as folder:
    ...     len(cached_slots(pair, chip, folder=folder)) > 20
    True
    """
    options = {"kind": "many", "seed": seed, "timeout": timeout}
    search = partial(find_slots, problem, graph, seed=seed, timeout=timeout)
    return remembered(problem, graph, options, search, folder)


def find_slots(problem: Any, graph: Any, *, seed: int = 0, timeout: float = 300.0) -> list[Chains]:
    """Places for a problem on a chip that share no qubit, as many as are found.

    One is placed after the other, by minorminer, on the qubits that are left: 64 complete graphs of
    8 variables on the 1248 qubits of zephyr (6, 4) in a second, 197 on the 4800 of (12, 4) in ten.

    Args:
        problem: a graph of at least one variable, as of `problem_graph`.
        graph: the hardware's, as of `find_embedding`.
        seed: of minorminer. The same one gives the same places, unless the time runs out.
        timeout: seconds after which no further place is looked for.

    Returns:
        For each place the chains of the variables.

    Raises:
        ValueError: not even one was found.

    >>> from annealing.hardware.embedding import problem_graph
    >>> triangle = problem_graph([(0, 1), (1, 2), (0, 2)])
    >>> [len(place) for place in find_slots(triangle, triangle)]
    [3]
    """
    import minorminer
    from minorminer.utils.parallel_embeddings import find_multiple_embeddings

    found = find_multiple_embeddings(
        problem,
        ordered_graph(graph.nodes, graph.edges),
        max_num_emb=None,
        embedder=minorminer.find_embedding,
        # A single try: where it fails there is hardly any room left.
        embedder_kwargs={"random_seed": seed, "timeout": timeout, "tries": 1},
        one_to_iterable=True,
        timeout=timeout,
    )
    if not found:
        raise ValueError(
            f"Argument `graph` must hold the problem, but no chains for its {len(problem)} "
            f"variables were found among {len(graph)} qubits; use a larger chip."
        )
    return [[list(chains[i]) for i in range(len(problem))] for chains in found]
