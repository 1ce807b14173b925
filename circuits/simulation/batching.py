"""A pure function over many sets of angles: compiled ahead of time, run in chunks of one shape."""

import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit

# Numbers (amplitudes, bits) that one chunk may hold: half a gigabyte of complex64.
CHUNK_NUMBERS = 2**26

Build = Callable[[Circuit, Any], Callable[[Angles, jax.Array], jax.Array]]


class Batch(NamedTuple):
    """Checked angles of `length` evaluations, to be run `chunk` at a time."""

    angles: dict[str, npt.NDArray[np.float64]]
    length: int
    chunk: int


class Program(NamedTuple):
    """A compiled chunk, and the seconds its compilation took: 0 where it was there already."""

    run: Callable[..., jax.Array]
    compile_seconds: float


def make_batch(circuit: Circuit, angles: Angles, limit: int, numbers: int) -> Batch:
    """Return the checked angles and their chunk length.

    The chunk is a power of two or the limit, so that batches of similar length share a program.

    Args:
        circuit: whose segments the angles fill.
        angles: `{segment: (size,) or (b, size)}` in radians.
        limit: longest chunk allowed.
        numbers: what one evaluation holds in memory, in numbers; large ones shorten the chunk.

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> make_batch(circuit, {"w": np.zeros((5, 1))}, limit=1024, numbers=2).chunk
    8
    """
    checked = check_angles(circuit, angles)
    length = batch_length(checked)
    room = max(1, CHUNK_NUMBERS // numbers)
    return Batch(checked, length, min(limit, room, 2 ** (length - 1).bit_length()))


def compile_program(build: Build, circuit: Circuit, option: Hashable, batch: Batch) -> Program:
    """Compile ``build(circuit, option)``, a function of angles and a random key, for chunks.

    Programs are kept by circuit, option, batched segments, chunk length and precision, so that
    calls of the same shape compile once.
    """
    batched = frozenset(name for name, array in batch.angles.items() if array.ndim == 2)
    misses = _compile.cache_info().misses
    start = time.perf_counter()
    run = _compile(build, circuit, option, batched, batch.chunk, jnp.result_type(float))
    new = _compile.cache_info().misses > misses
    return Program(run, time.perf_counter() - start if new else 0.0)


def run_chunk(program: Program, batch: Batch, start: int, key: jax.Array) -> npt.NDArray:
    """Run the chunk that begins at row `start`; a last, short chunk is padded with its last row.

    Each row draws from `key` folded with its number, whatever chunk it falls into.
    """
    rows = np.minimum(np.arange(start, start + batch.chunk), batch.length - 1)
    dtype = jnp.result_type(float)
    angles = {
        name: (array[rows] if array.ndim == 2 else array).astype(dtype)
        for name, array in batch.angles.items()
    }
    result = program.run(angles, key, rows.astype(np.uint32))
    return np.asarray(result)[: batch.length - start]


@lru_cache(maxsize=128)
def _compile(build, circuit, option, batched, chunk, dtype):
    function = build(circuit, option)

    def one(angles, key, row):
        return function(angles, jax.random.fold_in(key, row))

    axes = {name: 0 if name in batched else None for name in circuit.segments}
    angles = {
        name: jax.ShapeDtypeStruct((chunk, size) if name in batched else (size,), dtype)
        for name, size in circuit.segments.items()
    }
    rows = jax.ShapeDtypeStruct((chunk,), np.uint32)
    many = jax.jit(jax.vmap(one, in_axes=(axes, None, 0)))
    return many.lower(angles, jax.random.key(0), rows).compile()
