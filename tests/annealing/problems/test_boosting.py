import numpy as np
import pytest

from annealing import (
    Exhaustive,
    boosting,
    fixed_point,
    quadratic_problem,
    qubo_from_matrix,
    qubo_to_matrix,
)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (40, 6)), rng.choice([-1, 1], 40)


def test_coefficients_are_the_published_ones(data):
    # QBoost, arXiv:0811.0416: Q_ii = h_i.h_i / c^2 - 2 h_i.y / c + penalty, Q_ij = 2 h_i.h_j / c^2,
    # each over N; the constant is the mean of the labels squared.
    H, y = data
    N, m = H.shape
    expected = np.zeros((m, m))
    for i in range(m):
        expected[i, i] = (H[:, i] @ H[:, i] / m**2 - 2 * H[:, i] @ y / m) / N + 0.1
        for j in range(i + 1, m):
            expected[i, j] = 2 * H[:, i] @ H[:, j] / m**2 / N
    problem = boosting(H, y, penalty=0.1, scale=m)
    np.testing.assert_allclose(qubo_to_matrix(problem.qubo), expected, rtol=1e-12, atol=1e-15)
    assert problem.qubo.offset == pytest.approx(1.0)


def law_gap(qubo, problem, bits):
    return np.abs(qubo.energy(bits) - problem.loss(problem.decode(bits))).max()


def test_law_catches_the_lost_factor_two(data, all_bits):
    # Published example code set Q_ij = h_i.h_j for i < j alone, half of what the square gives.
    H, y = data
    problem, bits = boosting(H, y), all_bits(6)
    halved = problem.qubo._replace(quadratic=problem.qubo.quadratic / 2)
    assert law_gap(problem.qubo, problem, bits) < 1e-12
    assert law_gap(halved, problem, bits) > 0.01


def test_the_lost_factor_two_keeps_too_many():
    # What the slip does: pairs of like classifiers cost too little, so more of them are kept, and
    # the loss that was meant is greater.
    rng = np.random.default_rng(0)
    y = rng.choice([-1, 1], 300)
    H = np.where(rng.random((300, 14)) < np.linspace(0.75, 0.55, 14), y[:, None], -y[:, None])
    problem = boosting(H, y, scale=5.0)
    halved = problem.qubo._replace(quadratic=problem.qubo.quadratic / 2)
    right, wrong = (
        Exhaustive().sample(qubo, reads=1, seed=0).bits[0] for qubo in (problem.qubo, halved)
    )
    assert wrong.sum() > right.sum()
    assert problem.loss(problem.decode(wrong)) > 1.01 * problem.loss(problem.decode(right))


def test_law_catches_the_lost_triangle(data, all_bits):
    # Zooming in, the weights are low + step * bits, and the linear part needs 2 A low. Published
    # code took the upper triangle of A there, which drops half of the couplings to the shift.
    H, y = data
    A, b = H.T @ H / len(y), -2 * H.T @ y / len(y)
    low, step = np.linspace(-0.5, 0.7, 6), 0.25
    problem = quadratic_problem(
        A, b, 1.0, fixed_point(6, 1, low, low + step), loss=lambda t: ((t @ H.T - y) ** 2).mean(-1)
    )

    def zoomed(product):
        linear = step * (b + product)
        return qubo_from_matrix(step**2 * A + np.diag(linear), low @ A @ low + b @ low + 1.0)

    bits = all_bits(6)
    assert law_gap(problem.qubo, problem, bits) < 1e-12
    assert law_gap(zoomed(2 * A @ low), problem, bits) < 1e-12
    assert law_gap(zoomed(2 * np.triu(A) @ low), problem, bits) > 0.01


def test_weights_count_events(data):
    H, y = data
    repeats = np.random.default_rng(1).integers(0, 4, len(y))
    weighted = boosting(H, y, weights=0.3 * repeats)
    repeated = boosting(np.repeat(H, repeats, axis=0), np.repeat(y, repeats))
    np.testing.assert_allclose(
        qubo_to_matrix(weighted.qubo), qubo_to_matrix(repeated.qubo), rtol=1e-12, atol=1e-15
    )
    theta = np.linspace(0, 1, 6)
    assert weighted.loss(theta) == pytest.approx(repeated.loss(theta))


def test_bits_give_levels_from_zero_to_one(data, all_bits):
    problem = boosting(*data, bits=2)
    assert problem.qubo.n_variables == problem.details["variables"] == 12
    levels = np.unique(problem.decode(all_bits(12)))
    np.testing.assert_allclose(levels, [0, 1 / 3, 2 / 3, 1], atol=1e-15)


def test_more_levels_never_cost_more(data):
    best = [
        Exhaustive().sample(boosting(*data, scale=2.0, bits=bits).qubo, reads=1, seed=0).energies[0]
        for bits in (1, 2, 3)
    ]
    # Levels of 1 bit are among those of 2 bits and of 3 bits.
    assert best[1] <= best[0] + 1e-12
    assert best[2] <= best[0] + 1e-12


def test_penalty_and_scale_select():
    rng = np.random.default_rng(0)
    y = rng.choice([-1, 1], 200)
    right = rng.random((200, 12)) < np.linspace(0.9, 0.5, 12)  # from good classifiers to coins
    H = np.where(right, y[:, None], -y[:, None])

    def kept(**options):
        problem = boosting(H, y, **options)
        return Exhaustive().sample(problem.qubo, reads=1, seed=0).bits[0]

    assert kept(scale=12).sum() > kept().sum() > kept(penalty=0.2).sum() >= 1
    assert kept(penalty=10.0).sum() == 0
    assert kept(penalty=0.2)[-4:].sum() == 0
    assert boosting(H, y).details["scale"] == pytest.approx(np.sqrt(12))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 1]}, r"holds \[0.0, 1.0\]; labels in \{0, 1\} become 2 \* labels - 1"),
        ({"labels": [1, -1, 1]}, "must have one N > 0"),
        ({"outputs": np.zeros((2, 0))}, "must have one N > 0"),
        ({"outputs": [[0.5], [1.5]]}, r"must lie in \[-1, 1\]"),
        ({"outputs": [[0.5], [np.nan]]}, "`outputs` must be finite"),
        ({"weights": [1.0, -1.0]}, "positive sum"),
        ({"weights": [1.0]}, r"must have shape \(2,\)"),
        ({"scale": 0.0}, "`scale` must be positive"),
        ({"penalty": np.nan}, "`penalty` must be finite"),
        ({"bits": 0}, "`bits` must be an int from 1 on"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"outputs": [[0.5], [-0.5]], "labels": [1, -1], **change}
    with pytest.raises(ValueError, match=message):
        boosting(**arguments)
