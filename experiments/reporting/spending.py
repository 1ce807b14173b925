"""What the cells of a row cost, as means over seeds: draws, seconds by stage, resources, price."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.costs.prices import Price, Rate, device_of, price
from experiments.records import Record

VENDOR = ("execute", "transpile")  # stages of a vendor that belong to execute


def draws(records: Sequence[Record]) -> str:
    """How many shots or reads a row drew: `1024 shots`, `all 2^20`, or a dash."""
    sampler = records[0].info.get("sampler", {}).get("sampler") if records else None
    if sampler == "Exhaustive":
        info = records[0].info
        return f"all 2^{info.get('variables', info.get('weak_classifiers'))}"
    for name in ("shots", "reads"):
        counts = [record.cost.get(name, 0) for record in records]
        if any(counts):
            return f"{max(counts)} {name}"
    return "-"


def seconds(records: Sequence[Record]) -> dict[str, float]:
    """Mean over seeds of compile, train and execute; and of the queue, where there was one.

    Waiting in a queue is no work, so it is part of no other stage.
    """
    stages = [record.cost["seconds"] for record in records]
    own = {name: [s.get(name, 0.0) for s in stages] for name in ("compile", "train")}
    own["execute"] = [sum(s.get(name, 0.0) for name in VENDOR) for s in stages]
    if any(s.get("queue") for s in stages):
        own["queue"] = [s.get("queue", 0.0) for s in stages]
    return {name: float(np.mean(values)) if values else 0.0 for name, values in own.items()}


def resources(records: Sequence[Record]) -> dict[str, float]:
    """Means over seeds of what the cells measured of themselves, where they did."""
    used = [record.cost.get("resources", {}) for record in records]
    names = {name for entry in used for name, value in entry.items() if not isinstance(value, str)}
    return {n: float(np.nanmean([entry.get(n, np.nan) for entry in used])) for n in sorted(names)}


def row_price(records: Sequence[Record], table: Sequence[Rate]) -> Price | None:
    """What a cell of the row would cost on the device it stands for, mean over seeds."""
    device = device_of(records[0].info) if records else ""
    rates = [rate for rate in table if rate.device == device]
    found = [price(record.cost, device, rates) for record in records]
    known = [entry for entry in found if entry is not None]
    if not known:
        return None
    return known[0]._replace(amount=float(np.mean([entry.amount for entry in known])))


def simulated(records: Sequence[Record]) -> bool:
    """Whether a backend or sampler of the row said that it was simulated."""
    return any(bool(_told(record).get("simulated")) for record in records)


def _told(record: Record) -> dict[str, Any]:
    return record.info.get("backend") or record.info.get("sampler") or {}
