"""QAML and QAML-Z: physicists' weak classifiers, weighed by an annealer, for scikit-learn."""

import time
from typing import Any

import numpy as np

from annealing import boosting, zoomed_boosting
from qml.annealed import zoom
from qml.estimators.one_vs_rest import OneVsRestByAnnealer
from qml.models import best_threshold, fit_weak_classifiers, respond, vote


class QAMLClassifier(OneVsRestByAnnealer):
    """Classifier: weak classifiers of physical variables whose weights an annealer trains.

    QAML weighs them 0 or 1. QAML-Z solves `rounds` QUBOs of the same size, each in half the box of
    the one before, and ends with weights of either sign, below 2. The least of its loss without
    bits is one linear system, and logistic regression on the features costs nothing: compare.

    Args:
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        products: add products of two features as variables.
        shifts: cuts of the weak classifiers' copies, in standard deviations; QAML-Z as published
            augments them so, for example by (-0.1, 0.0, 0.1).
        max_correlation: keep only weak classifiers less alike than this; 1 keeps all.
        count: at most this many weak classifiers; None keeps all.
        rounds: of zooming; 0 is QAML, 8 QAML-Z as published.
        scale: the sum of responses is divided by it; None is the square root of their number.
        penalty: price of a unit of weight (QAML) or of the weights' squared length (QAML-Z).
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides the annealer's draws.

    After `fit`: `machines_` (weak classifiers, weights and threshold for each class), `problem_`,
    `solution_`, `solutions_`. Sources: Mott et al., Nature 550, 375 (2017); Zlokapa et al.,
    arXiv:1908.04480.

    Example:
        >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]]); y = np.array(["b", "b", "s", "s"])
        >>> QAMLClassifier(random_state=0).fit(x, y).predict(x).tolist()
        ['b', 'b', 's', 's']
    """

    def __init__(
        self,
        sampler: Any = None,
        products: bool = False,
        shifts: tuple[float, ...] = (0.0,),
        max_correlation: float = 1.0,
        count: int | None = None,
        rounds: int = 0,
        scale: float | None = None,
        penalty: float = 0.0,
        reads: int = 100,
        random_state=None,
    ):
        self.sampler = sampler
        self.products = products
        self.shifts = shifts
        self.max_correlation = max_correlation
        self.count = count
        self.rounds = rounds
        self.scale = scale
        self.penalty = penalty
        self.reads = reads
        self.random_state = random_state

    def _fit_machine(self, X, y, rng):
        start = time.perf_counter()
        weak = fit_weak_classifiers(
            X,
            y,
            products=self.products,
            shifts=self.shifts,
            max_correlation=self.max_correlation,
            count=self.count,
        )
        responses = respond(weak, X)
        weigh = self._zoomed if self.rounds else self._switched
        weights = weigh(responses, 2 * y - 1, rng, start)
        self._trained_on = (responses, y)
        return weak, weights, best_threshold(responses @ weights, y)

    def _switched(self, responses, labels, rng, start: float) -> np.ndarray:
        """Weights (m,) of 0 and 1: QAML."""
        problem = boosting(responses, labels, scale=self.scale, penalty=self.penalty)
        return self._minimise(problem, rng, time.perf_counter() - start)

    def _zoomed(self, responses, labels, rng, start: float) -> np.ndarray:
        """Weights (m,) of either sign: QAML-Z. The first QUBO pays for the Gram matrix."""
        make_problem = zoomed_boosting(responses, labels, scale=self.scale, ridge=self.penalty)
        built = [time.perf_counter() - start]
        found = zoom(
            make_problem,
            lambda problem: self._minimise(problem, rng, built.pop() if built else 0.0),
            centre=np.zeros(responses.shape[1]),
            width=1.0,
            rounds=self.rounds,
        )
        return found.params

    def _score(self, machine, X):
        weak, weights, threshold = machine
        return vote(weak, weights, threshold, X)

    def _learn(self, params):
        responses, y = self._trained_on
        threshold = best_threshold(responses @ params, y)
        self.machines_ = [(self.machines_[0][0], params, threshold)]
