"""Weak learners of any kind, for an annealer to choose among.

A set of weak learners is a `Stumps` or a list of fitted scikit-learn classifiers; `answers` is what
they say of a batch, in [-1, 1] each. Those of Mott et al. stand in `weak_classifiers`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Stumps(NamedTuple):
    """m cuts on single features: the answer is sign_i where x[feature_i] > cut_i, else -sign_i."""

    feature: np.ndarray
    cut: np.ndarray
    sign: np.ndarray


def fit_stumps(x: np.ndarray, y: np.ndarray, *, cuts: int = 10) -> Stumps:
    """Stumps at equally spaced quantiles of every feature, each turned towards the labels.

    Args:
        x: (N, f) features.
        y: (N,) labels 0/1.
        cuts: quantiles of a feature; those of one value are kept once, so a feature of few values
            has fewer stumps and a constant one has one.

    Example:
        >>> x = np.array([[0.0], [1.0], [2.0], [3.0]]); y = np.array([1, 1, 0, 0])
        >>> stumps = fit_stumps(x, y, cuts=1)
        >>> stumps.cut.tolist(), answers(stumps, x)[:, 0].tolist()
        ([1.5], [1.0, 1.0, -1.0, -1.0])
    """
    levels = np.quantile(x, np.arange(1, cuts + 1) / (cuts + 1), axis=0)
    each = [np.unique(level) for level in levels.T]
    feature = np.repeat(np.arange(x.shape[1]), [len(cut) for cut in each])
    stumps = Stumps(feature, np.concatenate(each), np.ones(len(feature)))
    agreement = (2.0 * y - 1.0) @ answers(stumps, x)
    return stumps._replace(sign=np.where(agreement < 0, -1.0, 1.0))


def fit_trees(
    x: np.ndarray, y: np.ndarray, *, count: int = 50, depth: int = 2, seed: int = 0
) -> list[Any]:
    """Small decision trees of scikit-learn, each fitted to another bootstrap of the events.

    Args:
        x: (N, f) features.
        y: (N,) labels 0/1.
        count: number of trees.
        depth: of each.
        seed: decides the draws.

    Example:
        >>> x = np.arange(8.0)[:, None]; y = (x[:, 0] > 3).astype(int)
        >>> answers(fit_trees(x, y, count=3), x).shape
        (8, 3)
    """
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(seed)
    trees = []
    for _ in range(count):
        drawn = np.bincount(rng.integers(len(y), size=len(y)), minlength=len(y))
        tree = DecisionTreeClassifier(max_depth=depth, random_state=int(rng.integers(2**31)))
        trees.append(tree.fit(x, y, sample_weight=drawn))
    return trees


def fit_learners(prototypes: Sequence[Any], x: np.ndarray, y: np.ndarray) -> list[Any]:
    """Clones of any scikit-learn classifiers, fitted.

    Args:
        prototypes: classifiers, which stay as they are.
        x: (N, f) features.
        y: (N,) labels 0/1.

    Example:
        >>> from sklearn.naive_bayes import GaussianNB
        >>> x = np.array([[0.0], [0.1], [2.0], [2.1]]); y = np.array([0, 0, 1, 1])
        >>> answers(fit_learners([GaussianNB()], x, y), x)[:, 0].round(2).tolist()
        [-1.0, -1.0, 1.0, 1.0]
    """
    from sklearn.base import clone

    copies: list[Any] = [clone(prototype) for prototype in prototypes]
    return [copy.fit(x, y) for copy in copies]


def answers(learners: Stumps | Sequence[Any], x: np.ndarray) -> np.ndarray:
    """What every weak learner says of a batch.

    Args:
        learners: m weak learners. Of a classifier of scikit-learn counts its decision function
            clipped to [-1, 1], else twice its probability less one, else its label.
        x: (b, f) features.

    Returns:
        (b, m) answers in [-1, 1].

    Example:
        >>> stumps = Stumps(np.array([0]), np.array([0.5]), np.array([-1.0]))
        >>> answers(stumps, np.array([[0.0], [1.0]]))
        array([[ 1.],
               [-1.]])
    """
    if isinstance(learners, Stumps):
        return np.where(x[:, learners.feature] > learners.cut, learners.sign, -learners.sign)
    return np.column_stack([_answer(learner, x) for learner in learners])


def _answer(learner: Any, x: np.ndarray) -> np.ndarray:
    if hasattr(learner, "decision_function"):
        return np.clip(learner.decision_function(x), -1.0, 1.0)
    if hasattr(learner, "predict_proba"):
        return 2.0 * learner.predict_proba(x)[:, 1] - 1.0
    return 2.0 * learner.predict(x) - 1.0
