"""Figures of papers as data: one TOML file an entry, with citation and how exact a match may be.

title, citation, where, licence       whose figures, and where in the paper or repository
method                                how they are made again: a name in `recipes.RECIPES`
tolerance, match                      of every cell ("bootstrap": from the events), and why
quick, quick_cells                    what `--quick` does; all cells where none are listed
[[cells]] name, value, tolerance      one figure; further keys are the recipe's settings
[[cells]] name, claim                 "positive" or "negative": a difference of that sign
table                                 or the cells as a CSV file beside it: name, value, settings
[[errors]] reason, corrected          cells that the source has wrong: {name: our value}
"""

import csv
import hashlib
import math
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

ENTRY_KEYS = {"title", "citation", "where", "licence", "method", "tolerance", "match", "quick"}
OPTIONAL_KEYS = {"left_out", "quick_cells", "cells", "table", "errors"}
CELL_KEYS = ("name", "value", "claim", "tolerance")
CLAIMS = ("positive", "negative")


class PublishedCell(NamedTuple):
    """One published figure, and what its recipe needs to make it again.

    `tolerance` is None where it comes from the bootstrap of the events; `claim` is "positive" or
    "negative" where only a sign is claimed; `corrected` is our value where the source is wrong,
    for the `reason` given.
    """

    name: str
    value: float
    tolerance: float | None
    settings: dict[str, Any]
    claim: str = ""
    corrected: float | None = None
    reason: str = ""
    quick: bool = True


class Published(NamedTuple):
    """One entry of `experiments/published`; `digest` is the SHA-256 of its text and table."""

    id: str
    title: str
    citation: str
    where: str
    licence: str
    method: str
    match: str
    quick: str
    left_out: str
    cells: tuple[PublishedCell, ...]
    digest: str


def published_ids() -> tuple[str, ...]:
    """Return the names of all entries.

    >>> "bowles2024-svc" in published_ids()
    True
    """
    names = [entry.name for entry in _folder().iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(name.removesuffix(".toml") for name in names))


def load_published(name: str) -> Published:
    """Read an entry by its id, or one of your own by its path.

    Args:
        name: one of `published_ids()`, or a TOML file of the same form.

    Returns:
        the validated entry.

    Raises:
        ValueError: no such entry; text that is not TOML; keys that are unknown or missing.
        FileNotFoundError: a file or its table is not there.

    Example:
        >>> entry = load_published("tracking-qubo")
        >>> entry.cells[0].name, entry.cells[0].value
        ('lowest energy', -2.4200400173)
    """
    if name in published_ids():
        return parse_published(name, (_folder() / f"{name}.toml").read_text(encoding="utf-8"))
    file = Path(name)
    if file.suffix == ".toml":
        return parse_published(file.stem, file.read_text(encoding="utf-8"), file.parent)
    raise ValueError(f"No published entry {name!r}; known are {', '.join(published_ids())}.")


def parse_published(name: str, text: str, folder: Any = None) -> Published:
    """Validate the text of an entry.

    Args:
        name: its id.
        text: TOML.
        folder: where its table lies; that of the shipped entries by default.

    Returns:
        the entry.

    Raises:
        ValueError: as `load_published`.
        FileNotFoundError: the table is not there.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"Entry {name!r} is not valid TOML: {error}.") from error
    if missing := sorted(ENTRY_KEYS - set(tree)):
        raise ValueError(f"Entry {name!r} lacks {', '.join(missing)}.")
    if unknown := sorted(set(tree) - ENTRY_KEYS - OPTIONAL_KEYS):
        raise ValueError(f"Entry {name!r} has unknown keys: {', '.join(unknown)}.")
    table = ""
    if "table" in tree:
        table = ((folder or _folder()) / tree["table"]).read_text(encoding="utf-8")
    lines = [*tree.get("cells", []), *_table_lines(table)]
    return Published(
        id=name,
        cells=_cells(name, tree, lines),
        digest=hashlib.sha256((text + table).encode()).hexdigest(),
        left_out=tree.get("left_out", ""),
        **{key: tree[key] for key in ENTRY_KEYS - {"tolerance"}},
    )


def _folder() -> Any:
    return files("experiments") / "published"


def _table_lines(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [row | {"value": float(row["value"])} for row in csv.DictReader(lines)]


def _cells(name: str, tree: dict[str, Any], lines: list[dict]) -> tuple[PublishedCell, ...]:
    errors = {
        cell: (value, error["reason"])
        for error in tree.get("errors", [])
        for cell, value in error["corrected"].items()
    }
    names = [line.get("name") for line in lines]
    quick = tree.get("quick_cells", names)
    if len(set(names)) < len(names) or not names or None in names:
        raise ValueError(f"Entry {name!r} must have cells, each with a `name` of its own.")
    if unknown := sorted((set(errors) | set(quick)) - set(names)):
        raise ValueError(f"Entry {name!r} names cells that it has not: {', '.join(unknown)}.")
    return tuple(_cell(name, tree, line, errors, line["name"] in quick) for line in lines)


def _cell(name: str, tree: dict, line: dict, errors: dict, quick: bool) -> PublishedCell:
    tolerance, claim = line.get("tolerance", tree["tolerance"]), line.get("claim", "")
    where = f"In entry {name!r}, cell {line['name']!r}"
    if claim not in ("", *CLAIMS) or (claim == "") != isinstance(line.get("value"), float):
        raise ValueError(f"{where}: give a float `value`, or a `claim` out of {', '.join(CLAIMS)}.")
    if tolerance != "bootstrap" and not (
        isinstance(tolerance, float) and 0 <= tolerance < math.inf
    ):
        raise ValueError(f'{where}: `tolerance` must be a float >= 0 or "bootstrap".')
    corrected, reason = errors.get(line["name"], (None, ""))
    return PublishedCell(
        name=line["name"],
        value=line.get("value", 0.0),
        tolerance=None if tolerance == "bootstrap" else tolerance,
        settings={key: value for key, value in line.items() if key not in CELL_KEYS},
        claim=claim,
        corrected=corrected,
        reason=reason,
        quick=quick,
    )
