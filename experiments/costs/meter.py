"""What a cell cost: wall and CPU seconds, peak memory, energy and carbon.

Seconds by stage (compile, train, queue, execute, …) come from the models, samplers and backends
themselves; prices of devices stand in `prices`, energy in `energy`, beside this file.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from experiments.costs.energy import readings, spent


@contextmanager
def measured() -> Iterator[dict[str, Any]]:
    """Measure the block and fill the dict it gets.

    Yields:
        a dict that holds, after the block: wall_s, cpu_s (this process and its finished children),
        peak_mib (of this process so far), energy_j, energy_source, co2_g, co2_source, and gpu_j
        where a GPU was metered (part of energy_j).

    >>> with measured() as cost:
    ...     total = sum(range(1000))
    >>> sorted(set(cost) - {"gpu_j"})
    ['co2_g', 'co2_source', 'cpu_s', 'energy_j', 'energy_source', 'peak_mib', 'wall_s']
    """
    cost: dict[str, Any] = {}
    before = readings()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    try:
        yield cost
    finally:
        cost["wall_s"] = time.perf_counter() - wall
        cost["cpu_s"] = _cpu_seconds() - cpu
        cost["peak_mib"] = _peak_mib()
        cost |= spent(cost["cpu_s"], before, readings())


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak_mib() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
