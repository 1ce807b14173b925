"""Samplers' methods by compiled loops: tables, streams and threads.

Reads stand in blocks. Each block is one call, made by as many threads as the process has cores. A
read, or a word of 64, has its own stream, so that neither blocks nor threads change it.
"""

# pyright: reportCallIssue=false
# (it counts the arguments of compiled functions behind a star)

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from annealing.qubo import Coo
from annealing.samplers.graphs import Ising
from annealing.samplers.native.tables import bonds, matrix_of, rows_of, streams
from annealing.samplers.stopping import Method

Kernel = Literal["auto", "native", "jax"]
WORD = 64  # reads in a word
BLOCKS = 4  # of a chunk, for each core


def available() -> bool:
    """Whether numba, which compiles the loops, is installed.

    >>> isinstance(available(), bool)
    True
    """
    return find_spec("numba") is not None


def picked_kernel(kernel: Kernel) -> Literal["native", "jax"]:
    """The kernel to run: "auto" is native on a CPU where numba is installed, else JAX.

    Raises:
        ValueError: no such kernel, or numba is not there.

    >>> picked_kernel("jax")
    'jax'
    """
    if kernel not in ("auto", "native", "jax"):
        raise ValueError(f"Argument `kernel` must be auto, native or jax, but is {kernel!r}.")
    if kernel == "native" and not available():
        raise ValueError(
            "Argument `kernel` can be native only where numba is installed; "
            "run `pip install 'qml-offload[native]'`, or leave it at auto."
        )
    if kernel == "auto":
        return "native" if available() and jax.default_backend() == "cpu" else "jax"
    return kernel


class Blocks(NamedTuple):
    """The state of `reads` reads: spins and streams of each block of them."""

    spins: list[np.ndarray]
    noise: list[np.ndarray]
    reads: int


def by_lanes(model: Ising, schedule: Callable, gibbs: bool) -> Method:
    """Metropolis' or Gibbs' rule on couplings of any size, 64 reads a block."""
    from annealing.samplers.native import lanes

    n = len(model.h)
    first, near, weights = rows_of(n, model.J)
    table: tuple[Any, ...] = first, near, weights.astype(np.float32), model.h.astype(np.float32)

    def init(counters: np.ndarray) -> Blocks:
        state = Blocks([], [], len(counters))
        for own in _parts(counters, lanes.READS):
            state.noise.append(_halves(own, lanes.PARTS))
            state.spins.append(np.empty((lanes.PARTS * n, 16), np.int8))
        _on_threads(lanes.start, *state[:2])
        return state

    def step(state: Blocks, betas: Any, count: Any) -> Blocks:
        betas = np.asarray(betas)[: int(count)]
        _on_threads(lambda *own: lanes.sweeps(*own, *table, betas, gibbs), *state[:2])
        return state

    def read(state: Blocks) -> np.ndarray:
        parts = [np.array(spins.reshape(n, lanes.READS).T, order="C") > 0 for spins in state.spins]
        return np.concatenate(parts)[: state.reads]

    most = lanes.READS * BLOCKS * cores()
    return Method(init, step, read, schedule, bytes_per_read=4 * n + 8, most=most, keys=counters_of)


def by_words(h: np.ndarray, J: Coo, schedule: Callable) -> Method:
    """Metropolis' rule on whole-number fields and couplings, 512 reads a block.

    `schedule(sweeps, planes)` gives the probabilities of the digits (see `bit_planes.chances`).
    """
    from annealing.samplers.native import words

    n = len(h)
    table: Any = bonds(h, J, words.BONDS)
    planes = (0,) * max(1, int(table.totals.max(initial=0)).bit_length())

    def init(counters: np.ndarray) -> Blocks:
        state = Blocks([], [], WORD * len(counters))
        for own in _parts(counters, words.LANES):
            state.noise.append(streams(own, 2))
            state.spins.append(np.empty((n + 1, words.LANES), np.uint64))
        _on_threads(words.start, *state[:2])
        return state

    def step(state: Blocks, chances: Any, count: Any) -> Blocks:
        whole = np.minimum(np.asarray(chances)[: int(count)] * 2.0**words.DIGITS, words.LARGEST)
        whole = whole.astype(np.uint64)
        _on_threads(lambda *own: words.sweeps(*own, *table, whole, planes), *state[:2])
        return state

    def read(state: Blocks) -> np.ndarray:
        parts = [_bits(spins[:-1]) for spins in state.spins]
        return np.concatenate(parts)[: state.reads]

    return Method(
        init,
        step,
        read,
        partial(schedule, planes=len(planes)),
        bytes_per_read=3 * n + 8,  # a bit of a word; the answer, twice while it is polished
        group=WORD,
        most=words.READS * BLOCKS * cores(),
        keys=counters_of,
    )


def descent(
    model: Ising, tolerance: np.ndarray, dense: bool
) -> Callable[[np.ndarray, Any], np.ndarray]:
    """`polish(bits, steps)` of a method: steepest descents, no turn gaining less than tolerated.

    `dense` says that a matrix product gives the first fields sooner than lists of neighbours.
    """
    from annealing.samplers.native.descents import descend

    table: tuple[Any, ...] = *rows_of(len(model.h), model.J), tolerance
    matrix = matrix_of(len(model.h), model.J, dense)

    def polish(bits: np.ndarray, steps: Any) -> np.ndarray:
        bits = bits.astype(np.uint8)
        if int(steps):
            fields = (matrix @ (2.0 * bits.T - 1)).T + model.h
            parts = [np.array_split(part, cores()) for part in (bits, fields)]
            _on_threads(lambda *own: descend(*own, *table, int(steps)), *parts)
        return bits

    return polish


def counters_of(seed: int, first: int, reads: int, group: int) -> np.ndarray:
    """What the streams of reads, or groups of them, start from: (groups,) uint64."""
    each = np.arange(first // group, (first + reads) // group, dtype=np.uint64)
    return np.uint64(seed) << np.uint64(32) | each


def cores() -> int:
    """Cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _parts(counters: np.ndarray, size: int) -> np.ndarray:
    """Counters (blocks, size); the last block is filled up with those of reads to come."""
    count = -(-len(counters) // size) * size
    more = counters[-1] + np.arange(1, count - len(counters) + 1, dtype=np.uint64)
    return np.concatenate([counters, more]).reshape(-1, size)


def _halves(counters: np.ndarray, parts: int) -> np.ndarray:
    """Streams of two uint32 as rows (2 * parts, reads / parts), the two of a part together."""
    words = np.maximum(streams(counters, 1)[0], 1)  # all zeros would stay zeros
    halves = words.view(np.uint32).reshape(parts, -1, 2)
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(2 * parts, -1)


def _bits(words: np.ndarray) -> np.ndarray:
    """Bits (64 w, n) uint8 of words (n, w)."""
    octets = np.array(words.astype("<u8", copy=False).view(np.uint8).T, order="C")
    bits = octets[:, None] >> np.arange(8, dtype=np.uint8)[:, None] & 1
    return bits.reshape(8 * len(octets), len(words))


def _on_threads(function: Callable, *blocks: list) -> None:
    """Call `function` on each block, on all cores this process may use."""
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(function, *blocks))
