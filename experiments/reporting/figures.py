"""The figures that a run's stored arrays allow; nothing is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.records import read_arrays
from experiments.reporting import plots
from experiments.reporting.formats import STAGES
from experiments.reporting.plots.devices import DRAWN
from experiments.reporting.tables import Line, Table
from experiments.specs import canonical
from qml.metrics import roc_curve

CURVES = 8  # more lines in one ROC figure than this cannot be told apart
SWEPT = 3  # points that make a curve
ALIKE = 6  # figures of one kind on a page

Arrays = dict[str, list[dict[str, np.ndarray]]]  # {row: arrays of each seed}
Made = list[tuple[str, Figure]]


def figures(table: Table, folder: Path) -> Made:
    """Every figure that the stored arrays allow, with its caption.

    Args:
        table: the table.
        folder: the run's folder.

    Returns:
        (caption, figure) pairs.
    """
    lines = [line for line in table.lines if line.auc is not None]
    arrays = {line.row.id: _arrays(table, line, folder) for line in lines}
    made = _forest(lines) + _sweeps(table, lines) + _roc(lines, arrays) + _pareto(lines)
    for kind in (_scatters, _training, _energies):
        made += _first_ones(kind(lines, arrays))
    return made


def row_name(line: Line) -> str:
    """What a person calls the row."""
    return line.row.label or line.row.id


def _arrays(table: Table, line: Line, folder: Path) -> list[dict[str, np.ndarray]]:
    records = [r for r in table.records if r.row == line.row.id and r.status == "ok"]
    return [read_arrays(folder, record.digest) for record in records]


def _forest(lines: list[Line]) -> Made:
    trivial = [line.auc.value for line in lines if line.row.role == "trivial" and line.auc]
    entries = [(row_name(ln), ln.auc.value, ln.auc.low, ln.auc.high) for ln in lines if ln.auc]
    caption = "AUC of every row, mean over seeds, 95 % interval over test events."
    if len(trivial) == 1:
        caption += " Dotted: the trivial row."
    return [(caption, plots.auc_forest(entries, trivial[0] if len(trivial) == 1 else None))]


def _roc(lines: list[Line], arrays: Arrays) -> Made:
    full = max(line.events for line in lines)
    apart = [line for line in lines if line.row.ideal in (None, line.row.id)]
    chosen = [line for line in apart if line.events == full][:CURVES]
    curves = []
    for line in chosen:
        first = arrays[line.row.id][0]
        fpr, tpr = roc_curve(first["scores"], first["labels"])[:2]
        curves.append((f"{row_name(line)} ({line.auc.value:.3f})" if line.auc else "", tpr, fpr))
    if not curves:
        return []
    caption = (
        "ROC, first seed; AUC in brackets, mean over seeds. Below: rejection divided by that of "
        f"{row_name(chosen[0])}. Rows that approximate another one or saw fewer test events are "
        "left out."
    )
    if len(apart) > CURVES:
        caption = caption.removesuffix(".") + f", and all but the first {CURVES}."
    return [(caption, plots.roc(curves))]


def _pareto(lines: list[Line]) -> Made:
    full = max(line.events for line in lines)
    points = []
    for line in lines:
        seconds = sum(line.seconds[stage] for stage in STAGES)
        if line.auc and line.events == full and seconds > 0:
            points.append((row_name(line), seconds, *line.auc))
    caption = (
        "AUC against computing time: compile, train and execute, mean over seeds, of the rows that "
        "saw all test events. Filled: on the front, no row is both cheaper and better. The time "
        "of a simulated device is that of its simulator."
    )
    return [(caption, plots.pareto(points, cost="seconds"))] if len(points) > 1 else []


def _sweeps(table: Table, lines: list[Line]) -> Made:
    """Score against each number in which otherwise equal rows differ."""
    groups: dict[str, dict[str, list[tuple[float, Line]]]] = {}
    for line in lines:
        settings = _settings(table, line)
        for name, value in settings.items():
            if type(value) in (int, float):
                rest = canonical({k: v for k, v in settings.items() if k != name})
                groups.setdefault(name, {}).setdefault(rest, []).append((value, line))
    made: Made = []
    for name, group in groups.items():
        swept = [g for g in group.values() if len({value for value, _ in g}) >= SWEPT]
        if swept:
            made.append(_sweep(name.rpartition(".")[2], swept))
    return made


def _settings(table: Table, line: Line) -> dict[str, Any]:
    """All that decides a row, flat: {"model.layers": 2, "backend.shots": 100, …}."""
    spec, row = table.spec, line.row
    parts = {
        "model": spec.models[row.model],
        "sampler": spec.samplers.get(row.sampler or "", {}),
        "backend": spec.backends.get(row.backend or "", {}),
    }
    flat = {f"{part}.{k}": v for part, settings in parts.items() for k, v in settings.items()}
    return flat | {"train_events": row.train_events or spec.data.train_events}


def _sweep(key: str, swept: list[list[tuple[float, Line]]]) -> tuple[str, Figure]:
    series = []
    for group in swept:
        group.sort(key=lambda pair: pair[0])
        label = row_name(group[0][1]).replace(f", {key}={group[0][0]}", "")
        at = np.array([value for value, _ in group], float)
        series.append((label, at, *np.array([line.auc for _, line in group]).T))
    places = np.concatenate([at for _, at, *_ in series])
    wide = bool(places.min() > 0 and places.max() / places.min() >= 20)
    quantity = key.replace("_", " ").replace("train events", "training events")
    figure = plots.sweep(series, quantity, logarithmic=wide)
    caption = f"AUC against {quantity}, mean over seeds; bands: 95 % interval over test events."
    return caption, figure


def _scatters(lines: list[Line], arrays: Arrays) -> Made:
    devices = [ln for ln in lines if ln.row.backend and ln.row.ideal not in (None, ln.row.id)]
    made: Made = []
    for ideal, group in _grouped(devices, lambda line: line.row.ideal).items():
        if ideal not in arrays:
            continue
        exact = arrays[ideal][0]["values"]
        count = min(len(exact), *(len(arrays[line.row.id][0]["values"]) for line in group))
        points = [(row_name(ln), arrays[ln.row.id][0]["values"][:count].ravel()) for ln in group]
        caption = f"Exact against device expectation values, first seed, {count} events."
        if exact[:count].size > DRAWN:
            caption += f" A random {DRAWN} values are drawn; slope and RMSE are of all."
        made.append((caption, plots.device_scatter(exact[:count].ravel(), points)))
    return made


def _training(lines: list[Line], arrays: Arrays) -> Made:
    trained = [line for line in lines if "losses" in arrays[line.row.id][0]]
    made: Made = []
    for model, group in _grouped(trained, lambda line: line.row.model).items():
        losses = np.stack([a["losses"] for a in arrays[group[0].row.id]])
        made.append(
            (f"Training loss of the circuit model {model!r}.", plots.training_curve(losses))
        )
    return made


def _energies(lines: list[Line], arrays: Arrays) -> Made:
    annealed = [line for line in lines if "energies" in arrays[line.row.id][0]]
    made: Made = []
    for model, group in _grouped(annealed, lambda line: line.row.model).items():
        first = {line.row.id: arrays[line.row.id][0]["energies"] for line in group}
        drawn = [line for line in group if line.trained_on != "annealer: exhaustive"]
        if drawn:
            lowest = float(min(energies.min() for energies in first.values()))
            caption = f"Energies of the reads on the QUBO of {model!r}, first seed."
            samples = [(row_name(line), first[line.row.id]) for line in drawn]
            made.append((caption, plots.energies(samples, lowest)))
    return made


def _first_ones(made: Made) -> Made:
    """Not more figures of one kind than a reader looks at, and a word about the others."""
    if len(made) <= ALIKE:
        return made
    caption, figure = made[ALIKE - 1]
    return [*made[: ALIKE - 1], (f"{caption} {len(made) - ALIKE} more are not drawn.", figure)]


def _grouped(lines: list[Line], key: Callable[[Line], Any]) -> dict[Any, list[Line]]:
    groups: dict[Any, list[Line]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return groups
