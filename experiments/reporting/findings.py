"""What a table says, in sentences: every claim follows from an interval, none from a hope."""

from experiments.records import Record
from experiments.reporting.tables import Line, Table
from qml.intervals import Interval


def findings(table: Table) -> list[str]:
    """One sentence for each comparison that a reader would otherwise have to work out.

    Args:
        table: the table.

    Returns:
        sentences; a difference counts as seen only where its 95 % interval leaves out zero.
    """
    lines = [line for line in table.lines if line.auc is not None]
    sentences = [_best(table, lines)]
    for line in lines:
        if line.row.sampler:
            ideal = [r for r in table.records if r.row == line.row.ideal and r.status == "ok"]
            sentences.append(_annealed(line, _records(table, line), ideal))
        elif line.row.backend:
            sentences.append(_offloaded(line))
    return [sentence for sentence in sentences if sentence]


def _best(table: Table, lines: list[Line]) -> str:
    """The best of the rows that saw all events, and how many cannot be told from it."""
    full = max(line.events for line in lines)
    scored = [(ln.auc.value, ln) for ln in lines if ln.auc is not None and ln.events == full]
    value, best = max(scored, key=lambda pair: pair[0])
    quantum = bool(best.row.sampler or best.row.backend)
    kind = "simulated quantum" if best.simulated else "quantum"
    alike = [ln for ln in lines if ln.row.id in table.best and ln is not best]
    text = f"The highest AUC, {value:.3f}, is that of {_name(best)}"
    text += f", a {kind} row" if quantum else ", a classical row"
    if alike:
        text += f"; not significantly worse: {', '.join(map(_name, alike))}"
    if quantum and any(not (ln.row.sampler or ln.row.backend) for ln in alike):
        text += ". No quantum row is significantly ahead of every classical one"
    return text + "."


def _annealed(line: Line, records: list[Record], ideal: list[Record]) -> str:
    trivial, classical = line.versus.get("trivial"), line.versus.get("classical")
    text = _name(line)
    on = sorted({record.info.get("switched_on", 0) for record in records})
    total = sorted({record.info.get("weak_classifiers", 0) for record in records})
    if on and total[-1]:
        text += f" switches on {_span(on)} of {_span(total)} weak classifiers;"
    if ideal:
        text += f" it reaches the energy of its ideal row in {_reached(records, ideal)};"
    if trivial is not None:
        text += f" against the untrained sum it {_verdict(trivial)}"
    if classical is not None:
        text += f", against the classical baseline it {_verdict(classical)}"
    if trivial is not None and trivial.low <= 0 <= trivial.high:
        text += ". The annealer adds nothing here that these test events can show"
    elif trivial is not None and trivial.high < 0:
        text += ". The annealer does harm here: summing all weak classifiers is better"
    return text + "."


def _reached(records: list[Record], ideal: list[Record]) -> str:
    lowest = {record.seed: record.info["lowest_energy"] for record in ideal}
    same = [r.info["lowest_energy"] <= lowest[r.seed] + 1e-9 for r in records if r.seed in lowest]
    return f"{sum(same)} of {len(same)} seeds"


def _offloaded(line: Line) -> str:
    ideal, classical = line.versus.get("ideal"), line.versus.get("classical")
    parts = []
    if ideal is not None and line.row.ideal != line.row.id:
        parts.append(f"against the exact simulator it {_verdict(ideal)}")
    if classical is not None:
        parts.append(f"against the classical baseline it {_verdict(classical)}")
    return f"{_name(line)}: {', '.join(parts)}." if parts else ""


def _verdict(change: Interval) -> str:
    size = f"({change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}] AUC)"
    if change.low == change.high == 0.0 or max(abs(change.low), abs(change.high)) < 5e-4:
        return f"changes nothing {size}"
    if change.low > 0:
        return f"gains {size}"
    if change.high < 0:
        return f"loses {size}"
    return f"shows no difference {size}"


def _records(table: Table, line: Line) -> list[Record]:
    return [r for r in table.records if r.row == line.row.id and r.status == "ok"]


def _name(line: Line) -> str:
    return line.row.label or line.row.id


def _span(values: list[int]) -> str:
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"
