"""The notes that belong under a table: what its numbers are, and what it lacks."""

from collections.abc import Iterable

from experiments.costs.prices import read_prices
from experiments.records import Record
from experiments.reporting.lines import Line
from experiments.specs import Spec

NAMES = {"auc": "AUC"}


def metric_name(metric: str) -> str:
    """What a person calls a metric.

    >>> metric_name("auc"), metric_name("tagging_power")
    ('AUC', 'tagging power')
    """
    return NAMES.get(metric, metric.replace("_", " "))


def table_notes(
    spec: Spec,
    lines: list[Line],
    records: list[Record],
    covered: frozenset[str],
    resamples: int | None,
) -> list[str]:
    """The notes of a table.

    Args:
        spec: the spec.
        lines: its lines.
        records: its records.
        covered: ids of the rows with the most events and seeds, which are ranked.
        resamples: of the test events; None where intervals are over seeds.

    Returns:
        one sentence or two a note.
    """
    notes = _method(spec, resamples)
    notes += _unequal(spec, lines, covered)
    if any(line.row.backend or _is_searched(spec, line) for line in lines):
        notes.append(
            "Train seconds of a circuit model are spent once for all its backends; of an annealed "
            "ensemble they contain the search of the penalty on held-out training events."
        )
    notes += _prices(lines)
    notes += _hardware(lines, records)
    for role in ("classical", "trivial"):
        if not any(line.row.role == role for line in lines):
            notes.append(f"This table has no {role} baseline.")
    commits = {record.provenance.get("commit") for record in records}
    if len(commits) > 1:
        notes.append(f"Records come from {len(commits)} commits of the code.")
    return notes


def device_rows(records: Iterable[Record]) -> set[str]:
    """Ids of the rows that a device answered; most tables have none."""
    return {r.row for r in records if r.info.get("backend", {}).get("simulated") is False}


def _hardware(lines: list[Line], records: list[Record]) -> list[str]:
    ran = device_rows(records)
    if ran:
        names = ", ".join(line.row.label or line.row.id for line in lines if line.row.id in ran)
        return [f"A device answered: {names}. Every other quantum row is simulated."]
    if any(line.simulated for line in lines):
        return ["Every quantum row is simulated on this machine; none ran on hardware."]
    return []


def _is_searched(spec: Spec, line: Line) -> bool:
    """Whether the row is an ensemble whose penalty is searched."""
    return spec.models[line.row.model].get("kind") == "boosted_ensemble"


def _method(spec: Spec, resamples: int | None) -> list[str]:
    count, folds = len(spec.seeds), spec.data.folds
    over = f"{count} seed{'s' * (count > 1)}" + (f" of {folds} folds" if folds else "")
    scores = " and ".join(map(metric_name, spec.metrics[:2]))
    spread = "± seeds: standard deviation over them, each with a draw of training events of its own"
    if resamples is None:
        return [
            f"{scores}: mean over {over}; [95 % t interval over them, corrected for training draws "
            f"that overlap]; {spread} (the draws overlap). Changes are paired by seed.",
            "Bold: the best row and all that are not significantly worse (paired corrected t test, "
            "Bonferroni over all pairs of rows, level 0.05), among rows with all events and seeds.",
        ]
    return [
        f"{scores}: mean over {over}; [95 % interval from {resamples} resamples of the test "
        f"events, the same for all seeds]; {spread} (the draws overlap). "
        "Changes are paired: same events, same seeds, same resamples.",
        "Bold: the best row and all that are not significantly worse (paired bootstrap over the "
        "test events, corrected for choosing the best, level 0.05), among rows with all events and "
        "seeds.",
    ]


def _unequal(spec: Spec, lines: list[Line], covered: frozenset[str]) -> list[str]:
    notes = []
    cells = len(spec.seeds) * (spec.data.folds or 1)
    if missing := [line.row.id for line in lines if line.seeds < cells]:
        notes.append(f"Not all seeds are there for: {', '.join(missing)}.")
    if fewer := [line.row.id for line in lines if line.scores and line.row.id not in covered]:
        notes.append(
            f"Coverage is not equal; with other test events or seeds than the rest: "
            f"{', '.join(fewer)}. Such rows are compared on what both have, and never ranked."
        )
    return notes


def _prices(lines: list[Line]) -> list[str]:
    found = {line.price.device: line.price for line in lines if line.price is not None}
    if not found:
        return []
    named = {r.device: r.source for r in reversed(read_prices())}
    told = "; ".join(f"{p.device}, {p.date} ({named[p.device]})" for p in found.values())
    return [
        f"Would cost: an estimate of what one cell costs on a device by public list prices: {told}."
    ]
