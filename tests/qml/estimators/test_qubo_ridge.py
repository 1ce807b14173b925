import numpy as np
import pytest
from sklearn.linear_model import Ridge

from annealing import Exhaustive, SimulatedAnnealing, around, least_squares, twos_complement
from qml.annealed import zoom
from qml.estimators import QUBORidge
from qml.offloading import anneal

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)) * [1.0, 10.0, 0.1, 3.0] + [5.0, 0.0, -1.0, 2.0]
Y = X @ [2.0, -0.1, 30.0, 0.0] + 7.0 + RNG.normal(size=80)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_rounds_of_few_bits_reach_ridge(fit_intercept):
    options = {"alpha": 4.0, "fit_intercept": fit_intercept}
    zooming = {"bits": 2, "rounds": 14, "shrink": 0.4}
    exact = Ridge(**options).fit(X, Y)
    model = QUBORidge(
        SimulatedAnnealing(sweeps=100), reads=10, random_state=0, **zooming, **options
    )
    np.testing.assert_allclose(model.fit(X, Y).coef_, exact.coef_, atol=1e-3)
    np.testing.assert_allclose(model.predict(X), exact.predict(X), atol=1e-3)
    assert len(model.solutions_) == 14


def test_variants_are_ridge_and_its_rounding():
    model = QUBORidge(Exhaustive(), alpha=4.0, bits=3, box=2.0, random_state=0).fit(X, Y)
    relaxed, rounded = model.variant("relaxed"), model.variant("rounded")
    np.testing.assert_allclose(relaxed.coef_, Ridge(alpha=4.0).fit(X, Y).coef_, rtol=1e-5)
    unit = Y.std() / X.std(axis=0)
    step = 2 * 2.0 / 7 * unit
    assert (np.abs(rounded.coef_ - relaxed.coef_) <= step / 2 * (1 + 1e-9)).all()
    losses = model.solution_.losses
    assert losses["relaxed"] <= losses["annealed"] <= losses["rounded"]


def test_constant_features_and_targets():
    flat = np.c_[X[:, :1], np.ones(80)]
    model = QUBORidge(Exhaustive(), random_state=0).fit(flat, Y)
    assert np.isfinite(model.coef_).all()
    constant = QUBORidge(Exhaustive(), bits=2, rounds=12, random_state=0).fit(X, np.full(80, 3.0))
    np.testing.assert_allclose(constant.predict(X), 3.0, atol=5e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1.0}, "`alpha` must not be negative"),
        ({"bits": 0}, "`bits` must be an int from 1 on"),
        ({"box": 0.0}, "`box` must be positive"),
        ({"rounds": 0}, "`rounds` must be a positive int"),
        ({"reads": 0}, "`reads` must be a positive int"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        QUBORidge(**options).fit(X, Y)


def test_several_targets_are_refused_as_scikit_learn_does():
    with pytest.raises(ValueError, match="y should be a 1d array"):
        QUBORidge().fit(X, np.c_[Y, Y])


def test_rounding_beats_annealing_of_many_bits_and_zooming_beats_both():
    # 33 coefficients of 8 bits, 264 coupled variables: one anneal is no match for plain rounding.
    design, theta = RNG.normal(size=(100, 33)), RNG.uniform(-1, 1, 33)
    y = design @ theta
    problem = least_squares(design, y, twos_complement(33, 8, scale=2.0))
    assert problem.qubo.n_variables == 264
    many_bits = problem.loss(anneal(problem, SimulatedAnnealing(), reads=20).params)
    rounded = problem.loss(problem.decode(problem.nearest(theta)))
    assert many_bits > 10 * rounded
    few_bits = zoom(
        lambda centre, width: least_squares(design, y, around(centre, width, 2)),
        lambda each: anneal(each, SimulatedAnnealing(sweeps=50), reads=20).params,
        centre=np.zeros(33),
        width=2.0,
        rounds=15,
    )
    assert few_bits.losses.min() < rounded / 1000
