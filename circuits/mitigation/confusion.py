"""Confusion of bits undone: on Pauli strings, on all bit strings, or on those that were seen."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit, build_circuit
from circuits.estimation import Group, basis_change, measurement_groups
from circuits.gates.gate_types import gate
from circuits.mitigation.wrapping import Array, constants, derived_seed
from circuits.noise.channels import readout_confusion
from circuits.observables import PauliSum
from circuits.protocol import Backend

FULL_QUBITS = 8
# Calibrations drawn anew to see what their errors do to the values.
REDRAWS = 20

Bits = npt.NDArray[np.uint8]


def unconfused(observable: PauliSum, readouts: Array) -> PauliSum:
    """Return the observable whose confused values are, on average, those of the one given.

    A letter P is read as ``(1 - a - b) P + (b - a)``; that is solved for P. Letters only vanish,
    so that it is measured in the same bases.

    Args:
        observable: on n qubits.
        readouts: (n, 2) probabilities `a` that 0 is read as 1 and `b` that 1 is read as 0.

    Raises:
        ValueError: where the bits of a qubit tell nothing, as ``a + b >= 1``.

    >>> from circuits import z
    >>> unconfused(z(0), np.array([[0.25, 0.25]]))
    PauliSum(terms=((2.0, ((0, 'Z'),)),))
    """
    keeps, shifts = 1 - readouts.sum(1), readouts[:, 1] - readouts[:, 0]
    total = PauliSum(())
    for value, string in observable.terms:
        strings = [(value, ())]
        for letter in string:
            keep, shift = float(keeps[letter[0]]), float(shifts[letter[0]])
            if keep <= 0:
                raise ValueError(
                    f"Readout of qubit {letter[0]} must tell 0 from 1 to be mitigated, but errs "
                    f"with probabilities {readouts[letter[0]].tolist()}."
                )
            kept = [(factor / keep, (*done, letter)) for factor, done in strings]
            strings = kept + [(-shift / keep * factor, done) for factor, done in strings if shift]
        total = total + PauliSum(tuple(strings))
    return total


def assignment_matrix(backend: Backend, n_qubits: int, shots: int, seed: int) -> Array:
    """Return how often (2**n, 2**n) each bit string is read (rows) for each one prepared.

    All strings are prepared in one job, by rx gates of 0 or pi.

    Raises:
        ValueError: on more than 8 qubits.

    >>> from circuits import Shots
    >>> assignment_matrix(Shots(), 1, 10, 0)
    array([[1., 0.],
           [0., 1.]])
    """
    if n_qubits > FULL_QUBITS:
        raise ValueError(
            f"Method 'full' is for at most {FULL_QUBITS} qubits, but the circuit has {n_qubits}: "
            "take 'tensored' or 'subspace'."
        )
    flips = [gate("rx", wire, angle=("flips", wire)) for wire in range(n_qubits)]
    prepared = np.array(list(np.ndindex(*(2,) * n_qubits)))
    angles = {"flips": np.pi * prepared}
    read = backend.sample(build_circuit(flips), angles, shots=shots, seed=derived_seed(seed, 10**6))
    counts = [np.bincount(_numbers(bits), minlength=2**n_qubits) for bits in read]
    return np.stack(counts, axis=1) / shots


def mitigated_estimate(
    backend: Backend,
    circuit: Circuit,
    observables: Sequence[PauliSum],
    angles: Angles,
    shots: int,
    seed: int,
    calibration: tuple[Array, Array] | tuple[Array, int],
) -> tuple[Array, Array]:
    """Return values and standard errors (b, k) from shots in each basis.

    Args:
        backend: gives the bits.
        circuit: likewise, with `observables` and `angles`.
        observables: k of them.
        angles: of b rows.
        shots: of each basis.
        seed: decides them, and the calibrations that are drawn anew for the standard errors.
        calibration: readouts (n, 2) and their errors for the subspace that was seen, or the matrix
            (2**n, 2**n) and how many shots each of its columns has.
    """
    groups = measurement_groups(observables)
    bits = [
        backend.sample(
            circuit + basis_change(group, circuit.n_qubits),
            angles,
            shots=shots,
            seed=derived_seed(seed, number),
        )
        for number, group in enumerate(groups)
    ]
    matrix, errors = calibration
    make = _on_all if isinstance(errors, int) else _on_seen
    values, variances = _sums(groups, bits, len(observables), make(matrix))
    rng = np.random.default_rng(derived_seed(seed, 2 * 10**6))
    moved = [
        _sums(groups, bits, len(observables), make(_redrawn(matrix, errors, rng)))[0] - values
        for _ in range(REDRAWS if np.any(errors) else 0)
    ]
    if moved:
        variances += np.mean(np.square(moved), axis=0)
    return values + constants(observables), np.sqrt(variances)


Signs = Callable[[Bits], Array]  # what true bit strings (m, n) count, (m,)
Solver = Callable[[Bits, Signs], Array]  # what bit strings (m, n) as read count, (m,)


def _sums(groups: Sequence[Group], bits: Sequence[Bits], k: int, solver: Solver):
    """Means (b, k) and their variances, without the multiples of the identity."""
    values, variances = np.zeros((2, len(bits[0]), k))
    for group, drawn in zip(groups, bits, strict=True):
        for index in sorted({index for index, _, _ in group.terms}):
            terms = [(value, wires) for at, value, wires in group.terms if at == index]
            for row, shots in enumerate(drawn):
                mean, variance = _mean(terms, shots, solver)
                values[row, index] += mean
                variances[row, index] += variance
    return values, variances


def _mean(terms, shots: Bits, solver: Solver) -> tuple[float, float]:
    """Mean of what each shot counts, and its variance with one shot at the other extreme added."""
    strings, places = np.unique(shots, axis=0, return_inverse=True)
    weights = solver(
        strings,
        lambda bits: np.sum([value * _signs(bits, wires) for value, wires in terms], axis=0),
    )
    signal = weights[places.ravel()]
    mean = signal.mean()
    extreme = -np.copysign(sum(abs(value) for value, _ in terms), mean)
    return mean, np.append(signal, extreme).var() / (len(signal) + 1)


def _on_all(matrix: Array) -> Solver:
    """With the confusion (2**n, 2**n) of all strings."""
    undo = np.linalg.inv(matrix).T

    def solve(strings: Bits, signs: Signs) -> Array:
        everything = np.array(list(np.ndindex(*(2,) * strings.shape[1])), np.uint8)
        return (undo @ signs(everything))[_numbers(strings)]

    return solve


def _on_seen(readouts: Array) -> Solver:
    """With the confusion of each qubit, among the strings that were seen."""
    confusions = [readout_confusion(*np.clip(pair, 0, 1)) for pair in readouts]

    def solve(strings: Bits, signs: Signs) -> Array:
        chances = np.ones((len(strings), len(strings)))
        for wire, confusion in enumerate(confusions):
            column = strings[:, wire]
            chances *= confusion[column[:, None], column]
        # What was not seen is left out, so that each column has to sum to 1 without it.
        return np.linalg.solve((chances / chances.sum(0)).T, signs(strings))

    return solve


def _redrawn(matrix: Array, errors: Array | int, rng: np.random.Generator) -> Array:
    """A calibration as another one of as many shots might have been."""
    if isinstance(errors, int):
        return np.stack([rng.multinomial(errors, each) / errors for each in matrix.T], axis=1)
    return matrix + errors * rng.standard_normal(matrix.shape)


def _signs(bits: Bits, wires: tuple[int, ...]) -> Array:
    return 1.0 - 2.0 * (bits[:, list(wires)].sum(axis=1) % 2)


def _numbers(bits: Bits) -> npt.NDArray[np.int64]:
    return bits @ (2 ** np.arange(bits.shape[-1] - 1, -1, -1))
