"""The data set of a bundle: described by checksum, split, licence and card, never packed.

A table needs nothing of the data but their checksum, and a page their card; labels and scores lie
in the arrays. So a stand-in without events, made from the description, is enough to rebuild both.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from experiments.bundles.layout import CARD, DATA, write_json
from qml.data import DATASETS, Dataset, load_dataset

NOT_STATED = "Not stated in the data card."


def write_data(folder: Path, name: str) -> None:
    """Write the description and the card of a data set.

    Args:
        folder: where to.
        name: of the data set, which must be there.
    """
    dataset = load_dataset(name)
    told = {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "sha256_of": "names, types, shapes and little-endian bytes of the arrays test, train, x, y",
        "rows": len(dataset.y),
        "train": len(dataset.train),
        "test": len(dataset.test),
        "features": list(dataset.features),
        "units": list(dataset.units),
        "licence": licence(dataset.card),
        "card": CARD,
    }
    write_json(folder / DATA, told)
    (folder / CARD).write_text(dataset.card, encoding="utf-8")


def licence(card: str) -> str:
    """The paragraph of a data card that names the licence.

    >>> licence("# toy\\n\\n**Licence.** CC0 1.0:\\ndo what you like.\\n\\nMore.")
    'CC0 1.0: do what you like.'
    """
    found = re.search(r"^\*\*Licence\.\*\*\s*(.+?)(?:\n\s*\n|\Z)", card, re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else NOT_STATED


def read_data(folder: Path) -> Dataset:
    """A stand-in for the data set of a bundle: checksum, card and shapes are right, x is NaN.

    Args:
        folder: where the bundle was extracted.

    Returns:
        the stand-in.

    Raises:
        ValueError: a description that does not describe a data set.
    """
    try:
        told: dict[str, Any] = json.loads((folder / DATA).read_text(encoding="utf-8"))
        rows, train, test = (int(told[name]) for name in ("rows", "train", "test"))
        features, units = tuple(told["features"]), tuple(told["units"])
        name, checksum = str(told["name"]), str(told["sha256"])
        card = (folder / CARD).read_text(encoding="utf-8")
        if min(rows, train, test) < 0 or not re.fullmatch("[0-9a-f]{64}", checksum):
            raise ValueError("a count or the checksum is not one")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"Files {DATA} and {CARD} do not describe a data set: {error!r}."
        ) from error
    # Views of one number: whatever counts the description claims, they take no memory.
    x = np.broadcast_to(np.nan, (rows, len(features)))
    y, of_train, of_test = (np.broadcast_to(np.int64(0), n) for n in (rows, train, test))
    return Dataset(name, x, y, features, units, of_train, of_test, checksum, card)


@contextmanager
def standing_in(dataset: Dataset) -> Iterator[None]:
    """Within this block `load_dataset` answers with the stand-in and looks for no file.

    Args:
        dataset: of `read_data`.
    """
    known = DATASETS.get(dataset.name)
    DATASETS[dataset.name] = lambda folder: dataset
    try:
        yield
    finally:
        if known is None:
            del DATASETS[dataset.name]
        else:
            DATASETS[dataset.name] = known
