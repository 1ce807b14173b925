"""Models that are trained as QUBOs: the estimators of `qml.estimators` as rows of a table.

With a sampler a row shows what that found. Without one it shows what needs no annealer: `answer =
"relaxed"` the classical minimum of the same loss without bits, "rounded" that minimum on the levels
of the bits. Features are standardised by the training events, but for the physical ones of QAML.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from annealing import Qubo, Sampler, Samples
from experiments.trainers.classical import named_clusters
from experiments.trainers.trained import Score, Trained, behind


def qaml(
    x,
    y,
    seed,
    *,
    sampler: Sampler | None = None,
    answer: str = "annealed",
    products: bool = True,
    shifts: tuple[float, ...] = (0.0,),
    rounds: int = 0,
    scale: float = 36.0,
    penalty: float = 0.0,
    reads: int = 100,
) -> Trained:
    """QAML: weak classifiers of physical variables; with rounds of zooming QAML-Z."""
    from qml.estimators import QAMLClassifier

    model = QAMLClassifier(
        _chosen(sampler, answer),
        products=products,
        shifts=tuple(shifts),
        rounds=rounds,
        scale=scale,
        penalty=penalty,
        reads=reads,
        random_state=seed,
    )
    return _trained(model, x, y, answer, standardised=False)


def qboost(
    x,
    y,
    seed,
    *,
    sampler: Sampler | None = None,
    answer: str = "annealed",
    count: int = 60,
    scale: float = 10.0,
    penalty: float = 0.0,
    reads: int = 100,
) -> Trained:
    """QBoost: stumps at quantiles of the features, switched on or off."""
    from qml.estimators import QBoostClassifier

    model = QBoostClassifier(
        _chosen(sampler, answer),
        count=count,
        scale=scale,
        penalty=penalty,
        reads=reads,
        random_state=seed,
    )
    return _trained(model, x, y, answer)


def qubo_svc(
    x,
    y,
    seed,
    *,
    sampler: Sampler | None = None,
    answer: str = "annealed",
    bits: int = 2,
    xi: float = 1.0,
    ensemble: int = 10,
    max_variables: int = 180,
    reads: int = 100,
) -> Trained:
    """Kernel machine whose multipliers have few bits; many events are dealt into subsets."""
    from qml.estimators import QUBOSVC

    model = QUBOSVC(
        _chosen(sampler, answer),
        bits=bits,
        xi=xi,
        ensemble=ensemble,
        max_variables=max_variables,
        reads=reads,
        random_state=seed,
    )
    return _trained(model, x, y, answer)


def qubo_linear_svc(
    x,
    y,
    seed,
    *,
    sampler: Sampler | None = None,
    answer: str = "annealed",
    bits: int = 3,
    max_variables: int = 180,
    reads: int = 100,
) -> Trained:
    """Linear machine with the squared hinge loss and coefficients of few bits."""
    from qml.estimators import QUBOLinearSVC

    model = QUBOLinearSVC(
        _chosen(sampler, answer),
        bits=bits,
        max_variables=max_variables,
        reads=reads,
        random_state=seed,
    )
    return _trained(model, x, y, answer)


def qubo_ridge(
    x,
    y,
    seed,
    *,
    sampler: Sampler | None = None,
    answer: str = "annealed",
    alpha: float = 1.0,
    bits: int = 4,
    rounds: int = 1,
    reads: int = 100,
) -> Trained:
    """Ridge regression with coefficients of few bits, zoomed into where there are more rounds."""
    from qml.estimators import QUBORidge

    model = QUBORidge(
        _chosen(sampler, answer),
        alpha=alpha,
        bits=bits,
        rounds=rounds,
        reads=reads,
        random_state=seed,
    )
    return _trained(model, x, y, answer, finish=lambda fitted, z: fitted.predict)


def qubo_k_means(
    x,
    y,
    seed,
    *,
    sampler: Sampler | None = None,
    answer: str = "annealed",
    clusters: int = 2,
    formulation: str = "balanced",
    max_samples: int = 40,
    reads: int = 100,
) -> Trained:
    """Clusters of a sample of the events, found without labels, then named by majority."""
    from qml.estimators import QUBOKMeans

    model = QUBOKMeans(
        clusters,
        formulation=formulation,  # pyright: ignore[reportArgumentType]
        max_samples=max_samples,
        sampler=_chosen(sampler, answer),
        reads=reads,
        random_state=seed,
    )
    named = lambda fitted, z: named_clusters(fitted.cluster_centers_, z, y)  # noqa: E731
    return _trained(model, x, y, answer, finish=named)


def qubo_selection(
    x,
    y,
    seed,
    *,
    sampler: Sampler | None = None,
    answer: str = "annealed",
    features: int = 8,
    method: str = "correlation",
    reached: str = "bisection",
    alpha: float = 0.5,
    reads: int = 100,
) -> Trained:
    """Logistic regression on features that are relevant and not redundant."""
    from qml.estimators import QUBOFeatureSelector

    model = QUBOFeatureSelector(
        features,
        method=method,  # pyright: ignore[reportArgumentType]
        search=reached,  # pyright: ignore[reportArgumentType]
        alpha=alpha,
        sampler=_chosen(sampler, answer),
        reads=reads,
        random_state=seed,
    )
    return _trained(model, x, y, answer, finish=partial(_logistic, y))


class Nobody:
    """A sampler that answers with zeros, in no time, where the answer is not looked at."""

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Zeros (1, n)."""
        zeros = np.zeros((1, qubo.n_variables), np.uint8)
        info = {"sampler": "none", "seconds": {}, "simulated": False}
        return Samples(zeros, np.atleast_1d(qubo.energy(zeros)), np.ones(1, np.int64), info)


def _chosen(sampler: Sampler | None, answer: str) -> Sampler:
    if (answer == "annealed") != (sampler is not None):
        raise ValueError(
            "A row needs a `sampler` where `answer` is 'annealed', and none where it is "
            f"'rounded' or 'relaxed', but answer={answer!r}."
        )
    return Nobody() if sampler is None else sampler


def _trained(
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    answer: str,
    *,
    standardised: bool = True,
    finish: Callable[[Any, np.ndarray], Score] = lambda fitted, z: fitted.decision_function,
) -> Trained:
    """Fit an estimator of `qml.estimators`; `finish` makes its score of standardised features."""
    from sklearn.preprocessing import StandardScaler

    start = time.perf_counter()
    scaler = StandardScaler(with_mean=standardised, with_std=standardised).fit(x)
    z = np.asarray(scaler.transform(x))
    model.fit(z, y)
    score = finish(model if answer == "annealed" else model.variant(answer), z)
    train = time.perf_counter() - start
    told = _told(model, answer)
    found = model.solution_.samples
    arrays = {"energies": np.repeat(found.energies, found.occurrences)} if told else {}
    reads = sum(int(s.samples.occurrences.sum()) for s in model.solutions_)
    counts = {"reads": reads} if told else {}
    return Trained(partial(behind, scaler, score), {"train": train}, counts, arrays, told)


def _told(model: Any, answer: str) -> dict[str, Any]:
    """What a record keeps of the last QUBO; nothing where nobody solved it."""
    if answer != "annealed":
        return {}
    last = model.solution_
    return {
        "sampler": last.samples.info,
        "qubos": len(model.solutions_),
        "variables": last.logical_variables,
        "physical_variables": last.physical_variables,
        "chain_breaks": last.chain_breaks,
        "lowest_energy": float(last.samples.energies[0]),
        "gap": last.gap,
        "best_known_by": last.by,
        "violated": last.violated,
        "losses": last.losses,
    }


def _logistic(y: np.ndarray, selector: Any, z: np.ndarray) -> Score:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=2000).fit(selector.transform(z), y)
    return partial(behind, selector, model.decision_function)
