"""The figures that a run's stored arrays allow; nothing is trained."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit

from experiments.records import Record, read_arrays
from experiments.reporting import plots
from experiments.reporting.circuit_figures import circuit_figures
from experiments.reporting.formats import STAGES
from experiments.reporting.notes import metric_name
from experiments.reporting.plots.devices import DRAWN
from experiments.reporting.tables import Line, Table
from experiments.scoring import SMALLER_IS_BETTER
from experiments.specs import canonical
from qml.data import holds_classes
from qml.metrics import calibration_error, roc_curve

CURVES = 8  # more lines in one ROC figure than this cannot be told apart
SWEPT = 3  # points that make a curve
ALIKE = 6  # figures of one kind on a page
RELIABLE = 4  # reliability curves in one figure: their bands lie on each other
LOG_ODDS = ("logistic_regression", "boosted_trees", "reuploading")  # models with such scores

Arrays = dict[str, dict[str, np.ndarray]]  # {row: arrays of its first replicate}
Made = list[tuple[str, Figure]]


def figures(table: Table, folder: Path) -> Made:
    """Every figure that the stored arrays allow, with its caption.

    Args:
        table: the table.
        folder: the run's folder.

    Returns:
        (caption, figure) pairs.
    """
    lines = [line for line in table.lines if line.main is not None]
    records = {line.row.id: _records(table, line) for line in lines}
    arrays = {row: read_arrays(folder, found[0].digest) for row, found in records.items()}
    made = _forest(table, lines) + _sweeps(table, lines)
    if all(holds_classes(a["labels"]) for a in arrays.values()):
        made += _roc(table, lines, arrays) + _reliability(table, lines, arrays)
    made += _pareto(table, lines)
    losses = partial(_losses, folder, records)
    for kind in (_scatters, partial(_training, losses), _energies):
        made += _first_ones(kind(lines, arrays))
    return made + _first_ones(circuit_figures(lines, records, folder, table.spec))


def row_name(line: Line) -> str:
    """What a person calls the row."""
    return line.row.label or line.row.id


def _records(table: Table, line: Line) -> list[Record]:
    return [r for r in table.records if r.row == line.row.id and r.status == "ok"]


def _losses(folder: Path, records: dict[str, list[Record]], row: str) -> np.ndarray:
    """Losses (s, steps) of all seeds of a row."""
    found = [read_arrays(folder, record.digest, ["losses"]) for record in records[row]]
    return np.stack([a["losses"] for a in found])


def _forest(table: Table, lines: list[Line]) -> Made:
    trivial = [line.main.value for line in lines if line.row.role == "trivial" and line.main]
    entries = [(row_name(n), n.main.value, n.main.low, n.main.high) for n in lines if n.main]
    name = metric_name(table.metric)
    caption = f"{name} of every row, mean over seeds, 95 % interval as in the table."
    if len(trivial) == 1:
        caption += " Dotted: the trivial row."
    reference = trivial[0] if len(trivial) == 1 else None
    return [(caption, plots.score_forest(entries, reference, score=name))]


def _apart(table: Table, lines: list[Line]) -> list[Line]:
    """The rows of full coverage that do not approximate another one."""
    own = [line for line in lines if line.row.ideal in (None, line.row.id)]
    return [line for line in own if line.row.id in table.covered]


def _roc(table: Table, lines: list[Line], arrays: Arrays) -> Made:
    apart = _apart(table, lines)
    chosen, curves = apart[:CURVES], []
    for line in chosen:
        first = arrays[line.row.id]
        fpr, tpr = roc_curve(first["scores"], first["labels"])[:2]
        area = f" ({line.auc.value:.3f})" if line.auc else ""
        curves.append((row_name(line) + area, tpr, fpr))
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


def _reliability(table: Table, lines: list[Line], arrays: Arrays) -> Made:
    """Whether scores that claim to be log-odds are; votes of an ensemble claim nothing."""
    kinds = {name: settings.get("kind") for name, settings in table.spec.models.items()}
    curves = []
    for line in _apart(table, lines):
        if kinds[line.row.model] in LOG_ODDS:
            scores, labels = arrays[line.row.id]["scores"], arrays[line.row.id]["labels"]
            error = calibration_error(scores, labels)
            curves.append((f"{row_name(line)} ({error:.3f})", expit(scores), labels))
    caption = (
        "Reliability, first seed: share of signal among events of like predicted probability, "
        "bands: 95 % Wilson interval. In brackets: expected calibration error. Below: where the "
        "predictions lie. Only rows whose scores are log-odds."
    )
    return [(caption, plots.calibration(curves[:RELIABLE]))] if curves else []


def _pareto(table: Table, lines: list[Line]) -> Made:
    points = []
    for line in lines:
        seconds = sum(line.seconds[stage] for stage in STAGES)
        if line.main and line.row.id in table.covered and seconds > 0:
            points.append((row_name(line), seconds, *line.main))
    caption = (
        f"{metric_name(table.metric)} against computing time: compile, train and execute, mean "
        "over seeds, of the rows that saw all test events. Filled: on the front, no row is both "
        "cheaper and better. The time of a simulated device is that of its simulator."
    )
    if len(points) < 2 or table.metric in SMALLER_IS_BETTER:
        return []
    return [(caption, plots.pareto(points, cost="seconds", score=metric_name(table.metric)))]


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
            made.append(_sweep(metric_name(table.metric), name.rpartition(".")[2], swept))
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


def _sweep(score: str, key: str, swept: list[list[tuple[float, Line]]]) -> tuple[str, Figure]:
    series = []
    for group in swept:
        group.sort(key=lambda pair: pair[0])
        label = row_name(group[0][1]).replace(f", {key}={group[0][0]}", "")
        at = np.array([value for value, _ in group], float)
        series.append((label, at, *np.array([line.main for _, line in group]).T))
    places = np.concatenate([at for _, at, *_ in series])
    wide = bool(places.min() > 0 and places.max() / places.min() >= 20)
    quantity = key.replace("_", " ").replace("train events", "training events")
    figure = plots.sweep(series, quantity, score=score, logarithmic=wide)
    caption = f"{score} against {quantity}, mean over seeds; bands: 95 % interval as in the table."
    return caption, figure


def _scatters(lines: list[Line], arrays: Arrays) -> Made:
    devices = [ln for ln in lines if ln.row.backend and ln.row.ideal not in (None, ln.row.id)]
    made: Made = []
    for ideal, group in _grouped(devices, lambda line: line.row.ideal).items():
        if ideal not in arrays:
            continue
        exact = arrays[ideal]["values"]
        count = min(len(exact), *(len(arrays[line.row.id]["values"]) for line in group))
        points = [(row_name(ln), arrays[ln.row.id]["values"][:count].ravel()) for ln in group]
        caption = f"Exact against device expectation values, first seed, {count} events."
        if exact[:count].size > DRAWN:
            caption += f" A random {DRAWN} values are drawn; slope and RMSE are of all."
        made.append((caption, plots.device_scatter(exact[:count].ravel(), points)))
    return made


def _training(losses: Callable[[str], np.ndarray], lines: list[Line], arrays: Arrays) -> Made:
    trained = [line for line in lines if len(arrays[line.row.id].get("losses", ()))]
    made: Made = []
    for model, group in _grouped(trained, lambda line: line.row.model).items():
        caption = f"Training loss of the circuit model {model!r}."
        made.append((caption, plots.training_curve(losses(group[0].row.id))))
    return made


def _energies(lines: list[Line], arrays: Arrays) -> Made:
    annealed = [line for line in lines if "energies" in arrays[line.row.id]]
    made: Made = []
    for model, group in _grouped(annealed, lambda line: line.row.model).items():
        first = {line.row.id: arrays[line.row.id]["energies"] for line in group}
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
