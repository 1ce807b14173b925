"""Feature selection by an annealer, as a scikit-learn transformer that needs no account."""

import time
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

from annealing import correlations, feature_selection, mutual_informations
from qml.estimators.labels import checked
from qml.estimators.solving import TrainedByAnnealer


class QUBOFeatureSelector(TrainedByAnnealer, SelectorMixin, BaseEstimator):
    """Transformer that keeps features which are relevant for the label and not redundant.

    A filter: it sees pairs of features and no model. Ranking features by their relevance alone
    costs nothing and is the baseline; so is `SequentialFeatureSelector`, which asks the model.

    Args:
        n_features_to_select: features to keep; None keeps half of them.
        method: "correlation", absolute correlations (of classes: the correlation ratio), or
            "mutual_information", of features cut into `bins`.
        search: how that number is reached: "bisection" over the share alpha of relevance in the
            loss (where no share keeps as many, the penalty ends it), or "penalty", one QUBO with
            the given `alpha`.
        alpha: share of relevance, in [0, 1]; for "penalty" only.
        max_rounds: QUBOs that the bisection may take.
        bins: of features and numeric targets, for "mutual_information" only; bins^2 should be well
            below the number of events.
        discrete_target: whether y holds classes; "auto": it is not numeric, or holds at most 20
            different whole numbers.
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        reads: answers asked of the annealer.
        random_state: int, RandomState or None; decides the annealer's draws.

    After `fit`: `support_` (f,), `relevance_` (f,), `redundancy_` (f, f), `alpha_`, `problem_`,
    `solution_` (of the last QUBO), `solutions_`. Source: Muecke et al., arXiv:2203.13261.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(200, 3)); x = np.c_[x, x[:, 0] + 0.01]
        >>> selector = QUBOFeatureSelector(2, random_state=0)
        >>> selector.fit(x, x[:, 0] + 0.5 * x[:, 1]).get_support().tolist()
        [False, True, False, True]
    """

    def __init__(
        self,
        n_features_to_select: int | None = None,
        method: Literal["correlation", "mutual_information"] = "correlation",
        search: Literal["bisection", "penalty"] = "bisection",
        alpha: float = 0.5,
        max_rounds: int = 20,
        bins: int = 20,
        discrete_target: bool | Literal["auto"] = "auto",
        sampler: Any = None,
        reads: int = 100,
        random_state=None,
    ):
        self.n_features_to_select = n_features_to_select
        self.method = method
        self.search = search
        self.alpha = alpha
        self.max_rounds = max_rounds
        self.bins = bins
        self.discrete_target = discrete_target
        self.sampler = sampler
        self.reads = reads
        self.random_state = random_state

    def fit(self, X, y):
        """Choose features of X (N, f) for the labels or targets y (N,)."""
        X, y = checked(self, X, y)
        self._wanted = self._count(X.shape[1])
        start = time.perf_counter()
        self.relevance_, self.redundancy_ = self._measured(X, y)
        rng, built = self._draws(), time.perf_counter() - start
        if self.search == "bisection":
            params = self._bisect(rng, built)
        elif self.search == "penalty":
            params = self._choose(self.alpha, self._wanted, rng, built)
        else:
            raise ValueError(
                f"Argument `search` must be 'bisection' or 'penalty', but is {self.search!r}."
            )
        self.alpha_ = self.problem_.details["alpha"]
        self._learn(params)
        return self

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_

    def _count(self, f: int) -> int:
        wanted = self.n_features_to_select
        wanted = max(1, f // 2) if wanted is None else wanted
        if not isinstance(wanted, int | np.integer) or not 1 <= wanted <= f:
            raise ValueError(
                f"Argument `n_features_to_select` must be None or an int from 1 to {f}, "
                f"but is {wanted!r}."
            )
        return int(wanted)

    def _measured(self, X, y) -> tuple[np.ndarray, np.ndarray]:
        """Relevance (f,) and redundancy (f, f)."""
        discrete = self.discrete_target
        if discrete == "auto":
            discrete = y.dtype.kind not in "iuf" or _is_few_whole_numbers(y)
        if self.method == "correlation":
            return correlations(X, y[:, None] == np.unique(y) if discrete else y)
        if self.method == "mutual_information":
            return mutual_informations(X, y.astype(str) if discrete else y, self.bins)
        raise ValueError(
            "Argument `method` must be 'correlation' or 'mutual_information', "
            f"but is {self.method!r}."
        )

    def _bisect(self, rng, built: float) -> np.ndarray:
        """A choice (f,) of the wanted number: more relevance keeps more, more redundancy fewer."""
        low, high = 0.0, 1.0
        for _ in range(self.max_rounds):
            alpha = (low + high) / 2
            params = self._choose(alpha, None, rng, built)
            built = 0.0
            if params.sum() == self._wanted:
                return params
            low, high = (alpha, high) if params.sum() < self._wanted else (low, alpha)
        return self._choose((low + high) / 2, self._wanted, rng, built)

    def _choose(self, alpha: float, count: int | None, rng, built: float) -> np.ndarray:
        problem = feature_selection(self.relevance_, self.redundancy_, alpha=alpha, count=count)
        return self._minimise(problem, rng, built)

    def _learn(self, params):
        # As many as wanted even of a read that broke the constraint, or of relaxed parameters.
        order = np.lexsort((-self.relevance_, -params))
        self.support_ = np.zeros(len(params), dtype=bool)
        self.support_[order[: self._wanted]] = True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _is_few_whole_numbers(y: np.ndarray) -> bool:
    values = np.unique(y)
    return len(values) <= 20 and bool((values == np.round(values)).all())
