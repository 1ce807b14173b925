"""A restricted Boltzmann machine trained by chains or an annealer, as a scikit-learn estimator."""

from typing import Any, Literal

import jax
import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from qml.boltzmann import (
    Estimate,
    Training,
    annealed_importance_sampling,
    falling_sgd,
    hidden_probabilities,
    log_likelihoods,
    log_partition,
    restricted,
    sample,
    train_by_annealer,
    train_by_chains,
)
from qml.estimators.labels import checked

EXACT = 15  # units of the smaller layer up to which its states are tried, in a second


class BoltzmannMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Density model and feature extractor for bits: a visible and a hidden layer.

    As `sklearn.neural_network.BernoulliRBM`, with log-likelihoods that are normalised and with an
    annealer as a source of samples. No annealer is known to train such machines better than
    persistent chains; this is for measuring whether one does.

    Args:
        n_components: hidden units.
        negative: where samples of the machine come from: "persistent" chains, "contrastive" ones
            that start at the data, or an "annealer".
        learning_rate: of plain descent, at the first step; it falls to zero. Much more than
            the default lets persistent chains diverge.
        steps: of the optimiser.
        batch_size: events a step, drawn with replacement.
        sweeps: of the chains in a step; not of an annealer.
        chains: persistent ones.
        sampler: as of `annealing.as_sampler`, for "annealer" only; one that samples at a fixed
            temperature rather than minimises. None anneals in software to the machine's own.
        reads: asked of the annealer in each step.
        binarize: what is above is 1, the rest 0; None takes X, which then must be of 0 and 1.
        random_state: int, RandomState or None; decides every draw.

    After `fit`: `machine_`, `history_` (length of the gradient at each step), `betas_` (steps, 2),
    the effective temperature of the annealer's reads and its standard error (empty for chains; away
    from 1, the annealer did not sample the machine it trained), `log_partition_` and its standard
    error `log_partition_error_`: exact and 0 where the smaller layer has at most 15 units, else by
    annealed importance sampling.

    Example:
        >>> x = np.array([[0, 0, 1], [1, 1, 0]] * 20)
        >>> model = BoltzmannMachine(2, steps=200, learning_rate=0.05, random_state=0).fit(x)
        >>> model.transform(x).shape, bool(model.score(x) > np.log(1 / 8))
        ((40, 2), True)
    """

    n_features_in_: int

    def __init__(
        self,
        n_components: int = 16,
        negative: Literal["persistent", "contrastive", "annealer"] = "persistent",
        learning_rate: float = 0.02,
        steps: int = 2000,
        batch_size: int = 100,
        sweeps: int = 1,
        chains: int = 100,
        sampler: Any = None,
        reads: int = 100,
        binarize: float | None = 0.5,
        random_state=None,
    ):
        self.n_components = n_components
        self.negative = negative
        self.learning_rate = learning_rate
        self.steps = steps
        self.batch_size = batch_size
        self.sweeps = sweeps
        self.chains = chains
        self.sampler = sampler
        self.reads = reads
        self.binarize = binarize
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn the distribution of X (N, f); `y` is not used."""
        x = self._bits(checked(self, X))
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=3)
        self._seed = int(seeds[0])
        trained = self._trained(x, *(int(seed) for seed in seeds[1:]))
        self.machine_, self.history_ = trained.machine, trained.mismatch
        self.betas_ = np.empty((0, 2)) if trained.betas is None else trained.betas
        found = self._log_partition(x)
        self.log_partition_, self.log_partition_error_ = found.log_partition, found.error
        return self

    def transform(self, X) -> np.ndarray:
        """Chances (b, n_components) that the hidden units are 1."""
        check_is_fitted(self)
        return hidden_probabilities(self.machine_, self._bits(checked(self, X, reset=False)))

    def score_samples(self, X) -> np.ndarray:
        """Log-probabilities (b,) in nats, all of which have the error of `log_partition_`."""
        check_is_fitted(self)
        x = self._bits(checked(self, X, reset=False))
        return log_likelihoods(self.machine_, x, self.log_partition_)

    def score(self, X, y=None) -> float:
        """Mean log-probability; `y` is not used."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, sweeps: int = 1000) -> np.ndarray:
        """Events (n_samples, f) of 0 and 1 by fresh chains of that many sweeps, always the same."""
        check_is_fitted(self)
        key = jax.random.key(self._seed)
        return sample(self.machine_, n_samples, key=key, sweeps=sweeps)[:, : self.n_features_in_]

    def _bits(self, X: np.ndarray) -> np.ndarray:
        return X if self.binarize is None else (self.binarize < X).astype(np.uint8)

    def _trained(self, x: np.ndarray, first: int, seed: int) -> Training:
        machine = restricted(x.shape[1], self.n_components, seed=first)
        shared = {
            "seed": seed,
            "steps": self.steps,
            "batch_size": self.batch_size,
            "optimizer": falling_sgd(self.learning_rate, self.steps),
        }
        if self.negative == "annealer":
            return train_by_annealer(machine, x, sampler=self.sampler, reads=self.reads, **shared)
        if self.negative not in ("persistent", "contrastive"):
            raise ValueError(
                "Argument `negative` must be 'persistent', 'contrastive' or 'annealer', but is "
                f"{self.negative!r}."
            )
        persistent = self.negative == "persistent"
        own = {"persistent": persistent, "sweeps": self.sweeps, "chains": self.chains}
        return train_by_chains(machine, x, **own, **shared)

    def _log_partition(self, x: np.ndarray) -> Estimate:
        if min(x.shape[1], self.n_components) <= EXACT:
            return Estimate(log_partition(self.machine_), 0.0, np.empty(0))
        key = jax.random.key(self._seed)
        return annealed_importance_sampling(self.machine_, key=key, x=x)

    @property
    def _n_features_out(self) -> int:
        return self.n_components
