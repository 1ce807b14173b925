import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annealing import (
    Coo,
    as_coo,
    as_dense,
    qubo_from_ising,
    qubo_from_matrix,
    qubo_from_terms,
    qubo_to_ising,
    qubo_to_matrix,
)

numbers = st.floats(-100, 100, allow_subnormal=False)
models = st.integers(0, 5).flatmap(
    lambda n: st.tuples(arrays(float, n, elements=numbers), arrays(float, (n, n), elements=numbers))
)


def spins(n):
    return 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) - 1


@given(models)
def test_qubo_of_an_ising_model_has_its_energies(model):
    h, J = model
    s = spins(len(h))
    expected = [h @ x + x @ J @ x + 0.5 for x in s]
    triples = Coo(*(np.indices(J.shape).reshape(2, -1)), J.ravel())
    for couplings in (J, triples):
        qubo = qubo_from_ising(h, couplings, 0.5)
        np.testing.assert_allclose(qubo.energy((s + 1) // 2), expected, rtol=1e-12, atol=1e-9)


@given(models)
def test_ising_model_of_a_qubo_has_its_energies(model):
    linear, matrix = model
    dense = qubo_from_matrix(matrix + np.diag(linear), 0.5)
    s = spins(len(linear))
    for qubo in (dense, as_coo(dense)):
        h, J, offset = qubo_to_ising(qubo)
        back = qubo_from_ising(h, J, offset)
        J = as_dense(qubo._replace(quadratic=J)).quadratic
        energies = s @ h + ((s @ J) * s).sum(axis=1) + offset
        np.testing.assert_allclose(energies, qubo.energy((s + 1) // 2), rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(back.linear, qubo.linear, rtol=1e-12, atol=1e-9)
        assert isinstance(back.quadratic, type(qubo.quadratic))


def test_agrees_with_dimod():
    import dimod

    rng = np.random.default_rng(0)
    h, J = rng.normal(size=5), np.triu(rng.normal(size=(5, 5)), 1)
    ours = qubo_from_ising(h, J, 1.0)
    couplings = {(i, j): J[i, j] for i in range(5) for j in range(i + 1, 5)}
    theirs, offset = dimod.ising_to_qubo(dict(enumerate(h)), couplings, 1.0)
    matrix = qubo_to_matrix(qubo_from_terms(theirs))
    np.testing.assert_allclose(qubo_to_matrix(ours), matrix, rtol=1e-12)
    assert ours.offset == pytest.approx(offset)


def test_a_symmetric_matrix_counts_each_pair_twice():
    assert qubo_from_ising([0, 0], [[0, 1], [1, 0]]).energy([1, 1]) == 2.0


@pytest.mark.parametrize(
    ("h", "J", "message"),
    [
        ([0.0, 0.0], np.zeros((3, 3)), "`J` must have 2 rows"),
        ([0.0], {(0, 1): 1.0}, "indices from 0 to 0"),
        ([np.nan], np.zeros((1, 1)), "`h` must be finite"),
        ([0.0], [[np.inf]], "must be finite"),
    ],
)
def test_bad_models_are_refused(h, J, message):
    with pytest.raises(ValueError, match=message):
        qubo_from_ising(h, J)
