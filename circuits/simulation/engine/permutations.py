"""Gates that only permute basis states: composed when the program is made, applied in one pass.

A map of bit strings is affine where it is ``x -> A x ^ c`` over bits (X, CNOT, SWAP and all that is
made of them). Such a map of n bits is kept as the images of n + 1 strings, whatever n.
"""

from collections.abc import Sequence
from functools import lru_cache, reduce
from itertools import combinations

import numpy as np
import numpy.typing as npt

from circuits.gates.constants import Constant
from circuits.simulation.engine.kernels import Flip, Permutation, Scramble

Move = tuple[tuple[int, ...], npt.NDArray[np.int32]]  # wires, and where each basis state goes
Affine = tuple[tuple[int, ...], int]  # images of the unit bit strings (bit 0 last) and of zero

# Up to here any permutation is one table over all wires: 4,096 entries.
TABLE_WIRES = 12
# Up to so many wires, flips that make a move are searched for, so many of them at most.
SEARCHED, MOST_FLIPS = 3, 3


def compose_moves(moves: Sequence[Move], n: int) -> list[Permutation | Scramble]:
    """Return the kernels that do some moves of basis states, the first move first.

    Args:
        moves: wires, and for each basis state of these the one it goes to.
        n: number of qubits.

    >>> swap = ((0, 1), np.array([0, 2, 1, 3], np.int32))
    >>> compose_moves([swap, swap], 2)[0].tables[1].array
    array([0, 1], dtype=int32)
    """
    maps = [_affine(wires, move, n) for wires, move in moves]
    if all(each is not None for each in maps):
        return [_permutation(maps, n)._replace(flips=flips_of(moves))]
    if n <= TABLE_WIRES:
        return [_table(moves, n)._replace(flips=flips_of(moves))]
    return [_scramble(*each)._replace(flips=flips_of([each])) for each in moves]


def flips_of(moves: Sequence[Move]) -> tuple[Flip, ...] | None:
    """Return controlled flips that do the moves, None where a move is not made of a few.

    >>> flips_of([((4, 2), np.array([0, 2, 1, 3], np.int32))])  # SWAP
    (((2,), 4), ((4,), 2), ((2,), 4))
    """
    made = [_few_flips(tuple(np.asarray(move).tolist())) for _, move in moves]
    if any(flips is None for flips in made):
        return None
    return tuple(
        (tuple(wires[control] for control in controls), wires[target])
        for (wires, _), flips in zip(moves, made, strict=True)
        for controls, target in flips or ()
    )


@lru_cache(maxsize=1024)
def _few_flips(move: tuple[int, ...]) -> tuple[Flip, ...] | None:
    """At most a few flips on local wires that do one move."""
    k = len(move).bit_length() - 1
    moved = [state for state in range(2**k) if move[state] != state]
    if not moved:
        return ()
    changed, held = moved[0] ^ move[moved[0]], reduce(int.__and__, moved)
    if changed.bit_count() == 1:
        flip = _wires_of(held & ~changed, k), _wires_of(changed, k)[0]
        if all(_flipped(state, flip, k) == move[state] for state in range(2**k)):
            return (flip,)
    return _products_of_flips(k).get(move) if k <= SEARCHED else None


def _wires_of(bits: int, k: int) -> tuple[int, ...]:
    return tuple(wire for wire in range(k) if bits >> (k - 1 - wire) & 1)


def _flipped(state: int, flip: Flip, k: int) -> int:
    controls, target = flip
    holds = all(state >> (k - 1 - control) & 1 for control in controls)
    return state ^ holds << (k - 1 - target)


@lru_cache
def _products_of_flips(k: int) -> dict[tuple[int, ...], tuple[Flip, ...]]:
    """All moves that a few flips make, with the fewest that do."""
    choices = [
        (controls, target)
        for target in range(k)
        for count in range(k)
        for controls in combinations([wire for wire in range(k) if wire != target], count)
    ]
    reached: dict[tuple[int, ...], tuple[Flip, ...]] = {tuple(range(2**k)): ()}
    for _ in range(MOST_FLIPS):
        for move, flips in list(reached.items()):
            for flip in choices:
                reached.setdefault(tuple(_flipped(s, flip, k) for s in move), (*flips, flip))
    return reached


def _affine(wires, move, n) -> Affine | None:
    """The move as an affine map of n bits, None where it is not affine."""
    k = len(wires)
    zero = int(move[0])
    units = [int(move[1 << bit]) ^ zero for bit in range(k)]
    if any(int(move[j]) != zero ^ _images(units, j) for j in range(2**k)):
        return None

    def spread(local: int) -> int:
        return sum(1 << (n - 1 - w) for b, w in enumerate(wires) if local >> (k - 1 - b) & 1)

    columns = [1 << bit for bit in range(n)]
    for bit in range(k):
        columns[n - 1 - wires[k - 1 - bit]] = spread(units[bit])
    return tuple(columns), spread(zero)


def _images(units, value: int) -> int:
    return reduce(int.__xor__, (u for bit, u in enumerate(units) if value >> bit & 1), 0)


def _after(second: Affine, first: Affine) -> Affine:
    columns = tuple(_images(second[0], column) for column in first[0])
    return columns, _images(second[0], first[1]) ^ second[1]


def _permutation(maps, n: int) -> Permutation:
    forward = reduce(lambda total, each: _after(each, total), maps)
    # new[i] = old[g(i)] with g the inverse of where basis states go.
    return Permutation(_tables(_inverse(forward), n), _tables(forward, n))


def _inverse(affine: Affine) -> Affine:
    """Gauss-Jordan elimination over bits."""
    columns, zero = affine
    n = len(columns)
    rows = [(column, 1 << bit) for bit, column in enumerate(columns)]
    for bit in range(n):
        pivot = next(i for i in range(bit, n) if rows[i][0] >> bit & 1)
        rows[bit], rows[pivot] = rows[pivot], rows[bit]
        for i in range(n):
            if i != bit and rows[i][0] >> bit & 1:
                rows[i] = (rows[i][0] ^ rows[bit][0], rows[i][1] ^ rows[bit][1])
    inverse = tuple(preimage for _, preimage in rows)
    return inverse, _images(inverse, zero)


def _tables(affine: Affine, n: int) -> tuple[Constant, Constant]:
    columns, zero = affine
    low = n // 2
    return (_table_of(columns[low:], zero), _table_of(columns[:low], 0))


def _table_of(columns, zero) -> Constant:
    table = np.array([zero], np.int64)
    for column in columns:
        table = np.concatenate([table, table ^ column])
    return Constant(table.astype(np.int32))


def _table(moves, n) -> Scramble:
    """All moves as one, by sending every basis state through them."""
    state = np.arange(2**n)
    for wires, move in moves:
        shifts = [n - 1 - wire for wire in wires]
        local = sum(((state >> s) & 1) << (len(wires) - 1 - b) for b, s in enumerate(shifts))
        moved = move[local]
        cleared = state & ~sum(1 << s for s in shifts)
        bits = (((moved >> (len(wires) - 1 - b)) & 1) << s for b, s in enumerate(shifts))
        state = reduce(np.bitwise_or, bits, cleared)
    return _scramble(tuple(range(n)), state)


def _scramble(wires, move) -> Scramble:
    """`move[j]` is where j goes; a kernel wants where i comes from; wires in ascending order."""
    order = np.argsort(wires)
    k = len(wires)
    axes = np.asarray(move).reshape((2,) * k).transpose(order).reshape(-1)
    local = np.arange(2**k).reshape((2,) * k).transpose(order).reshape(-1)
    rank = np.argsort(local)  # new number of each old basis state
    goes = rank[axes].astype(np.int32)
    return Scramble(
        tuple(sorted(wires)), Constant(np.argsort(goes).astype(np.int32)), Constant(goes)
    )
