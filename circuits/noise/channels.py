"""Noise as gates: channels by their Kraus operators ``rho -> sum_m K_m rho K_m^dagger``.

Probabilities are those of an error. Sections refer to Nielsen and Chuang, Quantum Computation and
Quantum Information, Cambridge University Press (2010).
"""

import math
from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import product

import numpy as np
import numpy.typing as npt

from circuits.gates.gate_types import Gate, gate
from circuits.gates.table import PAULIS, Matrix
from circuits.modifiers import power


def channel(operators: Iterable[npt.ArrayLike], *wires: int) -> Gate:
    """Return the channel of any Kraus operators (m, 2**k, 2**k) as a gate; zeros are left out.

    Raises:
        ValueError: where they are misshapen or do not preserve the trace.

    >>> channel([[[1, 0], [0, 0]], [[0, 1], [0, 0]]], 3)
    Gate(name='kraus', wires=(3,), angle=None, data=Constant(complex128, shape (2, 2, 2)))
    """
    arrays = [np.asarray(each, complex) for each in operators]
    return gate("kraus", *wires, data=[each for each in arrays if np.any(each)])


def superoperator(operators: npt.ArrayLike) -> Matrix:
    """Return ``sum_m K_m (x) conj(K_m)`` (d*d, d*d), which acts on `rho` (d, d) laid out by rows.

    >>> superoperator([[[0, 1], [1, 0]]]).real.astype(int) @ [1, 2, 3, 4]
    array([4, 3, 2, 1])
    """
    return sum(np.kron(each, each.conj()) for each in np.asarray(operators, complex))  # pyright: ignore[reportReturnType]


def depolarizing(probability: float, *wires: int) -> Gate:
    """Return the channel ``rho -> (1 - p) rho + p I / d`` on one or more wires jointly.

    Args:
        probability: `p` from 0 to 1, that the state is lost altogether. Each of the ``4**k``
            Pauli strings, the identity among them, then acts with probability ``p / 4**k``.
        wires: k qubits, as a rule one or two.

    Source:
        Sec. 8.3.4, Eq. 8.100.

    >>> len(depolarizing(0.1, 0, 1).data.array)
    16
    """
    _check_probability("probability", probability)
    strings = ["".join(letters) for letters in product("IXYZ", repeat=len(wires))]
    share = probability / len(strings)
    return pauli_channel(dict.fromkeys(strings[1:], share), *wires)


def pauli_channel(probabilities: Mapping[str, float], *wires: int) -> Gate:
    """Return the channel that applies Pauli strings at random, and nothing with what is left.

    Args:
        probabilities: by string of letters, one letter for each wire, such as ``{"XI": 0.01}``.
        wires: qubits.

    Raises:
        ValueError: on other letters, negative probabilities or more than 1 in total.

    Source:
        Sec. 8.3.3; Pauli channels are mixtures of unitaries.

    >>> pauli_channel({"X": 0.1, "Z": 0.2}, 0).data.array[0].real.diagonal().round(4)
    array([0.8367, 0.8367])
    """
    for letters, probability in probabilities.items():
        if set(letters) - set("IXYZ") or len(letters) != len(wires):
            raise ValueError(
                f"Argument `probabilities` must have strings of {len(wires)} letters I, X, Y or Z, "
                f"but has {letters!r}."
            )
        _check_probability(f"probabilities[{letters!r}]", probability)
    identity = "I" * len(wires)
    rest = 1 - sum(value for letters, value in probabilities.items() if letters != identity)
    if rest < -1e-12:
        raise ValueError(f"Argument `probabilities` must sum to at most 1, but to {1 - rest}.")
    mixture = {identity: max(rest, 0.0)} | {
        letters: value for letters, value in probabilities.items() if letters != identity
    }
    return channel(
        [math.sqrt(value) * _string(letters) for letters, value in mixture.items()], *wires
    )


def bit_flip(probability: float, wire: int) -> Gate:
    """Return the channel that applies X with a probability (Sec. 8.3.3, where p is that of none).

    >>> bit_flip(0.25, 0).data.array[1].real
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    _check_probability("probability", probability)
    return pauli_channel({"X": probability}, wire)


def phase_flip(probability: float, wire: int) -> Gate:
    """Return the channel that applies Z with a probability (Sec. 8.3.3, where p is that of none).

    >>> phase_flip(0.25, 0).data.array[1].real.diagonal()
    array([ 0.5, -0.5])
    """
    _check_probability("probability", probability)
    return pauli_channel({"Z": probability}, wire)


def amplitude_damping(gamma: float, wire: int, excited: float = 0.0) -> Gate:
    """Return the decay of ``|1>`` to ``|0>`` with probability `gamma`, generalised to warm baths.

    Args:
        gamma: from 0 to 1.
        wire: the qubit.
        excited: population of ``|1>`` in equilibrium, from 0 to 1; 0 is a cold bath.

    Source:
        Sec. 8.3.5, Eqs. 8.108 and 8.117 (there ``1 - p`` is `excited`).

    >>> amplitude_damping(0.36, 0).data.array[0].real.diagonal()
    array([1. , 0.8])
    """
    _check_probability("gamma", gamma)
    _check_probability("excited", excited)
    return channel(_damping(gamma, excited), wire)


def phase_damping(lam: float, wire: int) -> Gate:
    """Return the loss of coherence without decay: coherences shrink by ``sqrt(1 - lam)``.

    Args:
        lam: from 0 to 1.
        wire: the qubit.

    Source:
        Sec. 8.3.6, Eqs. 8.127 and 8.128.

    >>> phase_damping(0.36, 0).data.array[0].real.diagonal()
    array([1. , 0.8])
    """
    _check_probability("lam", lam)
    return channel(_dephasing(lam), wire)


def thermal_relaxation(t1: float, t2: float, time: float, wire: int, excited: float = 0.0) -> Gate:
    """Return what a qubit suffers while it waits: decay with `t1`, loss of coherence with `t2`.

    Populations approach equilibrium as ``exp(-time / t1)``, coherences vanish as
    ``exp(-time / t2)``.

    Args:
        t1: relaxation time, positive.
        t2: coherence time, positive and at most ``2 * t1``.
        time: not negative, in the same unit.
        wire: the qubit.
        excited: population of ``|1>`` in equilibrium, from 0 to 1.

    Raises:
        ValueError: on values outside these ranges.

    Source:
        Amplitude damping, then phase damping, Sec. 8.3.5 and 8.3.6; ``t2 <= 2 t1`` in Box 8.4.

    >>> len(thermal_relaxation(100.0, 80.0, 1.0, 0).data.array)
    3
    """
    if not (t1 > 0 and 0 < t2 <= 2 * t1 and 0 <= time < math.inf):
        raise ValueError(
            "Times must be t1 > 0, 0 < t2 <= 2 * t1 and time >= 0, "
            f"but are t1={t1}, t2={t2}, time={time}."
        )
    _check_probability("excited", excited)
    gamma = -math.expm1(-time / t1)
    lam = -math.expm1(time / t1 - 2 * time / t2)
    pairs = product(_dephasing(lam), _damping(gamma, excited))
    return channel([late @ early for late, early in pairs], wire)


def over_rotated(item: Gate, fraction: float) -> Gate:
    """Return a gate that turns too far by a fraction of its angle: a coherent error.

    A constant gate becomes its power ``1 + fraction``, by the principal branch.

    >>> over_rotated(gate("rx", 0, angle=("w", 0)), 0.02).angle
    Slot(segment='w', index=0, scale=1.02)
    """
    return power(item, 1 + fraction)


def zz_crosstalk(radians: float, first: int, second: int) -> Gate:
    """Return ``exp(-i radians ZZ / 2)``, what neighbours do to each other unasked: coherent.

    A rule of a noise model lets it follow the gates near by; see `NoiseRule`.

    Source:
        Always-on ZZ coupling: Mundada et al., Phys. Rev. Applied 12, 054023 (2019), Sec. I.

    >>> zz_crosstalk(0.05, 1, 2)
    Gate(name='rzz', wires=(1, 2), angle=0.05)
    """
    return gate("rzz", first, second, angle=radians)


def readout_confusion(zero_read_as_one: float, one_read_as_zero: float) -> npt.NDArray[np.float64]:
    """Return the matrix (2, 2) of one qubit's readout: ``m[read, true]``; columns sum to 1.

    >>> readout_confusion(0.25, 0.5)
    array([[0.75, 0.5 ],
           [0.25, 0.5 ]])
    """
    _check_probability("zero_read_as_one", zero_read_as_one)
    _check_probability("one_read_as_zero", one_read_as_zero)
    return np.array(
        [[1 - zero_read_as_one, one_read_as_zero], [zero_read_as_one, 1 - one_read_as_zero]]
    )


def _damping(gamma: float, excited: float) -> list[Matrix]:
    keep, lose = math.sqrt(1 - gamma), math.sqrt(gamma)
    down = [np.diag([1, keep]), np.array([[0, lose], [0, 0]])]
    up = [np.diag([keep, 1]), np.array([[0, 0], [lose, 0]])]
    cold, warm = math.sqrt(1 - excited), math.sqrt(excited)
    return [cold * each for each in down] + [warm * each for each in up]


def _dephasing(lam: float) -> list[Matrix]:
    return [np.diag([1, math.sqrt(1 - lam)]), np.diag([0, math.sqrt(lam)])]


def _string(letters: str) -> Matrix:
    return reduce(np.kron, [PAULIS[letter] for letter in letters])


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"Argument `{name}` must be from 0 to 1, but is {value}.")
