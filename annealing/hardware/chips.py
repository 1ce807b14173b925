"""Chips of annealers: which qubits there are, and which of them couple.

Zephyr is the wiring of Advantage2, Pegasus of Advantage, Chimera of the 2000Q and before.
"""

from functools import lru_cache
from typing import Any

SHAPE_LENGTHS = {"chimera": 3, "pegasus": 1, "zephyr": 2}


@lru_cache(maxsize=8)
def mock_chip(topology: str, shape: tuple[int, ...]) -> Any:
    """The mock of a whole chip without defects; kept, since it takes longer than a small anneal."""
    from dwave.samplers import SimulatedAnnealingSampler
    from dwave.system.testing import MockDWaveSampler

    if SHAPE_LENGTHS.get(topology) != len(shape):
        raise ValueError(
            "Arguments `topology` and `shape` must be zephyr (m, t), pegasus (m,) or "
            f"chimera (m, n, t), but are {topology} {shape}."
        )
    return MockDWaveSampler(
        topology_type=topology,
        topology_shape=list(shape),
        substitute_sampler=SimulatedAnnealingSampler(),
    )


def chip_graph(topology: str, shape: tuple[int, ...]) -> Any:
    """The qubits of a whole chip and their couplers, as a `networkx.Graph`.

    Args:
        topology, shape: as of `MockAnnealer`.

    Raises:
        ValueError: there is no such chip.

    >>> chip_graph("zephyr", (2, 4)).number_of_nodes()
    160
    """
    return mock_chip(topology, shape).to_networkx_graph()
