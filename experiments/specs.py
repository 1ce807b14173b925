"""A Spec is one TOML file: what is run, on what data, with which seeds. It expands to cells.

    name, title, seeds, precision = "single" | "double"
    [data]            name, train_events, test_events
    [models.NAME]     kind, settings                  how parameters are got
    [samplers.NAME]   kind, settings                  the annealers that train
    [backends.NAME]   kind, settings, events          the circuit devices that predict
    [[rows]]          id, label, model, sampler, backend, ideal, role, train_events, grid
    [about]           paper, contact, technology, field, tool, expected, seconds
    smoke             overrides that make a run of seconds, for tests

A row with a grid, for example `grid = { "model.layers" = [1, 2, 3] }`, is expanded to one row for
each combination; `model.`, `sampler.` and `backend.` name settings, `train_events` stands alone.

A cell is one row with one seed. Its digest is the SHA-256 of its canonical JSON, in which the data
stand with their own checksum: equal digests mean the same computation on the same bytes.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from experiments.grids import expand_grid

PRECISIONS = ("single", "double")
ROLES = ("classical", "trivial")
SIMPLE = {str: str, int: int, str | None: str, int | None: int}  # declared type -> type in TOML


@dataclass(frozen=True)
class DataSpec:
    """Which data set, and how many of its fixed training and test rows (0 takes all)."""

    name: str
    train_events: int = 0
    test_events: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the table: a model, what trains it, what predicts with it.

    `sampler` names the annealer that trains, `backend` the device that predicts; both absent is an
    entirely classical row. `ideal` names the row that this one approximates; `role` marks the
    baselines that every other row is compared with. `train_events` overrides that of the data.
    """

    id: str
    model: str
    label: str = ""
    sampler: str | None = None
    backend: str | None = None
    ideal: str | None = None
    role: str | None = None
    train_events: int | None = None


@dataclass(frozen=True)
class About:
    """What a person looking for a benchmark asks: labels, source, what to expect.

    `technology`, `field` and `tool` are the three label dimensions; `expected` says the score and
    `seconds` the run time on two cores.
    """

    paper: str = ""
    contact: str = ""
    technology: str = ""
    field: str = ""
    tool: str = ""
    expected: str = ""
    seconds: int = 0


@dataclass(frozen=True)
class Spec:
    """A whole benchmark as data; `source` is the TOML text it came from."""

    name: str
    seeds: tuple[int, ...]
    data: DataSpec
    rows: tuple[Row, ...]
    models: dict[str, dict[str, Any]]
    title: str = ""
    precision: str = "single"
    samplers: dict[str, dict[str, Any]] = field(default_factory=dict)
    backends: dict[str, dict[str, Any]] = field(default_factory=dict)
    about: About = About()
    smoke: tuple[str, ...] = ()
    source: str = ""


class Cell(NamedTuple):
    """One row with one seed; `digest` names its record, `training` names what it shares."""

    row: Row
    seed: int
    digest: str
    training: str


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
    known = _checked(Spec, tree, "the spec")
    data = DataSpec(**_checked(DataSpec, known["data"], "[data]"))
    _check_counts(data)
    known["about"] = About(**_checked(About, known.get("about", {}), "[about]"))
    tables = {name: dict(known.get(name, {})) for name in ("models", "samplers", "backends")}
    rows = [row for entry in _list(known["rows"], "rows") for row in expand_grid(entry, tables)]
    rows = tuple(Row(**_checked(Row, row, "[[rows]]")) for row in rows)
    known |= {"data": data, "rows": rows, "seeds": tuple(_list(known["seeds"], "seeds"))}
    known["smoke"] = tuple(known.get("smoke", ()))
    checked: dict[str, Any] = known | tables
    spec = Spec(**checked)
    _check_spec(spec)
    return spec


def cells(spec: Spec, checksum: str) -> list[Cell]:
    """Every cell of a spec, seeds innermost, so that a table fills row by row.

    Args:
        spec: the spec.
        checksum: SHA-256 of the data that will be used.

    Returns:
        the cells in table order.
    """
    return [_cell(spec, row, seed, checksum) for row in spec.rows for seed in spec.seeds]


def train_events(spec: Spec, row: Row) -> int:
    """How many training events a row uses; 0 is all there are."""
    return spec.data.train_events if row.train_events is None else row.train_events


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one value.

    Example:
        >>> canonical({"b": 1, "a": [1.0, None]})
        '{"a":[1.0,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _cell(spec: Spec, row: Row, seed: int, checksum: str) -> Cell:
    training = {
        "data": {"name": spec.data.name, "train": train_events(spec, row), "sha256": checksum},
        "model": spec.models[row.model],
        "sampler": spec.samplers.get(row.sampler or ""),
        "precision": spec.precision,
        "seed": seed,
    }
    whole = training | {
        "test": spec.data.test_events,
        "backend": spec.backends.get(row.backend or ""),
    }
    return Cell(row, seed, _sha(whole), _sha(training))


def _sha(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


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
    for part in path:
        inner = tree.get(part)
        if not isinstance(inner, dict):
            raise ValueError(f"Override {text!r} names {part!r}, which the spec has not.")
        tree = inner
    if not equals or not last:
        raise ValueError(f"Override {text!r} must have the form key=value.")
    tree[last] = parsed


def _checked(kind: type, tree: Any, where: str) -> dict[str, Any]:
    """The entries of a table, all of them fields of `kind` and of its simple types."""
    names = {f.name: f for f in fields(kind) if f.name != "source"}
    if not isinstance(tree, dict):
        raise ValueError(f"In {where}: must be a table, but is {tree!r}.")
    for key in tree:
        if key not in names:
            raise ValueError(f"In {where}: unknown key {key!r}; known are {', '.join(names)}.")
    required = {"name", "seeds", "data", "rows", "models", "id", "model"} & set(names)
    missing = sorted(required - set(tree))
    if missing:
        raise ValueError(f"In {where}: missing {', '.join(missing)}.")
    for key, value in tree.items():
        expected = names[key].type
        if expected in (str, int, str | None) and type(value) is not (
            int if expected is int else str
        ):
            must = "an int" if SIMPLE[expected] is int else "a string"
            raise ValueError(f"In {where}: `{key}` must be {must}, but is {value!r}.")
    return dict(tree)


def _list(value: Any, name: str) -> list:
    if not isinstance(value, list) or not value:
        raise ValueError(f"In the spec: `{name}` must be a list with an entry, but is {value!r}.")
    return value


def _check_counts(data: DataSpec) -> None:
    for name in ("train_events", "test_events"):
        if getattr(data, name) < 0:
            raise ValueError(f"In [data]: `{name}` must be >= 0, but is {getattr(data, name)}.")


def _check_spec(spec: Spec) -> None:
    if spec.precision not in PRECISIONS:
        raise ValueError(f"`precision` must be one of {PRECISIONS}, but is {spec.precision!r}.")
    if any(type(seed) is not int or seed < 0 for seed in spec.seeds):
        raise ValueError(f"`seeds` must be ints >= 0, but are {list(spec.seeds)}.")
    ids = [row.id for row in spec.rows]
    if repeated := sorted({i for i in ids if ids.count(i) > 1}):
        raise ValueError(f"Each row needs an `id` of its own; repeated: {', '.join(repeated)}.")
    for row in spec.rows:
        _check_reference(row.id, "model", row.model, spec.models)
        _check_reference(row.id, "sampler", row.sampler, spec.samplers)
        _check_reference(row.id, "backend", row.backend, spec.backends)
        _check_reference(row.id, "ideal", row.ideal, ids)
        _check_reference(row.id, "role", row.role, ROLES)


def _check_reference(row: str, key: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        raise ValueError(
            f"In row {row!r}: `{key}` is {value!r}, which is not there; known are "
            f"{', '.join(known) or 'none'}."
        )
