"""Hamiltonians of spins on a lattice as Pauli sums; `trotterize` and `evolve` give dynamics.

A lattice is nothing but its edges, pairs of qubits. Energies have the unit of the couplings.
"""

from collections.abc import Iterable, Sequence
from math import isfinite

from circuits.observables import PauliSum, pauli
from circuits.protocol import check_count

Edges = Iterable[tuple[int, int]]


def chain_edges(n_qubits: int, periodic: bool = False) -> list[tuple[int, int]]:
    """Return the neighbours in a row of qubits, closed to a ring where `periodic`.

    >>> chain_edges(3, periodic=True)
    [(0, 1), (1, 2), (2, 0)]
    """
    return grid_edges(1, n_qubits, periodic)


def grid_edges(rows: int, columns: int, periodic: bool = False) -> list[tuple[int, int]]:
    """Return the neighbours on a square lattice; qubit ``r * columns + c`` is at (r, c).

    Args:
        rows, columns: of the lattice.
        periodic: whether each side continues at the opposite one, where it is longer than 2.

    >>> grid_edges(2, 2)
    [(0, 1), (0, 2), (1, 3), (2, 3)]
    """
    check_count("rows", rows)
    check_count("columns", columns)
    edges = []
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            if column + 1 < columns or (periodic and columns > 2):
                edges.append((here, row * columns + (column + 1) % columns))
            if row + 1 < rows or (periodic and rows > 2):
                edges.append((here, (row + 1) % rows * columns + column))
    return edges


def transverse_ising(edges: Edges, coupling: float = 1.0, field: float = 1.0) -> PauliSum:
    """Return ``-J sum_edges Z Z - h sum X``: spins that align, and a field across them.

    Args:
        edges: pairs of qubits; the field acts on every qubit of an edge.
        coupling: ``J``; ferromagnetic where positive.
        field: ``h``.

    Raises:
        ValueError: on no edge, or a number that is not finite.

    >>> transverse_ising([(0, 1)], coupling=1.0, field=0.5).terms
    ((-1.0, ((0, 'Z'), (1, 'Z'))), (-0.5, ((0, 'X'),)), (-0.5, ((1, 'X'),)))
    """
    edges, wires = _lattice(edges)
    _check_numbers(coupling=coupling, field=field)
    terms = [pauli("ZZ", edge, -coupling) for edge in edges]
    return _total([*terms, *(pauli("X", wire, -field) for wire in wires)])


def heisenberg(
    edges: Edges, coupling: float | Sequence[float] = 1.0, field: float = 0.0
) -> PauliSum:
    """Return ``sum_edges (Jx X X + Jy Y Y + Jz Z Z) + h sum Z``.

    In Pauli matrices: for spins 1/2, ``S = sigma / 2``, an exchange ``J S S`` is a coupling J / 4.

    Args:
        edges: pairs of qubits; the field acts on every qubit of an edge.
        coupling: J, the same for all axes, or (Jx, Jy, Jz); antiferromagnetic where positive.
        field: ``h``.

    Raises:
        ValueError: on no edge, other than one or three couplings, or a number that is not finite.

    >>> heisenberg([(0, 1)], coupling=(1.0, 1.0, 0.5)).terms[2]
    (0.5, ((0, 'Z'), (1, 'Z')))
    """
    edges, wires = _lattice(edges)
    three = tuple(coupling) if isinstance(coupling, Sequence) else (coupling,) * 3
    if len(three) != 3:
        raise ValueError(f"Argument `coupling` must be J or (Jx, Jy, Jz), but is {coupling!r}.")
    _check_numbers(**dict(zip(("Jx", "Jy", "Jz"), three, strict=True)), field=field)
    axes = zip(("XX", "YY", "ZZ"), three, strict=True)
    terms = [pauli(letters, edge, value) for letters, value in axes if value for edge in edges]
    return _total([*terms, *(pauli("Z", wire, field) for wire in wires if field)])


def _lattice(edges: Edges) -> tuple[list[tuple[int, int]], list[int]]:
    listed = [(first, second) for first, second in edges]
    if not listed:
        raise ValueError("Argument `edges` must hold a pair of qubits, but is empty.")
    return listed, sorted({wire for edge in listed for wire in edge})


def _check_numbers(**numbers: float) -> None:
    for name, value in numbers.items():
        if not isfinite(value):
            raise ValueError(f"Argument `{name}` must be a finite number, but is {value!r}.")


def _total(terms: Sequence[PauliSum]) -> PauliSum:
    return sum(terms[1:], terms[0]) if terms else PauliSum(())
