"""The state of a circuit, and what is read from it, as pure JAX functions of the angles."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from circuits.angles import Angles, named_angles, real_angles
from circuits.circuit import Circuit
from circuits.gates.gate_types import is_unitary
from circuits.simulation.devices.memory import check_fits, device_memory, memory_plan
from circuits.simulation.differentiation import check_gradient, choose_gradient
from circuits.simulation.engine.choice import choice_for
from circuits.simulation.engine.dispatch import circuit_operation
from circuits.simulation.engine.execution import over_batch, run_program
from circuits.simulation.engine.matrices import Pair

MAX_QUBITS = 31  # basis states are counted in 32 bits

ALWAYS_FITS = 22  # up to here memory is not looked at

Read = Callable[[Pair], jax.Array]


def state(circuit: Circuit) -> Callable[[Angles], jax.Array]:
    """Return the function that computes the final state from the angles.

    Rounding makes its norm drift as ``eps * sqrt(gates)``: after 10,000 random gates it was off by
    2e-6 to 4e-6 in complex64, and by 5e-15 to 1e-14 in complex128. Where a root of 1/2 ("h") is
    repeated, its rounding adds up: to 3e-5 and 1e-13.

    Args:
        circuit: on n qubits, of unitary gates after optional state preparations.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit`, `grad` and `vmap`. It
        returns the state of shape (2,)*n with qubit 0 first, complex64, or complex128 where
        JAX's x64 is on, and raises ValueError where the angles do not fit the circuit.

    Raises:
        ValueError: on more than 31 qubits, whose state no memory holds, or a gate that is not
            unitary.

    >>> from circuits import build_circuit, gate
    >>> bell = build_circuit([gate("h", 0), gate("cx", 0, 1)])
    >>> print(state(bell)({}).real.round(3))
    [[0.707 0.   ]
     [0.    0.707]]
    """
    flat = read_state(circuit, amplitudes, (2**circuit.n_qubits,), complex)
    return lambda angles: flat(angles).reshape((2,) * circuit.n_qubits)


def read_state(
    circuit: Circuit, read: Read, shape: tuple[int, ...], kind: type, gradient: str = "auto"
) -> Callable[[Angles], jax.Array]:
    """Return the function that computes what `read` finds in the final state.

    Args:
        circuit: as for `state`.
        read: (real, imaginary), each (2**n,) or (2**n, b), to `shape` or (*shape, b); the same
            object for the same function, as programs are kept by it.
        shape: of what is read from one state.
        kind: float or complex.
        gradient: "auto", "adjoint" or "reverse", see `expectation`.

    Returns:
        A pure function of `{segment: (size,)}`.
    """
    check_pure(circuit)
    check_gradient(gradient)

    def run(angles: Angles) -> jax.Array:
        arrays = real_angles(circuit, angles).values()
        dtype = jnp.result_type(kind)
        options = {"circuit": circuit, "read": read, "gradient": gradient}
        return _simulate(*arrays, **options, out=shape, dtype=dtype)

    return run


def amplitudes(psi: Pair) -> jax.Array:
    """The state as one complex array."""
    return jax.lax.complex(*psi)


def check_pure(circuit: Circuit) -> None:
    """Refuse a circuit that has no pure final state, or one that no memory holds.

    Raises:
        ValueError: on more qubits than this device holds, or a gate that is not unitary.
    """
    if circuit.n_qubits > MAX_QUBITS:
        raise ValueError(
            f"The simulator holds states of at most {MAX_QUBITS} qubits, but the circuit has "
            f"{circuit.n_qubits}, whose state takes {8 * 2**circuit.n_qubits} bytes in single "
            "precision: use `MatrixProduct` or `Stabilizer`."
        )
    if circuit.n_qubits > ALWAYS_FITS:
        precision = "double" if jnp.result_type(float) == jnp.float64 else "single"
        check_fits(memory_plan(circuit.n_qubits, precision=precision, device_bytes=device_memory()))
    touched: set[int] = set()
    for gate in circuit.gates:
        if gate.name == "amplitudes" and touched & set(gate.wires):
            raise ValueError(
                f"Gate 'amplitudes' prepares wires that no gate acted on before, but {gate.wires} "
                "were acted on; put it first."
            )
        touched |= set(gate.wires)
        if gate.condition or not (is_unitary(gate) or gate.name == "amplitudes"):
            what = "has a condition" if gate.condition else "is not unitary"
            raise ValueError(
                f"A state vector needs unitary gates, but {gate.name!r} on {gate.wires} {what}: "
                "use `density` or `trajectories`."
            )


def _run(differentiate: bool, *arrays, circuit: Circuit, read: Read, gradient: str) -> jax.Array:
    angles = named_angles(circuit, arrays)
    chosen = choice_for(circuit, angles, differentiate)
    if differentiate:
        chosen = choose_gradient(chosen, gradient, batch=_columns(arrays))

    def part(angles: Angles) -> jax.Array:
        native, program = chosen.kernels == "native", chosen.program
        return read(run_program(program, angles, chosen.gradient, native, chosen.shared))

    return over_batch(jax.checkpoint(part) if chosen.again else part, angles, chosen.chunk)


def _columns(arrays) -> int:
    """Samples in arrays (size,) or (size, b)."""
    return max((array.shape[1] for array in arrays if array.ndim == 2), default=1)


def _forward(*arrays, **options):
    return _run(False, *arrays, **options)


def _gradient(*arrays, **options):
    return _run(True, *arrays, **options)


_simulate = circuit_operation("circuit", _forward, _gradient)
