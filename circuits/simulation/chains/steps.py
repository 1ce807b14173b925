"""A circuit as steps on a chain of sites: gates on neighbours, swaps, moves of the centre.

All steps have one form, so that one compiled loop runs them, however many there are. Near the ends
of the chain, where one side of a bond has no more states than the bond has room for, nothing need
ever be cut; only what lies between has a centre of orthogonality, which a cut needs.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from circuits.circuit import Circuit
from circuits.gates.definitions import definition
from circuits.gates.gate_types import Gate, Slot, is_unitary

# What happens to a bond: all states of what is left, or right, of it are kept, or the largest.
ALL_LEFT, CUT, ALL_RIGHT = "all left", "cut", "all right"
# Kinds of steps that move the centre from the first site of a pair to the second and back.
RIGHT, LEFT = ("centre to the right",), ("centre to the left",)
MAX_WIRES = 3


class Step(NamedTuple):
    """What happens on the sites from `site` on; `gate` is None where the centre moves.

    `kind` is RIGHT, LEFT, or what a gate on k sites does to the k - 1 bonds between them.
    """

    kind: tuple[str, ...]
    site: int
    gate: Gate | None


def chain_steps(circuit: Circuit, bond: int) -> tuple[Step, ...]:
    """Return the steps of a circuit.

    Wires that are not neighbours are swapped next to each other and back. Before a gate that cuts
    a bond the centre of orthogonality is moved into its sites. It begins and stays between the
    bonds that are never cut.

    Args:
        circuit: of unitary gates on at most 3 wires.
        bond: largest bond dimension.

    Raises:
        ValueError: on a gate that is not unitary, has a condition, or acts on more than 3 wires.

    >>> from circuits import build_circuit, gate
    >>> circuit = build_circuit([gate("cx", q, q + 1) for q in range(4)])
    >>> [step.kind for step in chain_steps(circuit, 2)]
    [('all left',), ('cut',), ('cut',), ('all right',)]
    """
    n = circuit.n_qubits
    bonds = [_fate(n, place, bond) for place in range(n - 1)]
    start = bonds.count(ALL_LEFT)
    end = n - 1 - bonds.count(ALL_RIGHT)
    steps: list[Step] = []
    centre = start
    for gate in _neighbours(circuit):
        first, last = min(gate.wires), max(gate.wires)
        kind = tuple(bonds[first:last])
        if CUT in kind:
            steps += _moves(centre, min(max(centre, first), last))
            centre = min(last, end)
        steps.append(Step(kind, first, gate))
    return tuple(steps)


def _fate(n: int, place: int, bond: int) -> str:
    """Of the bond behind site `place`."""
    if 2 ** (place + 1) <= bond:
        return ALL_LEFT
    return ALL_RIGHT if 2 ** (n - 1 - place) <= bond else CUT


def step_matrices(steps: tuple[Step, ...], width: int) -> Callable[[Mapping[str, Any]], jax.Array]:
    """Return the function that computes the matrices of m steps from the angles.

    Gates of one make are computed in one array program, so that its size does not grow with the
    circuit.

    Args:
        steps: m of them.
        width: most sites that a step acts on; smaller matrices are padded with zeros.

    Returns:
        A function of `{segment: (size,)}` in radians that returns (m, 2**width, 2**width), with
        the first site leftmost in the row index.

    >>> from circuits import build_circuit, gate
    >>> steps = chain_steps(build_circuit([gate("cx", 1, 0)]), bond=2)
    >>> step_matrices(steps, 2)({})[0].real.astype(int).tolist()
    [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]
    """
    families: dict[tuple, list[Gate]] = {}
    places = []
    for gate in (step.gate for step in steps if step.gate):
        members = families.setdefault(_family(gate), [])
        if gate.angle is not None or not members:
            members.append(gate)
        places.append((_family(gate), len(members) - 1))
    starts = dict(zip(families, np.cumsum([0, *map(len, families.values())]), strict=False))
    found = iter([starts[family] + row for family, row in places])
    rows = np.array([next(found) if step.gate else 0 for step in steps], np.int32)

    def matrices(angles: Mapping[str, Any]) -> jax.Array:
        parts = [_family_matrices(members, angles, width) for members in families.values()]
        return jnp.concatenate(parts)[rows]

    return matrices


def _neighbours(circuit: Circuit) -> Iterator[Gate]:
    """Gates on neighbouring wires, with the swaps that make them so."""
    for gate in circuit.gates:
        _check(gate)
        targets = _targets(sorted(gate.wires))
        swaps = [swap for wire, target in targets for swap in _swaps(wire, target)]
        moved = dict(targets)
        yield from swaps
        yield gate._replace(wires=tuple(moved[wire] for wire in gate.wires))
        yield from reversed(swaps)


def _targets(wires: list[int]) -> list[tuple[int, int]]:
    """Pairs of a wire and the site it is brought to: the middle one stays."""
    middle = (len(wires) - 1) // 2
    return [(wire, wires[middle] + place - middle) for place, wire in enumerate(wires)]


def _swaps(wire: int, target: int) -> list[Gate]:
    direction = 1 if target > wire else -1
    return [
        Gate("swap", (min(site, site + direction), max(site, site + direction)))
        for site in range(wire, target, direction)
    ]


def _moves(centre: int, target: int) -> list[Step]:
    if target >= centre:
        return [Step(RIGHT, site, None) for site in range(centre, target)]
    return [Step(LEFT, site - 1, None) for site in range(centre, target, -1)]


def _check(gate: Gate) -> None:
    if not is_unitary(gate) or gate.condition is not None:
        what = f"gate {gate.name!r}" + (" under a condition" if gate.condition else "")
        raise ValueError(f"Matrix product states take unitary gates only, but got {what}.")
    if len(gate.wires) > MAX_WIRES:
        raise ValueError(
            f"Matrix product states take gates on at most {MAX_WIRES} wires, but gate "
            f"{gate.name!r} acts on {len(gate.wires)}; decompose it."
        )


def _family(gate: Gate) -> tuple:
    """What the gates of one array program share: matrix, order of wires, source of the angle."""
    source = gate.angle.segment if isinstance(gate.angle, Slot) else None
    return gate.name, gate.data, tuple(np.argsort(gate.wires).tolist()), source


def _family_matrices(members: list[Gate], angles, width: int) -> jax.Array:
    """Matrices (g, 2**width, 2**width) of g gates of one family."""
    first = members[0]
    matrix = definition(first).matrix
    found = matrix()[None] if first.angle is None else jax.vmap(matrix)(_angles(members, angles))
    k = len(first.wires)
    order = np.argsort(first.wires)
    axes = [0, *(1 + order), *(1 + k + order)]
    found = found.reshape(-1, *(2,) * 2 * k).transpose(axes).reshape(-1, 2**k, 2**k)
    space = 2**width - 2**k
    return jnp.pad(found, ((0, 0), (0, space), (0, space)))


def _angles(members: list[Gate], angles) -> jax.Array:
    """Angles (g,) of gates that all read from one segment, or all hold numbers."""
    real = jnp.result_type(float)
    slots = [gate.angle for gate in members if isinstance(gate.angle, Slot)]
    if not slots:
        return jnp.asarray(np.array([gate.angle for gate in members]), real)
    values = jnp.asarray(angles[slots[0].segment], real)
    scales = jnp.asarray(np.array([slot.scale for slot in slots]), real)
    return scales * values[np.array([slot.index for slot in slots], np.int32)]
