"""Qiskit backends through the primitives V2: one broadcast PUB for a whole batch."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum
from circuits.on_qiskit.jobs import finish, finish_samples, prepare, prepare_samples, run_parts
from circuits.protocol import Result, check_count, check_seed

MODES = ("job", "batch", "session")


@dataclass(frozen=True)
class QiskitBackend:
    """Runs circuits on a Qiskit backend.

    Each measurement basis (qubit-wise commuting group of terms) is transpiled once, with free
    parameters for what the batch changes, and sent as one broadcast PUB; all bases are one job
    where the device's limits allow it. `info["transpiled"]` holds size and layout of each basis'
    circuit, `info["calibration"]` the stated errors of the qubits in use. `jobs` has the same in
    steps of plain data. Standard errors are those of the shots; the bias of a noisy device is not
    in them.

    Args:
        target: a Qiskit `BackendV2`: a device of IBM's or of another provider, an Aer simulator,
            or a fake backend, which Aer simulates with the noise of the qubits in use
            (`target_noise`). None for `StatevectorEstimator`: exact values.
        shots: for each measurement basis; without effect where `target` is None.
        seed: of transpiler and simulator. A device decides its draws for itself;
            `info["effective"]["seed_simulator"]` is then None.
        optimization_level: of the transpiler, 0 to 3.
        mode: "job", "batch" or "session" of IBM's service; elsewhere everything is a job.
        options: of IBM's sampler (`SamplerOptions`), such as
            ``{"dynamical_decoupling": {"enable": True}}``; elsewhere they have no effect and
            stand in ``info["effective"]["ignored"]``.
        max_sets: most circuits (sets of angles times bases) in a job, where the target's own
            limit is larger or unknown.
        max_shots: most shots in a job, likewise.

    >>> from circuits import build_circuit, gate, z
    >>> circuit = build_circuit([gate("rx", 0, angle=("w", 0))])
    >>> result = QiskitBackend().expectation(circuit, z(0), {"w": [[0.0], [np.pi]]})
    >>> print(result.values.ravel())
    [ 1. -1.]
    """

    target: Any = None
    shots: int | None = 1024
    seed: int = 0
    optimization_level: int = 1
    mode: str = "job"
    options: Mapping[str, Any] = field(default_factory=dict)
    max_sets: int | None = None
    max_shots: int | None = None

    def __post_init__(self) -> None:
        if self.target is not None or self.shots is not None:
            check_count("shots", self.shots)
        check_seed(self.seed)
        for name in ("max_sets", "max_shots"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        if self.optimization_level not in range(4):
            raise ValueError(
                "Argument `optimization_level` must be 0, 1, 2 or 3, "
                f"but is {self.optimization_level!r}."
            )
        if self.mode not in MODES:
            raise ValueError(f"Argument `mode` must be one of {MODES}, but is {self.mode!r}.")
        _check_options(self.options)

    def expectation(
        self, circuit: Circuit, observables: PauliSum | Iterable[PauliSum], angles: Angles
    ) -> Result:
        """Return values of k observables for every set of angles; see `Backend`."""
        parts = prepare(self, circuit, observables, angles)
        start = time.perf_counter()
        raws = run_parts(self, parts)
        return finish(parts, raws, time.perf_counter() - start)

    def sample(
        self, circuit: Circuit, angles: Angles, *, shots: int, seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return measured bits (b, shots, n); see `Backend`."""
        check_count("shots", shots)
        check_seed(seed)
        parts = prepare_samples(self, circuit, angles, shots, seed)
        return finish_samples(parts, run_parts(self, parts))


def _check_options(options: Mapping[str, Any]) -> None:
    """Refuse options that IBM's sampler does not have, also where they would be ignored."""
    if not options:
        return
    from pydantic import ValidationError
    from qiskit_ibm_runtime.options_models import SamplerOptions

    try:
        SamplerOptions(**options)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(step) for step in first["loc"])
        raise ValueError(
            f"Argument `options` must be those of IBM's sampler, but `{at}`: {first['msg']}."
        ) from None
