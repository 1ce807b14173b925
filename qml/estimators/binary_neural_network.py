"""A binary neural network trained by an annealer, as a scikit-learn classifier."""

import time
from typing import Any, NamedTuple

import numpy as np

from annealing import binary_network, majorities
from qml.estimators.one_vs_rest import OneVsRestByAnnealer
from qml.models import best_threshold


class Network(NamedTuple):
    """score(x) = sum over units of the majority of three weighted inputs - threshold.

    Input i of a unit is clip((x[feature] - cut) / spread, -1, 1): `feature`, `cut`, `spread` and
    the `weights` -1 or +1 are (units, 3).
    """

    feature: np.ndarray
    cut: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    threshold: float

    def inputs(self, X: np.ndarray) -> np.ndarray:
        """What the units see of X (b, f): (b, units, 3) in [-1, 1]."""
        return np.clip((X[:, self.feature] - self.cut) / self.spread, -1.0, 1.0)


class BinaryNeuralNetwork(OneVsRestByAnnealer):
    """Classifier: units that take the majority of three inputs, with weights of one bit.

    Each input compares a feature with one of its quantiles, rising from -1 to 1 over two standard
    deviations; which inputs a unit sees is drawn at random. The weights minimise the squared loss
    of the summed units. Networks with real weights, trained by gradients, are more able.

    Args:
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        units: majority units; the QUBO has seven times as many variables, for any number of events.
        cuts: quantiles of a feature that an input may compare with.
        scale: the sum of the units is divided by it in the loss; None is the root of their number.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides every draw.

    After `fit`: `machines_` (a `Network` for each class), `problem_`, `solution_`, `solutions_`.
    Source: the idea is that of Sasdelli and Chin, arXiv:2107.02751; see
    `annealing.binary_network`.

    Example:
        >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]]); y = np.array(["b", "b", "s", "s"])
        >>> BinaryNeuralNetwork(random_state=0).fit(x, y).predict(x).tolist()
        ['b', 'b', 's', 's']
    """

    def __init__(
        self,
        sampler: Any = None,
        units: int = 8,
        cuts: int = 3,
        scale: float | None = None,
        reads: int = 100,
        random_state=None,
    ):
        self.sampler = sampler
        self.units = units
        self.cuts = cuts
        self.scale = scale
        self.reads = reads
        self.random_state = random_state

    def _fit_machine(self, X, y, rng) -> Network:
        start = time.perf_counter()
        network = self._wire(X, rng)
        seen = network.inputs(X)
        problem = binary_network(seen, 2 * y - 1, scale=self.scale)
        self._trained_on = (seen, y)
        return self._weighed(network, self._minimise(problem, rng, time.perf_counter() - start))

    def _wire(self, X: np.ndarray, rng: np.random.Generator) -> Network:
        """Units with inputs drawn from all pairs of a feature and a quantile, evenly."""
        for name in ("units", "cuts"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(
                    f"Argument `{name}` must be a positive int, but is {name}={value}."
                )
        pool = X.shape[1] * self.cuts
        rounds = -(-3 * self.units // pool)
        drawn = np.concatenate([rng.permutation(pool) for _ in range(rounds)])[: 3 * self.units]
        feature, place = np.divmod(drawn.reshape(self.units, 3), self.cuts)
        levels = np.quantile(X, np.arange(1, self.cuts + 1) / (self.cuts + 1), axis=0)
        spread = X.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)[feature]
        return Network(feature, levels[place, feature], spread, np.ones_like(spread), 0.0)

    def _weighed(self, network: Network, params: np.ndarray) -> Network:
        """The network with weights, and the threshold that suits the events of the last fit."""
        seen, y = self._trained_on
        weights = params.reshape(self.units, 3)
        scores = majorities(seen, weights).sum(axis=-1)
        return network._replace(weights=weights, threshold=best_threshold(scores, y))

    def _score(self, machine, X):
        answers = majorities(machine.inputs(X), machine.weights)
        return answers.sum(axis=-1) - machine.threshold

    def _learn(self, params):
        self.machines_ = [self._weighed(self.machines_[0], params)]
