"""What a table says, in sentences: every claim follows from an interval, none from a hope."""

from experiments.records import Record
from experiments.reporting.notes import metric_name
from experiments.reporting.tables import Line, Table
from experiments.scoring import SMALLER_IS_BETTER, replicate
from qml.metrics import Interval


def findings(table: Table) -> list[str]:
    """One sentence for each comparison that a reader would otherwise have to work out.

    Args:
        table: the table.

    Returns:
        sentences; a difference counts as seen only where its 95 % interval leaves out zero.
    """
    lines = [line for line in table.lines if line.main is not None]
    sentences = [_best(table, lines)]
    for line in lines:
        if line.row.sampler:
            ideal = [r for r in table.records if r.row == line.row.ideal and r.status == "ok"]
            sentences.append(_annealed(line, table.metric, _records(table, line), ideal))
        elif line.offloaded:
            sentences.append(_offloaded(line, table.metric))
    return [sentence for sentence in sentences if sentence]


def _best(table: Table, lines: list[Line]) -> str:
    """The best of the rows that saw all events and seeds, and how many cannot be told from it."""
    best = best_line(table)
    if best is None or best.main is None:
        return ""
    quantum = bool(best.row.sampler or best.offloaded)
    kind = "simulated quantum" if best.simulated else "quantum"
    alike = [ln for ln in lines if ln.row.id in table.best and ln is not best]
    text = f"The {extreme(table)}, {best.main.value:.3f}, is that of {_name(best)}"
    text += f", a {kind} row" if quantum else ", a classical row"
    if alike:
        text += f"; not significantly worse: {', '.join(map(_name, alike))}"
    if quantum and any(not (ln.row.sampler or ln.offloaded) for ln in alike):
        text += ". No quantum row is significantly ahead of every classical one"
    return text + "."


def extreme(table: Table) -> str:
    """What the best row has: `highest AUC`, `lowest log loss`."""
    end = "lowest" if table.metric in SMALLER_IS_BETTER else "highest"
    return f"{end} {metric_name(table.metric)}"


def best_line(table: Table) -> Line | None:
    """The line with the best score among those of full coverage; None where nothing was ranked."""
    sign = -1 if table.metric in SMALLER_IS_BETTER else 1
    covered = [line for line in table.lines if line.row.id in table.covered]
    ranked = [(sign * line.main.value, line) for line in covered if line.main is not None]
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _annealed(line: Line, metric: str, records: list[Record], ideal: list[Record]) -> str:
    trivial, classical = line.versus.get("trivial"), line.versus.get("classical")
    text = _name(line)
    on = sorted({record.info.get("switched_on", 0) for record in records})
    total = sorted({record.info.get("weak_classifiers", 0) for record in records})
    votes = any(total)
    if votes:
        text += f" switches on {_span(on)} of {_span(total)} weak classifiers;"
    if ideal:
        text += f" it reaches the energy of its ideal row in {_reached(records, ideal)};"
    if trivial is not None:
        text += f" against the {'untrained sum' if votes else 'trivial baseline'} it "
        text += _verdict(trivial, metric)
    if classical is not None:
        text += f", against the classical baseline it {_verdict(classical, metric)}"
    if trivial is not None and _seen(trivial, metric) == 0:
        text += ". The annealer adds nothing here that these test events can show"
    elif trivial is not None and _seen(trivial, metric) < 0:
        better = "summing all weak classifiers" if votes else "the trivial baseline"
        text += f". The annealer does harm here: {better} is better"
    return text + "."


def _reached(records: list[Record], ideal: list[Record]) -> str:
    lowest = {replicate(record): record.info["lowest_energy"] for record in ideal}
    same = [
        record.info["lowest_energy"] <= lowest[replicate(record)] + 1e-9
        for record in records
        if replicate(record) in lowest
    ]
    return f"{sum(same)} of {len(same)} seeds"


def _offloaded(line: Line, metric: str) -> str:
    ideal, classical = line.versus.get("ideal"), line.versus.get("classical")
    parts = []
    if ideal is not None and line.row.ideal != line.row.id:
        parts.append(f"against the exact simulator it {_verdict(ideal, metric)}")
    if classical is not None:
        parts.append(f"against the classical baseline it {_verdict(classical, metric)}")
    return f"{_name(line)}: {', '.join(parts)}." if parts else ""


def _verdict(change: Interval, metric: str) -> str:
    size = f"({change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}] {metric_name(metric)})"
    if change.low == change.high == 0.0 or max(abs(change.low), abs(change.high)) < 5e-4:
        return f"changes nothing {size}"
    return f"{('loses', 'shows no difference', 'gains')[_seen(change, metric) + 1]} {size}"


def _seen(change: Interval, metric: str) -> int:
    """1 where a change is seen to be for the better, -1 for the worse, 0 where neither is."""
    sign = -1 if metric in SMALLER_IS_BETTER else 1
    return sign * ((change.low > 0) - (change.high < 0))


def _records(table: Table, line: Line) -> list[Record]:
    return [r for r in table.records if r.row == line.row.id and r.status == "ok"]


def _name(line: Line) -> str:
    return line.row.label or line.row.id


def _span(values: list[int]) -> str:
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"
