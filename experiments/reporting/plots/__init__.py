"""Figures of a run, one function each: arrays in, matplotlib Figure out."""

from experiments.reporting.plots.calibration import Reliability, calibration, reliability
from experiments.reporting.plots.circuits import before_after, circuit_drawing
from experiments.reporting.plots.costs import (
    PowerLaw,
    fit_power_law,
    pareto,
    pareto_front,
    scaling,
    time_to_solution,
)
from experiments.reporting.plots.devices import device_scatter, energies, energy_histogram
from experiments.reporting.plots.offloading import score_by_noise, score_by_shots
from experiments.reporting.plots.ranks import critical_difference
from experiments.reporting.plots.scores import roc, score_forest, sweep
from experiments.reporting.plots.style import to_svg
from experiments.reporting.plots.training import training_curve

__all__ = [
    "score_forest",
    "roc",
    "sweep",
    "calibration",
    "reliability",
    "Reliability",
    "training_curve",
    "device_scatter",
    "score_by_shots",
    "score_by_noise",
    "circuit_drawing",
    "before_after",
    "energies",
    "energy_histogram",
    "time_to_solution",
    "scaling",
    "fit_power_law",
    "PowerLaw",
    "pareto",
    "pareto_front",
    "critical_difference",
    "to_svg",
]
