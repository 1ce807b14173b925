"""Random problems and the definition they are checked against."""

import itertools

import numpy as np
import pytest


@pytest.fixture
def all_bits():
    """All bit strings (2**n, n) of n bits, as their own numbers."""

    def make(n):
        return np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.uint8).reshape(2**n, n)

    return make


@pytest.fixture
def spin_glass():
    """A frustrated problem: Gaussian couplings between all pairs of n spins, no fields."""
    from annealing import qubo_from_ising

    def make(n, seed=0):
        couplings = np.triu(np.random.default_rng(seed).normal(size=(n, n)), 1)
        return qubo_from_ising(np.zeros(n), couplings)

    return make
