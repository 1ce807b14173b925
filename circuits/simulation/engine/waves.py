"""Gates as sums of waves: ``exp(-i t G) = sum_v cos(v t) C_v + sin(v t) S_v``, made on the host.

The frequencies v are the sizes of the eigenvalues of ``G``. A product of gates is then the sum of
constant matrices times products of cosines and sines, one term for each choice of waves.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.gates.definitions import definition, unit
from circuits.gates.gate_types import Gate
from circuits.gates.host_matrices import constant_matrix
from circuits.gates.table import projector

# Blocks on more wires are made gate by gate: their matrices are large, and terms are many.
MAX_WIRES = 2
# A product has at most so many terms; a longer one is a product of such.
MAX_TERMS = 64
# What is smaller is rounding of the eigenvectors.
ROUNDING = 1e-15
# Eigenvalues that agree to so many decimals are one.
DIGITS = 12


class Waves(NamedTuple):
    """The cosine of each frequency, then the sine of each but zero, with a matrix (s, d, d) each.

    A constant gate has no frequency, and one matrix.
    """

    frequencies: tuple[float, ...]
    matrices: npt.NDArray[np.complex128]


def waves(gate: Gate) -> Waves:
    """Return the waves of a unitary gate, whatever its wires and its angle.

    >>> from circuits import gate
    >>> waves(gate("rz", 3, angle=0.1)).frequencies
    (0.5,)
    >>> waves(gate("rz", 3, angle=0.1)).matrices[1].diagonal()
    array([0.-1.j, 0.+1.j])
    """
    local = tuple(range(len(gate.wires)))
    return _waves(gate._replace(wires=local, angle=None if gate.angle is None else 0.0))


@lru_cache(maxsize=256)
def _waves(gate: Gate) -> Waves:
    if gate.angle is None:
        return Waves((), np.asarray(constant_matrix(gate.name, gate.data))[None])
    generator = definition(gate).generator
    assert generator is not None, "a gate with an angle has a generator"
    small = unit(generator)
    projectors = _projectors(generator / small)
    sizes = np.unique([abs(value) for value in projectors])
    zero = np.zeros_like(generator, dtype=complex)
    up = np.stack([projectors.get(size, zero) for size in sizes])
    down = np.stack([projectors.get(-size, zero) if size else zero for size in sizes])
    matrices = np.concatenate([up + down, -1j * (up - down)[sizes > 0]])
    matrices.real[np.abs(matrices.real) < ROUNDING] = 0
    matrices.imag[np.abs(matrices.imag) < ROUNDING] = 0
    return Waves(tuple(map(float, small * sizes)), matrices)


def _projectors(generator: npt.NDArray) -> dict[float, npt.NDArray]:
    """The projector on each eigenspace, by its eigenvalue."""
    values, vectors = np.linalg.eigh(generator)
    halves = np.round(2 * values) / 2
    if np.abs(values - halves).max() < 1e-14:
        # As those of all named gates are. Without eigenvectors there is no rounding, whose bias
        # would add up over many gates.
        return {
            value: projector(generator, value, np.unique(halves)) for value in np.unique(halves)
        }
    keys = np.abs(values).round(DIGITS) * np.sign(values)
    keys[keys == 0] = 0.0
    found = {}
    for size in np.unique(np.abs(keys)):
        mean = float(np.abs(values[np.abs(keys) == size]).mean()) if size else 0.0
        for key, value in {size: mean, -size: -mean}.items():
            if (keys == key).any():
                chosen = vectors[:, keys == key]
                found[value] = chosen @ chosen.conj().T
    return found


def sections(gates: Sequence[Gate]) -> list[range]:
    """Divide neighbouring gates among products of at most `MAX_TERMS` terms.

    >>> from circuits import gate
    >>> sections([gate("rx", 0, angle=0.1)] * 8)
    [range(0, 6), range(6, 8)]
    """
    counts = [len(waves(gate).matrices) for gate in gates]
    cuts = [0]
    for end in range(1, len(gates)):
        if prod(counts[cuts[-1] : end + 1]) > MAX_TERMS:
            cuts.append(end)
    return [range(a, b) for a, b in zip(cuts, [*cuts[1:], len(gates)], strict=True)]


def product_terms(gates: Sequence[Gate], wires: tuple[int, ...]) -> npt.NDArray[np.complex128]:
    """Return the matrices of all choices of waves of a product of gates on some wires.

    Returns:
        (s1, ..., sm, 2**k, 2**k), one axis for the waves of each gate, the first to act first.

    >>> from circuits import gate
    >>> product_terms([gate("rx", 0, angle=0.1), gate("ry", 0, angle=0.2)], (0,)).shape
    (2, 2, 2, 2)
    """
    total = np.eye(2 ** len(wires), dtype=complex)
    for gate in gates:
        local = [wires.index(wire) for wire in gate.wires]
        each = np.stack([_embedded(matrix, local, len(wires)) for matrix in waves(gate).matrices])
        total = np.einsum("sab,...bc->...sac", each, total)
    return total


def _embedded(matrix, local: list[int], n_wires: int) -> npt.NDArray[np.complex128]:
    """The matrix on all wires of a gate on some of them."""
    k, size = len(local), 2**n_wires
    eye = np.eye(size).reshape((2,) * n_wires + (size,))
    made = np.tensordot(matrix.reshape((2,) * 2 * k), eye, (range(k, 2 * k), local))
    return np.moveaxis(made, range(k), local).reshape(size, size)
