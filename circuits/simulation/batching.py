"""A pure function over many sets of angles: compiled ahead of time, run in chunks of one shape.

How many evaluations a chunk holds is bounded by memory. What a program takes is not estimated but
read from its compiled form, and a chunk that takes too much is cut and compiled again.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit
from circuits.protocol import check_count
from circuits.simulation.devices.memory import (
    MemoryPlan,
    alternatives,
    device_memory,
    memory_plan,
)

# Numbers (amplitudes, bits) that one chunk may hold: half a gigabyte of complex64.
CHUNK_NUMBERS = 2**26

Build = Callable[[Circuit, Any], Callable[[Angles, jax.Array], jax.Array]]


class Batch(NamedTuple):
    """Checked angles of `length` evaluations, to be run `chunk` at a time.

    `chunk_bytes` is what the largest program for a chunk takes, once `compile_within` made them.
    """

    angles: dict[str, npt.NDArray[np.float64]]
    length: int
    chunk: int
    chunk_bytes: int | None = None


class Program(NamedTuple):
    """A compiled chunk, the seconds its compilation took (0 where it was there already), and bytes.

    `peak_bytes` is what it holds at once, as planned by XLA: arguments, result, what is between.
    """

    run: Callable[..., jax.Array]
    compile_seconds: float
    peak_bytes: int


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
    dtype = jnp.result_type(float)
    run, peak_bytes = _compile(build, circuit, option, batched, batch.chunk, dtype)
    new = _compile.cache_info().misses > misses
    return Program(run, time.perf_counter() - start if new else 0.0, peak_bytes)


def compile_within(
    build: Build,
    circuits: Sequence[Circuit],
    option: Hashable,
    batch: Batch,
    *,
    memory_limit: int | None = None,
    method: str = "state",
) -> tuple[list[Program], Batch]:
    """Compile programs of one chunk length, short enough that none exceeds the limit.

    Args:
        build: as for `compile_program`.
        circuits: of which a program each is made; they share segments and the chunk.
        option: as for `compile_program`.
        batch: whose chunk is where to start; at least halved until the programs fit.
        memory_limit: bytes that a program may hold at once, arguments and result among them; by
            default what the device has.
        method: of `memory_plan`, for what to say where nothing fits.

    Returns:
        The programs, the first with the seconds of all compilations, and the batch with the chunk
        that they were made for.

    Raises:
        ValueError: where a single evaluation does not fit: its bytes, and what would fit instead.

    >>> from circuits import build_circuit, gate, state
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))], n_qubits=10)
    >>> batch = make_batch(circuit, {"w": np.zeros((64, 1))}, limit=64, numbers=2**10)
    >>> run = lambda circuit, _: lambda angles, key: state(circuit)(angles).real
    >>> compile_within(run, [circuit], None, batch, memory_limit=10**5)[1].chunk < 64
    True
    """
    limit = _device_limit() if memory_limit is None else memory_limit
    plan = memory_plan(
        circuits[0].n_qubits, precision=precision(), method=method, device_bytes=limit
    )
    if plan.state_bytes > limit:
        raise ValueError(_too_large(plan, plan.bytes_per_device))
    return fit_chunk(build, circuits, option, batch, limit, partial(_too_large, plan))


def fit_chunk(
    build: Build,
    circuits: Sequence[Circuit],
    option: Hashable,
    batch: Batch,
    limit: int,
    refusal: Callable[[int], str],
) -> tuple[list[Program], Batch]:
    """`compile_within` a known limit; `refusal` says that the bytes of one evaluation exceed it.

    >>> from circuits import build_circuit, gate, state
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))], n_qubits=10)
    >>> batch = make_batch(circuit, {"w": np.zeros((64, 1))}, limit=64, numbers=2**10)
    >>> run = lambda circuit, _: lambda angles, key: state(circuit)(angles).real
    >>> fit_chunk(run, [circuit], None, batch, 10**5, str)[1].chunk < 64
    True
    """
    spent = 0.0
    while True:
        programs = [compile_program(build, each, option, batch) for each in circuits]
        spent += sum(program.compile_seconds for program in programs)
        needed = max(program.peak_bytes for program in programs)
        if needed <= limit:
            batch = batch._replace(chunk_bytes=needed)
            return [programs[0]._replace(compile_seconds=spent), *_for_free(programs[1:])], batch
        if batch.chunk == 1:
            raise ValueError(refusal(needed))
        batch = batch._replace(chunk=_shorter(batch.chunk, limit / needed))


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


def precision() -> str:
    """Return "single" or "double", as JAX's x64 is off or on.

    >>> precision() in ("single", "double")
    True
    """
    return "double" if jnp.result_type(float) == jnp.float64 else "single"


def check_limit(memory_limit: int | None) -> None:
    """Raise ValueError where a limit is neither None nor a positive int.

    >>> check_limit(10**9)
    """
    if memory_limit is not None:
        check_count("memory_limit", memory_limit)


def _shorter(chunk: int, share: float) -> int:
    """A power of two of at most half the chunk, and of `share` of it."""
    return 2 ** (max(1, min(chunk // 2, int(chunk * share))).bit_length() - 1)


def _for_free(programs: Sequence[Program]) -> list[Program]:
    return [program._replace(compile_seconds=0.0) for program in programs]


def _too_large(plan: MemoryPlan, needed: int) -> str:
    return (
        f"One evaluation on {plan.n_qubits} qubits needs {needed} bytes, {plan.state_bytes} of "
        f"them for one state, but {plan.device_bytes} are allowed (by `memory_limit`, or by the "
        f"device where it is None). What would fit: {'; '.join(alternatives(plan))}."
    )


@lru_cache(maxsize=1)
def _device_limit() -> int:
    """The device's memory, looked up once: asking takes longer than other checks together."""
    return device_memory()


@lru_cache(maxsize=128)
def _compile(build, circuit, option, batched, chunk, dtype):
    function = build(circuit, option)

    def one(angles, key, row):
        return function(angles, jax.random.fold_in(key, row))

    def alone(angles, key, rows):
        """A chunk of one, without a batch axis: kernels for batches take sixteen at least."""
        first = {name: x[0] if name in batched else x for name, x in angles.items()}
        return one(first, key, rows[0])[None]

    axes = {name: 0 if name in batched else None for name in circuit.segments}
    angles = {
        name: jax.ShapeDtypeStruct((chunk, size) if name in batched else (size,), dtype)
        for name, size in circuit.segments.items()
    }
    rows = jax.ShapeDtypeStruct((chunk,), np.uint32)
    many = alone if chunk == 1 else jax.vmap(one, in_axes=(axes, None, 0))
    compiled = jax.jit(many).lower(angles, jax.random.key(0), rows).compile()
    return compiled, _peak_bytes(compiled)


def _peak_bytes(compiled) -> int:
    plan = compiled.memory_analysis()
    if plan is None:  # a platform that does not say
        return 0
    return plan.argument_size_in_bytes + plan.output_size_in_bytes + plan.temp_size_in_bytes
