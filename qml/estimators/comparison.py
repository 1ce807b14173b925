"""What an annealer-trained estimator is worth, and where its worth comes from.

    annealed - trivial = (relaxed - trivial) + (rounded - relaxed) + (annealed - rounded)
                          the formulation       the bits              the sampler

The first part a classical optimiser gives too, the second is the price of writing parameters in
bits, and only the third is the merit of whoever minimised the QUBO.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, r2_score

from qml.metrics import Interval

PARTS = {
    "formulation": ("relaxed", "trivial"),
    "bits": ("rounded", "relaxed"),
    "sampler": ("annealed", "rounded"),
}


class Comparison(NamedTuple):
    """`scores` {who: Interval} on the test events, training `losses` {who: value}, and `parts`.

    Intervals are at 95 %, of test events drawn again, the same ones for all.

    Who: "annealed", "rounded", "relaxed" (where the formulation has them), "trivial", "strong".
    `parts` {"formulation", "bits", "sampler"} add up to annealed minus trivial.
    """

    scores: dict[str, Interval]
    losses: dict[str, float]
    parts: dict[str, Interval]

    def __str__(self) -> str:
        rows = [("", "score", "[95 %]", "training loss")]
        for who, (value, low, high) in self.scores.items():
            loss = f"{self.losses[who]:.4g}" if who in self.losses else "-"
            rows.append((who, f"{value:.3f}", f"[{low:.3f}, {high:.3f}]", loss))
        lines = [f"{a:10}{b:>7}  {c:18}{d}".rstrip() for a, b, c, d in rows]
        for part, (value, low, high) in self.parts.items():
            lines.append(f"gain by the {part}: {value:+.3f} [{low:+.3f}, {high:+.3f}]")
        return "\n".join(lines)


def compare(
    estimator: Any,
    X: np.ndarray,
    y: np.ndarray,
    X_test: np.ndarray,
    y_test: np.ndarray,
    *,
    metric: Callable[[np.ndarray, np.ndarray], float] | None = None,
    strong: Any = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Put a fitted annealer-trained estimator beside the answers that need no annealer.

    Args:
        estimator: fitted on X and y, of `qml.estimators`.
        X, y: (N, f) and (N,), its training events.
        X_test, y_test: (e, f) and (e,), events it has not seen.
        metric: metric(y, prediction); accuracy or R2 by default.
        strong: an estimator to fit beside; scikit-learn's boosted trees by default.
        resamples: of the test events, for the intervals.
        seed: decides them.

    Example:
        >>> from qml.estimators import QUBORidge
        >>> x = np.linspace(-1, 1, 40)[:, None]; y = 2 * x[:, 0]
        >>> ridge = QUBORidge(sampler="Exhaustive", random_state=0).fit(x, y)
        >>> sorted(compare(ridge, x, y, x, y, resamples=10).parts)
        ['bits', 'formulation', 'sampler']
    """
    classifies = is_classifier(estimator)
    metric = metric or (accuracy_score if classifies else r2_score)
    models = {"annealed": estimator, **_variants(estimator)}
    models |= _references(classifies, strong, X, y)
    predictions = {who: np.asarray(model.predict(X_test)) for who, model in models.items()}
    rows = np.random.default_rng(seed).integers(len(y_test), size=(resamples, len(y_test)))
    draws = {
        who: np.array([metric(y_test[row], answer[row]) for row in rows])
        for who, answer in predictions.items()
    }
    points = {who: float(metric(y_test, answer)) for who, answer in predictions.items()}
    return Comparison(
        {who: _interval(points[who], draws[who]) for who in points},
        dict(estimator.solution_.losses),
        {
            part: _interval(points[more] - points[less], draws[more] - draws[less])
            for part, (more, less) in PARTS.items()
            if more in points and less in points
        },
    )


def _variants(estimator: Any) -> dict[str, Any]:
    known = estimator.solution_.alternatives if len(estimator.solutions_) == 1 else {}
    return {kind: estimator.variant(kind) for kind in known}


def _references(classifies: bool, strong: Any, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    trivial = DummyClassifier() if classifies else DummyRegressor()
    trees = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    strong = trees(random_state=0) if strong is None else strong
    return {"trivial": trivial.fit(X, y), "strong": strong.fit(X, y)}


def _interval(value: float, draws: np.ndarray) -> Interval:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(value, float(low), float(high))
