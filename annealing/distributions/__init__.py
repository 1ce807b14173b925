"""Distributions over bits rather than minima: Boltzmann's and its temperature."""

from annealing.distributions.boltzmann import (
    Reads,
    boltzmann_reads,
    log_partition,
    log_partitions,
    moments,
)
from annealing.distributions.temperature import effective_beta

__all__ = [
    "effective_beta",
    "Reads",
    "log_partition",
    "log_partitions",
    "moments",
    "boltzmann_reads",
]
