"""What lies in a bundle, and under which name.

ro-crate-metadata.json   what every file is and what made it (RO-Crate 1.3, Process Run Crate)
ro-crate-preview.html    the report page
bundle.json              format, version, program, how the table was drawn
manifest-sha256.txt      SHA-256 of every file; `sha256sum -c` reads it
spec.toml  records.jsonl  arrays/  checkpoints/      the run, as in its folder
table.csv  table.md      the table as printed
data.json  data-card.md  which data: checksum, split, licence, story; never the events
environment.json  requirements.lock  CITATION.cff
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from experiments.running.training import checkpoint_base, training_story
from experiments.specs import Cell

FORMAT = "qml-offload/bundle"
VERSION = 1
MAX_RESAMPLES = 100_000

METADATA = "ro-crate-metadata.json"
PAGE = "ro-crate-preview.html"
BUNDLE = "bundle.json"
MANIFEST = "manifest-sha256.txt"
SPEC = "spec.toml"
RECORDS = "records.jsonl"
TABLE_CSV = "table.csv"
TABLE_MD = "table.md"
DATA = "data.json"
CARD = "data-card.md"
ENVIRONMENT = "environment.json"
LOCK = "requirements.lock"
CITATION = "CITATION.cff"
CHECKPOINT_SUFFIXES = (".json", ".safetensors", ".training.json")


def bundled_files(folder: Path) -> list[str]:
    """Paths of all files below a folder, with forward slashes, sorted."""
    return sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())


def checkpoint_paths(folder: Path, cell: Cell) -> list[Path]:
    """The files of the checkpoint that a cell predicts from; none where it trains no circuit."""
    base = checkpoint_base(folder, cell)
    files = [base.with_name(base.name + suffix) for suffix in CHECKPOINT_SUFFIXES]
    return files if training_story(folder, cell).is_file() else []


def sha256(file: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(file: Path, value: Any) -> None:
    """Write JSON that is the same text for the same value."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def write_manifest(folder: Path) -> None:
    """Write the manifest of all files that are there."""
    lines = [f"{sha256(folder / path)}  {path}\n" for path in bundled_files(folder)]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")


def check_files(folder: Path) -> list[str]:
    """Compare an extracted bundle with its manifest.

    Args:
        folder: where it was extracted.

    Returns:
        one sentence for each file that is missing, was added or was changed; none where all hold.
    """
    there = set(bundled_files(folder)) - {MANIFEST}
    if not (folder / MANIFEST).is_file():
        return [f"File {MANIFEST} is missing: no file can be checked."]
    lines = (folder / MANIFEST).read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    stated = [re.fullmatch(r"([0-9a-f]{64})  (.+)", line) for line in lines]
    problems = [
        f"Line {number} of {MANIFEST} is not a SHA-256 and a path."
        for number, match in enumerate(stated, 1)
        if match is None
    ]
    listed = {match[2]: match[1] for match in stated if match}
    problems += [
        f"File {path} is missing: {MANIFEST} lists it." for path in sorted(listed.keys() - there)
    ]
    problems += [
        f"File {path} was added: {MANIFEST} does not list it."
        for path in sorted(there - listed.keys())
    ]
    for path in sorted(there & listed.keys()):
        if (found := sha256(folder / path)) != listed[path]:
            problems.append(
                f"File {path} was changed: its SHA-256 is {found}, but {MANIFEST} says "
                f"{listed[path]}."
            )
    return problems


def read_bundle_json(folder: Path, bundle: Path) -> dict[str, Any]:
    """What a bundle says of itself.

    Args:
        folder: where it was extracted.
        bundle: what messages call it.

    Returns:
        the content of bundle.json.

    Raises:
        ValueError: not a result bundle, or one of a newer version.
    """
    try:
        told = json.loads((folder / BUNDLE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ValueError(f"File {bundle} is not a result bundle of this project.")
    version, resamples, seed = (told.get(key) for key in ("version", "resamples", "seed"))
    if type(version) is not int or version > VERSION:
        raise ValueError(
            f"Bundle {bundle} is of version {version!r}, but this program reads up to version "
            f"{VERSION}; update qml-offload."
        )
    if type(resamples) is not int or not 0 < resamples <= MAX_RESAMPLES:
        raise ValueError(
            f"In {BUNDLE} of {bundle}: `resamples` must be an int from 1 to {MAX_RESAMPLES}, but "
            f"is {resamples!r}."
        )
    if type(seed) is not int or seed < 0:
        raise ValueError(f"In {BUNDLE} of {bundle}: `seed` must be an int >= 0, but is {seed!r}.")
    return told
