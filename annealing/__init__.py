"""Annealing: problems in bits, and the programs and machines that minimise them."""

from typing import TYPE_CHECKING, Any

from annealing.embedding import MockAnnealer, clique_embedding
from annealing.encodings import Encoding, binary, fixed_point, spin, twos_complement
from annealing.ising import qubo_from_ising, qubo_to_ising
from annealing.on_dimod import FromDimod, SimulatedAnnealing, from_bqm, to_bqm
from annealing.problem import Problem, quadratic_problem
from annealing.problems import boosting, least_squares
from annealing.qubo import (
    Coo,
    Qubo,
    as_coo,
    as_dense,
    qubo_from_matrix,
    qubo_from_terms,
    qubo_to_matrix,
)
from annealing.samplers import Exhaustive
from annealing.samplers.protocol import Sampler, Samples

if TYPE_CHECKING:
    from annealing.dimod_sampler import AsDimod

__all__ = [
    # a problem in bits
    "Qubo",
    "Coo",
    "qubo_from_matrix",
    "qubo_from_terms",
    "qubo_from_ising",
    "qubo_to_matrix",
    "qubo_to_ising",
    "as_dense",
    "as_coo",
    # a learning task as a problem in bits
    "Problem",
    "quadratic_problem",
    "boosting",
    "least_squares",
    "Encoding",
    "binary",
    "spin",
    "fixed_point",
    "twos_complement",
    # who solves it
    "Sampler",
    "Samples",
    "Exhaustive",
    "SimulatedAnnealing",
    "MockAnnealer",
    "clique_embedding",
    # Ocean: its samplers as ours, ours as its
    "FromDimod",
    "AsDimod",
    "to_bqm",
    "from_bqm",
]


def __getattr__(name: str) -> Any:
    if name == "AsDimod":  # a subclass of dimod's, so that its module cannot load without dimod
        from annealing.dimod_sampler import AsDimod

        return AsDimod
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
