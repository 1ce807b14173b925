"""What a cell cost: wall, CPU seconds, peak memory, energy and carbon, price of a device.

Energy is read from the processor's counters (RAPL) where the machine lets a user read them. Where
it does not, it is an estimate, CPU seconds times `WATTS_PER_CORE`, and every figure says so in
"energy_source". Prices and grid factors are dated constants of this file, not live data.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# A server core under load, rounded: 280 W over 28 cores, memory and losses included. An assumption.
WATTS_PER_CORE = 10.0
# Mean of the European Union's electricity in 2023: 242 g/kWh (European Environment Agency, 2024).
GRAMS_CO2_PER_KWH = 242.0
RAPL = Path("/sys/class/powercap/intel-rapl:0/energy_uj")


@contextmanager
def measured() -> Iterator[dict[str, Any]]:
    """Measure the block and fill the dict it gets.

    Yields:
        a dict that holds, after the block: wall_s, cpu_s (this process and its finished children),
        peak_mib (of this process so far), energy_j, energy_source ("rapl" or "estimated"), co2_g.

    >>> with measured() as cost:
    ...     total = sum(range(1000))
    >>> sorted(cost)
    ['co2_g', 'cpu_s', 'energy_j', 'energy_source', 'peak_mib', 'wall_s']
    """
    cost: dict[str, Any] = {}
    wall, cpu, counter = time.perf_counter(), _cpu_seconds(), _rapl_joules()
    try:
        yield cost
    finally:
        cost["wall_s"] = time.perf_counter() - wall
        cost["cpu_s"] = _cpu_seconds() - cpu
        cost["peak_mib"] = _peak_mib()
        cost |= _energy(cost["cpu_s"], counter, _rapl_joules())


def _energy(cpu_s: float, before: float | None, after: float | None) -> dict[str, Any]:
    # The counter wraps around every few hours or less; a negative difference is no reading.
    if before is not None and after is not None and after >= before:
        joules, source = after - before, "rapl"
    else:
        joules, source = cpu_s * WATTS_PER_CORE, "estimated"
    return {
        "energy_j": joules,
        "energy_source": source,
        "co2_g": joules / 3.6e6 * GRAMS_CO2_PER_KWH,
    }


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak_mib() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _rapl_joules() -> float | None:
    try:
        return int(RAPL.read_text()) / 1e6
    except (OSError, ValueError):  # no such counter, or not for this user
        return None
