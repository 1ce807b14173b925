"""Which program simulates a circuit: chosen by what is asked, the sizes and the device.

The rules come from measurements (benchmarks/results/peers.md), on CPUs; those of other devices are
only a start, as nothing was measured there.
"""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp

from circuits.circuit import Circuit
from circuits.simulation.engine.matrices import Angles
from circuits.simulation.engine.program import Program, make_program, product_count, reads
from circuits.simulation.native.unrolled import fits

# Amplitudes that are worked on at once: they stay in a core's cache, or fill an accelerator.
CACHED = {"cpu": 2**16}
FILLED = 2**27
# Most wires that neighbouring one-qubit gates are joined over, for one state at a time.
JOINED = 5
# A chunk holds whole vector registers of columns.
COLUMNS = 16
# Up to this size, one matrix for all samples is made of what they have in common.
SHARED = 16


class Choice(NamedTuple):
    """How a circuit is simulated.

    `program` to run by the "native" or the "jax" `kernels`; `gradient` "adjoint" or "reverse";
    `chunk` states of a batch at once; `shared`: what follows the batch's product states is made one
    matrix; `again`: a chunk's states are computed again for its gradient rather than kept.
    """

    program: Program
    kernels: str
    gradient: str
    chunk: int
    shared: bool
    again: bool


@lru_cache(maxsize=512)
def choose(
    circuit: Circuit, batched: frozenset[str], batch: int, differentiate: bool, platform: str
) -> Choice:
    """Return how to simulate a circuit.

    Args:
        circuit: of unitary gates after optional state preparations.
        batched: segments that hold a batch.
        batch: how many states.
        differentiate: whether a gradient is taken.
        platform: "cpu", "gpu" or "tpu".

    >>> from circuits import reuploading
    >>> choose(reuploading(4, 2, 4), frozenset(["inputs"]), 1000, True, "gpu").kernels
    'jax'
    """
    size = 2**circuit.n_qubits
    chunk = max(COLUMNS, CACHED.get(platform, FILLED) // size)
    again = differentiate and size * batch > FILLED
    gradient = "adjoint" if differentiate else "reverse"
    small = size <= SHARED <= batch // SHARED
    # Best is what keeps all that the batch has in common out of the batch's own blocks.
    fused = [make_program(circuit, 1, batched, 0, apart) for apart in (small, False)]
    program = next((each for each in fused if small and shares_all(each, batched)), fused[1])
    shared = small and shares_all(program, batched)
    chunk = batch if shared else min(chunk, batch)
    if platform == "cpu" and fits(program, batched):
        return Choice(program, "native", gradient, chunk, shared, again)
    width = 1 if batch > 1 else min(circuit.n_qubits, JOINED)
    program = make_program(circuit, width, batched, apart=program is not fused[1])
    return Choice(program, "jax", gradient, chunk, shared, again)


def shares_all(program: Program, batched: frozenset[str]) -> bool:
    """Say whether only the product state at the start depends on the batch.

    >>> from circuits import angle_encoding, entangler
    >>> program = make_program(angle_encoding(2) + entangler(2))
    >>> shares_all(program, frozenset(["inputs"]))
    True
    """
    later = (*program.before[product_count(program) :], *program.after)
    later += tuple(op for each in program.repeats for op in each)
    return not any(reads(op, batched) for op in later)


def choice_for(circuit: Circuit, angles: Angles, differentiate: bool) -> Choice:
    """Return the choice for angles `{segment: (size,) or (size, b)}` on the default device.

    >>> from circuits import build_circuit, gate
    >>> choice_for(build_circuit([gate("h", 0)]), {}, differentiate=False).chunk
    1
    """
    batched = frozenset(name for name, array in angles.items() if jnp.ndim(array) == 2)
    batch = max((angles[name].shape[1] for name in batched), default=1)
    return choose(circuit, batched, batch, differentiate, jax.default_backend())
