"""Observables as plain data: sums of Pauli strings with real coefficients."""

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

Pauli = tuple[tuple[int, str], ...]


class PauliSum(NamedTuple):
    """A Hermitian observable ``sum_t c_t P_t``.

    `terms` holds pairs of a coefficient and a Pauli string ``((wire, "X" | "Y" | "Z"), ...)``
    sorted by wire; the empty string is the identity. Sums add and subtract (a number counts as
    that multiple of the identity) and scale with ``*``; equal strings are merged.

    >>> 2 * pauli("Z", 0) + pauli("Z", 0) + 1
    PauliSum(terms=((3.0, ((0, 'Z'),)), (1.0, ())))
    """

    terms: tuple[tuple[float, Pauli], ...]

    # NumPy scalars would otherwise take the terms for an array when they stand on the left.
    __array_ufunc__ = None

    def __add__(self, other: "PauliSum | float") -> "PauliSum":  # pyright: ignore[reportIncompatibleMethodOverride]
        if isinstance(other, Real):
            return self if other == 0 else _merge((*self.terms, (float(other), ())))
        return _merge(self.terms + other.terms) if isinstance(other, PauliSum) else NotImplemented

    def __mul__(self, factor: float) -> "PauliSum":  # pyright: ignore[reportIncompatibleMethodOverride]
        if not isinstance(factor, Real):
            return NotImplemented
        return PauliSum(tuple((float(factor) * value, string) for value, string in self.terms))

    def __neg__(self) -> "PauliSum":
        return self * -1

    def __sub__(self, other: "PauliSum | float") -> "PauliSum":
        return self + -other

    __radd__ = __add__
    __rmul__ = __mul__  # pyright: ignore[reportAssignmentType]


def pauli(letters: str, wires: int | Sequence[int], coefficient: float = 1.0) -> PauliSum:
    """Return one Pauli string times a coefficient.

    Args:
        letters: one of "I", "X", "Y", "Z" for each wire.
        wires: the qubits they act on, all different; an int for a single letter.
        coefficient: real.

    Raises:
        ValueError: on other letters, a wrong number of wires, wires that repeat or are no
            non-negative ints, or a coefficient that is not a finite real number.

    >>> pauli("XIZ", (2, 1, 0), 0.5)
    PauliSum(terms=((0.5, ((0, 'Z'), (2, 'X'))),))
    """
    wires = tuple(wires) if isinstance(wires, Iterable) else (wires,)
    if set(letters) - set("IXYZ"):
        raise ValueError(f"Argument `letters` must consist of I, X, Y and Z, but is {letters!r}.")
    if len(wires) != len(letters) or not _are_wires(wires):
        raise ValueError(
            f"Argument `wires` must be {len(letters)} distinct non-negative ints for "
            f"letters {letters!r}, but is {wires}."
        )
    if np.iscomplexobj(coefficient) or not math.isfinite(coefficient):
        raise ValueError(
            f"Argument `coefficient` must be a finite real number, but is {coefficient}."
        )
    string = sorted(
        (int(w), letter) for w, letter in zip(wires, letters, strict=True) if letter != "I"
    )
    return PauliSum(((float(coefficient), tuple(string)),))


def z(wire: int) -> PauliSum:
    """Return Pauli Z on one wire; its value is ``1 - 2 b`` for bit ``b``.

    >>> z(3)
    PauliSum(terms=((1.0, ((3, 'Z'),)),))
    """
    return pauli("Z", wire)


def check_observables(
    observables: PauliSum | Iterable[PauliSum], n_qubits: int
) -> tuple[PauliSum, ...]:
    """Return the observables as a tuple, checked to act inside `n_qubits` qubits.

    Raises:
        ValueError: on no observable at all, a wire outside, or terms that no observable has.
        TypeError: on something that is not a PauliSum.

    >>> check_observables(z(0), n_qubits=1)
    (PauliSum(terms=((1.0, ((0, 'Z'),)),)),)
    """
    single = isinstance(observables, PauliSum) or not isinstance(observables, Iterable)
    checked: tuple[Any, ...] = (observables,) if single else tuple(observables)
    if not checked:
        raise ValueError("Argument `observables` must hold at least one PauliSum, but is empty.")
    for item in checked:
        if not isinstance(item, PauliSum):
            raise TypeError(f"Argument `observables` must hold PauliSums, but holds {item!r}.")
        _check_terms(item)
        last = max((wire for _, string in item.terms for wire, _ in string), default=0)
        if last >= n_qubits:
            raise ValueError(
                f"Argument `observables` must act on the {n_qubits} qubits of the circuit, "
                f"but acts on wire {last}."
            )
    return checked


def _check_terms(observable: PauliSum) -> None:
    """Refuse terms that were written by hand, or scaled, into what is no observable."""
    for value, string in observable.terms:
        wires = [wire for wire, _ in string]
        letters = {letter for _, letter in string}
        if not _are_wires(wires) or letters - set("XYZ") or not math.isfinite(value):
            raise ValueError(
                "Each term of an observable must be a finite coefficient and letters X, Y or Z on "
                f"different non-negative wires, but one is {(value, string)}; `pauli` makes them."
            )


def _are_wires(wires: Sequence[int]) -> bool:
    ints = all(isinstance(wire, (int, np.integer)) and wire >= 0 for wire in wires)
    return ints and len(set(wires)) == len(wires)


def _merge(terms: Iterable[tuple[float, Pauli]]) -> PauliSum:
    totals: dict[Pauli, float] = {}
    for value, string in terms:
        totals[string] = totals.get(string, 0.0) + value
    return PauliSum(tuple((value, string) for string, value in totals.items()))
