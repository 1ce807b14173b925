"""What every estimator does that is trained by an annealer, and what it keeps of it.

The answer of an annealer means little by itself. Beside it stand here the same loss minimised
classically without bits, that minimum rounded to the levels of the bits, and the best energy known:
what the rounded minimum already reaches is no merit of the annealer.
"""

import time
from copy import copy
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from sklearn.utils import check_random_state

from annealing import Problem, Samples, as_sampler, broken

EXHAUSTIVE = 14  # variables up to which all bit strings are tried for the best known energy


class Solution(NamedTuple):
    """One QUBO's training: `params` (p,) learned, of the best read; `samples`; what it cost.

    `seconds` of "build", "embed", "sample" and "decode" (those that apply). `physical_variables`
    and `chain_breaks` (mean fraction) are None where nothing was embedded. `violated`: the best
    read breaks a constraint. `alternatives`: the "rounded" and "relaxed" parameters, where the
    problem knows them; `losses`: theirs and that of the "annealed" ones. `best_known` energy, found
    `by` "exhaustive" search, "rounded" classical solution or the "annealed" reads; `gap`: how far
    the best read is above it.
    """

    params: np.ndarray
    problem: Problem
    samples: Samples
    seconds: dict[str, float]
    logical_variables: int
    physical_variables: int | None
    chain_breaks: float | None
    violated: bool
    alternatives: dict[str, np.ndarray]
    losses: dict[str, float]
    best_known: float
    by: str
    gap: float


def solve(
    problem: Problem, sampler: Any = None, *, reads: int = 100, seed: int = 0, built: float = 0.0
) -> Solution:
    """Train by minimising a problem's QUBO, and say how good the answer is.

    Args:
        problem: a formulation of `annealing.problems`.
        sampler: as of `annealing.as_sampler`.
        reads: answers asked for.
        seed: decides every draw.
        built: seconds that building the problem took.

    Raises:
        ValueError, TypeError: what the sampler refuses.

    Example:
        >>> from annealing import binary, least_squares
        >>> problem = least_squares(np.eye(2), np.array([0.8, 0.1]), binary(2))
        >>> solution = solve(problem, "Exhaustive")
        >>> solution.params.tolist(), solution.gap, solution.by
        ([1.0, 0.0], 0.0, 'exhaustive')
    """
    start = time.perf_counter()
    samples = as_sampler(sampler).sample(problem.qubo, reads=reads, seed=seed)
    sampled = time.perf_counter()
    params = np.asarray(problem.decode(samples.bits[0]))
    seconds = {"build": built, "sample": sampled - start, "decode": time.perf_counter() - sampled}
    if "embed" in samples.info["seconds"]:
        seconds["embed"] = samples.info["seconds"]["embed"]
        seconds["sample"] -= seconds["embed"]
    alternatives = _alternatives(problem)
    best_known, by = _best_known(problem, samples, alternatives)
    info = samples.info
    return Solution(
        params,
        problem,
        samples,
        seconds,
        problem.qubo.n_variables,
        info.get("physical_variables"),
        info.get("chain_break_fraction"),
        bool(broken(problem, samples.bits[0])),
        alternatives,
        {name: float(problem.loss(p)) for name, p in {"annealed": params, **alternatives}.items()},
        best_known,
        by,
        float(samples.energies[0]) - best_known,
    )


def _alternatives(problem: Problem) -> dict[str, np.ndarray]:
    """Parameters got without an annealer: "relaxed", and "rounded" to the levels of the bits."""
    if problem.relaxed is None:
        return {}
    relaxed = np.asarray(problem.relaxed())
    if problem.nearest is None:
        return {"relaxed": relaxed}
    return {"rounded": np.asarray(problem.decode(problem.nearest(relaxed))), "relaxed": relaxed}


def _best_known(problem: Problem, samples: Samples, alternatives: dict) -> tuple[float, str]:
    n = problem.qubo.n_variables
    if n <= EXHAUSTIVE:
        every = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float(problem.qubo.energy(every).min()), "exhaustive"
    energies = {"annealed": float(samples.energies[0])}
    if "rounded" in alternatives and problem.nearest is not None:
        nearest = problem.nearest(alternatives["rounded"])
        energies["rounded"] = float(problem.qubo.energy(nearest))
    by = min(energies, key=lambda name: energies[name])
    return energies[by], by


class TrainedByAnnealer:
    """Mixin of estimators whose `fit` minimises one QUBO or several.

    Constructors of subclasses store `sampler`, `reads` and `random_state`. `fit` calls `_draws`
    once, `_minimise` for each problem, and `_learn` with the parameters. After it: `problem_` and
    `solution_` (of the last QUBO), `solutions_` (of all).
    """

    sampler: Any
    reads: int
    random_state: Any
    problem_: Problem
    solution_: Solution
    solutions_: list[Solution]

    def _draws(self) -> np.random.Generator:
        """A fresh list of solutions, and the generator of every seed of this `fit`."""
        self.solutions_ = []
        return np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))

    def _minimise(self, problem: Problem, rng: np.random.Generator, built: float = 0.0) -> Any:
        """Parameters (p,) of the best read of `problem`."""
        seed = int(rng.integers(2**31 - 1))
        solution = solve(problem, self.sampler, reads=self.reads, seed=seed, built=built)
        self.problem_, self.solution_ = problem, solution
        self.solutions_.append(solution)
        return solution.params

    def _learn(self, params: np.ndarray) -> None:
        """Set the fitted attributes that prediction uses from parameters (p,)."""
        raise NotImplementedError

    def variant(self, kind: Literal["rounded", "relaxed"]) -> Self:
        """This fitted estimator with parameters that no annealer found.

        Args:
            kind: "relaxed", the minimum of the same loss without bits, or "rounded", that minimum
                on the levels of the bits.

        Raises:
            ValueError: the formulation has no such parameters, or several QUBOs were solved.
        """
        alternatives = self.solution_.alternatives if len(self.solutions_) == 1 else {}
        if kind not in alternatives:
            raise ValueError(
                f"Argument `kind` must be one of {list(alternatives)} here, but is {kind!r}."
            )
        other = copy(self)
        other._learn(alternatives[kind])
        return other
