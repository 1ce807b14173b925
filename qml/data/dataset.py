"""What a data set is: named columns, labels, a fixed split, a digest and a card."""

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Dataset(NamedTuple):
    """Events with two classes, or with values to predict, and a split that never changes.

    `x` (N, f) float64; `y` (N,) int64 with 1 = signal, or float64 where it holds values (zeros
    where there is nothing to predict, as for a density); `features` and `units` name the f
    columns ("1" is dimensionless); `train` and `test` are disjoint row numbers; `sha256` is the
    digest of the arrays, whatever file they came from; `card` tells the story in markdown; `groups`
    (N,) int64, where there are any, number events that belong together: no random split parts them.

    >>> from qml.data import load_dataset
    >>> data = load_dataset("toy_rings")
    >>> x, y = data.x[data.train], data.y[data.train]
    >>> x.shape, y.shape
    ((200, 2), (200,))
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    features: tuple[str, ...]
    units: tuple[str, ...]
    train: np.ndarray
    test: np.ndarray
    sha256: str
    card: str
    groups: np.ndarray | None = None

    @property
    def has_classes(self) -> bool:
        """Whether `y` holds classes rather than values."""
        return holds_classes(self.y)


def holds_classes(y: np.ndarray) -> bool:
    """Whether targets (N,) are classes: whole numbers. Values are floats, whatever they are.

    >>> holds_classes(np.array([0, 1])), holds_classes(np.array([0.0, 1.0]))
    (True, False)
    """
    return y.dtype.kind in "iub"


def make_dataset(
    name: str,
    x: ArrayLike,
    y: ArrayLike,
    *,
    features: tuple[str, ...],
    train: ArrayLike,
    test: ArrayLike,
    units: tuple[str, ...] | None = None,
    card: str = "",
    classes: bool = True,
    groups: ArrayLike | None = None,
) -> Dataset:
    """Return a checked data set with its digest.

    Args:
        name: what messages and records call it.
        x: (N, f) finite features.
        y: (N,) labels, 1 for signal and 0 for background, or finite values.
        features: f column names.
        train: row numbers to train on; must hold both classes.
        test: row numbers to measure on; must hold both classes and share no row with `train`.
        units: f units; all "1" (dimensionless) where not given.
        card: a description in markdown.
        classes: whether `y` holds labels; else values, of which nothing is asked.
        groups: (N,) numbers of events that belong together.

    Returns:
        The data set.

    Raises:
        ValueError: on shapes that do not match, values that are not finite, labels other than
            0 and 1, and a split that overlaps, leaves the data or misses a class.

    >>> data = make_dataset("four", [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1],
    ...                     features=("a",), train=[0, 1], test=[2, 3])
    >>> data.units, data.sha256[:8]
    (('1',), '2ae43a45')
    """
    units = units or ("1",) * len(features)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y)
    _check_events(name, x, y, features, units, classes)
    rows = {"train": np.asarray(train), "test": np.asarray(test)}
    _check_split(name, y, classes, **rows)
    y = y.astype(np.int64 if classes else np.float64)
    if groups is not None:
        rows["groups"] = np.asarray(groups)
        if rows["groups"].shape != y.shape:
            raise ValueError(f"Data set `{name}`: `groups` must have shape {y.shape}.")
    arrays = {"x": x, "y": y, **{k: v.astype(np.int64) for k, v in rows.items()}}
    return Dataset(
        name, features=features, units=units, sha256=content_digest(arrays), card=card, **arrays
    )


def content_digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of names, types, shapes and little-endian bytes, so of content and not of a file.

    Args:
        arrays: named arrays of any shape; their order does not matter.

    Returns:
        64 hexadecimal digits.

    >>> content_digest({"a": np.arange(3)})[:8] == content_digest({"a": np.arange(3) + 1})[:8]
    False
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def fixed_permutation(n: int, seed: int) -> np.ndarray:
    """Return a permutation (n,) that is the same on every machine and NumPy version.

    NumPy promises the raw stream of a bit generator for ever, but not that of `permutation`.

    >>> fixed_permutation(5, seed=1).tolist()
    [2, 4, 0, 3, 1]
    """
    return np.argsort(np.random.PCG64(seed).random_raw(n), kind="stable")


def stratified_split(y: ArrayLike, train_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shuffle the rows and put the same share of each class into the training part.

    Args:
        y: (N,) labels 0 and 1.
        train_share: share of each class that is trained on, in (0, 1).
        seed: of the fixed permutation.

    Returns:
        Row numbers of the training part and of the rest, both in shuffled order.

    >>> train, test = stratified_split([0, 0, 0, 0, 1, 1], 0.5, seed=0)
    >>> train.size, test.size, sum(row >= 4 for row in train.tolist())
    (3, 3, 1)
    """
    y = np.asarray(y)
    order = fixed_permutation(y.size, seed)
    by_class = [order[y[order] == label] for label in (0, 1)]
    kept = np.concatenate([rows[: round(train_share * rows.size)] for rows in by_class])
    in_train = np.isin(order, kept)
    # Shuffled once more: towards the end of the first shuffle one class has filled its share, so
    # the rest would begin with rows of that class alone.
    parts = (order[in_train], order[~in_train])
    first, second = (rows[fixed_permutation(rows.size, seed + 1)] for rows in parts)
    return first, second


def _check_events(name, x, y, features, units, classes: bool) -> None:
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(
            f"Data set `{name}` must have x (N, f) and y (N,), but has {x.shape} and {y.shape}."
        )
    if not len(features) == len(units) == x.shape[1]:
        raise ValueError(
            f"Data set `{name}` must name {x.shape[1]} features and units, "
            f"but names {len(features)} and {len(units)}."
        )
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if bad.size:
        raise ValueError(
            f"Data set `{name}` must be finite, but {bad.size} rows hold NaN or infinity, "
            f"the first is row {bad[0]}."
        )
    if not classes and not np.isfinite(y).all():
        raise ValueError(f"Data set `{name}` must have finite values `y`, but has not.")
    if classes and not np.isin(y, (0, 1)).all():
        raise ValueError(f"Data set `{name}` must have labels 0 and 1, but has {np.unique(y)[:4]}.")


def _check_split(name, y, classes: bool, train, test) -> None:
    rows = np.concatenate([train, test])
    if rows.dtype.kind not in "iu" or not np.isin(rows, np.arange(y.size)).all():
        raise ValueError(f"Data set `{name}` must be split by row numbers from 0 to {y.size - 1}.")
    if np.unique(rows).size != rows.size:
        raise ValueError(f"Data set `{name}` must not use a row twice in its split, but does.")
    for part, chosen in {"train": train, "test": test}.items():
        if classes and np.unique(y[chosen]).size != 2:
            raise ValueError(f"Data set `{name}` must have both classes in `{part}`, but has not.")
