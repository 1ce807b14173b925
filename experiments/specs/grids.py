"""Grids: one row of a spec that stands for many.

    grid = { "model.layers" = [1, 2], "backend.shots" = [100, 1000], train_events = [500] }

Each combination becomes an ordinary row. A changed setting makes a named variant of the row's
model, sampler or backend, so that everything after this file sees plain rows and plain tables.
"""

from itertools import product
from typing import Any

TABLES = {"model": "models", "sampler": "samplers", "backend": "backends"}
ALONE = ("train_events", "data")  # keys of a row itself that a grid may name


def expand_rows(rows: list[Any], tables: dict[str, dict]) -> list[Any]:
    """The plain rows that the rows of a spec stand for.

    Args:
        rows: the `[[rows]]` entries, some with a `grid`; one that is no table is returned as it is.
        tables: {"models", "samplers", "backends"}: {name: settings}; variants are added to it.

    Returns:
        each row itself, or one row for each combination of its grid, with the values in its id and
        label. An `ideal` with the same grid becomes its variant with the same values.

    Raises:
        ValueError: a grid that is not a table of lists, or that names what the row has not.

    >>> tables = {"models": {"m": {"kind": "k"}}, "samplers": {}, "backends": {}}
    >>> rows = [{"id": "a", "model": "m", "grid": {"model.n": [1, 2]}}]
    >>> [variant["id"] for variant in expand_rows(rows, tables)]
    ['a n=1', 'a n=2']
    >>> sorted(tables["models"])
    ['m', 'm n=1', 'm n=2']
    """
    grids = {str(row.get("id")): row.get("grid") for row in rows if isinstance(row, dict)}
    return [plain for row in rows for plain in _expanded(row, tables, grids)]


def _expanded(row: Any, tables: dict[str, dict], grids: dict[str, Any]) -> list[Any]:
    if not isinstance(row, dict) or "grid" not in row:
        return [row]
    axes = _axes(row, tables)
    plain = {key: value for key, value in row.items() if key != "grid"}
    follows = grids.get(str(row.get("ideal"))) == axes
    return [
        _variant(plain, dict(zip(axes, values, strict=True)), tables, follows)
        for values in product(*axes.values())
    ]


def _axes(row: dict[str, Any], tables: dict[str, dict]) -> dict[str, list]:
    grid, where = row["grid"], f"In row {row.get('id')!r}"
    if not isinstance(grid, dict) or not all(isinstance(v, list) and v for v in grid.values()):
        raise ValueError(f"{where}: `grid` must be a table of lists, but is {grid!r}.")
    for key in grid:
        part = key.partition(".")[0]
        if key not in ALONE and row.get(part) not in tables.get(TABLES.get(part, ""), {}):
            raise ValueError(
                f"{where}: `grid` names {key!r}, but must name {', '.join(ALONE)} or a setting of "
                "the row's model, sampler or backend, such as model.layers."
            )
    return grid


def _variant(
    row: dict[str, Any], values: dict[str, Any], tables: dict[str, dict], follows: bool
) -> dict:
    """One combination: settings go into named variants, the values into id and label."""
    row = dict(row)
    text = ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in values.items())
    row["label"] = f"{row.get('label') or row['id']}, {text}"
    for key in ("id", "ideal") if follows else ("id",):
        row[key] = f"{row[key]} {text}"
    for key, value in values.items():
        part, _, setting = key.rpartition(".")
        if not part:
            row[key] = value
            continue
        table = tables[TABLES[part]]
        name = f"{row[part]} {setting}={value}"
        table[name] = table[row[part]] | {setting: value}
        row[part] = name
    return row
