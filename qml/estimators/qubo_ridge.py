"""Ridge regression whose coefficients have few bits and are found by an annealer."""

import time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from annealing import Problem, around, least_squares
from qml.annealed import zoom
from qml.estimators.labels import checked
from qml.estimators.solving import TrainedByAnnealer


class QUBORidge(TrainedByAnnealer, RegressorMixin, BaseEstimator):
    """Regression: scikit-learn's `Ridge`, |y - X w|^2 + alpha |w|^2, minimised over levels of w.

    The minimum is a linear system that `Ridge` solves exactly: this is a benchmark of annealers and
    of few-bit models. One QUBO of many bits asks for more precision than an annealer has, and plain
    rounding of the exact solution beats it; `rounds` of two or three bits reach the solution.

    Args:
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        alpha: price of the squared length of the coefficients, as in `Ridge`.
        bits: bits of one coefficient, of a QUBO of features * bits variables.
        box: largest coefficient of the first round, in units of (spread of y) / (spread of the
            feature). Uncorrelated features need no more than 1; correlated ones may.
        rounds: QUBOs to solve, each in a box around the last answer; 1: no such zooming.
        shrink: a box is as wide as this times the one before.
        fit_intercept: centre X and y; else the line goes through the origin.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides the annealer's draws.

    After `fit`: `coef_` (f,), `intercept_`, `problem_`, `solution_`, `solutions_`. Sources: Date et
    al., Sci. Rep. 11, 10029 (2021); the rounds, arXiv:2505.02788.

    Example:
        >>> x = np.arange(6.0)[:, None]
        >>> model = QUBORidge(alpha=0.0, bits=2, rounds=20, random_state=0).fit(x, 3 * x[:, 0] - 1)
        >>> model.coef_.round(3), float(model.intercept_.round(3))
        (array([3.]), -1.0)
    """

    def __init__(
        self,
        sampler: Any = None,
        alpha: float = 1.0,
        bits: int = 4,
        box: float = 1.0,
        rounds: int = 1,
        shrink: float = 0.5,
        fit_intercept: bool = True,
        reads: int = 100,
        random_state=None,
    ):
        self.sampler = sampler
        self.alpha = alpha
        self.bits = bits
        self.box = box
        self.rounds = rounds
        self.shrink = shrink
        self.fit_intercept = fit_intercept
        self.reads = reads
        self.random_state = random_state

    def fit(self, X, y):
        """Train on X (N, f) and targets y (N,)."""
        X, y = checked(self, X, y, y_numeric=True)
        if not self.alpha >= 0:
            raise ValueError(f"Argument `alpha` must not be negative, but is alpha={self.alpha}.")
        if not self.box > 0:
            raise ValueError(f"Argument `box` must be positive, but is box={self.box}.")
        start = time.perf_counter()
        X, self._centre, self._spread = self._standard(X)
        y, self._y_centre, self._y_spread = self._standard(np.asarray(y, dtype=float))
        rng, built = self._draws(), [time.perf_counter() - start]
        found = zoom(
            lambda centre, width: self._pose(X, y, centre, width),
            lambda problem: self._minimise(problem, rng, built.pop() if built else 0.0),
            centre=np.zeros(X.shape[1]),
            width=self.box,
            rounds=self.rounds,
            shrink=self.shrink,
        )
        self._learn(found.params)
        return self

    def predict(self, X) -> np.ndarray:
        """Targets (b,) of X (b, f)."""
        check_is_fitted(self)
        return checked(self, X, reset=False) @ self.coef_ + self.intercept_

    def _standard(self, values):
        """`values` (N, ...) centred and of spread 1, with the centre and the spread."""
        centre = values.mean(axis=0) if self.fit_intercept else np.zeros(values.shape[1:])
        spread = np.sqrt(((values - centre) ** 2).mean(axis=0))
        spread = np.where(spread > 0, spread, 1.0)
        return (values - centre) / spread, centre, spread

    def _pose(self, X, y, centre, width) -> Problem:
        # The price is one of coefficients in the units of the data, as in Ridge.
        ridge = self.alpha / (len(y) * self._spread**2)
        return least_squares(X, y, around(centre, width, self.bits), ridge=ridge)

    def _learn(self, params):
        self.coef_ = params * self._y_spread / self._spread
        self.intercept_ = self._y_centre - self._centre @ self.coef_
