"""Pauli sums as PennyLane operators and back."""

from typing import Any

import numpy as np
from jax.core import Tracer

from circuits.observables import PauliSum

ROUNDING = 1e-10


def to_observable(observable: PauliSum) -> Any:
    """Return a Pauli sum as a PennyLane operator.

    >>> from circuits.observables import pauli
    >>> to_observable(0.5 * pauli("XZ", (0, 2)))
    0.5 * (X(0) @ Z(2))
    """
    import pennylane as qp

    terms = observable.terms or ((0.0, ()),)
    strings: list[Any] = [
        qp.prod(*(getattr(qp, letter)(wire) for wire, letter in string)) if string else qp.I(0)
        for _, string in terms
    ]
    return qp.dot([value for value, _ in terms], strings)


def to_pauli_sum(operator: Any) -> PauliSum | None:
    """Return a PennyLane operator on wires 0, 1, ... as a Pauli sum.

    None where PennyLane knows no Pauli form of it with real numbers: for matrices, see
    `decomposed`, and for traced coefficients.

    >>> import pennylane as qp
    >>> to_pauli_sum(2 * qp.Z(0) @ qp.X(1))
    PauliSum(terms=((2.0, ((0, 'Z'), (1, 'X'))),))
    """
    return None if operator.pauli_rep is None else _sum(operator.pauli_rep)


def decomposed(operator: Any) -> PauliSum:
    """Return any Hermitian PennyLane operator as a Pauli sum, 4**k terms for a matrix on k wires.

    Raises:
        ValueError: where it is not Hermitian.

    >>> import pennylane as qp
    >>> decomposed(qp.Hermitian([[1, 0], [0, -1]], 1))
    PauliSum(terms=((1.0, ((1, 'Z'),)),))
    """
    import pennylane as qp

    sentence = operator.pauli_rep
    if sentence is None:
        matrix = np.asarray(operator.matrix())
        options = {"pauli": True, "check_hermitian": False}
        sentence = qp.pauli_decompose(matrix, wire_order=operator.wires, **options)
    found = _sum(sentence)
    if found is None:
        raise ValueError(f"An observable must be Hermitian, but {operator} is not.")
    return found


def _sum(sentence) -> PauliSum | None:
    values = sentence.values()
    if any(isinstance(value, Tracer) for value in values):
        return None
    if any(abs(np.imag(value)) > ROUNDING * max(1, abs(value)) for value in values):
        return None
    return PauliSum(
        tuple(
            (float(np.real(value)), tuple(sorted(word.items()))) for word, value in sentence.items()
        )
    )
