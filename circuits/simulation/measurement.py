"""What a measurement of the final state gives: expectation values and probabilities."""

from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.observables import Pauli, PauliSum, check_observables
from circuits.simulation.statevector import state


def expectation(
    circuit: Circuit, observables: PauliSum | Iterable[PauliSum]
) -> Callable[[Angles], jax.Array]:
    """Return the function that computes exact expectation values from the angles.

    Args:
        circuit: on n qubits.
        observables: k of them, or a single one.

    Returns:
        A pure function of `{segment: (size,)}` in radians, for `jit`, `grad` and `vmap`; it
        returns real values of shape (k,).

    Raises:
        ValueError: where there is no observable or one acts outside the circuit.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> print(expectation(circuit, z(0))({"w": jnp.array([jnp.pi / 3])}).round(3))
    [0.5]
    """
    checked = check_observables(observables, circuit.n_qubits)
    final_state = state(circuit)

    def run(angles: Angles) -> jax.Array:
        psi = final_state(angles)
        return jnp.stack([_expectation(psi, observable) for observable in checked])

    return run


def probabilities(circuit: Circuit) -> Callable[[Angles], jax.Array]:
    """Return the function that computes the probability of every bit string from the angles.

    Args:
        circuit: on n qubits.

    Returns:
        A pure function of `{segment: (size,)}` in radians; it returns shape (2**n,), indexed by
        the bit string read as a binary number with qubit 0 leftmost.

    >>> from circuits import build_circuit, gate
    >>> print(probabilities(build_circuit([gate("x", 0)], n_qubits=2))({}))
    [0. 0. 1. 0.]
    """
    final_state = state(circuit)

    def run(angles: Angles) -> jax.Array:
        return _squared(final_state(angles)).ravel()

    return run


def _expectation(psi: jax.Array, observable: PauliSum) -> jax.Array:
    values = [value * _pauli_expectation(psi, string) for value, string in observable.terms]
    return sum(values, jnp.zeros((), psi.real.dtype))


def _pauli_expectation(psi: jax.Array, string: Pauli) -> jax.Array:
    """``<psi|P|psi>`` without P's matrix: X and Y flip axes, Y and Z set signs, i**Y is a phase."""
    flipped = tuple(wire for wire, letter in string if letter != "Z")
    signed = [wire for wire, letter in string if letter != "X"]
    n_y = sum(letter == "Y" for _, letter in string)
    overlap = psi.conj() * jnp.flip(psi, flipped) if flipped else _squared(psi)
    for wire in signed:
        overlap = overlap * _signs(overlap, wire)
    return jnp.sum(((-1j) ** n_y * overlap).real if flipped else overlap)


def _signs(array: jax.Array, wire: int) -> jax.Array:
    shape = [2 if axis == wire else 1 for axis in range(array.ndim)]
    return jnp.array([1, -1], array.dtype).reshape(shape)


def _squared(psi: jax.Array) -> jax.Array:
    return psi.real**2 + psi.imag**2
