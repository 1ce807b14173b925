"""Random Pauli gates as angles: one circuit and one batch serve any number of random circuits.

The Pauli with bits (x, z) is rx(pi x) and then rz(pi z), up to a phase. A device compiles the
circuit once; a simulator too.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant
from circuits.gates.gate_types import Gate, gate
from circuits.gates.host_matrices import host_matrix
from circuits.simulation.open_systems.pauli_transfer import transfer_matrix

# Bits (x, z) of the letters I, X, Y, Z, in this order.
BITS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
# signs[p, q]: whether letters p and q commute (1) or anticommute (-1).
SIGNS = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])


def pauli_gates(segment: str, place: int, wire: int) -> tuple[Gate, Gate]:
    """Return the gates of a Pauli whose bits, times pi, stand at 2 * place of a segment.

    >>> [item.name for item in pauli_gates("paulis", 0, 3)]
    ['rx', 'rz']
    """
    return (
        gate("rx", wire, angle=(segment, 2 * place)),
        gate("rz", wire, angle=(segment, 2 * place + 1)),
    )


def letter_bits(indices: npt.NDArray[np.integer], n_wires: int) -> npt.NDArray[np.int64]:
    """Return the bits (..., n_wires, 2) of Pauli strings, numbered as `transfer_matrix` does.

    >>> letter_bits(np.array(6), 2).tolist()
    [[1, 0], [1, 1]]
    """
    shifts = 4 ** np.arange(n_wires - 1, -1, -1)
    return BITS[(np.asarray(indices)[..., None] // shifts) % 4]


@lru_cache(maxsize=256)
def conjugated(name: str, angle: float | None = None) -> npt.NDArray[np.int64]:
    """Return the number (16,) of the string that each pair of letters becomes under a gate.

    Args:
        name: of a gate G on two wires that is Clifford; P becomes G P G^dagger up to its sign.
        angle: of the gate, where it has one.

    >>> conjugated("cx")[[4, 1]]  # XI to XX, IX to IX
    array([5, 1])
    """
    matrix = host_matrix(gate(name, 0, 1, angle=angle), angle)
    return np.abs(transfer_matrix(matrix[None])).argmax(0)


@lru_cache(maxsize=256)
def quasi_probabilities(channel: Gate) -> tuple[npt.NDArray[np.float64], float]:
    """Return how the inverse of a Pauli channel mixes Pauli strings, and the sum of the sizes.

    Args:
        channel: "kraus" on k wires.

    Returns:
        (4**k,) numbers of either sign that sum to 1, and ``sum |q|``, the factor by which errors
        grow.

    Raises:
        ValueError: where the channel is no mixture of Pauli gates, or loses a string altogether.

    Source:
        Temme, Bravyi and Gambetta, Phys. Rev. Lett. 119, 180509 (2017), Eq. 6.

    >>> from circuits.noise.channels import (bit_flip)
    >>> quasi_probabilities(bit_flip(0.2, 0))[0].round(3)
    array([ 1.333, -0.333,  0.   ,  0.   ])
    """
    assert isinstance(channel.data, Constant), "checked by the caller"
    matrix = transfer_matrix(channel.data.array)
    kept = matrix.diagonal()
    if np.abs(matrix - np.diag(kept)).max() > 1e-9 or np.abs(kept).min() < 1e-9:
        raise ValueError(
            f"Noise on wires {channel.wires} must be a mixture of Pauli gates that keeps something "
            "of every string, but is not; twirling makes it one."
        )
    signs = np.ones((1, 1))
    for _ in channel.wires:
        signs = np.kron(signs, SIGNS)
    inverse = signs @ (1 / kept) / len(kept)
    return inverse, float(np.abs(inverse).sum())
