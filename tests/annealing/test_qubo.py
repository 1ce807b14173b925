import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annealing import Coo, Qubo, as_coo, as_dense, qubo_from_matrix, qubo_from_terms, qubo_to_matrix
from annealing import qubo as qubo_module
from annealing.qubo import validated

numbers = st.floats(-100, 100, allow_subnormal=False)
squares = st.integers(0, 5).flatmap(lambda n: arrays(float, (n, n), elements=numbers))
n_terms = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), numbers), max_size=12)


@given(squares)
def test_energy_of_any_square_matrix_is_its_quadratic_form(matrix):
    n = len(matrix)
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    expected = [b @ matrix @ b + 0.5 for b in bits]
    dense = qubo_from_matrix(matrix, 0.5)
    for qubo in (dense, as_coo(dense), qubo_from_matrix(matrix.T, 0.5), validated(dense)):
        np.testing.assert_allclose(qubo.energy(bits), expected, rtol=1e-12, atol=1e-10)
    assert not np.tril(dense.quadratic).any()


@given(n_terms)
def test_terms_are_summed_whatever_their_order(terms):
    rows, cols, values = (
        (list(column) for column in zip(*terms, strict=True)) if terms else ([],) * 3
    )
    qubo = qubo_from_terms((rows, cols, values), n=5, offset=-1.0)
    bits = (np.arange(32)[:, None] >> np.arange(5)) & 1
    expected = [-1.0 + sum(v * b[i] * b[j] for i, j, v in terms) for b in bits]
    np.testing.assert_allclose(qubo.energy(bits), expected, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(as_dense(qubo).energy(bits), expected, rtol=1e-12, atol=1e-10)
    assert (qubo.quadratic.rows < qubo.quadratic.cols).all()
    assert len(set(zip(*qubo.quadratic[:2], strict=True))) == len(qubo.quadratic.values)


def test_terms_as_a_mapping():
    qubo = qubo_from_terms({(0, 1): 1.0, (1, 0): 2.0, (2,): -1.0, (2, 2): 0.5})
    np.testing.assert_array_equal(qubo_to_matrix(qubo), [[0, 3, 0], [0, 0, 0], [0, 0, -0.5]])


def test_isolated_variables_cost_nothing():
    qubo = qubo_from_terms({(1,): -1.0}, n=4)
    assert qubo.n_variables == 4
    assert qubo.energy([1, 1, 1, 1]) == -1.0


@pytest.mark.parametrize(
    "qubo", [qubo_from_matrix(np.zeros((0, 0)), 1.5), qubo_from_terms({}, offset=1.5)]
)
def test_no_variables_leave_the_offset(qubo):
    assert qubo.n_variables == 0
    assert qubo.energy([]) == 1.5
    np.testing.assert_array_equal(qubo.energy(np.zeros((3, 0))), [1.5] * 3)


def test_energy_keeps_leading_axes_and_takes_any_dtype():
    qubo = qubo_from_matrix(np.triu(np.ones((3, 3))))
    bits = np.random.default_rng(0).integers(0, 2, (2, 5, 3))
    assert qubo.energy(bits).shape == (2, 5)
    assert isinstance(qubo.energy(bits[0, 0]), float)
    for dtype in (bool, np.uint8, np.int8, np.float32):
        np.testing.assert_array_equal(qubo.energy(bits.astype(dtype)), qubo.energy(bits))


def test_matrix_round_trip():
    matrix = np.triu(np.random.default_rng(0).normal(size=(6, 6)))
    qubo = qubo_from_matrix(matrix, 2.0)
    for form in (qubo, as_coo(qubo), as_dense(as_coo(qubo))):
        np.testing.assert_array_equal(qubo_to_matrix(form), matrix)
        assert form.offset == 2.0


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    qubo, bits = qubo_from_matrix(rng.normal(size=(7, 7))), rng.integers(0, 2, (3, 50, 7))
    whole = qubo.energy(bits), as_coo(qubo).energy(bits)
    monkeypatch.setattr(qubo_module, "BLOCK", 40)
    np.testing.assert_allclose(qubo.energy(bits), whole[0], rtol=1e-12)
    np.testing.assert_allclose(as_coo(qubo).energy(bits), whole[1], rtol=1e-12)


def test_energy_of_many_reads_holds_bounded_memory():
    n, reads = 64, 20_000  # all pairs at once would take 20000 x 2016 doubles, over 300 MB
    qubo = as_coo(qubo_from_matrix(np.ones((n, n))))
    bits = np.ones((reads, n), dtype=np.uint8)
    tracemalloc.start()
    energies = qubo.energy(bits)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (energies == n * n).all()
    assert peak < 5 * 8 * qubo_module.BLOCK


def test_validated_keeps_what_a_hand_made_problem_says():
    lower = Qubo(np.array([1.0, 2.0]), np.array([[0.5, 0.0], [3.0, 0.0]]), 1.0)
    reversed_pair = Qubo(np.array([1.5, 2.0]), Coo([1, 0], [0, 1], [1.0, 2.0]), 1.0)
    for qubo in (lower, reversed_pair):
        clean = validated(qubo)
        np.testing.assert_array_equal(qubo_to_matrix(clean), [[1.5, 3.0], [0.0, 2.0]])
        assert clean.offset == 1.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: qubo_from_matrix([[1.0, 2.0]]), ValueError, "`matrix` must be square"),
        (lambda: qubo_from_matrix([1.0]), ValueError, "`matrix` must have 2 axes"),
        (lambda: qubo_from_matrix([[np.nan]]), ValueError, "`matrix` must be finite"),
        (lambda: qubo_from_matrix([[1j]]), TypeError, "`matrix` must be real"),
        (lambda: qubo_from_matrix([[1.0]], np.inf), ValueError, "`offset` must be finite"),
        (lambda: qubo_from_terms({(0, 1): np.nan}), ValueError, "`terms` must be finite"),
        (lambda: qubo_from_terms({(0, 3): 1.0}, n=3), ValueError, "indices from 0 to 2"),
        (lambda: qubo_from_terms({(-1, 0): 1.0}), ValueError, "indices from 0"),
        (lambda: qubo_from_terms({"ab": 1.0}), ValueError, "keys"),
        (lambda: qubo_from_terms({(0, 1, 2): 1.0}), ValueError, "keys"),
        (lambda: qubo_from_terms(([0.5], [1], [1.0])), ValueError, "integer indices"),
        (lambda: qubo_from_terms(([0, 1], [1], [1.0])), ValueError, "one length"),
        (lambda: qubo_from_matrix([[1.0]]).energy([[0, 1]]), ValueError, r"\(\.\.\., 1\)"),
        (lambda: qubo_from_matrix([[1.0]]).energy(0), ValueError, r"\(\.\.\., 1\)"),
        (lambda: qubo_from_matrix([[1.0]]).energy([[-1]]), ValueError, "0 and 1 only"),
        (lambda: qubo_from_matrix([[1.0]]).energy([[np.nan]]), ValueError, "0 and 1 only"),
        (lambda: validated(Qubo(np.zeros(2), np.zeros((3, 3)))), ValueError, "has 2"),
        (lambda: validated(Qubo(np.array([np.nan]), np.zeros((1, 1)))), ValueError, "linear` must"),
        (lambda: validated(Qubo(np.zeros(2), Coo([0], [2], [1.0]))), ValueError, "0 to 1"),
        (lambda: validated(Qubo(np.zeros(1), np.zeros((1, 1)), np.nan)), ValueError, "offset"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(make, error, message):
    with pytest.raises(error, match=message):
        make()
