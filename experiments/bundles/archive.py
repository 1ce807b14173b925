"""Zip files: written so that equal content gives equal bytes, read as if an enemy had made them.

Read are only files and folders with plain relative names, each name once, stored or deflated. The
expanded size is limited and so is its ratio to the size packed; arrays are zips themselves, and
what they expand to counts too.
"""

import os
import re
import stat
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import IO

LIMIT = 2 * 2**30  # bytes, expanded; the bundle of the demo expands to some 20 MB
MAX_FILES = 200_000
MAX_RATIO = 200.0  # JSON lines with random digests stay below 30, pages below 20
SMALL = 2**20  # bytes: below this a high ratio does no harm
BLOCK = 2**20
STORED = (".npz", ".safetensors")  # compressed or incompressible already
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def write_archive(folder: Path, files: list[str], out: Path) -> None:
    """Zip files in this order with fixed times and modes; `out` appears whole or not at all.

    Args:
        folder: where the files lie.
        files: their paths below it, with forward slashes.
        out: the zip file; one that is there is replaced.

    Raises:
        ValueError: a name that `extract` would refuse.
    """
    _check_names([zipfile.ZipInfo(path) for path in files], out)
    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            for path in files:
                _add(archive, folder / path, path)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def extract(bundle: Path, folder: Path, limit: int = LIMIT) -> None:
    """Expand a zip file into an empty folder, after all of it was looked at.

    Args:
        bundle: the zip file.
        folder: where to.
        limit: at most this many bytes expanded, arrays inside arrays included.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a zip file, a damaged one, a name that leads outside, a link, a name twice,
            or one that expands to more than the limit.
    """
    if not bundle.is_file():
        raise FileNotFoundError(f"No bundle {bundle}.")
    try:
        with zipfile.ZipFile(bundle) as archive:
            infos = archive.infolist()
            _check_names(infos, bundle)
            total = _check_sizes(infos, bundle, limit)
            for info in infos:
                if not info.is_dir():
                    _write(archive, info, folder / info.filename)
        _check_arrays(folder, bundle, limit - total)
    except DAMAGE as error:
        raise ValueError(f"File {bundle} is not a zip file, or is damaged: {error}.") from error


def _add(archive: zipfile.ZipFile, file: Path, path: str) -> None:
    info = zipfile.ZipInfo(path)  # its time is 1 January 1980
    info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
    stored = path.endswith(STORED)
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    info.file_size = file.stat().st_size  # lets zipfile choose zip64 where it is needed
    with file.open("rb") as source, archive.open(info, "w") as target:
        _copy(source, target)


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: Path) -> None:
    """Write one entry; zipfile reads no more than the size that was checked, and checks the CRC."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, file.open("xb") as target:
        _copy(source, target)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while block := source.read(BLOCK):
        target.write(block)


def _check_names(infos: list[zipfile.ZipInfo], bundle: Path) -> None:
    if len(infos) > MAX_FILES:
        raise ValueError(f"File {bundle} holds {len(infos)} files; at most {MAX_FILES} are read.")
    files, seen = {_key(i.filename) for i in infos if not i.is_dir()}, set()
    for info in infos:
        if reason := _refusal(info):
            raise ValueError(f"File {bundle} is refused: its entry {info.filename!r} {reason}.")
        key = _key(info.filename)
        if key in seen:
            raise ValueError(f"File {bundle} is refused: it holds {info.filename!r} twice.")
        seen.add(key)
        above = {"/".join(key.split("/")[:depth]) for depth in range(1, key.count("/") + 1)}
        if above & files:
            raise ValueError(
                f"File {bundle} is refused: its entry {info.filename!r} lies below a file."
            )


def _key(name: str) -> str:
    """One key for names that some file system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold().rstrip("/")


def _refusal(info: zipfile.ZipInfo) -> str:
    """Why an entry is not read; empty where it may be."""
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in a way that is not read here"
    if re.search(r"[\x00-\x1f\x7f\\]", name):
        return "has a control character or a backslash in its name"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "has an absolute path"
    if {"", ".", ".."} & set(name.removesuffix("/").split("/")):
        return "has a path that leads outside or is not plain"
    return ""


def _check_sizes(infos: list[zipfile.ZipInfo], bundle: Path, limit: int) -> int:
    total = sum(info.file_size for info in infos)
    if total > limit:
        raise _too_large(bundle, total, limit)
    for info in infos:
        if info.file_size > max(SMALL, MAX_RATIO * info.compress_size):
            raise ValueError(
                f"File {bundle} is refused: its entry {info.filename!r} expands from "
                f"{info.compress_size} to {info.file_size} bytes, more than {MAX_RATIO:.0f} times."
            )
    return total


def _check_arrays(folder: Path, bundle: Path, left: int) -> None:
    """Arrays are zips that NumPy expands in memory: what they say they expand to is counted."""
    for file in sorted(folder.rglob("*.npz")):
        name = file.relative_to(folder)
        if not zipfile.is_zipfile(file):
            raise ValueError(f"File {bundle} is refused: its entry {name} holds no arrays.")
        with zipfile.ZipFile(file) as arrays:
            left -= sum(info.file_size for info in arrays.infolist())
        if left < 0:
            raise ValueError(
                f"File {bundle} is refused: its arrays expand beyond the limit, first in "
                f"{name}; raise the limit if you trust it."
            )


def _too_large(bundle: Path, total: int, limit: int) -> ValueError:
    return ValueError(
        f"File {bundle} is refused: it expands to {total} bytes, but the limit is {limit}; raise "
        "the limit if you trust it."
    )
