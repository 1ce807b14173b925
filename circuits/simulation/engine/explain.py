"""What the simulator makes of a circuit, and what that costs: counted, not measured."""

from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from circuits.circuit import Circuit
from circuits.simulation.differentiation import check_gradient, choose_gradient
from circuits.simulation.engine.choice import Choice, choose
from circuits.simulation.engine.kernels import Matrix, Permutation, Phases, Scramble
from circuits.simulation.engine.program import Op, product_count
from circuits.simulation.native.unrolled import sweep_count
from circuits.simulation.statevector import check_pure

# Real additions and multiplications of one complex multiplication with an addition.
FLOPS = 8
# States beside each other, forward and for an adjoint gradient: measured, rounded up. Native
# kernels take no more than 1.5 and 2.5, but for permutations that are not made of a few flips.
FORWARD_STATES, GRADIENT_STATES = 2.2, 4.2


class Explanation(NamedTuple):
    """How a circuit is simulated, for a whole batch.

    `operations` are (kernel, wires, gates, how often). Of one evaluation, `flops` counts real
    operations and `bytes_moved` what is read from and written to memory if no cache holds a state:
    by each sweep of the native kernels, which do several operations on what the nearest cache
    holds, and by each operation elsewhere. A gradient by the adjoint method takes about four times
    both. `memory_bytes` is the most that is held at once, `state_bytes` one state.
    """

    kernels: str
    gradient: str
    chunk: int
    operations: tuple[tuple[str, str, int, int], ...]
    flops: int
    bytes_moved: int
    state_bytes: int
    memory_bytes: int

    def seconds(self, *, flops_per_second: float, bytes_per_second: float) -> float:
        """Return the limit that a machine of such peaks sets: the slower of both."""
        return max(self.flops / flops_per_second, self.bytes_moved / bytes_per_second)

    def __str__(self) -> str:
        lines = [f"{self.kernels} kernels, {self.chunk} states at once, gradient {self.gradient}"]
        for kernel, wires, gates, times in self.operations:
            again = f" x {times}" if times > 1 else ""
            lines.append(f"  {kernel:<12} {wires:<16} {gates} gates{again}")
        lines.append(f"{self.flops:.2e} flops, {self.bytes_moved:.2e} bytes moved (counted)")
        lines.append(f"{self.state_bytes} bytes a state, {self.memory_bytes} at most (estimated)")
        return "\n".join(lines)


def explain(
    circuit: Circuit,
    *,
    batched: Iterable[str] = (),
    batch: int = 1,
    differentiate: bool = False,
    gradient: str = "auto",
    platform: str | None = None,
) -> Explanation:
    """Return what `state` and `expectation` make of a circuit.

    Args:
        circuit: of unitary gates after optional state preparations.
        batched: segments that differ from sample to sample.
        batch: number of samples.
        differentiate: for a gradient rather than a value.
        gradient: "auto", "adjoint" or "reverse", as for `expectation`.
        platform: "cpu", "gpu" or "tpu"; by default the one that JAX uses.

    Returns:
        operations, costs and memory; `print` it.

    Raises:
        ValueError: where the circuit has no pure final state.

    >>> from circuits import reuploading
    >>> shown = explain(reuploading(3, 4, 3), batched=["inputs"], batch=100, platform="gpu")
    >>> [operation[0] for operation in shown.operations], shown.operations[-2][3]
    (['product', 'product', 'product', 'phases', 'matrix', 'matrix', 'matrix', 'phases'], 3)
    """
    check_pure(circuit)
    check_gradient(gradient)
    batched = frozenset(batched)
    chosen = choose(circuit, batched, batch, differentiate, platform or jax.default_backend())
    if differentiate:
        chosen = choose_gradient(chosen, gradient, batch)
    program, size = chosen.program, 2**circuit.n_qubits
    product = product_count(program) if _starts_as_product(chosen, bool(batched)) else 0
    listed = [(op, 1, place < product) for place, op in enumerate(program.before)]
    listed += [(op, len(program.repeats), False) for op in (program.repeats or ((),))[0]]
    listed += [(op, 1, False) for op in program.after]
    item = jnp.zeros((), jnp.result_type(complex)).dtype.itemsize
    flops = sum(times * _flops(op, size) for op, times, first in listed if not first)
    passes = 1 + sum(times for _, times, first in listed if not first)
    if chosen.kernels == "native" and not chosen.shared:
        rest = program._replace(before=program.before[product:])
        passes = 1 + sweep_count(rest, batched, chosen.chunk)
    return Explanation(
        chosen.kernels,
        chosen.gradient,
        chosen.chunk,
        tuple(_row(op, times, first) for op, times, first in listed),
        batch * (flops + (FLOPS * 2 * size if product else 0)),
        2 * batch * passes * size * item,
        size * item,
        _memory(chosen, batch, size * item, differentiate),
    )


def _starts_as_product(chosen: Choice, batched: bool) -> bool:
    """Whether `run_program` makes a product state of the first operations."""
    separate = chosen.shared or chosen.kernels != "native"
    return separate or (batched and chosen.gradient != "adjoint")


def _flops(op: Op, size: int) -> int:
    match op.kernel:
        case Matrix(wires):
            return FLOPS * 2 ** len(wires) * size
        case Phases():
            return FLOPS * size
    return 0


def _row(op: Op, times: int, first: bool) -> tuple[str, str, int, int]:
    gates = sum(len(block.gates) for block in op.blocks) + len(op.factors)
    match op.kernel:
        case Matrix(wires):
            return "product" if first else "matrix", _wires(wires), gates, times
        case Phases(wires):
            return "phases", _wires(wires), gates, times
        case Scramble(wires):
            return "permutation", _wires(wires), gates, times
        case Permutation():
            return "permutation", "affine", gates, times


def _wires(wires: tuple[int, ...]) -> str:
    if len(wires) > 2 and wires[-1] - wires[0] + 1 == len(wires):
        return f"{wires[0]}-{wires[-1]}"
    return ",".join(map(str, wires))


def _memory(chosen: Choice, batch: int, state_bytes: int, differentiate: bool) -> int:
    at_once = (GRADIENT_STATES if differentiate else FORWARD_STATES) * chosen.chunk * state_bytes
    kept = batch * state_bytes if differentiate and not chosen.again and batch > 1 else 0
    return int(at_once + kept)
