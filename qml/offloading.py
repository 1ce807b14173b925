"""The two roads to quantum hardware: a circuit model's prediction, a problem's training.

`infer` sends the expectation values of a frozen circuit model to a `Backend`; `anneal` sends the
training of a classical model, written as a QUBO, to a `Sampler`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from annealing import Problem, Sampler, Samples
from circuits import Backend, Result
from qml.models import CircuitModel
from qml.models.model import Params


class Inference(NamedTuple):
    """Outcome of `infer`: `scores` (b,), their errors `std` (b,), the backend's `result`."""

    scores: np.ndarray
    std: np.ndarray
    result: Result


class Annealed(NamedTuple):
    """Outcome of `anneal`: `params` decoded from the best read, and all `samples`."""

    params: np.ndarray
    samples: Samples


def infer(model: CircuitModel, params: Params, x: np.ndarray, backend: Backend) -> Inference:
    """Predict a batch on a circuit backend.

    With `circuits.Exact()` the scores equal `vmap(model.apply)(params, x)`; every other backend
    agrees within its stated error.

    Args:
        model: a circuit model.
        params: its parameters.
        x: (b, f) features.
        backend: where the circuits run.

    Returns:
        scores, their standard errors (an upper bound where several observables enter, as their
        correlations are not measured; first order in the readout), and the raw result.

    Raises:
        TypeError: a model without a circuit.
        ValueError: features that are not a finite (b, f) array, or what the backend refuses.

    Example:
        >>> from circuits import Exact
        >>> from qml.models import reuploading_model
        >>> model = reuploading_model(2, n_qubits=2, n_layers=1)
        >>> params = model.init(jax.random.key(0))
        >>> infer(model, params, np.zeros((3, 2)), Exact()).scores.shape
        (3,)
    """
    if not isinstance(model, CircuitModel):
        raise TypeError(
            f"Argument `model` must be a CircuitModel, but is a {type(model).__name__}; "
            "use `predict` for classical models."
        )
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or len(x) == 0 or not np.isfinite(x).all():
        broken = np.count_nonzero(~np.isfinite(x))
        raise ValueError(
            f"Argument `x` must be a finite array of shape (b, f), has {x.shape} and {broken} "
            "entries that are NaN or infinite."
        )
    result = backend.expectation(model.circuit, model.observables, batch_angles(model, params, x))
    values = jnp.asarray(result.values, dtype=float)
    read = jax.vmap(model.readout, in_axes=(None, 0))
    slope = jax.vmap(jax.jacfwd(model.readout, argnums=1), in_axes=(None, 0))(params, values)
    std = (np.abs(slope) * np.asarray(result.std)).sum(axis=1)
    return Inference(np.asarray(read(params, values)), std, result)


def batch_angles(model: CircuitModel, params: Params, x: np.ndarray) -> dict[str, np.ndarray]:
    """Angles of a batch; segments that do not depend on `x` are left without a batch axis.

    Args:
        model: a circuit model.
        params: its parameters.
        x: (b, f) features.

    Returns:
        {segment: (b, size) or (size,)} in radians.

    Example:
        >>> from qml.models import reuploading_model
        >>> model = reuploading_model(2, n_qubits=2, n_layers=1)
        >>> angles = batch_angles(model, model.init(jax.random.key(0)), np.zeros((3, 2)))
        >>> angles["inputs"].shape, angles["weights"].ndim
        ((3, 2), 1)
    """
    rows = jnp.asarray(x, dtype=float)
    shared = _independent_of_x(model, params, rows[0])
    batched = jax.vmap(lambda row: model.angles(params, row))(rows)
    return {
        segment: np.asarray(angles[0] if segment in shared else angles)
        for segment, angles in batched.items()
    }


def anneal(problem: Problem, sampler: Sampler, *, reads: int = 100, seed: int = 0) -> Annealed:
    """Train a classical model by minimising its QUBO on an annealer.

    Args:
        problem: a formulation of `annealing.problems`.
        sampler: any sampler, software or hardware.
        reads: independent answers asked for.
        seed: decides every draw where the sampler can be seeded.

    Returns:
        the parameters of the lowest-energy read, and all reads with their energies.

    Raises:
        ValueError: what the sampler refuses (zero reads, too many variables, NaN).

    Example:
        >>> from annealing import Exhaustive, binary, least_squares
        >>> problem = least_squares(np.eye(2), np.array([1.0, 0.0]), binary(2))
        >>> anneal(problem, Exhaustive(), reads=1).params
        array([1., 0.])
    """
    samples = sampler.sample(problem.qubo, reads=reads, seed=seed)
    return Annealed(np.asarray(problem.decode(samples.bits[0])), samples)


def _independent_of_x(model: CircuitModel, params: Params, row: jax.Array) -> set[str]:
    """Segments whose angles no operation on `x` produces, read off the traced program."""
    traced, shape = jax.make_jaxpr(lambda row: model.angles(params, row), return_shape=True)(row)
    jaxpr = traced.jaxpr
    produced = {id(v) for v in jaxpr.invars} | {id(v) for e in jaxpr.eqns for v in e.outvars}
    segments = jax.tree.structure(shape).unflatten(jaxpr.outvars)
    return {segment for segment, var in segments.items() if id(var) not in produced}
