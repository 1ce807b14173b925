import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from annealing import Qubo, qubo_from_ising, qubo_to_ising
from annealing.samplers.dense import GRID, as_bits, dense, energies, spectral_radius, start, sweep


def with_fields(n, seed=0):
    rng = np.random.default_rng(seed)
    return qubo_from_ising(rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1))


@pytest.mark.parametrize("factor", [1e-30, 1.0, 1e30])
def test_energies_are_those_of_the_problem(spin_glass, factor):
    qubo = spin_glass(40)
    qubo = Qubo(*(factor * part for part in qubo))
    model = dense(qubo)
    keys = jax.random.split(jax.random.key(0), 7)
    spins, _ = start(keys, len(model.h))
    expected = qubo.energy(as_bits(spins, 40)) - qubo_to_ising(qubo)[2]
    ours = np.asarray(energies(model.J, model.h, spins), float) * model.scale
    rounding = (40 * 39 / 2 + 40) * GRID / 2 * model.scale  # every coefficient by half a step
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=rounding)


def test_sums_of_coefficients_are_exact_in_any_order():
    """The promise of the grid: float32 sums of fields equal those in float64, bit for bit."""
    rng = np.random.default_rng(1)
    model = dense(with_fields(300))
    spins = rng.choice([-1.0, 1.0], size=(len(model.h), 20))
    exact = np.asarray(model.J, float) @ spins + np.asarray(model.h, float)[:, None]
    for order in (np.arange(len(model.h)), rng.permutation(len(model.h))):
        J, s = np.asarray(model.J)[:, order], spins[order].astype(np.float32)
        total = np.asarray(model.h)[:, None]
        for i in range(J.shape[1]):
            total = total + J[:, i : i + 1] * s[i]
        assert total.dtype == np.float32
        np.testing.assert_array_equal(total.astype(float), exact)


def test_spins_are_padded_by_free_ones():
    model = dense(with_fields(33))
    assert model.J.shape == (64, 64)
    assert not np.asarray(model.J)[33:].any()
    assert not np.asarray(model.h)[33:].any()


def test_the_model_is_float32_with_and_without_x64():
    for x64 in (False, True):
        with jax.enable_x64(x64):
            assert dense(with_fields(5)).J.dtype == jnp.float32


@pytest.mark.parametrize("seed", range(3))
def test_the_spectral_radius_is_met_within_some_percent(seed):
    J = np.random.default_rng(seed).normal(size=(80, 80))
    J = J + J.T
    largest = np.abs(np.linalg.eigvalsh(J)).max()
    assert 0.95 * largest < spectral_radius(J) <= largest * (1 + 1e-12)
    assert spectral_radius(np.zeros((3, 3))) == 0


def test_sweeps_draw_from_the_boltzmann_distribution(all_bits):
    n, beta, reads = 4, 0.7, 4000
    qubo = with_fields(n, seed=3)
    model = dense(qubo)
    spins, noise = start(jax.random.split(jax.random.key(5), reads), len(model.h))

    @jax.jit
    def run(spins, noise):
        def one(_, state):
            return sweep(model.J, model.h[:, None], *state, jnp.float32(beta * model.scale))

        return jax.lax.fori_loop(0, 40, one, (spins, noise))

    bits = as_bits(run(spins, noise)[0], n)
    weights = np.exp(-beta * qubo.energy(all_bits(n)))
    counts = np.bincount(bits @ (1 << np.arange(n)[::-1]), minlength=2**n)
    assert chisquare(counts, reads * weights / weights.sum()).pvalue > 1e-3
