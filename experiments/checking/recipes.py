"""How published figures are made again: predictions first, then the figure from them.

A recipe is a pair of functions of a cell. `predict` trains, solves or reads what the authors
stored; `measure` turns that into the figure, and is all that runs on predictions kept before.
"""

import math
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from annealing import Exhaustive, SimulatedAnnealing
from experiments.checking.published import PublishedCell
from experiments.trainers import classical
from qml import fit_ensemble, score_ensemble
from qml.data import lhcb_published_scores, load_dataset
from qml.data.bowles2024 import load_bowles2024
from qml.data.device_outputs import aspen9_outputs
from qml.data.tracking import tracking_qubo
from qml.metrics import Interval, accuracy, auc, bootstrap, paired_difference

Arrays = dict[str, np.ndarray]
MLP_SEEDS = range(5)
QAML_SEED = 0
QAML_TEST_EVENTS = 10_000
RESAMPLES = 500


class Measured(NamedTuple):
    """A figure made again, with its interval and own tolerance where events were resampled."""

    value: float
    interval: Interval | None = None
    tolerance: float | None = None
    note: str = ""


class Recipe(NamedTuple):
    """`predict(cell) -> arrays`, `measure(cell, arrays) -> Measured`.

    `authors` says that the arrays are the authors' own stored outputs: nothing is trained.
    """

    predict: Callable[[PublishedCell], Arrays]
    measure: Callable[[PublishedCell, Arrays], Measured]
    authors: bool = False


def svc() -> Recipe:
    """Scikit-learn's SVC with RBF kernel and the published `C` and `gamma`."""
    from sklearn.svm import SVC

    def make(settings: dict[str, Any], seed: int) -> Any:
        parameters: dict[str, Any] = {key: float(settings[key]) for key in ("C", "gamma")}
        return SVC(**parameters, random_state=seed)

    return Recipe(lambda cell: _fitted(cell, make, range(1)), _accuracy)


def mlp() -> Recipe:
    """Scikit-learn's MLP with the published hyper-parameters, five random states."""
    from sklearn.neural_network import MLPClassifier

    def make(settings: dict[str, Any], seed: int) -> Any:
        parameters: dict[str, Any] = {
            "hidden_layer_sizes": tuple(int(size) for size in settings["hidden"].split()),
            "alpha": float(settings["alpha"]),
            "batch_size": int(settings["batch_size"]),
            "learning_rate_init": float(settings["learning_rate"]),
            "max_iter": 3000,  # as the authors set it
        }
        return MLPClassifier(**parameters, random_state=seed)

    return Recipe(lambda cell: _fitted(cell, make, MLP_SEEDS), _accuracy)


def qaml() -> Recipe:
    """Classical baselines and an annealed ensemble on di-photon events."""
    data = load_dataset("diphoton")
    test = data.test[:QAML_TEST_EVENTS]
    drawn = np.random.default_rng(QAML_SEED).permutation(data.train)
    labels = data.y[test]

    @cache
    def scores(row: str, events: int) -> np.ndarray:
        x, y = data.x[drawn[:events]], data.y[drawn[:events]]
        return np.asarray(_qaml_row(row, x, y)(data.x[test]))

    def predict(cell: PublishedCell) -> Arrays:
        row, events, minus = (cell.settings.get(key) for key in ("row", "events", "minus"))
        arrays = {"scores": scores(row, events), "labels": labels}
        return arrays | ({"minus": scores(minus, events)} if minus else {})

    return Recipe(predict, _auc_with_interval)


def aspen9() -> Recipe:
    """Figures from the stored outputs of Rigetti's Aspen-9."""

    def predict(cell: PublishedCell) -> Arrays:
        outputs, labels = aspen9_outputs()
        return {"scores": outputs, "labels": labels}

    return Recipe(predict, _by_metric, authors=True)


def lhcb() -> Recipe:
    """Figures from what INFN's circuit said of 1,000 jets."""

    def predict(cell: PublishedCell) -> Arrays:
        return {"scores": lhcb_published_scores(), "labels": load_dataset("lhcb_bjets").y}

    return Recipe(predict, _by_metric, authors=True)


def tracking() -> Recipe:
    """The two lowest states of the tracking QUBO, by enumeration."""

    def predict(cell: PublishedCell) -> Arrays:
        samples = Exhaustive().sample(tracking_qubo(), reads=2, seed=0)
        return {"bits": samples.bits, "energies": samples.energies}

    def measure(cell: PublishedCell, arrays: Arrays) -> Measured:
        bits, energies = arrays["bits"], arrays["energies"]
        figures: dict[str, Callable[[], Any]] = {
            "energy": lambda: energies[0],
            "gap": lambda: energies[1] - energies[0],
            "distance": lambda: np.count_nonzero(bits[0] != cell.settings["ground_state"]),
        }
        return Measured(float(_chosen(figures, cell, "figure")()))

    return Recipe(predict, measure)


RECIPES: dict[str, Callable[[], Recipe]] = {
    "svc": svc,
    "mlp": mlp,
    "qaml": qaml,
    "aspen9": aspen9,
    "lhcb": lhcb,
    "tracking": tracking,
}


def _fitted(cell: PublishedCell, make: Callable, seeds: range) -> Arrays:
    """Predicted test labels (seeds, e), and the accuracy (seeds,) on the training rows."""
    from sklearn.exceptions import ConvergenceWarning

    data = load_bowles2024(cell.name)
    x, y = data.x[data.train], data.y[data.train]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the limit of steps is the authors'
        models = [make(cell.settings, seed).fit(x, y) for seed in seeds]
    return {
        "predicted": np.stack([model.predict(data.x[data.test]) for model in models]),
        "labels": data.y[data.test],
        "train_accuracy": np.array([model.score(x, y) for model in models]),
    }


def _accuracy(cell: PublishedCell, arrays: Arrays) -> Measured:
    note = f"on the training rows {arrays['train_accuracy'].mean():.6f}"
    value = float((arrays["predicted"] == arrays["labels"]).mean())
    return Measured(value, note=note if cell.reason else "")


def _qaml_row(row: str, x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Train one row; the ensemble in the published form, scale 36 and no penalty."""
    if row == "annealed":
        ensemble = fit_ensemble(x, y, SimulatedAnnealing(), scale=36.0, seed=QAML_SEED)
        return lambda test: score_ensemble(ensemble, test)
    trainers: dict[str, Callable] = {
        "untrained sum": classical.untrained_sum,
        "logistic": classical.logistic_regression,
        "trees": classical.boosted_trees,
    }
    return trainers[row](x, y, QAML_SEED).score


def _auc_with_interval(cell: PublishedCell, arrays: Arrays) -> Measured:
    """An AUC or a paired difference; the reference came from other events, hence sqrt(2)."""
    scores, labels = arrays["scores"], arrays["labels"]
    if "minus" in arrays:
        interval = paired_difference(
            auc, scores, arrays["minus"], labels, seed=0, resamples=RESAMPLES
        )
    else:
        interval = bootstrap(auc, scores, labels, seed=0, resamples=RESAMPLES)
    half = (interval.high - interval.low) / 2
    return Measured(interval.value, interval, tolerance=math.sqrt(2) * half)


def _by_metric(cell: PublishedCell, arrays: Arrays) -> Measured:
    metrics = {"auc": auc, "accuracy": accuracy, "tagging_power": _tagging_power}
    value = _chosen(metrics, cell, "metric")(arrays["scores"], arrays["labels"])
    return Measured(float(value))


def _tagging_power(scores: np.ndarray, labels: np.ndarray) -> float:
    """(1 - 2 mistag)^2 with every jet tagged by the sign of its score."""
    return (2 * accuracy(scores, labels) - 1) ** 2


def _chosen(known: dict[str, Any], cell: PublishedCell, key: str) -> Any:
    name = cell.settings.get(key)
    if name not in known:
        raise ValueError(
            f"Cell {cell.name!r}: `{key}` must be one of {', '.join(known)}: {name!r}."
        )
    return known[name]
