"""How a problem gets onto a chip: spread over chains, scaled to its units, set with errors.

Plain arrays throughout: the fields of the qubits used, and the couplers between them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from annealing.hardware.stand_in.profiles import ChipProfile
from annealing.qubo import Coo

ROUNDING = 1 + 1e-9  # what becomes of a coefficient between a QUBO and its Ising model


class Placement(NamedTuple):
    """Chains laid on a chip, as arrays over its `k` qubits in use and the `m` couplers among them.

    `qubits` (k,) are the numbers of the qubits, chain after chain; `owner` (k,) the variable of
    each; `starts` (n,) where each chain starts. Coupler j joins the qubits at `rows[j]` <
    `cols[j]`, and belongs to a chain where `inner[j]`.
    """

    qubits: np.ndarray
    owner: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    inner: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Qubits (n,) of each chain."""
        return np.bincount(self.owner, minlength=len(self.starts))

    @property
    def chains(self) -> dict[int, tuple[int, ...]]:
        """{variable: qubits}."""
        parts = np.split(self.qubits, self.starts[1:])
        return {i: tuple(part.tolist()) for i, part in enumerate(parts[: len(self.starts)])}


class Program(NamedTuple):
    """What a chip holds in its units, `scale` times what was given: `h` (k,), couplings `J`."""

    h: np.ndarray
    J: Coo
    scale: float


def place(graph: Any, chains: Sequence[Sequence[int]]) -> Placement:
    """The placement of disjoint, connected `chains` of qubits of the `networkx` graph.

    >>> import networkx as nx
    >>> placed = place(nx.path_graph(4), [(0,), (1, 2)])
    >>> placed.qubits.tolist(), placed.owner.tolist(), placed.inner.tolist()
    ([0, 1, 2], [0, 1, 1], [False, True])
    """
    lengths = np.array([len(chain) for chain in chains], dtype=int)
    qubits = np.array([qubit for chain in chains for qubit in chain], dtype=int)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    place_of = {qubit: k for k, qubit in enumerate(qubits.tolist())}
    couplers = graph.subgraph(place_of).edges
    ends = np.array([(place_of[u], place_of[v]) for u, v in couplers], dtype=int).reshape(-1, 2)
    ends = np.sort(ends, axis=1)
    rows, cols = ends[np.lexsort(ends.T[::-1])].T  # in one order, whatever that of the graph is
    starts = np.cumsum(lengths) - lengths
    return Placement(qubits, owner, starts, rows, cols, owner[rows] == owner[cols])


def spread(placed: Placement, h: np.ndarray, J: Coo, strength: float) -> tuple[np.ndarray, Coo]:
    """Fields (k,) and couplings of the qubits: each coefficient shared equally by its parts.

    Args:
        placed: chains of the variables; those of coupled variables must touch.
        h: fields (n,) of the variables.
        J: their couplings.
        strength: of the couplers within a chain, which get minus that.

    >>> placed = Placement(*map(np.array, ([7, 8, 9], [0, 1, 1], [0, 1], [0, 0, 1], [1, 2, 2],
    ...     [False, False, True])))
    >>> h, J = spread(placed, np.ones(2), Coo(np.array([0]), np.array([1]), np.array([-1.0])), 2.0)
    >>> h.tolist(), J.values.tolist()
    ([1.0, 0.5, 0.5], [-0.5, -0.5, -2.0])
    """
    n, used = len(h), J.values != 0
    pairs = (J.rows * n + J.cols)[used]
    order = np.argsort(pairs)
    pairs, values = pairs[order], J.values[used][order]
    ends = np.sort([placed.owner[placed.rows], placed.owner[placed.cols]], axis=0)
    keys = ends[0] * n + ends[1]
    at = np.searchsorted(pairs, keys)
    found = np.append(pairs, -1)[at] == keys
    parts = np.bincount(at[found], minlength=len(pairs))
    both = np.full(len(keys), -float(strength))
    both[found] = (values / parts)[at[found]]
    kept = found | placed.inner
    couplings = Coo(placed.rows[kept], placed.cols[kept], both[kept])
    return (h / placed.lengths)[placed.owner], couplings


def program(
    profile: ChipProfile, h: np.ndarray, J: Coo, *, auto_scale: bool, rng: np.random.Generator
) -> Program:
    """Fields `h` (k,) and couplings `J` set on a chip once: scaled, quantised, with errors.

    Errors are Gaussian and independent, one for each qubit in use and each coupler set. Left out
    are errors that depend on the neighbours, drift between programmings, and the limits on the sum
    of the couplings of a qubit.

    Args:
        profile: ranges, steps and errors.
        h, J: coefficients, of any size with `auto_scale`.
        auto_scale: stretch or shrink them until they just fill the ranges; else they are taken as
            they are.
        rng: of the errors.

    Raises:
        ValueError: without `auto_scale`, a coefficient is out of range.
    """
    scale = scale_to(profile, h, J.values) if auto_scale else 1.0
    if not auto_scale:
        _check_ranges(profile, h, J.values)
    set_h = quantised(scale * h, profile.h_step, profile.h_range)
    set_J = quantised(scale * J.values, profile.j_step, profile.j_range)
    set_h = set_h + profile.h_error * rng.standard_normal(len(set_h))
    set_J = set_J + profile.j_error * rng.standard_normal(len(set_J))
    return Program(set_h, J._replace(values=set_J), scale)


def scale_to(profile: ChipProfile, h: np.ndarray, J: np.ndarray) -> float:
    """The largest factor with which all coefficients are within the ranges (`auto_scale`).

    >>> from annealing.hardware.stand_in.profiles import chip_profile
    >>> scale_to(chip_profile("advantage2"), np.array([2.0]), np.array([-4.0, 1.0]))
    0.5
    """
    ends = [(h, profile.h_range), (J, profile.j_range)]
    excess = [values / end for values, ends in ends for end in ends if end]
    most = max(part.max(initial=0.0) for part in excess)
    return float(1 / most) if most > 0 else 1.0


def quantised(values: np.ndarray, step: float, ends: tuple[float, float]) -> np.ndarray:
    """The nearest multiples of `step` within `ends`; `values` themselves where it is 0.

    >>> quantised(np.array([0.26, 4.0]), 0.25, (-4.0, 4.0)).tolist()
    [0.25, 4.0]
    """
    rounded = step * np.round(values / step) if step else values
    return np.clip(rounded, *ends)


def _check_ranges(profile: ChipProfile, h: np.ndarray, J: np.ndarray) -> None:
    for name, values, (low, high) in (
        ("fields", h, profile.h_range),
        ("couplings", J, profile.j_range),
    ):
        if values.min(initial=0.0) < low * ROUNDING or values.max(initial=0.0) > high * ROUNDING:
            raise ValueError(
                f"Argument `qubo` must have {name} from {low} to {high} on the qubits of "
                f"{profile.name}, but has {values.min():.4g} to {values.max():.4g}; scale it, or "
                "set `auto_scale`."
            )
