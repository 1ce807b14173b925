"""What samplers in JAX share: reads in chunks, when to stop, what `info` says.

A method is a handful of functions on device arrays (`Method`); `draw` runs it. Each read, or word
of reads, has its own key, so that how the reads are cut into chunks does not change them. A chunk
runs in blocks of sweeps, so that progress and Ctrl-C are attended to every now and then, while one
compiled program serves schedules of every length.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from annealing.qubo import Qubo
from annealing.samplers.protocol import Samples, collect

BLOCK = 64  # sweeps of one call: long against the 0.1 ms of a call, short against a Ctrl-C
ALL = 2**31 - 1  # steps of a descent: to the end
ANSWER = 2**32  # bytes of bits that one call may answer; a few times as much is held for a moment
WIDE = 2**14  # reads annealed together on an accelerator, which few would leave idle


@dataclass(frozen=True)
class Budget:
    """When a sampler stops before all reads are drawn, and how much memory it may fill.

    Args:
        seconds: time for sampling, compilation apart. Reads that cannot be finished in it are not
            begun; the first ones get fewer sweeps where they could not be finished otherwise.
        target: no more reads once an energy this low, offset included, was drawn.
        memory: bytes for the states of the reads annealed together; more reads go in chunks.
        progress: called with {"reads", "of", "sweeps", "seconds"} after each block of sweeps:
            reads finished, reads wanted, sweeps done of those at work.

    Raises:
        ValueError: seconds or memory are not positive.

    >>> Budget(seconds=0)
    Traceback (most recent call last):
    ValueError: Argument `seconds` must be positive, but is seconds=0.
    """

    seconds: float | None = None
    target: float | None = None
    memory: int = 2**29
    progress: Callable[[dict], Any] | None = None

    def __post_init__(self):
        for name in ("seconds", "memory"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Argument `{name}` must be positive, but is {name}={value}.")


UNLIMITED = Budget()


def read_keys(seed: int, first: int, chunk: int, group: int) -> Any:
    """One key for each group of reads; that of a read depends on its number alone."""
    numbers = jnp.arange(first // group, (first + chunk) // group, dtype=jnp.uint32)
    return jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), numbers)


class Method(NamedTuple):
    """The inner loop of a sampler. Its functions close over the problem, already on the device.

    `init(keys)` makes the state of reads from their keys, one key for each `group` of reads; those
    of the `reads` from number `first` on are `keys(seed, first, reads, group)`.
    `step(state, block, count)` does the first `count` (int32 scalar) sweeps of `block`, which is
    `BLOCK` consecutive rows of the schedule; count 0 must leave the state as it is.
    `read(state)` gives the bits (reads, n); `polish(bits, steps)`, if any, those after a descent of
    at most `steps` (int32 scalar) turns (see `descent.polished`).
    `schedule(sweeps)` gives one row for each sweep, (sweeps,) or (sweeps, k).
    """

    init: Callable[[Any], Any]
    step: Callable[[Any, Any, Any], Any]
    read: Callable[[Any], Any]
    schedule: Callable[[int], np.ndarray]
    bytes_per_read: int
    group: int = 1
    most: int = 1024  # reads annealed together on a CPU: more of them would leave its caches
    polish: Callable[[Any, Any], Any] | None = None
    keys: Callable[[int, int, int, int], Any] = read_keys


def draw(
    qubo: Qubo,
    method: Method,
    *,
    reads: int,
    seed: int,
    sweeps: int,
    budget: Budget,
    info: dict,
) -> Samples:
    """Samples of `qubo` by `method`; the last line of every sampler in JAX.

    Args:
        qubo: the validated problem, for the energies.
        method: what to run.
        reads: reads wanted.
        seed: seed of all reads.
        sweeps: rows of the schedule of each read.
        budget: when to stop earlier.
        info: "sampler", and "requested" and "effective" with what the sampler itself has to say;
            reads, seed, sweeps, "seconds", "simulated" and "stopped" are added here. "stopped" is
            "reads" (all drawn), "seconds", "target", "interrupt" or "fault: ...": whatever was
            finished before Ctrl-C or an exception is returned, and only where nothing was, it
            goes on to the caller.

    Raises:
        ValueError: the states of the fewest reads exceed the memory, or a sweep the seconds, or the
            answer 4 GiB.
    """
    if reads * qubo.n_variables > ANSWER:
        raise ValueError(
            f"Argument `reads` must be at most {ANSWER // qubo.n_variables} for "
            f"{qubo.n_variables} variables, so that the answer fits in 4 GiB, but is reads={reads}."
        )
    if jax.default_backend() != "cpu":
        method = method._replace(most=max(method.most, WIDE))
    chunk = chunk_size(reads, method, budget.memory)
    start = perf_counter()
    _timed(method, seed, chunk, 0)  # no sweeps: what takes time is compilation
    compiled = perf_counter()
    fitting = _fitting_sweeps(method, seed, chunk, sweeps, budget.seconds)
    done, stopped = _chunks(qubo, method, reads, seed, fitting, chunk, budget)
    bits = np.concatenate(done)
    asked, effective = info.get("requested", {}), info.get("effective", {})
    return collect(
        qubo,
        bits,
        {
            **info,
            "requested": {"reads": int(reads), "seed": int(seed), "sweeps": int(sweeps), **asked},
            "effective": {"reads": len(bits), "seed": int(seed), "sweeps": fitting, **effective},
            "seconds": {"compile": compiled - start, "sample": perf_counter() - compiled},
            "simulated": True,
            "stopped": stopped,
        },
    )


def chunk_size(reads: int, method: Method, memory: int) -> int:
    """Reads annealed together: equal chunks, as few as memory and `method.most` allow.

    >>> chunk_size(2500, Method(None, None, None, None, bytes_per_read=100), 2**20)
    834
    """
    bounded = min(memory // max(1, method.bytes_per_read), max(method.most, method.group))
    most = bounded // method.group * method.group
    if not most:
        raise ValueError(
            f"Argument `memory` must be at least {method.bytes_per_read * method.group} bytes for "
            f"this problem, but is memory={memory}."
        )
    chunks = -(-reads // most)
    return -(-reads // (chunks * method.group)) * method.group


def blocks(schedule: np.ndarray) -> list[tuple[Any, Any]]:
    """The schedule as (rows (BLOCK, ...), how many of them count)."""
    schedule = np.asarray(schedule, np.float32)
    starts = range(0, len(schedule), BLOCK)
    counts = [min(BLOCK, len(schedule) - start) for start in starts]
    blocks = [
        np.resize(schedule[start : start + BLOCK], (BLOCK, *schedule.shape[1:])) for start in starts
    ]
    return [
        (jnp.asarray(block), jnp.int32(count)) for block, count in zip(blocks, counts, strict=True)
    ]


def _timed(method: Method, seed: int, chunk: int, count: int) -> float:
    """Seconds of the first `count` sweeps of the first chunk, which are thrown away."""
    state = jax.block_until_ready(method.init(method.keys(seed, 0, chunk, method.group)))
    block = blocks(method.schedule(BLOCK))[0][0]
    start = perf_counter()
    state = jax.block_until_ready(method.step(state, block, jnp.int32(count)))
    seconds = perf_counter() - start
    if not count:
        jax.block_until_ready(_answer(method, state, 0))
    return seconds


def _answer(method: Method, state: Any, steps: int) -> Any:
    bits = method.read(state)
    return bits if method.polish is None else method.polish(bits, jnp.int32(steps))


def _fitting_sweeps(
    method: Method, seed: int, chunk: int, sweeps: int, seconds: float | None
) -> int:
    """As many of the `sweeps` as a chunk can do in `seconds`, measured."""
    if seconds is None:
        return int(sweeps)
    each = _timed(method, seed, chunk, 1)
    if each > seconds:
        raise ValueError(
            f"Argument `seconds` must suffice for one sweep of {chunk} reads, which takes "
            f"{each:.3g} s here, but is seconds={seconds}."
        )
    if each * BLOCK < seconds / 4:  # a call's fixed cost is part of `each`: measure again, better
        each = _timed(method, seed, chunk, BLOCK) / BLOCK
    return int(min(sweeps, max(1, seconds // each)))


def _chunks(
    qubo: Qubo, method: Method, reads: int, seed: int, sweeps: int, chunk: int, budget: Budget
) -> tuple[list[np.ndarray], str]:
    """Bits of the chunks that were finished, and why no more were."""
    start, done = perf_counter(), []
    pieces = blocks(method.schedule(sweeps))

    def report(sweeps_done: int) -> None:
        if budget.progress is not None:
            finished = min(reads, len(done) * chunk)
            now = {"reads": finished, "of": int(reads), "sweeps": sweeps_done}
            budget.progress({**now, "seconds": perf_counter() - start})

    try:
        for first in range(0, reads, chunk):
            spent = perf_counter() - start
            if done and budget.seconds is not None and spent * (1 + 1 / len(done)) > budget.seconds:
                return done, "seconds"
            state, sweeps_done = method.init(method.keys(seed, first, chunk, method.group)), 0
            for block, count in pieces:
                state = jax.block_until_ready(method.step(state, block, count))
                sweeps_done += int(count)
                report(sweeps_done)
            bits = np.asarray(_answer(method, state, ALL))
            done.append(bits[: reads - first].astype(np.uint8))
            if budget.target is not None and qubo.energy(done[-1]).min() <= budget.target:
                return done, "target"
    except KeyboardInterrupt:
        if not done:
            raise
        return done, "interrupt"
    except Exception as fault:
        if not done:
            raise
        return done, f"fault: {type(fault).__name__}: {fault}"
    return done, "reads"
