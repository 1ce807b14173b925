"""The dual support vector machine: its bits, its minimum, and what its price stands for."""

import numpy as np
import pytest
from scipy.optimize import minimize

from annealing import Exhaustive, qubo_to_matrix, svm_dual
from annealing.problems.svm_dual import svm_dual_variables

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 2)), np.array([1, -1, 1, 1, -1])
KERNEL = np.exp(-((X[:, None] - X) ** 2).sum(axis=-1))


def test_coefficients_are_those_of_the_formula():
    # Written out bit by bit: base^(k + l) y_n y_m (k(x_n, x_m) / 2 + xi), less base^k on the
    # diagonal, of the most significant bit first.
    Q = np.zeros((10, 10))
    for n, k, m, j in np.ndindex(5, 2, 5, 2):
        power = 3.0 ** (1 - k) * 3.0 ** (1 - j)
        Q[2 * n + k, 2 * m + j] += power * Y[n] * Y[m] * (KERNEL[n, m] / 2 + 0.7)
        Q[2 * n + k, 2 * m + j] -= 3.0 ** (1 - k) if (n, k) == (m, j) else 0.0
    problem = svm_dual(KERNEL, Y, bits=2, base=3.0, xi=0.7)
    expected = np.triu(Q) + np.tril(Q, -1).T
    np.testing.assert_allclose(qubo_to_matrix(problem.qubo), expected, atol=1e-12)
    assert problem.qubo.n_variables == svm_dual_variables(5, 2)


def test_the_ground_state_is_the_best_of_all_machines():
    problem = svm_dual(KERNEL, Y, bits=2, C=1.5)
    levels = [0.0, 0.5, 1.0, 1.5]
    every = np.array(np.meshgrid(*[levels] * 5)).reshape(5, -1).T
    signed = every * Y
    losses = (signed @ KERNEL * signed).sum(1) / 2 - every.sum(1) + signed.sum(1) ** 2
    found = Exhaustive().sample(problem.qubo, reads=1, seed=0)
    np.testing.assert_allclose(problem.decode(found.bits[0]), every[losses.argmin()])
    assert found.energies[0] == pytest.approx(losses.min())


def test_without_bits_it_is_nearly_the_machine_of_libsvm():
    # The dual of libsvm has the balance as a constraint, whose multiplier is the bias b. A price xi
    # in its stead can lower the minimum by b^2 / (4 xi) at most, by Lagrange's dual.
    from sklearn.svm import SVC

    x = np.r_[RNG.normal(1, 1, (15, 2)), RNG.normal(-1, 1, (15, 2))]
    y = np.repeat([1, -1], 15)
    exact = SVC(C=2.0, kernel="linear", tol=1e-8).fit(x, y)
    alpha = np.zeros(30)
    alpha[exact.support_] = np.abs(exact.dual_coef_[0])
    for xi in (1.0, 10.0):
        problem = svm_dual(x @ x.T, y, bits=3, C=2.0, xi=xi)
        gain = problem.loss(alpha) - problem.loss(problem.relaxed())
        assert -1e-5 < gain < exact.intercept_[0] ** 2 / (4 * xi) + 1e-5


def test_the_price_is_a_constant_added_to_the_kernel():
    free = svm_dual(KERNEL + 2 * 0.8, Y, xi=0.0)
    priced = svm_dual(KERNEL, Y, xi=0.8)
    np.testing.assert_allclose(
        qubo_to_matrix(free.qubo), qubo_to_matrix(priced.qubo), rtol=1e-12, atol=1e-12
    )


def test_more_levels_never_cost_more_and_the_relaxed_is_below():
    exact = [
        Exhaustive().sample(svm_dual(KERNEL, Y, bits=bits, C=1.0).qubo, reads=1, seed=0).energies[0]
        for bits in (1, 2)
    ]
    signs = np.outer(Y, Y)
    least = minimize(
        lambda a: a @ ((KERNEL / 2 + 1.0) * signs) @ a - a.sum(),
        np.full(5, 0.5),
        bounds=[(0, 1)] * 5,
    )
    problem = svm_dual(KERNEL, Y, C=1.0)
    assert problem.loss(problem.relaxed()) == pytest.approx(least.fun, abs=1e-6)
    assert least.fun - 1e-9 <= exact[1] <= exact[0] + 1e-12


def test_levels_go_from_zero_to_the_largest():
    most = svm_dual(KERNEL, Y, bits=3).nearest(np.full(5, 9.0))
    assert svm_dual(KERNEL, Y, bits=3).decode(most).tolist() == [7.0] * 5
    assert svm_dual(KERNEL, Y, bits=3, base=10.0, C=1.11).decode(np.eye(15)[2])[0] == 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 1]}, r"labels in \{0, 1\} become"),
        ({"labels": [1]}, r"must have shapes \(N, N\)"),
        ({"kernel": np.ones((2, 3))}, r"must have shapes \(N, N\)"),
        ({"kernel": [[np.nan, 0], [0, 1]]}, "`kernel` must be finite"),
        ({"bits": 0}, "`bits` must be"),
        ({"base": 0.0}, "`base` must be positive"),
        ({"C": 0.0}, "`C` must be positive"),
        ({"xi": -1.0}, "`xi` must not be negative"),
    ],
)
def test_bad_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        svm_dual(**{"kernel": np.eye(2), "labels": [1, -1], **change})
