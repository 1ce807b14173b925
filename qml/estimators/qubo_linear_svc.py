"""A linear support vector machine with the squared hinge loss, trained by an annealer."""

import time
from typing import Any, NamedTuple

import numpy as np

from annealing import squared_hinge
from qml.estimators.one_vs_rest import OneVsRestByAnnealer
from qml.estimators.subsets import deal


class LinearMachine(NamedTuple):
    """score(x) = coefficients . (x - centre) / spread + intercept."""

    coefficients: np.ndarray
    intercept: float
    centre: np.ndarray
    spread: np.ndarray


class QUBOLinearSVC(OneVsRestByAnnealer):
    """Classifier: a linear machine whose coefficients have few bits and are found by an annealer.

    Features are standardised first. Each event takes a surplus of its own in the QUBO, so the
    events are dealt into subsets as those of `QUBOSVC`, and the machine is the mean of theirs.
    scikit-learn's `LinearSVC` minimises the same loss exactly and in no time: compare.

    Args:
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        bits: bits of each coefficient and each surplus.
        largest: coefficients lie between -largest and largest.
        surplus: margins from 1 to 1 + surplus cost nothing.
        ridge: price of the squared length of the coefficients.
        max_variables: of one QUBO; as many as a chip can hold all coupled.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides every draw.

    After `fit`: `machines_` (a `LinearMachine` for each class), `problem_`, `solution_`,
    `solutions_`. Source: in the form of Sci. Rep. (2026), doi:10.1038/s41598-026-53864-y.

    Example:
        >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]]); y = np.array(["b", "b", "s", "s"])
        >>> QUBOLinearSVC(random_state=0).fit(x, y).predict(x).tolist()
        ['b', 'b', 's', 's']
    """

    def __init__(
        self,
        sampler: Any = None,
        bits: int = 3,
        largest: float = 1.0,
        surplus: float = 2.0,
        ridge: float = 0.01,
        max_variables: int = 180,
        reads: int = 100,
        random_state=None,
    ):
        self.sampler = sampler
        self.bits = bits
        self.largest = largest
        self.surplus = surplus
        self.ridge = ridge
        self.max_variables = max_variables
        self.reads = reads
        self.random_state = random_state

    def _fit_machine(self, X, y, rng) -> LinearMachine:
        centre, spread = X.mean(axis=0), X.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        Z = (X - centre) / spread
        most = self.max_variables // self.bits - X.shape[1] - 1
        rows = deal(y, most, rng)
        found = np.mean([self._fit_subset(Z[r], 2 * y[r] - 1, rng) for r in rows], axis=0)
        return LinearMachine(found[:-1], float(found[-1]), centre, spread)

    def _fit_subset(self, Z, labels, rng) -> np.ndarray:
        """Coefficients and intercept (f + 1,) of one QUBO."""
        start = time.perf_counter()
        problem = squared_hinge(
            Z,
            labels,
            bits=self.bits,
            largest=self.largest,
            surplus=self.surplus,
            ridge=self.ridge,
        )
        return self._minimise(problem, rng, time.perf_counter() - start)[: Z.shape[1] + 1]

    def _score(self, machine, X):
        Z = (X - machine.centre) / machine.spread
        return Z @ machine.coefficients + machine.intercept

    def _learn(self, params):
        f = self.n_features_in_
        machine = self.machines_[0]
        self.machines_ = [machine._replace(coefficients=params[:f], intercept=float(params[f]))]
