"""Probabilistic error cancellation: the inverse of known noise, as an average with signs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.circuit import Circuit
from circuits.gates.gate_types import Gate
from circuits.mitigation.paulis import letter_bits, pauli_gates, quasi_probabilities
from circuits.mitigation.wrapping import (
    Array,
    average,
    constants,
    free_segment,
    repeated,
    wrapped_info,
)
from circuits.noise.model import NoiseModel, check_noise, noise_to_dict, noisy_gate
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Backend, Result, check_count, check_seed


@dataclass(frozen=True)
class ProbabilisticErrorCancellation:
    """Unbiased values under known Pauli noise, such as depolarizing, at the price of larger errors.

    After each noisy gate a Pauli is drawn from the quasi-probabilities of the inverse of its noise,
    and counts with their signs. Errors grow by `gamma`, the product over the gates: the number of
    samples must grow with its square. Readout errors are not touched.

    Args:
        backend: what runs the samples, as a batch.
        noise: of the gates of this backend, a mixture of Paulis: `one`, `two` and rules. That of
            the drawn Paulis themselves (gates "rx" and "rz") is cancelled too.
        samples: random circuits for each set of angles, at least 2; `std` is their scatter.
        seed: decides the draws.

    Source:
        Temme, Bravyi and Gambetta, Phys. Rev. Lett. 119, 180509 (2017), Eqs. 5 to 7.

    >>> from circuits import Density, build_circuit, depolarizing, gate, z
    >>> noise = NoiseModel(two=(depolarizing(0.1, 0, 1),))
    >>> circuit = build_circuit([gate("x", 0), gate("cx", 0, 1)])
    >>> mitigated = ProbabilisticErrorCancellation(Density(noise), noise, samples=2000)
    >>> result = mitigated.expectation(circuit, z(1), {})
    >>> bool(abs(result.values[0, 0] + 1) < 3 * result.std[0, 0])
    True
    """

    backend: Backend
    noise: NoiseModel
    samples: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        check_noise(self.noise)
        check_count("samples", self.samples)
        if self.samples == 1:
            raise ValueError("Argument `samples` must be at least 2, but is samples=1.")
        check_seed(self.seed)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return unbiased values of k observables; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        arrays = check_angles(circuit, angles)
        segment = free_segment(circuit, "paulis")
        plan = _plan(circuit, self.noise, segment)
        count, signs = 1, np.ones((batch_length(arrays), 1, 1))
        if plan.channels:
            count, rows = self.samples, batch_length(arrays) * self.samples
            paulis, signs = _draw(plan, rows, self.seed)
            arrays = repeated(arrays, count) | {segment: paulis}
        run = self.backend.expectation(plan.circuit, checked, arrays)
        weights, shape = plan.gamma * signs.reshape(-1, count, 1), (-1, count, len(checked))
        floors = constants(checked)
        weighted = weights * (run.values - floors).reshape(shape)
        values, std = average(weighted, plan.gamma * run.std.reshape(shape))
        options = {"noise": noise_to_dict(self.noise), "samples": self.samples, "seed": self.seed}
        found = {"samples": count, "gamma": plan.gamma}
        name, calls = "ProbabilisticErrorCancellation", [(run, checked)]
        return Result(values + floors, std, wrapped_info(name, circuit, calls, options, found))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return the bits of the backend inside, as noisy as they are; see `Backend`."""
        return self.backend.sample(circuit, angles, shots=shots, seed=seed)


class _Plan(NamedTuple):
    """Circuit with places for Paulis, each channel to undo with its places, and the total cost."""

    circuit: Circuit
    channels: tuple[tuple[Gate, tuple[int, ...]], ...]
    gamma: float
    places: int


def _plan(circuit: Circuit, noise: NoiseModel, segment: str) -> _Plan:
    gates: list[Gate] = []
    channels: list[tuple[Gate, tuple[int, ...]]] = []
    place = 0
    for item in circuit.gates:
        gates.append(item)
        found = _channels(item, noise)
        wires = sorted({wire for each in found for wire in each.wires})
        at = {wire: place + index for index, wire in enumerate(wires)}
        for wire in wires:
            inserted = pauli_gates(segment, at[wire], wire)
            gates += inserted
            found += [each for one in inserted for each in _own_channels(one, noise)]
        channels += [(each, tuple(at[wire] for wire in each.wires)) for each in found]
        place += len(wires)
    segments = circuit.segments | ({segment: 2 * place} if place else {})
    gamma = float(np.prod([quasi_probabilities(each)[1] for each, _ in channels]))
    planned = circuit._replace(gates=tuple(gates), segments=segments)
    return _Plan(planned, tuple(channels), gamma, place)


def _channels(item: Gate, noise: NoiseModel) -> list[Gate]:
    first, *rest = noisy_gate(item, noise)
    if first != item or any(each.name != "kraus" for each in rest):
        raise ValueError(
            f"Noise of gate {item.name!r} on wires {item.wires} must be Pauli channels to be "
            "cancelled, but is coherent; twirling makes it one."
        )
    return rest


def _own_channels(item: Gate, noise: NoiseModel) -> list[Gate]:
    found = _channels(item, noise)
    if any(each.wires != item.wires for each in found):
        raise ValueError(
            f"Noise of the inserted gate {item.name!r} must stay on wire {item.wires[0]}, but the "
            "noise model has it reach others."
        )
    return found


def _draw(plan: _Plan, rows: int, seed: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """Angles (rows, 2 * places) of the Paulis, and the signs (rows,) of the samples."""
    rng = np.random.default_rng(seed)
    bits = np.zeros((rows, plan.places, 2), np.int64)
    signs = np.ones(rows, np.int64)
    for channel, places in plan.channels:
        inverse, size = quasi_probabilities(channel)
        drawn = rng.choice(len(inverse), size=rows, p=np.abs(inverse) / size)
        bits[:, list(places)] ^= letter_bits(drawn, len(places))
        signs *= np.where(inverse[drawn] < 0, -1, 1)
    return (np.pi * bits.reshape(rows, -1)).astype(np.float64), signs
