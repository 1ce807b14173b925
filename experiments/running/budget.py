"""What a run has used of its budget, and when it stops starting cells.

Records say what was used before: the wall clock of earlier sessions is the time during which at
least one of their cells was computed, so a killed session counts too. The cell that crosses a limit
is finished, and so are those that are being computed then.

    FOLDER/stops.jsonl    one line each time a budget stopped a run
"""

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from experiments.records import Record, told_in_a_sentence
from experiments.specs import Budget

STOPS = "stops.jsonl"
COUNTS = {"cells": "cells", "shots": "total_shots", "reads": "reads"}  # limit -> entry of the cost
UNITS = {"seconds": "s", "cells": "cells", "shots": "shots", "reads": "reads"}


class Spending:
    """The account of a run: what its cells used, whoever computed them in which session."""

    def __init__(
        self,
        budget: Budget,
        before: Iterable[Record] = (),
        clock: Callable[[], float] = time.monotonic,
    ):
        """Open the account.

        Args:
            budget: the limits.
            before: records of the run's cells that are there already; not read without a limit.
            clock: seconds; the machine's by default.
        """
        self.limits = {name: value for name, value in vars(budget).items() if value is not None}
        self.counted: set[str] = set()
        self.used = dict.fromkeys(UNITS, 0.0)
        before = list(before) if self.limits else []
        for record in before:
            self.add(record)
        self.clock, self.start = clock, clock() - busy_seconds(before)

    def add(self, record: Record) -> None:
        """Count a finished cell, once."""
        if not self.limits or record.digest in self.counted:
            return
        self.counted.add(record.digest)
        for name, entry in COUNTS.items():
            self.used[name] += 1 if name == "cells" else record.cost.get(entry, 0)

    def exhausted(self, running: int) -> str:
        """What is used up, in words; "" while another cell may be started.

        Args:
            running: cells that are being computed and count as cells already.
        """
        if not self.limits:
            return ""
        used = self.used | {
            "seconds": self.clock() - self.start,
            "cells": self.used["cells"] + running,
        }
        return ", ".join(
            f"{used[name]:.0f} of {limit:g} {UNITS[name]}"
            for name, limit in self.limits.items()
            if used[name] >= limit
        )


def busy_seconds(records: Iterable[Record]) -> float:
    """Wall clock during which at least one of these cells was computed.

    Args:
        records: finished cells, of any number of workers and sessions.

    Returns:
        seconds; cells that do not say how long they took count as none.

    >>> from experiments.records import Record
    >>> def cell(time, seconds):
    ...     cost = {"resources": {"wall_s": seconds}}
    ...     return Record("d", "s", "r", 0, "ok", {}, cost, {}, {}, time)
    >>> busy_seconds([cell("2026-01-01T00:00:09", 5.0), cell("2026-01-01T00:00:10", 4.0)])
    6.0
    """
    spans = sorted(span for record in records if (span := _span(record)))
    total, until = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def note_stop(folder: Path, spec: str, budget: Budget, used_up: str, missing: int) -> str:
    """Keep that a budget stopped a run.

    Args:
        folder: the run's folder.
        spec: name of the spec.
        budget: its limits.
        used_up: of `Spending.exhausted`.
        missing: how many cells were not started for it.

    Returns:
        the sentence for the user.
    """
    cells = f"{missing} cell{'s' * (missing > 1)}"
    sentence = (
        f"The budget of {spec!r} is used up ({used_up}) with {cells} missing; finished cells are "
        "kept, the same command with a larger budget goes on."
    )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"time": now, "spec": spec, "budget": vars(budget), "missing": missing, "why": used_up}
    with told_in_a_sentence(folder), open(folder / STOPS, "a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
    return sentence


def _span(record: Record) -> tuple[float, float] | None:
    """Start and end of a cell in seconds since 1970."""
    seconds = record.cost.get("resources", {}).get("wall_s")
    try:
        end = datetime.fromisoformat(record.time).timestamp()
    except ValueError:
        return None
    return (end - seconds, end) if seconds else None
