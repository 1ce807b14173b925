"""What this machine has room for."""

import os
import resource
import sys
from pathlib import Path

LEAST_MEMORY = 400 * 2**20  # bytes of a worker that has imported everything and has no data


def fitting_workers(wanted: int, memory: int | None = None) -> int:
    """How many workers this machine has room for.

    Args:
        wanted: how many were asked for; 0 means one for each core.
        memory: free bytes; asked of the machine by default.

    Returns:
        `wanted` or less: each worker is taken to need what this process has needed so far.

    Raises:
        ValueError: `wanted` is not an int >= 0.

    Example:
        >>> fitting_workers(8, memory=0)
        1
    """
    if type(wanted) is not int or wanted < 0:
        raise ValueError(f"Argument `workers` must be an int >= 0, but is workers={wanted!r}.")
    unit = 1 if sys.platform == "darwin" else 2**10
    need = max(LEAST_MEMORY, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
    room = (available_memory() if memory is None else memory) // need
    return max(1, min(wanted or usable_cores(), room))


def usable_cores() -> int:
    """Cores that this process may use, which on a batch system are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that new processes may take: of the machine, or of the container if that is less.

    Args:
        group: folder in which Linux tells of this process's control group.
    """
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 2**10
    limit, used = _lines(group / "memory.max"), _lines(group / "memory.current")
    if limit and used and limit[0].isdigit():
        # What was read from files counts as used and makes way for whoever asks.
        told = dict(line.split() for line in _lines(group / "memory.stat"))
        free = min(free, int(limit[0]) - int(used[0]) + int(told.get("inactive_file", 0)))
    return max(0, free)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
