import numpy as np
import pytest

from annealing import Exhaustive, qubo_from_matrix
from annealing.samplers import dense_annealing
from annealing.samplers.dense import dense
from annealing.samplers.dense_annealing import DenseAnnealing, dense_beta_range
from annealing.samplers.stopping import Budget


def test_ground_states_under_a_penalty():
    """Ten variables of which exactly three may be set, by a penalty of five times the objective."""
    for seed in range(3):
        cost = np.random.default_rng(seed).normal(size=(10, 10))
        qubo = qubo_from_matrix(cost + 5 * (np.ones((10, 10)) - 6 * np.eye(10)), 45.0)
        best = Exhaustive().sample(qubo, reads=1, seed=0)
        samples = DenseAnnealing(sweeps=200).sample(qubo, reads=50, seed=seed)
        assert best.bits[0].sum() == 3
        np.testing.assert_array_equal(samples.bits[0], best.bits[0])


def test_reads_do_not_depend_on_chunks(spin_glass):
    qubo = spin_glass(40)
    whole = DenseAnnealing(sweeps=70).sample(qubo, reads=10, seed=0)
    small = Budget(memory=3 * (4 * 4 * 64 + 32 * 40))
    parts = DenseAnnealing(sweeps=70, budget=small).sample(qubo, reads=10, seed=0)
    assert len(whole.bits) > 2
    for one, other in zip(whole[:3], parts[:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_problems_of_one_shape_compile_once(spin_glass):
    DenseAnnealing(sweeps=20).sample(spin_glass(50), reads=10, seed=0)
    size = dense_annealing.anneal._cache_size()
    for seed in range(4):
        sampler = DenseAnnealing(sweeps=10 + seed, beta_range=(0.1, 2.0 + seed))
        sampler.sample(spin_glass(50 + seed, seed), reads=10, seed=seed)
    assert dense_annealing.anneal._cache_size() == size


def test_colder_anneals_end_lower(spin_glass):
    qubo = spin_glass(60)
    mean = [
        (samples.energies @ samples.occurrences) / 100
        for cold in (0.05, 0.2, 0.8)
        for samples in [
            DenseAnnealing(sweeps=100, beta_range=(0.01, cold), polish=False).sample(
                qubo, reads=100, seed=0
            )
        ]
    ]
    assert mean[0] > mean[1] > mean[2]


def test_temperatures_follow_the_unit_of_energy(spin_glass):
    qubo = spin_glass(30)
    tens = qubo._replace(linear=10 * qubo.linear, quadratic=10 * qubo.quadratic)
    hot, cold = dense_beta_range(qubo, dense(qubo))
    np.testing.assert_allclose(
        dense_beta_range(tens, dense(tens)), (hot / 10, cold / 10), rtol=1e-3
    )
    assert 0 < hot < cold


@pytest.mark.parametrize("n", [0, 1, 5])
def test_equal_energies_need_no_temperature(n):
    qubo = qubo_from_matrix(np.zeros((n, n)), 2.0)
    assert dense_beta_range(qubo, dense(qubo)) == (0.1, 1.0)
    assert DenseAnnealing(sweeps=2).sample(qubo, reads=3, seed=0).energies[0] == 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sweeps": 0}, "`sweeps` must be a positive int"),
        ({"beta_range": (1.0, 0.5)}, "`beta_range` must be two positive numbers, the lower first"),
        ({"beta_range": (0.0, 0.5)}, "`beta_range` must be two positive numbers"),
        ({"schedule": "cosine", "beta_range": (0.1, 1)}, "`schedule` must be auto, linear or"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DenseAnnealing(**arguments)
