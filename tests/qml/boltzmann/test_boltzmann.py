"""Boltzmann machines: gradients and likelihoods against enumeration, training against both."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from annealing import SimulatedAnnealing
from annealing.distributions import log_partition as log_partition_of
from annealing.distributions import moments
from qml.boltzmann import (
    Parameters,
    annealed_importance_sampling,
    deep,
    energy,
    falling_sgd,
    hidden_probabilities,
    log_likelihoods,
    log_partition,
    on_graph,
    prior_loss,
    restricted,
    sample,
    to_qubo,
    train_by_annealer,
    train_by_chains,
)
from qml.boltzmann.annealed import next_scale
from qml.boltzmann.sampling import as_floats, conditional_means, model_arrays
from qml.boltzmann.steps import graph_of, moments_of
from qml.boltzmann.training import _chain_steps
from qml.data.patterns import bars_and_stripes


def every(n):
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1


def zephyr_machine(**options):
    """The smallest Zephyr chip without some qubits: 14 units, of which 6 are visible."""
    from annealing.hardware.chips import chip_graph

    kept = {0, 1, 2, 3, 8, 9, 10, 11, 12, 24, 25, 26, 27, 28}
    edges = [edge for edge in chip_graph("zephyr", (1, 2)).edges if set(edge) <= kept]
    labels = sorted({unit for edge in edges for unit in edge})
    return on_graph(edges, labels[::2], **options)


MACHINES = {
    "restricted": restricted(5, 4, seed=1, spread=0.7),
    "deep": deep([5, 3, 3], seed=2, spread=0.7),
    "zephyr": zephyr_machine(seed=3, spread=0.4),
}


SLOW, FAST = falling_sgd(0.05, 1000), falling_sgd(0.3, 200)


@pytest.mark.parametrize("name", MACHINES)
def test_likelihoods_are_sums_over_hidden_units(name):
    machine = MACHINES[name]
    bits = every(machine.n_units)
    biases = np.random.default_rng(0).normal(size=machine.n_units)
    machine = machine._replace(parameters=machine.parameters._replace(biases=biases))
    weights = np.exp(-to_qubo(machine).energy(bits))
    x = every(len(machine.visible))
    number = bits[:, machine.visible] @ 2 ** np.arange(len(machine.visible))
    expected = np.log(np.bincount(number, weights) / weights.sum())
    np.testing.assert_allclose(log_likelihoods(machine, x), expected, rtol=1e-9)
    spins = jnp.asarray(2.0 * bits - 1)
    parameters = Parameters(*(jnp.asarray(each) for each in machine.parameters))
    energies = jax.jit(lambda s: energy(parameters, machine, s))(spins)
    np.testing.assert_allclose(energies, -np.log(weights), atol=1e-9)


def test_the_gradient_of_a_step_is_that_of_the_likelihood():
    machine, x = MACHINES["restricted"], np.array([[0, 1, 1, 0, 1], [1, 1, 0, 0, 0]])
    graph, (h, J) = graph_of(machine), model_arrays(machine)
    spins = jnp.ones((2, 9)).at[:, :5].set(2.0 * x - 1)
    data = moments_of(conditional_means(spins, h, J, graph.free), graph)
    means, pairs = moments(to_qubo(machine))

    def loss(k, which, step):
        changed = [each.copy() for each in machine.parameters]
        changed[which][k] += step
        return -log_likelihoods(machine._replace(parameters=Parameters(*changed)), x).mean()

    def slope(k, which):
        return (loss(k, which, 1e-5) - loss(k, which, -1e-5)) / 2e-5

    biases = np.asarray(data.biases) - means
    couplings = np.asarray(data.couplings) - pairs[machine.rows, machine.cols]
    np.testing.assert_allclose([slope(k, 0) for k in range(9)], biases, atol=1e-8)
    np.testing.assert_allclose([slope(k, 1) for k in range(20)], couplings, atol=1e-8)


def test_the_prior_loss_has_the_gradient_of_the_likelihood():
    # All units visible; with every state as a negative as often as it is likely, the gradient is
    # exact, whatever the latents: here half-way ones too.
    machine = MACHINES["zephyr"]
    parameters = Parameters(*(jnp.asarray(each) for each in machine.parameters))
    rng = np.random.default_rng(0)
    latents = jnp.asarray(rng.uniform(size=(3, machine.n_units)))
    drawn = jnp.asarray(sample(machine, 4000, key=jax.random.key(0), sweeps=50))
    gradient = jax.jit(jax.grad(lambda p, z: prior_loss(p, machine, z, drawn)))(parameters, latents)
    means, pairs = moments(to_qubo(machine))
    spins = 2 * np.asarray(latents) - 1
    products = spins[:, machine.rows] * spins[:, machine.cols]
    biases = spins.mean(axis=0) - means
    couplings = products.mean(axis=0) - pairs[machine.rows, machine.cols]
    assert np.abs(gradient.biases - biases).max() < 4.5 / np.sqrt(4000)
    assert np.abs(gradient.couplings - couplings).max() < 4.5 / np.sqrt(4000)
    # That by a latent is the difference of the energies at 1 and at 0, over 3 rows.
    by_latents = jax.jit(jax.grad(lambda z: prior_loss(parameters, machine, z, drawn)))(latents)
    low, high = (energy(parameters, machine, jnp.asarray(spins).at[0, 2].set(s)) for s in (-1, 1))
    np.testing.assert_allclose(by_latents[0, 2], (high - low)[0] / 3, rtol=1e-9)


@pytest.mark.parametrize("name", ["restricted", "zephyr"])
def test_importance_sampling_finds_the_partition_function(name):
    machine = MACHINES[name]
    key = jax.random.key(3)
    x = np.random.default_rng(0).integers(0, 2, size=(50, len(machine.visible)))
    for data in (None, x):
        found = annealed_importance_sampling(machine, key=key, x=data, runs=200, temperatures=200)
        assert abs(found.log_partition - log_partition(machine)) < 3 * found.error
        assert 0 < found.error < 0.1


def test_the_error_of_importance_sampling_is_its_scatter():
    machine = MACHINES["restricted"]
    truth = log_partition(machine)
    options = {"runs": 200, "temperatures": 200}
    found = [
        annealed_importance_sampling(machine, key=jax.random.key(k), **options) for k in range(60)
    ]
    pulls = [(each.log_partition - truth) / each.error for each in found]
    # Of 60: the standard deviation of 1 is known within 9 %, the mean of 0 within 0.13.
    assert np.std(pulls) == pytest.approx(1, abs=0.4)
    assert np.mean(pulls) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("persistent", [True, False])
def test_own_chains_learn_what_the_data_are(persistent):
    x = bars_and_stripes(2)
    start = restricted(4, 4, spread=0.05)
    done = train_by_chains(
        start,
        x,
        persistent=persistent,
        steps=1000,
        batch_size=None,
        optimizer=SLOW,
        monitor=lambda machine: log_likelihoods(machine, x).mean(),
    )
    first, last = log_likelihoods(start, x).mean(), done.monitored[-1][1]
    assert [step for step, _ in done.monitored] == list(range(100, 1001, 100))
    assert first == pytest.approx(-4 * np.log(2), abs=0.01)
    # Nothing is better than -log 6 = -1.79.
    assert -np.log(6) - 0.2 < last < -np.log(6)
    assert last == pytest.approx(log_likelihoods(done.machine, x).mean())


@pytest.mark.parametrize("beta", [0.4, 2.5])
def test_an_annealer_of_any_fixed_temperature_learns_after_scaling(beta):
    x = bars_and_stripes(2)
    sampler = SimulatedAnnealing(sweeps=30, beta_range=(beta / 10, beta))
    options = {"batch_size": None, "optimizer": FAST, "steps": 200}
    done = train_by_annealer(restricted(4, 4, spread=0.1), x, sampler=sampler, **options)
    assert -np.log(6) - 0.3 < log_likelihoods(done.machine, x).mean() < -np.log(6)
    assert done.betas is not None
    assert np.median(done.betas[100:, 0]) == pytest.approx(1, abs=0.1)
    again = train_by_annealer(restricted(4, 4, spread=0.1), x, sampler=sampler, **options)
    np.testing.assert_array_equal(again.machine.parameters.couplings, done.machine.parameters[1])


def test_an_annealer_that_only_finds_minima_is_seen_by_its_temperature():
    options = {"sampler": "Exhaustive", "reads": 1, "steps": 3, "batch_size": None}
    x = bars_and_stripes(2)
    done = train_by_annealer(restricted(4, 4, spread=1.0), x, optimizer=FAST, **options)
    assert done.betas is not None
    assert np.isinf(done.betas).all()


def test_deep_machines_learn_too():
    x = np.array([[0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
    machine = deep([5, 3, 2], spread=0.1)
    done = train_by_chains(machine, x, steps=200, optimizer=falling_sgd(0.05, 200))
    assert log_likelihoods(done.machine, x).mean() > log_likelihoods(machine, x).mean() + 1


def test_machines_on_a_chip_learn_by_its_reads():
    chip = zephyr_machine(spread=0.1)
    x = np.repeat([[0], [1]], len(chip.visible), axis=1)
    done = train_by_annealer(chip, x, steps=60, optimizer=falling_sgd(0.1, 60))
    assert log_likelihoods(done.machine, x).mean() > log_likelihoods(chip, x).mean() + 1


def test_a_second_training_equals_the_first_and_reports():
    x, seen = bars_and_stripes(2), []
    options = {"optimizer": SLOW, "batch_size": None, "progress": lambda *at: seen.append(at)}
    runs = [train_by_chains(restricted(4, 4), x, seed=3, **options) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].mismatch, runs[1].mismatch)
    np.testing.assert_array_equal(runs[0].chains, runs[1].chains)
    assert seen[:2] == [(100, 1000), (200, 1000)]


def test_samples_have_the_conditional_distribution():
    machine = MACHINES["deep"]
    given = {0: 1, 3: np.arange(4000) % 2}
    bits = sample(machine, 4000, key=jax.random.key(1), given=given, sweeps=50)
    np.testing.assert_array_equal(bits[:, [0, 3]], np.c_[np.ones(4000), np.arange(4000) % 2])
    states = every(11)
    weights = np.exp(-to_qubo(machine).energy(states))
    chosen = (states[:, 0] == 1) & (states[:, 3] == 0)
    exact = weights[chosen] @ states[chosen] / weights[chosen].sum()
    assert np.abs(bits[::2].mean(axis=0) - exact).max() < 4.5 * 0.5 / np.sqrt(2000)


def test_hidden_probabilities_are_those_of_enumeration():
    machine, x = MACHINES["restricted"], every(5)[:3]
    found = hidden_probabilities(machine, x)
    for row, chances in zip(x, found, strict=True):
        states = np.c_[np.tile(row, (16, 1)), every(4)]
        weights = np.exp(-to_qubo(machine).energy(states))
        np.testing.assert_allclose(chances, weights @ every(4) / weights.sum(), rtol=1e-9)


def test_scales_go_to_the_wanted_temperature():
    scale = 1.0
    for _ in range(30):
        scale = next_scale(scale, 7.0 * scale, 0.01)
    assert 7.0 * scale == pytest.approx(1)
    assert next_scale(1.0, -np.inf, np.inf) == 1.0


def test_bars_and_stripes_are_what_they_say():
    for n in (2, 3, 5):
        x = bars_and_stripes(n)
        assert x.shape == (2 ** (n + 1) - 2, n * n)
        pictures = x.reshape(-1, n, n)
        bars = (pictures == pictures[:, :1]).all(axis=(1, 2))
        stripes = (pictures == pictures[:, :, :1]).all(axis=(1, 2))
        assert (bars | stripes).all()
        assert (bars & stripes).sum() == 2
    with pytest.raises(ValueError, match="`n` must be an int from 2 to 12"):
        bars_and_stripes(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: deep([3]), "`layers` must be two or more positive ints"),
        (lambda: deep([3, 0]), "`layers` must be two or more positive ints"),
        (lambda: on_graph([(0, 1), (1, 0)], [0]), "each pair of two units once"),
        (lambda: on_graph([(0, 0)], [0]), "each pair of two units once"),
        (lambda: on_graph([(0, 1)], [2]), "units that occur in `edges`"),
        (lambda: on_graph([(0, 1)], []), "units that occur in `edges`"),
        (lambda: train_by_chains(restricted(2, 1), [[0]]), r"shape \(N, 2\)"),
        (lambda: train_by_chains(restricted(1, 1), [[0.5]]), "0 and 1 only"),
        (lambda: train_by_chains(restricted(1, 1), [[1]], steps=0), "`steps` must be a positive"),
        (lambda: train_by_annealer(restricted(1, 1), [[1]], batch_size=0), "`batch_size` must"),
        (
            lambda: hidden_probabilities(deep([1, 1, 1]), np.ones((1, 1))),
            "do not couple to each other",
        ),
        (lambda: sample(restricted(1, 1), 1, key=jax.random.key(0), given={5: 1}), "`given` must"),
        (lambda: sample(restricted(1, 1), 1, key=jax.random.key(0), given={0: 2}), "`given` must"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_machine_too_large_for_exactness_says_so():
    with pytest.raises(ValueError, match="annealed importance sampling"):
        log_partition(restricted(30, 30))
    assert log_partition_of(to_qubo(restricted(30, 2, spread=0.0))) == pytest.approx(32 * np.log(2))


def test_training_is_exported_for_an_accelerator():
    machine = restricted(4, 3)
    parameters = as_floats(machine.parameters)
    carry = (parameters, SLOW.init(parameters), jnp.ones((6, 7)))
    batches = np.arange(2, dtype=np.uint32), np.ones((2, 5, 7), np.int8)
    given = jax.random.key(0), batches, graph_of(machine), np.array([1, 1], np.int32)
    exported = jax.export.export(_chain_steps, platforms=["cuda"])(carry, *given, SLOW, True)
    assert exported.platforms == ("cuda",)
