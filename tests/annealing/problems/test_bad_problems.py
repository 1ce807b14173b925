"""What a sampler answers to a problem that is broken, empty, odd or too large."""

import numpy as np
import pytest

from annealing import (
    Budget,
    ChromaticAnnealing,
    DenseAnnealing,
    FromDimod,
    MultiSpinAnnealing,
    Qubo,
    SimulatedBifurcation,
    SteepestDescent,
    qubo_from_matrix,
    qubo_from_terms,
)
from annealing.qubo import Coo
from annealing.samplers.native.calls import available

KERNELS = ["jax", "native"] if available() else ["jax"]
MAKE = {
    **{f"chromatic {k}": ChromaticAnnealing(sweeps=20, kernel=k) for k in KERNELS},
    **{f"multi-spin {k}": MultiSpinAnnealing(sweeps=20, kernel=k) for k in KERNELS},
    "bifurcation": SimulatedBifurcation(steps=20),
    "dense": DenseAnnealing(sweeps=20),
    "descent": SteepestDescent(),
}


@pytest.fixture(params=MAKE)
def sampler(request):
    return MAKE[request.param]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(sampler, bad):
    for qubo in (
        Qubo(np.array([0.0, bad]), Coo(np.array([0]), np.array([1]), np.ones(1))),
        Qubo(np.zeros(2), Coo(np.array([0]), np.array([1]), np.array([bad]))),
        Qubo(np.zeros(2), np.array([[0.0, bad], [0.0, 0.0]])),
    ):
        with pytest.raises(ValueError, match="must be finite"):
            sampler.sample(qubo, reads=1, seed=0)


def test_nothing_to_choose_has_one_answer(sampler):
    samples = sampler.sample(qubo_from_terms({}, n=0, offset=1.5), reads=32, seed=0)
    assert samples.bits.shape == (1, 0)
    assert (samples.energies.tolist(), samples.occurrences.tolist()) == ([1.5], [32])


def test_reversed_and_repeated_pairs_are_summed(sampler):
    pairs = Coo(np.array([0, 1, 2]), np.array([1, 0, 2]), np.array([3.0, -5.0, -1.0]))
    samples = sampler.sample(Qubo(np.array([1.0, 0.5, 0.0]), pairs), reads=32, seed=0)
    assert (samples.bits[0].tolist(), samples.energies[0]) == ([1, 1, 1], -1.5)


def test_coefficients_of_all_sizes_leave_finite_energies(sampler):
    qubo = qubo_from_terms({(0,): 1e300, (1,): -1e-300, (0, 1): 1e-5, (2,): -1e300}, n=3)
    samples = sampler.sample(qubo, reads=32, seed=0)
    assert samples.energies[0] == -1e300
    assert np.isfinite(samples.energies).all()


def test_sums_that_overflow_are_refused(sampler):
    qubo = qubo_from_matrix(np.triu(np.full((40, 40), 1.7e308)))
    with pytest.raises(ValueError, match="sums overflow"):
        sampler.sample(qubo, reads=1, seed=0)


def test_answers_that_no_memory_holds_are_refused_at_once(sampler):
    with pytest.raises(ValueError, match=r"`reads` must be at most 2147483648 for 2 variables"):
        sampler.sample(qubo_from_terms({(0, 1): 1.0}), reads=2**32, seed=0)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_time_too_short_for_one_sweep_is_refused(kernel):
    sampler = MultiSpinAnnealing(kernel=kernel, budget=Budget(seconds=1e-9))
    with pytest.raises(ValueError, match="`seconds` must suffice for one sweep"):
        sampler.sample(qubo_from_terms({(0, 1): 1.0}), reads=1, seed=0)


def test_a_coupling_that_a_structured_sampler_lacks_is_refused_by_it():
    import dimod

    chain = dimod.StructureComposite(dimod.ExactSolver(), [0, 1, 2], [(0, 1), (1, 2)])
    with pytest.raises(dimod.exceptions.BinaryQuadraticModelStructureError):
        FromDimod(chain).sample(qubo_from_terms({(0, 2): 1.0}), reads=1, seed=0)
