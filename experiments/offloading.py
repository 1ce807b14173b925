"""One frozen model on several circuit backends, and what each of them was worth: plain numbers."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from circuits import Backend, Exact
from experiments.catalogue import named_backend, named_mitigation
from experiments.reporting.offload import priced
from qml import Frozen, Inference, infer, load_dataset, thaw
from qml.jobs import Ledgered, check_mitigated
from qml.offload_report import offload_summary

LABELS = ("label", "y")  # names of the column, or array, with the labels


class Table(NamedTuple):
    """Events to predict: features (b, f), and labels (b,) of 0 and 1 where they are known."""

    x: np.ndarray
    y: np.ndarray | None


class Offload(NamedTuple):
    """One backend's answer, and its summary as of `qml.offload_report.offload_summary`, priced."""

    name: str
    outcome: Inference
    summary: dict[str, Any]


def offload(
    frozen: Frozen,
    table: Table,
    backends: Mapping[str, Backend],
    *,
    seed: int = 0,
    told: Callable[[str], None] = lambda name: None,
) -> list[Offload]:
    """Predict the same events with the same frozen model on each backend.

    Args:
        frozen: the model.
        table: the events.
        backends: {name: backend}; where none is called "exact", exact values are computed too,
            as every row is compared with them.
        seed: of the bootstrap.
        told: called with each backend's name before it starts.

    Returns:
        a row each, the exact one first.

    Raises:
        ValueError: events with other features than the model's, or what a backend refuses.

    Example:
        >>> from circuits import Shots
        >>> from qml import freeze, reuploading_model, Scaler
        >>> import jax
        >>> model = reuploading_model(2, n_qubits=2, n_layers=1)
        >>> scaler = Scaler(np.zeros(2), np.ones(2), -1.0, 1.0)
        >>> frozen = freeze(model, model.init(jax.random.key(0)), scaler)
        >>> rows = offload(frozen, Table(np.zeros((4, 2)), None), {"shots": Shots(100)})
        >>> [(row.name, row.summary["shots"]) for row in rows]
        [('exact', None), ('shots', 100)]
    """
    if (given := table.x.shape[1:]) != frozen.scaler.shift.shape:
        raise ValueError(
            f"The model takes {len(frozen.scaler.shift)} features an event, but the events have "
            f"the shape {given}; give it what it was trained on."
        )
    model, params = thaw(frozen)
    ordered = {"exact": backends.get("exact", Exact()), **backends}
    rows: list[Offload] = []
    for name, backend in ordered.items():
        told(name)
        outcome = infer(model, params, table.x, backend)
        exact = rows[0].outcome if rows else outcome
        summary = offload_summary(exact, outcome, table.y, seed=seed)
        rows.append(Offload(name, outcome, priced(summary, outcome.result.info)))
    return rows


def with_mitigations(
    frozen: Frozen,
    table: Table,
    names: Sequence[str],
    mitigations: Sequence[str],
    *,
    ledger: Path,
    options: Mapping[str, Any],
    shots: int,
    seed: int,
) -> dict[str, Backend]:
    """Open backends by name, in a ledger, each followed by itself under every mitigation.

    The exact one has nothing to mitigate. Nothing is sent; ceilings hold for all calls of a
    mitigation together.

    Args:
        frozen: the model.
        table: the events.
        names: of backends, as `named_backend` knows them.
        mitigations: as `named_mitigation` knows them.
        ledger: folder of the jobs.
        options: of `qml.jobs.Ledgered`.
        shots: for each measurement basis.
        seed: of simulators and mitigations.

    Returns:
        {name: backend}; a mitigated one is called "NAME + MITIGATION".

    Raises:
        ValueError: an unknown name, a mitigation that does not fit, or too dear a one.
    """
    model, params = thaw(frozen)
    made: dict[str, Backend] = {}
    for name in names:
        around = () if name == "exact" else mitigations
        opened = named_backend(name, shots=shots, seed=seed, around=around)
        made[name] = kept = Ledgered(opened, ledger, **options)
        for each in around:
            mitigate = partial(named_mitigation, each, seed=seed)
            check_mitigated(kept, mitigate, partial(infer, model, params, table.x))
            made[f"{name} + {each}"] = mitigate(kept)
    return made


def read_events(source: str, events: int = 0) -> Table:
    """Events of a data set (its test part), or of a CSV or npz file.

    Args:
        source: a name, or a file: a CSV with a header, where a column called "label" or "y" holds
            labels and all others features; or an npz with "x" and, where known, "y" or "label".
        events: the first so many; 0 takes all.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no such data set, a file that cannot be read, one without features, labels that
            are not 0 and 1, or a negative number of events.
    """
    if events < 0:
        raise ValueError(f"Option `--events` must be 0 for all or more, but is {events}.")
    path = Path(source)
    if path.suffix in (".csv", ".npz"):
        if not path.is_file():
            raise FileNotFoundError(f"No file {path} with events.")
        table = _read_csv(path) if path.suffix == ".csv" else _read_npz(path)
    else:
        data = load_dataset(source)
        table = Table(data.x[data.test], data.y[data.test] if data.has_classes else None)
    y = None if table.y is None else np.asarray(table.y)[: events or None]
    return Table(table.x[: events or None], y)


def write_scores(path: Path, rows: Sequence[Offload], table: Table) -> None:
    """Write the scores of every backend, with errors and labels, to a CSV or an npz file.

    Raises:
        ValueError: another kind of file.
    """
    columns: dict[str, np.ndarray] = {} if table.y is None else {"label": table.y}
    for row in rows:
        columns |= {row.name: row.outcome.scores, f"{row.name} std": row.outcome.std}
    if path.suffix == ".npz":
        np.savez(path, allow_pickle=False, **columns)
    elif path.suffix == ".csv":
        body = np.stack([np.asarray(c, float) for c in columns.values()], axis=1)
        heading = ",".join(columns)
        np.savetxt(path, body, delimiter=",", header=heading, comments="", fmt="%.10g")
    else:
        raise ValueError(f"Option `--out` must end in .csv or .npz, but is {path}.")


def _read_csv(path: Path) -> Table:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) < 2:
            raise ValueError("There is no event.")
        columns = np.genfromtxt(lines, delimiter=",", names=True, ndmin=1, deletechars="")
    except ValueError as error:
        raise ValueError(
            f"File {path} must be a CSV: a header line, then numbers with commas between them."
        ) from error
    names = columns.dtype.names or ()
    features = [name for name in names if name not in LABELS]
    if not features:
        raise ValueError(f"File {path} must have a header line and columns of features.")
    label = next((columns[name] for name in LABELS if name in names), None)
    return Table(np.stack([columns[name] for name in features], axis=1), _classes(path, label))


def _read_npz(path: Path) -> Table:
    if not zipfile.is_zipfile(path):
        raise ValueError(f"File {path} must be a whole npz file.")
    with np.load(path, allow_pickle=False) as arrays:
        if "x" not in arrays:
            raise ValueError(f"File {path} must hold an array `x` of features (b, f).")
        label = next((arrays[name] for name in LABELS if name in arrays), None)
        return Table(np.asarray(arrays["x"], float), _classes(path, label))


def _classes(path: Path, labels: np.ndarray | None) -> np.ndarray | None:
    """Labels as ints, where there are any."""
    if labels is None:
        return None
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"The labels in file {path} must be 0 and 1; what is neither was found.")
    return labels.astype(int)
