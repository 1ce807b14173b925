"""Small tables and pictures that come with scikit-learn, and pictures of a known distribution.

They are what papers on annealer-trained models use. Nothing is downloaded.
"""

from typing import Any

import numpy as np

from qml.data.dataset import Dataset, make_dataset, stratified_split
from qml.data.patterns import bars_and_stripes

TRAIN_SHARE = 0.7  # of the fixed split; specs that deal folds use all rows
# scikit-learn's numbers of the two classes, background first.
PAIRS = {
    "sklearn_breast_cancer": (1, 0),
    "sklearn_wine": (0, 1),
    "sklearn_digits_3_8": (3, 8),
}
BRIGHT = 8  # of 16: from this on a pixel of the binarised digits is on


def sklearn_table(name: str) -> Dataset:
    """A table of scikit-learn as a task of two classes, or of values.

    Args:
        name: "sklearn_breast_cancer" (569 events, 30 features; malignant is signal), "sklearn_wine"
            (130 events of the first two cultivars, 13 features; the second is signal),
            "sklearn_digits_3_8" (357 pictures of 8x8 pixels; 8 is signal), or "sklearn_diabetes"
            (442 events, 10 features; the value is the progression after a year).

    Raises:
        ValueError: another name.

    >>> data = sklearn_table("sklearn_wine")
    >>> data.x.shape, int(data.y.sum())
    ((130, 13), 71)
    """
    from sklearn import datasets

    load = {
        "sklearn_breast_cancer": datasets.load_breast_cancer,
        "sklearn_wine": datasets.load_wine,
        "sklearn_digits_3_8": datasets.load_digits,
        "sklearn_diabetes": datasets.load_diabetes,
    }
    if name not in load:
        raise ValueError(f"Argument `name` must be one of {', '.join(load)}, but is {name!r}.")
    found: Any = load[name]()
    if name not in PAIRS:
        return _made(name, found, found.data, found.target, classes=False)
    background, signal = PAIRS[name]
    kept = np.isin(found.target, (background, signal))
    return _made(name, found, found.data[kept], (found.target[kept] == signal).astype(int))


def binary_digits() -> Dataset:
    """The 1797 handwritten digits of 8x8 pixels as bits, for models of their distribution.

    >>> binary_digits().x.shape, binary_digits().has_classes
    ((1797, 64), False)
    """
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    card = f"scikit-learn's digits; pixels of {BRIGHT} and more (of 16) are 1. No labels."
    return _unlabelled("sklearn_digits_binary", found.data >= BRIGHT, card)


def bars_and_stripes_events(side: int = 4, copies: int = 20) -> Dataset:
    """Each picture of bars or stripes `copies` times, so that splits leave most of each.

    No model has a mean log-likelihood above minus the logarithm of the number of pictures.

    Args:
        side: of the pictures, in pixels.
        copies: of each picture.

    >>> bars_and_stripes_events().x.shape
    (600, 16)
    """
    pictures = np.repeat(bars_and_stripes(side), copies, axis=0)
    count = len(pictures) // copies
    card = f"{count} pictures of {side}x{side} bits, {copies} times each; entropy log({count})."
    return _unlabelled("bars_and_stripes", pictures, card)


def _made(name: str, found: Any, x: np.ndarray, y: np.ndarray, *, classes: bool = True) -> Dataset:
    # Rows come ordered by class in some of these tables: shuffled, and classes in equal shares.
    train, test = stratified_split(y if classes else np.arange(len(y)) % 2, TRAIN_SHARE, seed=0)
    features = tuple(str(feature) for feature in found.feature_names)
    card = f"From scikit-learn.\n\n{found.DESCR.strip()}"
    return make_dataset(
        name, x, y, features=features, train=train, test=test, card=card, classes=classes
    )


def _unlabelled(name: str, pictures: np.ndarray, card: str) -> Dataset:
    train, test = stratified_split(np.arange(len(pictures)) % 2, TRAIN_SHARE, seed=0)
    features = tuple(f"pixel{i}" for i in range(pictures.shape[1]))
    nothing = np.zeros(len(pictures))
    return make_dataset(
        name, pictures, nothing, features=features, train=train, test=test, card=card, classes=False
    )
