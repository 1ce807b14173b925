import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from annealing import Exhaustive, qubo_from_ising, qubo_from_terms
from annealing.samplers import ladders, tempering
from annealing.samplers.engines import energies, engine, random_state
from annealing.samplers.ladders import advance, start
from annealing.samplers.stopping import Budget
from annealing.samplers.tempering import ParallelTempering, equal_rejection


def ring(n, seed=0):
    """A sparse problem without symmetry: n spins in a ring, random couplings and fields."""
    rng = np.random.default_rng(seed)
    pairs = {(i, (i + 1) % n): value for i, value in enumerate(rng.normal(size=n))}
    return qubo_from_ising(rng.normal(size=n) / 2, pairs)


def dense(n, seed=0):
    rng = np.random.default_rng(seed)
    return qubo_from_ising(rng.normal(size=n) / 2, np.triu(rng.normal(size=(n, n)), 1))


def numbers(bits):
    return np.asarray(bits).astype(int) @ (1 << np.arange(bits.shape[-1])[::-1])


def expected(qubo, bits, beta):
    weights = np.exp(-beta * qubo.energy(bits))
    return weights / weights.sum()


@pytest.mark.parametrize("clusters", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_every_temperature_follows_boltzmann(all_bits, sparse, clusters):
    n, betas, reads = 5, np.array([0.2, 0.6, 1.4]), 1500
    qubo = problem = dense(n)
    if sparse:  # a ring beside a chain of 30, which makes the graph sparse and changes nothing
        problem, pairs = ring(n), zip(*(x.tolist() for x in ring(n).quadratic), strict=True)
        terms = {(i, j): value for i, j, value in pairs} | {(i, i + 1): 1.0 for i in range(n, 34)}
        qubo = qubo_from_terms(terms | {(i,): value for i, value in enumerate(problem.linear)})
    made = engine(qubo)
    assert (type(made.model).__name__ == "Tables") == sparse
    clusters = clusters and sparse
    ladders = 2 if clusters else 1
    keys = jax.random.split(jax.random.key(0), reads)
    state = start(made.model, keys, made.rows, len(betas), ladders)
    scaled = jnp.asarray(betas * made.scale, jnp.float32)
    state = advance(made.model, state, scaled, jnp.int32(61), clusters)
    for t, beta in enumerate(betas):
        for ladder in range(ladders):
            column = state.column[ladder::ladders, t]
            bits = np.asarray(state.spins[made.place[:n]][:, column] > 0).T
            counts = np.bincount(numbers(bits), minlength=2**n)
            probabilities = expected(problem, all_bits(n), beta)
            assert chisquare(counts, reads * probabilities).pvalue > 1e-3


def test_the_coldest_answer_is_a_draw_from_boltzmann(all_bits):
    qubo = dense(4, seed=1)
    sampler = ParallelTempering(rounds=40, beta_range=(0.1, 1.0), answer="coldest")
    samples = sampler.sample(qubo, reads=2000, seed=3)
    counts = np.zeros(16)
    counts[numbers(samples.bits)] = samples.occurrences
    probabilities = expected(qubo, all_bits(4), 1.0)
    assert chisquare(counts, 2000 * probabilities).pvalue > 1e-3
    assert samples.info["effective"]["polish"] is False


def test_adaptive_temperatures_swap_equally_often():
    qubo = dense(60)
    sampler = ParallelTempering(rounds=300, temperatures=8, beta_range=(0.005, 1.0))
    even = sampler.sample(qubo, reads=8, seed=0).info["tempering"]
    rates = np.array(even["swap_rates"])
    plain = ParallelTempering(
        rounds=300, temperatures=8, beta_range=(0.005, 1.0), adaptive=False
    ).sample(qubo, reads=8, seed=0)
    geometric = np.array(plain.info["tempering"]["swap_rates"])
    assert np.ptp(rates) < 0.15 < np.ptp(geometric)
    assert rates.min() > geometric.min()
    assert (even["betas"][0], even["betas"][-1]) == pytest.approx((0.005, 1.0))
    assert (np.diff(even["betas"]) > 0).all()
    assert even["round_trips"]["mean"] > 0


def test_places_of_equal_rejection():
    # A barrier that grows with the square root of beta asks for squares.
    betas = np.linspace(0, 1, 101)
    placed = equal_rejection(betas, 5 * np.diff(np.sqrt(betas)))
    np.testing.assert_allclose(placed, np.linspace(0, 1, 101) ** 2, atol=0.01)


def test_round_trips_are_counted_from_cold_over_hot_to_cold():
    made = engine(dense(3))
    state = start(made.model, jax.random.split(jax.random.key(0), 1), made.rows, 3, 1)
    trips = []
    # Column 0 starts hot and so needs the cold end first.
    for column in ([0, 1, 2], [1, 2, 0], [0, 1, 2], [1, 2, 0], [2, 1, 0], [0, 1, 2]):
        state = state._replace(column=jnp.asarray([column], jnp.int32))
        state = ladders.count_trips(state)
        trips.append(int(state.trips[0]))
    assert trips == [0, 0, 0, 1, 1, 2]


def test_cluster_moves_keep_the_sum_of_energies_and_turn_whole_clusters():
    made = engine(ring(40))
    keys = jax.random.split(jax.random.key(1), 6)
    state = start(made.model, keys, made.rows, 3, 2)
    after = ladders.exchange_clusters(made.model, state, keys[np.repeat(np.arange(6), 2)])
    pairs = [
        np.asarray(energies(made.model, s.spins), float).reshape(6, 2, 3) for s in (state, after)
    ]
    np.testing.assert_allclose(pairs[0].sum(axis=1), pairs[1].sum(axis=1), atol=1e-4)
    assert np.abs(pairs[0] - pairs[1]).max() > 0.1
    before, now = (np.asarray(s.spins)[np.asarray(made.place)] for s in (state, after))
    moved = (before != now)[:, :3]  # the first read's first ladder, at three temperatures
    for t in range(3):
        # One arc of the ring: it has two ends, or it is the whole ring.
        assert (moved[:, t] != np.roll(moved[:, t], 1)).sum() in (0, 2)
    assert moved.any(axis=0).all()


def test_clusters_are_used_where_they_stay_small_and_the_reason_is_told():
    quick = ParallelTempering(rounds=5, temperatures=4)
    kept = quick.sample(ring(60), reads=2, seed=0).info["tempering"]
    assert kept["clusters"] is True
    assert "of 4 temperatures of the pilot run" in kept["why"]
    # Twelve neighbours in all directions: sparse enough for colours, too dense for clusters.
    steps = (1, 7, 19, 31, 53, 83)
    pairs = {(i, (i + step) % 200): 1.0 for i in range(200) for step in steps}
    percolating = quick.sample(qubo_from_ising(np.zeros(200), pairs), reads=2, seed=0)
    told = percolating.info["tempering"]
    assert told["clusters"] is percolating.info["effective"]["clusters"] is False
    assert "at 0 of 4 temperatures" in told["why"]


def test_clusters_are_not_tried_on_dense_problems_nor_against_the_request():
    assert tempering._wanted(engine(dense(10)), "auto")[0] is False
    assert "dense" in tempering._wanted(engine(dense(10)), True)[1]
    assert tempering._wanted(engine(ring(30)), False) == (False, "as requested")


def test_energies_of_both_engines_are_those_of_the_problem():
    for qubo in (dense(20), ring(50)):
        made = engine(qubo)
        spins, _ = random_state(made.model, jax.random.split(jax.random.key(0), 5), made.rows)
        bits = np.asarray(spins[made.place] > 0).T
        difference = made.scale * np.asarray(energies(made.model, spins), float) - qubo.energy(bits)
        np.testing.assert_allclose(difference, difference[0], atol=1e-4)


@pytest.mark.parametrize("make", [dense, ring])
def test_ground_states_and_independence_of_chunks(make):
    qubo = make(18)
    sampler = ParallelTempering(rounds=60, temperatures=5)
    whole = sampler.sample(qubo, reads=6, seed=2)
    assert whole.energies[0] == pytest.approx(
        Exhaustive().sample(qubo, reads=1, seed=0).energies[0]
    )
    # The best states agree too readily: compare draws at the cold end.
    draws = {"rounds": 60, "temperatures": 5, "answer": "coldest", "beta_range": (0.1, 0.5)}
    whole = ParallelTempering(**draws).sample(qubo, reads=6, seed=2)
    few = Budget(memory=2 * 24 * 32 * 5 * 2)
    parts = ParallelTempering(**draws, budget=few).sample(qubo, reads=6, seed=2)
    assert len(whole.bits) > 2
    for one, other in zip(whole[:3], parts[:3], strict=True):
        np.testing.assert_array_equal(one, other)
    assert parts.info["tempering"]["swap_rates"] == pytest.approx(
        whole.info["tempering"]["swap_rates"], abs=1e-5
    )


def test_problems_of_one_shape_compile_once():
    sampler = ParallelTempering(rounds=4, temperatures=4)
    sampler.sample(dense(20), reads=3, seed=0)
    size = ladders.advance._cache_size()
    for seed in range(3):
        other = ParallelTempering(rounds=3 + seed, temperatures=4, beta_range=(0.1, 1.0 + seed))
        other.sample(dense(20 + seed, seed), reads=3, seed=seed)
    assert ladders.advance._cache_size() == size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rounds": 0}, "`rounds` must be a positive int"),
        ({"temperatures": 1}, "`temperatures` must be at least 2, but is 1"),
        ({"beta_range": (2.0, 1.0)}, "`beta_range` must be two positive numbers"),
        ({"clusters": "maybe"}, "`clusters` must be one of"),
        ({"answer": "all"}, "`answer` must be one of"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ParallelTempering(**arguments)
