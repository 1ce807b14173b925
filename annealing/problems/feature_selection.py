"""Choosing features: those that tell much of the label and little of each other.

    loss(x) = -alpha sum_i relevance_i x_i + (1 - alpha) sum_{i != j} redundancy_ij x_i x_j,

x_i = 1 where feature i is kept; in the form of Muecke et al., Quantum Mach. Intell. (2023),
doi:10.1007/s42484-023-00099-z, arXiv:2203.13261, who take mutual information for both and find the
alpha that keeps the wanted number of features by bisection: a larger alpha, as a rule, keeps more.
Absolute correlations in its place give the form of D-Wave's scikit-learn plugin.

It is a filter: it knows pairs only, and no model. Two features that matter only together are not
seen. The honest baseline is to keep the most relevant ones.
"""

from functools import partial
from typing import Any

import numpy as np

from annealing.encodings.affine import binary
from annealing.problem import Problem, choose, constrained, quadratic_problem
from annealing.qubo import by_blocks, finite


def feature_selection(
    relevance: Any, redundancy: Any, *, alpha: float = 0.5, count: int | None = None
) -> Problem:
    """The problem of keeping relevant features that are not redundant.

    Args:
        relevance: (f,), of each feature for the label, not negative.
        redundancy: (f, f), of two features, not negative and symmetric; the diagonal is ignored.
        alpha: from 0 (no redundancy, so no feature) to 1 (all that are relevant).
        count: keep exactly this many, by a penalty; None: as many as alpha says. The penalty's
            weight is more than any feature can add to the loss or take from it, so it is enough.

    Returns:
        A problem of f variables; the parameters are x (f,).

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = feature_selection([0.9, 0.8, 0.5], [[0, 1, 0], [1, 0, 0], [0, 0, 0]], count=2)
    >>> problem.qubo.energy([[1, 1, 0], [1, 0, 1]]).round(9)
    array([ 0.15, -0.7 ])
    """
    relevance, redundancy = _checked(relevance, redundancy)
    f, alpha = len(relevance), float(finite("alpha", alpha))
    if not 0 <= alpha <= 1:
        raise ValueError(f"Argument `alpha` must lie in [0, 1], but is alpha={alpha}.")
    problem = quadratic_problem(
        (1 - alpha) * redundancy,
        -alpha * relevance,
        0.0,
        binary(f),
        loss=partial(_loss, relevance, redundancy, alpha),
        name="feature_selection",
        details={"alpha": alpha},
    )
    if count is None:
        return problem
    if not isinstance(count, int | np.integer) or not 1 <= count <= f:
        raise ValueError(f"Argument `count` must be an int from 1 to {f}, but is count={count}.")
    # With too many, one less saves a penalty and loses alpha * relevance at most; with too few,
    # one more saves a penalty and adds its redundancy to count - 1 others at most.
    others = np.sort(redundancy, axis=1)[:, f - count + 1 :].sum(axis=1)
    needed = max(alpha * relevance.max(), 2 * (1 - alpha) * others.max())
    chosen = constrained(problem, choose(f, int(count)), float(needed) * (1 + 1e-9) or 1.0)
    return chosen._replace(details={**chosen.details, "count": int(count)})


def correlations(X: Any, Y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Absolute correlations of features with the label, and with each other.

    Args:
        X: features (N, f).
        Y: numbers (N,), or (N, c) of several columns, of which the multiple correlation is taken:
            with one column a class (ones where an event belongs to it) it is the correlation ratio,
            which for two classes is again the absolute correlation.

    Returns:
        relevance (f,) and redundancy (f, f), in [0, 1]; 0 for a constant feature.

    >>> relevance, redundancy = correlations([[0, 1, 7], [1, 1, 7], [2, 2, 7]], [0, -1, -2])
    >>> relevance.round(3), redundancy.round(3)[0]
    (array([1.   , 0.866, 0.   ]), array([1.   , 0.866, 0.   ]))
    """
    X, Y = finite("X", X, ndim=2), finite("Y", Y)
    Y = Y.reshape(len(Y), -1)
    if 0 in X.shape or len(X) != len(Y):
        raise ValueError(
            f"Arguments `X` and `Y` must have shapes (N, f) and (N,) or (N, c) with one N > 0, "
            f"but have {X.shape} and {Y.shape}."
        )
    X = _unit_columns(X)
    vectors, lengths, _ = np.linalg.svd(_unit_columns(Y), full_matrices=False)
    span = vectors[:, lengths > 1e-9]
    relevance = np.linalg.norm(span.T @ X, axis=0)
    return np.minimum(relevance, 1.0), np.minimum(np.abs(X.T @ X), 1.0)


def mutual_informations(X: Any, y: Any, bins: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Mutual information of features with the label, and with each other, in nats.

    Args:
        X: features (N, f), each cut into `bins` of equally many events, equal values together.
        y: (N,) labels of any kind; numbers of more than `bins` values are cut likewise.
        bins: few events in many bins look informative by chance: keep bins^2 well below N.

    Returns:
        relevance (f,) and redundancy (f, f), not negative.

    >>> relevance, redundancy = mutual_informations([[0, 5], [0, 6], [1, 5], [1, 6]], list("aabb"))
    >>> relevance.round(3), redundancy.round(3)[0]
    (array([0.693, 0.   ]), array([0.693, 0.   ]))
    """
    X, y = finite("X", X, ndim=2), np.asarray(y)
    if 0 in X.shape or y.shape != (len(X),):
        raise ValueError(
            f"Arguments `X` and `y` must have shapes (N, f) and (N,) with one N > 0 and f > 0, "
            f"but have {X.shape} and {y.shape}."
        )
    if bins < 2:
        raise ValueError(f"Argument `bins` must be an int from 2 on, but is bins={bins}.")
    information = _information([_bins(column, bins) for column in [*X.T, y]])
    return information[:-1, -1], information[:-1, :-1]


def _bins(column: np.ndarray, bins: int) -> np.ndarray:
    """(N,) from 0 on: which value, or which of `bins` quantiles, each event has."""
    values, place = np.unique(column, return_inverse=True)
    if len(values) > bins and column.dtype.kind in "iuf":
        edges = np.quantile(column, np.arange(1, bins) / bins)
        place = np.unique(np.searchsorted(edges, column), return_inverse=True)[1]
    return place


def _information(variables: list[np.ndarray]) -> np.ndarray:
    """Mutual information (m, m) of every two of m `variables`, each (N,) of values from 0 on."""
    from scipy.sparse import csr_array

    N, m = len(variables[0]), len(variables)
    first = np.cumsum([0] + [variable.max() + 1 for variable in variables])[:-1]
    columns = np.stack(variables, axis=1) + first
    indicators = csr_array((np.ones(N * m), columns.ravel(), np.arange(0, N * m + 1, m)))
    joint = (indicators.T @ indicators).toarray() / N  # all pairs of values of all variables
    ratio = joint / np.outer(joint.diagonal(), joint.diagonal())
    terms = joint * np.log(np.where(joint > 0, ratio, 1.0))
    summed = np.add.reduceat(np.add.reduceat(terms, first, axis=0), first, axis=1)
    return np.maximum(summed, 0.0)


def _unit_columns(X: np.ndarray) -> np.ndarray:
    """Centred columns of length 1, or 0 where a column is constant within rounding."""
    centred = X - X.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    constant = length <= 1e-12 * np.linalg.norm(X, axis=0)
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, length))


def _checked(relevance: Any, redundancy: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both in double precision, the diagonal of the redundancy set to zero."""
    relevance = finite("relevance", relevance, ndim=1)
    redundancy = finite("redundancy", redundancy, ndim=2).copy()
    f = len(relevance)
    if f == 0 or redundancy.shape != (f, f):
        raise ValueError(
            f"Arguments `relevance` and `redundancy` must have shapes (f,) and (f, f) with f > 0, "
            f"but have {relevance.shape} and {redundancy.shape}."
        )
    np.fill_diagonal(redundancy, 0.0)
    if min(relevance.min(), redundancy.min()) < 0 or not np.allclose(redundancy, redundancy.T):
        raise ValueError(
            "Arguments `relevance` and `redundancy` must not be negative, and `redundancy` must be "
            "symmetric, but they are not."
        )
    return relevance, redundancy


def _loss(relevance: np.ndarray, redundancy: np.ndarray, alpha: float, x: Any) -> Any:
    """The loss of a choice x (..., f)."""

    def rows(t: np.ndarray) -> np.ndarray:
        return (1 - alpha) * ((t @ redundancy) * t).sum(axis=1) - alpha * (t @ relevance)

    return by_blocks(rows, np.asarray(x, dtype=float), len(relevance))
