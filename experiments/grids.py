"""Grids: one row of a spec that stands for many.

    grid = { "model.layers" = [1, 2], "backend.shots" = [100, 1000], "train_events" = [500] }

Each combination becomes an ordinary row. A changed setting makes a named variant of the row's
model, sampler or backend, so that everything after this file sees plain rows and plain tables.
"""

from itertools import product
from typing import Any

TABLES = {"model": "models", "sampler": "samplers", "backend": "backends"}


def expand_grid(row: dict[str, Any], tables: dict[str, dict]) -> list[dict[str, Any]]:
    """The rows that a row of a spec stands for.

    Args:
        row: one `[[rows]]` entry, perhaps with a `grid`.
        tables: {"models", "samplers", "backends"}: {name: settings}; variants are added to it.

    Returns:
        the row itself, or one row for each combination, with the values in its id and label.

    Raises:
        ValueError: a grid that is not a table of lists, or that names what the row has not.

    >>> tables = {"models": {"m": {"kind": "k"}}, "samplers": {}, "backends": {}}
    >>> row = {"id": "a", "model": "m", "grid": {"model.n": [1, 2]}}
    >>> [variant["id"] for variant in expand_grid(row, tables)]
    ['a n=1', 'a n=2']
    >>> sorted(tables["models"])
    ['m', 'm n=1', 'm n=2']
    """
    if not isinstance(row, dict) or "grid" not in row:
        return [row]
    plain = {key: value for key, value in row.items() if key != "grid"}
    axes = _axes(row, tables)
    return [
        _variant(plain, dict(zip(axes, values, strict=True)), tables)
        for values in product(*axes.values())
    ]


def _axes(row: dict[str, Any], tables: dict[str, dict]) -> dict[str, list]:
    grid, where = row["grid"], f"In row {row.get('id')!r}"
    if not isinstance(grid, dict) or not all(isinstance(v, list) and v for v in grid.values()):
        raise ValueError(f"{where}: `grid` must be a table of lists, but is {grid!r}.")
    for key in grid:
        part = key.partition(".")[0]
        if key != "train_events" and row.get(part) not in tables.get(TABLES.get(part, ""), {}):
            raise ValueError(
                f"{where}: `grid` names {key!r}, but must name train_events or a setting of the "
                "row's model, sampler or backend, such as model.layers."
            )
    return grid


def _variant(row: dict[str, Any], values: dict[str, Any], tables: dict[str, dict]) -> dict:
    """One combination: settings go into named variants, the values into id and label."""
    row = dict(row)
    text = ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in values.items())
    row["id"], row["label"] = f"{row['id']} {text}", f"{row.get('label') or row['id']}, {text}"
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
