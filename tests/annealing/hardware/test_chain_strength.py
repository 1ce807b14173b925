from functools import partial

import numpy as np
import pytest

from annealing import MockAnnealer, qubo_from_ising, to_bqm
from annealing.hardware.chain_strength import (
    best_strength,
    chain_strength,
    rule_name,
    scan_chain_strength,
)

MOCK = MockAnnealer(shape=(2, 4), sweeps=20)


@pytest.fixture
def logical():
    return to_bqm(qubo_from_ising([0.5, 0.0, 0.0], {(0, 1): -3.0, (1, 2): 1.0}), "SPIN")


def test_rules_are_their_formulas(logical):
    torque = np.sqrt((9 + 1) / 2) * np.sqrt(4 / 3)  # rms coupling, root of the mean degree
    assert chain_strength(None, logical) == pytest.approx(1.414 * torque)
    assert chain_strength("uniform_torque_compensation", logical) == chain_strength(None, logical)
    assert chain_strength("scaled", logical) == 3.0
    assert chain_strength(0.25, logical) == 0.25
    assert chain_strength(lambda bqm, chains: len(bqm) + len(chains), logical, {0: [1]}) == 4.0


def test_ocean_s_functions_are_rules(logical):
    from dwave.embedding.chain_strength import scaled

    assert chain_strength(partial(scaled, prefactor=2.0), logical) == 6.0
    assert rule_name(scaled) == "scaled"
    assert rule_name(partial(scaled, prefactor=2.0)) == "partial"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("torque", "must be one of uniform_torque_compensation, scaled, a positive number"),
        (0.0, "must be positive, but is 0.0"),
        (float("nan"), "must be positive, but is nan"),
        (lambda bqm, chains: -1.0, "must be positive, but is -1.0"),
    ],
)
def test_what_is_no_rule_is_refused(logical, rule, message):
    with pytest.raises(ValueError, match=message):
        chain_strength(rule, logical)


def test_a_scan_shows_chains_break_below_and_hold_above(spin_glass):
    problem = spin_glass(16)
    rows = scan_chain_strength(problem, MOCK, [0.01, 1.0, 3.0], reads=30, seed=0)
    unit = MOCK.sample(problem, reads=1, seed=0).info["chain_strength"]
    assert [row.strength / unit for row in rows] == pytest.approx([0.01, 1.0, 3.0])
    breaks = [row.break_fraction for row in rows]
    assert breaks[0] > 0.3 > 0.05 > breaks[2]
    best = min(rows, key=lambda row: row.mean_energy)
    assert best_strength(rows) == best.strength


def test_rows_are_what_the_sampler_answers(spin_glass):
    problem = spin_glass(10)
    (row,) = scan_chain_strength(problem, MOCK, [0.3], reads=20, seed=3)
    samples = MockAnnealer(shape=(2, 4), sweeps=20, chain_strength=row.strength).sample(
        problem, reads=20, seed=3
    )
    mean = np.repeat(samples.energies, samples.occurrences).mean()
    assert row.best_energy == samples.energies[0]
    assert row.mean_energy == pytest.approx(mean)
    assert row.break_fraction == samples.info["chain_break_fraction"]


def test_a_function_may_make_the_samplers(spin_glass):
    asked = []

    def make(strength):
        asked.append(strength)
        return MockAnnealer(shape=(2, 4), sweeps=5, chain_strength=strength)

    rows = scan_chain_strength(spin_glass(6), make, [1.0, 2.0], reads=2, seed=0)
    assert asked == [row.strength for row in rows]


@pytest.mark.parametrize("factors", [[], [0.0], [-1.0, 1.0], [float("inf")]])
def test_bad_factors_are_refused(spin_glass, factors):
    with pytest.raises(ValueError, match="`factors` must hold positive numbers"):
        scan_chain_strength(spin_glass(4), MOCK, factors, reads=1, seed=0)
