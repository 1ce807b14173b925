"""Training the last layer of a classifier of many classes, one QUBO a class and round.

    W_c <- the answer of class c's QUBO around W, for all classes;      width <- shrink * width

after Atallah and Herrman, arXiv:2603.02958. Each QUBO bounds the cross-entropy from above and knows
the weights of now, which are kept where the answer is no better; so no round raises the loss
(cross-entropy and ridge). Logistic regression finds the same minimum at once: it is the baseline.
"""

from typing import Any, NamedTuple

import numpy as np

from annealing import Problem, as_sampler, classification_head, cross_entropy


class Head(NamedTuple):
    """Outcome of `fit_head`: `weights` (C, d + 1), and cross-entropy and ridge after each round."""

    weights: np.ndarray
    losses: np.ndarray


def fit_head(
    X: Any,
    labels: Any,
    sampler: Any = None,
    *,
    bits: int = 2,
    ridge: float = 1e-3,
    width: float = 1.0,
    shrink: float = 0.9,
    rounds: int = 20,
    reads: int = 20,
    seed: int = 0,
) -> Head:
    """Fit a linear layer and softmax to features that stay as they are.

    Args:
        X: features (N, d), scaled to about 1: frozen features of any network, say.
        labels: (N,), classes counted from 0, none left out.
        sampler: as of `annealing.as_sampler`; None is D-Wave's simulated annealing.
        bits: bits of a weight in one round; rounds give the precision.
        ridge: price of the squared length of the weights, intercepts included.
        width: reach of a weight in the first round.
        shrink: a round's reach as a share of the one before.
        rounds: times C QUBOs of (d + 1) * bits variables.
        reads: answers asked of each.
        seed: decides the annealer's draws.

    Raises:
        ValueError: what `classification_head` refuses, or no round.

    Example:
        >>> head = fit_head([[-1.0], [0.0], [1.0]], [0, 0, 1], "Exhaustive")
        >>> bool(head.losses[-1] < head.losses[0] < np.log(2)), head.weights.shape
        (True, (2, 2))
    """
    if rounds < 1:
        raise ValueError(f"Argument `rounds` must be a positive int, but is rounds={rounds}.")
    make_problem = classification_head(X, labels, bits=bits, ridge=ridge)
    sampler, rng = as_sampler(sampler), np.random.default_rng(seed)
    W = np.zeros((int(np.max(labels)) + 1, np.shape(X)[1] + 1))
    losses = []
    for reach in width * shrink ** np.arange(rounds):
        problems = [make_problem(W, c, reach) for c in range(len(W))]
        seeds = rng.integers(2**31 - 1, size=len(W)).tolist()
        W = np.array(
            [
                _row(problem, now, sampler.sample(problem.qubo, reads=reads, seed=s).bits[0])
                for problem, now, s in zip(problems, W, seeds, strict=True)
            ]
        )
        losses.append(cross_entropy(X, labels, W) + ridge * float((W**2).sum()))
    return Head(W, np.array(losses))


def _row(problem: Problem, now: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """The weights (d + 1,) of the annealer's answer, or those of now where these are better."""
    found = problem.decode(bits)
    return found if problem.loss(found) < 0 else now
