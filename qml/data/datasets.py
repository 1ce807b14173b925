"""The data sets by name."""

import os
from collections.abc import Callable
from functools import partial

from qml.data.dataset import Dataset
from qml.data.diphoton import load_diphoton
from qml.data.open_data import lhcb_bjets, susy_aspen9, susy_uci
from qml.data.tables import bars_and_stripes_events, binary_digits, sklearn_table
from qml.data.toy import toy_linear, toy_rings
from qml.data.tracking import tracking_doublets

DATASETS: dict[str, Callable[[str | os.PathLike | None], Dataset]] = {
    "diphoton": partial(load_diphoton, "diphoton"),
    "diphoton_matched": partial(load_diphoton, "diphoton_matched"),
    "lhcb_bjets": lhcb_bjets,
    "susy_uci": susy_uci,
    "susy_aspen9": susy_aspen9,
    "toy_rings": lambda folder: toy_rings(),
    "toy_linear": lambda folder: toy_linear(),
    "sklearn_breast_cancer": lambda folder: sklearn_table("sklearn_breast_cancer"),
    "sklearn_wine": lambda folder: sklearn_table("sklearn_wine"),
    "sklearn_digits_3_8": lambda folder: sklearn_table("sklearn_digits_3_8"),
    "sklearn_diabetes": lambda folder: sklearn_table("sklearn_diabetes"),
    "sklearn_digits_binary": lambda folder: binary_digits(),
    "tracking_doublets": tracking_doublets,
    "bars_and_stripes": lambda folder: bars_and_stripes_events(),
}


def load_dataset(name: str, *, folder: str | os.PathLike | None = None) -> Dataset:
    """Load a data set by name; its files are checked against their pinned SHA-256 first.

    `diphoton*` are shipped, `sklearn_*` come with scikit-learn, `toy_*` and `bars_and_stripes` are
    generated. The others are looked for in `folder`, in the folder that the environment variable
    QML_DATA_MIRROR names and in the user's cache, each as `<folder>/<name>/<file>` (the tracking
    files under `tracking`), and are downloaded where none has them.

    Args:
        name: one of `DATASETS`.
        folder: where files are looked for first and downloaded to.

    Returns:
        The data set, with its split, digest and card.

    Raises:
        ValueError: on an unknown name, or a file that is not the published one.
        FileNotFoundError: where a file is missing and cannot be downloaded.

    >>> data = load_dataset("diphoton")
    >>> data.features[:2], int(data.y[data.train].sum())
    (('pt1_over_m', 'pt2_over_m'), 15000)
    """
    if name not in DATASETS:
        raise ValueError(f"Argument `name` must be one of {', '.join(DATASETS)}, but is {name!r}.")
    return DATASETS[name](folder)
