"""What is sent to one of D-Wave's machines: a problem on its qubits, checked against the machine.

The machine is a `dwave.cloud` solver: a description with the working qubits and couplers, the
parameters and their ranges, and a model of how long a job takes. Nothing here uses the network.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from annealing.hardware.chain_strength import chain_strength
from annealing.hardware.chips import SHAPE_LENGTHS
from annealing.hardware.embedding import checked_embedding, find_embedding, problem_edges
from annealing.on_dimod import to_bqm
from annealing.qubo import Qubo, as_coo

OURS = ("num_reads", "label")  # parameters of the vendor's that follow from the call


def prepared_job(
    solver: Any, qubo: Qubo, request: dict, embedding: Mapping | None
) -> tuple[dict, dict]:
    """Facts and arrays of the state "prepared": all that will be sent, and what it will take.

    Args:
        solver: the machine.
        qubo: the problem.
        request: "reads", "chain_strength" (a rule's name or a number), "parameters".
        embedding: {variable: qubits}, or None to find one.

    Raises:
        ValueError: the machine lacks a parameter, takes fewer reads, or does not hold the problem.
    """
    parameters = {**request["parameters"], "num_reads": request["reads"]}
    _check_parameters(solver, parameters)
    start = perf_counter()
    logical = to_bqm(qubo, "SPIN")
    chains = _chains(_working_graph(solver), qubo, embedding)
    strength = chain_strength(request["chain_strength"], logical)
    physical = chains.embed_bqm(logical, chain_strength=strength)
    seconds = perf_counter() - start
    facts = {
        "request": request,
        "solver": solver.name,
        "graph_id": solver.graph_id,
        "parameters": parameters,
        "chains": listed(chains),
        "chain_strength": strength,
        "estimated_qpu_seconds": _estimate(solver, len(physical.variables), parameters),
        "embed_seconds": seconds,
    }
    return facts, {**logical_arrays(qubo), **_physical_arrays(physical)}


def logical_arrays(qubo: Qubo) -> dict[str, np.ndarray]:
    """`qubo` as arrays, the same for its dense and its sparse form."""
    linear, (rows, cols, values), offset = as_coo(qubo)
    order = np.lexsort((cols, rows))
    kept = order[values[order] != 0]
    return {
        "qubo_linear": np.asarray(linear, np.float64),
        "qubo_rows": np.asarray(rows, np.int64)[kept],
        "qubo_cols": np.asarray(cols, np.int64)[kept],
        "qubo_values": np.asarray(values, np.float64)[kept],
        "qubo_offset": np.asarray(offset, np.float64),
    }


def listed(chains: Mapping) -> list[list[int]]:
    """Chains of the variables 0 to n - 1 as lists of ints.

    >>> listed({1: (7,), 0: (4, 5)})
    [[4, 5], [7]]
    """
    return [[int(qubit) for qubit in chains[i]] for i in range(len(chains))]


def _physical_arrays(physical: Any) -> dict[str, np.ndarray]:
    """h and J on the machine's qubits; `rows` and `cols` are numbers of qubits."""
    order = sorted(physical.variables)
    vectors = physical.to_numpy_vectors(variable_order=order)
    qubits = np.asarray(order, np.int64)
    rows, cols, couplings = vectors.quadratic
    return {
        "qubits": qubits,
        "h": np.asarray(vectors.linear_biases, np.float64),
        "rows": qubits[rows],
        "cols": qubits[cols],
        "couplings": np.asarray(couplings, np.float64),
    }


def _check_parameters(solver: Any, parameters: dict) -> None:
    unknown = sorted(set(parameters) - set(solver.parameters))
    if unknown:
        raise ValueError(
            f"Argument `parameters` must name parameters of {solver.name}, but has "
            f"{', '.join(unknown)}; it has {', '.join(sorted(solver.parameters))}."
        )
    least, most = solver.properties.get("num_reads_range", (1, np.inf))
    if not least <= parameters["num_reads"] <= most:
        raise ValueError(
            f"Argument `reads` must be from {least} to {most} on {solver.name}, but is "
            f"{parameters['num_reads']}; use several seeds."
        )


def _estimate(solver: Any, qubits: int, parameters: dict) -> float | None:
    """The machine's own estimate in seconds; None where it publishes no model that can be read."""
    if "problem_timing_data" not in solver.properties:
        return None
    return float(solver.estimate_qpu_access_time(qubits, **parameters)) * 1e-6


def _chains(graph: Any, qubo: Qubo, embedding: Mapping | None) -> Any:
    """The chains given, checked, or such as are found."""
    edges, n = problem_edges(qubo), qubo.n_variables
    if embedding is None:
        return find_embedding(edges, graph, n=n)
    return checked_embedding(embedding, edges, graph, n)


def _working_graph(solver: Any) -> Any:
    """The qubits and couplers that work; of D-Wave's families so that cliques are found."""
    import dwave.graphs
    import networkx as nx

    topology = solver.properties.get("topology", {})
    if topology.get("type") not in SHAPE_LENGTHS:
        graph = nx.Graph(sorted(solver.undirected_edges))
        graph.add_nodes_from(sorted(solver.nodes))
        return graph
    make = getattr(dwave.graphs, f"{topology['type']}_graph")
    return make(*topology["shape"], node_list=solver.nodes, edge_list=solver.undirected_edges)
