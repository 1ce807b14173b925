"""What a benchmark is, as plain data."""

from dataclasses import dataclass, field, replace
from typing import Any

SPLITS = ("fixed", "repeated", "kfold")
PRECISIONS = ("single", "double")
ROLES = ("classical", "trivial")


@dataclass(frozen=True)
class DataSpec:
    """Which data set, which of its rows train and test, and how many of each (0 takes all).

    `split` is "fixed" (the data set's own rows), "repeated" (a stratified random `test_fraction` of
    all rows is held out anew for each seed) or "kfold" (all rows in `folds` stratified parts, each
    held out once for each seed).
    """

    name: str
    train_events: int = 0
    test_events: int = 0
    split: str = "fixed"
    folds: int = 0
    test_fraction: float = 0.0


@dataclass(frozen=True)
class Row:
    """One line of the table: a model, what trains it, what predicts with it.

    `sampler` names the annealer that trains, `backend` the device that predicts; both absent is an
    entirely classical row. `ideal` names the row that this one approximates; `role` marks the
    baselines that every other row is compared with. `train_events` and `data`, the name of a data
    set, override those of the spec's data.
    """

    id: str
    model: str
    label: str = ""
    sampler: str | None = None
    backend: str | None = None
    ideal: str | None = None
    role: str | None = None
    train_events: int | None = None
    data: str | None = None


@dataclass(frozen=True)
class Budget:
    """What a run may use, all its sessions together, before it stops starting cells.

    `seconds` of wall clock, `cells` computed, `shots` on circuit backends, `reads` of annealers;
    None is no limit.
    """

    seconds: float | None = None
    cells: int | None = None
    shots: int | None = None
    reads: int | None = None


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
    """A whole benchmark as data; `source` is the TOML text it came from.

    `metrics` are the columns of its table, the main one first; records hold them all.
    """

    name: str
    seeds: tuple[int, ...]
    data: DataSpec
    rows: tuple[Row, ...]
    models: dict[str, dict[str, Any]]
    title: str = ""
    precision: str = "single"
    metrics: tuple[str, ...] = ("auc", "accuracy")
    samplers: dict[str, dict[str, Any]] = field(default_factory=dict)
    backends: dict[str, dict[str, Any]] = field(default_factory=dict)
    budget: Budget = Budget()
    about: About = About()
    smoke: tuple[str, ...] = ()
    source: str = ""


def train_events(spec: Spec, row: Row) -> int:
    """How many training events a row uses; 0 is all there are."""
    return spec.data.train_events if row.train_events is None else row.train_events


def dataset_name(spec: Spec, row: Row) -> str:
    """The data set of a row."""
    return row.data or spec.data.name


def model_label(row: Row) -> str:
    """What a row is called where its data set is known: without what a grid wrote of it.

    >>> model_label(Row("c data=toy", "c", "circuit, data=toy", data="toy"))
    'circuit'
    """
    return (row.label or row.id).replace(f", data={row.data}", "")


def by_dataset(spec: Spec) -> dict[str, Spec]:
    """The rows of each data set as a spec of their own: one table, report or bundle each.

    Args:
        spec: a spec.

    Returns:
        {data set: spec}, in order of the rows; its cells have the digests that they have in `spec`,
        so the records of one run serve all of them. Where there are several, titles name theirs.

    >>> from experiments.specs import load_spec
    >>> list(by_dataset(load_spec("demo")))
    ['diphoton']
    """
    rows: dict[str, list[Row]] = {}
    for row in spec.rows:
        plain = replace(row, data=None, label=model_label(row) if row.data else row.label)
        rows.setdefault(dataset_name(spec, row), []).append(plain)
    parts = {
        name: replace(spec, data=replace(spec.data, name=name), rows=tuple(own))
        for name, own in rows.items()
    }
    if len(parts) == 1:
        return parts
    title = spec.title or spec.name
    return {name: replace(part, title=f"{title} ({name})") for name, part in parts.items()}
