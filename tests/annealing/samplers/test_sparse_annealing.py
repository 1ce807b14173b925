"""Chromatic and multi-spin annealing: the distribution at fixed temperature, and the programs."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest
from scipy import stats

from annealing import (
    ChromaticAnnealing,
    MultiSpinAnnealing,
    gibbs,
    qubo_from_ising,
    qubo_from_terms,
)
from annealing.qubo import Coo
from annealing.samplers import bit_planes, chromatic
from annealing.samplers.graphs import layout

FIXED = {"sweeps": 60, "beta_range": (0.4, 0.4), "polish": False}
JAX = {"sweeps": 20, "kernel": "jax"}


@pytest.fixture(params=["native", "jax"])
def kernel(request):
    if request.param == "native":
        pytest.importorskip("numba", reason="numba, the extra `native`, is not installed")
    return request.param


def model(n, seed, values=(-1.0, 1.0), degree=3, fields=(0.0,)):
    """A random regular graph with couplings and fields drawn from lists."""
    edges = np.array(nx.random_regular_graph(degree, n, seed=seed).edges)
    rng = np.random.default_rng(seed)
    J = Coo(edges.min(axis=1), edges.max(axis=1), rng.choice(values, len(edges)))
    return rng.choice(fields, n), J


def p_of_chi_square(samples, qubo, beta, all_bits):
    """Probability of a fit as bad as this of the samples to Boltzmann's distribution."""
    every = all_bits(qubo.n_variables)
    weights = np.exp(-beta * qubo.energy(every))
    expected = weights / weights.sum() * samples.occurrences.sum()
    places = samples.bits @ (1 << np.arange(qubo.n_variables)[::-1])
    counts = np.bincount(places, samples.occurrences, len(every))
    common = expected >= 5  # the others are pooled
    observed = np.append(counts[common], counts[~common].sum())
    predicted = np.append(expected[common], expected[~common].sum())
    return stats.chisquare(observed[predicted > 0], predicted[predicted > 0]).pvalue


@pytest.mark.parametrize(
    ("sampler", "values", "fields"),
    [
        (ChromaticAnnealing(**FIXED), (-0.7, 1.3), (0.0, 0.4)),
        (ChromaticAnnealing(**FIXED, rule="gibbs"), (-0.7, 1.3), (0.0, 0.4)),
        (MultiSpinAnnealing(**FIXED), (-1.0, 1.0), (0.0,)),
        (MultiSpinAnnealing(**FIXED), (-1.0, 2.0, 3.0), (-1.0, 0.0, 2.0)),
        (MultiSpinAnnealing(**FIXED), (-1.0, 0.0, 1.0), (0.0, 1.0)),
    ],
)
def test_reads_at_one_temperature_are_boltzmann_distributed(
    sampler, values, fields, kernel, all_bits
):
    sampler = replace(sampler, kernel=kernel)
    h, J = model(8, 1, values, fields=fields)
    qubo = qubo_from_ising(h, J)
    samples = sampler.sample(qubo, reads=20480, seed=3)
    assert p_of_chi_square(samples, qubo, 0.4, all_bits) > 0.01


def test_reads_of_one_word_do_not_merge(kernel):
    # As many distinct states among the 32 reads of a word as among 32 reads of different words.
    h, J = model(10, 0)
    qubo = qubo_from_ising(h, J)
    options = {"sweeps": 200, "beta_range": (0.8, 0.8), "polish": False, "kernel": kernel}
    draw = [MultiSpinAnnealing(**options), ChromaticAnnealing(**options)]
    words, alone = (
        np.mean([len(sampler.sample(qubo, reads=32, seed=seed).bits) for seed in range(40)])
        for sampler in draw
    )
    assert words == pytest.approx(alone, rel=0.1)


def test_gibbs_chains_follow_the_model_of_the_moment(all_bits):
    h, J = model(6, 2, fields=(0.0, 0.5))
    chains = gibbs(6, J.rows, J.cols)
    spins = jnp.ones((6, 20000), jnp.int8)
    for key, sign in enumerate((1.0, -1.0)):
        now = jnp.asarray(sign * h), jnp.asarray(J.values * sign)
        spins = chains(jax.random.key(key), spins, *now, beta=0.5, sweeps=40)
        every = 2.0 * all_bits(6) - 1
        energies = sign * (every @ h + (every[:, J.rows] * every[:, J.cols]) @ J.values)
        weights = np.exp(-0.5 * energies) / np.exp(-0.5 * energies).sum()
        means = np.asarray(spins, float).mean(axis=1)
        np.testing.assert_allclose(means, weights @ every, atol=4 / np.sqrt(20000))
    assert chains._cache_size() == 1


@pytest.mark.parametrize(("sampler", "program"), [
    (ChromaticAnnealing(sweeps=70, kernel="jax"), chromatic._sweeps),
    (MultiSpinAnnealing(sweeps=70, kernel="jax"), bit_planes._sweeps),
])  # fmt: skip
def test_instances_of_one_shape_share_a_program(sampler, program):
    program.clear_cache()
    for seed in range(8):
        _, J = model(64, 7)
        J = J._replace(values=np.random.default_rng(seed).choice([-1.0, 1.0], len(J.values)))
        sampler.sample(qubo_from_ising(np.zeros(64), J), reads=32, seed=0)
    assert program._cache_size() == 1


def test_wide_neighbourhoods_take_the_loop_and_agree(monkeypatch):
    h, J = model(12, 3, (-2.0, 3.0), degree=5)
    qubo = qubo_from_ising(h, J)
    for sampler, module in ((ChromaticAnnealing, chromatic), (MultiSpinAnnealing, bit_planes)):
        written = sampler(**JAX).sample(qubo, reads=32, seed=0)
        module._sweeps.clear_cache()
        monkeypatch.setattr(module, "UNROLLED", 2)
        looped = sampler(**JAX).sample(qubo, reads=32, seed=0)
        module._sweeps.clear_cache()
        np.testing.assert_array_equal(written.bits, looped.bits)


@pytest.mark.parametrize(
    "sampler", [ChromaticAnnealing(sweeps=200), MultiSpinAnnealing(sweeps=200)]
)
def test_finds_the_cut_of_a_bipartite_graph(sampler):
    edges = np.array(nx.grid_2d_graph(8, 8).edges)
    rows, cols = (edges[:, side] @ [8, 1] for side in (0, 1))
    qubo = qubo_from_ising(np.zeros(64), Coo(rows, cols, np.ones(len(rows))))
    assert sampler.sample(qubo, reads=64, seed=0).energies[0] == -len(rows)


def test_problems_of_other_numbers_go_to_the_chromatic_sampler():
    qubo = qubo_from_terms({(0, 1): 1.0, (1, 2): np.pi, (0,): -0.3})
    multi = MultiSpinAnnealing(sweeps=50).sample(qubo, reads=20, seed=0)
    single = ChromaticAnnealing(sweeps=50).sample(qubo, reads=20, seed=0)
    assert multi.info["effective"]["method"] == "chromatic"
    np.testing.assert_array_equal(multi.bits, single.bits)


def test_variables_without_terms_are_drawn_evenly():
    qubo = qubo_from_terms({(0, 1): -4.0, (0,): 1.0}, n=4)
    for sampler in (ChromaticAnnealing(sweeps=20), MultiSpinAnnealing(sweeps=20)):
        samples = sampler.sample(qubo, reads=640, seed=0)
        means = samples.occurrences @ samples.bits[:, 2:] / 640
        np.testing.assert_allclose(means, 0.5, atol=4 * 0.5 / np.sqrt(640))


@pytest.mark.parametrize("scale", [2.0**-600, 2.0**600])
def test_the_unit_of_the_energies_does_not_matter(scale):
    h, J = model(16, 5)
    one = qubo_from_ising(h, J)
    other = qubo_from_ising(h * scale, J._replace(values=J.values * scale))
    for sampler in (ChromaticAnnealing(sweeps=30), MultiSpinAnnealing(sweeps=30)):
        first, second = (sampler.sample(qubo, reads=32, seed=1) for qubo in (one, other))
        np.testing.assert_array_equal(first.bits, second.bits)


@pytest.mark.parametrize("sampler", [ChromaticAnnealing, MultiSpinAnnealing])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sweeps": 0}, "`sweeps` must be a positive int"),
        ({"beta_range": (2.0, 1.0)}, "`beta_range` must be two positive numbers"),
        ({"schedule": "cubic"}, "`schedule` must be auto"),
    ],
)
def test_bad_options_are_refused(sampler, options, message):
    with pytest.raises(ValueError, match=message):
        sampler(**options).sample(qubo_from_terms({(0, 1): 1.0}), reads=1, seed=0)


def test_unknown_rules_are_refused():
    with pytest.raises(ValueError, match="`rule` must be metropolis or gibbs"):
        ChromaticAnnealing(rule="glauber").sample(  # pyright: ignore[reportArgumentType]
            qubo_from_terms({(0, 1): 1.0}), reads=1, seed=0
        )


@pytest.mark.parametrize("module", [chromatic, bit_planes])
def test_programs_are_exported_for_an_accelerator(module):
    h, J = model(16, 1)
    made = layout(16, J.rows, J.cols, lanes=32)
    keys = jax.random.split(jax.random.key(0), 4)
    slots, block, count = made.colours * made.width, jnp.ones((64,), jnp.float32), jnp.int32(3)
    if module is chromatic:
        arguments = chromatic._start(keys, slots), chromatic.tables_of(made, h, J.values)
        arguments, options = (*arguments, block, count), {"rule": "gibbs"}
    else:
        words = bit_planes.words_of(made, h.astype(int), J.values.astype(int))
        block = jnp.ones((64, len(words.totals) + 1), jnp.float32) / 2
        state = bit_planes._start(keys, slots, (made.colours, len(words.totals) + 1, 1))
        arguments, options = (state, words, block, count), {}
    exported = jax.export.export(module._sweeps, platforms=["cuda"])(*arguments, **options)
    assert exported.platforms == ("cuda",)
