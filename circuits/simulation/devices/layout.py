"""Where the amplitudes of a state lie that is spread over 2**d devices, as algebra over bits.

The address of an amplitude is n bits y: d bits name the device, leftmost first, the other
``m = n - d`` count its entries. The basis state x stored there is the affine function
``x = A y ^ c``. A gate that moves basis states affinely (X, CX, SWAP and all made of these) changes
A and c and no amplitude, so a ring of CNOTs costs no communication. A gate on qubit q needs none
where q is *carried*: a local bit of its own that no other qubit depends on.

The idea of exchanging qubits instead of amplitudes is that of De Raedt et al., Comput. Phys.
Commun. 176, 121 (2007), arXiv:quant-ph/0608239; the bookkeeping by affine maps is ours.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant

Bits = npt.NDArray[np.integer]  # zeros and ones


class Layout(NamedTuple):
    """Basis state ``matrix @ y ^ zero`` (n bits, qubit 0 first) at address y (device bits first).

    Local bit j holds qubit ``carried[j]``; `settle` makes that true after a change.
    """

    matrix: Bits
    zero: Bits
    carried: tuple[int, ...]

    @property
    def n_global(self) -> int:
        """Number of device bits, d."""
        return len(self.zero) - len(self.carried)


class Index(NamedTuple):
    """``first[i] ^ second[j] ^ device[p]``, an affine function of two parts of a local address."""

    first: Constant
    second: Constant
    device: Constant


class Shuffle(NamedTuple):
    """New entry l of each device is its old entry ``index(l)``; `inverse` undoes that."""

    index: Index
    inverse: Index


class Exchange(NamedTuple):
    """Device bits trade places with local bits, pair by pair; its own inverse."""

    bits: tuple[int, ...]
    positions: tuple[int, ...]


def start_layout(n: int, d: int) -> Layout:
    """Return the layout in which the leading d qubits name the device.

    >>> start_layout(4, 1).carried
    (1, 2, 3)
    """
    return Layout(np.eye(n, dtype=np.uint8), np.zeros(n, np.uint8), tuple(range(d, n)))


def move(layout: Layout, wires: Sequence[int], targets: npt.NDArray) -> Layout | None:
    """Return the layout after basis state j of some wires has become ``targets[j]``.

    No amplitude moves. None where the map is not affine, which no layout can take up.

    >>> layout = move(start_layout(2, 1), (0, 1), np.array([0, 1, 3, 2]))
    >>> layout.matrix.tolist()
    [[1, 0], [1, 1]]
    """
    k = len(wires)
    zero = int(targets[0])
    units = [int(targets[1 << bit]) ^ zero for bit in reversed(range(k))]
    if not np.array_equal(table(units, zero), targets):
        return None
    step = np.eye(len(layout.zero), dtype=np.uint8)
    step[np.ix_(wires, wires)] = np.stack([to_bits(unit, k) for unit in units], axis=1)
    matrix, turned = step @ layout.matrix & 1, step @ layout.zero & 1
    turned[list(wires)] ^= to_bits(zero, k)
    return layout._replace(matrix=matrix, zero=turned)


def exchange(layout: Layout, swap: Exchange) -> Layout:
    """Return the layout after device bits and local bits traded places."""
    order = np.arange(len(layout.zero))
    here, there = list(swap.bits), [layout.n_global + place for place in swap.positions]
    order[here], order[there] = order[there], order[here]
    return layout._replace(matrix=layout.matrix[:, order])


def settle(layout: Layout) -> tuple[Layout, Shuffle | None]:
    """Return the layout with as many qubits carried as can be, and how entries move to get there.

    No entry leaves its device. Qubits keep their local bits where they can; None where all do.

    Returns:
        a layout with ``x[carried[j]] = y[d + j]`` for every local bit j. A gate on a carried
        qubit needs no other device where `reachable` says so.
    """
    d = layout.n_global
    carried = _carriers(layout)
    rows, zero = layout.matrix[list(carried)], layout.zero[list(carried)]
    moves = rows[:, :d].any() or zero.any()
    if not moves and np.array_equal(rows[:, d:], np.eye(len(carried))):
        return layout._replace(carried=carried), None
    back = _inverse(rows[:, d:])
    shift, start = back @ rows[:, :d] & 1, back @ zero & 1
    local = layout.matrix[:, d:]
    matrix = np.hstack([layout.matrix[:, :d] ^ (local @ shift & 1), local @ back & 1])
    shuffle = Shuffle(_index(back, shift, start), _index(rows[:, d:], rows[:, :d], zero))
    return Layout(matrix, layout.zero ^ (local @ start & 1), carried), shuffle


def reachable(layout: Layout) -> dict[int, int]:
    """Local bit of each qubit on which any gate may act without another device; settled layouts.

    >>> reachable(start_layout(3, 1))
    {1: 0, 2: 1}
    """
    columns = layout.matrix[:, layout.n_global :]
    return {wire: j for j, wire in enumerate(layout.carried) if columns[:, j].sum() == 1}


def read_wires(layout: Layout, wires: Sequence[int]) -> tuple[tuple[int, ...], Constant, Constant]:
    """Return how the bits of some wires follow from the address.

    Returns:
        the local bits that matter, ascending, and two arrays of ints: the number that the wires
        spell is ``base[those bits] ^ device[p]``.

    >>> read_wires(start_layout(3, 1), (0, 2))
    ((1,), Constant(int32, shape (2,)), Constant(int32, shape (2,)))
    """
    rows, zero = layout.matrix[list(wires)], to_int(layout.zero[list(wires)])
    columns = [to_int(column) for column in rows.T]
    local = columns[layout.n_global :]
    positions = tuple(place for place, column in enumerate(local) if column)
    base = table([local[place] for place in positions], 0)
    return positions, Constant(base), Constant(table(columns[: layout.n_global], zero))


def inverse_matrix(layout: Layout) -> Bits:
    """The matrix of the map from basis states to addresses."""
    return _inverse(layout.matrix)


def table(columns: Sequence[int], zero: int) -> npt.NDArray[np.int32]:
    """Values of an affine function of k bits from the values of its unit strings, leftmost first.

    >>> table([2, 1], 0)
    array([0, 1, 2, 3], dtype=int32)
    """

    def add(total, column):
        return (total[:, None] ^ np.array([0, column])).reshape(-1)

    return reduce(add, columns, np.array([zero])).astype(np.int32)


def to_bits(number: int, k: int) -> Bits:
    """The k bits of a number, leftmost first."""
    return np.array([number >> place & 1 for place in reversed(range(k))], np.uint8)


def to_int(bits: Iterable[int]) -> int:
    """The number that bits spell, leftmost first."""
    return reduce(lambda total, bit: 2 * total + int(bit), bits, 0)


def _index(local: Bits, device: Bits, zero: Bits) -> Index:
    columns = [to_int(column) for column in local.T]
    half = len(columns) // 2
    offsets = table([to_int(column) for column in device.T], to_int(zero))
    return Index(
        Constant(table(columns[:half], 0)), Constant(table(columns[half:], 0)), Constant(offsets)
    )


def _carriers(layout: Layout) -> tuple[int, ...]:
    """A qubit for each local bit, together telling all of them; where it can, the one of before."""
    local = layout.matrix[:, layout.n_global :]
    others = [wire for wire in range(len(layout.zero)) if wire not in layout.carried]
    chosen = _independent(local, [*layout.carried, *others])
    new = [wire for wire in chosen if wire not in layout.carried]
    carried = list(layout.carried)
    for place, wire in enumerate(layout.carried):
        if wire not in chosen:
            # The newcomer that already stands there, if there is one: then no entry moves.
            best = next((each for each in new if local[each, place]), new[0])
            new.remove(best)
            carried[place] = best
    return tuple(carried)


def _independent(matrix: Bits, order: Iterable[int]) -> list[int]:
    """The first rows, in an order, that span the space of all rows."""
    basis: dict[int, int] = {}
    chosen = []
    for row in order:
        value = to_int(matrix[row])
        while value and value.bit_length() in basis:
            value ^= basis[value.bit_length()]
        if value:
            basis[value.bit_length()] = value
            chosen.append(row)
    return chosen


def _inverse(matrix: Bits) -> Bits:
    """Gauss-Jordan elimination over bits."""
    n = len(matrix)
    both = np.hstack([matrix, np.eye(n, dtype=np.uint8)])
    for place in range(n):
        pivot = place + int(both[place:, place].argmax())
        both[[place, pivot]] = both[[pivot, place]]
        others = both[:, place].astype(bool)
        others[place] = False
        both[others] ^= both[place]
    return both[:, n:]
