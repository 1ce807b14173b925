"""Boltzmann machines on any graph, trained by chains of our own or by the reads of an annealer."""

from qml.boltzmann.annealed import train_by_annealer
from qml.boltzmann.likelihood import (
    Estimate,
    annealed_importance_sampling,
    log_likelihoods,
    log_partition,
)
from qml.boltzmann.machine import (
    Machine,
    Parameters,
    deep,
    energy,
    on_graph,
    restricted,
    to_qubo,
)
from qml.boltzmann.prior import prior_loss
from qml.boltzmann.sampling import hidden_probabilities, sample
from qml.boltzmann.steps import Training, falling_sgd
from qml.boltzmann.training import train_by_chains

__all__ = [
    "Machine",
    "Parameters",
    "restricted",
    "deep",
    "on_graph",
    "to_qubo",
    "energy",
    "Training",
    "train_by_chains",
    "train_by_annealer",
    "falling_sgd",
    "sample",
    "hidden_probabilities",
    "Estimate",
    "log_partition",
    "log_likelihoods",
    "annealed_importance_sampling",
    "prior_loss",
]
