import jax.numpy as jnp
import numpy as np
import pytest

from annealing import Exhaustive, qubo_from_ising, qubo_from_matrix
from annealing.samplers import bifurcation
from annealing.samplers.bifurcation import SimulatedBifurcation, State, advance, pump
from annealing.samplers.stopping import Budget


@pytest.mark.parametrize("discrete", [True, False])
def test_steps_are_the_published_equations(discrete):
    """Against a plain loop in float64: momentum first, then position, then the walls."""
    rng = np.random.default_rng(0)
    n, c, dt, steps = 6, 0.4, 0.9, 12
    J = rng.normal(size=(n, n))
    J, h = J + J.T, rng.normal(size=n)
    np.fill_diagonal(J, 0)
    x, y = rng.uniform(-0.1, 0.1, size=(2, n))
    arrays = (jnp.asarray(a[:, None], jnp.float32) for a in (x, y))
    state = State(*arrays, jnp.full(1, c, jnp.float32))
    walls = 0
    for a in pump(steps):
        y = y + dt * (-(1 - a) * x - c * (J @ (np.sign(x) if discrete else x) + h))
        x = x + dt * y
        hit = np.abs(x) > 1
        x[hit], y[hit] = np.sign(x[hit]), 0
        walls += hit.sum()
    single = (jnp.asarray(a, jnp.float32) for a in (J, h, dt))
    rows = jnp.asarray(pump(steps), jnp.float32)
    ours = advance(*single, state, rows, jnp.int32(steps), discrete)
    assert walls > 0
    np.testing.assert_allclose(np.asarray(ours.x)[:, 0], x, atol=1e-4)
    np.testing.assert_allclose(np.asarray(ours.y)[:, 0], y, atol=1e-4)


def test_on_random_couplings_the_coupling_is_the_published_one(spin_glass):
    n = 400
    qubo = spin_glass(n)
    info = SimulatedBifurcation(steps=2).sample(qubo, reads=1, seed=0).info
    published = 0.5 / np.sqrt(n)  # couplings of unit variance
    assert info["effective"]["coupling"] == pytest.approx(published, rel=0.1)
    assert info["requested"]["coupling"] is None


@pytest.mark.parametrize("variant", ["discrete", "ballistic"])
def test_ground_states_with_fields_and_large_scales(variant):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        qubo = qubo_from_matrix(1e6 * rng.normal(size=(16, 16)))
        best = Exhaustive().sample(qubo, reads=1, seed=0).energies[0]
        samples = SimulatedBifurcation(steps=300, variant=variant).sample(qubo, reads=50, seed=seed)
        assert samples.energies[0] == pytest.approx(best)


def test_fields_alone_decide_without_couplings():
    signs = np.array([1.0, -1.0, 1.0, -3.0])
    samples = SimulatedBifurcation(steps=20, polish=False).sample(
        qubo_from_ising(signs, np.zeros((4, 4))), reads=5, seed=0
    )
    np.testing.assert_array_equal(samples.bits, [signs < 0])


def test_reads_do_not_depend_on_chunks(spin_glass):
    qubo = spin_glass(40)
    whole = SimulatedBifurcation(steps=100).sample(qubo, reads=12, seed=0)
    small = Budget(memory=4 * 5 * 4 * 64 + 4 * 32 * 40)
    parts = SimulatedBifurcation(steps=100, budget=small).sample(qubo, reads=12, seed=0)
    assert len(whole.bits) > 2
    for one, other in zip(whole[:3], parts[:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_ballistic_reads_differ(spin_glass):
    sampler = SimulatedBifurcation(steps=100, variant="ballistic")
    samples = sampler.sample(spin_glass(100), reads=30, seed=0)
    assert len(samples.bits) > 2


@pytest.mark.parametrize("variant", ["discrete", "ballistic"])
def test_many_problems_at_once_are_each_by_itself(spin_glass, variant):
    sampler = SimulatedBifurcation(steps=60, variant=variant)
    qubos = [spin_glass(20, seed) for seed in range(3)]
    together = sampler.sample_many(qubos, reads=9, seed=4)
    for qubo, many in zip(qubos, together, strict=True):
        alone = sampler.sample(qubo, reads=9, seed=4)
        np.testing.assert_array_equal(many.bits, alone.bits)
        np.testing.assert_array_equal(many.occurrences, alone.occurrences)
        assert many.info["effective"]["coupling"] == alone.info["effective"]["coupling"]
        assert many.info["effective"]["reads"] == 9


def test_many_problems_must_be_of_one_size(spin_glass):
    for qubos in ([], [spin_glass(3), spin_glass(4)]):
        with pytest.raises(ValueError, match="`qubos` must hold problems of one size"):
            SimulatedBifurcation().sample_many(qubos, reads=1, seed=0)


def test_problems_of_one_shape_compile_once(spin_glass):
    SimulatedBifurcation(steps=30).sample(spin_glass(50), reads=12, seed=0)
    sizes = bifurcation.advance._cache_size(), bifurcation.start._cache_size()
    for seed in range(5):  # other couplings, steps, step sizes, and a size in the same tile
        sampler = SimulatedBifurcation(steps=20 + seed, step_size=0.5 + 0.1 * seed)
        sampler.sample(spin_glass(50 + seed, seed), reads=12, seed=seed)
    assert (bifurcation.advance._cache_size(), bifurcation.start._cache_size()) == sizes


def test_reaching_the_target_ends_it(spin_glass):
    qubo = spin_glass(30)
    budget = Budget(target=0.0, memory=4 * 5 * 4 * 32 + 4 * 32 * 30)
    samples = SimulatedBifurcation(steps=50, budget=budget).sample(qubo, reads=100, seed=0)
    assert samples.info["stopped"] == "target"
    assert samples.info["effective"]["reads"] < 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "`steps` must be a positive int"),
        ({"variant": "adiabatic"}, "`variant` must be discrete or ballistic, but is 'adiabatic'"),
        ({"step_size": 2.0}, "`step_size` must lie between 0 and 2"),
        ({"coupling": 0.0}, r"`coupling` must be positive, but is coupling=0\.0"),
        ({"coupling": np.inf}, "`coupling` must be positive"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SimulatedBifurcation(**arguments)
