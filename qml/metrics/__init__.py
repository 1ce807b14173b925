"""How good a result is, and how sure one may be of it."""

from qml.metrics.calibration import Reliability, brier, calibration_error, reliability_curve
from qml.metrics.devices import (
    Agreement,
    EnergyGap,
    binomial_interval,
    energy_gap,
    expectation_agreement,
    success_probability,
    time_to_target,
)
from qml.metrics.intervals import (
    Interval,
    Replicates,
    bootstrap,
    paired_difference,
    percentile,
    resample,
)
from qml.metrics.predictions import efficiency, mean_score, purity, r2, rmse
from qml.metrics.samples import median_bandwidth, mmd_squared, wasserstein
from qml.metrics.scores import (
    RocCurve,
    accuracy,
    auc,
    background_rejection,
    balanced_accuracy,
    checked_scores,
    log_loss,
    roc_curve,
    tagging_power,
)

__all__ = [
    "RocCurve",
    "auc",
    "accuracy",
    "balanced_accuracy",
    "tagging_power",
    "log_loss",
    "roc_curve",
    "background_rejection",
    "checked_scores",
    "Interval",
    "bootstrap",
    "paired_difference",
    "Replicates",
    "resample",
    "percentile",
    "Reliability",
    "brier",
    "reliability_curve",
    "calibration_error",
    "rmse",
    "r2",
    "mean_score",
    "efficiency",
    "purity",
    "mmd_squared",
    "median_bandwidth",
    "wasserstein",
    "EnergyGap",
    "Agreement",
    "energy_gap",
    "success_probability",
    "binomial_interval",
    "time_to_target",
    "expectation_agreement",
]
