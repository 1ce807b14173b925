"""Qiskit backends through the primitives V2: one broadcast PUB for a whole batch."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.angles import Angles
from circuits.circuit import Circuit
from circuits.observables import PauliSum
from circuits.on_qiskit.jobs import finish, finish_samples, prepare, prepare_samples, run_parts
from circuits.on_qiskit.targets import is_ibm
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
        initial_layout: physical qubit of each wire at the start; None for the transpiler's choice.

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
    initial_layout: tuple[int, ...] | None = None

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
        if self.initial_layout is not None:
            object.__setattr__(self, "initial_layout", _check_layout(self.initial_layout))

    def __getstate__(self) -> dict[str, Any]:
        """Refuse to write down a device of IBM's, which holds the credentials of an account."""
        if self.target is not None and is_ibm(self.target):
            raise TypeError(
                "A `QiskitBackend` with a device of IBM's cannot be pickled, as it holds your "
                "account; make it anew with `open_target(name)` where it is needed."
            )
        return dict(vars(self))

    def __deepcopy__(self, memo: Any) -> "QiskitBackend":
        """Itself: it does not change, and a device has no copies."""
        return self

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


def _check_layout(layout: Sequence[int]) -> tuple[int, ...]:
    """The layout as a tuple of plain ints, which are numbers of different qubits."""
    qubits = tuple(int(qubit) for qubit in layout)
    if len(set(qubits)) < len(qubits) or min(qubits, default=0) < 0 or qubits != tuple(layout):
        raise ValueError(
            "Argument `initial_layout` must be different physical qubits from 0, one for each "
            f"wire, but is {layout!r}."
        )
    return qubits


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
