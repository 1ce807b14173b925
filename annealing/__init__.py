"""Annealing: problems in bits, and the programs and machines that minimise them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from annealing import instances
from annealing.choosing import as_sampler
from annealing.distributions.boltzmann import (
    boltzmann_reads,
    log_partition,
    log_partitions,
    moments,
)
from annealing.encodings.affine import (
    Encoding,
    around,
    binary,
    fixed_point,
    geometric,
    signed,
    spin,
    twos_complement,
    unsigned,
)
from annealing.encodings.choices import domain_wall, one_hot
from annealing.hardware import credentials, ledger, patience
from annealing.hardware.chain_strength import best_strength, scan_chain_strength
from annealing.hardware.credentials import leap_credentials
from annealing.hardware.embedding import clique_embedding, find_embedding
from annealing.hardware.embedding_cache import cached_embedding
from annealing.hardware.leap.annealer import LeapAnnealer
from annealing.hardware.leap.jobs import cancel_job, fetch_job
from annealing.hardware.ledger import list_jobs, set_aside, show_job
from annealing.hardware.mock_annealer import MockAnnealer
from annealing.ising import qubo_from_ising, qubo_to_ising
from annealing.on_dimod import FromDimod, SimulatedAnnealing, from_bqm, to_bqm
from annealing.polynomial import Quadratized, collected, from_spins, polynomial_values, quadratize
from annealing.problem import (
    Problem,
    broken,
    choose,
    constrained,
    quadratic_problem,
    sufficient_weight,
)
from annealing.problems import (
    assignment_clustering,
    balanced_k_means,
    binary_factorization,
    binary_network,
    boosting,
    classification_head,
    feature_selection,
    least_squares,
    mimo,
    squared_hinge,
    svm_dual,
    thrust,
    tracking,
    tree_split,
    two_means,
    zoomed_boosting,
)
from annealing.problems.assignment_clustering import cluster_labels, squared_distances
from annealing.problems.binary_network import majorities
from annealing.problems.classification_head import cross_entropy
from annealing.problems.feature_selection import correlations, mutual_informations
from annealing.problems.mimo import Transmission, planted_mimo
from annealing.problems.tree_split import split_gain
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
    from annealing.distributions.chains import (
        block_gibbs,
        colour_blocks,
        coupling_matrix,
        random_spins,
    )
    from annealing.distributions.temperature import effective_beta
    from annealing.hardware.stand_in.annealer import AnnealerStandIn
    from annealing.hardware.stand_in.profiles import ChipProfile, chip_profile, flawless
    from annealing.hardware.stand_in.timing import qpu_access_time
    from annealing.samplers.auto import AutoSampler
    from annealing.samplers.bifurcation import SimulatedBifurcation
    from annealing.samplers.chromatic import ChromaticAnnealing, gibbs
    from annealing.samplers.dense_annealing import DenseAnnealing
    from annealing.samplers.descent import SteepestDescent, steepest_descent
    from annealing.samplers.multispin import MultiSpinAnnealing
    from annealing.samplers.quantum_annealing import SimulatedQuantumAnnealing
    from annealing.samplers.stopping import Budget
    from annealing.samplers.tempering import ParallelTempering
    from annealing.wrappers.connected_components import ConnectedComponents
    from annealing.wrappers.parallel_embedding import ParallelEmbedding
    from annealing.wrappers.roof_duality import RoofDuality
    from annealing.wrappers.spin_reversal import SpinReversal

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
    "instances",
    # a polynomial of any degree as a problem in bits
    "Quadratized",
    "quadratize",
    "collected",
    "from_spins",
    "polynomial_values",
    # a learning task as a problem in bits
    "Problem",
    "quadratic_problem",
    "constrained",
    "choose",
    "sufficient_weight",
    "broken",
    "boosting",
    "zoomed_boosting",
    "least_squares",
    "svm_dual",
    "squared_hinge",
    "assignment_clustering",
    "balanced_k_means",
    "two_means",
    "cluster_labels",
    "squared_distances",
    "feature_selection",
    "correlations",
    "mutual_informations",
    "binary_network",
    "majorities",
    "classification_head",
    "cross_entropy",
    "tree_split",
    "split_gain",
    "binary_factorization",
    "mimo",
    "planted_mimo",
    "Transmission",
    "tracking",
    "thrust",
    "Encoding",
    "binary",
    "spin",
    "fixed_point",
    "unsigned",
    "signed",
    "twos_complement",
    "geometric",
    "around",
    "one_hot",
    "domain_wall",
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
    # Boltzmann distributions: exact, and by samplers
    "log_partition",
    "log_partitions",
    "moments",
    "boltzmann_reads",
    "block_gibbs",
    "colour_blocks",
    "coupling_matrix",
    "random_spins",
    # a machine in software: what a run would give, and cost
    "AnnealerStandIn",
    "ChipProfile",
    "chip_profile",
    "flawless",
    "qpu_access_time",
    "effective_beta",
    # embedding on a chip
    "clique_embedding",
    "find_embedding",
    "cached_embedding",
    "scan_chain_strength",
    "best_strength",
    # samplers around samplers
    "SpinReversal",
    "RoofDuality",
    "ConnectedComponents",
    "ParallelEmbedding",
    # a paid machine, its credentials and the ledger of its jobs
    "LeapAnnealer",
    "leap_credentials",
    "list_jobs",
    "show_job",
    "fetch_job",
    "cancel_job",
    "set_aside",
    # what they are made of, for jobs on other machines
    "ledger",
    "patience",
    "credentials",
    # Ocean: its samplers as ours, ours as its
    "FromDimod",
    "AsDimod",
    "to_bqm",
    "from_bqm",
]


# Found late: `AsDimod` is a subclass of dimod's, which must not load before; the others load JAX.
_LATER = {
    "AsDimod": "annealing.dimod_sampler",
    "block_gibbs": "annealing.distributions.chains",
    "colour_blocks": "annealing.distributions.chains",
    "coupling_matrix": "annealing.distributions.chains",
    "random_spins": "annealing.distributions.chains",
    "AnnealerStandIn": "annealing.hardware.stand_in.annealer",
    "ChipProfile": "annealing.hardware.stand_in.profiles",
    "chip_profile": "annealing.hardware.stand_in.profiles",
    "flawless": "annealing.hardware.stand_in.profiles",
    "qpu_access_time": "annealing.hardware.stand_in.timing",
    "effective_beta": "annealing.distributions",
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
    "SpinReversal": "annealing.wrappers.spin_reversal",
    "RoofDuality": "annealing.wrappers.roof_duality",
    "ConnectedComponents": "annealing.wrappers.connected_components",
    "ParallelEmbedding": "annealing.wrappers.parallel_embedding",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
