"""Learning: data, models, training, and offloading to circuits or annealers."""

from qml.annealed import (
    Factorized,
    Head,
    Split,
    Zoomed,
    factorize,
    fit_head,
    split_categories,
    zoom,
)
from qml.checkpoints import Frozen, freeze, load_checkpoint, save_checkpoint, thaw
from qml.data import Dataset, load_dataset
from qml.ensembles import Ensemble, fit_ensemble, score_ensemble
from qml.jobs import Ledgered
from qml.models import (
    CircuitModel,
    Model,
    WeakClassifiers,
    best_threshold,
    circuit_model,
    fit_weak_classifiers,
    linear_model,
    predict,
    respond,
    reuploading_model,
    vote,
)
from qml.offload_report import offload_summary
from qml.offloading import Annealed, Inference, anneal, batch_angles, infer
from qml.preprocessing import Scaler, fit_scaler, scale_features
from qml.shot_planning import (
    ShotPlan,
    group_variances,
    metric_errors,
    plan_shots,
    share_shots,
    shared_expectation,
)
from qml.training import Fit, cosine_adam, fit, logistic_loss, square_loss

__all__ = [
    "Dataset",
    "load_dataset",
    "Scaler",
    "fit_scaler",
    "scale_features",
    "Model",
    "CircuitModel",
    "circuit_model",
    "linear_model",
    "reuploading_model",
    "WeakClassifiers",
    "fit_weak_classifiers",
    "respond",
    "vote",
    "best_threshold",
    "predict",
    "Fit",
    "fit",
    "cosine_adam",
    "logistic_loss",
    "square_loss",
    "Inference",
    "infer",
    "batch_angles",
    "offload_summary",
    "Ledgered",
    "ShotPlan",
    "plan_shots",
    "metric_errors",
    "group_variances",
    "share_shots",
    "shared_expectation",
    "Annealed",
    "anneal",
    "Ensemble",
    "fit_ensemble",
    "score_ensemble",
    "Zoomed",
    "zoom",
    "Head",
    "fit_head",
    "Factorized",
    "factorize",
    "Split",
    "split_categories",
    "Frozen",
    "freeze",
    "thaw",
    "save_checkpoint",
    "load_checkpoint",
]
