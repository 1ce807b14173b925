"""Steepest descent: the turn that gains most, again and again, until none gains.

It needs no temperature. On its own it finds the local minimum next to a random start; behind any
other sampler (`polished`) it takes the last steps that a final temperature above zero left open.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from annealing.qubo import Coo, Qubo
from annealing.samplers.graphs import Ising, dense_ising, is_dense, ising, neighbours
from annealing.samplers.native import calls
from annealing.samplers.protocol import Samples, check_request
from annealing.samplers.stopping import ALL, UNLIMITED, Budget, Method, draw

GAIN = 1e-6  # of the sum of the coefficients at a spin: less may be rounding


class Model(NamedTuple):
    """A problem on the device: fields `h` (n,), `tolerance` (n,), and either of two forms.

    Sparse: `near` (n, d) int32 and `weights` (n, d). Dense: `near` None and `weights` (n, n).
    """

    h: Any
    tolerance: Any
    near: Any
    weights: Any


@dataclass(frozen=True)
class SteepestDescent:
    """Descends from random starts to local minima: a baseline, and the fastest of all samplers.

    One sweep is the whole descent of a read. Problems of few local minima (unfrustrated, or with
    strong fields) need nothing else.

    Args:
        budget: when to stop earlier, and memory.

    >>> from annealing.qubo import qubo_from_matrix
    >>> samples = SteepestDescent().sample(qubo_from_matrix(-np.eye(3)), reads=4, seed=0)
    >>> samples.bits.tolist(), samples.occurrences.tolist()
    ([[1, 1, 1]], [4])
    """

    budget: Budget = UNLIMITED

    def sample(self, qubo: Qubo, *, reads: int, seed: int) -> Samples:
        """Draw `reads` local minima of `qubo`; see the class.

        Raises:
            ValueError: the request is malformed, or does not fit the budget.
        """
        qubo = check_request(qubo, reads, seed)
        n = qubo.n_variables
        random_starts = Method(
            init=lambda keys: jax.vmap(lambda key: jax.random.bernoulli(key, shape=(n,)))(keys),
            step=lambda state, block, count: state,
            read=lambda state: state,
            schedule=np.zeros,
            bytes_per_read=4 * n,
        )
        return draw(
            qubo,
            polished(random_starts, qubo),
            reads=reads,
            seed=seed,
            sweeps=1,
            budget=self.budget,
            info={"sampler": "SteepestDescent"},
        )


def steepest_descent(qubo: Qubo, bits: Any) -> np.ndarray:
    """The local minima (r, n) uint8 that steepest descents from `bits` (r, n) reach.

    A turn that would gain less than 1e-6 of the coefficients at its spin is not taken. Rows do not
    depend on each other; all of them are held at once.

    >>> from annealing.qubo import qubo_from_matrix
    >>> steepest_descent(qubo_from_matrix([[-1.0, 3.0], [0.0, -2.0]]), [[0, 0], [1, 0]]).tolist()
    [[0, 1], [1, 0]]
    """
    start = jnp.asarray(np.asarray(bits, bool))
    return np.asarray(_descend(model_of(qubo), start, jnp.int32(ALL))).astype(np.uint8)


def polished(method: Method, qubo: Qubo, kernel: Literal["native", "jax"] = "jax") -> Method:
    """`method` with a steepest descent behind each read, by compiled loops or in JAX."""
    if kernel == "native":
        return method._replace(
            polish=calls.descent(*_lists(qubo), is_dense(qubo)),
            bytes_per_read=method.bytes_per_read + 24 * qubo.n_variables,
        )
    model = model_of(qubo)
    return method._replace(
        polish=lambda bits, steps: _descend(model, bits, steps),
        bytes_per_read=method.bytes_per_read + 32 * max(1, qubo.n_variables),
    )


def model_of(qubo: Qubo) -> Model:
    """The problem in the smaller of the two forms, scaled, in JAX's default float."""
    dtype = jnp.result_type(float)
    if is_dense(qubo):
        h, weights, _ = dense_ising(qubo)
        near = None
    else:
        h, J, _ = ising(qubo)
        near, weights = _table(len(h), J)
    tolerance = GAIN * (np.abs(h) + np.abs(weights).sum(axis=1))
    arrays = (jnp.asarray(array, dtype) for array in (h, tolerance, weights))
    h, tolerance, weights = arrays
    return Model(h, tolerance, None if near is None else jnp.asarray(near, jnp.int32), weights)


def _table(n: int, J: Coo) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours and weights (n, d) of all spins; a missing one is the spin itself, of weight 0."""
    start, spins, pairs = neighbours(n, J.rows, J.cols)
    degree = np.diff(start)
    near = np.tile(np.arange(n)[:, None], (1, degree.max(initial=0)))
    weights = np.zeros(near.shape)
    owner = np.repeat(np.arange(n), degree)
    rank = np.arange(len(spins)) - start[owner]
    near[owner, rank], weights[owner, rank] = spins, J.values[pairs]
    return near, weights


def _lists(qubo: Qubo) -> tuple[Ising, np.ndarray]:
    """The problem, scaled, and the tolerances (n,)."""
    model = ising(qubo)
    spins = np.concatenate([np.arange(len(model.h)), model.J.rows, model.J.cols])
    sizes = np.abs(np.concatenate([model.h, model.J.values, model.J.values]))
    return model, GAIN * np.bincount(spins, sizes, len(model.h))


@jax.jit
def _descend(model: Model, bits: Any, steps: Any) -> Any:
    """Bits (r, n) bool at most `steps` turns below `bits`; local minima where that is enough."""
    if not bits.shape[1]:
        return bits
    reads = jnp.arange(len(bits), dtype=jnp.int32)

    def turn(now):
        spins, fields, _, k = now
        gains = spins * fields - model.tolerance
        best = jnp.argmax(gains, axis=1)
        gaining = gains[reads, best] > 0
        change = jnp.where(gaining, -2 * spins[reads, best], 0)
        spins = spins.at[reads, best].add(change)
        return spins, _changed(model, fields, best, change), gaining.any(), k + 1

    spins = jnp.where(bits, 1, -1).astype(model.h.dtype)
    now = spins, _fields(model, spins), jnp.bool_(True), jnp.int32(0)
    return lax.while_loop(lambda now: now[2] & (now[3] < steps), turn, now)[0] > 0


def _fields(model: Model, spins: Any) -> Any:
    """Fields (r, n) at the spins (r, n)."""
    if model.near is None:
        return model.h + spins @ model.weights

    if not model.near.shape[1]:
        return jnp.broadcast_to(model.h, spins.shape)

    def add(k, total):
        return total + model.weights[:, k] * spins[:, model.near[:, k]]

    start = jnp.broadcast_to(model.h, spins.shape)
    return lax.fori_loop(0, model.near.shape[1], add, start)


def _changed(model: Model, fields: Any, best: Any, change: Any) -> Any:
    """Fields (r, n) after the spins `best` (r,) have changed by `change` (r,)."""
    turned = change[:, None] * model.weights[best]
    if model.near is None:
        return fields + turned
    return fields.at[jnp.arange(len(best), dtype=jnp.int32)[:, None], model.near[best]].add(turned)
