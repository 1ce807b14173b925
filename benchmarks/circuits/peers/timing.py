"""How every program is timed and checked: one process, one task, one JSON line."""

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from reference import keep_reference, read_reference
from workload import Data, Task, few, make_data

LONGEST = 200  # repeats: a fast program needs no more for its minimum


class Program(NamedTuple):
    """`run` computes and waits for the result; `read` makes it the reference's form, untimed."""

    run: Callable[[], Any]
    read: Callable[[Any], np.ndarray] = np.asarray
    samples: int | None = None  # where only the first ones were computed: time is scaled
    precision: str = "complex64"


class NotMeasuredError(Exception):
    """A program that cannot do the task; the message says why."""


Maker = Callable[[Task, Data], Program]


def main(packages: tuple[str, ...], makers: dict[str, Maker]) -> None:
    """Run the task given on the command line and print its row."""
    order = json.loads(sys.argv[1])
    task = Task(**order["task"])
    row: dict[str, Any] = {"versions": {name: version(name) for name in packages}}
    try:
        if task.work not in makers:
            raise NotMeasuredError(f"no {task.work} program")
        row |= measure(makers[task.work], task, order["budget"], Path(order["references"]))
    except Exception as error:
        kind = "" if isinstance(error, NotMeasuredError) else f"{type(error).__name__}: "
        row["reason"] = kind + (str(error).strip().splitlines() or [""])[0][:100]
    print(json.dumps(row))


def measure(make: Maker, task: Task, budget: float, references: Path) -> dict[str, Any]:
    """Times in seconds, memory in MiB, the largest error against the reference."""
    data, before = make_data(task), peak_memory()
    start = time.perf_counter()
    program = make(task, data)
    result = program.run()
    first = time.perf_counter() - start
    seconds = repeat(program.run, budget)
    memory = peak_memory()
    scale = task.samples / (program.samples or task.samples)
    return {
        "compile": max(first - min(seconds), 0.0),  # making the program, and its first call's extra
        "best": min(seconds) * scale,
        "median": float(np.median(seconds)) * scale,
        "repeats": len(seconds),
        "samples": program.samples or task.samples,
        "memory": memory,
        "memory_before": before,
        "precision": program.precision,
        "error": largest_error(task, data, program, result, references),
    }


def repeat(run: Callable[[], Any], budget: float) -> list[float]:
    """Seconds of each call; at least one, and no new one after the budget."""
    seconds: list[float] = []
    end = time.perf_counter() + budget
    while not seconds or (time.perf_counter() < end and len(seconds) < LONGEST):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return seconds


def largest_error(task, data, program: Program, result, references: Path) -> float | None:
    """None where there is no reference for the size."""
    if (
        task.work == "training" and program.samples
    ):  # a loss depends on the samples it is taken over
        task, data = few(task, data, program.samples)
    keep_reference(task, data, references)
    expected = read_reference(task, references)
    if expected is None:
        return None
    values = np.asarray(program.read(result))[: len(expected)]
    return float(np.max(np.abs(values - expected)))


def peak_memory() -> float:
    """MiB of this program alone: Linux's ru_maxrss would include the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    scale = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
