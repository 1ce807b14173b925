"""Where a data file is looked for, how it is fetched, and the check that it is the right one."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

MIRROR = "QML_DATA_MIRROR"  # environment variable: a folder with <data set>/<file>, looked at first


class DataFile(NamedTuple):
    """A file pinned by its length in bytes and its SHA-256; `url` is where it can be had."""

    name: str
    size: int
    sha256: str
    url: str


def find_file(dataset: str, file: DataFile, folder: str | os.PathLike | None = None) -> Path:
    """Return the path of a checked file, which is downloaded where no folder holds it.

    Folders looked at, each for `<folder>/<dataset>/<file>`: the argument, the one that the
    environment variable QML_DATA_MIRROR names, then the user's cache of this package. A download
    goes to the argument, or else to the cache.

    Args:
        dataset: name of the data set.
        file: what the file must be.
        folder: the first folder to look at.

    Returns:
        The path of the file.

    Raises:
        FileNotFoundError: where the file is nowhere and cannot be downloaded.
        ValueError: where the file is not the pinned one.

    >>> from qml.data.diphoton import FILES, SAMPLES
    >>> find_file("files", SAMPLES["diphoton"].file, folder=FILES.parent).name
    'diphoton.npz'
    """
    import pooch

    home = Path(folder or pooch.os_cache("qml-offload"))
    folders = [home, os.environ.get(MIRROR)] if folder else [os.environ.get(MIRROR), home]
    paths = [Path(place) / dataset / file.name for place in folders if place]
    path = next((path for path in paths if path.is_file()), None)
    return check_file(path or _download(home / dataset / file.name, dataset, file), file)


def check_file(path: Path, file: DataFile) -> Path:
    """Return the path if the file there is the pinned one.

    Args:
        path: of the file to check.
        file: its pinned length and SHA-256.

    Returns:
        The same path.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where it was cut short or changed.

    >>> here = Path(__file__)
    >>> check_file(here, DataFile(here.name, 10**9, "0" * 64, ""))
    Traceback (most recent call last):
    ValueError: Data file ... is cut short: it has ... of 1000000000 bytes; delete it ...
    """
    if not path.is_file():
        raise FileNotFoundError(f"Data file {path} is missing; get it from {file.url} .")
    size = path.stat().st_size
    if size < file.size:
        raise ValueError(
            f"Data file {path} is cut short: it has {size} of {file.size} bytes; "
            "delete it and load again."
        )
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != file.sha256:
        raise ValueError(
            f"Data file {path} is not the published one: its SHA-256 is {found}, "
            f"but must be {file.sha256}; delete it and load again."
        )
    return path


def _download(path: Path, dataset: str, file: DataFile) -> Path:
    import pooch

    try:
        # pooch writes beside the target and renames: an interrupted download leaves no half file.
        pooch.retrieve(
            file.url, known_hash=f"sha256:{file.sha256}", fname=path.name, path=path.parent
        )
    except OSError as error:
        raise FileNotFoundError(
            f"Data file `{file.name}` of `{dataset}` is missing and could not be downloaded: "
            f"get it from {file.url} and put it into {path.parent} ."
        ) from error
    return path
