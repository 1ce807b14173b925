import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from annealing import Exhaustive, qubo_from_ising
from annealing.samplers import quantum_annealing
from annealing.samplers.quantum_annealing import (
    SimulatedQuantumAnnealing,
    advance,
    start,
    trotter_coupling,
    typical_schedule,
)
from annealing.samplers.stopping import Budget


def chain(n, seed=0, pad=0):
    """A chain with fields; `pad` isolated spins make it sparse to the sampler."""
    rng = np.random.default_rng(seed)
    h = np.concatenate([rng.normal(size=n), np.zeros(pad)])
    return qubo_from_ising(h, {(i, i + 1): value for i, value in enumerate(rng.normal(size=n - 1))})


def thermal(qubo, all_bits, n, A, beta):
    """Exact probabilities (2**n,) of the bit strings at inverse temperature beta, field A / 2."""
    H = np.diag(qubo.energy(all_bits(n)))
    flip = np.array([[0.0, 1.0], [1.0, 0.0]])
    for i in range(n):
        H -= A / 2 * np.kron(np.kron(np.eye(2**i), flip), np.eye(2 ** (n - 1 - i)))
    rho = expm(-beta * H)
    return np.diag(rho) / np.trace(rho)


@pytest.mark.parametrize("pad", [0, 30])
def test_slices_follow_the_quantum_boltzmann_distribution(all_bits, pad):
    """Rings (sparse) and slices (dense) against the exact density matrix of three spins."""
    n, A, beta, P, reads = 3, 2.0, 1.2, 16, 1500
    qubo = chain(n, pad=pad)
    exact = thermal(chain(n), all_bits, n, A, beta)
    make = quantum_annealing._sparse if pad else quantum_annealing._dense
    model, place, rows, scale, _ = make(qubo, P)
    space, time = beta / P * scale, trotter_coupling(beta * A / (2 * P))
    state = start(model, jax.random.split(jax.random.key(0), reads), rows, P)
    block = jnp.asarray(np.tile([space, time], (150, 1)), jnp.float32)
    bits = np.asarray(advance(model, state, block, jnp.int32(150))[0] > 0)[place]
    bits = bits.reshape(len(qubo.linear), P, reads)[:n]
    counts = np.bincount((np.array([4, 2, 1]) @ bits.reshape(n, -1)).ravel(), minlength=8)
    # Slices of one read are correlated: the error is that of the reads, at most.
    error = np.sqrt(exact * (1 - exact) / reads)
    classical = thermal(chain(n), all_bits, n, 0.0, beta)
    assert np.abs(classical - exact).max() > 0.05
    np.testing.assert_array_less(np.abs(counts / counts.sum() - exact), 4 * error + 0.003)


@pytest.mark.parametrize("pad", [0, 30])
def test_ground_states(pad):
    qubo = chain(10, seed=1, pad=pad)
    best = Exhaustive().sample(chain(10, seed=1), reads=1, seed=0).energies[0]
    samples = SimulatedQuantumAnnealing(sweeps=100, slices=8).sample(qubo, reads=20, seed=0)
    assert samples.energies[0] == pytest.approx(best)


def test_slower_anneals_end_lower(spin_glass):
    qubo = spin_glass(60)
    mean = [
        samples.energies @ samples.occurrences
        for sweeps in (5, 50, 500)
        for samples in [
            SimulatedQuantumAnnealing(sweeps=sweeps, slices=8, polish=False).sample(
                qubo, reads=20, seed=0
            )
        ]
    ]
    assert mean[0] > mean[1] > mean[2]


def test_a_given_schedule_is_followed(all_bits):
    """Without a transverse field at any time, cold from the start, slices never agree to move."""
    qubo = chain(4)
    quenched = ((0.0, 0.0, 8.0), (1.0, 0.0, 8.0))
    given = SimulatedQuantumAnnealing(sweeps=30, slices=4, schedule=quenched, polish=False)
    typical = SimulatedQuantumAnnealing(sweeps=30, slices=4, polish=False)
    stuck, free = (s.sample(qubo, reads=200, seed=0) for s in (given, typical))
    assert stuck.info["effective"]["schedule"] == "given"
    assert stuck.energies @ stuck.occurrences > free.energies @ free.occurrences


def test_reads_do_not_depend_on_chunks(spin_glass):
    qubo = spin_glass(30)
    words = {"sweeps": 20, "slices": 4}
    whole = SimulatedQuantumAnnealing(**words).sample(qubo, reads=8, seed=0)
    few = Budget(memory=3 * (24 * 32 * 4 + 32 * 30))
    parts = SimulatedQuantumAnnealing(**words, budget=few).sample(qubo, reads=8, seed=0)
    assert len(whole.bits) > 2
    for one, other in zip(whole[:3], parts[:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_typical_schedule_goes_from_quantum_to_classical():
    s, A, B = np.array(typical_schedule()).T
    assert (s[0], s[-1]) == (0, 1)
    assert (np.diff(A) < 0).all()
    assert (np.diff(B) > 0).all()
    assert A[0] > 10 * B[0]
    assert A[-1] == 0


def test_problems_of_one_shape_compile_once(spin_glass):
    SimulatedQuantumAnnealing(sweeps=5, slices=4).sample(spin_glass(20), reads=8, seed=0)
    size = quantum_annealing.advance._cache_size()
    for seed in range(3):
        sampler = SimulatedQuantumAnnealing(sweeps=4 + seed, slices=4, millikelvin=10.0 + seed)
        sampler.sample(spin_glass(20 + seed, seed), reads=8, seed=seed)
    assert quantum_annealing.advance._cache_size() == size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sweeps": 0}, "`sweeps` must be a positive int"),
        ({"slices": 5}, "`slices` must be even and at least 4, but is slices=5"),
        ({"millikelvin": 0.0}, "`millikelvin` must be positive"),
        ({"field": np.inf}, "`field` must be positive"),
        ({"schedule": ((0.0, 1.0), (1.0, 0.0))}, r"`schedule` must have rows \(s, A, B\)"),
        ({"schedule": ((0.0, 1, 1), (0.5, 1, 1))}, "`schedule` must have s rising from 0 to 1"),
        ({"schedule": ((0.0, -1, 1), (1.0, 1, 1))}, "`schedule` must have s rising from 0 to 1"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SimulatedQuantumAnnealing(**arguments)
