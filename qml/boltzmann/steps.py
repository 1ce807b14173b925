"""What every way of training a machine shares: a step, its batches, and what is reported of it."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from annealing import colour_blocks
from qml.boltzmann.machine import Machine, Parameters

Monitor = Callable[[Machine], float]
Progress = Callable[[int, int], None]

MOST_HELD = 2**24  # numbers of the batches that are sent to the device at a time


@lru_cache(maxsize=32)  # one object a setting, so that trainings with it share their program
def falling_sgd(learning_rate: float, steps: int) -> optax.GradientTransformation:
    """Plain descent with a rate that falls to zero linearly, which persistent chains can follow.

    Optimisers that rescale small gradients, as Adam, keep the machine moving faster than the chains
    and then diverge.

    Args:
        learning_rate: at the first step.
        steps: of the whole training.

    >>> falling_sgd(0.1, 10) is falling_sgd(0.1, 10)
    True
    """
    return optax.sgd(optax.linear_schedule(learning_rate, 0.0, steps))


class Training(NamedTuple):
    """Outcome: the trained `machine`, and what happened.

    `mismatch` (steps,): length of the gradient, which noise keeps from zero. `monitored`: pairs of
    (steps done, value of the monitor). `chains` (r, n): spins at the end, of own chains only.
    `betas` (steps, 2): effective temperature of the reads and its standard error at each step, of
    annealers only; the machine is what it takes itself for only where they are near 1.
    """

    machine: Machine
    mismatch: np.ndarray
    monitored: list[tuple[int, float]]
    chains: np.ndarray | None = None
    betas: np.ndarray | None = None


class Graph(NamedTuple):
    """What a step needs of a machine beside its parameters, as arrays, so that programs are shared.

    `free` are the hidden units if they are independent given the data, else none; `given` draws
    hidden units only, `every` all units.
    """

    rows: Any
    cols: Any
    visible: Any
    free: Any
    given: Any
    every: Any


def graph_of(machine: Machine) -> Graph:
    """The graph of a machine.

    >>> from qml.boltzmann.machine import restricted
    >>> graph_of(restricted(2, 1)).free.tolist()
    [2]
    """

    pairs = machine.n_units, machine.rows, machine.cols
    free = machine.hidden if machine.hidden_is_free else machine.hidden[:0]
    given = colour_blocks(*pairs, held=machine.visible)
    lists = (machine.rows, machine.cols, machine.visible, free)
    rows, cols, visible, free = (units.astype(np.int32) for units in lists)
    return Graph(rows, cols, visible, free, given, colour_blocks(*pairs))


def moments_of(spins: Any, graph: Graph) -> Parameters:
    """Means of spins (b, n) and of their products over the pairs, as gradients of `Parameters`.

    >>> from qml.boltzmann.machine import restricted
    >>> moments_of(jnp.array([[1.0, -1.0], [1.0, 1.0]]), graph_of(restricted(1, 1))).biases.tolist()
    [1.0, 0.0]
    """
    pairs = (spins.T @ spins / len(spins))[graph.rows, graph.cols]
    return Parameters(spins.mean(axis=0), pairs)


def updated(
    parameters: Parameters, state: Any, data: Parameters, model: Parameters, optimizer: Any
) -> tuple[Parameters, Any, jax.Array]:
    """One step of an optimiser down the gradient of -log p, moments of data less those of model.

    Returns:
        the parameters, the optimiser's state and the length of the gradient.

    >>> one, sgd = Parameters(jnp.ones(1), jnp.zeros(0)), optax.sgd(0.5)
    >>> zero = jax.tree.map(jnp.zeros_like, one)
    >>> updated(zero, sgd.init(zero), one, zero, sgd)[0].biases.tolist()
    [-0.5]
    """
    gradient = jax.tree.map(jnp.subtract, data, model)
    squares = sum(jnp.sum(each**2) for each in gradient)
    with jax.numpy_dtype_promotion("standard"):  # optax relies on implicit promotion
        changes, state = optimizer.update(gradient, state, parameters)
    changed: Any = optax.apply_updates(parameters, changes)
    return changed, state, jnp.sqrt(squares)


def with_parameters(machine: Machine, parameters: Parameters) -> Machine:
    """The machine with other parameters, as NumPy arrays.

    >>> from qml.boltzmann.machine import restricted
    >>> ones = Parameters(jnp.ones(2), jnp.ones(1))
    >>> with_parameters(restricted(1, 1), ones).parameters.biases.tolist()
    [1.0, 1.0]
    """
    return machine._replace(parameters=Parameters(*(np.asarray(each) for each in parameters)))


def report(
    machine: Machine,
    done: int,
    steps: int,
    monitor: Monitor | None,
    monitored: list,
    progress: Progress | None,
) -> None:
    """Tell who wants to know how far a training is; `monitored` gets what `monitor` says.

    >>> from qml.boltzmann.machine import restricted
    >>> values = []
    >>> report(restricted(1, 1), 5, 10, lambda machine: machine.n_units, values, None); values
    [(5, 2.0)]
    """
    if monitor is not None:
        monitored.append((done, float(monitor(machine))))
    if progress is not None:
        progress(done, steps)


def batches_of(
    machine: Machine, data: np.ndarray, rng: np.random.Generator, steps: int, size: int | None
) -> np.ndarray:
    """What chains given the data start from: (steps, b, n) int8 spins, hidden ones at random.

    Args:
        machine: says which units the data are of.
        data: (N, v) spins.
        rng: draws the rows, with replacement, and the hidden spins.
        steps: batches.
        size: rows in a batch, b; None takes all of them each time.

    >>> from qml.boltzmann.machine import restricted
    >>> data, rng = np.ones((3, 2)), np.random.default_rng(0)
    >>> batches_of(restricted(2, 1), data, rng, 5, 7).shape
    (5, 7, 3)
    """
    rows = (
        np.arange(len(data))[None] if size is None else rng.integers(len(data), size=(steps, size))
    )
    spins = 2 * rng.integers(2, size=(steps, rows.shape[1], machine.n_units), dtype=np.int8) - 1
    spins[..., machine.visible] = data[rows]
    return spins


def chunk_of(steps: int, size: int = 1) -> int:
    """Steps between two reports: the largest divisor of `steps` that gives about ten of them.

    Args:
        steps: of all.
        size: numbers in a batch, of which not too many are held at a time.

    >>> chunk_of(200)
    20
    """
    most = max(1, min(steps // 10, MOST_HELD // size))
    return max(d for d in range(1, most + 1) if steps % d == 0)


def check_counts(**counts: int | None) -> None:
    """Refuse numbers that are not positive ints; None passes.

    >>> check_counts(steps=0)
    Traceback (most recent call last):
    ValueError: Argument `steps` must be a positive int, but is steps=0.
    """
    for name, value in counts.items():
        if value is not None and (not isinstance(value, int | np.integer) or value < 1):
            raise ValueError(f"Argument `{name}` must be a positive int, but is {name}={value}.")
