"""A binary neural network: weights of -1 and +1, found by annealing.

    u_h(x) = majority of (w_h1 x_h1, w_h2 x_h2, w_h3 x_h3) = (a + b + c - a b c) / 2
    loss(w) = sum_t (sum_h u_h(x_t) / scale - y_t)^2 / N,                   w_hi = -1 or +1

Units of three inputs make the sign of a sum a polynomial that is exact where inputs are -1 or +1,
so the loss is a polynomial of degree six in the weights. Inputs between are allowed: then u_h is
the mean of the majority over inputs rounded at random. A weight of a unit's output would change
nothing, as the majority is odd.

The idea is that of Sasdelli and Chin, arXiv:2107.02751, whose QUBO writes out the network for each
event. Here events are summed first: seven variables a unit (three weights and four products of
them), whatever their number. The price is the reduction to degree two (`annealing.polynomial`),
whose penalties are as large as the loss. Gradients through smoothed signs train far larger
networks, and all weights of up to eight units or so can be tried.
"""

from collections import defaultdict
from functools import partial
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from annealing.encodings.affine import spin
from annealing.polynomial import Monomial, Quadratized, from_spins, quadratize
from annealing.problem import Problem
from annealing.problems.boosting import check_signs
from annealing.qubo import by_blocks, finite


def binary_network(inputs: Any, labels: Any, *, scale: float | None = None) -> Problem:
    """The problem of training one layer of majority units, whose answers are summed.

    Args:
        inputs: (N, units, 3), what each unit sees of each event, in [-1, 1].
        labels: (N,), -1 or +1.
        scale: the sum of the answers is divided by it; sqrt(units) by default, as of `boosting`.

    Returns:
        A problem of `binary_network_variables(units)` variables; the parameters are the weights
        (units * 3,). The penalty is what wrong values of the products cost; the energy never lies
        below the loss, so a read is good whether they are right or not.

    Raises:
        ValueError: an argument has another shape or range than stated.

    >>> problem = binary_network([[[1, 1, -1]], [[-1, 1, -1]]], [1, -1])
    >>> problem.loss([[1, 1, 1], [1, -1, 1], [-1, 1, 1]])
    array([0., 2., 4.])
    """
    X, y = finite("inputs", inputs, ndim=3), finite("labels", labels, ndim=1)
    if 0 in X.shape or X.shape[2] != 3 or len(X) != len(y):
        raise ValueError(
            f"Arguments `inputs` and `labels` must have shapes (N, units, 3) and (N,) with N > 0, "
            f"but have {X.shape} and {y.shape}."
        )
    if np.abs(X).max() > 1:
        raise ValueError("Argument `inputs` must lie in [-1, 1], but exceeds it.")
    check_signs(y)
    units = X.shape[1]
    scale = float(np.sqrt(units)) if scale is None else float(finite("scale", scale))
    if scale <= 0:
        raise ValueError(f"Argument `scale` must be positive, but is scale={scale}.")
    reduced = quadratize(from_spins(_spin_terms(X, y, scale)), 3 * units, pairs=_products(units))
    return Problem(
        qubo=reduced.qubo,
        decode=partial(_decode, 3 * units),
        loss=partial(_loss, X, y, scale),
        name="binary_network",
        details={
            "variables": reduced.qubo.n_variables,
            "parameters": 3 * units,
            "events": len(y),
            "scale": scale,
        },
        penalty=reduced.excess,
        nearest=partial(_nearest, reduced),
    )


def binary_network_variables(units: int) -> int:
    """Variables of `binary_network`: three weights and four products of them a unit.

    >>> binary_network_variables(25)
    175
    """
    return 7 * units


def majorities(inputs: Any, weights: Any) -> np.ndarray:
    """Answers (..., N, units) of units with `weights` (..., units, 3) to `inputs` (N, units, 3).

    >>> majorities([[[1, 1, -1]]], [[[1, 1, 1]], [[1, -1, 1]]]).ravel()
    array([ 1., -1.])
    """
    seen = np.asarray(weights, dtype=float)[..., None, :, :] * np.asarray(inputs, dtype=float)
    return (seen.sum(axis=-1) - seen.prod(axis=-1)) / 2


def _spin_terms(X: np.ndarray, y: np.ndarray, scale: float) -> dict[Monomial, float]:
    """The loss as a polynomial in the weights: {weights: coefficient}."""
    N, units, _ = X.shape
    columns = np.concatenate([X, -X.prod(axis=2, keepdims=True)], axis=2).reshape(N, -1)
    columns = columns / (2 * scale)
    first = 3 * np.arange(units)
    monomials = [m for i in first.tolist() for m in ((i,), (i + 1,), (i + 2,), (i, i + 1, i + 2))]
    gram, correlation = columns.T @ columns / N, columns.T @ y / N
    terms: dict[Monomial, float] = defaultdict(float)
    terms[()] = 1.0  # mean square of the labels
    for p, q in combinations_with_replacement(range(len(monomials)), 2):
        product = tuple(sorted(set(monomials[p]) ^ set(monomials[q])))  # a spin squared is 1
        terms[product] += (1 if p == q else 2) * gram[p, q]
    for p, monomial in enumerate(monomials):
        terms[monomial] -= 2 * correlation[p]
    return terms


def _products(units: int) -> list[Monomial]:
    """The pairs of each unit's bits, and its triple as its first pair and the last bit."""
    own = [(3 * h, 3 * units + 4 * h) for h in range(units)]
    return [pair for i, a in own for pair in ((i, i + 1), (i, i + 2), (i + 1, i + 2), (i + 2, a))]


def _decode(n: int, bits: Any) -> np.ndarray:
    """Weights (..., n) of bits (..., n + ancillas)."""
    return spin(n).decode(np.asarray(bits)[..., :n])


def _nearest(reduced: Quadratized, weights: Any) -> np.ndarray:
    """Bits (n,) of the signs of `weights` (units * 3,), and their right products."""
    return reduced.complete(spin(reduced.n).encode(weights))


def _loss(X: np.ndarray, y: np.ndarray, scale: float, weights: Any) -> Any:
    """The loss of weights (..., units * 3), from the answers of the units themselves."""
    units = X.shape[1]

    def rows(w: np.ndarray) -> np.ndarray:
        answers = majorities(X, w.reshape(len(w), units, 3))
        return ((answers.sum(axis=-1) / scale - y) ** 2).mean(axis=-1)

    return by_blocks(rows, np.asarray(weights, dtype=float), X.size)
