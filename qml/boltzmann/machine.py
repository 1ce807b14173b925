"""Boltzmann machines as plain data, on any graph: restricted, deep, or that of a chip.

    p(s) = exp(-E(s)) / Z,    E(s) = biases.s + sum_k couplings_k s_rows[k] s_cols[k],    s = +-1

Spins, as annealers have them, rather than bits: a coupling then does not act as a bias, which makes
gradients better conditioned. Data are bits, spin = 2 bit - 1.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from annealing import Coo, Qubo, qubo_from_ising

SPREAD = 0.05  # of the first couplings: large enough to tell hidden units apart soon


class Parameters(NamedTuple):
    """What is learned: `biases` (n,) and `couplings` (p,)."""

    biases: Any
    couplings: Any


class Machine(NamedTuple):
    """Units 0 to n - 1, of which `visible` (v,) show data; pairs `rows`, `cols` (p,); `parameters`.

    Pairs are given once each, in either order. All other units are hidden.
    """

    visible: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    parameters: Parameters

    @property
    def n_units(self) -> int:
        """Visible and hidden units together."""
        return len(self.parameters.biases)

    @property
    def hidden(self) -> np.ndarray:
        """The units that are not visible, ascending."""
        return np.setdiff1d(np.arange(self.n_units), self.visible)

    @property
    def hidden_is_free(self) -> bool:
        """Whether hidden units are independent of each other, given the visible ones."""
        seen = np.isin(self.rows, self.visible) | np.isin(self.cols, self.visible)
        return bool(seen.all())


def restricted(n_visible: int, n_hidden: int, *, seed: int = 0, spread: float = SPREAD) -> Machine:
    """The machine of two layers, each visible unit coupled to each hidden one.

    Args:
        n_visible: units 0 to n_visible - 1.
        n_hidden: the units after them.
        seed: decides the first couplings.
        spread: their standard deviation; biases start at zero.

    >>> restricted(3, 2).n_units, len(restricted(3, 2).rows)
    (5, 6)
    """
    return deep([n_visible, n_hidden], seed=seed, spread=spread)


def deep(layers: Sequence[int], *, seed: int = 0, spread: float = SPREAD) -> Machine:
    """The machine of several layers, each coupled to the next; the first is visible.

    Args:
        layers: units of each layer, numbered one layer after the other.
        seed: decides the first couplings.
        spread: their standard deviation; biases start at zero.

    Raises:
        ValueError: a layer without units, or no hidden layer.

    Source: R. Salakhutdinov, G. Hinton, Deep Boltzmann machines, AISTATS 2009.

    >>> machine = deep([4, 3, 2])
    >>> machine.hidden.tolist(), machine.hidden_is_free
    ([4, 5, 6, 7, 8], False)
    """
    if len(layers) < 2 or any(int(size) != size or size < 1 for size in layers):
        raise ValueError(
            f"Argument `layers` must be two or more positive ints, but is {list(layers)}."
        )
    starts = np.cumsum([0, *layers])
    edges = [
        np.indices(sizes).reshape(2, -1).T + starts[i : i + 2]
        for i, sizes in enumerate(pairwise(layers))
    ]
    return _machine(starts[-1], np.arange(layers[0]), np.concatenate(edges), seed, spread)


def on_graph(
    edges: Iterable[tuple[int, int]],
    visible: Iterable[int],
    *,
    seed: int = 0,
    spread: float = SPREAD,
) -> Machine:
    """The machine whose pairs are the edges of a graph, such as an annealer's own qubits.

    No embedding is needed then, at the price of few couplings a unit. Units are numbered in the
    order of the labels: unit i is the i-th smallest label that occurs in `edges`.

    Args:
        edges: pairs of int labels, each pair once, as `chip_graph("zephyr", (2, 4)).edges`.
        visible: labels of the visible units, in the order of the columns of the data.
        seed: decides the first couplings.
        spread: their standard deviation; biases start at zero.

    Raises:
        ValueError: a pair that occurs twice or has one unit; visible units that are none, or twice.

    Source: as the "graph-restricted Boltzmann machine" of D-Wave's PyTorch plugin.

    >>> machine = on_graph([(3, 5), (5, 8)], visible=[8, 3])
    >>> machine.visible.tolist(), machine.hidden.tolist(), machine.rows.tolist()
    ([2, 0], [1], [0, 1])
    """
    pairs = np.sort(np.array(list(edges), dtype=int).reshape(-1, 2), axis=1)
    labels, numbers = np.unique(pairs, return_inverse=True)
    wanted = np.array(list(visible), dtype=int)
    if len(np.unique(pairs, axis=0)) < len(pairs) or (pairs[:, 0] == pairs[:, 1]).any():
        raise ValueError("Argument `edges` must have each pair of two units once.")
    if (
        not np.isin(wanted, labels).all()
        or len(set(wanted.tolist())) < len(wanted)
        or not len(wanted)
    ):
        raise ValueError("Argument `visible` must name units that occur in `edges`, each once.")
    shown = np.searchsorted(labels, wanted)
    return _machine(len(labels), shown, numbers.reshape(-1, 2), seed, spread)


def _machine(n: int, visible: np.ndarray, pairs: np.ndarray, seed: int, spread: float) -> Machine:
    couplings = np.random.default_rng(seed).normal(scale=spread, size=len(pairs))
    rows, cols = pairs.T
    return Machine(visible, rows, cols, Parameters(np.zeros(n), couplings))


def to_qubo(machine: Machine) -> Qubo:
    """The QUBO, one variable a unit, whose energies the machine has.

    >>> to_qubo(restricted(2, 1)).n_variables
    3
    """
    biases, couplings = (np.asarray(p, dtype=float) for p in machine.parameters)
    return qubo_from_ising(biases, Coo(machine.rows, machine.cols, couplings))


def energy(parameters: Parameters, machine: Machine, spins: Any) -> Any:
    """Energies (...) of spins (..., n), which may be means of spins; differentiable by JAX.

    Args:
        parameters: those to take; the machine gives the graph.
        machine: its own parameters play no part.
        spins: from -1 to 1.

    >>> import jax.numpy as jnp
    >>> machine = restricted(1, 1)
    >>> parameters = Parameters(jnp.array([1.0, 0.0]), jnp.array([3.0]))
    >>> float(energy(parameters, machine, jnp.array([1.0, -1.0])))
    -2.0
    """
    pairs = spins[..., machine.rows] * spins[..., machine.cols]
    return spins @ parameters.biases + pairs @ parameters.couplings


def checked_data(machine: Machine, x: Any) -> np.ndarray:
    """Data (N, v) of 0 and 1 for the visible units, as int8 spins, or an error that says why not.

    Raises:
        ValueError: another shape, no rows, or other values.

    >>> checked_data(restricted(2, 1), [[0, 1]]).tolist()
    [[-1, 1]]
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != len(machine.visible) or not len(x):
        raise ValueError(
            f"Argument `x` must have shape (N, {len(machine.visible)}), one column for each "
            f"visible unit, but has shape {x.shape}."
        )
    if not ((x == 0) | (x == 1)).all():
        raise ValueError("Argument `x` must hold 0 and 1 only; cut other features at a threshold.")
    return (2 * x.astype(np.int8) - 1).astype(np.int8)
