"""The annealed ensemble of weak classifiers as a scikit-learn classifier."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from annealing import Sampler, SimulatedAnnealing
from qml.ensembles import fit_ensemble, score_ensemble
from qml.estimators.labels import BinaryClassifier, binary_labels, checked


class BoostedEnsembleClassifier(BinaryClassifier):
    """Binary classifier: weak classifiers whose 0/1 weights an annealer trains (QBoost, QAML).

    Args:
        sampler: any sampler of `annealing.samplers`; None is D-Wave's simulated annealing.
        products: add products of two features as variables.
        max_correlation: keep only weak classifiers less alike than this; 1 keeps all.
        count: at most this many weak classifiers; None keeps all.
        scale: the sum of responses is divided by it; None is the number of weak classifiers.
        penalty: cost of each weak classifier that is switched on.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides the annealer's draws.

    After `fit`: `classes_`, `ensemble_` (weak classifiers, weights, threshold, all reads with their
    energies, seconds). Sources: arXiv:0811.0416; Nature 550, 375 (2017).

    Example:
        >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]]); y = np.array(["b", "b", "s", "s"])
        >>> BoostedEnsembleClassifier(random_state=0).fit(x, y).predict(x).tolist()
        ['b', 'b', 's', 's']
    """

    def __init__(
        self,
        sampler: Sampler | None = None,
        products: bool = False,
        max_correlation: float = 1.0,
        count: int | None = None,
        scale: float | None = None,
        penalty: float = 0.0,
        reads: int = 100,
        random_state=None,
    ):
        self.sampler = sampler
        self.products = products
        self.max_correlation = max_correlation
        self.count = count
        self.scale = scale
        self.penalty = penalty
        self.reads = reads
        self.random_state = random_state

    def fit(self, X, y):
        """Train on X (N, f) and labels y (N,) of two classes."""
        X, y = checked(self, X, y)
        self.classes_, labels = binary_labels(y)
        self.ensemble_ = fit_ensemble(
            X,
            labels,
            self.sampler or SimulatedAnnealing(),
            products=self.products,
            max_correlation=self.max_correlation,
            count=self.count,
            scale=self.scale,
            penalty=self.penalty,
            reads=self.reads,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )
        return self

    def decision_function(self, X) -> np.ndarray:
        """Scores (b,) of X (b, f); positive means `classes_[1]`."""
        check_is_fitted(self)
        return score_ensemble(self.ensemble_, checked(self, X, reset=False))
