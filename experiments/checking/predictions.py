"""Predictions of a reproduction, kept so that its figures can be measured without training.

FOLDER/ID.npz      "digest" of the entry, and one array for each "<cell>|<array>"
"""

from contextlib import suppress
from pathlib import Path

import numpy as np

from experiments.checking.published import Published

Predictions = dict[str, dict[str, np.ndarray]]


def kept_predictions(entry: Published, folder: Path | None) -> Predictions:
    """Read what an earlier reproduction kept.

    Args:
        entry: the published entry.
        folder: where its predictions were kept.

    Returns:
        {cell: {array name: array}}.

    Raises:
        ValueError: no folder was named; the predictions belong to another version of the entry.
        FileNotFoundError: nothing was kept there.
    """
    if folder is None:
        raise ValueError(
            f"Entry {entry.id!r} is trained, not stored by its authors: name the `folder` in which "
            "an earlier reproduction kept its predictions."
        )
    file = _file(entry, folder)
    if not file.is_file():
        raise FileNotFoundError(
            f"No predictions {file}; reproduce {entry.id!r} once without from_predictions."
        )
    made: Predictions = {}
    with np.load(file, allow_pickle=False) as stored:
        if str(stored["digest"]) != entry.digest:
            raise ValueError(
                f"Predictions {file} belong to another version of {entry.id!r}; make them again."
            )
        for key in sorted(set(stored) - {"digest"}):
            cell, array = key.rsplit("|", 1)
            made.setdefault(cell, {})[array] = stored[key]
    return made


def keep_predictions(entry: Published, folder: Path, made: Predictions) -> Path:
    """Write predictions beside those kept before, which go if they are of another version.

    Args:
        entry: the published entry.
        folder: made where absent.
        made: {cell: {array name: array}}.

    Returns:
        the file, written whole or not at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError, ValueError):
        made = kept_predictions(entry, folder) | made
    flat = {f"{cell}|{key}": made[cell][key] for cell in made for key in made[cell]}
    file = _file(entry, folder)
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, digest=np.array(entry.digest), **flat)
    return part.replace(file)


def _file(entry: Published, folder: Path) -> Path:
    return folder / f"{entry.id}.npz"
