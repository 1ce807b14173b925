"""From measured bit strings to expectation values with honest standard errors.

Terms of the observables that agree on the basis of every qubit they share are read from the same
shots. One group is one basis, so its circuit is measured once and serves all its terms.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.circuit import Circuit, Gate, gate
from circuits.observables import Pauli, PauliSum


class Group(NamedTuple):
    """Terms that one measurement basis serves.

    `basis` maps wires to "X", "Y" or "Z" (wires it leaves out may be read in any basis); `terms`
    holds (index of the observable, coefficient, wires whose parity is the term's sign).
    """

    basis: dict[int, str]
    terms: list[tuple[int, float, tuple[int, ...]]]


def measurement_groups(observables: Sequence[PauliSum]) -> list[Group]:
    """Sort the terms of k observables into qubit-wise commuting groups, first fit in order.

    Multiples of the identity need no measurement and belong to no group; where there is nothing
    else, one group without terms is returned.

    >>> from circuits import pauli, z
    >>> [group.basis for group in measurement_groups([z(0) + pauli("ZX", (0, 1)), pauli("X", 0)])]
    [{0: 'Z', 1: 'X'}, {0: 'X'}]
    """
    groups: list[Group] = []
    for index, observable in enumerate(observables):
        for value, string in observable.terms:
            if string:
                group = _first_fit(groups, string)
                group.basis.update(string)
                group.terms.append((index, value, tuple(wire for wire, _ in string)))
    return groups or [Group({}, [])]


def basis_change(group: Group, n_qubits: int) -> Circuit:
    """Return the circuit that turns a group's basis into the Z basis that devices measure.

    >>> [item.name for item in basis_change(Group({0: "X", 1: "Y"}, []), 2).gates]
    ['h', 'sdg', 'h']
    """
    gates: list[Gate] = []
    for wire, letter in group.basis.items():
        gates += [gate("sdg", wire)] if letter == "Y" else []
        gates += [gate("h", wire)] if letter != "Z" else []
    return Circuit(tuple(gates), n_qubits, {})


def estimate(
    observables: Sequence[PauliSum], bits: Sequence[npt.NDArray[np.uint8]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Estimate expectation values and their standard errors from bits.

    The variance of a group's signal is the sample variance with one pseudo-observation added at
    the extreme value opposite to the mean, so that the error of s equal outcomes is about 2/s
    times the extreme rather than zero. Groups are measured independently: variances add.

    Args:
        observables: k of them.
        bits: for each of their `measurement_groups`, (b, s, n) bits of s shots, qubit 0 leftmost.

    Returns:
        values and standard errors, each (b, k).

    >>> from circuits import z
    >>> values, errors = estimate([z(0)], [np.zeros((1, 99, 1), np.uint8)])
    >>> values.item(), round(errors.item(), 4)
    (1.0, 0.0199)
    """
    constants = [sum(c for c, string in item.terms if not string) for item in observables]
    values = np.tile(np.array(constants, float), (len(bits[0]), 1))
    variances = np.zeros_like(values)
    for group, drawn in zip(measurement_groups(observables), bits, strict=True):
        for index in {index for index, _, _ in group.terms}:
            terms = [(value, wires) for at, value, wires in group.terms if at == index]
            mean, variance = _mean_and_variance(terms, drawn)
            values[:, index] += mean
            variances[:, index] += variance
    return values, np.sqrt(variances)


def _first_fit(groups: list[Group], string: Pauli) -> Group:
    for group in groups:
        if all(group.basis.get(wire, letter) == letter for wire, letter in string):
            return group
    groups.append(Group({}, []))
    return groups[-1]


def _mean_and_variance(terms, bits):
    """Mean (b,) of the terms' weighted sum over the shots, and the variance of that mean."""
    shots = bits.shape[1]
    extreme = sum(abs(value) for value, _ in terms)
    if len(terms) == 1:  # two values only: how many shots are odd says it all
        ((value, wires),) = terms
        odd = np.count_nonzero(np.bitwise_xor.reduce([bits[:, :, w] for w in wires]), axis=1)
        mean, squares = value * (1 - 2 * odd / shots), value**2 * shots
    else:
        signal = np.sum([value * _signs(bits, wires) for value, wires in terms], axis=0)
        mean, squares = signal.mean(axis=1), np.square(signal).sum(axis=1)
    second = (squares + extreme**2) / (shots + 1)
    shrunk = (shots * np.abs(mean) - extreme) / (shots + 1)
    return mean, (second - shrunk**2) / (shots + 1)


def _signs(bits, wires):
    return 1.0 - 2.0 * (bits[:, :, list(wires)].sum(axis=2) % 2)
