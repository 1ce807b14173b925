"""Our simulator behind Qiskit's primitives V2, for programs that are written against these.

This module loads Qiskit; `circuits.on_qiskit.EstimatorV2` reaches it only when asked for.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from math import ceil, prod
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.primitives import (
    BaseEstimatorV2,
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveJob,
    PrimitiveResult,
    PubResult,
    SamplerPubResult,
)
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.sampler_pub import SamplerPub

from circuits.backends import Density, Exact, Shots
from circuits.circuit import Circuit
from circuits.gates.gate_types import classical_bit
from circuits.observables import PauliSum, pauli
from circuits.on_qiskit.importing import from_qiskit, segment_angles, split_final
from circuits.protocol import check_count, check_seed

# Qiskit's letters for projectors, as an axis and the sign of its outcome.
PROJECTORS = {"0": ("Z", 1), "1": ("Z", -1), "+": ("X", 1), "-": ("X", -1), "r": ("Y", 1)}
PROJECTORS["l"] = ("Y", -1)


class EstimatorV2(BaseEstimatorV2):
    """Expectation values of PUBs, all parameter sets of one as one batch.

    With precision 0 values are exact, and `stds` 0. Otherwise each measurement basis gets
    ``ceil(1 / precision**2)`` shots, and `stds` are the standard errors of what was drawn. A PUB
    computes each of its different observables for each parameter set.

    Args:
        default_precision: where neither `run` nor a PUB says one; not negative.
        seed: of all draws; None draws it. PUBs draw independently of each other.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> built = QuantumCircuit(1)
    >>> _ = built.rx(Parameter("t"), 0)
    >>> job = EstimatorV2().run([(built, [["Z"], ["Y"]], [[0.0], [np.pi], [np.pi / 2]])])
    >>> job.result()[0].data.evs.round(6) + 0.0
    array([[ 1., -1.,  0.],
           [ 0.,  0., -1.]])
    """

    def __init__(self, *, default_precision: float = 0.0, seed: int | None = None):
        _check_precision(default_precision)
        self.default_precision = default_precision
        self.seed = _seed(seed)

    def run(self, pubs: Iterable[Any], *, precision: float | None = None) -> PrimitiveJob:
        """Return a job that computes `pubs`; see `BaseEstimatorV2.run`."""
        precision = self.default_precision if precision is None else precision
        _check_precision(precision)
        coerced = [EstimatorPub.coerce(pub, precision) for pub in pubs]
        job = PrimitiveJob(_estimate_all, coerced, self.seed)
        job._submit()
        return job


class SamplerV2(BaseSamplerV2):
    """Measured bits of PUBs, all parameter sets of one as one batch.

    Args:
        default_shots: where neither `run` nor a PUB says how many.
        seed: of all draws; None draws it. PUBs draw independently of each other.

    >>> from qiskit import QuantumCircuit
    >>> built = QuantumCircuit(2)
    >>> for item in (built.x(0), built.measure_all()): pass
    >>> SamplerV2().run([built], shots=10).result()[0].data.meas.get_counts()
    {'01': 10}
    """

    def __init__(self, *, default_shots: int = 1024, seed: int | None = None):
        check_count("default_shots", default_shots)
        self.default_shots = default_shots
        self.seed = _seed(seed)

    def run(self, pubs: Iterable[Any], *, shots: int | None = None) -> PrimitiveJob:
        """Return a job that samples `pubs`; see `BaseSamplerV2.run`.

        Raises:
            ValueError: where a circuit measures a qubit that it uses later.
        """
        shots = self.default_shots if shots is None else shots
        check_count("shots", shots)
        coerced = [SamplerPub.coerce(pub, shots) for pub in pubs]
        job = PrimitiveJob(_sample_all, [_measured(pub) for pub in coerced], self.seed)
        job._submit()
        return job


def _estimate_all(pubs: list[EstimatorPub], seed: int) -> PrimitiveResult:
    results = [_estimate(pub, (seed + index) % 2**31) for index, pub in enumerate(pubs)]
    return PrimitiveResult(results, metadata={"version": 2})


def _estimate(pub: EstimatorPub, seed: int) -> PubResult:
    shots = ceil(pub.precision**-2) if pub.precision else None
    values, std = _values(pub, shots, seed) if pub.size else (np.zeros(pub.shape),) * 2
    told = {"target_precision": pub.precision, "shots": shots}
    return PubResult(
        DataBin(evs=values, stds=std, shape=pub.shape),
        metadata=told | {"circuit_metadata": pub.circuit.metadata},
    )


def _values(pub: EstimatorPub, shots: int | None, seed: int):
    """Values and standard errors in the shape of a PUB that asks for something."""
    circuit, angles = _ours(pub)
    places = np.arange(prod(pub.parameter_values.shape)).reshape(pub.parameter_values.shape)
    wanted: dict[Any, int] = {}
    numbers = np.zeros(pub.observables.shape, np.int64)
    for at in np.ndindex(pub.observables.shape):
        terms = tuple(sorted(_terms(pub.observables[at]).items()))
        numbers[at] = wanted.setdefault(terms, len(wanted))
    backend = _backend(circuit, shots, seed)
    result = backend.expectation(circuit, [_observable(terms) for terms in wanted], angles)
    rows, columns = np.broadcast_arrays(places, numbers)
    return result.values[rows, columns], result.std[rows, columns]


def _measured(pub: SamplerPub) -> tuple[Any, Circuit, dict[int, int]]:
    """A PUB with its circuit as ours, and the wire that each classical bit reads at its end."""
    gates, final = split_final(from_qiskit(pub.circuit, final_measurements=True).gates)
    if any(item.name == "measure" for item in gates):
        raise ValueError(
            "Circuits must measure at their end only, but one uses a qubit or reads a bit after "
            "its measurement; Aer's SamplerV2 runs such circuits."
        )
    circuit = from_qiskit(pub.circuit)
    return pub, circuit, {classical_bit(item): item.wires[0] for item in final}


def _sample_all(measured: list[tuple[Any, Circuit, dict[int, int]]], seed: int) -> PrimitiveResult:
    results = [
        _sample(*each, (seed + index) % 2**31)  # PUBs draw independently
        for index, each in enumerate(measured)
    ]
    return PrimitiveResult(results, metadata={"version": 2})


def _sample(pub: Any, circuit: Circuit, wires: Mapping[int, int], seed: int):
    shape = (*pub.shape, pub.shots, circuit.n_qubits)
    drawn = np.zeros(shape, np.uint8)
    if pub.size:
        ours, angles = _ours(pub)
        backend = _backend(ours, pub.shots, seed)
        drawn = backend.sample(ours, angles, shots=pub.shots, seed=seed).reshape(shape)
    places = {bit: place for place, bit in enumerate(pub.circuit.clbits)}
    bits = {
        register.name: _register(drawn, [wires.get(places[bit]) for bit in register])
        for register in pub.circuit.cregs
    }
    told = {"shots": pub.shots, "circuit_metadata": pub.circuit.metadata}
    return SamplerPubResult(DataBin(**bits, shape=pub.shape), metadata=told)


def _register(drawn: npt.NDArray[np.uint8], wires: list[int | None]) -> BitArray:
    """Bits of one register; those that nothing is measured into are 0."""
    none = np.zeros(drawn.shape[:-1], bool)
    columns = [none if wire is None else drawn[..., wire].astype(bool) for wire in wires]
    bits = np.stack(columns, axis=-1) if columns else np.zeros((*none.shape, 0), bool)
    return BitArray.from_bool_array(bits, order="little")


def _ours(pub: EstimatorPub | SamplerPub) -> tuple[Circuit, dict[str, npt.NDArray[np.float64]]]:
    circuit, parameters = from_qiskit(pub.circuit), pub.circuit.parameters
    length = prod(pub.parameter_values.shape)
    if not len(parameters):  # a batch of nothing: no gate reads it, each of its sets draws
        return circuit._replace(segments={"none": 1}), {"none": np.zeros((length, 1))}
    flat = pub.parameter_values.as_array(parameters).reshape(length, len(parameters))
    return circuit, segment_angles(parameters, flat)


def _backend(circuit: Circuit, shots: int | None, seed: int):
    """Pure states where the circuit keeps them."""
    mixing = ("kraus", "measure", "reset")
    if any(item.name in mixing or item.condition for item in circuit.gates):
        return Density(shots=shots, seed=seed)
    return Exact() if shots is None else Shots(shots, seed)


def _terms(observable: Mapping[str, float]) -> dict[str, float]:
    """An observable of Qiskit's in Pauli letters alone: a projector is ``(I + sign P) / 2``."""
    totals: dict[str, float] = {}
    for letters, value in observable.items():
        choices = [_letters(letter) for letter in letters]
        for choice in product(*choices):
            name = "".join(letter for letter, _ in choice)
            totals[name] = totals.get(name, 0.0) + value * prod(part for _, part in choice)
    return totals


def _letters(letter: str) -> list[tuple[str, float]]:
    if letter not in PROJECTORS:
        return [(letter, 1.0)]
    axis, sign = PROJECTORS[letter]
    return [("I", 0.5), (axis, 0.5 * sign)]


def _observable(terms: tuple[tuple[str, float], ...]) -> PauliSum:
    """Qiskit's last letter is of qubit 0."""
    return sum((pauli(name[::-1], range(len(name)), value) for name, value in terms), PauliSum(()))


def _check_precision(precision: float) -> None:
    if not precision >= 0:
        raise ValueError(f"Argument `precision` must not be negative, but is {precision}.")


def _seed(seed: int | None) -> int:
    """The seed, drawn where there is none."""
    if seed is None:
        return int(np.random.default_rng().integers(2**31))
    check_seed(seed)
    return seed
