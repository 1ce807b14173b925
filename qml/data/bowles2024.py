"""The data sets of "Better than classical?" (Bowles, Ahmed & Schuld, arXiv:2403.07059).

The authors publish scripts (github XanaduAI/qml-benchmarks, paper/benchmarks, Apache-2.0), not the
files. In each script one stream of NumPy's legacy generator runs through all its data sets, so a
data set depends on those before it; the scripts are followed here draw by draw.
"""

import csv
import hashlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from qml.data.dataset import Dataset, make_dataset
from qml.data.fetching import MIRROR, DataFile, find_file

ROWS, TEST_ROWS, DIMENSIONS = 300, 60, range(2, 21)
PINS = Path(__file__).parent / "files" / "bowles2024.csv"
HOME = "bowles2024/datasets"
MNIST_URL = (
    "https://raw.githubusercontent.com/XanaduAI/qml-benchmarks/"
    "0bbf84855d4da9099adea6a7522029795664d05b/paper/plots/datasets-for-plots/mnist_pca-/"
)
MNIST_FILES = {
    ("mnist_3-5_2d-250", "train"): (
        19_131,
        "cda030a31d6142a2f203a917c15297cdbf44626d108cf08927ce6808db3da3e4",
    ),
    ("mnist_3-5_2d-250", "test"): (
        19_134,
        "e3709f5e11a5afc4a1835487f652bbe6fed45357b5ce56df6e55ebdeeadc4e55",
    ),
    ("mnist_3-5_10d-250", "train"): (
        70_141,
        "d150f8769a3375b287807e92cec2ac0a3b657e2bca5507a9b816ceb04395e046",
    ),
    ("mnist_3-5_10d-250", "test"): (
        70_189,
        "5f1bb95078f699b92b767fc8cc8e0ad32ebd720e256de1149279b2a8fd788b19",
    ),
}
Tables = tuple[np.ndarray, np.ndarray]  # training, test rows; label -1 or +1 is the last column


def load_bowles2024(name: str, folder: str | os.PathLike | None = None) -> Dataset:
    """Load one of the 116 data sets on which the paper's classical rows can be re-made.

    The authors' files are taken where `folder` or the folder that QML_DATA_MIRROR names holds them
    as `bowles2024/datasets/<task>/<data set>_{train,test}.csv`. Otherwise a synthetic data set is
    generated, and the two of MNIST PCA- are downloaded. Whatever its origin, its content must have
    the pinned digest.

    Args:
        name: `<task>/<data set>`, one of `bowles2024_names()`.
        folder: where files are looked for first.

    Returns:
        240 training and 60 test rows (MNIST PCA-: 250 and 250), label 1 for the paper's +1.

    Raises:
        ValueError: on an unknown name, or content that is not the published one.
        FileNotFoundError: where a file of MNIST PCA- is missing and cannot be downloaded.

    >>> data = load_bowles2024("linearly_separable/linearly_separable_2d")
    >>> data.x[data.test].shape, int(data.y[data.test].sum())
    ((60, 2), 30)
    """
    if name not in _pins():
        raise ValueError(
            f"Argument `name` must be one of {len(_pins())} as {next(iter(_pins()))!r} "
            f"(`bowles2024_names` lists them), but is {name!r}."
        )
    task, stem = name.split("/")
    if task == "mnist_pca-":
        train, test = _mnist(stem, folder)
    else:
        train, test = _stored(task, stem, folder) or _generated(task)[name]
    if _digest(train, test) != _pins()[name]:
        raise ValueError(
            f"Data set {name!r} is not the published one; if it was read from the folder that "
            f"{MIRROR} names, remove it there and it is generated again."
        )
    both = np.concatenate([train, test])
    features = tuple(f"x{index}" for index in range(both.shape[1] - 1))
    rows = np.arange(len(both))
    return make_dataset(
        f"bowles2024/{name}",
        both[:, :-1],
        both[:, -1] > 0,
        features=features,
        train=rows[: len(train)],
        test=rows[len(train) :],
        card=f"# {name}\n\nBowles, Ahmed & Schuld, arXiv:2403.07059. Licence: Apache-2.0.\n",
    )


def bowles2024_names() -> tuple[str, ...]:
    """Return the names of all data sets as `<task>/<data set>`.

    >>> len(bowles2024_names())
    116
    """
    return tuple(_pins())


@cache
def _pins() -> dict[str, str]:
    with PINS.open(newline="", encoding="utf-8") as lines:
        return {line["name"]: line["sha256"] for line in csv.DictReader(lines)}


def _digest(train: np.ndarray, test: np.ndarray) -> str:
    """SHA-256 of the values in whole millionths: another BLAS or CPU moves the 15th digit."""
    digest = hashlib.sha256()
    for part in (train, test):
        digest.update(f"{part.shape}".encode())
        digest.update(np.rint(part * 1e6).astype("<i8").tobytes())
    return digest.hexdigest()


def _mnist(stem: str, folder: str | os.PathLike | None) -> Tables:
    files = [
        DataFile(f"{stem}_{part}.csv", *MNIST_FILES[stem, part], f"{MNIST_URL}{stem}_{part}.csv")
        for part in ("train", "test")
    ]
    train, test = (find_file(f"{HOME}/mnist_pca-", file, folder) for file in files)
    return _read(train), _read(test)


def _stored(task: str, stem: str, folder: str | os.PathLike | None) -> Tables | None:
    """The authors' files, which lie as their script writes them: both TWO CURVES in one folder."""
    home = "two_curves_diff" if task == "two_curves" else task
    for place in (folder, os.environ.get(MIRROR)):
        train, test = (
            Path(place or "") / HOME / home / f"{stem}_{p}.csv" for p in ("train", "test")
        )
        if place and train.is_file() and test.is_file():
            return _read(train), _read(test)
    return None


def _read(file: Path) -> np.ndarray:
    return np.loadtxt(file, delimiter=",", ndmin=2)


@cache
def _generated(task: str) -> dict[str, Tables]:
    """All data sets of the script that writes a task."""
    scripts: dict[str, Callable[[], Iterator]] = {
        "linearly_separable": _linearly_separable,
        "hidden_manifold": _hidden_manifold,
        "hyperplanes": _hyperplanes,
        "two_curves": _two_curves,
    }
    return {name: (train, test) for name, train, test in scripts[task.removesuffix("_diff")]()}


def _linearly_separable() -> Iterator:
    """Uniform in a cube, without a margin around the plane orthogonal to (1, ..., 1)."""
    draw = np.random.RandomState(42)
    for d in DIMENSIONS:
        x = 2 * draw.rand(2 * ROWS, d) - 1
        height = np.array([row @ np.ones(d) for row in x])
        kept = np.flatnonzero(np.abs(height) > 0.02 * d)[:ROWS]
        parts = _split(draw, x[kept], np.where(height[kept] > 0, -1, 1))
        yield f"linearly_separable/linearly_separable_{d}d", *parts


def _hidden_manifold() -> Iterator:
    """A Gaussian of dimension m, folded into d dimensions, labelled by a random neural network."""
    draw = np.random.RandomState(3)
    stem = "hidden_manifold/hidden_manifold-6manifold-{}d"
    stem_diff = "hidden_manifold_diff/hidden_manifold-10d-{}manifold"
    sizes = [(stem.format(d), d, 6) for d in DIMENSIONS]
    sizes += [(stem_diff.format(m), 10, m) for m in DIMENSIONS]
    for name, d, m in sizes:
        folding, hidden = draw.normal(size=(m, d)), draw.normal(size=(ROWS, m))
        x = np.tanh(hidden @ folding / np.sqrt(m) - (2 * draw.uniform(size=d) - 1))
        inner, outer = draw.normal(size=(m, m)), draw.normal(size=m)
        height = np.tanh(hidden @ inner.T) @ outer
        yield name, *_split(draw, x, np.where(height < np.median(height), -1, 1))


def _hyperplanes() -> Iterator:
    """On how many of n planes' positive sides does a point lie: an even or an odd number?"""
    draw = np.random.RandomState(1)
    for n in DIMENSIONS:
        normals, biases = draw.uniform(size=(n, 3)), draw.uniform(size=n)
        x = draw.normal(size=(4 * ROWS, 3))
        even = (x @ normals.T + biases > 0).sum(axis=1) % 2 == 0
        x = np.concatenate([x[even][: ROWS // 2], x[~even][: ROWS // 2]])
        x = _standardised(x @ draw.uniform(size=(3, 10)))
        yield f"hyperplanes_diff/hyperplanes-10d-from3d-{n}n", *_split(draw, x, _halves())


def _two_curves() -> Iterator:
    """Two copies of a closed curve, given by Fourier series, an offset apart."""
    draw = np.random.RandomState(3)
    stem, stem_diff = "two_curves/two_curves-5degree-0.1offset-{}d", "two_curves_diff/two_curves-"
    sizes = [(stem.format(d), d, 5, 0.1) for d in DIMENSIONS]
    sizes += [(f"{stem_diff}10d-{g}degree", 10, g, 1 / (2 * g)) for g in DIMENSIONS]
    for name, d, degree, offset in sizes:
        series = draw.uniform(size=(d, degree + 1, 2))
        series /= np.linalg.norm(series)
        times, noise = np.empty((ROWS, 1)), np.empty((ROWS, d))
        for row in range(ROWS):  # the draws alternate
            times[row], noise[row] = draw.rand(), draw.normal(scale=0.01, size=d)
        x = np.tile(series[:, 0, 0] + series[:, 0, 1], (ROWS, 1))
        for k in range(1, degree + 1):  # summed in the authors' order, for the last digit's sake
            phase = k * np.pi * times
            x += series[:, k, 0] * np.cos(phase) + series[:, k, 1] * np.sin(phase)
        x += noise
        x[ROWS // 2 :] += offset
        yield name, *_split(draw, _standardised(x), _halves())


def _split(draw: np.random.RandomState, x: np.ndarray, y: np.ndarray) -> Tables:
    """As scikit-learn's `train_test_split` draws it: the first of a permutation are the test."""
    order, table = draw.permutation(ROWS), np.column_stack([x, y])
    return table[order[TEST_ROWS:]], table[order[:TEST_ROWS]]


def _halves() -> np.ndarray:
    return np.repeat([-1, 1], ROWS // 2)


def _standardised(x: np.ndarray) -> np.ndarray:
    """Zero mean and unit variance, rounded as scikit-learn's `StandardScaler` rounds."""
    centred = x - x.sum(axis=0) / len(x)
    variance = ((centred**2).sum(axis=0) - centred.sum(axis=0) ** 2 / len(x)) / len(x)
    return centred / np.sqrt(variance)
