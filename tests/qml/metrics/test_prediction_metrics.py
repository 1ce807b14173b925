"""Metrics of values and selections against scikit-learn's, with weights and resamples."""

import numpy as np
import pytest
from sklearn import metrics as sk

from qml.metrics import efficiency, mean_score, purity, r2, rmse

RNG = np.random.default_rng(0)
VALUES, PREDICTED = 1e6 + RNG.normal(size=50), 1e6 + RNG.normal(size=50)
LABELS, SCORES = RNG.integers(2, size=50), RNG.normal(size=50)
WEIGHTS = RNG.uniform(size=(3, 50))


@pytest.mark.parametrize("weights", [None, WEIGHTS[0]])
def test_values_are_those_of_scikit_learn(weights):
    of = {"sample_weight": weights}
    expected = (
        sk.r2_score(VALUES, PREDICTED, **of),
        sk.root_mean_squared_error(VALUES, PREDICTED, **of),
    )
    found = r2(PREDICTED, VALUES, weights), rmse(PREDICTED, VALUES, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("weights", [None, WEIGHTS[0]])
def test_selections_are_those_of_scikit_learn(weights):
    kept, of = SCORES > 0, {"sample_weight": weights}
    expected = sk.recall_score(LABELS, kept, **of), sk.precision_score(LABELS, kept, **of)
    found = efficiency(SCORES, LABELS, weights), purity(SCORES, LABELS, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_nothing_kept_is_pure():
    assert purity(-np.ones(4), [0, 1, 0, 1]) == 1
    assert efficiency(-np.ones(4), [0, 1, 0, 1]) == 0


@pytest.mark.parametrize("metric", [r2, rmse, mean_score, efficiency, purity])
def test_rows_of_weights_give_a_number_each(metric):
    labels = LABELS if metric in (efficiency, purity) else VALUES
    found = metric(SCORES, labels, WEIGHTS)
    np.testing.assert_allclose(found, [metric(SCORES, labels, w) for w in WEIGHTS])


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="must have one shape"):
        rmse([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="`scores` must be finite"):
        mean_score([np.nan], [0.0])
    with pytest.raises(ValueError, match="`labels` must hold different values"):
        r2([1.0, 2.0], [3.0, 3.0])
    with pytest.raises(ValueError, match="`weights` must have 2 columns"):
        rmse([1.0, 2.0], [3.0, 3.0], [1.0])
