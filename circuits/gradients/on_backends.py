"""Gradients from values alone, as on hardware, for any Backend; and products with a Hessian.

Where the circuit runs in our simulator, `jax.grad` of `circuits.expectation` is faster and exact
too. These need nothing but expectation values, and carry the backend's standard errors along.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit
from circuits.gates.definitions import frequencies
from circuits.gates.gate_types import Gate, Slot
from circuits.gradients.shift_rules import shift_rule
from circuits.gradients.stochastic_shifts import Splits, driven_gates, split_estimates
from circuits.observables import PauliSum
from circuits.protocol import Backend, check_count, check_seed

Arrays = dict[str, npt.NDArray[np.float64]]


class Gradient(NamedTuple):
    """Derivatives `{segment: (b, k, size)}` of k values for b sets of angles.

    `std` holds their standard errors in the same shape, 0 where the backend is exact; `info` the
    method, the number of evaluations for each set of angles, and the backend's own record.
    """

    values: Arrays
    std: Arrays
    info: dict[str, Any]


class _Run(NamedTuple):
    """Shifted evaluations of one circuit: e rows for each set of angles, and what they add to.

    `angles` as for a backend, rows ordered by set of angles first; `weights` {segment: (e, size)}.
    """

    circuit: Circuit
    angles: Arrays
    weights: Arrays


def parameter_shift(
    circuit: Circuit,
    observables: PauliSum | Iterable[PauliSum],
    angles: Angles,
    backend: Backend,
    *,
    segments: Iterable[str] | None = None,
    splits: int = 32,
    seed: int = 0,
) -> Gradient:
    """Return derivatives by shifting the angle of every gate in turn: exact, or without bias.

    A slot that several gates read is differentiated by the product rule, gate by gate, with the
    slots' scales. All shifted circuits are one call of the backend, so each is an independent
    estimate and the errors add in squares. Gates may be unitary in a noisy, measured or conditioned
    circuit: an expectation value is still a Fourier sum in their angles.

    For a gate "driven" it is not. Its derivative is an integral over where the gate is split, which
    random splits estimate without bias; `std` then holds the scatter between them, and that of the
    backend with it. They are one more call of the backend for each set of angles.

    Args:
        circuit: on n qubits.
        observables: k of them, or a single one.
        angles: `{segment: (size,) or (b, size)}` in radians.
        backend: anything with the method `expectation`.
        segments: whose angles to differentiate; all where not given. The others cost nothing.
        splits: of each driven gate, at least 2, two evaluations each; the error falls with their
            root. Circuits without such gates do not use them.
        seed: decides where the splits are.

    Raises:
        ValueError: on an unknown segment, a gate "amplitudes" that reads one of these segments (its
            entries are no angles), too few splits, or where the backend refuses the arguments.

    Source:
        Wierichs et al., Quantum 6, 677 (2022), arXiv:2107.12390; driven gates: Banchi and Crooks,
        Quantum 5, 386 (2021), arXiv:2005.10299.

    >>> from circuits import Exact, build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0)), gate("rx", 0, angle=("w", 0))])
    >>> print(parameter_shift(circuit, z(0), {"w": [np.pi / 4]}, Exact()).values["w"].round(6))
    [[[-2.]]]
    """
    check_count("splits", splits)
    check_seed(seed)
    if splits == 1:
        raise ValueError("Argument `splits` must be at least 2, but is splits=1.")
    arrays, chosen = _check(circuit, angles, segments)
    observables = (observables,) if isinstance(observables, PauliSum) else tuple(observables)
    gradient = _differentiate(
        "parameter_shift", _shifted(circuit, arrays, chosen), observables, arrays, backend
    )
    places = driven_gates(circuit, chosen)
    if not places:
        return gradient
    points = np.random.default_rng(seed).uniform(size=(len(places), splits))
    return _add_splits(
        gradient, split_estimates(circuit, observables, arrays, backend, places, points)
    )


def finite_differences(
    circuit: Circuit,
    observables: PauliSum | Iterable[PauliSum],
    angles: Angles,
    backend: Backend,
    *,
    step: float = 1e-4,
    segments: Iterable[str] | None = None,
) -> Gradient:
    """Return central differences, two evaluations for each entry: approximate, for any gate.

    The error is of order ``step**2``, plus that of the values divided by `step`: with shots take
    steps near 1. `std` holds the second part only.

    Args:
        circuit: on n qubits.
        observables: k of them, or a single one.
        angles: `{segment: (size,) or (b, size)}` in radians.
        backend: anything with the method `expectation`.
        step: distance from the centre in radians; the default suits exact double precision.
        segments: whose angles to differentiate; all where not given.

    Raises:
        ValueError: on an unknown segment, a step that is not positive and finite, or where the
            backend refuses the arguments.

    >>> from circuits import Exact, build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> gradient = finite_differences(circuit, z(0), {"w": [np.pi / 2]}, Exact(), step=1e-2)
    >>> print(gradient.values["w"].round(3))
    [[[-1.]]]
    """
    if not (np.isfinite(step) and step > 0):
        raise ValueError(f"Argument `step` must be positive and finite, but is step={step!r}.")
    arrays, chosen = _check(circuit, angles, segments)
    run = _stepped(circuit, arrays, chosen, step)
    return _differentiate("finite_differences", run, observables, arrays, backend)


def hessian_vector(function: Callable[[Any], jax.Array]) -> Callable[[Any, Any], Any]:
    """Return the function ``x, v -> H(x) v`` with ``H`` the Hessian of a scalar function.

    Forward over reverse; reverse over reverse where the function's own gradient rule has no
    forward mode (`jax.custom_vjp`). Never makes the Hessian.

    Args:
        function: of one array, or of a tree of arrays such as `{segment: (size,)}`.

    >>> product = hessian_vector(lambda x: jnp.sum(x**3))
    >>> print(product(jnp.array([1.0, 2.0]), jnp.array([1.0, 1.0])))
    [ 6. 12.]
    """
    gradient = jax.grad(function)

    def slope(x, v):
        products = jax.tree.map(lambda a, b: jnp.sum(a * b), gradient(x), v)
        return jax.tree.reduce(jnp.add, products)

    def run(x, v):
        try:
            return jax.jvp(gradient, (x,), (v,))[1]
        except TypeError as error:
            if "custom_vjp" not in str(error):
                raise
            return jax.grad(slope)(x, v)

    return run


def _add_splits(gradient: Gradient, found: Splits) -> Gradient:
    """The derivatives with those by driven gates, the means over their splits."""
    values, std = ({k: x.copy() for k, x in each.items()} for each in gradient[:2])
    _, count, splits, _ = found.estimates.shape
    means = found.estimates.mean(2)
    errors = found.estimates.std(2, ddof=1) / splits**0.5
    for at, gate in enumerate(found.gates):
        segment, index, scale = gate.angle  # pyright: ignore[reportGeneralTypeIssues]
        values[segment][:, :, index] += scale * means[:, at]
        std[segment][:, :, index] = np.hypot(std[segment][:, :, index], scale * errors[:, at])
    info = gradient.info | {"splits": splits, "split_backend": found.info}
    info["evaluations"] += 2 * count * splits
    return Gradient(values, std, info)


def _check(circuit, angles, segments) -> tuple[Arrays, tuple[str, ...]]:
    arrays = check_angles(circuit, angles)
    chosen = tuple(circuit.segments if segments is None else segments)
    if isinstance(segments, str) or set(chosen) - set(circuit.segments):
        raise ValueError(
            f"Argument `segments` must be a list out of {sorted(circuit.segments)}, "
            f"but is {segments!r}."
        )
    return arrays, chosen


def _shifted(circuit: Circuit, arrays: Arrays, chosen) -> _Run:
    """Every gate that reads a chosen segment gets a slot of its own, in a segment of its own."""
    fresh = "shifted"
    while fresh in circuit.segments:
        fresh += "_"
    gates, slots, steps = list(circuit.gates), [], []
    for at, gate in enumerate(circuit.gates):
        if isinstance(gate.angle, Slot) and gate.angle.segment in chosen:
            steps += [(len(slots), gate.angle, *pair) for pair in _pairs(gate, gate.angle)]
            gates[at] = gate._replace(angle=Slot(fresh, len(slots)))
            slots.append(gate.angle)
    kept = {name: array for name, array in arrays.items() if name not in chosen}
    sizes = {name: circuit.segments[name] for name in kept}
    shifts, weights = np.zeros((len(steps), len(slots))), _zeros(circuit, chosen, len(steps))
    for row, (gate_number, slot, shift, coefficient) in enumerate(steps):
        shifts[row, gate_number] = shift
        weights[slot.segment][row, slot.index] = slot.scale * coefficient
    columns = [slot.scale * np.atleast_2d(arrays[slot.segment])[:, slot.index] for slot in slots]
    # Where nothing has an angle there is nothing to run either.
    start = np.stack(np.broadcast_arrays(*columns), axis=1) if slots else np.zeros((1, 0))
    rewritten = Circuit(tuple(gates), circuit.n_qubits, sizes | {fresh: len(slots)})
    return _Run(rewritten, _rows(kept, {fresh: start}, {fresh: shifts}, arrays), weights)


def _pairs(gate: Gate, slot: Slot) -> list[tuple[float, float]]:
    """Shifts of a gate's angle, and their coefficients; none of a driven gate."""
    if gate.name == "amplitudes":
        raise ValueError(
            f"Segment {slot.segment!r} holds amplitudes, which have no shift rule; leave it out "
            "of `segments`, or use `finite_differences`."
        )
    if gate.name == "driven":
        return []
    return list(zip(*shift_rule(frequencies(gate)), strict=True))


def _stepped(circuit: Circuit, arrays: Arrays, chosen, step: float) -> _Run:
    """Every entry of the chosen segments, up and down by `step`."""
    entries = [(name, index) for name in chosen for index in range(circuit.segments[name])]
    shifts = _zeros(circuit, chosen, 2 * len(entries))
    for row, (name, index) in enumerate(entries):
        shifts[name][2 * row : 2 * row + 2, index] = step, -step
    start = {name: np.atleast_2d(arrays[name]) for name in chosen}
    kept = {name: array for name, array in arrays.items() if name not in chosen}
    weights = {name: array / (2 * step**2) for name, array in shifts.items()}
    return _Run(circuit, _rows(kept, start, shifts, arrays), weights)


def _zeros(circuit: Circuit, chosen, rows: int) -> Arrays:
    return {name: np.zeros((rows, circuit.segments[name])) for name in chosen}


def _rows(kept: Arrays, start: Arrays, shifts: Arrays, arrays: Arrays) -> Arrays:
    """Angles of all evaluations: (b * e, size) for what is shifted or batched."""
    sets = batch_length(arrays)
    count = next((len(array) for array in shifts.values()), 0)
    moved = {name: start[name][:, None] + shifts[name] for name in shifts}
    flat = {
        name: np.broadcast_to(array, (sets, *array.shape[1:])).reshape(sets * count, array.shape[2])
        for name, array in moved.items()
    }
    repeated = {
        name: np.repeat(array, count, axis=0) if array.ndim == 2 else array
        for name, array in kept.items()
    }
    return repeated | flat


def _differentiate(method: str, run: _Run, observables, arrays: Arrays, backend) -> Gradient:
    """Send all evaluations at once and add them up."""
    observables = (observables,) if isinstance(observables, PauliSum) else tuple(observables)
    sets = batch_length(arrays)
    count = next((len(array) for array in run.weights.values()), 0)
    info: dict[str, Any] = {"method": method, "evaluations": count, "backend": None}
    if not count:
        zeros = {
            name: np.zeros((sets, len(observables), array.shape[1]))
            for name, array in run.weights.items()
        }
        return Gradient(zeros, {name: array.copy() for name, array in zeros.items()}, info)
    result = backend.expectation(run.circuit, observables, run.angles)
    shape = (sets, count, len(observables))
    means, variances = result.values.reshape(shape), np.square(result.std).reshape(shape)
    values = {name: np.einsum("bek,es->bks", means, array) for name, array in run.weights.items()}
    std = {
        name: np.sqrt(np.einsum("bek,es->bks", variances, np.square(array)))
        for name, array in run.weights.items()
    }
    return Gradient(values, std, info | {"backend": result.info})
