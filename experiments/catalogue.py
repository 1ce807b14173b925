"""The one place where a name in a spec becomes an object.

Four ordinary dicts: name -> callable. A table's settings are the callable's keyword arguments, so
an unknown setting is refused with the known ones named, before anything runs.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from experiments import trainers
from experiments.specs import Row, Spec


def exact():
    """Our simulator, no noise, no shots."""
    from circuits import Exact

    return Exact()


def shots(*, shots: int = 1024, seed: int = 0):
    """Our simulator with finite shots."""
    from circuits import Shots

    return Shots(shots=shots, seed=seed)


def fake_device(*, device: str = "manila", shots: int = 1024, seed: int = 0, optimization: int = 1):
    """A noisy stand-in of an IBM device, by its calibration snapshot, through primitives V2."""
    from qiskit_ibm_runtime import fake_provider

    from circuits import QiskitBackend

    found = {
        name.removeprefix("Fake").removesuffix("V2").lower(): name
        for name in sorted(dir(fake_provider))
        if name.startswith("Fake") and name != "FakeProviderForBackendV2"
    }
    if device not in found:
        raise ValueError(f"Unknown fake device {device!r}; known are {', '.join(found)}.")
    target = getattr(fake_provider, found[device])()
    return QiskitBackend(target, shots=shots, seed=seed, optimization_level=optimization)


def qiskit_exact():
    """Qiskit's exact estimator, through primitives V2."""
    from circuits import QiskitBackend

    return QiskitBackend(None, shots=None)


def pennylane(*, device: str = "default.qubit", shots: int | None = None, seed: int = 0):
    """Any PennyLane device, by name; exact where `shots` is absent."""
    from circuits import PennyLaneBackend

    return PennyLaneBackend(device, shots=shots, seed=seed)


def exhaustive(*, max_variables: int = 26):
    """All bit strings: the exact answer for a small problem."""
    from annealing import Exhaustive

    return Exhaustive(max_variables=max_variables)


def simulated_annealing(*, sweeps: int = 1000):
    """D-Wave's C++ simulated annealing."""
    from annealing import SimulatedAnnealing

    return SimulatedAnnealing(sweeps=sweeps)


def mock_annealer(*, topology: str = "zephyr", shape: list[int] | None = None, sweeps: int = 1000):
    """Embedded on a mock of a structured annealer; simulated, with no hardware noise."""
    from annealing import MockAnnealer

    return MockAnnealer(topology=topology, shape=tuple(shape or (6, 4)), sweeps=sweeps)


MODELS: dict[str, Callable] = {
    "logistic_regression": trainers.logistic_regression,
    "boosted_trees": trainers.boosted_trees,
    "untrained_sum": trainers.untrained_sum,
    "reuploading": trainers.reuploading,
    "boosted_ensemble": trainers.boosted_ensemble,
}
SAMPLERS: dict[str, Callable] = {
    "exhaustive": exhaustive,
    "simulated_annealing": simulated_annealing,
    "mock_annealer": mock_annealer,
}
BACKENDS: dict[str, Callable] = {
    "exact": exact,
    "shots": shots,
    "fake_device": fake_device,
    "qiskit_exact": qiskit_exact,
    "pennylane": pennylane,
}

# Given by the harness, never by a spec.
HARNESS_ARGUMENTS = {"x", "y", "seed", "sampler", "progress", "shared"}
SEARCH_KEYS = {"space", "folds", "trials"}


class Pieces(NamedTuple):
    """The callable and settings of a row's model, sampler and backend; the last two may be None.

    `events` caps the test events; `search` is the plan of `[models.NAME.search]`.
    """

    model: tuple[Callable, dict[str, Any]]
    sampler: tuple[Callable, dict[str, Any]] | None
    backend: tuple[Callable, dict[str, Any]] | None
    events: int
    search: dict[str, Any] | None = None


def pieces(spec: Spec, row: Row) -> Pieces:
    """Look up what a row names, and check every setting.

    Args:
        spec: the spec.
        row: one of its rows.

    Returns:
        the row's callables with their settings; `events` caps the test events (0: all).

    Raises:
        ValueError: an unknown kind or setting, a model that needs a sampler or a backend and has
            none, or the reverse.
    """
    model, search = _model(f"models.{row.model}", spec.models[row.model])
    sampler = row.sampler and _piece(
        f"samplers.{row.sampler}", spec.samplers[row.sampler], SAMPLERS
    )
    settings = dict(spec.backends[row.backend]) if row.backend else {}
    events = settings.pop("events", 0)
    if type(events) is not int or events < 0:
        raise ValueError(f"In [backends.{row.backend}]: `events` must be an int >= 0: {events!r}.")
    backend = row.backend and _piece(f"backends.{row.backend}", settings, BACKENDS)
    _check_roads(row, model[0], sampler, backend)
    return Pieces(model, sampler or None, backend or None, events, search)


def build(piece: tuple[Callable, dict[str, Any]], seed: int) -> Any:
    """Call a sampler's or backend's constructor; those that draw get the cell's seed.

    Args:
        piece: callable and settings.
        seed: the cell's seed.

    Returns:
        the object.
    """
    make, settings = piece
    if "seed" in inspect.signature(make).parameters:
        settings = settings | {"seed": seed}
    return make(**settings)


def _model(where: str, settings: dict[str, Any]) -> tuple[tuple, dict[str, Any] | None]:
    """A model and its plan of search; every candidate value is checked as a setting."""
    plan = settings.get("search") if isinstance(settings, dict) else None
    if plan is None:
        return _piece(where, settings, MODELS), None
    settings = {key: value for key, value in settings.items() if key != "search"}
    where_search = f"{where}.search"
    if not isinstance(plan, dict) or set(plan) - SEARCH_KEYS or not plan.get("space"):
        raise ValueError(f"In [{where_search}]: needs `space`, and may have `folds` and `trials`.")
    for key, values in plan["space"].items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"In [{where_search}]: `{key}` must be a list with an entry.")
        for value in values:
            _piece(where_search, settings | {key: value}, MODELS)
    return _piece(where, settings, MODELS), plan


def _piece(where: str, settings: dict[str, Any], known: dict[str, Callable]) -> tuple:
    if not isinstance(settings, dict) or "kind" not in settings:
        raise ValueError(f"In [{where}]: `kind` is missing; known are {', '.join(known)}.")
    kind, rest = settings["kind"], {k: v for k, v in settings.items() if k != "kind"}
    if kind not in known:
        raise ValueError(f"In [{where}]: unknown kind {kind!r}; known are {', '.join(known)}.")
    parameters = inspect.signature(known[kind]).parameters
    allowed = [name for name in parameters if name not in HARNESS_ARGUMENTS]
    for key, value in rest.items():
        if key not in allowed:
            names = ", ".join(allowed) or "none"
            raise ValueError(f"In [{where}]: unknown setting {key!r}; known are {names}.")
        _check_setting(where, key, value, parameters[key].default)
    return known[kind], rest


def _check_setting(where: str, key: str, value: Any, default: Any) -> None:
    """A setting has the type of its default; counts are positive."""
    if type(default) is int and (type(value) is not int or value < 1):
        raise ValueError(f"In [{where}]: `{key}` must be a positive int, but is {value!r}.")
    if type(default) is float and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise ValueError(f"In [{where}]: `{key}` must be a number, but is {value!r}.")
    if type(default) in (str, bool) and type(value) is not type(default):
        raise ValueError(f"In [{where}]: `{key}` must be like {default!r}, but is {value!r}.")
    if type(default) is tuple and not isinstance(value, list):
        raise ValueError(f"In [{where}]: `{key}` must be a list, but is {value!r}.")


def _check_roads(row: Row, train: Callable, sampler: Any, backend: Any) -> None:
    needs_sampler = "sampler" in inspect.signature(train).parameters
    if needs_sampler != bool(sampler):
        need = "needs" if needs_sampler else "takes no"
        raise ValueError(f"Row {row.id!r}: model {row.model!r} {need} `sampler`.")
    needs_backend = inspect.signature(train).return_annotation is trainers.TrainedCircuit
    if needs_backend != bool(backend):
        need = "needs" if needs_backend else "takes no"
        raise ValueError(f"Row {row.id!r}: model {row.model!r} {need} `backend`.")
