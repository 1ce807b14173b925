"""Samples of a machine by block Gibbs chains, free or given some of its units."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from annealing import block_gibbs, colour_blocks, coupling_matrix, random_spins
from qml.boltzmann.machine import Machine, Parameters


def model_arrays(machine: Machine) -> tuple[jax.Array, jax.Array]:
    """Fields (n,) and symmetric couplings (n, n) of a machine, as chains take them.

    >>> from qml.boltzmann.machine import restricted
    >>> model_arrays(restricted(2, 1))[1].shape
    (3, 3)
    """
    h, values = (np.asarray(each, dtype=float) for each in machine.parameters)
    J = np.zeros((len(h), len(h)))
    J[machine.rows, machine.cols] = values
    dtype = jnp.result_type(float)
    return jnp.asarray(h, dtype), jnp.asarray(J + J.T, dtype)


def as_floats(parameters: Parameters) -> Parameters:
    """Parameters as JAX arrays of its float type of the moment.

    >>> as_floats(Parameters([0.0], [])).biases.shape
    (1,)
    """
    return Parameters(*(jnp.asarray(each, jnp.result_type(float)) for each in parameters))


def fields_and_couplings(parameters: Parameters, rows: Any, cols: Any) -> tuple[Any, Any]:
    """The same of parameters that JAX traces.

    >>> empty = np.zeros(0, np.int32)
    >>> fields_and_couplings(Parameters(jnp.zeros(1), jnp.zeros(0)), empty, empty)[1].tolist()
    [[0.0]]
    """
    h, values = parameters
    return h, coupling_matrix(len(h), rows, cols, values)


def sample(
    machine: Machine,
    count: int,
    *,
    key: jax.Array,
    given: Mapping[int, Any] | None = None,
    sweeps: int = 1000,
) -> np.ndarray:
    """Draw states of all units by chains that start anywhere, one chain a state.

    Args:
        machine: whose distribution is drawn from.
        count: states.
        key: decides them.
        given: {unit: bit, or (count,) bits} of units whose state is known.
        sweeps: of each chain; strong couplings need more, and no number is enough to go from one
            of several deep valleys to another.

    Returns:
        bits (count, n) uint8; those of the visible units are `[:, machine.visible]`.

    Raises:
        ValueError: `given` holds something else than bits of units.

    >>> from qml.boltzmann.machine import restricted
    >>> bits = sample(restricted(3, 2), 5, key=jax.random.key(0), given={1: 1}, sweeps=2)
    >>> bits.shape, bits[:, 1].tolist()
    ((5, 5), [1, 1, 1, 1, 1])
    """
    given = {} if given is None else given
    held = np.array(list(given), dtype=int)
    bits = np.array([np.broadcast_to(bit, (count,)) for bit in given.values()]).reshape(-1, count)
    if not np.isin(held, np.arange(machine.n_units)).all() or not ((bits == 0) | (bits == 1)).all():
        raise ValueError(
            f"Argument `given` must map units from 0 to {machine.n_units - 1} to bits 0 or 1."
        )
    blocks = colour_blocks(machine.n_units, machine.rows, machine.cols, held)
    known = np.zeros((count, machine.n_units), dtype=np.int8)
    known[:, held] = 2 * bits.T - 1
    spins = _chains(key, known, *model_arrays(machine), blocks, sweeps)
    return (np.asarray(spins) > 0).astype(np.uint8)


@jax.jit
def _chains(key, known, h, J, blocks, sweeps):
    """Chains (r, n) from a random start, but for spins that are `known`, which are not 0."""
    first, later = jax.random.split(key)
    start = jnp.where(known == 0, random_spins(first, known.shape), known.astype(h.dtype))
    return block_gibbs(later, start, h, J, blocks, sweeps)


def conditional_means(spins: Any, h: Any, J: Any, units: Any) -> Any:
    """Spins (b, n) with `units` replaced by their means given all others.

    Right where the units are independent given the others, as the hidden ones of a restricted
    machine are; means then carry less noise than draws.

    >>> ones, J = jnp.ones((1, 2)), jnp.zeros((2, 2))
    >>> conditional_means(ones, jnp.array([0.0, -9.0]), J, jnp.array([0])).tolist()
    [[-0.0, 1.0]]
    """
    return spins.at[:, units].set(-jnp.tanh(h[units] + spins @ J[:, units]))


def hidden_probabilities(machine: Machine, x: np.ndarray) -> np.ndarray:
    """Chances (b, n_hidden) that hidden units are 1 given bits `x` (b, v) of the visible ones.

    Raises:
        ValueError: the hidden units depend on each other; use `sample` with `given` there.

    >>> from qml.boltzmann.machine import restricted
    >>> hidden_probabilities(restricted(2, 1, spread=0.0), np.array([[0, 1]])).tolist()
    [[0.5]]
    """
    if not machine.hidden_is_free:
        raise ValueError(
            "Argument `machine` must have hidden units that do not couple to each other; draw "
            "those of this one by `sample` with `given`."
        )
    h, J = (np.asarray(each) for each in model_arrays(machine))
    spins = 2.0 * np.asarray(x) - 1
    fields = h[machine.hidden] + spins @ J[np.ix_(machine.visible, machine.hidden)]
    return 0.5 * (1 - np.tanh(fields))
