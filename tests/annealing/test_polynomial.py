"""From polynomials of any degree to QUBOs: the minimum over ancillas is the polynomial itself."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing import Exhaustive, collected, from_spins, polynomial_values, quadratize

N = 5
RNG = np.random.default_rng(0)


def strings(n):
    return np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.uint8).reshape(2**n, n)


def by_definition(terms, bits):
    return [sum(c * np.prod([b[i] for i in m]) for m, c in terms.items()) for b in bits]


def check(terms, n, **options):
    """The law, and what `complete` and `excess` promise, by trying all ancillas."""
    reduced = quadratize(terms, n, **options)
    bits, ancillas = strings(n), strings(len(reduced.products))
    every = np.concatenate(
        [np.repeat(bits, len(ancillas), axis=0), np.tile(ancillas, (len(bits), 1))], axis=1
    )
    energies = reduced.qubo.energy(every).reshape(len(bits), -1)
    values = by_definition(terms, bits)
    scale = 1 + sum(abs(c) for c in terms.values())
    np.testing.assert_allclose(energies.min(axis=1), values, atol=1e-11 * scale)
    completed = reduced.complete(bits)
    np.testing.assert_array_equal(completed[:, :n], bits)
    np.testing.assert_allclose(reduced.qubo.energy(completed), values, atol=1e-11 * scale)
    excess = reduced.excess(every).reshape(len(bits), -1)
    np.testing.assert_allclose((energies - excess).T - values, 0.0, atol=1e-10 * scale)
    assert (reduced.excess(completed) == 0).all()
    return reduced


monomials = st.lists(st.integers(0, N - 1), max_size=N).map(tuple)
polynomials = st.dictionaries(
    monomials, st.floats(-10, 10, allow_subnormal=False), max_size=5
).filter(lambda terms: len(quadratize(terms, N).products) < 8)


@given(polynomials)
def test_law_of_any_polynomial(terms):
    check(terms, N)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("degree", [3, 4, 5])
def test_single_monomials_take_as_few_ancillas_as_their_sign_allows(degree, sign):
    reduced = check({tuple(range(degree)): sign}, degree)
    assert len(reduced.products) == (1 if sign < 0 else degree - 2)


def test_a_pair_shared_by_many_monomials_takes_one_ancilla():
    terms = {(0, 1, k): c for k, c in zip(range(2, 7), [3.0, -2.0, 1.0, -4.0, 0.5], strict=True)}
    assert check(terms, 7).products == ((0, 1),)


def test_the_weight_is_as_great_as_the_gain_of_a_lie_and_no_greater():
    # An ancilla that is 1 where the pair is not gains 2 + 4 at most, and pays M or 3 M.
    reduced = quadratize({(0, 1, 2): -2.0, (0, 1, 3): -4.0, (0, 1, 4): 5.0})
    assert reduced.products == ((0, 1),)
    assert reduced.qubo.linear[5] / 3 == pytest.approx(6.0)
    assert reduced.excess([0, 1, 1, 1, 0, 1]) == pytest.approx(
        0.0, abs=1e-6
    )  # so M = 6 just is enough


def test_given_pairs_come_first_and_in_order():
    terms = {(0, 1, 2): 1.0, (2, 3, 4): -1.0}
    reduced = check(terms, 5, pairs=[(3, 4), (0, 2), (0, 1)])
    assert reduced.products == ((3, 4), (0, 2), (0, 1))  # the last is of no use, and free


def test_ground_state_of_a_random_polynomial():
    terms = {m: RNG.normal() for m in itertools.combinations(range(6), 3)}
    reduced = quadratize(terms)
    best = Exhaustive().sample(reduced.qubo, reads=1, seed=0)
    lowest = min(by_definition(terms, strings(6)))
    assert best.energies[0] == pytest.approx(lowest)
    assert polynomial_values(terms, best.bits[0][:6]) == pytest.approx(lowest)


@given(st.dictionaries(st.sets(st.integers(0, 3)).map(sorted).map(tuple), st.floats(-5, 5)))
def test_spins_and_bits_have_the_same_values(terms):
    bits = strings(4)
    expected = by_definition(terms, 2 * bits.astype(int) - 1)
    np.testing.assert_allclose(polynomial_values(from_spins(terms), bits), expected, atol=1e-12)


def test_collected_adds_what_is_the_same_monomial():
    assert collected({(1, 1, 0): 1.0, (0, 1): 2.0, (2,): 0.0, (): 3.0}) == {(0, 1): 3.0, (): 3.0}


@pytest.mark.parametrize(
    ("terms", "n", "message"),
    [
        ({(0, -1): 1.0}, None, "variables from 0 to"),
        ({(0, 3): 1.0}, 3, "variables from 0 to 2"),
        ({3: 1.0}, None, "tuples of ints"),
        ({(0.5,): 1.0}, None, "tuples of ints"),
        ({(0,): np.nan}, None, "finite"),
    ],
)
def test_bad_polynomials_are_refused(terms, n, message):
    with pytest.raises(ValueError, match=message):
        quadratize(terms, n)


@pytest.mark.parametrize("pairs", [[(1, 0)], [(0, 3)], [(0, 1, 2)], [(0, 1), (0, 4)]])
def test_pairs_are_of_variables_that_are_there(pairs):
    with pytest.raises(ValueError, match="`pairs` must hold"):
        quadratize({(0, 1, 2): 1.0}, pairs=pairs)


def test_large_terms_of_degree_two_do_not_hide_behind_rounding():
    reduced = quadratize({(0, 1): 1e7, (2,): 1.0 / 3.0, (0, 1, 2): 1e-3})
    assert (reduced.excess(reduced.complete(strings(3))) == 0).all()


def test_complete_wants_the_polynomials_bits_only():
    with pytest.raises(ValueError, match=r"shape \(..., 3\)"):
        quadratize({(0, 1, 2): 1.0}).complete([0, 1, 1, 0])
