"""From TOML text and overrides to a checked spec."""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from experiments.specs.checks import check_spec, checked_list, checked_table, checked_words
from experiments.specs.grids import expand_rows
from experiments.specs.spec import About, Budget, DataSpec, Row, Spec

OPTIONAL = ("about", "budget")  # tables that `--set` may fill though the spec has none


def load_spec(name: str, overrides: Iterable[str] = (), *, smoke: bool = False) -> Spec:
    """Read a spec by path, or by the name of one that is shipped.

    Args:
        name: a file, or `demo` for `experiments/specs/demo.toml`.
        overrides: `key=value` with a dotted key and a TOML value, for example `seeds=[0]`.
        smoke: apply the spec's own smoke overrides first.

    Returns:
        the validated spec.

    Raises:
        FileNotFoundError: no such file or shipped name.
        ValueError: text that is not TOML, unknown or missing keys, names that do not exist.

    Example:
        >>> load_spec("demo").data.name
        'diphoton'
    """
    text = _source(name)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"Spec {name!r} is not valid TOML: {error}.") from error
    for override in [*(tree.get("smoke", []) if smoke else []), *overrides]:
        _override(tree, override)
    return replace(parse_spec(tree), source=text)


def shipped_names() -> list[str]:
    """Names of the specs that come with the project.

    >>> "demo" in shipped_names()
    True
    """
    found = (files("experiments") / "specs").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in found if f.name.endswith(".toml"))


def parse_spec(tree: dict[str, Any]) -> Spec:
    """Validate the tree of a TOML file.

    Args:
        tree: nested dicts and lists as `tomllib` gives them.

    Returns:
        the spec.

    Raises:
        ValueError: unknown or missing keys, wrong types, names that do not exist.
    """
    known = checked_table(Spec, tree, "the spec")
    known["data"] = DataSpec(**checked_table(DataSpec, known["data"], "[data]"))
    known["about"] = About(**checked_table(About, known.get("about", {}), "[about]"))
    known["budget"] = Budget(**checked_table(Budget, known.get("budget", {}), "[budget]"))
    tables = {name: dict(known.get(name, {})) for name in ("models", "samplers", "backends")}
    rows = expand_rows(checked_list(known["rows"], "rows"), tables)
    known["rows"] = tuple(Row(**checked_table(Row, row, "[[rows]]")) for row in rows)
    known["seeds"] = tuple(checked_list(known["seeds"], "seeds"))
    for name in {"smoke", "metrics"} & set(known):
        known[name] = checked_words(known[name], name)
    checked: dict[str, Any] = known | tables
    spec = Spec(**checked)
    check_spec(spec)
    return spec


def _source(name: str) -> str:
    shipped = files("experiments") / "specs" / f"{name}.toml"
    file = Path(name)
    if file.is_file():
        return file.read_text()
    if shipped.is_file():
        return shipped.read_text()
    raise FileNotFoundError(
        f"No spec {name!r}: give a TOML file or one of {', '.join(shipped_names())}."
    )


def _override(tree: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition("=")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f"Override {text!r} must be key=value with a TOML value (quote strings): {error}."
        ) from error
    *path, last = key.strip().split(".")
    if path and path[0] in OPTIONAL:
        tree.setdefault(path[0], {})
    for part in path:
        inner = tree.get(part)
        if not isinstance(inner, dict):
            raise ValueError(f"Override {text!r} names {part!r}, which the spec has not.")
        tree = inner
    if not equals or not last:
        raise ValueError(f"Override {text!r} must have the form key=value.")
    tree[last] = parsed
