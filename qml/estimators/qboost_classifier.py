"""QBoost: weak learners of any kind, weighed by an annealer, as a scikit-learn classifier."""

import time
from typing import Any, Literal, NamedTuple

import numpy as np

from annealing import boosting
from qml.estimators.one_vs_rest import OneVsRestByAnnealer
from qml.models import Stumps, answers, best_threshold, fit_learners, fit_stumps, fit_trees


class Vote(NamedTuple):
    """score(x) = weights . answers(learners, x) - threshold."""

    learners: Stumps | list[Any]
    weights: np.ndarray
    threshold: float


class QBoostClassifier(OneVsRestByAnnealer):
    """Classifier: weak learners switched on or off, or weighed with few bits, by an annealer.

    AdaBoost and logistic regression usually do as well or better, at less cost: compare.

    Args:
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        learners: "stumps" at quantiles of the features, "trees" of depth 2, or a list of any
            scikit-learn classifiers.
        count: about how many stumps (at least one a feature) or trees.
        bits: bits of each weight, in [0, 1].
        scale: the weighted sum is divided by it; None is the square root of their number.
            Larger keeps more learners.
        penalty: price of a unit of weight; larger keeps fewer learners.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides every draw.

    After `fit`: `machines_` (a `Vote` for each class), `problem_`, `solution_`, `solutions_`.
    Source: Neven et al., arXiv:0811.0416.

    Example:
        >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]]); y = np.array(["b", "b", "s", "s"])
        >>> QBoostClassifier(random_state=0).fit(x, y).predict(x).tolist()
        ['b', 'b', 's', 's']
    """

    def __init__(
        self,
        sampler: Any = None,
        learners: Literal["stumps", "trees"] | list[Any] = "stumps",
        count: int = 60,
        bits: int = 1,
        scale: float | None = None,
        penalty: float = 0.0,
        reads: int = 100,
        random_state=None,
    ):
        self.sampler = sampler
        self.learners = learners
        self.count = count
        self.bits = bits
        self.scale = scale
        self.penalty = penalty
        self.reads = reads
        self.random_state = random_state

    def _fit_machine(self, X, y, rng) -> Vote:
        start = time.perf_counter()
        learners = self._fit_learners(X, y, int(rng.integers(2**31 - 1)))
        said = answers(learners, X)
        problem = boosting(said, 2 * y - 1, bits=self.bits, scale=self.scale, penalty=self.penalty)
        self._trained_on = (said, y)
        return self._vote(learners, self._minimise(problem, rng, time.perf_counter() - start))

    def _vote(self, learners: Stumps | list[Any], weights: np.ndarray) -> Vote:
        """The vote with the threshold that suits the events of the last machine's training."""
        said, y = self._trained_on
        return Vote(learners, weights, best_threshold(said @ weights, y))

    def _fit_learners(self, X, y, seed: int) -> Stumps | list[Any]:
        if isinstance(self.learners, list):
            return fit_learners(self.learners, X, y)
        if self.learners == "stumps":
            return fit_stumps(X, y, cuts=max(1, self.count // X.shape[1]))
        if self.learners == "trees":
            return fit_trees(X, y, count=self.count, seed=seed)
        raise ValueError(
            "Argument `learners` must be 'stumps', 'trees' or a list of classifiers, "
            f"but is {self.learners!r}."
        )

    def _score(self, machine, X):
        return answers(machine.learners, X) @ machine.weights - machine.threshold

    def _learn(self, params):
        self.machines_ = [self._vote(self.machines_[0].learners, params)]
