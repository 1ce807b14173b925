"""A spec as TOML text that means the same, overrides applied."""

import json
import re
import tomllib
from dataclasses import asdict, replace
from typing import Any

from experiments.specs import Spec, parse_spec

HEADER = "# Written from the spec as it was run, with its overrides and grids applied.\n"


def spec_text(spec: Spec) -> str:
    """TOML text of a spec: its own source where that says it all, else one made from its values.

    Args:
        spec: the spec.

    Returns:
        text that `load_spec` reads as the same spec.

    Raises:
        ValueError: settings that TOML cannot hold.

    >>> from experiments.specs import load_spec
    >>> spec_text(load_spec("demo")) == load_spec("demo").source
    True
    >>> spec_text(load_spec("demo", ["seeds=[7]"])).splitlines()[2]
    'seeds = [7]'
    """
    if _means(spec.source, spec):
        return spec.source
    tree = _plain({k: v for k, v in asdict(spec).items() if k != "source"})
    text = HEADER + to_toml(tree)
    if not _means(text, spec):
        raise ValueError(f"Spec {spec.name!r} has settings that cannot be written as TOML.")
    return text


def to_toml(tree: dict[str, Any]) -> str:
    """TOML of nested dicts and lists: plain keys first, then tables, then arrays of tables.

    Args:
        tree: strings, numbers, booleans, lists and dicts.

    Returns:
        the text, ending in a newline.

    >>> print(to_toml({"m": {"a b": {"x": 1.5}}, "s": [0, 1], "r": [{"id": "q"}]}), end="")
    s = [0, 1]
    <BLANKLINE>
    [m]
    "a b" = { x = 1.5 }
    <BLANKLINE>
    [[r]]
    id = "q"
    """
    plain = {k: v for k, v in tree.items() if not isinstance(v, dict) and not _rows(v)}
    sections = [_lines(plain)]
    sections += [f"[{_key(k)}]\n{_lines(v)}" for k, v in tree.items() if isinstance(v, dict)]
    for key, rows in tree.items():
        if _rows(rows):
            sections += [f"[[{_key(key)}]]\n{_lines(row)}" for row in rows]
    return "\n".join(section for section in sections if section)


def _lines(tree: dict[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in tree.items())


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return _string(value) if isinstance(value, str) else repr(value)


def _string(text: str) -> str:
    # JSON's escapes are TOML's, but for the one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _plain(value: Any) -> Any:
    """Tuples as lists, and nothing that is None: TOML has no such value."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _means(text: str, spec: Spec) -> bool:
    try:
        return replace(parse_spec(tomllib.loads(text)), source=spec.source) == spec
    except ValueError:
        return False
