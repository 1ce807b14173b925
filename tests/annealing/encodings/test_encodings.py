import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing import (
    Encoding,
    Exhaustive,
    around,
    binary,
    constrained,
    domain_wall,
    fixed_point,
    geometric,
    least_squares,
    one_hot,
    signed,
    spin,
    twos_complement,
    unsigned,
)

LEVELS = st.lists(st.integers(-9, 9), min_size=2, max_size=5)


@pytest.mark.parametrize(
    ("p", "bits", "low", "high"), [(1, 1, 0, 1), (2, 3, -2.0, 5.0), (1, 5, 1, 2)]
)
def test_fixed_point_covers_the_range_evenly_and_once(all_bits, p, bits, low, high):
    encoding = fixed_point(p, bits, low, high)
    assert (encoding.n_parameters, encoding.n_variables) == (p, p * bits)
    levels = np.linspace(low, high, 2**bits)
    decoded = encoding.decode(all_bits(p * bits))
    expected = np.stack(np.meshgrid(*[levels] * p, indexing="ij"), axis=-1).reshape(-1, p)
    np.testing.assert_allclose(decoded, expected, rtol=1e-14, atol=1e-14)


def test_fixed_point_takes_a_box_per_parameter():
    encoding = fixed_point(2, 1, [0.0, 10.0], [1.0, 20.0])
    np.testing.assert_array_equal(encoding.decode([[0, 1], [1, 0]]), [[0, 20], [1, 10]])


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_twos_complement_counts_as_machines_do(all_bits, bits):
    signed = [i if i < 2 ** (bits - 1) else i - 2**bits for i in range(2**bits)]
    expected = 3.0 * np.array(signed) / 2 ** (bits - 1)
    decoded = twos_complement(1, bits, scale=3.0).decode(all_bits(bits))[:, 0]
    np.testing.assert_array_equal(decoded, expected)
    assert decoded.min() == -3.0
    assert 0.0 in decoded


def test_one_bit_encodings(all_bits):
    bits = all_bits(3)
    np.testing.assert_array_equal(binary(3).decode(bits), bits)
    np.testing.assert_array_equal(spin(3).decode(bits), 2.0 * bits - 1)


def test_decode_keeps_leading_axes():
    assert twos_complement(2, 3).decode(np.zeros((4, 5, 6))).shape == (4, 5, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: binary(0), "`p` must be a positive int, but is p=0"),
        (lambda: fixed_point(1, 0, 0, 1), "`bits` must be an int from 1 on"),
        (lambda: twos_complement(1, 1), "`bits` must be an int from 2 on"),
        (lambda: fixed_point(1, 2, 1.0, 1.0), "`high` must exceed"),
        (lambda: fixed_point(1, 2, 0.0, np.inf), "`high` must be finite"),
        (lambda: twos_complement(1, 2, 0.0), "`scale` must be positive"),
        (lambda: binary(2).decode([0, 1, 0]), r"shape \(\.\.\., 2\)"),
        (lambda: binary(2).encode([0.0]), r"`theta` must have shape \(2,\)"),
        (lambda: Encoding(np.zeros(2), np.ones((2, 2))).encode([0.0, 1.0]), "bits of their own"),
        (lambda: Encoding(np.zeros(2), np.ones((2, 3))).encode([0.0, 1.0]), "bits of their own"),
        (lambda: geometric(1, 2, base=0.0), "`scale` and `base` must be positive"),
        (lambda: unsigned(1, 2, -1.0), "`high` must exceed"),
        (lambda: around([0.0], 0.0, 1), "`high` must exceed"),
        (lambda: one_hot(0, [0.0, 1.0]), r"`levels` must have shape \(k,\)"),
        (lambda: one_hot(3, np.zeros((2, 4))), r"`levels` must have shape \(k,\)"),
        (lambda: domain_wall(1, [0.0]), "`levels` must hold at least two"),
    ],
)
def test_bad_encodings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (unsigned(1, 3, 0.5), np.arange(8) / 2),
        (signed(1, 3, 7.0), np.arange(-7, 8, 2)),
        (around([10.0], 0.75, 2), [9.25, 9.75, 10.25, 10.75]),
        (geometric(1, 3, base=3.0, scale=2.0), [0, 2, 6, 8, 18, 20, 24, 26]),
    ],
)
def test_levels_in_the_order_of_the_words(all_bits, encoding, expected):
    levels = encoding.decode(all_bits(encoding.n_variables))[:, 0]
    np.testing.assert_allclose(levels, expected, rtol=1e-14)
    assert [end[0] for end in encoding.box()] == pytest.approx([min(expected), max(expected)])


@pytest.mark.parametrize("make", [one_hot, domain_wall])
@given(st.data())
def test_a_constraint_holds_just_where_a_level_is_written(make, data):
    levels = data.draw(LEVELS)
    encoding, constraint = make(2, [levels, levels[::-1]])
    bits = np.array(list(itertools.product((0, 1), repeat=encoding.n_variables)))
    price = constraint.energy(bits)
    assert (price == np.round(price)).all()
    assert price.min() == 0
    written = encoding.decode(bits[price == 0])
    expected = np.stack(np.meshgrid(levels, levels[::-1], indexing="ij"), axis=-1).reshape(-1, 2)
    order = [np.lexsort(table.T) for table in (written, expected)]
    np.testing.assert_allclose(written[order[0]], expected[order[1]], atol=1e-12)
    low, high = encoding.box()
    np.testing.assert_allclose([low, high], [[min(levels)] * 2, [max(levels)] * 2], atol=1e-12)


@given(st.data())
def test_encode_finds_the_nearest_word(data):
    p, scale = 2, np.array([0.5, 2.0])
    encoding = data.draw(
        st.sampled_from(
            [
                fixed_point(p, 3, [-1.0, 0.0], 2.0),
                twos_complement(p, 4, scale),
                geometric(p, 4, base=1.3, scale=scale),
                geometric(p, 3, base=5.0, scale=scale),
                one_hot(p, [3.0, -1.0, 0.2])[0],
                domain_wall(p, [[3.0, -1.0, 0.2], [0.0, 1.0, 5.0]])[0],
            ]
        )
    )
    theta = np.array(data.draw(st.tuples(*[st.floats(-8, 8)] * p)))
    k = encoding.n_variables // p
    words = encoding.words
    if words is None:
        words = np.array(list(itertools.product((0, 1), repeat=k)))
    every = np.array([np.r_[a, b] for a in words for b in words])
    best = np.abs(encoding.decode(every) - theta).min(axis=0)
    found = encoding.encode(theta)
    assert any((found == word).all() for word in every)
    np.testing.assert_allclose(np.abs(encoding.decode(found) - theta), best, atol=1e-12)


def test_rounding_to_many_bits_is_exact():
    encoding = fixed_point(3, 32, -1.0, 1.0)
    theta = np.array([-0.123456789, 0.0, 2 / 3])
    error = np.abs(encoding.decode(encoding.encode(theta)) - theta)
    assert error.max() <= 1 / (2**32 - 1) + 1e-15


@pytest.mark.parametrize("make", [one_hot, domain_wall])
def test_the_ground_state_is_the_best_of_the_levels(make):
    rng = np.random.default_rng(0)
    X, y, levels = rng.normal(size=(20, 3)), rng.normal(size=20), [-0.5, 0.0, 0.3, 1.0]
    encoding, constraint = make(3, levels)
    problem = constrained(least_squares(X, y, encoding), constraint)
    ground = problem.decode(Exhaustive().sample(problem.qubo, reads=1, seed=0).bits[0])
    every = np.array(list(itertools.product(levels, repeat=3)))
    np.testing.assert_allclose(ground, every[problem.loss(every).argmin()], atol=1e-12)
