"""Constraints as penalties: the law with them, and weights that are enough."""

import numpy as np
import pytest

from annealing import (
    Exhaustive,
    as_sampler,
    binary,
    broken,
    choose,
    constrained,
    fixed_point,
    quadratic_problem,
    qubo_from_terms,
    sufficient_weight,
)
from annealing.problem import added

RNG = np.random.default_rng(0)
WORDS = (np.arange(2**6)[:, None] >> np.arange(6)) & 1


def problem():
    A = RNG.normal(size=(6, 6))
    return quadratic_problem(A, RNG.normal(size=6), 0.3, binary(6))


def test_the_law_with_a_penalty():
    bound = constrained(constrained(problem(), choose(6, 2), 3.0), choose(6, 1, [0, 4]), 0.5)
    expected = bound.loss(bound.decode(WORDS)) + bound.penalty(WORDS)
    np.testing.assert_allclose(bound.qubo.energy(WORDS), expected, atol=1e-12)
    holds = (WORDS.sum(axis=1) == 2) & (WORDS[:, [0, 4]].sum(axis=1) == 1)
    np.testing.assert_array_equal(broken(bound, WORDS), ~holds)


@pytest.mark.parametrize("k", [0, 1, 3, 6])
def test_the_automatic_weight_is_enough(k):
    free = problem()
    bound = constrained(free, choose(6, k))
    best = Exhaustive().sample(bound.qubo, reads=1, seed=0).bits[0]
    assert best.sum() == k
    assert not broken(bound, best)
    assert bound.details["penalty_weight"] == sufficient_weight(free.qubo)


def test_sparse_and_dense_sums_agree():
    sparse = qubo_from_terms({(0, 5): 1.5, (2, 3): -1.0, (1,): 2.0}, n=6)
    total = added(sparse, choose(6, 3), 0.7)
    expected = sparse.energy(WORDS) + 0.7 * choose(6, 3).energy(WORDS)
    np.testing.assert_allclose(total.energy(WORDS), expected, atol=1e-12)


def test_bad_constraints_are_refused():
    with pytest.raises(ValueError, match="must have 6 variables"):
        constrained(problem(), choose(5, 1))
    with pytest.raises(ValueError, match="`weight` must be positive"):
        constrained(problem(), choose(6, 1), weight=0.0)


def test_the_relaxed_minimum_and_its_rounding():
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    target = np.array([0.3, -0.4])
    encoding = fixed_point(2, 4, -1.0, 1.0)
    problem = quadratic_problem(A, -2 * A @ target, target @ A @ target, encoding)
    np.testing.assert_allclose(problem.relaxed(), target, atol=1e-7)
    rounded = problem.decode(problem.nearest(target))
    assert np.abs(rounded - target).max() <= 1 / 15 + 1e-12
    outside = quadratic_problem(A, -2 * A @ [5.0, -5.0], 0.0, encoding).relaxed()
    np.testing.assert_allclose(outside, [1.0, -1.0], atol=1e-7)


def test_rounding_gives_back_what_was_written():
    encoding = fixed_point(3, 3, [-1.0, 0.0, 2.0], 4.0)
    for bits in RNG.integers(0, 2, (20, 9)):
        np.testing.assert_array_equal(encoding.encode(encoding.decode(bits)), bits)


def test_what_names_a_sampler():
    import dimod

    assert type(as_sampler()).__name__ == "SimulatedAnnealing"
    assert type(as_sampler(dimod.ExactSolver())).__name__ == "FromDimod"
    assert as_sampler(Exhaustive()) == as_sampler("Exhaustive") == Exhaustive()
    with pytest.raises(ValueError, match="must name one of Exhaustive"):
        as_sampler("Exhaustiv")
    for wrong in (3, Exhaustive):
        with pytest.raises(TypeError, match="Argument `sampler` must be a sampler"):
            as_sampler(wrong)
