"""Zero-noise extrapolation: measure at several strengths of noise, and read off none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit, circuit_size
from circuits.mitigation.folding import check_scale, fold
from circuits.mitigation.placing import placed
from circuits.mitigation.wrapping import (
    ROUNDING,
    Array,
    check_same_qubits,
    constants,
    reseeded,
    wrapped_info,
)
from circuits.observables import PauliSum, check_observables
from circuits.protocol import Backend, Result

FITS = ("linear", "richardson", "exponential")


@dataclass(frozen=True)
class ZeroNoiseExtrapolation:
    """Values at no noise, extrapolated from circuits that are folded to have more of it.

    An extrapolation is only as good as its model of how values decay. For a Qiskit target the
    circuit is folded after transpilation (`placed`); the compiler of another device that cancels a
    gate with its inverse leaves nothing to fold.

    Args:
        backend: what runs the folded circuits; each scale gets draws of its own.
        scales: two or more different ones, at least 1; 1, 3 and 5 are met exactly by folding.
        fit: "linear"; "richardson", the polynomial through all points, whose errors grow fast; or
            "exponential" decay to the value of the lost state, exact for depolarizing noise on all
            qubits. Where points change sign no decay fits, and the line is used.
        folding: "global" or "local"; see `fold`.

    Source:
        Temme, Bravyi and Gambetta, Phys. Rev. Lett. 119, 180509 (2017), Eq. 3 (Richardson);
        Endo, Benjamin and Li, Phys. Rev. X 8, 031027 (2018), Sec. IV (exponential);
        Giurgica-Tiron et al., arXiv:2005.10921.

    >>> from circuits import Density, NoiseModel, build_circuit, depolarizing, gate, z
    >>> noisy = Density(NoiseModel(one=(depolarizing(0.1, 0),)))
    >>> circuit = build_circuit([gate("x", 0), gate("rx", 0, angle=0.0)])
    >>> result = ZeroNoiseExtrapolation(noisy, fit="exponential").expectation(circuit, z(0), {})
    >>> noisy.expectation(circuit, z(0), {}).values.round(3), result.values.round(3)
    (array([[-0.81]]), array([[-1.]]))
    """

    backend: Backend
    scales: Sequence[float] = (1, 3, 5)
    fit: str = "linear"
    folding: str = "global"

    def __post_init__(self) -> None:
        for scale in self.scales:
            check_scale(scale)
        if len(set(self.scales)) < max(2, len(self.scales)):
            raise ValueError(
                f"Argument `scales` must be two or more different numbers, but is {self.scales}."
            )
        if self.fit not in FITS:
            raise ValueError(f"Argument `fit` must be one of {FITS}, but is {self.fit!r}.")
        fold(Circuit((), 1, {}), 1, self.folding)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return extrapolated values of k observables; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        made = placed(self.backend, circuit, angles)
        there = made.moved(checked)
        folds = (fold(made.circuit, scale, self.folding) for scale in self.scales)
        folded, met = zip(*folds, strict=True)
        runs = [
            reseeded(made.backend, number).expectation(each, there, angles)
            for number, each in enumerate(folded)
        ]
        check_same_qubits(runs)
        _check_folded(made.circuit, met, runs)
        values, std = (np.stack(arrays) for arrays in zip(*(run[:2] for run in runs), strict=True))
        floors = constants(checked)
        zero, error, lines = extrapolate(met, values - floors, std, self.fit)
        options = {"scales": list(self.scales), "fit": self.fit, "folding": self.folding}
        found = {"scales": list(met), "lines_instead_of_decays": lines}
        calls = [(run, there) for run in runs]
        info = wrapped_info("ZeroNoiseExtrapolation", circuit, calls, options, found)
        return Result(zero + floors, error, info)

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return the bits of the backend inside, as noisy as they are; see `Backend`."""
        return self.backend.sample(circuit, angles, shots=shots, seed=seed)


def extrapolate(
    scales: Sequence[float], values: Array, std: Array, fit: str
) -> tuple[Array, Array, int]:
    """Return values at scale 0, their standard errors, and how many decays had to be lines.

    Args:
        scales: m different ones.
        values: (m, ...), which decay to 0.
        std: (m, ...), independent.
        fit: of `FITS`. Points count alike; a weighting would favour the noisiest circuits.

    >>> zero, error, _ = extrapolate([1, 3], np.array([0.5, 0.3]), np.zeros(2), "linear")
    >>> round(float(zero), 3), float(error)
    (0.6, 0.0)
    """
    if len(set(scales)) < 2:  # nothing to fold
        return values[0], std[0], 0
    weights = _weights(scales, len(set(scales)) - 1 if fit == "richardson" else 1)
    zero, error = np.tensordot(weights, values, 1), _error(weights, std)
    if fit != "exponential":
        return zero, error, 0
    decays = (np.abs(values) > ROUNDING).all(0) & (np.sign(values) == np.sign(values[0])).all(0)
    sizes = np.where(decays, np.abs(values), 1.0)
    curve = np.sign(values[0]) * np.exp(np.tensordot(weights, np.log(sizes), 1))
    spread = np.abs(curve) * _error(weights, std / sizes)
    lines = int(np.sum(~decays & (np.abs(values).max(0) > ROUNDING)))
    return np.where(decays, curve, zero), np.where(decays, spread, error), lines


def _weights(scales: Sequence[float], degree: int) -> Array:
    """What each point counts in the value at 0 of the polynomial of least squares."""
    return np.linalg.pinv(np.vander(scales, degree + 1, increasing=True))[0]


def _error(weights: Array, std: Array) -> Array:
    return np.sqrt(np.tensordot(weights**2, std**2, 1))


def _check_folded(circuit: Circuit, scales: Sequence[float], runs: Sequence[Result]) -> None:
    """Refuse values of circuits that a compiler shortened again."""
    sizes = [run.info.get("transpiled") for run in runs]
    if not all(sizes) or not circuit_size(circuit)["two_qubit_gates"] or max(scales) < 3:
        return
    counts = [size[0]["two_qubit_gates"] for size in sizes]  # pyright: ignore[reportOptionalSubscript]
    low, high = (counts[scales.index(pick(scales))] for pick in (min, max))
    if low and high <= low:
        raise ValueError(
            f"The device's compiler undid the folding: {high} two-qubit gates at scale "
            f"{max(scales)}, {low} at {min(scales)}; choose its lowest optimization."
        )
