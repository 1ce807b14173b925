"""Thrust, tracking and channel decoding as QUBOs, against exact programs and other libraries."""

import itertools
import os

import numpy as np
import pytest

from annealing import Exhaustive, mimo, planted_mimo, thrust, tracking
from annealing.problems.mimo import BITS, mimo_variables
from annealing.problems.thrust import thrust_variables
from annealing.problems.tracking import tracking_variables

RNG = np.random.default_rng(0)


def lowest(problem):
    return Exhaustive().sample(problem.qubo, reads=1, seed=0).energies[0]


def thrust_by_planes(P):
    """The published N^3 program: the best plane can be turned until it holds two particles."""
    best = 0.0
    for i, j in itertools.combinations(range(len(P)), 2):
        sides = np.sign(P @ np.cross(P[i], P[j]))
        for sides[i], sides[j] in itertools.product((-1, 1), repeat=2):
            best = max(best, np.linalg.norm(sides @ P))
    return best / np.linalg.norm(P, axis=1).sum()


def thrust_by_directions(P, steps=200_001):
    angle = np.linspace(0, np.pi, steps)
    along = np.abs(np.stack([np.cos(angle), np.sin(angle)], axis=1) @ P.T).sum(axis=1)
    return along.max() / np.linalg.norm(P, axis=1).sum()


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_least_loss_is_the_thrust(balanced, seed):
    P = np.random.default_rng(seed).normal(size=(9, 3))
    if balanced:
        P -= P.mean(axis=0)
    assert np.sqrt(-lowest(thrust(P))) == pytest.approx(thrust_by_planes(P))


def test_the_thrust_of_a_plane_is_its_definition():
    P = RNG.normal(size=(8, 2))
    assert np.sqrt(-lowest(thrust(P))) == pytest.approx(thrust_by_directions(P), rel=1e-8)
    in_space = np.hstack([P, np.zeros((8, 1))])
    assert lowest(thrust(in_space)) == pytest.approx(lowest(thrust(P)))


@pytest.mark.parametrize("N", [4, 6, 10])
def test_a_regular_star_has_the_thrust_of_the_closed_form(N):
    angle = 2 * np.pi * np.arange(N) / N
    P = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    expected = 2 / (N * np.sin(np.pi / N))  # 2 / pi for many particles
    assert np.sqrt(-lowest(thrust(P))) == pytest.approx(expected)


def test_two_pencils_have_thrust_one_and_three_two_thirds():
    assert lowest(thrust([[0, 0, 5.0], [0, 0, -2.0], [0, 0, -3.0]])) == pytest.approx(-1.0)
    angle = 2 * np.pi * np.arange(3) / 3
    mercedes = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert np.sqrt(-lowest(thrust(mercedes))) == pytest.approx(2 / 3)


def test_one_hemisphere_is_half_of_the_spins_where_momenta_balance(all_bits):
    P = RNG.normal(size=(6, 3))
    P -= P.mean(axis=0)
    bits = all_bits(6)
    one_side = np.linalg.norm(bits @ P, axis=1)
    total = np.linalg.norm(P, axis=1).sum()
    np.testing.assert_allclose(
        thrust(P).qubo.energy(bits), -((2 * one_side / total) ** 2), atol=1e-15
    )


def test_the_principal_axis_bounds_the_thrust_from_above():
    P = RNG.normal(size=(10, 3))
    problem = thrust(P)
    relaxed = problem.relaxed()
    rounded = problem.loss(problem.decode(problem.nearest(relaxed)))
    assert problem.loss(relaxed) <= lowest(problem) <= rounded + 1e-12
    assert relaxed @ relaxed == pytest.approx(10)
    assert problem.qubo.n_variables == thrust_variables(10)


def test_tracking_pairs_may_come_in_either_order():
    a, b = RNG.normal(size=5), RNG.normal(size=4)
    pairs = np.array([[0, 1], [3, 2], [4, 0], [1, 4]])
    bits = RNG.integers(2, size=(20, 5))
    one, other = tracking(a, pairs, b), tracking(a, pairs[:, ::-1], b)
    np.testing.assert_array_equal(one.qubo.energy(bits), other.qubo.energy(bits))
    assert one.qubo.n_variables == tracking_variables(5)


def test_two_crossing_tracks_are_told_apart():
    # Segments 0-1-2 and 3-4-5 continue each other; 1 and 4 share a hit with the false segment 6.
    links, conflicts = [[0, 1], [1, 2], [3, 4], [4, 5]], [[1, 6], [4, 6]]
    problem = tracking(np.full(7, 0.1), links + conflicts, [-1.0] * 4 + [2.0] * 2)
    best = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    np.testing.assert_array_equal(problem.decode(best.bits[0]), [1, 1, 1, 1, 1, 1, 0])


@pytest.mark.skipif(
    not os.environ.get("QML_DATA_MIRROR"),
    reason="its published file is not shipped; QML_DATA_MIRROR names no folder",
)
def test_the_published_ten_segments_have_the_published_ground_state():
    from qml.data import tracking_qubo

    published = tracking_qubo()
    lower = published.quadratic.T
    pairs = np.argwhere(lower)
    assert (pairs[:, 0] > pairs[:, 1]).all()
    problem = tracking(published.linear, pairs, lower[lower != 0])
    energies = Exhaustive().sample(problem.qubo, reads=2, seed=0).energies
    assert energies[0] == pytest.approx(-2.4200400173, abs=1e-10)
    assert energies[1] - energies[0] == pytest.approx(0.5318, abs=1e-4)


@pytest.mark.parametrize(("modulation", "senders"), [("BPSK", 6), ("QPSK", 4), ("16QAM", 2)])
def test_energies_are_those_of_dimods_generator(modulation, senders, all_bits):
    from dimod.generators import mimo as dimods

    channel, received, _ = planted_mimo(senders, senders + 1, modulation, noise=0.3, seed=1)
    if modulation == "BPSK":
        channel, received = channel.real, received.real
    theirs = dimods(modulation, y=received[:, None], F=channel)
    ours = mimo(channel, received, modulation).qubo
    bits = all_bits(ours.n_variables)
    assert ours.n_variables == theirs.num_variables
    other = theirs.energies((2 * bits.astype(int) - 1, sorted(theirs.variables)))
    np.testing.assert_allclose(np.sort(ours.energy(bits)), np.sort(other), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("modulation", BITS)
def test_symbols_sent_without_noise_are_the_ground_state(modulation):
    channel, received, sent = planted_mimo(2, 3, modulation, seed=5)
    problem = mimo(channel, received, modulation)
    assert problem.qubo.n_variables == mimo_variables(2, modulation)
    best = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    assert best.energies[0] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_array_equal(problem.decode(best.bits[0]), sent)
    # Without noise the classical filter finds them too.
    np.testing.assert_array_equal(problem.decode(problem.nearest(problem.relaxed())), sent)


def test_the_levels_are_the_constellation():
    problem = mimo([[1.0]], [0.0], "16QAM")
    levels = problem.decode([[0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 1, 1]])
    np.testing.assert_array_equal(levels, [[-3, -3], [-1, -1], [1, 1], [3, 3]])
    assert problem.loss([3.0, -1.0]) == 10.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: thrust(np.zeros((3, 3))), "other than zero"),
        (lambda: thrust(np.ones((3, 4))), r"shape \(N, 3\) or \(N, 2\)"),
        (lambda: thrust([[np.inf, 0.0]]), "finite"),
        (lambda: tracking([1.0, 2.0], [[0, 2]], [1.0]), "from 0 to 1"),
        (lambda: tracking([1.0, 2.0], [[1, 1]], [1.0]), "two different segments"),
        (lambda: tracking([1.0, 2.0], [[0.0, 1.0]], [1.0]), "ints in shape"),
        (lambda: tracking([1.0, 2.0], [[0, 1]], [1.0, 2.0]), r"shape \(2, 2\)"),
        (lambda: mimo([[1.0]], [1.0, 2.0]), r"\(receivers, senders\)"),
        (lambda: mimo([[1.0]], [np.nan]), "`received` must be finite"),
        (lambda: mimo([[1.0]], [1.0], "8PSK"), "must be one of BPSK, QPSK, 16QAM, 64QAM"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
