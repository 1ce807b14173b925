import numpy as np
import pytest

from annealing import qubo_from_ising, qubo_from_matrix
from annealing.instances import sherrington_kirkpatrick
from annealing.samplers import auto
from annealing.samplers.auto import AutoSampler, choose
from annealing.samplers.native.calls import available
from annealing.samplers.stopping import UNLIMITED, Budget


def ring(n, values):
    return qubo_from_ising(np.zeros(n), {(i, (i + 1) % n): values[i] for i in range(n)})


DENSE = np.random.default_rng(0).normal(size=(600, 600))
NORMAL = np.random.default_rng(0).normal(size=5000)


@pytest.mark.parametrize(
    ("qubo", "reads", "kernel", "picked", "reason"),
    [
        (ring(5000, np.ones(5000)), 64, "jax", "MultiSpinAnnealing", "small integers"),
        (ring(5000, np.ones(5000)), 20, "native", "MultiSpinAnnealing", "small integers"),
        (ring(5000, np.ones(5000)), 31, "jax", "ChromaticAnnealing", "do not fill a word"),
        (ring(50000, np.ones(50000)), 3, "native", "SimulatedAnnealing", "faster for 3 reads"),
        (ring(5000, NORMAL), 64, "native", "ChromaticAnnealing", "of any size"),
        (ring(50000, np.resize(NORMAL, 50000)), 7, "jax", "SimulatedAnnealing", "for 7 reads"),
        (ring(50, np.ones(50)), 20, "native", "SimulatedAnnealing", "less than starting"),
        (sherrington_kirkpatrick(600), 64, "native", "MultiSpinAnnealing", "dense, with"),
        (sherrington_kirkpatrick(600), 64, "jax", "SimulatedBifurcation", "dense"),
        (qubo_from_matrix(DENSE), 64, "native", "SimulatedBifurcation", "dense"),
        (qubo_from_matrix(DENSE[:300, :300]), 64, "native", "ChromaticAnnealing", "dense, coup"),
        (qubo_from_matrix(np.ones((20, 20))), 10, "native", "SimulatedAnnealing", "less than"),
    ],
)
def test_the_choice_by_size_density_and_couplings(qubo, reads, kernel, picked, reason, monkeypatch):
    monkeypatch.setattr(auto, "picked_kernel", lambda _: kernel)
    sampler, why = choose(qubo, reads, 1000, UNLIMITED)
    assert type(sampler).__name__ == picked
    assert reason in why
    assert f"{qubo.n_variables} variables" in why


def test_few_reads_with_a_budget_stay_here():
    sampler, _ = choose(ring(5000, NORMAL), 2, 10**6, Budget(seconds=1.0))
    assert type(sampler).__name__ == "ChromaticAnnealing"


def test_a_budget_goes_to_a_sampler_that_keeps_it(spin_glass):
    budget = Budget(target=-1.0)
    sampler, _ = choose(spin_glass(20), 10, 100, budget)
    assert type(sampler).__name__ == (
        "ChromaticAnnealing" if available() else "SimulatedBifurcation"
    )
    assert sampler.budget == budget


def test_info_names_the_sampler_and_the_reason(spin_glass):
    qubo = spin_glass(12)
    samples = AutoSampler(sweeps=50).sample(qubo, reads=8, seed=3)
    direct, why = choose(qubo, 8, 50, UNLIMITED)
    np.testing.assert_array_equal(samples.bits, direct.sample(qubo, reads=8, seed=3).bits)
    assert samples.info["sampler"] == "AutoSampler"
    assert samples.info["picked"] == type(direct).__name__
    assert samples.info["why"] == why


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="`sweeps` must be a positive int"):
        AutoSampler(sweeps=0)
