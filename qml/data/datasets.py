"""The data sets by name."""

import os
from collections.abc import Callable
from functools import partial

from qml.data.dataset import Dataset
from qml.data.diphoton import load_diphoton
from qml.data.open_data import lhcb_bjets, susy_uci
from qml.data.toy import toy_linear, toy_rings

DATASETS: dict[str, Callable[[str | os.PathLike | None], Dataset]] = {
    "diphoton": partial(load_diphoton, "diphoton"),
    "diphoton_matched": partial(load_diphoton, "diphoton_matched"),
    "lhcb_bjets": lhcb_bjets,
    "susy_uci": susy_uci,
    "toy_rings": lambda folder: toy_rings(),
    "toy_linear": lambda folder: toy_linear(),
}


def load_dataset(name: str, *, folder: str | os.PathLike | None = None) -> Dataset:
    """Load a data set by name; its files are checked against their pinned SHA-256 first.

    `diphoton` and `diphoton_matched` are shipped and `toy_*` are generated. The others are looked
    for in `folder`, in the folder that the environment variable QML_DATA_MIRROR names and in the
    user's cache, each as `<folder>/<name>/<file>`, and are downloaded where none has them.

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
