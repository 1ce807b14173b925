"""What a measurement of the final state gives: expectation values and probabilities."""

from collections.abc import Callable, Iterable
from functools import lru_cache

import jax

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum, check_observables
from circuits.simulation.absorption import Observables, absorb_cliffords
from circuits.simulation.engine.matrices import Pair
from circuits.simulation.pauli import pauli_expectations
from circuits.simulation.statevector import Read, amplitudes, read_state


def expectation(
    circuit: Circuit,
    observables: PauliSum | Iterable[PauliSum],
    *,
    gradient: str = "auto",
) -> Callable[[Angles], jax.Array]:
    """Return the function that computes exact expectation values from the angles.

    Clifford gates at the end of the circuit act on the observables instead of the state, see
    `absorb_cliffords`, where measuring then takes no more passes over the state than before.

    Args:
        circuit: on n qubits, of unitary gates after optional state preparations.
        observables: k of them, or a single one.
        gradient: how `grad` works: "adjoint" computes states again, backwards from the last, and
            keeps two; "reverse" is JAX's own way, which keeps them all and serves as a check;
            "auto" takes what was faster, today always "adjoint".

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit`, `grad` and `vmap`; it
        returns real values of shape (k,).

    Raises:
        ValueError: where there is no observable or one acts outside the circuit, the circuit has
            no pure final state, or `gradient` is none of these; on differentiation by "reverse",
            where the states do not fit in memory.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> print(expectation(circuit, z(0))({"w": [1.0471976]}).round(3))
    [0.5]
    """
    shorter, moved = _absorbed(circuit, check_observables(observables, circuit.n_qubits))
    read = _values(moved, circuit.n_qubits)
    return read_state(shorter, read, (len(moved),), float, gradient)


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


@lru_cache(maxsize=256)
def _absorbed(circuit: Circuit, observables: Observables) -> tuple[Circuit, Observables]:
    """Without the gates whose absorption makes measuring no dearer."""
    return absorb_cliffords(
        circuit, observables, accept=lambda before, after: _passes(after) <= _passes(before)
    )


def _passes(observables: Observables) -> int:
    """How often `pauli_expectations` reads the state: once for each family of strings."""
    strings = {string for each in observables for _, string in each.terms}
    return len(
        {
            (
                tuple(wire for wire, letter in string if letter != "Z"),
                sum(letter == "Y" for _, letter in string) % 2,
            )
            for string in strings
        }
    )


@lru_cache(maxsize=256)  # the same function for the same observables, so that programs are shared
def _values(observables: tuple[PauliSum, ...], n_qubits: int) -> Read:
    values = pauli_expectations(observables, n_qubits)
    return lambda psi: values(amplitudes(psi))


def _squared(psi: Pair) -> jax.Array:
    return psi[0] ** 2 + psi[1] ** 2
