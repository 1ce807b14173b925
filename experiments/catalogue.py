"""The one place where a name in a spec becomes an object.

Ordinary dicts: name -> callable. A table's settings are the callable's keyword arguments, so
an unknown setting is refused with the known ones named, before anything runs.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from experiments.devices import backends, mitigations, samplers
from experiments.specs import Row, Spec
from experiments.trainers import (
    annealed,
    circuit_models,
    classical,
    densities,
    ensembles,
    stored_outputs,
    tracking,
)
from experiments.trainers.trained import TrainedCircuit

MODELS: dict[str, Callable] = {
    "logistic_regression": classical.logistic_regression,
    "boosted_trees": classical.boosted_trees,
    "untrained_sum": classical.untrained_sum,
    "reuploading": circuit_models.reuploading,
    "boosted_ensemble": ensembles.boosted_ensemble,
    "svc": classical.svc,
    "kernel_means": classical.kernel_means,
    "boosted_stumps": classical.boosted_stumps,
    "ridge": classical.ridge,
    "boosted_regression": classical.boosted_regression,
    "mean_value": classical.mean_value,
    "k_means": classical.k_means,
    "principal_axis": classical.principal_axis,
    "relevant_features": classical.relevant_features,
    "eliminated_features": classical.eliminated_features,
    "qaml": annealed.qaml,
    "qboost": annealed.qboost,
    "qubo_svc": annealed.qubo_svc,
    "qubo_linear_svc": annealed.qubo_linear_svc,
    "qubo_ridge": annealed.qubo_ridge,
    "qubo_k_means": annealed.qubo_k_means,
    "qubo_selection": annealed.qubo_selection,
    "boltzmann_chains": densities.boltzmann_chains,
    "boltzmann_annealed": densities.boltzmann_annealed,
    "bernoulli_rbm": densities.bernoulli_rbm,
    "independent_bits": densities.independent_bits,
    "noisy_copies": densities.noisy_copies,
    "published_circuit": stored_outputs.published_circuit,
    "stored_outputs": stored_outputs.stored_scores,
    "tracking_qubo": tracking.tracking_qubo,
    "smooth_doublets": tracking.smooth_doublets,
    "all_doublets": tracking.all_doublets,
}
SAMPLERS: dict[str, Callable] = {
    "exhaustive": samplers.exhaustive,
    "simulated_annealing": samplers.simulated_annealing,
    "mock_annealer": samplers.mock_annealer,
    "thermal_annealing": samplers.thermal_annealing,
    "chromatic": samplers.chromatic,
    "multispin": samplers.multispin,
    "bifurcation": samplers.bifurcation,
    "tempering": samplers.tempering,
    "quantum_annealing": samplers.quantum_annealing,
    "descent": samplers.descent,
    "auto": samplers.auto,
    "stand_in": samplers.stand_in,
}
BACKENDS: dict[str, Callable] = {
    "exact": backends.exact,
    "shots": backends.shots,
    "fake_device": backends.fake_device,
    "qiskit_exact": backends.qiskit_exact,
    "pennylane": backends.pennylane,
    "density": backends.density,
    "density_device": backends.density_device,
    "trajectories_device": backends.trajectories_device,
    "aer": backends.aer,
    "stored_outputs": stored_outputs.stored_outputs,
}
MITIGATIONS: dict[str, Callable] = {
    "readout": mitigations.readout,
    "zero_noise": mitigations.zero_noise,
    "twirling": mitigations.twirling,
    "cancellation": mitigations.cancellation,
    "regression": mitigations.regression,
}
# What `qml offload --backend` takes besides: names of devices follow a colon.
PLAIN = ("exact", "shots", "density", "aer")
BY_COLON: dict[str, Callable] = {
    "fake": backends.fake_device,
    "density": backends.density_device,
    "trajectories": backends.trajectories_device,
    "pennylane": backends.pennylane,
    "ibm": backends.ibm,
}

# Given by the harness, never by a spec.
HARNESS_ARGUMENTS = {"x", "y", "seed", "sampler", "backend", "progress", "shared"}
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
    backend = row.backend and _backend(f"backends.{row.backend}", settings)
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


def mitigated(*, inner: tuple, outer: tuple, seed: int) -> Any:
    """A backend inside a mitigation of its errors, both with the cell's seed."""
    make, settings = outer
    return build((make, settings | {"backend": build(inner, seed)}), seed)


def named_backend(name: str, *, shots: int, seed: int, around: Sequence[str] = ()) -> Any:
    """The backend that a word of the command line names.

    Args:
        name: exact, shots, density, aer, or a device: fake:manila, density:manila and
            trajectories:manila (our simulators under its stated noise),
            pennylane:lightning.qubit, ibm:ibm_torino.
        shots: for each measurement basis; 0 for exact values where a simulator gives them.
        seed: of simulators.
        around: mitigations that it has to be fit for.

    Raises:
        ValueError: an unknown name; 0 shots where the backend needs some; a mitigation that is
            unknown or does not fit.

    >>> named_backend("shots", shots=10, seed=1)
    Shots(shots=10, seed=1, memory_limit=None)
    """
    kind, _, device = name.partition(":")
    known = BY_COLON if device else {word: BACKENDS[word] for word in PLAIN}
    if kind not in known:
        words = ", ".join([*PLAIN, *(f"{word}:NAME" for word in BY_COLON)])
        raise ValueError(f"Unknown backend {name!r}; known are {words}.")
    make = known[kind]
    offered = {"shots": shots or None, "seed": seed} | ({"device": device} if device else {})
    for mitigation in around:
        _check_mitigation(f"--backend {name}", make, offered, mitigation)
    taken = inspect.signature(make).parameters
    if not shots and "shots" in taken and taken["shots"].default is not None:
        raise ValueError(f"Backend {name!r} draws shots: give at least 1.")
    return make(**{key: value for key, value in offered.items() if key in taken})


def named_mitigation(name: str, backend: Any, *, seed: int) -> Any:
    """The mitigation that a word of the command line names, around a backend.

    >>> from circuits import Shots
    >>> named_mitigation("twirling", Shots(10), seed=1).instances
    16
    """
    return build((MITIGATIONS[name], {"backend": backend}), seed)


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


def _backend(where: str, settings: dict[str, Any]) -> tuple:
    """A backend, inside the mitigation that its table names or describes."""
    named = settings.pop("mitigation", None)
    make, rest = _piece(where, settings, BACKENDS)
    if named is None:
        return make, rest
    table = {"kind": named} if isinstance(named, str) else named
    outer = _piece(f"{where}.mitigation", table, MITIGATIONS)
    _check_mitigation(f"[{where}]", make, rest, table["kind"])
    return mitigated, {"inner": (make, rest), "outer": outer}


def _check_mitigation(where: str, make: Callable, settings: dict[str, Any], name: str) -> None:
    if name not in MITIGATIONS:
        raise ValueError(f"Unknown mitigation {name!r}; known are {', '.join(MITIGATIONS)}.")
    try:
        mitigations.check_fit(make.__name__, settings, name)
    except ValueError as error:
        raise ValueError(f"In {where}: {error}") from None


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
    taken = inspect.signature(train).parameters.get("sampler")
    optional = taken is not None and taken.default is None
    if not optional and (taken is not None) != bool(sampler):
        need = "needs" if taken is not None else "takes no"
        raise ValueError(f"Row {row.id!r}: model {row.model!r} {need} `sampler`.")
    needs_backend = inspect.signature(train).return_annotation is TrainedCircuit
    if needs_backend != bool(backend):
        need = "needs" if needs_backend else "takes no"
        raise ValueError(f"Row {row.id!r}: model {row.model!r} {need} `backend`.")
