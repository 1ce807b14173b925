import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from annealing import Exhaustive, SimulatedAnnealing
from qml.estimators import QUBOFeatureSelector

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(300, 4))
# Features 4 and 5 repeat 0 and 1 with a little noise; 2 and 3 tell nothing.
X = np.c_[Z, Z[:, :2] + 0.05 * RNG.normal(size=(300, 2))]
Y = Z[:, 0] + Z[:, 1]


@pytest.mark.parametrize("search", ["bisection", "penalty"])
@pytest.mark.parametrize("method", ["correlation", "mutual_information"])
@pytest.mark.parametrize("target", ["numbers", "classes", "names"])
def test_keeps_one_of_each_pair_that_tells_the_same(search, method, target):
    y = {"numbers": Y, "classes": (Y > 0) * 1, "names": np.where(Y > 0, "s", "b")}[target]
    selector = QUBOFeatureSelector(
        2, method=method, search=search, bins=8, sampler=Exhaustive(), random_state=0
    )
    kept = selector.fit(X, y).get_support()
    assert kept.sum() == 2
    assert kept[0] + kept[4] == kept[1] + kept[5] == 1
    assert 0 < selector.alpha_ < 1
    assert selector.transform(X).shape == (300, 2)


@pytest.mark.parametrize("count", [1, 3, 6])
@pytest.mark.parametrize("search", ["bisection", "penalty"])
def test_any_number_can_be_asked_for(search, count):
    selector = QUBOFeatureSelector(count, search=search, sampler=Exhaustive(), random_state=0)
    assert selector.fit(X, Y).get_support().sum() == count


def test_the_penalty_ends_a_bisection_that_cannot():
    # Features that tell nothing are never kept for their relevance.
    X_flat = np.c_[X[:, 0], np.ones((300, 2))]
    selector = QUBOFeatureSelector(2, sampler=Exhaustive(), max_rounds=5, random_state=0)
    selector.fit(X_flat, Y)
    assert selector.get_support().sum() == 2
    assert selector.get_support()[0]
    assert len(selector.solutions_) == 6
    assert selector.problem_.details["count"] == 2


def test_whole_numbers_are_classes_only_where_they_are_few():
    few, many = RNG.integers(0, 3, 300), np.arange(300)
    options = {"sampler": Exhaustive(), "random_state": 0}
    by_class = QUBOFeatureSelector(**options).fit(X, few)
    forced = QUBOFeatureSelector(discrete_target=False, **options).fit(X, few)
    assert (by_class.relevance_ >= forced.relevance_ - 1e-12).all()
    assert QUBOFeatureSelector(**options).fit(X, many).relevance_.max() < 0.5


def test_variants_keep_as_many():
    selector = QUBOFeatureSelector(3, search="penalty", sampler=Exhaustive(), random_state=0)
    selector.fit(X, Y)
    for kind in ("rounded", "relaxed"):
        assert selector.variant(kind).get_support().sum() == 3


def test_works_offline_in_a_pipeline():
    x, y = load_breast_cancer(return_X_y=True)
    selector = QUBOFeatureSelector(
        8, sampler=SimulatedAnnealing(sweeps=100), reads=10, random_state=0
    )
    model = make_pipeline(StandardScaler(), selector, LogisticRegression()).fit(x[::2], y[::2])
    assert model[:-1].transform(x).shape == (569, 8)
    assert model.score(x[1::2], y[1::2]) > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_features_to_select": 7}, "`n_features_to_select` must be None or an int from 1 to 6"),
        ({"n_features_to_select": 0.5}, "`n_features_to_select` must be None"),
        ({"method": "mi"}, "`method` must be 'correlation'"),
        ({"search": "grid"}, "`search` must be 'bisection'"),
        ({"search": "penalty", "alpha": 2.0}, "`alpha` must lie in"),
        ({"method": "mutual_information", "bins": 1}, "`bins` must be an int from 2 on"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        QUBOFeatureSelector(**options).fit(X, Y)
