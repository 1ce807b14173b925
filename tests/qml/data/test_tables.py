"""Data sets of scikit-learn, pictures, values and groups: what is in them, and their digests."""

import numpy as np
import pytest

from qml.data import load_dataset, make_dataset
from qml.data.tables import sklearn_table

DIGESTS = {
    "sklearn_breast_cancer": ("e04d5b827f", (569, 30), 212),
    "sklearn_wine": ("165a0bc7c5", (130, 13), 71),
    "sklearn_digits_3_8": ("fe1a9ffd98", (357, 64), 174),
}
VALUES = {
    "sklearn_diabetes": ("3c4ee59068", (442, 10)),
    "sklearn_digits_binary": ("a810e14b9b", (1797, 64)),
    "bars_and_stripes": ("8148ac38e0", (600, 16)),
}


@pytest.mark.parametrize("name", DIGESTS)
def test_tables_of_two_classes(name):
    data, (digest, shape, signal) = load_dataset(name), DIGESTS[name]
    assert (data.sha256[:10], data.x.shape, int(data.y.sum())) == (digest, shape, signal)
    assert data.has_classes
    assert abs(data.y[data.train].mean() - data.y[data.test].mean()) < 0.02


@pytest.mark.parametrize("name", VALUES)
def test_tables_of_values(name):
    data, (digest, shape) = load_dataset(name), VALUES[name]
    assert (data.sha256[:10], data.x.shape) == (digest, shape)
    assert not data.has_classes
    assert data.y.dtype == np.float64


def test_pictures_are_bits_and_bars_and_stripes_are_equally_likely():
    bars, digits = load_dataset("bars_and_stripes"), load_dataset("sklearn_digits_binary")
    assert set(np.unique(bars.x)) == set(np.unique(digits.x)) == {0.0, 1.0}
    _, counts = np.unique(bars.x, axis=0, return_counts=True)
    assert counts.tolist() == [20] * 30


def test_values_and_groups_are_checked():
    good = {"x": np.eye(3), "features": ("a", "b", "c"), "train": [0, 1], "test": [2]}
    data = make_dataset("v", y=[0.5, 1.0, 2.0], classes=False, groups=[0, 0, 1], **good)
    assert data.groups is not None
    assert data.sha256 != make_dataset("v", y=[0.5, 1.0, 2.0], classes=False, **good).sha256
    with pytest.raises(ValueError, match="must have finite values `y`"):
        make_dataset("v", y=[0.5, np.nan, 2.0], classes=False, **good)
    with pytest.raises(ValueError, match="`groups` must have shape"):
        make_dataset("v", y=[0.5, 1.0, 2.0], classes=False, groups=[0, 1], **good)
    with pytest.raises(ValueError, match="must be one of sklearn_breast_cancer"):
        sklearn_table("iris")
