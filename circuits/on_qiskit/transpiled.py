"""Our own simulators in the place of a device: its gates, its qubits, its stated errors."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles, batch_length, check_angles
from circuits.backends.noisy import Density, Trajectories
from circuits.backends.statevector import Exact, Shots
from circuits.circuit import Circuit, circuit_size
from circuits.estimation import Group, basis_change, measurement_groups
from circuits.gates.gate_types import is_unitary
from circuits.mitigation.wrapping import constants, reseeded
from circuits.noise.from_target import device_noise_model
from circuits.noise.model import NoiseModel
from circuits.observables import PauliSum, check_observables
from circuits.on_qiskit.native import Native, native
from circuits.on_qiskit.noise import DeviceNoise, noise_data, target_noise
from circuits.on_qiskit.targets import is_aer
from circuits.protocol import Backend, Result, check_count, check_seed

METHODS = ("density", "trajectories")


@dataclass(frozen=True)
class Transpiled:
    """What a device would answer by its vendor's numbers, computed here: exact, or by draws.

    Each measurement basis is transpiled for the target and run by our simulators on the qubits in
    use, each gate with the error that the target states for it (`noise_from_target`); where it
    states none, without noise. Nothing is sent. Crosstalk, leakage and the decay of qubits that
    wait are in no vendor's numbers.

    Args:
        target: a Qiskit `BackendV2`, such as ``open_target("fake_manila")``.
        method: "density", exact, 4**n numbers; or "trajectories", 2**n each. n counts the qubits
            that routing needs too.
        shots: of each basis, for "density"; None for exact values.
        count: of trajectories.
        optimization_level: of the transpiler, 0 to 3.
        seed: of transpiler and draws.
        initial_layout: physical qubit of each wire at the start; None for the transpiler's choice.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> from circuits import build_circuit, gate, z
    >>> device = Transpiled(GenericBackendV2(2, seed=1))
    >>> result = device.expectation(build_circuit([gate("x", 0)]), z(0), {})
    >>> bool(-1 < result.values.item() < -0.8), result.info["transpiled"][0]["gates"]
    (True, 1)
    """

    target: Any
    method: str = "density"
    shots: int | None = None
    count: int = 1000
    optimization_level: int = 1
    seed: int = 0
    initial_layout: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"Argument `method` must be one of {METHODS}, but is {self.method!r}.")
        if self.shots is not None:
            check_count("shots", self.shots)
            if self.method != "density":
                raise ValueError("Argument `shots` is for method 'density'; give `count` instead.")
        Trajectories(self.count)
        check_seed(self.seed)
        if self.optimization_level not in range(4):
            raise ValueError(
                "Argument `optimization_level` must be 0, 1, 2 or 3, "
                f"but is {self.optimization_level!r}."
            )
        if is_aer(self.target) and self.target.options.noise_model is not None:
            raise ValueError(
                "Argument `target` must state its errors, but is Aer with a noise model of its "
                "own; give `QiskitBackend` the same target."
            )

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        checked = check_observables(observables, circuit.n_qubits)
        arrays, start = check_angles(circuit, angles), time.perf_counter()
        groups = measurement_groups(checked)
        bases = [circuit + basis_change(group, circuit.n_qubits) for group in groups]
        made = [self._native(basis, arrays) for basis in bases]
        stages = {"transpile": time.perf_counter() - start}
        values = np.tile(constants(checked), (batch_length(arrays), 1))
        variances, runs = np.zeros_like(values), []
        for number, (group, each) in enumerate(zip(groups, made, strict=True)):
            columns = sorted({index for index, _, _ in group.terms})
            sums = [_signs(group, index, each.places) for index in columns] or [PauliSum(())]
            run = reseeded(self._engine(each), number).expectation(each.circuit, sums, arrays)
            values[:, columns] += run.values[:, : len(columns)]
            variances[:, columns] += run.std[:, : len(columns)] ** 2
            runs.append(run)
        return Result(values, np.sqrt(variances), self._info(circuit, made, runs, stages))

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return bits (b, shots, n) as the device would read them; see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        arrays = check_angles(circuit, angles)
        made = self._native(circuit, arrays)
        bits = self._engine(made).sample(made.circuit, arrays, shots=shots, seed=seed)
        return bits[..., list(made.places)]

    def _native(self, circuit: Circuit, arrays) -> Native:
        return native(
            self.target,
            circuit,
            arrays,
            level=self.optimization_level,
            seed=self.seed,
            layout=self.initial_layout,
            noise=partial(noise_of, self.target),
        )

    def _engine(self, made: Native) -> Backend:
        """Our simulator of what the target's transpiler made."""
        noise = noise_of(self.target, made.qubits)
        if noise is None and all(map(is_unitary, made.circuit.gates)):
            return Exact() if self.shots is None else Shots(self.shots, self.seed)
        if noise and made.holds_noise:
            noise = NoiseModel(readouts=noise.readouts)
        if self.method == "trajectories":
            return Trajectories(self.count, noise, self.seed)
        return Density(noise, self.shots, self.seed)

    def _info(
        self, circuit: Circuit, made: Sequence[Native], runs: Sequence[Result], stages
    ) -> dict[str, Any]:
        options = {field.name: getattr(self, field.name) for field in fields(self)}
        layout = None if self.initial_layout is None else [*self.initial_layout]
        options |= {"target": self.target.name, "initial_layout": layout}
        used = sorted({qubit for each in made for qubit in each.qubits})
        for stage in ("compile", "execute"):
            stages[stage] = sum(run.info["seconds"][stage] for run in runs)
        inside = runs[0].info
        engine = {name: inside["effective"][name] for name in ("chunk", "precision")}
        return {
            "backend": "Transpiled",
            "shots": inside["shots"],
            "simulated": True,
            "seconds": stages,
            "circuit": circuit_size(circuit),
            "transpiled": [each.size for each in made],
            "calibration": noise_data(target_noise(self.target, used)),
            "requested": options,
            "effective": options | engine | {"engine": inside["backend"]},
        }


def noise_of(target: Any, qubits: Sequence[int]) -> NoiseModel | None:
    """Return the noise that a target states for some of its qubits; None where it states none.

    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> noise_of(GenericBackendV2(2, noise_info=False), [0]) is None
    True
    """
    noise = target_noise(target, qubits)
    return device_noise_model(noise) if _states_errors(noise) else None


def _states_errors(noise: DeviceNoise) -> bool:
    readout = any(item.confusion != ((1, 0), (0, 1)) for item in noise.qubits)
    decay = any(item.t1 is not None or item.t2 is not None for item in noise.qubits)
    return readout or decay or any(item.error for item in noise.gates)


def _signs(group: Group, index: int, places: Sequence[int]) -> PauliSum:
    """Terms of one observable as read in their basis: signs of parities."""
    return PauliSum(
        tuple(
            (value, tuple((place, "Z") for place in sorted(places[wire] for wire in wires)))
            for at, value, wires in group.terms
            if at == index
        )
    )
