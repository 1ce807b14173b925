"""Answers of a Qiskit backend, checked against what was asked, and read."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.circuit import Circuit, circuit_from_dict, circuit_size
from circuits.estimation import estimate
from circuits.observables import PauliSum
from circuits.on_qiskit.jobs.preparing import Prepared
from circuits.protocol import Result

Raw = Mapping[str, npt.NDArray[Any]]


def finish(
    prepared: Sequence[Prepared], raws: Sequence[Raw], seconds: float | None = None
) -> Result:
    """Return the values of what was prepared, from all its answers.

    Args:
        prepared: all parts, in any order.
        raws: the answer of each.
        seconds: to execute, for the record.

    Raises:
        ValueError: where a part is missing, or an answer has another shape or NaN.
    """
    start = time.perf_counter()
    request, facts = prepared[0].request, prepared[0].facts
    circuit = circuit_from_dict(request["circuit"])
    if request["target"] is None:
        values = _exact_values(prepared[0], raws[0])
        std = np.zeros(values.shape)
    else:
        observables = [_observable(item) for item in request["observables"]]
        values, std = estimate(observables, _gather(prepared, raws, circuit.n_qubits))
    stages = {"transpile": facts["seconds"], "execute": seconds}
    stages |= {"post-process": time.perf_counter() - start}
    return Result(values, std, _info(request, facts, circuit) | {"seconds": stages})


def finish_samples(prepared: Sequence[Prepared], raws: Sequence[Raw]) -> npt.NDArray[np.uint8]:
    """Return bits (b, shots, n) of what `prepare_samples` prepared; raises as `finish` does."""
    return _gather(prepared, raws, prepared[0].request["circuit"]["n_qubits"])[0]


def _exact_values(prepared: Prepared, raw: Raw) -> npt.NDArray[np.float64]:
    values = np.asarray(raw.get("values"), float)
    expected = (len(prepared.arrays["values.0"]), len(prepared.request["observables"]))
    if values.shape != expected or not np.isfinite(values).all():
        raise ValueError(
            f"The answer must hold finite values of shape {expected}, but has shape "
            f"{values.shape}{' with NaN or infinity' if values.shape == expected else ''}."
        )
    return values


def _gather(
    prepared: Sequence[Prepared], raws: Sequence[Raw], n_qubits: int
) -> list[npt.NDArray[np.uint8]]:
    """Bits (b, shots, n) of each basis, from the answers of all parts."""
    request = prepared[0].request
    parts = [each.request["part"] for each in prepared]
    shape = (max(part["rows"][1] for part in parts), request["shots"], n_qubits)
    bits = [np.zeros(shape, np.uint8) for _ in range(request["bases"])]
    filled = np.zeros((request["bases"], *shape[:2]), bool)
    for each, raw in zip(prepared, raws, strict=True):
        part = each.request["part"]
        rows, shots = slice(*part["rows"]), slice(*part["shots"])
        size = (part["shots"][1] - part["shots"][0], -(-n_qubits // 8))
        for basis, packed in zip(part["bases"], _by_basis(each, raw, size), strict=True):
            # Packed bytes hold the last qubit first.
            bits[basis][rows, shots] = np.unpackbits(packed, axis=-1)[..., ::-1][..., :n_qubits]
            filled[basis, rows, shots] = True
    if not filled.all():
        raise ValueError(
            f"Argument `prepared` must hold all parts of what was asked, but {len(prepared)} of "
            f"{prepared[0].facts['jobs']} leave bits out."
        )
    return bits


def _by_basis(
    prepared: Prepared, raw: Raw, size: tuple[int, int]
) -> Iterator[npt.NDArray[np.uint8]]:
    """Packed bits (b, shots, bytes) of each basis; `size` is (shots, bytes).

    A basis is one PUB, or one for each set of angles where it has no parameters.
    """
    place = 0
    for index in range(len(prepared.request["part"]["bases"])):
        length, free = prepared.arrays[f"values.{index}"].shape
        if free:
            yield _checked(raw.get(f"bits.{place}"), (length, *size))
        else:
            names = [f"bits.{place + row}" for row in range(length)]
            yield np.stack([_checked(raw.get(name), size) for name in names])
        place += 1 if free else length


def _checked(packed: Any, expected: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The packed bits of one PUB of an answer."""
    array = np.asarray([] if packed is None else packed)
    if array.shape != expected or array.dtype != np.uint8:
        raise ValueError(
            f"The device must return uint8 bits of shape {expected} (sets of angles, shots, "
            f"bytes), but returned {array.dtype} of shape {array.shape}: too few or other results "
            "than asked for; they are not used."
        )
    return array


def _observable(terms: Sequence[Any]) -> PauliSum:
    """From JSON, where tuples have become lists."""
    return PauliSum(
        tuple((value, tuple((wire, letter) for wire, letter in string)) for value, string in terms)
    )


def _info(request: Mapping[str, Any], facts: Mapping[str, Any], circuit: Circuit) -> dict[str, Any]:
    effective = ("primitive", "seed_simulator", "optimization_level", "mode", "options", "ignored")
    return {
        "backend": request["backend"],
        "shots": request["shots"],
        "simulated": facts["simulated"],
        "circuit": circuit_size(circuit),
        "transpiled": facts["transpiled"],
        "calibration": facts["calibration"],
        "requested": request["asked"],
        "effective": {name: facts[name] for name in effective}
        | {"shots": request["shots"], "jobs": facts["jobs"]},
    }
