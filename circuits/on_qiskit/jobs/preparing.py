"""What is to be sent to a Qiskit backend, as plain data."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit, circuit_to_dict
from circuits.estimation import basis_change, measurement_groups
from circuits.observables import PauliSum, check_observables
from circuits.on_qiskit.noise import noise_data, target_noise
from circuits.on_qiskit.programs import check_gates, pack, program, program_size, used_qubits
from circuits.on_qiskit.splitting import Limits, Part, split, target_limits, tighter
from circuits.on_qiskit.targets import is_aer, is_ibm, target_kind

if TYPE_CHECKING:
    from circuits.on_qiskit.backend import QiskitBackend


class Prepared(NamedTuple):
    """One job at the vendor.

    `request` is JSON and says what was asked: equal questions have equal requests. `facts` is JSON
    and says what was made of it (sizes, layouts, calibration, seconds). `arrays` holds
    "angles.<segment>" as asked, and for each basis i "program.<i>" (uint8, QPY) and "values.<i>"
    (b, m), the values of its parameters.
    """

    request: dict[str, Any]
    facts: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


def prepare(
    backend: "QiskitBackend",
    circuit: Circuit,
    observables: PauliSum | Iterable[PauliSum],
    angles: Angles,
) -> tuple[Prepared, ...]:
    """Transpile, and cut into jobs where a limit of the target asks for it; nothing is sent.

    Args:
        backend: whose target, shots, seed, limits and options hold.
        circuit, observables, angles: as for `Backend.expectation`.

    Raises:
        ValueError: on bad arguments, or a circuit that the target cannot run.

    >>> from circuits import QiskitBackend, build_circuit, gate, z
    >>> from circuits.on_qiskit.jobs import fetch, finish, submit
    >>> from math import pi
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> (part,) = prepare(QiskitBackend(), circuit, z(0), {"w": [[0.0], [pi]]})
    >>> raw = fetch(QiskitBackend(), submit(QiskitBackend(), part))
    >>> print(finish([part], [raw]).values.ravel())
    [ 1. -1.]
    """
    checked = check_observables(observables, circuit.n_qubits)
    arrays = check_angles(circuit, angles)
    exact = backend.target is None
    groups = [] if exact else measurement_groups(checked)
    bases = [circuit + basis_change(group, circuit.n_qubits) for group in groups]
    request = _request(backend, circuit) | {
        "observables": [[[value, string] for value, string in item.terms] for item in checked],
        "shots": None if exact else backend.shots,
        "seed": backend.seed,
        "bases": len(bases) or 1,
    }
    return _prepared(backend, bases or [circuit], arrays, request)


def prepare_samples(
    backend: "QiskitBackend", circuit: Circuit, angles: Angles, shots: int, seed: int
) -> tuple[Prepared, ...]:
    """Prepare the measurement of all qubits; `finish_samples` reads what comes back."""
    request = _request(backend, circuit) | {"shots": shots, "seed": seed, "bases": 1}
    return _prepared(backend, [circuit], check_angles(circuit, angles), request)


def _request(backend: "QiskitBackend", circuit: Circuit) -> dict[str, Any]:
    check_gates(backend.target, circuit)
    asked = {field.name: getattr(backend, field.name) for field in fields(backend)}
    layout = None if backend.initial_layout is None else [*backend.initial_layout]
    asked |= {"target": getattr(backend.target, "name", None), "options": dict(backend.options)}
    asked |= {"initial_layout": layout}
    return {
        "backend": "QiskitBackend",
        "target": asked["target"],
        "circuit": circuit_to_dict(circuit),
        "asked": asked,
    }


def _prepared(backend, bases: Sequence[Circuit], arrays, request) -> tuple[Prepared, ...]:
    begin, level, seed = time.perf_counter(), backend.optimization_level, request["seed"]
    measured = backend.target is not None or "observables" not in request
    options = {"level": level, "seed": seed, "measured": measured, "layout": backend.initial_layout}
    built = [program(backend.target, basis, arrays, **options) for basis in bases]
    facts = _facts(backend, built, request) | {"seconds": time.perf_counter() - begin}
    limits = tighter(target_limits(backend.target), Limits(backend.max_sets, backend.max_shots))
    if not measured:  # exact values have no device and so no limits
        limits = Limits()
    parts = split(len(bases), batch_length(arrays), request["shots"] or 1, limits)
    packed = [pack(circuit) for circuit, _ in built]
    return tuple(
        Prepared(
            # Every part has draws of its own, and the first those of the seed.
            request | {"part": part._asdict() | {"seed": (seed + index) % 2**31}},
            facts | {"jobs": len(parts)},
            _arrays(part, arrays, packed, [values for _, values in built]),
        )
        for index, part in enumerate(parts)
    )


def _arrays(part: Part, angles, packed, values) -> dict[str, npt.NDArray[Any]]:
    rows = slice(*part.rows)
    asked = {
        f"angles.{name}": array[rows] if array.ndim == 2 else array
        for name, array in angles.items()
    }
    programs = {f"program.{index}": packed[basis] for index, basis in enumerate(part.bases)}
    bound = {f"values.{index}": values[basis][rows] for index, basis in enumerate(part.bases)}
    return asked | programs | bound


def _facts(backend, built, request) -> dict[str, Any]:
    target = backend.target
    kind = target_kind(target, request["seed"])
    exact = target is None and "observables" in request
    facts: dict[str, Any] = {
        "optimization_level": None if target is None else backend.optimization_level,
        "mode": backend.mode if is_ibm(target) else "job",
        "options": dict(backend.options) if is_ibm(target) else {},
        # Only IBM's service knows its options; its local mode would drop them with a warning.
        "ignored": [] if is_ibm(target) else sorted(backend.options),
        "primitive": "qiskit.StatevectorEstimator" if exact else kind.primitive,
        "seed_simulator": None if exact else kind.seed,
        "simulated": kind.simulated,
        "transpiled": [] if exact else [program_size(circuit) for circuit, _ in built],
        "calibration": None,
    }
    if target is not None and not is_aer(target):
        qubits = sorted({qubit for circuit, _ in built for qubit in used_qubits(circuit)})
        facts["calibration"] = noise_data(target_noise(target, qubits))
    return facts
