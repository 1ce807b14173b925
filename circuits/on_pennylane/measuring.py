"""What PennyLane's measurements read from final states, and its derivatives.

PennyLane's own functions take samples and the rarer quantities from the state that our simulator
computed, so that the results have the form that they have on its devices.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from circuits.on_pennylane.programs import BATCHED, SINGLE, Job, run, run_gradients
from circuits.simulation import density_matrix, state


def results(tapes: Sequence[Any], jobs: Sequence[Job], rng: np.random.Generator) -> list[Any]:
    """Return what PennyLane expects from an execution of each tape.

    Args:
        tapes: on wires 0, 1, ...
        jobs: of these tapes.
        rng: of the samples.

    >>> import pennylane as qp
    >>> from circuits.on_pennylane.programs import make_job
    >>> tape = qp.tape.QuantumScript([qp.X(0)], [qp.probs(0)])
    >>> print(results([tape], [make_job(tape)], np.random.default_rng(0)))
    [Array([0., 1.], dtype=float64)]
    """
    outcomes = run(list(jobs))
    return [
        _result(tape, job, outcome, rng)
        for tape, job, outcome in zip(tapes, jobs, outcomes, strict=True)
    ]


def jacobians(tapes: Sequence[Any], jobs: Sequence[Job]) -> list[tuple[Any, Any]]:
    """Return (results, Jacobian) of tapes that have neither shots nor a batch.

    A Jacobian is an array for each trainable parameter, in a tuple where there are several, and
    one of these for each measurement, in a tuple where there are several.

    Raises:
        ValueError: where a trainable parameter is no angle.
    """
    simple = [index for index, job in enumerate(jobs) if job.observables and job.angles]
    pairs = dict(zip(simple, run_gradients([jobs[index] for index in simple]), strict=True))
    return [
        _with_slopes(tape, job, pairs.get(index))
        for index, (tape, job) in enumerate(zip(tapes, jobs, strict=True))
    ]


def _result(tape, job: Job, outcome, rng):
    if job.observables is not None:
        return _squeezed([outcome[..., index] for index in range(len(job.observables))])
    is_batched = BATCHED in job.angles
    if tape.shots:
        return _sampled(tape, job, np.asarray(outcome), is_batched, rng)
    return _squeezed(_measured(tape, job.is_pure, outcome, is_batched))


def _measured(tape, is_pure: bool, outcome, is_batched: bool) -> list[Any]:
    from pennylane.devices import qubit, qubit_mixed

    measure = qubit.measure if is_pure else qubit_mixed.measure
    # PennyLane mixes types of numbers, which JAX may have been told to refuse.
    with jax.numpy_dtype_promotion("standard"):
        return [measure(item, outcome, is_batched) for item in tape.measurements]


def _sampled(tape, job: Job, outcome, is_batched: bool, rng):
    from pennylane.devices import qubit, qubit_mixed

    kind = qubit if job.is_pure else qubit_mixed
    options = {"is_state_batched": is_batched, "rng": rng}
    rows: Any = kind.sampling.measure_with_samples(
        tape.measurements, outcome, tape.shots, **options
    )
    if tape.shots.has_partitioned_shots:
        return tuple(_squeezed(row) for row in rows)
    return _squeezed(rows)


def _with_slopes(tape, job: Job, pair):
    if pair is None:
        pair = _general(tape, job)
    values, slopes = pair
    rows = [
        _squeezed([_entry(slope, job, index) for index in tape.trainable_params])
        for slope in slopes
    ]
    return _squeezed([np.asarray(value) for value in values]), _squeezed(rows)


def _general(tape, job: Job):
    """Any measurement, through PennyLane's functions, which are not compiled."""
    simulate = (state if job.is_pure else density_matrix)(job.circuit)
    shape = (2,) * job.circuit.n_qubits * (1 if job.is_pure else 2)

    def measured(angles):
        outcome = simulate(angles).reshape(shape)
        return [jnp.asarray(each) for each in _measured(tape, job.is_pure, outcome, False)]

    angles = {name: jnp.asarray(array) for name, array in job.angles.items()}
    values = measured(angles)
    if not angles:
        return values, [np.zeros((*value.shape, 0)) for value in values]
    is_complex = any(jnp.iscomplexobj(value) for value in values)
    slopes = (jax.jacfwd if is_complex else jax.jacrev)(measured)(angles)
    return values, [slope[SINGLE] for slope in slopes]


def _entry(slope, job: Job, parameter: int):
    """Of the Jacobian (..., size) what belongs to one parameter of the tape."""
    place = job.places[parameter] if parameter < len(job.places) else None
    if place is None:
        raise ValueError(
            f"Trainable parameter {parameter} of the circuit is no angle, but part of a matrix or "
            'an observable: use diff_method="backprop" or "parameter-shift".'
        )
    array = np.asarray(slope)
    _, first, count = place
    return array[..., first : first + count] if count else array[..., first]


def _squeezed(items):
    """PennyLane leaves out a tuple of one."""
    return items[0] if len(items) == 1 else tuple(items)
