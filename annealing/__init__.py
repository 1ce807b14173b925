"""Annealing: problems in bits, and the programs and machines that minimise them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from annealing.choosing import as_sampler
from annealing.encodings import Encoding, binary, fixed_point, spin, twos_complement
from annealing.hardware.embedding import clique_embedding
from annealing.hardware.mock_annealer import MockAnnealer
from annealing.ising import qubo_from_ising, qubo_to_ising
from annealing.on_dimod import FromDimod, SimulatedAnnealing, from_bqm, to_bqm
from annealing.problem import (
    Problem,
    broken,
    choose,
    constrained,
    quadratic_problem,
    sufficient_weight,
)
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
    from annealing.samplers.auto import AutoSampler
    from annealing.samplers.bifurcation import SimulatedBifurcation
    from annealing.samplers.chromatic import ChromaticAnnealing, gibbs
    from annealing.samplers.dense_annealing import DenseAnnealing
    from annealing.samplers.descent import SteepestDescent, steepest_descent
    from annealing.samplers.multispin import MultiSpinAnnealing
    from annealing.samplers.quantum_annealing import SimulatedQuantumAnnealing
    from annealing.samplers.stopping import Budget
    from annealing.samplers.tempering import ParallelTempering

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
    "constrained",
    "choose",
    "sufficient_weight",
    "broken",
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
    "as_sampler",
    "Exhaustive",
    "SteepestDescent",
    "steepest_descent",
    "ChromaticAnnealing",
    "gibbs",
    "MultiSpinAnnealing",
    "SimulatedBifurcation",
    "DenseAnnealing",
    "ParallelTempering",
    "SimulatedQuantumAnnealing",
    "AutoSampler",
    "Budget",
    "SimulatedAnnealing",
    "MockAnnealer",
    "clique_embedding",
    # Ocean: its samplers as ours, ours as its
    "FromDimod",
    "AsDimod",
    "to_bqm",
    "from_bqm",
]


# Found late: `AsDimod` is a subclass of dimod's, which must not load before; the others load JAX.
_LATER = {
    "AsDimod": "annealing.dimod_sampler",
    "Budget": "annealing.samplers.stopping",
    "ChromaticAnnealing": "annealing.samplers.chromatic",
    "gibbs": "annealing.samplers.chromatic",
    "MultiSpinAnnealing": "annealing.samplers.multispin",
    "SimulatedBifurcation": "annealing.samplers.bifurcation",
    "DenseAnnealing": "annealing.samplers.dense_annealing",
    "ParallelTempering": "annealing.samplers.tempering",
    "SimulatedQuantumAnnealing": "annealing.samplers.quantum_annealing",
    "AutoSampler": "annealing.samplers.auto",
    "SteepestDescent": "annealing.samplers.descent",
    "steepest_descent": "annealing.samplers.descent",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
