"""The annealer's stand-in: physics against closed forms, machinery against enumeration."""

import json

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from annealing import Exhaustive, qubo_from_ising, qubo_from_matrix, qubo_to_ising
from annealing.distributions import effective_beta
from annealing.hardware.embedding import clique_chains
from annealing.hardware.stand_in import dynamics
from annealing.hardware.stand_in.annealer import AnnealerStandIn, majority
from annealing.hardware.stand_in.profiles import chip_profile, flawless, working_graph
from annealing.hardware.stand_in.programming import place, program, quantised, scale_to, spread
from annealing.qubo import Coo, as_coo

SMALL = chip_profile("advantage2_small")._replace(shape=(2, 4))
EXACT = flawless(SMALL)
NO_PAIRS = Coo(np.zeros(0, int), np.zeros(0, int), np.zeros(0))


def native(n, profile=EXACT):
    """A path of `n` qubits with small coefficients, and its one-qubit chains."""
    graph = working_graph(profile)
    path = next(
        path
        for path in nx.all_simple_paths(graph, min(graph), max(graph), cutoff=2 * n)
        if len(path) > n
    )
    rng = np.random.default_rng(5)
    rows = np.arange(n - 1)
    qubo = qubo_from_ising(
        rng.uniform(-0.1, 0.1, n), Coo(rows, rows + 1, rng.uniform(-0.15, 0.15, n - 1))
    )
    return qubo, {i: (path[i],) for i in range(n)}


@pytest.mark.parametrize("kernel", ["native", "jax"])
def test_slow_anneals_end_in_the_boltzmann_distribution(all_bits, kernel):
    if kernel == "native":
        pytest.importorskip("numba", reason="numba, the extra `native`, is not installed")
    qubo, chains = native(5)
    stand_in = AnnealerStandIn(EXACT, auto_scale=False, embedding=chains, kernel=kernel)
    samples = stand_in.sample(qubo, reads=8000, seed=2)
    assert samples.info["chain_break_fraction"] == 0
    bits = all_bits(5)
    drawn = {
        tuple(row): count for row, count in zip(samples.bits, samples.occurrences, strict=True)
    }
    counts = np.array([drawn.get(tuple(row), 0) for row in bits])

    def p_value(beta):
        weights = np.exp(-beta * qubo.energy(bits))
        return stats.chisquare(counts, 8000 * weights / weights.sum()).pvalue

    assert samples.info["beta"] == EXACT.beta
    assert p_value(EXACT.beta) > 0.01
    assert p_value(1.15 * EXACT.beta) < 1e-6  # the test would notice
    beta, error = effective_beta(qubo, samples.bits, samples.occurrences)
    assert abs(beta - EXACT.beta) < 4 * error


def test_fast_anneals_are_hotter_than_slow_ones(spin_glass):
    means = []
    for time in (0.5e-6, 20e-6):
        samples = AnnealerStandIn(SMALL, annealing_time=time).sample(
            spin_glass(12), reads=200, seed=0
        )
        means.append(np.average(samples.energies, weights=samples.occurrences))
    assert means[1] < means[0]


def test_betas_rise_to_the_freeze_out_as_the_schedule_does():
    betas = dynamics.betas_of(SMALL, 200)
    assert (np.diff(betas) > 0).all()
    assert betas[-1] == pytest.approx(1 / 0.119)
    assert betas[0] / betas[-1] == pytest.approx(0.545 / np.interp(0.671, [0.6, 0.7], [6.42, 8.02]))


def test_the_two_published_temperatures_agree():
    # k T of the qubits and B(s) where one freezes give its magnetisation, -tanh(h B / (2 k T)).
    for name in ("advantage2", "advantage2_small", "advantage"):
        chip = chip_profile(name)
        s, _, B = np.array(chip.schedule).T
        frozen = np.interp(chip.freezeout, s, B) / (2 * 20.8366 * chip.kelvin)
        assert frozen == pytest.approx(chip.beta, rel=0.2)


def test_path_integrals_freeze_near_the_published_temperature():
    # Nothing here knows the published freeze-out: A(s), B(s) and the temperature are the input.
    fields = np.full(32, 0.1)
    bits, _ = dynamics.anneal_path_integral(fields, NO_PAIRS, EXACT, reads=100, seed=0, sweeps=100)
    beta, error = effective_beta(qubo_from_ising(fields, NO_PAIRS), bits)
    assert error < 0.6
    assert beta == pytest.approx(EXACT.beta, rel=0.3)


def test_readout_errors_are_binomial():
    profile = EXACT._replace(readout_error=0.03)
    stand_in = AnnealerStandIn(profile, auto_scale=False, sweeps=20)
    run = stand_in.run(np.full(40, 2.0), NO_PAIRS, reads=1000, seed=3)  # all frozen down
    assert run.bits.shape == (1000, 40)
    flips = int(run.bits.sum())
    assert abs(flips - 1200) < 4 * np.sqrt(40000 * 0.03 * 0.97)
    clean = AnnealerStandIn(EXACT, auto_scale=False, sweeps=20)
    assert not clean.run(np.full(40, 2.0), NO_PAIRS, reads=100, seed=3).bits.any()


def test_control_errors_are_gaussian_and_drawn_once_a_programming():
    profile = EXACT._replace(h_error=0.02, j_error=0.03)
    pairs = np.arange(3000)
    J = Coo(pairs, pairs + 1, np.full(3000, -0.5))
    h = np.full(3001, 0.25)

    def held(seed):
        return program(profile, h, J, auto_scale=False, rng=np.random.default_rng(seed))

    errors = (held(0).h - h) / 0.02, (held(0).J.values - J.values) / 0.03
    for error in errors:
        assert stats.kstest(error, "norm").pvalue > 0.01
    assert abs(np.corrcoef(errors[0][1:], errors[1])[0, 1]) < 4 / np.sqrt(3000)
    np.testing.assert_array_equal(held(0).h, held(0).h)
    assert not np.array_equal(held(0).h, held(1).h)
    stand_in = AnnealerStandIn(profile, auto_scale=False, sweeps=1)
    runs = [stand_in.run(h, J, reads=2, seed=seed) for seed in (4, 4, 5)]
    np.testing.assert_array_equal(runs[0].program.h, runs[1].program.h)
    assert not np.array_equal(runs[0].program.h, runs[2].program.h)


def test_errors_of_a_programming_are_shared_by_its_reads():
    # A qubit without field, an error of 0.3: all reads of a run lean to one side, which is random.
    profile = EXACT._replace(h_error=0.3)
    stand_in = AnnealerStandIn(profile, auto_scale=False, sweeps=20)
    means = [
        stand_in.run(np.zeros(1), NO_PAIRS, reads=500, seed=seed).bits.mean() for seed in range(8)
    ]
    assert min(means) < 0.2
    assert max(means) > 0.8


def test_quantisation_moves_by_half_a_step_at_most():
    values = np.random.default_rng(0).uniform(-4, 4, 1000)
    rounded = quantised(values, 0.0038, (-4.0, 4.0))
    assert np.abs(rounded - values).max() <= 0.0019 + 1e-12
    np.testing.assert_allclose(rounded / 0.0038, np.round(rounded / 0.0038), atol=1e-9)
    np.testing.assert_array_equal(quantised(values, 0.0, (-4.0, 4.0)), values)
    coarse = EXACT._replace(h_step=0.5)
    set_to = program(
        coarse, np.array([0.3, -0.2]), NO_PAIRS, auto_scale=False, rng=np.random.default_rng(0)
    )
    assert set_to.h.tolist() == [0.5, 0.0]


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_auto_scale_just_fills_the_ranges(size):
    rng = np.random.default_rng(1)
    for h, J in ((rng.normal(size=9), rng.normal(size=7)), (10 * rng.normal(size=3), -np.ones(2))):
        scale = scale_to(SMALL, size * h, size * J)
        h, J = scale * size * h, scale * size * J
        ends = [h.max() / 4, h.min() / -4, J.max() / 1, J.min() / -2]
        assert max(ends) == pytest.approx(1)
    assert scale_to(SMALL, np.zeros(2), np.zeros(0)) == 1.0


def test_chains_that_hold_have_the_energies_of_the_problem(all_bits, spin_glass):
    qubo = spin_glass(6)
    graph = working_graph(SMALL)
    chains = clique_chains(graph, 6)
    placed = place(graph, [chains[i] for i in range(6)])
    h, J, _ = qubo_to_ising(as_coo(qubo))
    on_qubits = spread(placed, h, J, 3.0)
    bits = all_bits(6)
    energies = qubo_from_ising(*on_qubits).energy(bits[:, placed.owner])
    np.testing.assert_allclose(energies, qubo.energy(bits) - 3.0 * placed.inner.sum(), atol=1e-9)
    assert placed.inner.sum() > 0
    assert placed.chains == {i: tuple(chain) for i, chain in chains.items()}


def test_majority_with_ties_by_coin():
    placed = place(nx.path_graph(5), [(0, 1), (2, 3, 4)])
    reads = np.tile([[1, 0, 1, 1, 0]], (400, 1))
    bits, broken = majority(reads, placed, np.random.default_rng(0))
    assert broken == 1.0
    assert bits[:, 1].all()
    assert abs(bits[:, 0].mean() - 0.5) < 4 * 0.025


@pytest.mark.parametrize("name", ["advantage2_small", "advantage"])
def test_as_many_parts_are_broken_as_on_the_machine(name):
    graph = working_graph(chip_profile(name))
    couplers = {"advantage2_small": 10537, "advantage": 40088}[name]
    assert len(graph) == chip_profile(name).qubits
    assert graph.number_of_edges() == pytest.approx(couplers, rel=5e-3)


def test_broken_parts_are_drawn_from_a_seed_and_never_used(spin_glass):
    broken = SMALL._replace(qubit_yield=0.8)
    whole = set(working_graph(SMALL._replace(qubit_yield=1.0)))
    used = []
    for defects in (0, 0, 1):
        working = set(working_graph(broken, defects))
        assert len(whole - working) == 32
        placed = AnnealerStandIn(broken, defects=defects)._placed(spin_glass(8))
        assert set(placed.qubits.tolist()) <= working
        used.append(working)
    assert used[0] == used[1] != used[2]
    lost = min(whole - used[0])
    stand_in = AnnealerStandIn(broken, embedding={0: (lost,)})
    with pytest.raises(ValueError, match="`embedding` must fit problem and chip"):
        stand_in.sample(qubo_from_matrix([[1.0]]), reads=1, seed=0)


@pytest.mark.parametrize("how", ["classical", "path integral"])
def test_the_whole_way_and_what_it_tells(spin_glass, how):
    qubo = spin_glass(10)
    stand_in = AnnealerStandIn(SMALL, dynamics=how, sweeps=100)
    samples = stand_in.sample(qubo, reads=40, seed=1)
    assert samples.energies[0] == pytest.approx(
        Exhaustive().sample(qubo, reads=1, seed=0).energies[0]
    )
    info = samples.info
    assert json.loads(json.dumps(info)) == info
    assert info["simulated"] is info["estimates"]["simulated"] is True
    assert info["estimates"]["stands_for"] == "Advantage2_system4"
    assert info["logical_variables"] == 10 < info["physical_variables"]
    assert info["effective"]["reads"] == samples.occurrences.sum() == 40
    again, other = (stand_in.sample(qubo, reads=40, seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(again.bits, samples.bits)
    assert not np.array_equal(other.bits, samples.bits)
    assert len(samples.bits) > 1


def test_cost_rises_with_the_annealing_time(spin_glass):
    costs = [
        AnnealerStandIn(SMALL, annealing_time=time, sweeps=1)
        .sample(spin_glass(5), reads=10, seed=0)
        .info["estimates"]["qpu_access_time"]
        for time in (20e-6, 120e-6)
    ]
    assert costs[1] - costs[0] == pytest.approx(10 * 100)


def test_sparse_problems_take_fewer_qubits(tmp_path, monkeypatch):
    monkeypatch.setenv("QML_DATA_MIRROR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rows = np.arange(11)
    ring = qubo_from_ising(np.zeros(12), Coo(rows, rows + 1, np.ones(11)))
    used = {
        embedding: AnnealerStandIn(SMALL, embedding=embedding, sweeps=50)
        .sample(ring, reads=20, seed=0)
        .info["physical_variables"]
        for embedding in ("clique", "auto")
    }
    assert used["auto"] < used["clique"]


@pytest.mark.parametrize(
    ("options", "n", "message"),
    [
        ({"auto_scale": False}, 4, r"fields from -4.0 to 4.0 on the qubits .* set `auto_scale`"),
        ({"shape": (1, 4)}, 40, r"at most \d+ variables on this advantage2_small \(1, 4\)"),
        ({"shape": (1,)}, 2, r"must be zephyr \(m, t\)"),
        ({"chain_strength": -1.0}, 2, "`chain_strength` must be positive"),
    ],
)
def test_what_a_chip_cannot_do_is_said(options, n, message):
    stand_in = AnnealerStandIn(SMALL, **options)
    with pytest.raises(ValueError, match=message):
        stand_in.sample(qubo_from_matrix(np.diag(np.full(n, 50.0))), reads=1, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"annealing_time": 20.0}, "`annealing_time` must be from 5e-07 to 0.002 seconds"),
        ({"dynamics": "exact"}, "`dynamics` must be one of"),
        ({"sweeps": 0}, "`sweeps` must be a positive int"),
        ({"embedding": "best"}, "`embedding` must be clique, auto or"),
        ({"profile": "2000q"}, "`profile` must be one of"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        AnnealerStandIn(**options)


def test_a_problem_without_variables():
    samples = AnnealerStandIn(SMALL).sample(
        qubo_from_matrix(np.zeros((0, 0)), 2.0), reads=3, seed=0
    )
    assert samples.energies.tolist() == [2.0]
    assert samples.occurrences.tolist() == [3]
