"""What a row would cost on a device that is sold: list prices of a stated day, never a bill.

The table is `prices.toml` beside this file. Rows that were simulated are priced as the device that
their backend or sampler stands for, so that a reader sees what the same shots would have cost.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from qml.jobs import qpu_seconds
from qml.offload_report import innermost

UNITS = ("task", "shot", "read", "second")
# What backends and samplers stand for. Our own shots stand for any gate device; IBM's price is the
# newest that is listed.
STANDS_FOR = {
    "QiskitBackend": "IBM Quantum",
    "Transpiled": "IBM Quantum",
    "Shots": "IBM Quantum",
    "StoredOutputs": "Rigetti on Amazon Braket",
    "MockAnnealer": "D-Wave on Amazon Braket",
    "AnnealerStandIn": "D-Wave on Amazon Braket",
}


class Rate(NamedTuple):
    """A price a unit of one device on one day."""

    device: str
    unit: str
    amount: float
    currency: str
    date: str
    source: str


class Price(NamedTuple):
    """An estimate from list prices: what, of which device, as of when (its oldest entry)."""

    amount: float
    currency: str
    device: str
    date: str


def price(cost: dict[str, Any], device: str, table: Sequence[Rate]) -> Price | None:
    """What a cell would cost, by list price.

    A row that predicts sends its `circuits`, by default one a test event, each with all shots; a
    row that anneals sends one problem with all reads. Seconds are those that the device itself
    reported as `seconds["device"]`, else those of `qml.jobs.qpu_seconds`, the one estimate.

    Args:
        cost: a record's cost, with events, shots a circuit or reads, `jobs` (by default one), and
            seconds by stage.
        device: a name in the table.
        table: of `read_prices`.

    Returns:
        the price; None where the device is not listed, nothing was drawn (exact values cannot be
        bought), or the cost lacks what the device charges for.

    >>> table = [Rate("d", "task", 0.3, "USD", "2021-01-21", ""),
    ...          Rate("d", "shot", 0.01, "USD", "2021-01-21", "")]
    >>> price({"events": 10, "shots": 100}, "d", table)
    Price(amount=13.0, currency='USD', device='d', date='2021-01-21')
    """
    rates = [rate for rate in table if rate.device == device]
    if not rates or not (cost.get("shots") or cost.get("reads")):
        return None
    counts = [_count(cost, rate) for rate in rates]
    if None in counts:
        return None
    amount = sum(n * rate.amount for n, rate in zip(counts, rates, strict=True) if n is not None)
    return Price(round(amount, 6), rates[0].currency, device, min(rate.date for rate in rates))


def device_of(info: dict[str, Any]) -> str:
    """The device that the backend or sampler of a record stands for; "" for none.

    >>> device_of({"backend": {"backend": "Shots"}})
    'IBM Quantum'
    """
    told = innermost(info.get("backend") or info.get("sampler") or {})
    return STANDS_FOR.get(told.get("backend") or told.get("sampler") or "", "")


@cache
def read_prices(text: str | None = None) -> tuple[Rate, ...]:
    """The dated table.

    Args:
        text: TOML in the form of `prices.toml`, which is read where this is absent.

    Returns:
        its entries.

    Raises:
        ValueError: an entry that lacks its date or source, or that names no known unit.
    """
    if text is None:
        text = (files("experiments.costs") / "prices.toml").read_text(encoding="utf-8")
    return tuple(_checked(entry) for entry in tomllib.loads(text).get("prices", []))


def _checked(entry: dict[str, Any]) -> Rate:
    name = entry.get("device", "")
    if lacking := [key for key in Rate._fields if not entry.get(key)]:
        raise ValueError(f"The price of {name!r} lacks {', '.join(lacking)}.")
    if entry["unit"] not in UNITS:
        raise ValueError(f"The price of {name!r} must be for one of {UNITS}: {entry['unit']!r}.")
    return Rate(**entry)


def _count(cost: dict[str, Any], rate: Rate) -> float | None:
    """How many units of a rate a cell took; None where that is not known."""
    circuits = cost.get("circuits", cost.get("events", 0)) if cost.get("shots") else 1
    shots = circuits * cost.get("shots", 0)
    counts = {"task": circuits, "shot": shots, "read": cost.get("reads", 0)}
    if rate.unit == "second":
        counts["second"] = device_seconds(cost, shots)
    return counts[rate.unit] or None


def device_seconds(cost: dict[str, Any], shots: int) -> float | None:
    """Seconds of the device: as it reported them, else the estimate; None where nothing ran there.

    >>> device_seconds({"jobs": 2}, 1000), device_seconds({"seconds": {"device": 3.0}}, 1000)
    (4.35, 3.0)
    """
    reported = cost.get("seconds", {}).get("device")
    if reported is not None or not shots:
        return reported
    return qpu_seconds(cost.get("jobs", 1), shots)
