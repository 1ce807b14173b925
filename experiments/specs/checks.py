"""What a spec must be, each violation one sentence."""

from collections.abc import Iterable
from dataclasses import MISSING, fields
from math import isfinite
from typing import Any

from experiments.specs.spec import (
    PRECISIONS,
    ROLES,
    SPLITS,
    Budget,
    DataSpec,
    Spec,
    dataset_name,
)

# What a field's value must be in TOML; fields of other types are checked where they are made.
MUST = {
    str: ("a string", (str,)),
    str | None: ("a string", (str,)),
    int: ("an int", (int,)),
    int | None: ("an int", (int,)),
    float: ("a number", (int, float)),
    float | None: ("a number", (int, float)),
}


def checked_table(kind: type, tree: Any, where: str) -> dict[str, Any]:
    """The entries of a table, all of them fields of a dataclass and of its simple types.

    Args:
        kind: the dataclass.
        tree: what TOML gave.
        where: what messages call it.

    Returns:
        a copy.

    Raises:
        ValueError: not a table, an unknown or a missing key, a value of another type.
    """
    known = {f.name: f for f in fields(kind) if f.name != "source"}
    if not isinstance(tree, dict):
        raise ValueError(f"In {where}: must be a table, but is {tree!r}.")
    for key, value in tree.items():
        if key not in known:
            raise ValueError(f"In {where}: unknown key {key!r}; known are {', '.join(known)}.")
        must, types = MUST.get(known[key].type, ("", (type(value),)))
        if type(value) not in types:
            raise ValueError(f"In {where}: `{key}` must be {must}, but is {value!r}.")
    required = {f.name for f in known.values() if f.default is f.default_factory is MISSING}
    if missing := sorted(required - set(tree)):
        raise ValueError(f"In {where}: missing {', '.join(missing)}.")
    return dict(tree)


def checked_list(value: Any, name: str) -> list:
    """A list with at least one entry; `name` is what messages call it."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"In the spec: `{name}` must be a list with an entry, but is {value!r}.")
    return value


def checked_words(value: Any, name: str) -> tuple[str, ...]:
    """Different strings; only `smoke` may be empty."""
    words = checked_list(value, name) if value != [] or name != "smoke" else []
    if any(type(word) is not str for word in words) or len(set(words)) < len(words):
        raise ValueError(f"In the spec: `{name}` must hold different strings, but is {value!r}.")
    return tuple(words)


def check_spec(spec: Spec) -> None:
    """Check what types do not say: ranges, and names of things that must be there.

    Args:
        spec: made of checked tables.

    Raises:
        ValueError: the first violation.
    """
    _check_data(spec.data)
    _check_budget(spec.budget)
    if spec.precision not in PRECISIONS:
        raise ValueError(f"`precision` must be one of {PRECISIONS}, but is {spec.precision!r}.")
    if any(type(seed) is not int or seed < 0 for seed in spec.seeds):
        raise ValueError(f"`seeds` must be ints >= 0, but are {list(spec.seeds)}.")
    ids = [row.id for row in spec.rows]
    if repeated := sorted({i for i in ids if ids.count(i) > 1}):
        raise ValueError(f"Each row needs an `id` of its own; repeated: {', '.join(repeated)}.")
    homes = {row.id: dataset_name(spec, row) for row in spec.rows}
    for row in spec.rows:
        _check_reference(row.id, "model", row.model, spec.models)
        _check_reference(row.id, "sampler", row.sampler, spec.samplers)
        _check_reference(row.id, "backend", row.backend, spec.backends)
        _check_reference(row.id, "ideal", row.ideal, [i for i in ids if homes[i] == homes[row.id]])
        _check_reference(row.id, "role", row.role, ROLES)
        if (row.train_events or 0) < 0:
            raise ValueError(f"In row {row.id!r}: `train_events` must be >= 0.")


def _check_data(data: DataSpec) -> None:
    for name in ("train_events", "test_events"):
        if getattr(data, name) < 0:
            raise ValueError(f"In [data]: `{name}` must be >= 0, but is {getattr(data, name)}.")
    if data.split not in SPLITS:
        raise ValueError(f"In [data]: `split` must be one of {SPLITS}, but is {data.split!r}.")
    if not (data.folds > 1 if data.split == "kfold" else data.folds == 0):
        raise ValueError(
            "In [data]: `folds` must be 2 or more where `split` is 'kfold', and absent elsewhere, "
            f"but is {data.folds}."
        )
    part = data.test_fraction
    if not (0 < part < 1 if data.split == "repeated" else part == 0):
        raise ValueError(
            "In [data]: `test_fraction` must lie in (0, 1) where `split` is 'repeated', and be "
            f"absent elsewhere, but is {part}."
        )


def _check_budget(budget: Budget) -> None:
    for name, value in vars(budget).items():
        if value is not None and not (value > 0 and isfinite(value)):
            raise ValueError(f"In [budget]: `{name}` must be positive, but is {value}.")


def _check_reference(row: str, key: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        raise ValueError(
            f"In row {row!r}: `{key}` is {value!r}, which is not there; known are "
            f"{', '.join(known) or 'none'}."
        )
