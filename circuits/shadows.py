"""Classical shadows: one set of random measurements that serves any Pauli strings, chosen later.

Grouping (`measurement_groups`, what every backend does) needs one basis for each group of strings
and is better wherever these are few, as in classifiers that read a few strings: there each shot
serves all strings of its group, while a shadow sees a string of weight w in one shot of 3**w.
Shadows are better for many strings of low weight that do not commute, such as all pairs of many
qubits, or where the strings are not known when the device runs.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit
from circuits.gates.gate_types import gate
from circuits.mitigation.wrapping import free_segment, repeated
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Backend, check_count, check_seed

# Angles of ry and then rx that turn X, Y or Z into the Z that is measured.
TURNS = np.array([[-np.pi / 2, 0.0], [0.0, np.pi / 2], [0.0, 0.0]])
Values = npt.NDArray[np.float64]


class Shadow(NamedTuple):
    """Random measurements of b states: letters (b, s, n) 0 to 2 for X to Z, and bits (b, s, n)."""

    letters: npt.NDArray[np.uint8]
    bits: npt.NDArray[np.uint8]


def classical_shadow(
    backend: Backend, circuit: Circuit, angles: Angles, *, snapshots: int, seed: int
) -> Shadow:
    """Measure every qubit in a random Pauli basis, anew for each shot.

    The bases are angles of one circuit, so that a shadow is one job of b * s sets of angles with
    one shot each.

    Args:
        backend: with `sample`.
        circuit: on n qubits.
        angles: `{segment: (size,) or (b, size)}` in radians.
        snapshots: shots s for each set of angles; see `shadow_size`.
        seed: decides bases and draws.

    Returns:
        The shadow, good for any observables.

    Source:
        Huang, Kueng and Preskill, Nature Physics 16, 1050 (2020), arXiv:2002.08953, Sec. II.

    >>> from circuits import Shots, build_circuit, z
    >>> circuit = build_circuit([gate("x", 0)])
    >>> shadow = classical_shadow(Shots(), circuit, {}, snapshots=60, seed=1)
    >>> values, std = shadow_expectation(shadow, z(0))
    >>> bool(abs(values.item() + 1) < 3 * std.item())
    True
    """
    check_count("snapshots", snapshots)
    check_seed(seed)
    arrays = check_angles(circuit, angles)
    b, n = batch_length(arrays), circuit.n_qubits
    letters = np.random.default_rng(seed).integers(3, size=(b * snapshots, n), dtype=np.uint8)
    segment = free_segment(circuit, "bases")
    turns = TURNS[letters].reshape(b * snapshots, 2 * n)
    rows = repeated(arrays, snapshots) | {segment: turns}
    bits = backend.sample(circuit + _turned(n, segment), rows, shots=1, seed=seed)
    return Shadow(letters.reshape(b, snapshots, n), bits.reshape(b, snapshots, n))


def shadow_expectation(
    shadow: Shadow, observables: PauliSum | Iterable[PauliSum], parts: int = 1
) -> tuple[Values, Values]:
    """Return expectation values from a shadow, as medians of means.

    Args:
        shadow: of b states with s snapshots.
        observables: k of them.
        parts: of how many means the median is taken; 1 is the plain mean, which is what to take
            for a few observables. More guard against outliers among very many; see `shadow_size`.

    Returns:
        values and standard errors, each (b, k). The error is that of the mean; the median's is up
        to ``sqrt(pi / 2)`` times as large.

    Raises:
        ValueError: on more parts than snapshots.

    Source:
        Huang, Kueng and Preskill (2020), Eqs. S12 and S44, and Algorithm 1.
    """
    check_count("parts", parts)
    checked = check_observables(observables, shadow.letters.shape[2])
    snapshots = shadow.letters.shape[1]
    if parts > snapshots:
        raise ValueError(
            f"Argument `parts` must be at most the {snapshots} snapshots, but is parts={parts}."
        )
    values, std = zip(*(_estimate(shadow, item, parts) for item in checked), strict=True)
    return np.stack(values, axis=1), np.stack(std, axis=1)


def shadow_size(
    observables: PauliSum | Sequence[PauliSum], error: float, failure: float = 0.05
) -> tuple[int, int]:
    """Return how many snapshots and parts keep all errors below one, but for a small chance.

    The bound is safe and not tight: the errors met are several times smaller.

    Args:
        observables: k of them.
        error: largest error of any value, positive.
        failure: chance that one of them is larger, between 0 and 1.

    Raises:
        ValueError: on other numbers.

    Source:
        Huang, Kueng and Preskill (2020), Theorem S1, with the shadow norm of a Pauli string of
        weight w, ``3**w`` (Lemma S3); of sums, its square root adds up at most.

    >>> from circuits import pauli
    >>> shadow_size(pauli("XX", (0, 1)), error=0.5)
    (9792, 8)
    """
    if not (error > 0 and 0 < failure < 1):
        raise ValueError(
            "Arguments must be error > 0 and 0 < failure < 1, but are "
            f"error={error}, failure={failure}."
        )
    checked = (observables,) if isinstance(observables, PauliSum) else tuple(observables)
    parts = math.ceil(2 * math.log(2 * len(checked) / failure))
    norm = max(
        sum(abs(c) * 3 ** (len(string) / 2) for c, string in item.terms if string)
        for item in checked
    )
    return parts * math.ceil(34 / error**2 * norm**2 - 1e-9), parts


def _turned(n_qubits: int, segment: str) -> Circuit:
    gates = [
        gate(name, wire, angle=(segment, 2 * wire + place))
        for wire in range(n_qubits)
        for place, name in enumerate(("ry", "rx"))
    ]
    return Circuit(tuple(gates), n_qubits, {segment: 2 * n_qubits})


def _estimate(shadow: Shadow, observable: PauliSum, parts: int) -> tuple[Values, Values]:
    """Value and standard error (b,): a string counts, times 3**w, where all its letters fit."""
    b, snapshots, _ = shadow.letters.shape
    signal = np.zeros((b, snapshots))
    for value, string in observable.terms:
        wires = [wire for wire, _ in string]
        wanted = np.array(["XYZ".index(letter) for _, letter in string], np.uint8)
        fits = (shadow.letters[:, :, wires] == wanted).all(axis=2)
        signs = 1.0 - 2.0 * (shadow.bits[:, :, wires].sum(axis=2) % 2)
        signal += value * 3.0 ** len(string) * fits * signs
    means = [part.mean(axis=1) for part in np.array_split(signal, parts, axis=1)]
    error = signal.std(axis=1, ddof=1) if snapshots > 1 else np.full(b, np.inf)
    return np.median(means, axis=0), error / snapshots**0.5
