"""What a measurement of the final state gives: expectation values and probabilities."""

from collections.abc import Callable, Iterable
from functools import lru_cache

import jax

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum, check_observables
from circuits.simulation.engine.matrices import Pair
from circuits.simulation.pauli import pauli_expectations
from circuits.simulation.statevector import Read, amplitudes, read_state


def expectation(
    circuit: Circuit, observables: PauliSum | Iterable[PauliSum]
) -> Callable[[Angles], jax.Array]:
    """Return the function that computes exact expectation values from the angles.

    Args:
        circuit: on n qubits, of unitary gates after optional state preparations.
        observables: k of them, or a single one.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit`, `grad` and `vmap`; it
        returns real values of shape (k,).

    Raises:
        ValueError: where there is no observable or one acts outside the circuit, or the circuit
            has no pure final state.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> print(expectation(circuit, z(0))({"w": [1.0471976]}).round(3))
    [0.5]
    """
    checked = check_observables(observables, circuit.n_qubits)
    return read_state(circuit, _values(checked, circuit.n_qubits), (len(checked),), float)


def probabilities(circuit: Circuit) -> Callable[[Angles], jax.Array]:
    """Return the function that computes the probability of every bit string from the angles.

    Args:
        circuit: on n qubits, of unitary gates after optional state preparations.

    Returns:
        A pure function of `{segment: (size,)}` in radians; it returns shape (2**n,), indexed by
        the bit string read as a binary number with qubit 0 leftmost.

    >>> from circuits import build_circuit, gate
    >>> print(probabilities(build_circuit([gate("x", 0)], n_qubits=2))({}))
    [0. 0. 1. 0.]
    """
    return read_state(circuit, _squared, (2**circuit.n_qubits,), float)


@lru_cache(maxsize=256)  # the same function for the same observables, so that programs are shared
def _values(observables: tuple[PauliSum, ...], n_qubits: int) -> Read:
    values = pauli_expectations(observables, n_qubits)
    return lambda psi: values(amplitudes(psi))


def _squared(psi: Pair) -> jax.Array:
    return psi[0] ** 2 + psi[1] ** 2
