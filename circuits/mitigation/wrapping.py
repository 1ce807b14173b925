"""What backends around a backend share: seeds of their own, repeated batches, averages, records."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.circuit import Circuit, circuit_size
from circuits.estimation import measurement_groups
from circuits.observables import PauliSum
from circuits.protocol import Backend, Result

Array = npt.NDArray[np.float64]
# Differences below this come from rounding in double precision, not from draws.
ROUNDING = 1e-12


def reseeded(backend: Backend, number: int) -> Any:
    """Return the same backend with another seed, so that its draws are independent.

    Without it, the same uniform numbers would decide the shots of circuits that are compared, and
    their errors would not average out. Backends that are no dataclass, or have no field `seed`,
    are returned as they are: a device draws anew by itself.

    Args:
        backend: around another one or not.
        number: which of the seeds; 0 is the backend's own.

    >>> from circuits import Shots
    >>> reseeded(Shots(seed=3), 0).seed, reseeded(Shots(seed=3), 1).seed != 3
    (3, True)
    """
    if not number or not is_dataclass(backend):
        return backend
    changes = {}
    for field in fields(backend):
        value = getattr(backend, field.name)
        if field.name == "seed":
            changes["seed"] = derived_seed(value, number)
        elif field.name == "backend":
            changes["backend"] = reseeded(value, number)
    return replace(backend, **changes)  # pyright: ignore[reportArgumentType]


def derived_seed(seed: int, number: int) -> int:
    """Return seed number `number` of a sequence that `seed` decides, below 2**31.

    >>> derived_seed(7, 1) == derived_seed(7, 1) != derived_seed(7, 2)
    True
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)


def free_segment(circuit: Circuit, name: str) -> str:
    """Return a name that no segment of the circuit has.

    >>> from circuits import build_circuit, gate
    >>> free_segment(build_circuit([gate("rx", 0, angle=("paulis", 0))]), "paulis")
    'paulis_'
    """
    while name in circuit.segments:
        name += "_"
    return name


def repeated(angles: Mapping[str, Array], times: int) -> dict[str, Array]:
    """Return checked angles with each row of a batch repeated; what is unbatched stays so.

    >>> repeated({"x": np.array([[1.0], [2.0]]), "w": np.zeros(1)}, 2)["x"].ravel()
    array([1., 1., 2., 2.])
    """
    return {
        name: np.repeat(array, times, axis=0) if array.ndim == 2 else array
        for name, array in angles.items()
    }


def constants(observables: Sequence[PauliSum]) -> Array:
    """Return the multiples of the identity (k,) in observables, which no noise changes.

    >>> from circuits import z
    >>> constants([z(0) + 0.5])
    array([0.5])
    """
    sums = [sum(c for c, string in item.terms if not string) for item in observables]
    return np.array(sums, np.float64)


def average(values: Array, std: Array) -> tuple[Array, Array]:
    """Return means over random circuits and their standard errors.

    The scatter between circuits holds the shot noise too, but is itself uncertain where there are
    few: the larger of the two errors counts.

    Args:
        values: (b, m, k) of m circuits.
        std: (b, m, k), of each by itself.

    Returns:
        Two arrays (b, k).

    >>> average(np.array([[[1.0], [3.0]]]), np.zeros((1, 2, 1)))
    (array([[2.]]), array([[1.]]))
    """
    count = values.shape[1]
    error = np.sqrt(np.square(std).sum(1)) / count
    if count > 1:
        scatter = values.std(1, ddof=1) / count**0.5
        error = np.maximum(error, np.where(scatter > ROUNDING, scatter, 0.0))
    return values.mean(1), error


def wrapped_info(
    name: str,
    circuit: Circuit,
    runs: Sequence[tuple[Result, Sequence[PauliSum]]],
    options: Mapping[str, Any],
    found: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the record of a backend around a backend.

    Args:
        name: of its class.
        circuit: that was asked for.
        runs: what the backend inside gave, and for which observables, one pair for each call; the
            first is typical.
        options: as requested.
        found: what was used or learned beside them.
    """
    inner = runs[0][0].info
    costs = [_cost(*run) for run in runs]
    total = {key: _sum([cost[key] for cost in costs]) for key in ("circuits", "shots")}
    told = [run.info["seconds"] for run, _ in runs]
    stages = dict.fromkeys(stage for each in told for stage in each)
    seconds = {stage: sum(each.get(stage) or 0.0 for each in told) for stage in stages}
    return {
        "backend": name,
        "shots": inner["shots"],
        "simulated": inner["simulated"],
        "seconds": seconds,
        "circuit": circuit_size(circuit),
        "cost": {"calls": len(runs)} | total,
        "requested": dict(options) | {"backend": inner["requested"]},
        "effective": dict(options) | dict(found) | {"backend": inner["effective"]},
        "inside": {key: inner[key] for key in inner if key not in ("requested", "effective")},
    }


def check_same_qubits(runs: Sequence[Result], when: str = "layout") -> None:
    """Refuse runs that a device's compiler placed on different qubits, which cannot be compared.

    Args:
        runs: of a device that says what it "transpiled", or of anything else.
        when: "layout" for the qubits at the start, "final_layout" for those measured.
    """
    sizes = [each for run in runs for each in run.info.get("transpiled", ())]
    if len({tuple(each.get(when, ())) for each in sizes}) > 1:
        raise ValueError(
            "The circuits that are compared must run on the same qubits, but the device's compiler "
            "placed them differently; leave out its `initial_layout`, or fix it by its options."
        )


def _cost(run: Result, observables: Sequence[PauliSum]) -> dict[str, int | None]:
    """Circuits and shots of one call; a basis of the observables is a circuit of its own."""
    if "cost" in run.info:
        return run.info["cost"]
    if run.info["shots"] is None:
        return {"circuits": len(run.values), "shots": None}
    circuits = len(run.values) * len(measurement_groups(observables))
    return {"circuits": circuits, "shots": circuits * run.info["shots"]}


def _sum(numbers: Sequence[int | None]) -> int | None:
    return sum(number or 0 for number in numbers) if any(numbers) else None
