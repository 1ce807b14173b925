"""Density matrices: circuits with noise, measurements and resets as pure functions of the angles.

A state is kept as its real Pauli coefficients: half the memory of the complex matrix and a quarter
of the arithmetic. Gates and channels on the same wires act as one matrix, repeated layers are
compiled once, and an expectation value is an entry of the state. Classical bits that conditions
read are kept as further coefficients, two a bit, so that feed-forward is exact.
"""

from collections.abc import Callable, Iterable
from math import prod

import jax
import jax.numpy as jnp
import numpy as np

from circuits.angles import Angles, named_angles, real_angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum, check_observables
from circuits.simulation.devices.memory import device_memory
from circuits.simulation.engine.dispatch import circuit_operation
from circuits.simulation.engine.execution import over_batch
from circuits.simulation.open_systems.open_execution import (
    evolve,
    evolve_back,
    is_small,
    make_thetas,
    product_overlaps,
    product_state,
    start_vectors,
)
from circuits.simulation.open_systems.open_kernels import to_matrix_units
from circuits.simulation.open_systems.open_program import (
    Block,
    OpenProgram,
    make_open_program,
    place_bits,
)
from circuits.simulation.open_systems.pauli_transfer import site_sizes

# Coefficients that are worked on at once: they should stay in the caches of a core.
CHUNK = 2**19


def density_matrix(circuit: Circuit) -> Callable[[Angles], jax.Array]:
    """Return the function that computes the final density matrix from the angles.

    Args:
        circuit: on n qubits, of any gates. What is measured and not read is averaged over.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit`, `grad` and `vmap`; it
        returns a complex array (2**n, 2**n), rows and columns counting bits with qubit 0 leftmost.
        The strengths of channels are constants.

    Raises:
        ValueError: where the state does not fit in memory, or amplitudes are prepared on wires
            that are not in ``|0>``.

    >>> from circuits import build_circuit, gate
    >>> from circuits.noise.channels import (phase_flip)
    >>> noisy = build_circuit([gate("h", 0), phase_flip(0.1, 0)])
    >>> print(density_matrix(noisy)({}).real.round(3))
    [[0.5 0.4]
     [0.4 0.5]]
    """
    dim = 2**circuit.n_qubits
    return _function(circuit, _matrix, None, (dim, dim), complex)


def density_expectation(
    circuit: Circuit, observables: PauliSum | Iterable[PauliSum]
) -> Callable[[Angles], jax.Array]:
    """Return the function that computes exact expectation values of a noisy circuit.

    For a batch of angles, blocks after the last one that reads the batch act on the observables
    instead of the states, wherever these are fewer.

    Args:
        circuit: on n qubits, of any gates.
        observables: k of them, or a single one.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit`, `grad` and `vmap`; it
        returns real values of shape (k,).

    Raises:
        ValueError: as `density_matrix`, and on no observable or one that acts outside.

    >>> from circuits import build_circuit, gate, z
    >>> from circuits.noise.channels import (amplitude_damping)
    >>> decaying = build_circuit([gate("x", 0), amplitude_damping(0.25, 0)])
    >>> print(density_expectation(decaying, z(0))({}))
    [-0.5]
    """
    checked = check_observables(observables, circuit.n_qubits)
    return _function(circuit, None, checked, (len(checked),), float)


def density_probabilities(circuit: Circuit) -> Callable[[Angles], jax.Array]:
    """Return the function that computes the probability of every bit string of a noisy circuit.

    Args:
        circuit: on n qubits, of any gates.

    Returns:
        A pure function of `{segment: (size,)}` in radians; it returns real values of shape
        (2**n,), indexed by the bit string read as a binary number with qubit 0 leftmost.

    Raises:
        ValueError: as `density_matrix`.

    >>> from circuits import build_circuit
    >>> from circuits.noise.channels import (bit_flip)
    >>> print(density_probabilities(build_circuit([bit_flip(0.25, 0)]))({}))
    [0.75 0.25]
    """
    return _function(circuit, _diagonal, None, (2**circuit.n_qubits,), float)


def check_memory(circuit: Circuit) -> None:
    """Refuse a circuit whose density matrix does not fit in the memory of the device.

    Raises:
        ValueError: with the bytes that two copies of the state take, and what would fit.
    """
    item = jnp.dtype(jnp.result_type(float)).itemsize
    _, n_bits = place_bits(circuit)
    needed, limit = 2 * item * 4**circuit.n_qubits * 2**n_bits, device_memory()
    if needed > limit:
        raise ValueError(
            f"The density matrix of {circuit.n_qubits} qubits and {n_bits} classical bits takes "
            f"{needed / 1e9:.3g} GB of memory, but there are {limit / 1e9:.3g} GB: use "
            "`trajectory_expectation` or the backend `Trajectories`, whose states take "
            f"{2 * item * 2**circuit.n_qubits / 1e9:.3g} GB each."
        )


def _function(circuit: Circuit, read, observables, shape: tuple[int, ...], kind: type):
    check_memory(circuit)
    make_open_program(circuit)

    def run(angles: Angles) -> jax.Array:
        arrays = real_angles(circuit, angles).values()
        options = {"circuit": circuit, "read": read, "observables": observables}
        return _simulate(*arrays, **options, out=shape, dtype=jnp.result_type(kind))

    return run


def _run(*arrays: jax.Array, circuit: Circuit, read, observables) -> jax.Array:
    angles = named_angles(circuit, arrays)
    program = make_open_program(circuit, _batched(angles))
    if observables is not None:
        return _expectations(program, observables, angles)
    return _over_states(program, angles, lambda x: read(_traced(x, program), circuit.n_qubits))


_simulate = circuit_operation("density", _run, _run)


def _over_states(program: OpenProgram, angles: Angles, finish) -> jax.Array:
    """What `finish` makes of the final states (D, c), some of them at a time."""
    sizes = _sizes(program)

    def run(part: Angles) -> jax.Array:
        start, *thetas = make_thetas(program, part)
        state = product_state(start_vectors(program, start, sizes), sizes)
        return _all_columns(finish(evolve(program, thetas, state, sizes)), part)

    return over_batch(run, angles, max(1, CHUNK // prod(sizes)))


def _expectations(program: OpenProgram, observables, angles: Angles) -> jax.Array:
    """Values (k,) or (k, b): the end of the program acts on the observables where they are few."""
    entries, table = _strings(observables, program)
    table = jnp.asarray(table, jnp.result_type(float))
    batch = max((x.shape[1] for x in angles.values() if x.ndim == 2), default=1)
    front, back = _split(program, _batched(angles))
    if not back.rest or len(observables) >= batch:
        return _over_states(program, angles, lambda x: _product(table, x[entries]))
    sizes = _sizes(program)
    _, *thetas = make_thetas(back, angles)
    last = jnp.zeros((prod(sizes), len(table)), table.dtype).at[entries].add(table.T)
    first = evolve_back(back, thetas, last, sizes)
    if front.rest:
        return _over_states(front, angles, lambda x: _product(first.T, x))

    def run(part: Angles) -> jax.Array:
        vectors = start_vectors(front, make_thetas(front, part)[0], sizes)
        return _all_columns(product_overlaps(first, vectors, sizes), part)

    return over_batch(run, angles, max(1, CHUNK // (len(table) * 2**program.n_qubits)))


def _sizes(program: OpenProgram) -> tuple[int, ...]:
    return site_sizes(range(program.n_qubits + program.n_bits), program.n_qubits)


def _batched(angles: Angles) -> frozenset[str]:
    return frozenset(name for name, array in angles.items() if array.ndim == 2)


def _all_columns(made: jax.Array, angles: Angles) -> jax.Array:
    """Results (..., 1) or (..., b) as (...,), or as (..., b) where the angles are a batch."""
    size = [x.shape[1] for x in angles.values() if x.ndim == 2]
    return jnp.broadcast_to(made, (*made.shape[:-1], size[0])) if size else made[..., 0]


def _product(first: jax.Array, second: jax.Array) -> jax.Array:
    return jnp.matmul(first, second, precision=jax.lax.Precision.HIGHEST)


def _split(program: OpenProgram, batched: frozenset[str]) -> tuple[OpenProgram, OpenProgram]:
    """The program up to the last block that has to act on states, and the rest of it."""
    forward = [_acts_on_states(block, program.n_qubits, batched) for block in program.after]
    if any(forward):
        at = len(forward) - forward[::-1].index(True)
        cut = program._replace(start=(), before=(), repeats=(), after=program.after[at:])
        return program._replace(after=program.after[:at]), cut
    inside = program.repeats[0] if program.repeats else ()
    if any(_acts_on_states(block, program.n_qubits, batched) for block in inside):
        return program._replace(after=()), program._replace(start=(), before=(), repeats=())
    forward = [_acts_on_states(block, program.n_qubits, batched) for block in program.before]
    at = len(forward) - [*forward[::-1], True].index(True)
    front = program._replace(before=program.before[:at], repeats=(), after=())
    return front, program._replace(start=(), before=program.before[at:])


def _acts_on_states(block: Block, n_qubits: int, batched: frozenset[str]) -> bool:
    """Whether a block reads the batch, or has no matrix to transpose."""
    reads = any(getattr(gate.angle, "segment", None) in batched for gate in block.gates)
    return reads or not is_small(block, n_qubits)


def _strings(observables: tuple[PauliSum, ...], program: OpenProgram):
    """Entries of the state (t,) that hold the strings, and coefficients (k, t)."""
    found: dict[int, dict[int, float]] = {}
    for row, observable in enumerate(observables):
        for value, string in observable.terms:
            digits = (4 ** (program.n_qubits - 1 - w) * "IXYZ".index(p) for w, p in string)
            column = found.setdefault(sum(digits) * 2**program.n_bits, {})
            column[row] = column.get(row, 0.0) + value
    table = np.zeros((len(observables), len(found)))
    for at, column in enumerate(found.values()):
        table[list(column), at] = list(column.values())
    return np.array(list(found), np.int32), table


def _traced(x: jax.Array, program: OpenProgram) -> jax.Array:
    """Coefficients (4**n, c) without the classical bits."""
    return x.reshape(4**program.n_qubits, -1, x.shape[-1])[:, 0]


def _matrix(x: jax.Array, n_qubits: int) -> jax.Array:
    return to_matrix_units(x, (4,) * n_qubits)


def _diagonal(x: jax.Array, n_qubits: int) -> jax.Array:
    """Probabilities (2**n, c) from the coefficients of strings of I and Z."""
    for wire in range(n_qubits):
        split = x.reshape(2**wire, 4, -1, x.shape[-1])
        one, sign = split[:, 0] / 2, split[:, 3] / 2
        x = jnp.stack([one + sign, one - sign], 1).reshape(-1, x.shape[-1])
    return x
